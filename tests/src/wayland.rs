//! A Wayland session of a test's own: the compositor sway, which shows its screen to nobody.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::{Context, Result, bail};

use crate::{process::Process, surroundings::Surroundings, waiting::wait_until};

/// Whom sway runs as where the tests run as root, which it refuses to: `nobody`.
pub const UNPRIVILEGED: u32 = 65534;

/// What the socket of the compositor is called.
const DISPLAY: &str = "wayland-1";

/// A compositor. It ends when this value is dropped.
#[derive(Debug)]
pub struct Sway {
    _process: Process,
}

impl Sway {
    /// Starts a compositor with one monitor such as `1280x800`, and tells its sockets to everything that is started in
    /// the surroundings afterwards.
    pub fn start(surroundings: &mut Surroundings, resolution: &str) -> Result<Self> {
        Self::start_with(surroundings, resolution, "")
    }

    /// The same with more lines of its configuration.
    pub fn start_with(surroundings: &mut Surroundings, resolution: &str, lines: &str) -> Result<Self> {
        let config = format!("output HEADLESS-1 resolution {resolution}\ndefault_border pixel 2\n{lines}");
        let config = surroundings.write("sway.config", config)?;
        surroundings.set("XDG_CURRENT_DESKTOP", "sway");
        surroundings.set("SWAYSOCK", surroundings.path("runtime/sway.sock"));
        let mut command = if rustix::process::geteuid().is_root() {
            // It has to reach its runtime folder and to write to it.
            fs::set_permissions(surroundings.path(""), fs::Permissions::from_mode(0o711))?;
            std::os::unix::fs::chown(surroundings.path("runtime"), Some(UNPRIVILEGED), Some(UNPRIVILEGED))?;
            surroundings.command_as("sway", UNPRIVILEGED)
        } else {
            surroundings.command("sway")
        };
        command.arg("--config").arg(config);
        for (name, value) in
            [("WLR_BACKENDS", "headless"), ("WLR_RENDERER", "pixman"), ("WLR_LIBINPUT_NO_DEVICES", "1")]
        {
            command.env(name, value);
        }
        let mut process = Process::start("sway", command, surroundings.path("sway.log"))?;
        wait_until("sway to serve", || {
            if let Some(status) = process.status()? {
                bail!("it ended ({status}): {}", process.log());
            }
            let sockets =
                [surroundings.path("runtime/sway.sock"), surroundings.path("runtime").join(DISPLAY)];
            Ok(sockets.iter().all(|socket| socket.exists()))
        })?;
        surroundings.set("WAYLAND_DISPLAY", DISPLAY);
        Ok(Self { _process: process })
    }

    /// The names on the bus of the portal that takes pictures of sway's screen, and of what it needs itself.
    pub const PORTAL: [&str; 5] = [
        "org.freedesktop.portal.Desktop",
        "org.freedesktop.portal.Documents",
        "org.freedesktop.impl.portal.PermissionStore",
        "org.freedesktop.impl.portal.desktop.gtk",
        "org.freedesktop.impl.portal.desktop.wlr",
    ];

    /// Starts the server without which the portal does not start.
    pub fn start_pipewire(surroundings: &Surroundings) -> Result<Process> {
        let log = surroundings.path("pipewire.log");
        let process = Process::start("pipewire", surroundings.command("pipewire"), log)?;
        wait_until("pipewire to serve", || Ok(surroundings.path("runtime/pipewire-0").exists()))
            .context("pipewire does not serve")?;
        Ok(process)
    }
}
