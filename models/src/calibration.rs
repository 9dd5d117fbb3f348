//! From what the search knows of its sentences to the probability that a person would accept the best one.
//!
//! A network's own probabilities say how usual a sentence is, not whether it is right: "a man in a blue shirt" is always
//! likely. So a logistic regression over a few numbers of the search, fitted by `descry-trainer calibrate` to captions that
//! were judged, makes the confidence; its coefficients are in the manifest. Nothing here runs the network again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Band, Confidence, Hypothesis};

/// A number that the search yields of its sentences, or the encoder's tags of them, all of them without a unit and within some few of 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// The mean of the words' log probabilities.
    MeanLogProbability,
    /// That of the least likely word.
    MinimumLogProbability,
    /// The mean of the first three words, which name the subject.
    SubjectLogProbability,
    /// How much the words' log probabilities differ: their standard deviation.
    LogProbabilityDeviation,
    /// The log probability of ending where the sentence ends.
    EndLogProbability,
    /// How far the second sentence's score lies below the best one's; 0 without a second one.
    Margin,
    /// How many of the best sentence's words the others have too, as a mean share; 1 without others.
    Agreement,
    /// The number of words, in tens.
    Length,
    /// The share of words that occurred in the sentence before.
    Repetition,
    /// The logarithm of the mean token number, in tens: words are numbered from the commonest to the rarest.
    Rarity,
    /// The probability of the likeliest tag that the sentence names, in 0..=1; 0 where it names none, and where there are none.
    TagAgreement,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::MeanLogProbability,
        Self::MinimumLogProbability,
        Self::SubjectLogProbability,
        Self::LogProbabilityDeviation,
        Self::EndLogProbability,
        Self::Margin,
        Self::Agreement,
        Self::Length,
        Self::Repetition,
        Self::Rarity,
        Self::TagAgreement,
    ];
}

/// The numbers of one search, in the order of [`Feature::ALL`].
pub type Features = [f32; Feature::ALL.len()];

/// Log probabilities below it count as it: what is all but impossible is not told apart.
const LEAST_LOG_PROBABILITY: f32 = -12.0;

/// Computes the features of what a search found; none where it found no words. `tag_agreement` is [`Feature::TagAgreement`].
#[must_use]
pub fn features(hypotheses: &[Hypothesis], tag_agreement: f32) -> Option<Features> {
    let (best, others) = hypotheses.split_first()?;
    let logs: Vec<f32> =
        best.word_log_probabilities.iter().map(|log| log.max(LEAST_LOG_PROBABILITY)).collect();
    if logs.is_empty() {
        return None;
    }
    let count = logs.len() as f32;
    let mean = logs.iter().sum::<f32>() / count;
    let subject = &logs[..logs.len().min(3)];
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f32>() / count;
    let end = best.log_probability - best.word_log_probabilities.iter().sum::<f32>();
    let words: BTreeSet<_> = best.tokens.iter().collect();
    let shared = |other: &Hypothesis| {
        let theirs: BTreeSet<_> = other.tokens.iter().collect();
        words.intersection(&theirs).count() as f32 / words.union(&theirs).count().max(1) as f32
    };
    let agreement =
        if others.is_empty() { 1.0 } else { others.iter().map(shared).sum::<f32>() / others.len() as f32 };
    let numbers = best.tokens.iter().map(|token| (token.0 as f32).ln_1p()).sum::<f32>();
    Some([
        mean,
        logs.iter().copied().fold(0.0, f32::min),
        subject.iter().sum::<f32>() / subject.len() as f32,
        variance.sqrt(),
        end.clamp(LEAST_LOG_PROBABILITY, 0.0),
        others.first().map_or(0.0, |second| (best.score - second.score).clamp(0.0, -LEAST_LOG_PROBABILITY)),
        agreement,
        count / 10.0,
        1.0 - words.len() as f32 / count,
        numbers / count / 10.0,
        tag_agreement,
    ])
}

/// How the confidence is made; the manifest's section `[calibration]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The log odds where all features are 0.
    pub intercept: f32,
    /// What each feature adds to the log odds for each unit of it; one that is absent adds nothing.
    pub coefficients: BTreeMap<Feature, f32>,
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
    /// How many captions.
    pub captions: usize,
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
    /// The probability that a person would accept the caption with these features.
    #[must_use]
    pub fn confidence(&self, features: &Features) -> Confidence {
        let terms = Feature::ALL.iter().zip(features);
        let odds: f32 =
            terms.map(|(name, value)| self.coefficients.get(name).copied().unwrap_or(0.0) * value).sum();
        Confidence::new(1.0 / (1.0 + (-(self.intercept + odds)).exp()))
    }
}

/// The confidence of what a search found and its band: by the calibration, or else the geometric mean of the words'
/// probabilities and the quarters of the range.
#[must_use]
pub fn confidence(
    calibration: Option<&Calibration>,
    hypotheses: &[Hypothesis],
    tag_agreement: f32,
) -> (Confidence, Band) {
    match (calibration, features(hypotheses, tag_agreement)) {
        (Some(calibration), Some(features)) => {
            let confidence = calibration.confidence(&features);
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
    use super::*;
    use crate::TokenId;

    fn hypothesis(tokens: &[u32], logs: &[f32], end: f32, score: f32) -> Hypothesis {
        Hypothesis {
            tokens: tokens.iter().copied().map(TokenId).collect(),
            log_probability: logs.iter().sum::<f32>() + end,
            score,
            word_log_probabilities: logs.to_vec(),
            ended: true,
        }
    }

    fn calibration(coefficients: &[(Feature, f32)]) -> Calibration {
        Calibration {
            intercept: 1.0,
            coefficients: coefficients.iter().copied().collect(),
            bands: BandBounds { high: 0.8, middle: 0.6, low: 0.4 },
            fit: CalibrationFit {
                datasets: Vec::new(),
                captions: 0,
                accepted_when: "for tests".into(),
                accepted: 0.5,
                roc_area: 0.5,
                expected_calibration_error: 0.0,
                beam_width: 3,
            },
        }
    }

    #[test]
    fn features_by_hand() {
        let best = hypothesis(&[4, 9, 4, 7], &[-1.0, -3.0, 0.0, -20.0], -0.5, -1.0);
        let other = hypothesis(&[4, 9], &[-1.0, -3.0], -0.5, -1.75);
        let found = features(&[best, other], 0.25).expect("features");
        let variance = (9.0 + 1.0 + 16.0 + 64.0_f32) / 4.0;
        let rarity = (2.0 * 5.0_f32.ln() + 10.0_f32.ln() + 8.0_f32.ln()) / 40.0;
        let expected =
            [-4.0, -12.0, -4.0 / 3.0, variance.sqrt(), -0.5, 0.75, 2.0 / 3.0, 0.4, 0.25, rarity, 0.25];
        for ((name, found), expected) in Feature::ALL.iter().zip(found).zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{name:?}: {found}, not {expected}");
        }
    }

    #[test]
    fn one_sentence_alone_has_features() {
        let alone = features(&[hypothesis(&[4], &[-0.5], -0.1, -0.6)], 0.0).expect("features");
        assert!(alone.iter().all(|value| value.is_finite()), "{alone:?}");
        assert!((alone[6] - 1.0).abs() < 1e-6 && alone[5].abs() < 1e-6, "nothing disagrees: {alone:?}");
        assert_eq!(features(&[], 0.5), None);
        assert_eq!(features(&[hypothesis(&[], &[], -0.1, -0.1)], 0.5), None);
    }

    #[test]
    fn the_confidence_follows_the_coefficients() {
        let found = [hypothesis(&[4, 5], &[-1.0, -2.0], 0.0, -1.0)];
        for (coefficients, log_odds, band) in [
            (&[][..], 1.0, Band::Middle),
            (&[(Feature::MinimumLogProbability, 1.0)], -1.0, Band::None),
            (&[(Feature::MeanLogProbability, -1.0), (Feature::Length, 5.0)], 3.5, Band::High),
            (&[(Feature::MeanLogProbability, 0.7)], -0.05, Band::Low),
            (&[(Feature::TagAgreement, 2.0)], 2.0, Band::High),
        ] {
            let (confidence, found) = confidence(Some(&calibration(coefficients)), &found, 0.5);
            let expected = 1.0 / (1.0 + f32::exp(-log_odds));
            assert!((confidence.value() - expected).abs() < 1e-5, "{coefficients:?}: {confidence}");
            assert_eq!(found, band, "{coefficients:?}");
        }
        assert_eq!(confidence(Some(&calibration(&[])), &[], 0.0), (Confidence::NONE, Band::None));
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
            let (confidence, found) = confidence(None, &[hypothesis(&[4, 5], &[log, log], 0.0, -1.0)], 0.0);
            assert!((confidence.value() - probability).abs() < 1e-5, "{probability}");
            assert_eq!(found, band, "{probability}");
        }
    }
}
