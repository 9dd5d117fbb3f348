//! The command: reads its arguments and hands them on. Called by the name `descryd` it is the service.

use std::process::ExitCode;

use descry_daemon::program;

fn main() -> ExitCode {
    if program::is_called_service() { program::service() } else { program::command() }
}
