//! The service: reads its settings, and serves until the bus or a signal ends it.

use std::process::ExitCode;

fn main() -> ExitCode {
    descry_daemon::program::service()
}
