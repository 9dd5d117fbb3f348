//! What a run keeps on disk while it learns: its state, from which it goes on exactly, and its log.
//!
//! `progress.json` is replaced last of all that belongs together, so a kill at any moment leaves the state before or the
//! state after, and never a mixture. What the log says of steps that were lost by a kill is cut off when the run goes on,
//! since it does them again.

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
    /// How long the log was then.
    log_bytes: u64,
    /// Whether this process writes: of several that learn together, only the first does.
    writes: bool,
}

/// `progress.json`: the progress and the tensors that belong to it. It is replaced last, so the two always agree.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    progress: Progress,
    tensors: String,
    #[serde(default)]
    log_bytes: u64,
}

impl State {
    /// Where the run in `run` stands: at the start when nothing was saved.
    pub(super) fn open(run: &Path, writes: bool) -> Result<Self> {
        let path = run.join(files::PROGRESS);
        let run = run.to_owned();
        if !path.exists() {
            return Ok(Self { run, progress: Progress::START, tensors: None, log_bytes: 0, writes });
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let saved: Saved = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a run's progress", path.display()))?;
        let Saved { progress, tensors, log_bytes } = saved;
        Ok(Self { run, progress, tensors: Some(tensors), log_bytes, writes })
    }

    /// The log of the run, as long as it was when the state was saved.
    pub(super) fn log(&self) -> Result<Log> {
        if self.writes { Log::open(&self.run.join(files::LOG), self.log_bytes) } else { Ok(Log(None)) }
    }

    /// Puts the saved tensors in their places, when there are any.
    pub(super) fn restore(&self, model: &Model, optimiser: &mut AdamW, average: &mut Average) -> Result<()> {
        let Some(name) = &self.tensors else { return Ok(()) };
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
    pub(super) fn save(
        &mut self,
        model: &Model,
        optimiser: &AdamW,
        average: &Average,
        log: &Log,
    ) -> Result<()> {
        if !self.writes {
            // What this process holds is newer than the file that it began with, which the first process removes now.
            self.tensors = None;
            return Ok(());
        }
        let progress = &self.progress;
        let name = format!("state-{}-{}-{}.safetensors", progress.stage, progress.epoch, progress.step);
        let mut tensors: Vec<_> = model.weights.variables().into_iter().collect();
        tensors.extend(optimiser.state());
        tensors.extend(average.state());
        checkpoint::write_tensors(&self.run.join(&name), &tensors)?;
        let saved = Saved { progress: progress.clone(), tensors: name.clone(), log_bytes: log.bytes()? };
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
    /// Pictures that an epoch could not read.
    LeftOut { stage: usize, epoch: usize, pictures: usize },
    /// An epoch's dev scores.
    Dev { stage: usize, epoch: usize, cider: Vec<(String, f64)>, best: f64 },
    /// The dev scores of the weights that are kept, so far on the way from before the last stage to what it learnt.
    Kept { share: f64, cider: Vec<(String, f64)> },
}

/// `log.jsonl`: one JSON object a line, for tools. Without a file, nothing is kept.
#[derive(Debug)]
pub(super) struct Log(Option<File>);

impl Log {
    /// Opens the log, and cuts off what is longer than `bytes`.
    fn open(path: &Path, bytes: u64) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write the log {}", path.display()))?;
        if file.metadata()?.len() > bytes {
            file.set_len(bytes).with_context(|| format!("cannot shorten the log {}", path.display()))?;
        }
        Ok(Self(Some(file)))
    }

    pub(super) fn write(&mut self, record: &Record) -> Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        writeln!(file, "{}", serde_json::to_string(record)?).context("cannot write the log")
    }

    fn bytes(&self) -> Result<u64> {
        Ok(self.0.as_ref().map(File::metadata).transpose()?.map_or(0, |metadata| metadata.len()))
    }
}
