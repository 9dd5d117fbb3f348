//! What a stage tells of itself while it runs: how well it does, and how fast.

use std::time::Instant;

use super::loss::Means;
use super::state::Record;

/// Means and throughput since it was started.
pub(super) struct Meter {
    started: Instant,
    nats: f64,
    reward: Option<f64>,
    steps: usize,
    pictures: usize,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), nats: 0.0, reward: None, steps: 0, pictures: 0 }
    }

    /// Takes up a step with so many pictures; None when there was nothing to learn from.
    pub(super) fn add(&mut self, means: Option<Means>, pictures: usize) {
        self.pictures += pictures;
        let Some(means) = means else { return };
        self.nats += means.nats;
        if let Some(reward) = means.reward {
            self.reward = Some(self.reward.unwrap_or(0.0) + reward);
        }
        self.steps += 1;
    }

    fn mean(&self, sum: f64) -> f64 {
        sum / self.steps.max(1) as f64
    }

    pub(super) fn record(&self, stage: usize, epoch: usize, step: usize, rate: f64) -> Record {
        Record::Steps {
            stage,
            epoch,
            step,
            nats: self.mean(self.nats),
            reward: self.reward.map(|sum| self.mean(sum)),
            learning_rate: rate,
            pictures_per_second: self.pictures as f64 / self.started.elapsed().as_secs_f64(),
        }
    }

    /// How well it goes, in few words.
    pub(super) fn summary(&self) -> String {
        match self.reward {
            Some(sum) => format!("drawn captions' score {:.1}", self.mean(sum)),
            None => format!("{:.2} nats a word", self.mean(self.nats)),
        }
    }
}
