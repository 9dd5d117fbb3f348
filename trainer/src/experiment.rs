//! One serialisable description of a training run, stored beside the weights it made.

mod augmentation;
mod check;
mod decoder;
mod stage;

#[cfg(test)]
mod tests;

use std::path::Path;

use descry_models::manifest::Preprocessing;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::encoder::{EncoderChoice, Features};

pub use augmentation::{Augmentation, Fault};
pub use decoder::{CellKind, DecoderChoice, DecoderKind, ImageInput, WordVectors, of_layer};
pub use stage::{Schedule, SelfCritical, Stage};

/// Everything that decides what a run learns. Two runs with equal experiments, data and library versions agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The bundle's name, such as `descry-attend-9`.
    pub name: String,
    /// Decides initial weights, the order of pictures, dropout and augmentation.
    pub seed: u64,
    /// A word enters the vocabulary when the training captions hold it at least this often.
    pub minimum_count: usize,
    /// Captions are cut after this many words, in training and in decoding.
    pub maximum_words: usize,
    /// What is learnt from, and what is measured on.
    pub datasets: Vec<DatasetChoice>,
    /// How pictures come to the encoder; without it, as its pretrained weights want them. Square.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
    /// The network that sees.
    #[serde(default)]
    pub encoder: EncoderChoice,
    /// The network that speaks.
    pub decoder: DecoderChoice,
    /// What keeps the model from learning the training captions by heart.
    pub regularisation: Regularisation,
    /// First the encoder's weights stay as they came, and its features are read from a cache.
    pub frozen: Stage,
    /// Then every layer learns, at a low rate.
    pub fine_tune: Stage,
    /// Last, where it is there, the decoder learns to score well, alone or with the encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_critical: Option<SelfCritical>,
    /// Decay of the moving average of the weights, per step; the average is what is measured and kept. 0 keeps none.
    pub average_decay: f64,
    /// A stage ends early after this many epochs without a better dev score.
    pub patience: usize,
    /// What the encoder computes with while it learns; the weights themselves are float32.
    #[serde(default, skip_serializing_if = "Precision::is_whole")]
    pub precision: Precision,
}

/// What numbers an encoder that learns computes with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits throughout.
    #[default]
    Float32,
    /// 16 bits for the encoder's activations and gradients, 32 for the weights, which are rounded anew at each step
    /// (Micikevicius et al. 2018, "Mixed Precision Training"; with bfloat16 no loss needs scaling: Kalamkar et al. 2019).
    Bfloat16,
}

impl Precision {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_whole(&self) -> bool {
        *self == Self::Float32
    }
}

/// One data set of an experiment: a folder below the data sets' root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetChoice {
    /// The folder's name, such as `flickr8k`.
    pub directory: String,
    /// Captions of one picture that one step learns from, drawn anew each epoch.
    pub captions_per_picture: usize,
    /// This set's share in the dev score that chooses the best epoch. 0: the set is not measured.
    pub dev_weight: f64,
}

/// See [`Experiment::regularisation`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regularisation {
    /// Share of the probability that goes to all words alike (Szegedy et al. 2016).
    pub label_smoothing: f64,
    /// Dropout of the projected features.
    pub feature_dropout: f64,
    /// Dropout of the words' vectors.
    pub embedding_dropout: f64,
    /// Dropout before the logits.
    pub output_dropout: f64,
    /// Weight of the doubly stochastic attention term (Xu et al. 2015, equation 14).
    pub attention: f64,
    /// Decoupled weight decay (Loshchilov and Hutter 2019), times the learning rate.
    pub weight_decay: f64,
    /// Largest global norm of a step's gradient.
    pub gradient_norm: f64,
}

impl Experiment {
    /// Reads an experiment, refusing what cannot be run.
    pub fn open(path: &Path) -> Result<Self, ExperimentError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ExperimentError::Read { path: path.display().to_string(), source })?;
        let experiment: Self = toml::from_str(&text)
            .map_err(|source| ExperimentError::Parse { path: path.display().to_string(), source })?;
        experiment.check()?;
        Ok(experiment)
    }

    /// The experiment as TOML.
    pub fn to_toml(&self) -> Result<String, ExperimentError> {
        Ok(toml::to_string(self)?)
    }

    /// What the decoder gets of a picture: places for one that looks at them, else one vector.
    #[must_use]
    pub fn features(&self) -> Features {
        self.decoder.kind.features()
    }

    /// Whether the encoder learns in the stage of this number (0, 1 and 2, as they are listed here) or in a later one.
    #[must_use]
    pub fn encoder_learns_from(&self, first: usize) -> bool {
        let last = self.self_critical.as_ref().map(|last| &last.stage);
        let stages = [Some(&self.frozen), Some(&self.fine_tune), last];
        let learns = |stage: &&Stage| stage.epochs > 0 && stage.encoder_learning_rate > 0.0;
        stages.into_iter().skip(first).flatten().any(|stage| learns(&stage))
    }

    /// How pictures come to the encoder.
    #[must_use]
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing.clone().unwrap_or_else(|| self.encoder.preprocessing())
    }
}

/// Why an experiment cannot be used.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// The file cannot be read.
    #[error("cannot read the experiment {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not an experiment.
    #[error("{path} is not an experiment: {source}")]
    Parse {
        /// The file.
        path: String,
        /// Where and why.
        source: toml::de::Error,
    },
    /// A value cannot be run, alone or with the others.
    #[error("the experiment cannot be run: `{field}` is {value}; allowed: {allowed}")]
    Refused {
        /// The field, as a path of TOML keys.
        field: String,
        /// What it holds.
        value: String,
        /// What it may hold.
        allowed: String,
    },
    /// It cannot be written as TOML.
    #[error("cannot write the experiment: {0}")]
    Write(#[from] toml::ser::Error),
}
