//! A window of a real toolkit, which tells assistive technology of itself: one in which somebody signs in.

use anyhow::{Context, Result};

use crate::{private_bus::PrivateBus, process::Process, surroundings::Surroundings};

/// The name on the bus of who knows the programs that tell of themselves.
const REGISTRY: &str = "org.a11y.Bus";

/// Lets the programs that are started on a bus tell of themselves. To be called before the bus is started.
pub fn allow_accessibility(surroundings: &Surroundings) -> Result<()> {
    PrivateBus::add_installed_service(surroundings, REGISTRY)
}

/// Opens the window, in which `sign` stands for each letter of a password, or "shown" for the password itself, and returns
/// at once. It is closed when the process is dropped.
pub fn sign_in(surroundings: &Surroundings, sign: &str, variables: &[(&str, &str)]) -> Result<Process> {
    // The system's own Python, for which the packages with GTK are.
    let mut command = surroundings.command("/usr/bin/python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sign_in.py")).arg(sign);
    command.envs(variables.iter().copied());
    Process::start("sign_in.py", command, surroundings.path("sign_in.log"))
        .context("cannot open a window of GTK")
}
