//! What a stage shows of itself while it runs: how well it does, and how fast.

use std::time::Instant;

use indicatif::ProgressBar;
use tch::{Tensor, no_grad};

use super::Objective;
use super::state::Record;

/// What one step minimises, and what is shown of it.
#[derive(Debug)]
pub(super) struct Loss {
    /// What is minimised, with its gradient.
    pub(super) value: Tensor,
    /// The cross-entropy of what was learnt from, in nats a word.
    pub(super) nats: Tensor,
    /// The mean score of the captions that were drawn (CIDEr-D, 0 to 1000), where any were.
    pub(super) reward: Option<f64>,
}

/// Means and throughput since it was started.
pub(super) struct Meter {
    started: Instant,
    nats: f64,
    reward: f64,
    steps: usize,
    pictures: usize,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), nats: 0.0, reward: 0.0, steps: 0, pictures: 0 }
    }

    pub(super) fn add(&mut self, loss: &Loss, pictures: usize) {
        self.nats += no_grad(|| loss.nats.double_value(&[]));
        self.reward += loss.reward.unwrap_or(0.0);
        self.steps += 1;
        self.pictures += pictures;
    }

    fn mean(&self, sum: f64) -> f64 {
        sum / self.steps.max(1) as f64
    }

    pub(super) fn record(
        &self,
        (stage, objective): (usize, &Objective),
        epoch: usize,
        step: usize,
        rate: f64,
    ) -> Record {
        Record::Steps {
            stage,
            epoch,
            step,
            nats: self.mean(self.nats),
            reward: objective.is_self_critical().then(|| self.mean(self.reward)),
            learning_rate: rate,
            pictures_per_second: self.pictures as f64 / self.started.elapsed().as_secs_f64(),
        }
    }

    /// Moves the bar on, and says beside it how well it goes.
    pub(super) fn show(&self, bar: &ProgressBar, pictures: usize, objective: &Objective) {
        bar.inc(pictures as u64);
        let message = bar.message();
        let title = message.split(" (").next().unwrap_or_default();
        bar.set_message(if objective.is_self_critical() {
            format!("{title} (drawn captions' CIDEr {:.1})", self.mean(self.reward))
        } else {
            format!("{title} ({:.2} nats a word)", self.mean(self.nats))
        });
    }
}
