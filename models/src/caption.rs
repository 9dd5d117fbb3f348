//! What is said of a picture, and how sure the model is of it.

use std::fmt;

use crate::{Tag, TokenId};

/// A sentence about a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// The best sentence: lower-case words as the model learned them, without a full stop.
    pub text: String,
    /// Its words' tokens, without `<start>` and `<end>`.
    pub tokens: Vec<TokenId>,
    /// How sure the model is of it.
    pub confidence: Confidence,
    /// How it is to be worded, by the confidence.
    pub band: Band,
    /// The other sentences that were found, best first, none of them equal to `text` or to another.
    pub alternatives: Vec<String>,
    /// Each word as the vocabulary has it, with its own probability in 0..=1.
    pub words: Vec<(String, f32)>,
    /// What else the picture may show, the most probable first; none where the model has no tags.
    pub tags: Vec<Tag>,
}

/// How sure a model is of a sentence: in 0..=1, never NaN.
///
/// With the manifest's `[calibration]` it is the probability that a person would accept the sentence, by the proxy that
/// the section names. Without, it is the geometric mean of the words' probabilities, which compares two captions of one
/// model and does not say how often such a caption is right. See [`crate::calibration`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f32);

impl Confidence {
    /// No confidence at all.
    pub const NONE: Self = Self(0.0);

    /// Keeps the value within 0..=1; what is not a number counts as 0.
    #[must_use]
    pub fn new(value: f32) -> Self {
        if value.is_nan() { Self::NONE } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// The geometric mean of probabilities that are given by their logarithms; none without any.
    #[must_use]
    pub fn of_log_probabilities(log_probabilities: &[f32]) -> Self {
        if log_probabilities.is_empty() {
            return Self::NONE;
        }
        Self::new((log_probabilities.iter().sum::<f32>() / log_probabilities.len() as f32).exp())
    }

    /// The value, in 0..=1.
    #[must_use]
    pub fn value(self) -> f32 {
        self.0
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.2}", self.0)
    }
}

/// How a sentence is to be worded, by its confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// Said plainly.
    High,
    /// Said as possible.
    Middle,
    /// Said with a warning that it may be wrong.
    Low,
    /// Not said.
    None,
}

impl Band {
    /// `high`, `middle`, `low` or `none`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Middle => "middle",
            Self::Low => "low",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_is_always_within_its_range() {
        let cases = [
            (0.0, 0.0),
            (0.4, 0.4),
            (1.0, 1.0),
            (-0.5, 0.0),
            (1.5, 1.0),
            (f32::NAN, 0.0),
            (f32::INFINITY, 1.0),
            (f32::NEG_INFINITY, 0.0),
        ];
        for (given, value) in cases {
            assert!((Confidence::new(given).value() - value).abs() < f32::EPSILON, "{given}");
        }
    }

    #[test]
    fn a_confidence_is_the_geometric_mean() {
        let cases: [(&[f32], f32); 4] = [
            (&[], 0.0),
            (&[0.0, 0.0], 1.0),
            (&[0.25_f32.ln(), 1.0_f32.ln()], 0.5),
            (&[f32::NEG_INFINITY, 0.0], 0.0),
        ];
        for (given, value) in cases {
            let found = Confidence::of_log_probabilities(given).value();
            assert!((found - value).abs() < 1e-6, "{given:?}: {found}");
        }
    }
}
