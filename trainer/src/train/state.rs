//! What a run keeps on disk while it learns: its state, from which it goes on exactly, and its log.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::average::{self, Average};
use super::optimiser::AdamW;
use crate::checkpoint::{self, Progress};
use crate::model::Model;
use crate::prepare::files;

/// Where the run stands, on disk and here.
#[derive(Debug)]
pub(super) struct State {
    run: PathBuf,
    pub(super) progress: Progress,
    /// The file of tensors that belongs to the progress on disk.
    tensors: Option<String>,
}

/// `progress.json`: the progress and the tensors that belong to it. It is replaced last, so the two always agree.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    progress: Progress,
    tensors: String,
}

impl State {
    /// Where the run in `run` stands: at the start when nothing was saved.
    pub(super) fn open(run: &Path) -> Result<Self> {
        let path = run.join(files::PROGRESS);
        if !path.exists() {
            return Ok(Self { run: run.to_owned(), progress: Progress::START, tensors: None });
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let saved: Saved = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a run's progress", path.display()))?;
        Ok(Self { run: run.to_owned(), progress: saved.progress, tensors: Some(saved.tensors) })
    }

    /// Puts the saved tensors in their places, when there are any of this stage.
    pub(super) fn restore(&self, model: &Model, optimiser: &mut AdamW, average: &mut Average) -> Result<()> {
        let Some(name) = &self.tensors else { return Ok(()) };
        if self.progress.epoch == 0 && self.progress.step == 0 {
            return Ok(());
        }
        let path = self.run.join(name);
        let tensors = checkpoint::read_tensors(&path)?;
        average::put(&model.weights, &tensors);
        ensure!(
            optimiser.restore(&tensors) && average.restore(&tensors),
            "{} is of another experiment: its tensors do not fit",
            path.display()
        );
        Ok(())
    }

    /// Saves everything that a later process needs to go on.
    pub(super) fn save(&mut self, model: &Model, optimiser: &AdamW, average: &Average) -> Result<()> {
        let progress = &self.progress;
        let name = format!("state-{}-{}-{}.safetensors", progress.stage, progress.epoch, progress.step);
        let mut tensors: Vec<_> = model.weights.variables().into_iter().collect();
        tensors.extend(optimiser.state());
        tensors.extend(average.state());
        checkpoint::write_tensors(&self.run.join(&name), &tensors)?;
        let saved = Saved { progress: progress.clone(), tensors: name.clone() };
        checkpoint::write_text(&self.run.join(files::PROGRESS), &serde_json::to_string(&saved)?)?;
        if let Some(old) = self.tensors.replace(name.clone())
            && old != name
        {
            let old = self.run.join(old);
            fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
        Ok(())
    }
}

/// One line of the log.
#[derive(Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum Record {
    /// Means over the steps since the last line.
    Steps {
        stage: usize,
        epoch: usize,
        step: usize,
        nats: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        reward: Option<f64>,
        learning_rate: f64,
        pictures_per_second: f64,
    },
    /// An epoch's dev scores.
    Dev { stage: usize, epoch: usize, cider: Vec<(String, f64)>, best: f64 },
    /// The dev scores of the weights that are kept, so far on the way from before the last stage to what it learnt.
    Kept { share: f64, cider: Vec<(String, f64)> },
}

/// `log.jsonl`: one JSON object a line, for tools.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self(file.with_context(|| format!("cannot write the log {}", path.display()))?))
    }

    pub(super) fn write(&mut self, record: &Record) -> Result<()> {
        writeln!(self.0, "{}", serde_json::to_string(record)?).context("cannot write the log")
    }
}
