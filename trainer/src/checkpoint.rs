//! Files of a run that a kill at any moment leaves whole: written aside, then renamed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, Result};
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// Where a run stands, beside its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// 0: frozen encoder; 1: fine-tuning; 2: self-critical; 3: done.
    pub stage: usize,
    /// Whole epochs of the stage that are done.
    pub epoch: usize,
    /// Steps of the current epoch that are done.
    pub step: usize,
    /// Best dev score so far; below 0 before the first epoch is done.
    pub best: f64,
    /// Epochs since.
    pub epochs_since_best: usize,
    /// What plateaus have left of the stage's learning rates.
    #[serde(default = "whole")]
    pub rate_share: f64,
    /// Epochs without a better dev score since the rates last fell.
    #[serde(default)]
    pub epochs_since_cut: usize,
}

fn whole() -> f64 {
    1.0
}

impl Progress {
    /// Before the first step.
    pub const START: Self = Self {
        stage: 0,
        epoch: 0,
        step: 0,
        best: -1.0,
        epochs_since_best: 0,
        rate_share: 1.0,
        epochs_since_cut: 0,
    };

    /// Before the first step of the stage after this one.
    #[must_use]
    pub fn next_stage(&self) -> Self {
        Self { stage: self.stage + 1, best: self.best, ..Self::START }
    }
}

/// Writes tensors by name.
pub fn write_tensors(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    let aside = path.with_extension("part");
    Tensor::write_safetensors(tensors, &aside)
        .with_context(|| format!("cannot write {}", aside.display()))?;
    replace(&aside, path)
}

/// Tensors by name.
pub fn read_tensors(path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let tensors = Tensor::read_safetensors(path)
        .with_context(|| format!("cannot read the tensors of {}", path.display()))?;
    Ok(tensors.into_iter().collect())
}

/// Arrays by name as tensors on the CPU.
pub fn tensors_of(arrays: &BTreeMap<String, ArrayD<f32>>) -> Result<BTreeMap<String, Tensor>> {
    let tensor = |(name, array): (&String, &ArrayD<f32>)| {
        let values = array.as_slice().with_context(|| format!("{name} does not lie in one piece"))?;
        let shape: Vec<i64> = array.shape().iter().map(|length| *length as i64).collect();
        Ok((name.clone(), Tensor::from_slice(values).view(shape.as_slice())))
    };
    arrays.iter().map(tensor).collect()
}

/// Writes a text file.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    let aside = path.with_extension("part");
    fs::write(&aside, text).with_context(|| format!("cannot write {}", aside.display()))?;
    replace(&aside, path)
}

fn replace(aside: &Path, path: &Path) -> Result<()> {
    File::open(aside)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(aside, path))
        .with_context(|| format!("cannot put {} in its place", path.display()))
}
