//! One serialisable description of a training run, stored beside the weights it made.

use std::path::Path;

use descry_models::manifest::Preprocessing;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::encoder::{EncoderChoice, Features};

mod check;
mod decoder;

pub use decoder::{CellKind, DecoderChoice, DecoderKind, ImageInput, WordVectors, of_layer};

/// Everything that decides what a run learns. Two runs with equal experiments, data and library versions agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The bundle's name, such as `descry-attend-2`.
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
    /// Last, where it is there, the decoder alone learns to score well, from features of the final encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_critical: Option<SelfCritical>,
    /// Decay of the moving average of the weights, per step; the average is what is measured and kept. 0 keeps none.
    pub average_decay: f64,
    /// A stage ends early after this many epochs without a better dev score.
    pub patience: usize,
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

/// One stage of training: Adam under a linear warm-up and a cosine decay to a twentieth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Passes over all training pictures; the schedule spans them.
    pub epochs: usize,
    /// Pictures in one step.
    pub batch_pictures: usize,
    /// Steps of the warm-up.
    pub warmup_steps: usize,
    /// Highest rate of the decoder.
    pub learning_rate: f64,
    /// Highest rate of the encoder. 0 freezes it, and features come from the cache.
    pub encoder_learning_rate: f64,
    /// How pictures are varied; the cache of the frozen stage holds them as they are.
    pub augmentation: Augmentation,
}

/// The stage that learns from the score of whole captions (Rennie et al. 2017, "Self-critical Sequence Training").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfCritical {
    /// Captions that are drawn for each picture, each judged against the others (Luo 2020); at least 2.
    pub samples: usize,
    /// Dropout of the features while captions are drawn and learnt from; the other dropouts are off.
    pub feature_dropout: f64,
    /// How far the kept weights lie from those before the stage towards those learnt in it, above 0 and up to 1: half way,
    /// they score as well and say fewer things that only score (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
    /// models").
    #[serde(default = "whole")]
    pub share: f64,
    /// Epochs and rates; the encoder's rate is 0.
    pub stage: Stage,
}

fn whole() -> f64 {
    1.0
}

/// How a training picture is varied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Probability of a mirror image, where no caption of the picture speaks of left or right.
    pub flip: f64,
    /// Smallest share of the area that a crop keeps. 1 keeps the whole picture.
    pub minimum_area: f64,
    /// Largest relative change of brightness and contrast.
    pub colour: f64,
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
