//! One stage of a run: its epochs and steps, what is measured after each, and what is saved so that nothing is lost.

use std::fs;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use descry_models::Vocabulary;
use tch::Tensor;

use super::average::{self, Average};
use super::batch::{self, seed_of};
use super::cache::Cache;
use super::curves::Curves;
use super::loader::{self, Failures, Loaded, Reading};
use super::loss::Sums;
use super::measure::{self, DevScore};
use super::meter::Meter;
use super::mixed::Mixed;
use super::optimiser::AdamW;
use super::peers::Peers;
use super::state::{Log, Record, State};
use super::{Objective, TrainArguments, features, schedule};
use crate::checkpoint::{self, Progress};
use crate::corpus::Corpus;
use crate::experiment::{Experiment, Precision, Stage};
use crate::model::Model;
use crate::prepare::{self, files};
use crate::progress;

/// How often the middle of an epoch is saved.
const CHECKPOINT: Duration = Duration::from_mins(5);
/// Steps between two lines of the log.
const LOG_STEPS: usize = 25;

/// What a run holds while it learns.
pub(super) struct Training<'run> {
    pub(super) arguments: &'run TrainArguments,
    pub(super) run: &'run Path,
    pub(super) experiment: &'run Experiment,
    pub(super) vocabulary: &'run Vocabulary,
    pub(super) corpus: &'run Corpus,
    pub(super) model: &'run Model,
    pub(super) peers: &'run Peers,
    pub(super) state: State,
    pub(super) log: Log,
    pub(super) curves: Curves,
    pub(super) steps_left: usize,
}

/// Pictures of a process's part of a batch, by their places in the part and in the corpus, with their features.
type Seen = (Vec<(usize, usize)>, Option<Tensor>);

/// What learns in a stage, and how.
struct Learner<'stage> {
    number: usize,
    stage: &'stage Stage,
    objective: &'stage Objective,
    optimiser: AdamW,
    average: Average,
    /// Where the encoder stays as it is.
    cache: Option<Cache>,
    /// Where the encoder computes in 16 bits.
    mixed: Option<Mixed>,
}

impl Training<'_> {
    /// One stage, from where the run stands to its last epoch or to the end of patience. False: told to stop before.
    pub(super) fn stage(&mut self, number: usize, stage: &Stage, objective: &Objective) -> Result<bool> {
        if self.state.progress.stage > number {
            return Ok(true);
        }
        let mut learner = self.learner(number, stage, objective)?;
        while self.state.progress.epoch < stage.epochs
            && self.state.progress.epochs_since_best <= self.experiment.patience
        {
            if !self.epoch(&mut learner)? {
                self.save(&learner)?;
                return Ok(false);
            }
            self.judge(&learner)?;
            self.save(&learner)?;
        }
        if let Objective::SelfCritical(critic) = objective {
            self.keep_share(critic.share(), learner.cache.as_ref())?;
        }
        // The next stage goes on from the best weights; the state holds them, so that it needs no other file.
        self.state.progress = self.state.progress.next_stage();
        self.peers.wait();
        let best = self.run.join(files::BEST);
        if best.exists() {
            average::put(&self.model.weights, &checkpoint::read_tensors(&best)?);
        }
        learner.optimiser = self.optimiser();
        learner.average = Average::new(&self.model.weights, self.experiment.average_decay);
        self.save(&learner)?;
        Ok(true)
    }

    fn optimiser(&self) -> AdamW {
        let regularisation = &self.experiment.regularisation;
        AdamW::new(&self.model.weights, regularisation.weight_decay, regularisation.gradient_norm)
    }

    /// What learns in a stage, as it stood when the run was saved.
    fn learner<'stage>(
        &mut self,
        number: usize,
        stage: &'stage Stage,
        objective: &'stage Objective,
    ) -> Result<Learner<'stage>> {
        let mut optimiser = self.optimiser();
        let mut average = Average::new(&self.model.weights, self.experiment.average_decay);
        self.state.restore(self.model, &mut optimiser, &mut average)?;
        let is_new = self.state.progress.epoch == 0 && self.state.progress.step == 0;
        if objective.is_self_critical() && is_new && self.peers.is_first() {
            let before: Vec<_> = self.model.weights.variables().into_iter().collect();
            checkpoint::write_tensors(&self.run.join(files::BEFORE), &before)?;
            // What an earlier training in the same folder left belongs to other weights.
            for stale in [files::FINAL_FEATURES, files::LEARNT].map(|name| self.run.join(name)) {
                if stale.exists() {
                    fs::remove_file(&stale).with_context(|| format!("cannot remove {}", stale.display()))?;
                }
            }
        }
        let frozen = stage.encoder_learning_rate == 0.0;
        let cache = if frozen && stage.epochs > 0 { Some(self.cache(objective)?) } else { None };
        let is_mixed = !frozen && self.experiment.precision == Precision::Bfloat16;
        let mixed = is_mixed.then(|| Mixed::new(self.model, self.experiment));
        Ok(Learner { number, stage, objective, optimiser, average, cache, mixed })
    }

    fn save(&mut self, learner: &Learner<'_>) -> Result<()> {
        self.state.save(self.model, &learner.optimiser, &learner.average, &self.log)
    }

    /// Measures the weights after an epoch, keeps them where they are the best, and moves on to the next.
    fn judge(&mut self, learner: &Learner<'_>) -> Result<()> {
        let average = &learner.average;
        let cider = average.within(&self.model.weights, || self.measure(learner.cache.as_ref()))?;
        let progress = &mut self.state.progress;
        let better = cider.weighted > progress.best;
        *progress = Progress { epoch: progress.epoch + 1, step: 0, ..progress.clone() };
        if better {
            progress.best = cider.weighted;
            progress.epochs_since_best = 0;
            if self.peers.is_first() {
                checkpoint::write_tensors(&self.run.join(files::BEST), &average.weights())?;
            }
        } else {
            progress.epochs_since_best += 1;
        }
        let (number, epoch) = (learner.number, progress.epoch);
        let falls = schedule::after_epoch(learner.stage.schedule, progress, better);
        if self.peers.is_first() {
            eprintln!("stage {number}, epoch {epoch}: dev CIDEr {cider}");
            if falls {
                eprintln!("no better for a while: the rates are now {} of the highest", progress.rate_share);
            }
        }
        let best = progress.best;
        self.write(&Record::Dev { stage: number, epoch, cider: cider.sets, best })
    }

    fn write(&mut self, record: &Record) -> Result<()> {
        self.curves.add(&serde_json::to_string(record)?);
        self.log.write(record)
    }

    /// One pass over the training pictures, or what is left of it. False: told to stop before its end.
    fn epoch(&mut self, learner: &mut Learner<'_>) -> Result<bool> {
        let &mut Learner { number, stage, objective, .. } = learner;
        let examples = &self.corpus.train;
        let (epoch, first) = (self.state.progress.epoch, self.state.progress.step);
        let seed = seed_of(self.experiment.seed, [number as u64, epoch as u64, 0]);
        let (rank, processes) = (self.peers.rank(), self.peers.count());
        let batches = batch::order(examples.len(), stage.batch_pictures * processes, seed);
        let (steps, total) = (batches.len(), batches.len() * stage.epochs);
        let (parts, places): (Vec<Vec<usize>>, Vec<usize>) = (batches.iter().skip(first))
            .map(|batch| batch::part(batch, rank, processes))
            .map(|(part, place)| (part.to_vec(), place))
            .unzip();
        let mut pictures = learner.cache.is_none().then(|| {
            let augmentation = Some(stage.augmentation);
            let preprocessing = self.experiment.preprocessing();
            let reading = Reading { preprocessing, augmentation, seed, first, places: places.clone() };
            loader::pixels(examples, parts.clone(), &reading)
        });
        let title = format!("stage {number}, epoch {} of {}", epoch + 1, stage.epochs);
        let bar = progress::bar(examples.len() as u64, &title, "pictures");
        bar.begin_at((first * stage.batch_pictures * processes).min(examples.len()) as u64);
        bar.set_note(|| self.curves.lines());
        let (mut since, mut meter, mut failed) = (Instant::now(), Meter::start(), Failures::default());
        for (step, (part, place)) in (first..steps).zip(parts.iter().zip(places)) {
            if self.steps_left == 0 {
                return Ok(false);
            }
            self.steps_left -= 1;
            tch::manual_seed(seed_of(seed, [2, step as u64, rank as u64]) as i64);
            let (part, features) = self.features(learner, part, &mut pictures, &mut failed)?;
            let sums = match (&features, objective) {
                (None, _) => Sums::default(),
                (Some(features), Objective::CrossEntropy) => {
                    let seeds = |index: usize| seed_of(seed, [3, step as u64, (place + index) as u64]);
                    self.written(&part, features, seeds)
                }
                (Some(features), Objective::SelfCritical(critic)) => {
                    let indices: Vec<usize> = part.iter().map(|(_, index)| *index).collect();
                    critic.loss(self.model, self.corpus, &indices, features)?
                }
            };
            let rate = schedule::share(
                stage.schedule,
                epoch * steps + step,
                total,
                stage.warmup_steps,
                self.state.progress.rate_share,
            );
            let (loss, means) = sums.over(self.peers);
            self.learn(learner, loss.as_ref(), rate);
            let size = batches.get(step).map_or(0, Vec::len);
            meter.add(means, size);
            self.state.progress.step = step + 1;
            bar.inc(size as u64);
            bar.set_message(format!("{title} ({})", meter.summary()));
            if (step + 1) % LOG_STEPS == 0 {
                let rate = rate * stage.learning_rate;
                self.write(&meter.record(number, epoch + 1, step + 1, rate))?;
                bar.set_note(|| self.curves.lines());
                meter = Meter::start();
            }
            if since.elapsed() > CHECKPOINT {
                self.save(learner)?;
                since = Instant::now();
            }
        }
        bar.finish_and_clear();
        failed.say(&title);
        if failed.count() > 0 {
            self.write(&Record::LeftOut { stage: number, epoch: epoch + 1, pictures: failed.count() })?;
        }
        Ok(true)
    }

    /// The features of this process's part of a batch; and of those of its pictures that could be read, the places in the
    /// part and in the corpus. None when there is none.
    fn features(
        &self,
        learner: &Learner<'_>,
        part: &[usize],
        pictures: &mut Option<Receiver<Loaded>>,
        failed: &mut Failures,
    ) -> Result<Seen> {
        let numbered = || part.iter().copied().enumerate();
        match (&learner.cache, pictures) {
            (Some(_), _) if part.is_empty() => Ok((Vec::new(), None)),
            (Some(cache), _) => Ok((numbered().collect(), Some(cache.train(part)))),
            (None, Some(pictures)) => {
                let loaded = pictures.recv().context("the reader of pictures ended early")?;
                failed.add(&loaded);
                let usable = numbered().filter(|(place, _)| loaded.usable.contains(place)).collect();
                let features = loaded.pixels.map(|pixels| {
                    let pixels = pixels.to_device(self.model.weights.device());
                    match &learner.mixed {
                        Some(mixed) => mixed.features(self.model, &pixels),
                        None => self.model.encoder.features(&pixels),
                    }
                });
                Ok((usable, features))
            }
            (None, None) => unreachable!("a stage reads the cache or the pictures"),
        }
    }

    /// Moves the weights by what this process and the others have learnt.
    fn learn(&self, learner: &mut Learner<'_>, loss: Option<&Tensor>, rate: f64) {
        let stage = learner.stage;
        let mut gradients = match loss {
            Some(loss) => learner.optimiser.gradients(loss),
            None => learner.optimiser.no_gradients(),
        };
        if let (Some(mixed), Some(_)) = (&learner.mixed, loss) {
            mixed.fill(&learner.optimiser, &mut gradients);
        }
        if self.peers.count() > 1 {
            // All processes must add up the same weights' gradients.
            learner.optimiser.complete(&mut gradients, stage.encoder_learning_rate > 0.0);
        }
        let gradients = self.peers.sum_gradients(gradients);
        learner.optimiser.step(gradients, rate * stage.learning_rate, rate * stage.encoder_learning_rate);
        learner.average.update(&self.model.weights);
    }

    /// What some of the written captions of these pictures, by their places in the part and in the corpus, teach.
    fn written(&self, part: &[(usize, usize)], features: &Tensor, seed: impl Fn(usize) -> u64) -> Sums {
        let examples: Vec<_> = (part.iter())
            .filter_map(|(place, index)| Some((self.corpus.train.get(*index)?, seed(*place))))
            .collect();
        let special = self.vocabulary.special();
        let [start, end, pad] = [special.start, special.end, special.pad].map(|token| i64::from(token.0));
        let Some(rows) = batch::rows(&examples, start, end, pad, features.device()) else {
            return Sums::default();
        };
        let regularisation = &self.experiment.regularisation;
        let context =
            self.model.decoder.context(features, regularisation.feature_dropout, true).rows(&rows.pictures);
        let dropout = (regularisation.embedding_dropout, regularisation.output_dropout);
        let forced = self.model.decoder.forced(&context, &rows.inputs, &rows.targets, &rows.lengths, dropout);
        Sums::written(&forced, regularisation)
    }

    /// Puts the weights that lie between those before the self-critical stage and those learnt in it in the place of the
    /// best; done twice, it is the same.
    fn keep_share(&mut self, share: f64, cache: Option<&Cache>) -> Result<()> {
        let [before, learnt, best] =
            [files::BEFORE, files::LEARNT, files::BEST].map(|name| self.run.join(name));
        self.peers.wait();
        if !best.exists() {
            return Ok(());
        }
        if self.peers.is_first() && !learnt.exists() {
            let tensors: Vec<_> = checkpoint::read_tensors(&best)?.into_iter().collect();
            checkpoint::write_tensors(&learnt, &tensors)?;
        }
        self.peers.wait();
        let (before, learnt) = (checkpoint::read_tensors(&before)?, checkpoint::read_tensors(&learnt)?);
        let kept = average::between(&before, &learnt, share);
        if self.peers.is_first() {
            checkpoint::write_tensors(&best, &kept)?;
        }
        average::put(&self.model.weights, &kept.into_iter().collect());
        let cider = self.measure(cache)?;
        if self.peers.is_first() {
            eprintln!("at {share} of the way from before the stage: dev CIDEr {cider}");
        }
        self.state.progress.best = cider.weighted;
        self.write(&Record::Kept { share, cider: cider.sets })
    }

    /// The dev score of the weights as they are, which the first process computes.
    fn measure(&self, cache: Option<&Cache>) -> Result<DevScore> {
        let numbers = self.peers.of_first(1 + self.corpus.dev.len(), || {
            measure::dev(self.model, self.corpus, self.vocabulary, self.experiment, cache)
                .map(|score| score.numbers())
        })?;
        Ok(DevScore::of_numbers(&numbers, self.corpus))
    }

    /// The features of the encoder as it stands, computed once for each stage that needs them.
    fn cache(&self, objective: &Objective) -> Result<Cache> {
        let path =
            self.run.join(if objective.is_self_critical() { files::FINAL_FEATURES } else { files::FEATURES });
        if objective.is_self_critical() && self.peers.is_first() && !path.exists() {
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
        self.peers.wait();
        Cache::open(&path, self.corpus.train.len(), self.model.weights.device())
    }
}
