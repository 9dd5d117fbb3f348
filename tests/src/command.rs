//! One run of a command: what it printed, how it ended, and how much memory it took.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::{binaries, surroundings::Surroundings, waiting::wait_for};

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
    /// The most memory that was resident, in bytes.
    pub peak_memory: u64,
}

impl Outcome {
    /// Fails unless the run ended with this exit code; the failure shows what was printed.
    pub fn expect_code(&self, code: i32) -> Result<&Self> {
        ensure!(self.code == Some(code), "exit code {code} was expected of {self:?}");
        Ok(self)
    }

    /// Every line of standard output as a JSON object.
    pub fn json_lines(&self) -> Result<Vec<Value>> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
            .collect()
    }

    /// The one sentence that a failing run may print: no second line, no panic, no caption beside it.
    pub fn only_complaint(&self) -> Result<&str> {
        ensure!(self.stdout.is_empty(), "nothing should be on standard output of {self:?}");
        self.complaint()
    }

    /// The one sentence on standard error.
    pub fn complaint(&self) -> Result<&str> {
        let mut lines = self.stderr.lines();
        let (Some(sentence), None) = (lines.next(), lines.next()) else {
            anyhow::bail!("one sentence should be on standard error of {self:?}");
        };
        let clear = sentence.contains(' ')
            && !["panicked", "RUST_BACKTRACE", "Error {", "Error("]
                .iter()
                .any(|noise| sentence.contains(noise));
        ensure!(clear, "this is no clear sentence: {sentence}");
        Ok(sentence)
    }
}

/// A run of `descry` to be: its arguments, and what it reads on standard input.
#[derive(Debug)]
pub struct Descry<'room> {
    surroundings: &'room Surroundings,
    arguments: Vec<std::ffi::OsString>,
    input: Option<PathBuf>,
}

impl<'room> Descry<'room> {
    /// `descry describe`, in these surroundings.
    #[must_use]
    pub fn describe(surroundings: &'room Surroundings) -> Self {
        Self::new(surroundings, "describe")
    }

    /// Any of `descry`'s commands, in these surroundings.
    #[must_use]
    pub fn new(surroundings: &'room Surroundings, command: &str) -> Self {
        Self { surroundings, arguments: vec![command.into()], input: None }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    /// Gives it a file as standard input; without one it is empty.
    #[must_use]
    pub fn input(mut self, file: impl Into<PathBuf>) -> Self {
        self.input = Some(file.into());
        self
    }

    /// Starts it, and leaves it running.
    pub fn start(self) -> Result<Running> {
        let folder = TempDir::new()?;
        let path = |name: &str| folder.path().join(name);
        let mut command: Command = self.surroundings.command("/usr/bin/time");
        command.args(["-q", "-f", "%M", "-o"]).arg(path("memory")).arg("--");
        command.arg(binaries::descry()?).args(&self.arguments);
        command.stdin(match &self.input {
            Some(file) => File::open(file).with_context(|| format!("cannot read {}", file.display()))?.into(),
            None => Stdio::null(),
        });
        command.stdout(File::create(path("stdout"))?).stderr(File::create(path("stderr"))?);
        let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        Ok(Running { child, folder, arguments: format!("{:?}", self.arguments) })
    }

    /// Runs it to its end.
    pub fn run(self) -> Result<Outcome> {
        self.start()?.wait()
    }
}

/// A run of `descry` that goes on. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Running {
    child: std::process::Child,
    folder: TempDir,
    arguments: String,
}

impl Running {
    /// What it has printed to standard output so far.
    pub fn stdout(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("stdout"))?)
    }

    /// Interrupts it, as Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        // time(1) does not heed it, and reports what came of the command.
        kill_process_group(Pid::from_child(&self.child), Signal::INT).context("cannot interrupt the command")
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<Outcome> {
        let what = format!("descry {} to end", self.arguments);
        let status: ExitStatus = wait_for(&what, || Ok(self.child.try_wait()?))
            .with_context(|| format!("it has printed {:?} until now", self.stdout()))?;
        let read = |name: &str| -> Result<String> {
            let bytes = fs::read(self.folder.path().join(name))?;
            String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))
        };
        let kibibytes = read("memory")?;
        let kibibytes: u64 =
            kibibytes.trim().parse().with_context(|| format!("time(1) wrote {kibibytes:?}"))?;
        // time(1) exits with 128 and the signal's number when a signal ended the command.
        let code = status.code().filter(|code| *code < 128);
        ensure!(status.signal().is_none(), "time(1) itself was ended by a signal: {status}");
        Ok(Outcome { code, stdout: read("stdout")?, stderr: read("stderr")?, peak_memory: kibibytes * 1024 })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It may have ended just now, which is as well.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
