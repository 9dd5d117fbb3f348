//! `train`: cross-entropy, first over cached features with the encoder frozen, then through every layer; then, where the
//! experiment asks for it, the captions' own scores. The best weights by dev CIDEr are kept, and a run that was stopped
//! goes on where it was.

pub mod augment;
mod average;
pub mod batch;
mod cache;
mod features;
pub mod loader;
mod measure;
mod meter;
mod optimiser;
mod schedule;
mod self_critical;
mod state;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use descry_models::Vocabulary;
use tch::{Device, Tensor};

use self::average::Average;
use self::batch::seed_of;
use self::cache::Cache;
use self::measure::DevScore;
use self::meter::{Loss, Meter};
use self::optimiser::AdamW;
use self::self_critical::SelfCritic;
use self::state::{Log, Record, State};
use crate::checkpoint::{self, Progress};
use crate::corpus::Corpus;
use crate::experiment::{Experiment, Stage};
use crate::model::Model;
use crate::prepare::files;
use crate::{prepare, progress};

/// How often the middle of an epoch is saved.
const CHECKPOINT: Duration = Duration::from_mins(5);
/// Steps between two lines of the log.
const LOG_STEPS: usize = 25;

/// Arguments of `descry-trainer train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// The run's folder, as `prepare` made it; a run that was stopped goes on
    #[arg(long)]
    pub run: PathBuf,
    /// The folder that holds the experiment's data sets
    #[arg(long)]
    pub datasets: PathBuf,
    /// Let the self-critical stage learn from the features that this bundle's encoder gives, as a device computes them.
    /// Quantise a bundle of the stage before for it; without one, features come from the float encoder
    #[arg(long)]
    pub encoder_bundle: Option<PathBuf>,
    /// Save and end after this many steps; the same command goes on from there
    #[arg(long)]
    pub stop_after_steps: Option<usize>,
}

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<()> {
    let experiment = Experiment::open(&arguments.run.join(files::EXPERIMENT))?;
    let vocabulary = prepare::open_vocabulary(&arguments.run)?;
    let corpus = Corpus::open(&experiment, &arguments.datasets, &vocabulary)?;
    tch::manual_seed(experiment.seed as i64);
    let mut model = Model::new(
        Device::cuda_if_available(),
        vocabulary.len() as i64,
        &experiment.encoder,
        &experiment.decoder,
    );
    model.load_all(&checkpoint::read_tensors(&arguments.run.join(files::START))?)?;
    let mut training = Training {
        state: State::open(&arguments.run)?,
        log: Log::open(&arguments.run.join(files::LOG))?,
        arguments,
        run: &arguments.run,
        experiment: &experiment,
        vocabulary: &vocabulary,
        corpus: &corpus,
        model: &model,
        steps_left: arguments.stop_after_steps.unwrap_or(usize::MAX),
    };
    let finished = training.stage(0, &experiment.frozen, &Objective::CrossEntropy)?
        && training.stage(1, &experiment.fine_tune, &Objective::CrossEntropy)?
        && match &experiment.self_critical {
            None => true,
            Some(last) if training.state.progress.stage > 2 || last.stage.epochs == 0 => true,
            Some(last) => {
                let critic = SelfCritic::new(last, &experiment, &arguments.datasets, &vocabulary)?;
                training.stage(2, &last.stage, &Objective::SelfCritical(critic))?
            }
        };
    let best = arguments.run.join(files::BEST);
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
    SelfCritical(SelfCritic),
}

impl Objective {
    fn is_self_critical(&self) -> bool {
        matches!(self, Self::SelfCritical(_))
    }
}

/// What a run holds while it learns.
struct Training<'run> {
    arguments: &'run TrainArguments,
    run: &'run Path,
    experiment: &'run Experiment,
    vocabulary: &'run Vocabulary,
    corpus: &'run Corpus,
    model: &'run Model,
    state: State,
    log: Log,
    steps_left: usize,
}

impl Training<'_> {
    /// One stage, from where the run stands to its last epoch or to the end of patience. False: told to stop before.
    fn stage(&mut self, number: usize, stage: &Stage, objective: &Objective) -> Result<bool> {
        if self.state.progress.stage > number {
            return Ok(true);
        }
        let regularisation = &self.experiment.regularisation;
        let mut optimiser =
            AdamW::new(&self.model.weights, regularisation.weight_decay, regularisation.gradient_norm);
        let best = self.run.join(files::BEST);
        if number > 0 && self.state.progress.epoch == 0 && self.state.progress.step == 0 && best.exists() {
            average::put(&self.model.weights, &checkpoint::read_tensors(&best)?);
        }
        if objective.is_self_critical() && self.state.progress.epoch == 0 && self.state.progress.step == 0 {
            let before: Vec<_> = self.model.weights.variables().into_iter().collect();
            checkpoint::write_tensors(&self.run.join(files::BEFORE), &before)?;
            // What an earlier training in the same folder left belongs to other weights.
            for stale in [files::FINAL_FEATURES, files::LEARNT].map(|name| self.run.join(name)) {
                if stale.exists() {
                    fs::remove_file(&stale).with_context(|| format!("cannot remove {}", stale.display()))?;
                }
            }
        }
        let mut average = Average::new(&self.model.weights, self.experiment.average_decay);
        self.state.restore(self.model, &mut optimiser, &mut average)?;
        let cache = match stage.encoder_learning_rate {
            0.0 if stage.epochs > 0 => Some(self.cache(objective)?),
            _ => None,
        };
        while self.state.progress.epoch < stage.epochs
            && self.state.progress.epochs_since_best <= self.experiment.patience
        {
            if !self.epoch((number, objective), stage, &mut optimiser, &mut average, cache.as_ref())? {
                self.state.save(self.model, &optimiser, &average)?;
                return Ok(false);
            }
            let cider = average.within(&self.model.weights, || self.measure(cache.as_ref()))?;
            let epoch = self.state.progress.epoch;
            self.state.progress = Progress { epoch: epoch + 1, step: 0, ..self.state.progress.clone() };
            if cider.weighted > self.state.progress.best {
                self.state.progress =
                    Progress { best: cider.weighted, epochs_since_best: 0, ..self.state.progress.clone() };
                checkpoint::write_tensors(&best, &average.weights())?;
            } else {
                self.state.progress.epochs_since_best += 1;
            }
            eprintln!("stage {number}, epoch {}: dev CIDEr {cider}", epoch + 1);
            self.log.write(&Record::Dev {
                stage: number,
                epoch: epoch + 1,
                cider: cider.sets,
                best: self.state.progress.best,
            })?;
            self.state.save(self.model, &optimiser, &average)?;
        }
        if let Objective::SelfCritical(critic) = objective {
            self.keep_share(critic.share(), cache.as_ref())?;
        }
        self.state.progress = Progress {
            stage: number + 1,
            epoch: 0,
            step: 0,
            epochs_since_best: 0,
            ..self.state.progress.clone()
        };
        self.state.save(self.model, &optimiser, &average)?;
        Ok(true)
    }

    /// One pass over the training pictures, or what is left of it. False: told to stop before its end.
    fn epoch(
        &mut self,
        (number, objective): (usize, &Objective),
        stage: &Stage,
        optimiser: &mut AdamW,
        average: &mut Average,
        cache: Option<&Cache>,
    ) -> Result<bool> {
        let examples = &self.corpus.train;
        let (epoch, first) = (self.state.progress.epoch, self.state.progress.step);
        let seed = seed_of(self.experiment.seed, [number as u64, epoch as u64, 0]);
        let batches = batch::order(examples.len(), stage.batch_pictures, seed);
        let (steps, total) = (batches.len(), batches.len() * stage.epochs);
        let mut pictures = cache.is_none().then(|| {
            loader::pixels(
                examples,
                batches.clone(),
                first,
                &self.experiment.preprocessing(),
                Some(stage.augmentation),
                seed,
            )
        });
        let bar =
            progress::bar(examples.len() as u64, &format!("stage {number}, epoch {}", epoch + 1), "pictures");
        bar.set_position((first * stage.batch_pictures) as u64);
        let mut since = Instant::now();
        let mut meter = Meter::start();
        for (step, batch) in batches.iter().enumerate().skip(first) {
            let rate = schedule::share(epoch * steps + step, total, stage.warmup_steps);
            if self.steps_left == 0 {
                return Ok(false);
            }
            self.steps_left -= 1;
            tch::manual_seed(seed_of(seed, [2, step as u64, 0]) as i64);
            let features = match (cache, &mut pictures) {
                (Some(cache), _) => cache.train(batch),
                (None, Some(pictures)) => {
                    let pixels = pictures.recv().context("the reader of pictures ended early")??;
                    self.model.encoder.features(&pixels.to_device(self.model.weights.device()))
                }
                (None, None) => unreachable!("a stage reads the cache or the pictures"),
            };
            let seed = seed_of(seed, [3, step as u64, 0]);
            let loss = match objective {
                Objective::CrossEntropy => self.loss(batch, &features, seed)?,
                Objective::SelfCritical(critic) => critic.loss(self.model, self.corpus, batch, &features)?,
            };
            optimiser.step(&loss.value, rate * stage.learning_rate, rate * stage.encoder_learning_rate);
            average.update(&self.model.weights);
            meter.add(&loss, batch.len());
            self.state.progress.step = step + 1;
            meter.show(&bar, batch.len(), objective);
            if (step + 1) % LOG_STEPS == 0 {
                let rate = rate * stage.learning_rate;
                self.log.write(&meter.record((number, objective), epoch + 1, step + 1, rate))?;
                meter = Meter::start();
            }
            if since.elapsed() > CHECKPOINT {
                self.state.save(self.model, optimiser, average)?;
                since = Instant::now();
            }
        }
        bar.finish_and_clear();
        Ok(true)
    }

    /// The cross-entropy of some of the written captions.
    fn loss(&self, batch: &[usize], features: &Tensor, seed: u64) -> Result<Loss> {
        let examples: Vec<_> = batch.iter().filter_map(|index| self.corpus.train.get(*index)).collect();
        let special = self.vocabulary.special();
        let [start, end, pad] = [special.start, special.end, special.pad].map(|token| i64::from(token.0));
        let rows = batch::rows(&examples, start, end, pad, seed, features.device())
            .context("a batch without a caption")?;
        let regularisation = &self.experiment.regularisation;
        let context =
            self.model.decoder.context(features, regularisation.feature_dropout, true).rows(&rows.pictures);
        let (value, nats) =
            self.model.decoder.loss(&context, &rows.inputs, &rows.targets, &rows.lengths, regularisation);
        Ok(Loss { value, nats, reward: None })
    }

    /// Puts the weights that lie between those before the self-critical stage and those learnt in it in the place of the
    /// best; done twice, it is the same.
    fn keep_share(&mut self, share: f64, cache: Option<&Cache>) -> Result<()> {
        let [before, learnt, best] =
            [files::BEFORE, files::LEARNT, files::BEST].map(|name| self.run.join(name));
        if !best.exists() {
            return Ok(());
        }
        if !learnt.exists() {
            let tensors: Vec<_> = checkpoint::read_tensors(&best)?.into_iter().collect();
            checkpoint::write_tensors(&learnt, &tensors)?;
        }
        let (before, learnt) = (checkpoint::read_tensors(&before)?, checkpoint::read_tensors(&learnt)?);
        let kept = average::between(&before, &learnt, share);
        checkpoint::write_tensors(&best, &kept)?;
        average::put(&self.model.weights, &kept.into_iter().collect());
        let cider = self.measure(cache)?;
        eprintln!("at {share} of the way from before the stage: dev CIDEr {cider}");
        self.state.progress.best = cider.weighted;
        self.log.write(&Record::Kept { share, cider: cider.sets })
    }

    /// The dev score of the weights as they are.
    fn measure(&self, cache: Option<&Cache>) -> Result<DevScore> {
        measure::dev(self.model, self.corpus, self.vocabulary, self.experiment, cache)
    }

    /// The features of the encoder as it stands, computed once for each stage that needs them.
    fn cache(&self, objective: &Objective) -> Result<Cache> {
        let path =
            self.run.join(if objective.is_self_critical() { files::FINAL_FEATURES } else { files::FEATURES });
        if objective.is_self_critical() && !path.exists() {
            let tensors = match &self.arguments.encoder_bundle {
                Some(bundle) => {
                    let workshop = self.run.join("final-encoder");
                    features::of_bundle(bundle, self.experiment, self.corpus, &workshop)?
                }
                None => prepare::cached(self.corpus, |examples, what| {
                    prepare::features(self.model, &self.experiment.preprocessing(), examples, what)
                })?,
            };
            checkpoint::write_tensors(&path, &tensors)?;
        }
        Cache::open(&path, self.corpus.train.len(), self.model.weights.device())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    use crate::encoder::EncoderChoice;
    use crate::experiment::Regularisation;

    /// Two pictures, a caption each: what the training step does ends in the greedy search saying them, by every decoder.
    #[test]
    fn two_captions_are_learnt_by_heart() {
        for decoder in [
            "kind = 'attend'\nattention_size = 12",
            "kind = 'inject'",
            "kind = 'merge'\ncell = 'gru'",
            "kind = 'inject'\nimage = 'initial_state'\nlayers = 2",
        ] {
            learnt_by_heart(decoder);
        }
    }

    fn learnt_by_heart(decoder: &str) {
        tch::manual_seed(4);
        let sizes = "feature_size = 24\nembedding_size = 16\nhidden_size = 24\n";
        let choice = toml::from_str(&format!("{sizes}{decoder}")).expect("a decoder");
        let encoder = EncoderChoice { width: Some(0.1), ..EncoderChoice::default() };
        let model = Model::new(Device::Cpu, 10, &encoder, &choice);
        let dark = Tensor::zeros([1, 49, model.encoder.channels()], (Kind::Float, Device::Cpu));
        let features = Tensor::cat(&[&dark, &dark.ones_like()], 0);
        let captions = [vec![4i64, 5, 6, 7], vec![8, 5, 9]];
        let examples = captions.clone().map(|caption| batch::Example {
            file: PathBuf::new(),
            captions: vec![caption],
            captions_per_step: 1,
            symmetric: true,
        });
        let regularisation = Regularisation {
            label_smoothing: 0.0,
            feature_dropout: 0.0,
            embedding_dropout: 0.0,
            output_dropout: 0.0,
            attention: 0.0,
            weight_decay: 0.0,
            gradient_norm: 5.0,
        };
        let mut optimiser = AdamW::new(&model.weights, 0.0, 5.0);
        let mut average = Average::new(&model.weights, 0.5);
        for _ in 0..150 {
            let rows =
                batch::rows(&[&examples[0], &examples[1]], 1, 2, 0, 0, Device::Cpu).expect("two captions");
            let context = model.decoder.context(&features, 0.0, true).rows(&rows.pictures);
            let loss =
                model.decoder.loss(&context, &rows.inputs, &rows.targets, &rows.lengths, &regularisation);
            optimiser.step(&loss.0, 1e-2, 0.0);
            average.update(&model.weights);
        }
        let said = average.within(&model.weights, || model.caption(&features, 1, 2, &[0, 1, 3], 8));
        assert_eq!(said, captions, "{decoder}");
    }
}
