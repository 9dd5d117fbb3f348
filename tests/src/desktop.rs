//! A person at a desktop: a service on a bus of its own, a screen, and keys that are pressed there.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{
    caller::Caller, command::Descry, private_bus::PrivateBus, process::Process, session,
    surroundings::Surroundings, waiting::wait_until,
};

/// Where a person's settings are, in the surroundings.
pub const SETTINGS: &str = "home/.config/descry/descry.toml";

/// A service and the session bus that it is on.
#[derive(Debug)]
pub struct Desktop {
    /// The service.
    pub service: Process,
    /// A program on the bus.
    pub caller: Caller,
    _bus: PrivateBus,
}

impl Desktop {
    /// Starts the service in surroundings that have all else, and waits until it serves.
    pub fn start(surroundings: &mut Surroundings) -> Result<Self> {
        let bus = PrivateBus::start(surroundings)?;
        Self::start_on(bus, surroundings)
    }

    /// The same, on a bus that is there.
    pub fn start_on(bus: PrivateBus, surroundings: &Surroundings) -> Result<Self> {
        let caller = Caller::connect(&bus)?;
        let service = session::serve(surroundings, &caller, &[("RUST_LOG", "descry_daemon=debug,info")])?;
        Ok(Self { service, caller, _bus: bus })
    }

    /// Waits until the service's log has a text, for the given time.
    pub fn wait_for_log(&self, text: &str, times: usize) -> Result<()> {
        wait_until(&format!("{text:?} in the service's log"), || {
            Ok(self.service.log().matches(text).count() >= times)
        })
    }

    /// Waits until this many keys or presses do something.
    pub fn wait_for_triggers(&self, count: usize) -> Result<()> {
        wait_until(&format!("{count} keys or presses to do something"), || {
            Ok(self.caller.triggers()?.len() == count)
        })
    }

    /// Changes the settings, and has the service read them.
    pub fn reload(&self, surroundings: &Surroundings, settings: &str) -> Result<()> {
        surroundings.write(SETTINGS, settings)?;
        let before = self.service.log().matches("read again").count();
        self.service.signal(Signal::HUP)?;
        self.wait_for_log("read again", before + 1)
    }

    /// How often a request was answered with a description.
    #[must_use]
    pub fn described(&self) -> usize {
        self.service.log().matches(" described ").count()
    }
}

/// Presses keys as a keyboard does; they are named as xdotool names them, as in `super+alt+d`.
pub fn press(surroundings: &Surroundings, arguments: &[&str]) -> Result<()> {
    let mut command = surroundings.command("xdotool");
    let status = command.args(arguments).stdin(Stdio::null()).status().context("cannot run xdotool")?;
    ensure!(status.success(), "xdotool {arguments:?} ended with {status}");
    Ok(())
}

/// The state of one part, as `descry check` tells it: the state and its words.
pub fn checked(surroundings: &Surroundings, part: &str) -> Result<(String, String)> {
    let outcome = Descry::new(surroundings, "check").arg("--json").run()?;
    let report = outcome.json_lines()?.pop().context("a report")?;
    let parts = report["parts"].as_array().context("parts")?;
    let found = parts.iter().find(|entry| entry["part"] == part).context("the part")?;
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    Ok((text("state"), text("text")))
}
