//! A screen of a test's own: an X server that shows it to nobody, and a window manager.

use std::{
    io::{BufRead, BufReader},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use x11rb::{
    connection::Connection,
    protocol::xproto::{AtomEnum, ConnectionExt},
    rust_connection::RustConnection,
};

use crate::{process::Process, surroundings::Surroundings, waiting::wait_until};

/// How long a server may take to remove its socket when it is told to end.
const END_LIMIT: Duration = Duration::from_secs(5);

/// An X server. It ends when this value is dropped.
#[derive(Debug)]
pub struct XServer {
    process: Process,
    display: String,
}

impl XServer {
    /// Starts a server with a screen such as `1280x800x24`, and tells its name to everything that is started in the
    /// surroundings afterwards.
    pub fn start(surroundings: &mut Surroundings, screen: &str) -> Result<Self> {
        let mut command = surroundings.command("Xvfb");
        // It chooses a number that is free, and prints it when it serves. It listens on TCP too, as a server at the other
        // end of ssh seems to.
        command.args(["-displayfd", "1", "-noreset", "-listen", "tcp", "-screen", "0", screen]);
        let log = surroundings.path("xvfb.log");
        let (process, output) = Process::start_with_output("Xvfb", command, log)?;
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number).context("cannot read the number of the display")?;
        ensure!(!number.trim().is_empty(), "Xvfb did not start: {}", process.log());
        let display = format!(":{}", number.trim());
        surroundings.set("DISPLAY", &display);
        Ok(Self { process, display })
    }

    /// The server's name, as in `:99`.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// A connection of the test's own.
    pub fn connect(&self) -> Result<(RustConnection, u32)> {
        let (connection, screen) =
            RustConnection::connect(Some(&self.display)).context("cannot connect to the X server")?;
        let root = connection.setup().roots[screen].root;
        Ok((connection, root))
    }

    /// Starts a window manager, and returns when it manages.
    pub fn manage(&self, surroundings: &Surroundings) -> Result<Process> {
        let command = surroundings.command("openbox");
        let mut process = Process::start("openbox", command, surroundings.path("openbox.log"))?;
        let (connection, root) = self.connect()?;
        wait_until("a window manager", || {
            if let Some(status) = process.status()? {
                bail!("it ended ({status}): {}", process.log());
            }
            let check = connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
            Ok(connection.get_property(false, root, check, AtomEnum::WINDOW, 0, 1)?.reply()?.value_len == 1)
        })?;
        Ok(process)
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        // Told so, it removes its socket and its lock, which lie outside of the surroundings.
        let _ = self.process.signal(Signal::TERM);
        let begun = Instant::now();
        while begun.elapsed() < END_LIMIT && matches!(self.process.status(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
