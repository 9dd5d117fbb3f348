//! How good captions are: BLEU, METEOR, ROUGE-L and CIDEr over words, pure functions that know no tensor.
//!
//! Every number agrees with PyPI's `pycocoevalcap`, its quirks included (each module names its own), because published
//! scores were computed so. All results are percentages: 0..=100, except CIDEr, whose customary "times 100" leaves
//! 0..=1000 and which lies near 100 for good captions.

pub mod bleu;
pub mod cider;
#[cfg(test)]
mod golden;
pub mod meteor;
pub mod ngram;
pub mod ptb;
pub mod rouge_l;

use serde::{Deserialize, Serialize};

/// The scores of one candidate for each picture of a set. CIDEr depends on the whole set (its document frequencies),
/// so a score without the name of its set says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// How many pictures were scored.
    pub images: usize,
    /// Corpus BLEU up to single words, 0..=100.
    pub bleu1: f64,
    /// Corpus BLEU up to pairs of words, 0..=100.
    pub bleu2: f64,
    /// Corpus BLEU up to three words, 0..=100.
    pub bleu3: f64,
    /// Corpus BLEU up to four words, 0..=100.
    pub bleu4: f64,
    /// Mean ROUGE-L, 0..=100.
    pub rouge_l: f64,
    /// Mean CIDEr-D times 100.
    pub cider: f64,
    /// Mean plain CIDEr times 100.
    pub cider_plain: f64,
}

/// Why a set of candidates cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// The two lists are not of the same pictures.
    #[error("{candidates} candidates for {pictures} pictures: give exactly one for each")]
    Unequal {
        /// How many candidates were given.
        candidates: usize,
        /// How many pictures have references.
        pictures: usize,
    },
    /// Nothing to score.
    #[error("there is no picture to score")]
    Nothing,
    /// A picture without a reference.
    #[error("picture {index} has no reference caption: leave it out of the set")]
    NoReference {
        /// The picture's place in the list, from 0.
        index: usize,
    },
}

/// All scores but METEOR, which has a module of its own, of `candidates` (one sentence of words for each picture) against `references` (one list of sentences for
/// each picture, in the same order). Words are as [`ptb::tokenise`] makes them.
pub fn score(candidates: &[Vec<String>], references: &[Vec<Vec<String>>]) -> Result<Scores, MetricsError> {
    if candidates.len() != references.len() {
        return Err(MetricsError::Unequal { candidates: candidates.len(), pictures: references.len() });
    }
    if candidates.is_empty() {
        return Err(MetricsError::Nothing);
    }
    if let Some(index) = references.iter().position(Vec::is_empty) {
        return Err(MetricsError::NoReference { index });
    }
    let [bleu1, bleu2, bleu3, bleu4] = bleu::corpus(candidates, references);
    let (rouge_l, _) = rouge_l::mean(candidates, references);
    let weighed = cider::Cider::new(references);
    let (cider, _) = weighed.score(candidates);
    let (cider_plain, _) = weighed.score_plain(candidates);
    Ok(Scores { images: candidates.len(), bleu1, bleu2, bleu3, bleu4, rouge_l, cider, cider_plain })
}

/// The arithmetic mean; 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_set_that_cannot_be_scored_is_named() {
        let one = vec![sentence("a dog")];
        let referenced = vec![vec![sentence("a dog runs")]];
        assert_eq!(score(&[], &[]), Err(MetricsError::Nothing));
        assert_eq!(score(&one, &[]), Err(MetricsError::Unequal { candidates: 1, pictures: 0 }));
        assert_eq!(score(&one, &[vec![]]), Err(MetricsError::NoReference { index: 0 }));
        assert!(score(&one, &referenced).is_ok());
    }

    #[test]
    fn the_references_themselves_are_perfect() {
        let texts =
            ["a black dog runs through snow", "two children play in a park", "a man rides a red bicycle"];
        let candidates: Vec<_> = texts.iter().map(|text| sentence(text)).collect();
        let references: Vec<_> = candidates.iter().map(|words| vec![words.clone()]).collect();
        let scores = score(&candidates, &references).expect("scores");
        for (name, value, perfect) in [
            ("bleu1", scores.bleu1, 100.0),
            ("bleu4", scores.bleu4, 100.0),
            ("rouge_l", scores.rouge_l, 100.0),
            ("cider", scores.cider, 1000.0),
            ("cider_plain", scores.cider_plain, 1000.0),
        ] {
            assert!((value - perfect).abs() < 1e-6, "{name} is {value}, not {perfect}");
        }
    }
}
