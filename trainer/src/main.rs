//! `descry-trainer`: reads the command line, runs the command, and says in one sentence what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use descry_trainer::cli::{self, CommandLine};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    descry_trainer::environment::suit_libraries();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match cli::run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("descry-trainer: {error:#}");
            ExitCode::FAILURE
        }
    }
}
