//! A service on a bus of its own, without a voice and without a screen, and a program that asks it.

use anyhow::{Result, bail, ensure};

use crate::{
    binaries, caller::Caller, command::Descry, private_bus::PrivateBus, process::Process, shipped,
    surroundings::Surroundings, waiting::wait_until,
};

/// The service, and all that it has.
#[derive(Debug)]
pub struct Session {
    /// The service.
    pub service: Process,
    /// A program on the bus.
    pub caller: Caller,
    /// The bus.
    pub bus: PrivateBus,
    /// Where all of it runs.
    pub surroundings: Surroundings,
}

impl Session {
    /// Starts the service, and waits until it serves.
    pub fn start() -> Result<Self> {
        let mut surroundings = Surroundings::new()?;
        let bus = PrivateBus::start(&mut surroundings)?;
        let caller = Caller::connect(&bus)?;
        ensure!(!caller.is_served()?, "nobody serves yet");
        let service = serve(&surroundings, &caller, &[])?;
        Ok(Self { service, caller, bus, surroundings })
    }

    /// One of `descry`'s commands, which finds the service.
    #[must_use]
    pub fn command(&self, command: &str) -> Descry<'_> {
        Descry::new(&self.surroundings, command)
    }
}

/// Starts `descryd` with some variables more, and waits until it serves the bus that the caller is on.
pub fn serve(surroundings: &Surroundings, caller: &Caller, variables: &[(&str, &str)]) -> Result<Process> {
    shipped::bundle()?;
    let mut command = surroundings.command(binaries::descryd()?);
    command.envs(variables.iter().copied());
    let mut service = Process::start("descryd", command, surroundings.path("descryd.log"))?;
    wait_until("descryd to take its name", || {
        if let Some(status) = service.status()? {
            bail!("descryd ended ({status}): {}", service.log());
        }
        caller.is_served()
    })?;
    Ok(service)
}
