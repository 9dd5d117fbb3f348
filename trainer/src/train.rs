//! `train`: cross-entropy, first over cached features with the encoder frozen, then through every layer; then, where the
//! experiment asks for it, the captions' own scores. The best weights by dev CIDEr are kept, and a run that was stopped
//! goes on where it was. Several processes, started by `mpirun`, learn one model together.

mod average;
pub mod batch;
mod cache;
mod curves;
mod features;
pub mod loader;
mod loss;
mod measure;
mod meter;
mod mixed;
mod optimiser;
pub mod peers;
mod schedule;
mod self_critical;
pub mod speed;
mod stage;
mod state;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use descry_models::Bundle;

use self::curves::Curves;
use self::peers::Peers;
use self::self_critical::SelfCritic;
use self::stage::Training;
use self::state::State;
use crate::checkpoint;
use crate::corpus::{Corpus, Source};
use crate::device::{self, DeviceArguments};
use crate::encoder::rounding::Rounding;
use crate::experiment::{Experiment, Precision};
use crate::model::Model;
use crate::prepare::{self, files};
use crate::progress;
use crate::unusable::Unusable;

/// Arguments of `descry-trainer train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// The run's folder, as `prepare` made it; a run that was stopped goes on
    #[arg(long)]
    pub run: PathBuf,
    /// The folder that holds the experiment's data sets
    #[arg(long)]
    pub datasets: PathBuf,
    /// Let the encoder compute as that of this bundle does on a device, in 8 bits: where it learns, it is rounded to the same
    /// steps and learns to live with them; where it stays as it is in the self-critical stage, its features come from the
    /// bundle. Quantise a bundle of the stage before for it
    #[arg(long)]
    pub encoder_bundle: Option<PathBuf>,
    /// The folder of Meteor's own data, where METEOR is part of what the self-critical stage learns from; without it, words
    /// match when they are the same or have one stem
    #[arg(long)]
    pub meteor_data: Option<PathBuf>,
    /// Save and end after this many steps; the same command goes on from there
    #[arg(long)]
    pub stop_after_steps: Option<usize>,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceArguments,
}

/// Runs the command, in this process alone or together with others.
pub fn run(arguments: &TrainArguments) -> Result<()> {
    // With CUDA the program may begin anew here, which MPI must not see.
    let device = device::choose(arguments.device.device, peers::local_rank())?;
    let peers = Peers::join()?;
    if !peers.is_first() {
        progress::be_silent();
    }
    let result = train(arguments, device, &peers);
    if let Err(error) = &result {
        peers.give_up(error);
    }
    result
}

fn train(arguments: &TrainArguments, device: tch::Device, peers: &Peers) -> Result<()> {
    let experiment = Experiment::open(&arguments.run.join(files::EXPERIMENT))?;
    let vocabulary = prepare::open_vocabulary(&arguments.run)?;
    let unusable = Unusable::open(&arguments.run)?;
    let source = Source { experiment: &experiment, datasets: &arguments.datasets, unusable };
    let corpus = Corpus::open(&source, &vocabulary)?;
    tch::manual_seed(experiment.seed as i64);
    let mut model = Model::new(device, vocabulary.len() as i64, &experiment.encoder, &experiment.decoder);
    model.load_all(&checkpoint::read_tensors(&arguments.run.join(files::START))?)?;
    let state = State::open(&arguments.run, peers.is_first())?;
    if let Some(bundle) = &arguments.encoder_bundle
        && experiment.encoder_learns_from(state.progress.stage)
    {
        ensure!(
            experiment.precision == Precision::Float32,
            "--encoder-bundle rounds an encoder that learns in 32 bits: leave `precision` out of the experiment"
        );
        let rounding = Rounding::of_bundle(&Bundle::open(bundle)?, model.encoder.description())?;
        model.encoder.round_by(rounding);
    }
    let log = state.log()?;
    let curves = Curves::of_log(&std::fs::read_to_string(arguments.run.join(files::LOG)).unwrap_or_default());
    let mut training = Training {
        state,
        log,
        curves,
        arguments,
        run: &arguments.run,
        experiment: &experiment,
        vocabulary: &vocabulary,
        corpus: &corpus,
        model: &model,
        peers,
        steps_left: arguments.stop_after_steps.unwrap_or(usize::MAX),
    };
    let finished = training.stage(0, &experiment.frozen, &Objective::CrossEntropy)?
        && training.stage(1, &experiment.fine_tune, &Objective::CrossEntropy)?
        && match &experiment.self_critical {
            None => true,
            Some(last) if training.state.progress.stage > 2 || last.stage.epochs == 0 => true,
            Some(last) => {
                let critic = SelfCritic::new(last, &source, &vocabulary, arguments.meteor_data.as_deref())?;
                training.stage(2, &last.stage, &Objective::SelfCritical(Box::new(critic)))?
            }
        };
    let best = arguments.run.join(files::BEST);
    if !peers.is_first() {
        return Ok(());
    }
    if finished {
        eprintln!("Best dev CIDEr {:.1}, in {}", training.state.progress.best, best.display());
    } else {
        eprintln!("Stopped and saved in {}; the same command goes on.", arguments.run.display());
    }
    Ok(())
}

/// What a stage makes small.
enum Objective {
    /// The surprise at the written captions.
    CrossEntropy,
    /// The chance of captions that score below others of the same picture.
    SelfCritical(Box<SelfCritic>),
}

impl Objective {
    fn is_self_critical(&self) -> bool {
        matches!(self, Self::SelfCritical(_))
    }
}
