//! A child process that cannot outlive its test, and whose log is shown when the test fails.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::waiting::wait_for;

/// How much of a log is worth showing, in bytes from its end.
const SHOWN: usize = 4000;

/// A running program with its process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command that writes what it has to say to the file `log`.
    pub fn start(name: &str, mut command: Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot make the log {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Self::spawn(name, command, log)
    }

    /// Starts a command whose standard output is read by the test; its standard error goes to the file `log`.
    pub fn start_with_output(name: &str, mut command: Command, log: PathBuf) -> Result<(Self, ChildStdout)> {
        let file = File::create(&log).with_context(|| format!("cannot make the log {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        let mut process = Self::spawn(name, command, log)?;
        let output = process.child.stdout.take().context("a piped output is there")?;
        Ok((process, output))
    }

    fn spawn(name: &str, mut command: Command, log: PathBuf) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {name} with {command:?}"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|error| format!("(no log: {error})"))
    }

    /// How it ended; `None` while it runs.
    pub fn status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask after {}", self.name))
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        wait_for(&what, || self.status())
    }

    /// Sends a signal to the process, not to its children.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal)
            .with_context(|| format!("cannot send {signal:?} to {}", self.name))
    }

    /// Kills it and its children at once, and waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        if self.status()?.is_none() {
            kill_process_group(Pid::from_child(&self.child), Signal::KILL)
                .with_context(|| format!("cannot kill {}", self.name))?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// The most memory that it held resident since it began, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// The memory that it holds resident now, in bytes.
    pub fn resident_memory(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, field: &str) -> Result<u64> {
        let path = format!("/proc/{}/status", self.id());
        let mut status = String::new();
        File::open(&path).and_then(|mut file| file.read_to_string(&mut status)).context(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kibibytes =
            line.and_then(|line| line.trim().strip_suffix(" kB")).with_context(|| format!("no {field}"))?;
        Ok(kibibytes.trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            println!("{error:#}");
        }
        // The test harness keeps this to itself unless the test fails.
        show_log(&self.name, &self.log);
    }
}

/// Prints the end of a log, so that a failed test shows it.
pub fn show_log(name: &str, log: &Path) {
    let contents = fs::read(log).unwrap_or_default();
    let end = &contents[contents.len().saturating_sub(SHOWN)..];
    println!("--- {name} ({})\n{}", log.display(), String::from_utf8_lossy(end));
}
