//! `speed`: how fast this build extracts features and trains a decoder, one round for each line on standard input, so that
//! another program can be timed in turn with it; `benches/speed.py` does so with `PyTorch`.

use std::io::{self, BufRead as _, Write as _};
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use tch::{Device, Kind, Tensor, no_grad};

use super::loss::Sums;
use super::optimiser::AdamW;
use super::peers::Peers;
use crate::device::{self, DeviceArguments};
use crate::experiment::{Experiment, Regularisation};
use crate::model::Model;

/// Its network is the one that is timed.
const TIMED: &str = include_str!("../../experiments/descry-attend-2.toml");
/// Tokens of its vocabulary.
const VOCABULARY: i64 = 4280;
/// Pictures of one forward pass.
const PICTURES: i64 = 16;
/// Captions of one training step, and words of each.
const CAPTIONS: (i64, i64) = (64, 20);
/// Passes or steps in a round.
const REPEATS: u32 = 2;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Features of 16 pictures of 224 x 224, without gradients.
    Features,
    /// A training step of the attention decoder with 64 captions of 20 words: forward, backward, clipping, `AdamW`.
    Decoder,
}

/// Arguments of `descry-trainer speed`.
#[derive(Debug, Args)]
pub struct SpeedArguments {
    /// What is timed
    #[arg(long, value_enum)]
    pub what: What,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceArguments,
}

/// Runs the command: for each line that comes, a round, and its mean time in milliseconds.
pub fn run(arguments: &SpeedArguments) -> Result<()> {
    let device = device::choose(arguments.device.device, 0)?;
    tch::manual_seed(1);
    let experiment: Experiment = toml::from_str(TIMED)?;
    let model = Model::new(device, VOCABULARY, &experiment.encoder, &experiment.decoder);
    let mut optimiser = AdamW::new(&model.weights, 0.01, 2.0);
    let pixels = Tensor::rand([PICTURES, 3, 224, 224], (Kind::Float, device)) * 2.0 - 1.0;
    let features = Tensor::rand([CAPTIONS.0, 49, 1280], (Kind::Float, device));
    let mut one = || match arguments.what {
        What::Features => {
            let features = no_grad(|| model.encoder.features(&pixels));
            // The sum must be there before the time is taken, on a GPU too.
            Ok(no_grad(|| features.sum(Kind::Float).double_value(&[])))
        }
        What::Decoder => step(&model, &mut optimiser, &features, &experiment.regularisation),
    };
    one()?;
    for line in io::stdin().lock().lines() {
        line.context("standard input ended badly")?;
        let begun = Instant::now();
        for _ in 0..REPEATS {
            one()?;
        }
        println!("{:.3}", begun.elapsed().as_secs_f64() * 1000.0 / f64::from(REPEATS));
        io::stdout().flush()?;
    }
    Ok(())
}

fn step(
    model: &Model,
    optimiser: &mut AdamW,
    features: &Tensor,
    regularisation: &Regularisation,
) -> Result<f64> {
    let (rows, words) = CAPTIONS;
    let drawn = |device: Device| Tensor::randint(VOCABULARY, [rows, words], (Kind::Int64, device));
    let (inputs, targets) = (drawn(features.device()), drawn(features.device()));
    let context = model.decoder.context(features, regularisation.feature_dropout, true);
    let dropout = (regularisation.embedding_dropout, regularisation.output_dropout);
    let lengths = vec![words; rows as usize];
    let forced = model.decoder.forced(&context, &inputs, &targets, &lengths, dropout);
    let (loss, means) = Sums::written(&forced, regularisation).over(&Peers::Alone);
    let gradients = optimiser.gradients(&loss.context("there are words")?);
    optimiser.step(gradients, 4e-4, 0.0);
    Ok(means.map_or(0.0, |means| means.nats))
}
