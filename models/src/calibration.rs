//! From what the search knows of its sentences to the probability that a person would accept the best one.
//!
//! A network's own probabilities say how usual a sentence is, not whether it is right: "a man in a blue shirt" is always
//! likely. So a logistic regression over a few numbers of the search and the sentence's words, fitted by
//! `descry-trainer calibrate` to captions that were judged, makes the confidence; its coefficients are in the manifest.
//! Nothing here runs the network again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Band, Confidence, Hypothesis, manifest::is_default};

mod features;

pub use features::{Feature, Features, Sight, features};
pub(crate) use features::{likeness, spread};

/// How the confidence is made; the manifest's section `[calibration]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The log odds where all features are 0.
    pub intercept: f32,
    /// What each feature adds to the log odds for each unit of it; one that is absent adds nothing.
    pub coefficients: BTreeMap<Feature, f32>,
    /// What a word adds to the log odds where the sentence holds it, however often: a network is right about dogs oftener
    /// than about kitchens. One that is absent adds nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, f32>,
    /// The least confidence of each band.
    pub bands: BandBounds,
    /// What it was fitted to, and how well it does on what it was not fitted to.
    pub fit: CalibrationFit,
}

/// The least confidence of each band, in 0..=1 and falling; below `low` is the band none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandBounds {
    /// What is said plainly. Above 1 (as 2) no caption is.
    pub high: f32,
    /// What is said as possible.
    pub middle: f32,
    /// What is said with a warning.
    pub low: f32,
}

impl BandBounds {
    /// The quarters of the range, for a confidence that is not calibrated.
    pub const QUARTERS: Self = Self { high: 0.75, middle: 0.5, low: 0.25 };

    /// The band of a confidence.
    #[must_use]
    pub fn band(&self, confidence: Confidence) -> Band {
        match confidence.value() {
            value if value >= self.high => Band::High,
            value if value >= self.middle => Band::Middle,
            value if value >= self.low => Band::Low,
            _ => Band::None,
        }
    }
}

/// The record of a fit; nothing is computed from it. The numbers are of held-out folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationFit {
    /// The sets with their splits, such as `flickr8k dev`.
    pub datasets: Vec<String>,
    /// How many captions of the model's own.
    pub captions: usize,
    /// How many of other models it was fitted to besides; the numbers here are not of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub other_captions: usize,
    /// How a caption was judged, in words.
    pub accepted_when: String,
    /// Which share of the captions was accepted, in 0..=1.
    pub accepted: f64,
    /// How often an accepted caption has more confidence than one that was not, in 0..=1.
    pub roc_area: f64,
    /// The mean distance of a confidence from the share that was accepted at it, in 0..=1.
    pub expected_calibration_error: f64,
    /// The width of the beam that the captions were made with; another one changes the features a little.
    pub beam_width: usize,
}

impl Calibration {
    /// The probability that a person would accept the caption with these features and this text.
    #[must_use]
    pub fn confidence(&self, features: &Features, text: &str) -> Confidence {
        let terms = Feature::ALL.iter().zip(features);
        let odds: f32 =
            terms.map(|(name, value)| self.coefficients.get(name).copied().unwrap_or(0.0) * value).sum();
        let of_words: f32 = words(text).iter().filter_map(|word| self.words.get(*word)).sum();
        Confidence::new(1.0 / (1.0 + (-(self.intercept + odds + of_words)).exp()))
    }
}

/// The words that [`Calibration::words`] asks for in a text, each once.
#[must_use]
pub fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

/// The confidence of what a search found, the best of it being this text, and its band: by the calibration, or else the
/// geometric mean of the words' probabilities and the quarters of the range.
#[must_use]
pub fn confidence(
    calibration: Option<&Calibration>,
    hypotheses: &[Hypothesis],
    text: &str,
    sight: &Sight,
) -> (Confidence, Band) {
    match (calibration, features(hypotheses, sight)) {
        (Some(calibration), Some(features)) => {
            let confidence = calibration.confidence(&features, text);
            (confidence, calibration.bands.band(confidence))
        }
        (None, Some(_)) => {
            let words = hypotheses.first().map(|best| best.word_log_probabilities.as_slice());
            let confidence = Confidence::of_log_probabilities(words.unwrap_or_default());
            (confidence, BandBounds::QUARTERS.band(confidence))
        }
        (_, None) => (Confidence::NONE, Band::None),
    }
}

#[cfg(test)]
mod tests {
    use super::{features::tests::hypothesis, *};

    fn calibration(coefficients: &[(Feature, f32)]) -> Calibration {
        Calibration {
            intercept: 1.0,
            coefficients: coefficients.iter().copied().collect(),
            words: BTreeMap::from([("dog".into(), 1.5), ("kitchen".into(), -2.5)]),
            bands: BandBounds { high: 0.8, middle: 0.6, low: 0.4 },
            fit: CalibrationFit {
                datasets: Vec::new(),
                captions: 0,
                other_captions: 0,
                accepted_when: "for tests".into(),
                accepted: 0.5,
                roc_area: 0.5,
                expected_calibration_error: 0.0,
                beam_width: 3,
            },
        }
    }

    #[test]
    fn the_confidence_follows_the_coefficients() {
        let found = [hypothesis(&[4, 5], &[-1.0, -2.0], 0.0, -1.0)];
        let sight = Sight { tag_agreement: 0.5, ..Sight::default() };
        for (coefficients, log_odds, band) in [
            (&[][..], 1.0, Band::Middle),
            (&[(Feature::MinimumLogProbability, 1.0)], -1.0, Band::None),
            (&[(Feature::MeanLogProbability, -1.0), (Feature::Length, 5.0)], 3.5, Band::High),
            (&[(Feature::MeanLogProbability, 0.7)], -0.05, Band::Low),
            (&[(Feature::TagAgreement, 2.0)], 2.0, Band::High),
        ] {
            let (confidence, found) = confidence(Some(&calibration(coefficients)), &found, "", &sight);
            let expected = 1.0 / (1.0 + f32::exp(-log_odds));
            assert!((confidence.value() - expected).abs() < 1e-5, "{coefficients:?}: {confidence}");
            assert_eq!(found, band, "{coefficients:?}");
        }
        assert_eq!(confidence(Some(&calibration(&[])), &[], "", &sight), (Confidence::NONE, Band::None));
    }

    #[test]
    fn each_word_of_the_sentence_counts_once() {
        let found = [hypothesis(&[4, 5], &[-1.0, -2.0], 0.0, -1.0)];
        for (text, log_odds) in [
            ("a cat", 1.0),
            ("a dog", 2.5),
            ("a dog chases a dog", 2.5),
            ("a dog in a kitchen", 0.0),
            ("dogs in kitchens", 1.0),
        ] {
            let (confidence, _) = confidence(Some(&calibration(&[])), &found, text, &Sight::default());
            let expected = 1.0 / (1.0 + f32::exp(-log_odds));
            assert!((confidence.value() - expected).abs() < 1e-5, "{text:?}: {confidence}");
        }
    }

    #[test]
    fn without_a_calibration_it_is_the_geometric_mean_and_the_quarters() {
        let cases = [
            (1.0, Band::High),
            (0.76, Band::High),
            (0.74, Band::Middle),
            (0.51, Band::Middle),
            (0.49, Band::Low),
            (0.26, Band::Low),
            (0.24, Band::None),
        ];
        for (probability, band) in cases {
            let log = f32::ln(probability);
            let (confidence, found) =
                confidence(None, &[hypothesis(&[4, 5], &[log, log], 0.0, -1.0)], "a dog", &Sight::default());
            assert!((confidence.value() - probability).abs() < 1e-5, "{probability}");
            assert_eq!(found, band, "{probability}");
        }
    }
}
