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
    let (variant, data) = match data {
        Some(folder) => (Variant::Full, MeteorData::open(folder)?),
        None => (Variant::ExactStem, MeteorData::default()),
    };
    let words = |words: &Vec<String>| normalise::words(&words.join(" "), &data.abbreviations);
    let candidates: Vec<Vec<String>> = candidates.iter().map(words).collect();
    let references: Vec<Vec<Vec<String>>> =
        references.iter().map(|sentences| sentences.iter().map(words).collect()).collect();

    let occurring: BTreeSet<&str> =
        candidates.iter().chain(references.iter().flatten()).flatten().map(String::as_str).collect();
    let paraphrases = match &data.paraphrases {
        Some(file) => Paraphrases::open(file, &occurring)?,
        None => Paraphrases::default(),
    };
    let matcher = Matcher { stemmer: Stemmer::create(Algorithm::English), data: &data, paraphrases };

    let mut total = Statistics::default();
    let mut each = Vec::with_capacity(candidates.len());
    for (candidate, references) in candidates.iter().zip(&references) {
        let best = matcher.best(candidate, references);
        each.push(100.0 * best.score());
        total += best;
    }
    Ok(Meteor { variant, score: 100.0 * total.score(), each })
}

/// All that pairs words.
struct Matcher<'a> {
    stemmer: Stemmer,
    data: &'a MeteorData,
    paraphrases: Paraphrases,
}

impl Matcher<'_> {
    /// The counts against the reference with the highest score; of equally good ones, against the first.
    fn best(&self, candidate: &[String], references: &[Vec<String>]) -> Statistics {
        let candidate = self.sentence(candidate);
        let mut best: Option<(f64, Statistics)> = None;
        for reference in references {
            let reference = self.sentence(reference);
            let pairs = align::align(&find(&candidate, &reference, &self.paraphrases));
            let statistics = Statistics::new(&candidate, &reference, &pairs);
            let score = statistics.score();
            if best.as_ref().is_none_or(|(highest, _)| score > *highest) {
                best = Some((score, statistics));
            }
        }
        best.map(|(_, statistics)| statistics).unwrap_or_default()
    }

    fn sentence<'a>(&self, words: &'a [String]) -> Sentence<'a> {
        Sentence {
            words,
            stems: words.iter().map(|word| self.stemmer.stem(word).into_owned()).collect(),
            synonyms: words.iter().map(|word| self.data.synonyms.sets(word)).collect(),
            numbers: words.iter().map(|word| self.paraphrases.number(word)).collect(),
            function: words.iter().map(|word| self.data.function_words.contains(word)).collect(),
        }
    }
}
