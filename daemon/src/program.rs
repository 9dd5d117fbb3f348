//! The two programs, the service and the command. A package holds one file for both, which does what it is called by, and
//! is half as large so.

use std::{env, ffi::OsStr, path::Path, process::ExitCode};

use clap::{CommandFactory, Parser};
use tracing::error;

use crate::{
    command::{self, arguments::Arguments},
    config::Layer,
    describer::process::{self, server},
    log,
    memory::{self, Threshold},
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

/// Whether this process was started by the service, to hold its model. No help tells of that: nobody else has a use for it.
fn is_called_to_hold_a_model() -> bool {
    env::args_os().nth(1).is_some_and(|argument| argument == process::ARGUMENT)
}

/// Holds the model of the service that started this process. Why it cannot is logged.
fn hold_a_model() -> ExitCode {
    start_service_log();
    match server::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn start_service_log() {
    log::start("info,ort=warn,tract=warn");
}

/// Serves until the bus or a signal ends it. Why it cannot serve is logged.
#[must_use]
pub fn service() -> ExitCode {
    if is_called_to_hold_a_model() {
        return hold_a_model();
    }
    let arguments = ServiceArguments::parse();
    memory::give_back_at_once(Threshold::SERVICE);
    start_service_log();
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
    // The service's own file may be called descry, and the name that it starts that by may be lost on the way.
    if is_called_to_hold_a_model() {
        return hold_a_model();
    }
    let arguments = Arguments::parse();
    if arguments.command.may_run_a_network() {
        memory::give_back_at_once(Threshold::NETWORK);
    }
    // Silent unless RUST_LOG asks for more: what a person has to know is told in sentences.
    log::start("off");
    command::run(arguments)
}
