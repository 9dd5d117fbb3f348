//! What a step makes small, as sums and counts, so that several processes which each know a part get the loss of the whole.

use tch::{Kind, Reduction, Tensor, no_grad};

use super::peers::Peers;
use crate::decoder::Forced;
use crate::experiment::Regularisation;

/// Sums over the words and places of a batch, or of one process's part of it.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// What is learnt from, summed over words, with its gradient; None where there was nothing.
    learnt: Option<Tensor>,
    /// How unevenly places were looked at, summed over them and weighed, with its gradient;
    /// of decoders that look.
    uneven: Option<Tensor>,
    words: f64,
    places: f64,
    /// The cross-entropy, summed over words, in nats.
    nats: f64,
    /// The scores of captions that were drawn (CIDEr-D, 0 to 1000), and how many there were.
    rewards: f64,
    captions: f64,
}

/// What a step was like, over all processes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Means {
    /// The cross-entropy of what was learnt from, in nats a word.
    pub(super) nats: f64,
    /// The mean score of the captions that were drawn, where any were.
    pub(super) reward: Option<f64>,
}

impl Sums {
    /// Of written captions: their cross-entropy with label smoothing (Szegedy et al. 2016), and the doubly stochastic
    /// attention term (Xu et al. 2015, equation 14).
    pub(super) fn written(forced: &Forced, regularisation: &Regularisation) -> Self {
        let entropy = |smoothing| {
            forced.logits.cross_entropy_loss(&forced.wanted, None::<Tensor>, Reduction::Sum, -100, smoothing)
        };
        let uneven = |looked: &Tensor| (looked - 1.0).square().sum(Kind::Float) * regularisation.attention;
        Self {
            learnt: Some(entropy(regularisation.label_smoothing)),
            uneven: forced.looked.as_ref().map(uneven),
            words: forced.wanted.numel() as f64,
            places: forced.looked.as_ref().map_or(0, Tensor::numel) as f64,
            nats: no_grad(|| entropy(0.0).double_value(&[])),
            ..Self::default()
        }
    }

    /// Of drawn captions: the log probability of each word, and how much better than others its caption scored.
    pub(super) fn drawn(log_probabilities: &Tensor, advantages: &Tensor, scores: &[f64]) -> Self {
        Self {
            learnt: Some(-(log_probabilities * advantages).sum(Kind::Float)),
            words: log_probabilities.numel() as f64,
            nats: -log_probabilities.detach().sum(Kind::Float).double_value(&[]),
            rewards: scores.iter().sum(),
            captions: scores.len() as f64,
            ..Self::default()
        }
    }

    /// The part of this process in the loss of all, a mean over all words; None when this process has none. And what the
    /// step was like for all, unless there was nothing at all to learn from.
    pub(super) fn over(&self, peers: &Peers) -> (Option<Tensor>, Option<Means>) {
        let own = vec![self.words, self.places, self.nats, self.rewards, self.captions];
        let all = peers.sum(own);
        let [words, places, nats, rewards, captions] = all[..] else { return (None, None) };
        if words == 0.0 {
            return (None, None);
        }
        let learnt = self.learnt.as_ref().map(|sum| sum / words);
        let value = match (learnt, &self.uneven) {
            (Some(learnt), Some(uneven)) if places > 0.0 => Some(learnt + uneven / places),
            (learnt, _) => learnt,
        };
        let reward = (captions > 0.0).then(|| rewards / captions);
        (value, Some(Means { nats: nats / words, reward }))
    }
}
