//! A session bus of a test's own.

use std::io::{BufRead, BufReader};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{process::Process, surroundings::Surroundings};

/// A D-Bus daemon that only this test knows. It ends when this value is dropped.
#[derive(Debug)]
pub struct PrivateBus {
    process: Process,
    address: String,
}

impl PrivateBus {
    /// Starts a bus, and tells its address to everything that is started in the surroundings afterwards.
    ///
    /// Programs that it activates see the surroundings as they are now. They are described by the files in the
    /// folder `services` of the surroundings, which [`Self::add_service`] writes.
    pub fn start(surroundings: &mut Surroundings) -> Result<Self> {
        let services = surroundings.path("services");
        std::fs::create_dir_all(&services)?;
        let config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            socket = surroundings.path("runtime/bus").display(),
            services = services.display(),
        );
        let config = surroundings.write("bus.conf", config)?;
        // What the bus activates must find the bus: dbus-daemon sets the address in its children itself.
        let mut command = surroundings.command("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--print-address=1", "--config-file"]).arg(config);
        let log = surroundings.path("bus.log");
        let (process, output) = Process::start_with_output("dbus-daemon", command, log)?;
        let mut address = String::new();
        // The address is printed when the bus listens; when it cannot, the output ends.
        BufReader::new(output).read_line(&mut address).context("cannot read the bus's address")?;
        let address = address.trim().to_owned();
        ensure!(!address.is_empty(), "dbus-daemon did not start: {}", process.log());
        surroundings.set("DBUS_SESSION_BUS_ADDRESS", &address);
        Ok(Self { process, address })
    }

    /// Puts a D-Bus service file where the bus looks for whom to start. To be called before [`Self::start`].
    pub fn add_service(surroundings: &Surroundings, name: &str, service: &str) -> Result<()> {
        surroundings.write(&format!("services/{name}.service"), service)?;
        Ok(())
    }

    /// Lets the bus start what is installed on this machine under a name. To be called before [`Self::start`].
    pub fn add_installed_service(surroundings: &Surroundings, name: &str) -> Result<()> {
        let file = format!("/usr/share/dbus-1/services/{name}.service");
        let service = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {file}; `./run test` installs what the tests need"))?;
        Self::add_service(surroundings, name, &service)
    }

    /// Where the bus is, as a D-Bus address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends the bus, as the end of a session does, and nothing else: what it activated is left to end by itself.
    pub fn end(&mut self) -> Result<()> {
        self.process.signal(Signal::KILL)?;
        self.process.wait()?;
        Ok(())
    }
}
