//! The command: reads its arguments and hands them on.

use std::{io::stderr, process::ExitCode};

use clap::Parser;
use descry_daemon::{
    command::{self, arguments::Arguments},
    memory,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    memory::give_back_at_once();
    let arguments = Arguments::parse();
    // Silent unless RUST_LOG asks for more: what a person has to know is told in sentences.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).init();
    command::run(arguments)
}
