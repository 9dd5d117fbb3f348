//! Somebody who says which of a few sentences was spoken.
//!
//! This is the `pocketsphinx` of `PyPI` in a Python of its own, which `./run test` sets up and names in the variable
//! [`PYTHON`]. See `tests/listener/listen.py`.

use std::{
    fs::File,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::recording::Recording;

/// The variable that names the Python that has pocketsphinx.
pub const PYTHON: &str = "DESCRY_LISTENER_PYTHON";

/// A pair of ears.
#[derive(Debug)]
pub struct Listener {
    python: PathBuf,
}

impl Listener {
    /// The listener that `./run test` set up.
    pub fn from_environment() -> Result<Self> {
        let python = std::env::var_os(PYTHON).with_context(|| {
            format!("{PYTHON} is not set: it must name a Python that has pocketsphinx, as `./run test` does")
        })?;
        Ok(Self { python: python.into() })
    }

    /// Which of the sentences is said in the recording: one of them, or `None` when it fits none.
    ///
    /// Case and punctuation do not matter. A recording of silence is `None` without asking anybody.
    pub fn choose(&self, recording: &Recording, sentences: &[String]) -> Result<Option<String>> {
        if recording.sounding().is_zero() {
            return Ok(None);
        }
        let folder = TempDir::new()?;
        let wav = folder.path().join("recording.wav");
        let question = folder.path().join("sentences.json");
        recording.write_wav(&wav)?;
        serde_json::to_writer(File::create(&question)?, sentences)?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/listener/listen.py");
        let mut command = Command::new(&self.python);
        command.arg(script).arg(&wav).stdin(File::open(&question)?).stderr(Stdio::piped());
        let output =
            command.output().with_context(|| format!("cannot run {PYTHON}={}", self.python.display()))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the listener failed ({}): {errors}", output.status);
        let answer: serde_json::Value =
            serde_json::from_slice(&output.stdout).context("the listener's answer is not JSON")?;
        match &answer["heard"] {
            serde_json::Value::Null => Ok(None),
            heard => {
                let index = heard.as_u64().and_then(|index| usize::try_from(index).ok());
                let sentence = index.and_then(|index| sentences.get(index));
                Ok(Some(sentence.with_context(|| format!("the listener answered {answer}"))?.clone()))
            }
        }
    }
}
