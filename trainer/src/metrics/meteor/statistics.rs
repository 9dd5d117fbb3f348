//! What a score is made of: counts of words and pairs, which can be summed over pictures before the score is taken.

use std::ops::AddAssign;

use super::matches::{Pair, Sentence};

/// How much recall counts against precision.
const ALPHA: f64 = 0.85;
/// How steeply scattered pairs cost.
const BETA: f64 = 0.2;
/// How much scattered pairs cost at most.
const GAMMA: f64 = 0.6;
/// How much a content word counts; a function word counts the rest.
const DELTA: f64 = 0.75;
/// How much a pair counts, by [`super::matches::How`].
const WEIGHTS: [f64; 4] = [1.0, 0.6, 0.8, 0.6];

/// Counts of words, apart by whether they say something.
#[derive(Debug, Clone, Copy, Default)]
struct Words {
    content: u64,
    function: u64,
}

impl Words {
    fn add(&mut self, function: bool) {
        *(if function { &mut self.function } else { &mut self.content }) += 1;
    }
}

/// The counts of one sentence, or of many.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    all: Words,
    /// The words in pairs, by how they were paired.
    paired: [Words; WEIGHTS.len()],
}

impl Side {
    fn new<'a>(sentence: &Sentence, runs: impl Iterator<Item = (&'a Pair, (usize, usize))>) -> Side {
        let mut side = Side::default();
        sentence.function.iter().for_each(|function| side.all.add(*function));
        for (pair, (start, length)) in runs {
            for function in &sentence.function[start..start + length] {
                side.paired[pair.how as usize].add(*function);
            }
        }
        side
    }

    fn length(&self) -> u64 {
        self.all.content + self.all.function
    }

    fn pairs(&self) -> u64 {
        self.paired.iter().map(|words| words.content + words.function).sum()
    }

    /// The weighted share of the words that are in pairs; not a number for no words.
    ///
    /// Summed in the tool's order, to the last digit: references often tie but for that, and the first best one counts.
    fn share(&self) -> f64 {
        let mut paired = 0.0;
        for (words, weight) in self.paired.iter().zip(WEIGHTS) {
            paired += words.content as f64 * weight * DELTA;
        }
        for (words, weight) in self.paired.iter().zip(WEIGHTS) {
            paired += words.function as f64 * weight * (1.0 - DELTA);
        }
        paired / (DELTA * self.all.content as f64 + (1.0 - DELTA) * self.all.function as f64)
    }
}

/// The counts of a candidate against a reference, or their sums over many.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Statistics {
    candidate: Side,
    reference: Side,
    /// Runs of words that are paired in order.
    chunks: usize,
}

impl Statistics {
    /// Counts `pairs`, which are in the order of the reference.
    pub(super) fn new(candidate: &Sentence, reference: &Sentence, pairs: &[Pair]) -> Statistics {
        let end = |(start, length): (usize, usize)| start + length;
        let breaks = pairs.windows(2).filter(|pair| {
            end(pair[0].candidate) != pair[1].candidate.0 || end(pair[0].reference) != pair[1].reference.0
        });
        Statistics {
            candidate: Side::new(candidate, pairs.iter().map(|pair| (pair, pair.candidate))),
            reference: Side::new(reference, pairs.iter().map(|pair| (pair, pair.reference))),
            chunks: if pairs.is_empty() { 0 } else { 1 + breaks.count() },
        }
    }

    /// Whether both sentences are paired from end to end in one run, for which nothing is taken off.
    fn is_whole(&self) -> bool {
        self.candidate.pairs() == self.candidate.length()
            && self.reference.pairs() == self.reference.length()
            && self.chunks == 1
    }

    /// The score, 0..=1.
    pub(super) fn score(&self) -> f64 {
        let (precision, recall) = (self.candidate.share(), self.reference.share());
        let mean = 1.0 / ((1.0 - ALPHA) / precision + ALPHA / recall);
        let pairs = f64::midpoint(self.candidate.pairs() as f64, self.reference.pairs() as f64);
        let scattered = if self.is_whole() { 0.0 } else { self.chunks as f64 / pairs };
        let score = mean * (1.0 - GAMMA * scattered.powf(BETA));
        // Not a number where a sentence is empty or nothing is paired. `max` gives the other of the two then.
        score.max(0.0)
    }
}

/// Sums over pictures; the one run of a candidate that is its reference counts for nothing in the sum, too.
impl AddAssign for Statistics {
    fn add_assign(&mut self, other: Statistics) {
        for (side, other) in [(&mut self.candidate, other.candidate), (&mut self.reference, other.reference)]
        {
            let words = std::iter::once(&mut side.all).chain(&mut side.paired);
            for (words, other) in words.zip(std::iter::once(other.all).chain(other.paired)) {
                words.content += other.content;
                words.function += other.function;
            }
        }
        if !other.is_whole() {
            self.chunks += other.chunks;
        }
    }
}
