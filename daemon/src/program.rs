//! The two programs, the service and the command. A package holds one file for both, which does what it is called by, and
//! is half as large so.

use std::{env, ffi::OsStr, path::Path, process::ExitCode};

use clap::{CommandFactory, Parser};
use tracing::error;

use crate::{
    command::{self, arguments::Arguments},
    config::Layer,
    log, memory,
    service::{self, ServiceFailure},
};

/// Describes pictures for other programs, on the session bus.
///
/// systemd starts it when a program asks for org.descry.Descry1. The settings are those of descry, and are read again on the
/// signal SIGHUP; descry config check prints them.
#[derive(Debug, Parser)]
#[command(name = "descryd", version)]
struct ServiceArguments {
    #[command(flatten)]
    settings: Layer,
}

/// The service's arguments, for its manual page.
#[must_use]
pub fn service_arguments() -> clap::Command {
    ServiceArguments::command()
}

/// Whether this process was called as the service, whatever file it was started from.
#[must_use]
pub fn is_called_service() -> bool {
    env::args_os().next().is_some_and(|name| Path::new(&name).file_name() == Some(OsStr::new("descryd")))
}

/// Serves until the bus or a signal ends it. Why it cannot serve is logged.
#[must_use]
pub fn service() -> ExitCode {
    let arguments = ServiceArguments::parse();
    memory::give_back_at_once();
    log::start("info,ort=warn,tract=warn");
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: ServiceArguments) -> Result<(), ServiceFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(service::run(arguments.settings));
    // A file that does not let itself be read must not hold the service.
    runtime.shutdown_background();
    result
}

/// Does what the arguments say.
#[must_use]
pub fn command() -> ExitCode {
    memory::give_back_at_once();
    let arguments = Arguments::parse();
    // Silent unless RUST_LOG asks for more: what a person has to know is told in sentences.
    log::start("off");
    command::run(arguments)
}
