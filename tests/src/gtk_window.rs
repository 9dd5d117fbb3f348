//! Windows of a real toolkit, which tell assistive technology of themselves: one in which somebody signs in, and others.

use std::path::Path;

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
    open(surroundings, "sign_in.py", &[sign], variables)
}

/// Opens a window that a program among the fixtures makes, and returns at once. It is closed when the process is dropped.
pub fn open(
    surroundings: &Surroundings,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Process> {
    // Whoever runs it can read it there.
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")).join(program);
    let file = surroundings.bring(&file, program)?;
    // The system's own Python, for which the packages with GTK are.
    let mut command = surroundings.command("/usr/bin/python3");
    command.arg(file).args(arguments).envs(variables.iter().copied());
    Process::start(program, command, surroundings.path(&format!("{program}.log")))
        .context("cannot open a window of GTK")
}
