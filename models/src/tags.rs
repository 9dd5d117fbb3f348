//! Tags: names of things that a picture may show, by the classes that the encoder learned to tell apart before it learned
//! to caption.
//!
//! The encoder gives a score for each class. Classes that nobody would name so have another's name, or none, and related
//! ones add up to what they have in common: 118 breeds at one hundredth each are a dog all the same. A softmax over the
//! classes says which of them a picture of one thing shows; how often a tag is right on photographs of many things is
//! another question, so that a logistic curve, fitted to tags that were looked at, makes the probability.

use serde::{Deserialize, Serialize};

use crate::ManifestError;

pub mod names;

pub use names::TagNames;

/// The most tags that are given for a picture.
pub const MAXIMUM_TAGS: usize = 8;

/// A thing that a picture may show.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Its name, such as `dog`, in the language of the model's captions.
    pub name: String,
    /// How probable it is that it is to be seen, in 0..=1.
    pub probability: f32,
    /// Whether it is sure enough to be told, and nothing that says more exactly what it is, such as the breed, is so too.
    pub is_sure: bool,
}

/// How the manifest says what the encoder's classes are called, and what their scores are worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagsSection {
    /// The encoder's output with the classes' scores: f32 `[1, classes]`, before any softmax.
    pub output: String,
    /// The file with the classes' names; see [`TagNames`].
    pub names: String,
    /// What the scores are divided by before the softmax; above 0.
    pub temperature: f32,
    /// The log odds of a tag, where those of its softmax are 0.
    pub intercept: f32,
    /// How much they grow with those of its softmax; above 0.
    pub slope: f32,
    /// What is less probable is not given; in 0..=1.
    pub least: f32,
    /// What is told aloud is at least so probable; not below `least`. Above 1 nothing is told.
    pub sure: f32,
    /// What it was fitted to, and what that is worth.
    pub fit: TagsFit,
}

/// What tags were fitted to, and how good they are on what they were not fitted to. Shares are in 0..=1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagsFit {
    /// The weights whose classes they are.
    pub weights: String,
    /// Pictures with one labelled class each.
    pub labelled: usize,
    /// The share of these whose class is that with the highest score.
    pub top1: f64,
    /// The share of these whose class is among the five with the highest.
    pub top5: f64,
    /// Tags of photographs that were looked at, and judged right or wrong.
    pub judged: usize,
    /// The share of these that are right.
    pub right: f64,
    /// Of these, how far the probability is from the share that is right, on folds that it was not fitted to.
    pub expected_calibration_error: f64,
    /// The share that is right of those that would be told, on the same folds.
    pub right_when_sure: f64,
}

impl TagsSection {
    /// Tags from the scores of the classes, the most probable first. As many scores as names have classes.
    #[must_use]
    pub fn tags(&self, names: &TagNames, scores: &[f32]) -> Vec<Tag> {
        self.likely(names, &self.probabilities(names, scores))
    }

    /// How probable each name is, by its place.
    #[must_use]
    pub fn probabilities(&self, names: &TagNames, scores: &[f32]) -> Vec<f32> {
        self.shares(names, scores).into_iter().map(|share| self.probability(share)).collect()
    }

    /// Tags from the probabilities of all names, the most probable first.
    #[must_use]
    pub fn likely(&self, names: &TagNames, probabilities: &[f32]) -> Vec<Tag> {
        let is_sure = |place: usize| probabilities[place] >= self.sure;
        let mut found: Vec<usize> =
            (0..probabilities.len()).filter(|place| probabilities[*place] >= self.least).collect();
        // What is more exact comes first among equals.
        found.sort_by(|one, other| {
            let by_probability = probabilities[*other].total_cmp(&probabilities[*one]);
            by_probability.then_with(|| names.is_below(*other, *one).cmp(&names.is_below(*one, *other)))
        });
        let sure: Vec<usize> = found.iter().copied().filter(|place| is_sure(*place)).collect();
        found.truncate(MAXIMUM_TAGS);
        let tag = |place: usize| Tag {
            name: names.name(place).to_owned(),
            probability: probabilities[place],
            is_sure: is_sure(place) && !sure.iter().any(|other| names.is_below(*other, place)),
        };
        found.into_iter().map(tag).collect()
    }

    /// The share of the softmax that each name has, by its place.
    #[must_use]
    pub fn shares(&self, names: &TagNames, scores: &[f32]) -> Vec<f32> {
        names.added_up(&softmax(scores, self.temperature))
    }

    /// How probable what has this share of the softmax is.
    #[must_use]
    pub fn probability(&self, share: f32) -> f32 {
        let odds = self.intercept + self.slope * log_odds(share);
        1.0 / (1.0 + (-odds).exp())
    }

    /// Checks what does not depend on the rest of the manifest.
    pub(crate) fn check(&self) -> Result<(), ManifestError> {
        let bounds = [
            ("tags.temperature", self.temperature, 0.01..=100.0, "between 0.01 and 100"),
            ("tags.intercept", self.intercept, -100.0..=100.0, "between -100 and 100"),
            ("tags.slope", self.slope, 0.001..=100.0, "between 0.001 and 100"),
            ("tags.least", self.least, 0.0..=1.0, "between 0 and 1"),
            ("tags.sure", self.sure, self.least..=2.0, "between tags.least and 2"),
        ];
        for (field, value, range, due) in bounds {
            if !range.contains(&value) {
                let problem = format!("is {value}; it must lie {due}");
                return Err(ManifestError::Invalid { field: field.to_owned(), problem });
            }
        }
        let fit = &self.fit;
        let shares = [fit.top1, fit.top5, fit.right, fit.expected_calibration_error, fit.right_when_sure];
        if shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Ok(());
        }
        let problem = "holds a share that does not lie between 0 and 1".to_owned();
        Err(ManifestError::Invalid { field: "tags.fit".to_owned(), problem })
    }
}

/// The logarithm of a share's odds; that of nothing, and of all, as if it were a millionth, and all but that.
#[must_use]
pub fn log_odds(share: f32) -> f32 {
    let share = share.clamp(1e-6, 1.0 - 1e-6);
    (share / (1.0 - share)).ln()
}

/// Shares that sum to 1. Scores must be finite.
#[must_use]
pub fn softmax(scores: &[f32], temperature: f32) -> Vec<f32> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = scores.iter().map(|score| ((score - greatest) / temperature).exp()).collect();
    let sum: f64 = shares.iter().copied().map(f64::from).sum();
    for share in &mut shares {
        *share = (f64::from(*share) / sum) as f32;
    }
    shares
}

#[cfg(test)]
mod tests;
