//! The best few of many ways to go on, without sorting them all.

use std::cmp::Ordering;

use super::Doubt;
use crate::TokenId;

/// One way to go on: the sentence `parent` with `token` next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The row of the sentence in the beam.
    pub(super) parent: usize,
    /// Its next token.
    pub(super) token: TokenId,
    /// The token's own.
    pub(super) token_log_probability: f32,
    /// The whole sentence's, without what the bias adds.
    pub(super) log_probability: f32,
    /// What it is ranked by: the same with what the bias adds, less what a search takes off.
    pub(super) rank: f32,
    /// How undecided the network was.
    pub(super) doubt: Doubt,
}

impl Candidate {
    /// Best first; sentences in a beam are equally long, so their sums compare as their scores do.
    fn order(&self, other: &Self) -> Ordering {
        let by_score = other.rank.total_cmp(&self.rank);
        by_score.then(self.parent.cmp(&other.parent)).then(self.token.cmp(&other.token))
    }
}

/// Keeps the best few of what it is given.
pub(super) struct Candidates {
    count: usize,
    /// Best first, never more than `count`.
    sorted: Vec<Candidate>,
}

impl Candidates {
    pub(super) fn new(count: usize) -> Self {
        Self { count, sorted: Vec::with_capacity(count + 1) }
    }

    /// Whether the candidate is better than the worst that is held, or there is still a place.
    pub(super) fn would_take(&self, candidate: &Candidate) -> bool {
        self.sorted.len() < self.count
            || self.sorted.last().is_some_and(|worst| candidate.order(worst) == Ordering::Less)
    }

    pub(super) fn insert(&mut self, candidate: Candidate) {
        let place = self.sorted.partition_point(|held| held.order(&candidate) == Ordering::Less);
        self.sorted.insert(place, candidate);
        self.sorted.truncate(self.count);
    }

    pub(super) fn into_sorted(self) -> Vec<Candidate> {
        self.sorted
    }
}
