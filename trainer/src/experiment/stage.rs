//! The stages of a run: how long each lasts, how fast it learns, and from what.

use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;

/// One stage of training: Adam under a linear warm-up and then its schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Passes over all training pictures; a cosine schedule spans them.
    pub epochs: usize,
    /// Pictures in one step; of each process, where several learn together.
    pub batch_pictures: usize,
    /// Steps of the warm-up.
    pub warmup_steps: usize,
    /// Highest rate of the decoder.
    pub learning_rate: f64,
    /// Highest rate of the encoder. 0 freezes it, and features come from the cache.
    pub encoder_learning_rate: f64,
    /// How the rates fall after the warm-up.
    #[serde(default)]
    pub schedule: Schedule,
    /// How pictures are varied; the cache of the frozen stage holds them as they are.
    pub augmentation: Augmentation,
}

/// How the learning rates of a stage fall after its warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Along half a cosine, to a twentieth at the end of the last epoch (Loshchilov and Hutter 2017).
    #[default]
    Cosine,
    /// They stay, and fall by `factor` whenever the dev score has not risen for more than `patience` epochs.
    Plateau {
        /// What the rates are multiplied by: 0.5 halves them.
        factor: f64,
        /// Epochs without a better dev score that are borne before.
        patience: usize,
    },
}

/// The stage that learns from the score of whole captions (Rennie et al. 2017, "Self-critical Sequence Training").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfCritical {
    /// Captions that are drawn for each picture, each judged against the others (Luo 2020); at least 2.
    pub samples: usize,
    /// How much a caption's METEOR (0 to 100) counts beside its CIDEr-D (times 100); without it, nothing.
    #[serde(default)]
    pub meteor: f64,
    /// Dropout of the features while captions are drawn and learnt from; the other dropouts are off.
    pub feature_dropout: f64,
    /// How far the kept weights lie from those before the stage towards those learnt in it, above 0 and up to 1: half way,
    /// they score as well and say fewer things that only score (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
    /// models").
    #[serde(default = "whole")]
    pub share: f64,
    /// Epochs and rates. With an encoder that learns, too, captions are drawn for pictures as the stage varies them; else for
    /// the pictures as they are, whose features are computed once.
    pub stage: Stage,
}

fn whole() -> f64 {
    1.0
}
