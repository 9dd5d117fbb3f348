//! METEOR (Denkowski and Lavie 2014, "Meteor Universal: Language Specific Translation Evaluation for Any Target
//! Language"), for English and its ranking task, as version 1.5 computes it through `pycocoevalcap`.
//!
//! Words of a candidate are paired with words of a reference that are the same, have one stem, are synonyms or
//! paraphrases; precision and recall of the pairs are weighed together, and scattered pairs cost more than whole runs.
//! The score of a set comes from counts summed over it, not from the mean of its pictures' scores.
//!
//! Synonyms, paraphrases, function words and abbreviations are data of the original tool, whose licences keep them out of
//! this repository. With its files ([`data`] names them) the score is [`Variant::Full`], METEOR as others publish it;
//! without, words are paired when they are the same or have one stem, every word counts alike, and the score is
//! [`Variant::ExactStem`]: lower, never to be compared with the other, and therefore never of the same name.

mod align;
pub mod data;
mod matches;
mod normalise;
mod paraphrases;
mod statistics;
mod synonyms;

#[cfg(test)]
mod golden;

use std::collections::BTreeSet;
use std::path::Path;

use rust_stemmers::{Algorithm, Stemmer};

use data::MeteorData;
pub use data::MeteorError;
use matches::{Sentence, find};
use paraphrases::Paraphrases;
use statistics::Statistics;

/// What pairs words, and so which number this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// All of Meteor 1.5's matchers, with its own data.
    Full,
    /// The same word and the same stem only, without data.
    ExactStem,
}

impl Variant {
    /// How the score is called for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Variant::Full => "METEOR",
            Variant::ExactStem => "METEOR (exact and stem matches only)",
        }
    }
}

/// The score of a set, and of each of its pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Meteor {
    /// Which number this is.
    pub variant: Variant,
    /// The score of the whole set, 0..=100.
    pub score: f64,
    /// The score of each picture, 0..=100. Their mean is not the score of the set.
    pub each: Vec<f64>,
}

/// Scores `candidates` (one sentence for each picture) against `references` (one list of sentences for each picture, in
/// the same order); of a picture's references the best one counts. Words are as [`super::ptb::tokenise`] makes them.
///
/// `data` is the folder of Meteor's own files; reading its paraphrases takes seconds, and memory only for those of the
/// words that occur.
pub fn score(
    data: Option<&Path>,
    candidates: &[Vec<String>],
    references: &[Vec<Vec<String>>],
) -> Result<Meteor, MeteorError> {
    let judge = Judge::new(data, references, candidates.iter().flatten())?;
    let mut total = Statistics::default();
    let mut each = Vec::with_capacity(candidates.len());
    for (picture, candidate) in candidates.iter().enumerate().take(references.len()) {
        let best = judge.best(picture, candidate);
        each.push(100.0 * best.score());
        total += best;
    }
    Ok(Meteor { variant: judge.variant(), score: 100.0 * total.score(), each })
}

/// The references of a set, made ready once and then compared with candidates as often as wanted.
pub struct Judge {
    variant: Variant,
    stemmer: Stemmer,
    data: MeteorData,
    paraphrases: Paraphrases,
    references: Vec<Vec<Sentence>>,
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (variant, pictures) = (self.variant, self.references.len());
        formatter
            .debug_struct("Judge")
            .field("variant", &variant)
            .field("pictures", &pictures)
            .finish_non_exhaustive()
    }
}

impl Judge {
    /// Makes `references` ready, one list of sentences for each picture. `data` as in [`score`]; `words`: those that
    /// candidates may have, for of others no paraphrases are read.
    pub fn new<'a>(
        data: Option<&Path>,
        references: &[Vec<Vec<String>>],
        words: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, MeteorError> {
        let (variant, data) = match data {
            Some(folder) => (Variant::Full, MeteorData::open(folder)?),
            None => (Variant::ExactStem, MeteorData::default()),
        };
        let normal = |words: &[String]| normalise::words(&words.join(" "), &data.abbreviations);
        let references: Vec<Vec<Vec<String>>> = references
            .iter()
            .map(|sentences| sentences.iter().map(|words| normal(words)).collect())
            .collect();
        let paraphrases = match &data.paraphrases {
            Some(file) => {
                let words: Vec<String> =
                    words.into_iter().flat_map(|word| normal(std::slice::from_ref(word))).collect();
                let occurring: BTreeSet<&str> =
                    references.iter().flatten().flatten().chain(&words).map(String::as_str).collect();
                Paraphrases::open(file, &occurring)?
            }
            None => Paraphrases::default(),
        };
        let stemmer = Stemmer::create(Algorithm::English);
        let mut judge = Self { variant, stemmer, data, paraphrases, references: Vec::new() };
        judge.references = references
            .into_iter()
            .map(|sentences| sentences.into_iter().map(|words| judge.sentence(words)).collect())
            .collect();
        Ok(judge)
    }

    /// Which number it gives.
    #[must_use]
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// METEOR of one caption of picture `picture`, 0..=100; 0 for a picture that the set does not have.
    #[must_use]
    pub fn score_one(&self, picture: usize, words: &[String]) -> f64 {
        100.0 * self.best(picture, words).score()
    }

    /// The counts against the picture's reference with the highest score; of equally good ones, against the first.
    fn best(&self, picture: usize, candidate: &[String]) -> Statistics {
        let candidate = self.sentence(normalise::words(&candidate.join(" "), &self.data.abbreviations));
        let mut best: Option<(f64, Statistics)> = None;
        for reference in self.references.get(picture).into_iter().flatten() {
            let pairs = align::align(&find(&candidate, reference, &self.paraphrases));
            let statistics = Statistics::new(&candidate, reference, &pairs);
            let score = statistics.score();
            if best.as_ref().is_none_or(|(highest, _)| score > *highest) {
                best = Some((score, statistics));
            }
        }
        best.map(|(_, statistics)| statistics).unwrap_or_default()
    }

    fn sentence(&self, words: Vec<String>) -> Sentence {
        Sentence {
            stems: words.iter().map(|word| self.stemmer.stem(word).into_owned()).collect(),
            synonyms: words.iter().map(|word| self.data.synonyms.sets(word)).collect(),
            numbers: words.iter().map(|word| self.paraphrases.number(word)).collect(),
            function: words.iter().map(|word| self.data.function_words.contains(word)).collect(),
            words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_judge_scores_one_as_the_whole_set_is_scored() {
        let references = [
            vec![sentence("a dog runs on grass"), sentence("the brown dog is running")],
            vec![sentence("two children play")],
        ];
        let candidates = [sentence("a dog is running"), sentence("two children play")];
        let judge = Judge::new(None, &references, []).expect("no data to read");
        let whole = score(None, &candidates, &references).expect("no data to read");
        assert_eq!((judge.variant(), whole.variant), (Variant::ExactStem, Variant::ExactStem));
        let each: Vec<f64> =
            candidates.iter().enumerate().map(|(picture, words)| judge.score_one(picture, words)).collect();
        assert_eq!(each, whole.each);
        assert!(each[0] > 0.0 && each[0] < 100.0 && (each[1] - 100.0).abs() < 1e-9, "{each:?}");
        for (picture, words) in [(0, vec![]), (0, sentence("cars")), (2, sentence("two children play"))] {
            assert!(judge.score_one(picture, &words).abs() < 1e-9, "{picture} {words:?}");
        }
    }
}
