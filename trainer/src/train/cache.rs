//! Features that a frozen encoder gave once, for the stages that only the decoder learns in.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tch::{Device, Kind, Tensor};

use crate::checkpoint;

/// Features of every picture, float16, in the order of the corpus.
#[derive(Debug)]
pub(super) struct Cache {
    train: Tensor,
    dev: BTreeMap<String, Tensor>,
    device: Device,
}

impl Cache {
    /// Reads a file of features: `train` of as many pictures as there are, and `dev.NAME`.
    pub(super) fn open(path: &Path, pictures: usize, device: Device) -> Result<Self> {
        let mut tensors = checkpoint::read_tensors(path)?;
        let train = tensors.remove("train").with_context(|| format!("{} has no `train`", path.display()))?;
        ensure!(
            train.size().first() == Some(&(pictures as i64)),
            "{} was made from other pictures: prepare the run again",
            path.display()
        );
        Ok(Self { train, dev: tensors, device })
    }

    /// Of the training pictures at these places: float32 `[pictures, places, channels]`.
    pub(super) fn train(&self, batch: &[usize]) -> Tensor {
        let indices: Vec<i64> = batch.iter().map(|index| *index as i64).collect();
        self.train.index_select(0, &Tensor::from_slice(&indices)).to_kind(Kind::Float).to_device(self.device)
    }

    /// Of all pictures of a dev split: float16 `[pictures, places, channels]` on the CPU.
    pub(super) fn dev(&self, name: &str) -> Option<&Tensor> {
        self.dev.get(&format!("dev.{name}"))
    }
}
