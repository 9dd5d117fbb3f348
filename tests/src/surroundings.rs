//! What a child process sees: a home of its own, and nothing of the session that runs the tests.

use std::{
    ffi::OsString,
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A temporary folder with a home and a runtime folder, and the environment that goes with it.
///
/// The folder goes when this value is dropped.
#[derive(Debug)]
pub struct Surroundings {
    folder: TempDir,
    variables: Vec<(OsString, OsString)>,
    user: Option<u32>,
}

impl Surroundings {
    /// A fresh folder. Nobody speaks there, and there is no bus.
    pub fn new() -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("descry-test-").tempdir().context("cannot make a folder")?;
        let home = folder.path().join("home");
        let runtime = folder.path().join("runtime");
        fs::create_dir(&home)?;
        fs::create_dir(&runtime)?;
        fs::set_permissions(&runtime, Permissions::from_mode(0o700))?;
        let mut surroundings = Self { variables: Vec::new(), user: None, folder };
        surroundings.set("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        surroundings.set("LANG", "C.UTF-8");
        surroundings.set("HOME", home);
        surroundings.set("XDG_RUNTIME_DIR", runtime);
        // Without an address a client would look for a bus or a voice of the machine's, or start one.
        let no_bus = format!("unix:path={}", surroundings.path("no-bus").display());
        surroundings.set("DBUS_SESSION_BUS_ADDRESS", no_bus);
        let no_voice = format!("unix_socket:{}", surroundings.path("no-voice").display());
        surroundings.set("SPEECHD_ADDRESS", no_voice);
        // A service that begins to speak by itself would be heard where a test listens for something else.
        surroundings.set("DESCRY_ANNOUNCE", "never");
        Ok(surroundings)
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Sets a variable for the commands that are made from now on.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.variables.retain(|(other, _)| *other != name);
        self.variables.push((name, value.into()));
    }

    /// Takes a variable away from the commands that are made from now on.
    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(other, _)| other != name);
    }

    /// Leaves only these programs where programs are looked for, and no word of where speech-dispatcher is.
    pub fn leave_only(&mut self, programs: &[&str]) -> Result<()> {
        let bin = self.path("bin");
        fs::create_dir(&bin)?;
        let path = std::env::var_os("PATH").context("there is a PATH")?;
        for program in programs.iter().chain(&["setpriv"]) {
            let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
            let found =
                places.find(|place| place.exists()).with_context(|| format!("{program} is installed"))?;
            std::os::unix::fs::symlink(found, bin.join(program))?;
        }
        self.set("PATH", &bin);
        self.unset("SPEECHD_ADDRESS");
        Ok(())
    }

    /// Has everything run as somebody else from now on, by the number, where this is root; else nothing changes. For what
    /// refuses to run as root, and for those with whom it shares a session.
    pub fn live_as(&mut self, user: u32) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        for name in ["", "home", "runtime"] {
            std::os::unix::fs::chown(self.path(name), Some(user), Some(user))?;
        }
        self.user = Some(user);
        Ok(())
    }

    /// Copies a program or another file here, where somebody else can reach it.
    pub fn bring(&self, file: &Path, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(file, &path).with_context(|| format!("cannot copy {}", file.display()))?;
        Ok(path)
    }

    /// A command that runs a program here, in a process group of its own.
    ///
    /// `setpriv` has the kernel kill it when the thread that starts it ends, however it ends: a test that is
    /// interrupted leaves nothing behind.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        match self.user {
            Some(user) => self.command_as(program, user),
            None => self.through_setpriv(program.as_ref(), &[]),
        }
    }

    /// A command that runs a program here as somebody else, by the number. Only root can.
    #[must_use]
    pub fn command_as(&self, program: impl AsRef<Path>, user: u32) -> Command {
        let (user, group) = (format!("--reuid={user}"), format!("--regid={user}"));
        self.through_setpriv(program.as_ref(), &[&user, &group, "--clear-groups"])
    }

    fn through_setpriv(&self, program: &Path, options: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(options).args(["--pdeathsig", "KILL", "--"]).arg(program);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).process_group(0);
        command
    }
}
