//! What a calibration is fitted to: numbers that the search yields anyhow.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Hypothesis, Tensor};

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
    /// The mean entropy of the probabilities of what could come next, over the words and the end, in nats: as the logarithm of
    /// how many words were in question.
    WordEntropy,
    /// The greatest of them, in nats: where the network was least decided.
    MaximumWordEntropy,
    /// The mean entropy of where it looked, in nats; 0 for a model that does not say.
    PlaceEntropy,
    /// The mean standard deviation of the scores of all that could come next, before their softmax: how loudly the network speaks.
    ScoreSpread,
    /// The standard deviation of the scores that the encoder gives its classes: how sure it is what it sees. 0 without tags.
    TagSpread,
    /// How alike what it sees at all places is, in 0..=1: the length of the mean of their features by the mean of their
    /// lengths. 0 for an encoder that gives no places.
    PlaceLikeness,
    /// How much the picture itself speaks for the words: [`EvidenceSection::of_text`](crate::evidence::EvidenceSection::of_text),
    /// in nats. 0 for an encoder that does not say.
    WordEvidence,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 18] = [
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
        Self::WordEntropy,
        Self::MaximumWordEntropy,
        Self::PlaceEntropy,
        Self::ScoreSpread,
        Self::TagSpread,
        Self::PlaceLikeness,
        Self::WordEvidence,
    ];
}

/// The numbers of one search, in the order of [`Feature::ALL`].
pub type Features = [f32; Feature::ALL.len()];

/// Log probabilities below it count as it: what is all but impossible is not told apart.
const LEAST_LOG_PROBABILITY: f32 = -12.0;

/// What the encoder says of the picture, and of the sentence for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sight {
    /// [`Feature::TagAgreement`].
    pub tag_agreement: f32,
    /// [`Feature::TagSpread`].
    pub tag_spread: f32,
    /// [`Feature::PlaceLikeness`].
    pub place_likeness: f32,
    /// [`Feature::WordEvidence`].
    pub word_evidence: f32,
}

/// The standard deviation of some values; 0 of none.
pub(crate) fn spread(values: &[f32]) -> f32 {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt()
}

/// How alike the places of `[1, places, features]` are; 0 for a tensor that has none.
pub(crate) fn likeness(tensor: &Tensor) -> f32 {
    let &[1, _, width] = tensor.shape.as_slice() else { return 0.0 };
    let length = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>().sqrt();
    let (mut sum, mut lengths) = (vec![0.0; width], 0.0);
    for place in tensor.values.chunks_exact(width.max(1)) {
        lengths += length(place);
        for (sum, value) in sum.iter_mut().zip(place) {
            *sum += value;
        }
    }
    if lengths > 0.0 { length(&sum) / lengths } else { 0.0 }
}

/// Computes the features of what a search found; none where it found no words.
#[must_use]
pub fn features(hypotheses: &[Hypothesis], sight: &Sight) -> Option<Features> {
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
    let steps = best.doubts.len().max(1) as f32;
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
        sight.tag_agreement,
        best.doubts.iter().map(|doubt| doubt.word).sum::<f32>() / steps,
        best.doubts.iter().map(|doubt| doubt.word).fold(0.0, f32::max),
        best.doubts.iter().map(|doubt| doubt.place).sum::<f32>() / steps,
        best.doubts.iter().map(|doubt| doubt.spread).sum::<f32>() / steps,
        sight.tag_spread,
        sight.place_likeness,
        sight.word_evidence,
    ])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{Doubt, TokenId};

    /// Without doubts; the log probability of its end, and its score.
    pub(in crate::calibration) fn hypothesis(
        tokens: &[u32],
        logs: &[f32],
        end: f32,
        score: f32,
    ) -> Hypothesis {
        Hypothesis {
            tokens: tokens.iter().copied().map(TokenId).collect(),
            log_probability: logs.iter().sum::<f32>() + end,
            score,
            word_log_probabilities: logs.to_vec(),
            doubts: Vec::new(),
            ended: true,
        }
    }

    #[test]
    fn features_by_hand() {
        let doubts = [(1.0, 0.5), (3.0, 1.5), (0.0, 0.25), (0.5, 0.25), (0.5, 0.0)];
        let doubts = doubts.map(|(word, place)| Doubt { word, place, spread: 2.0 }).to_vec();
        let best = hypothesis(&[4, 9, 4, 7], &[-1.0, -3.0, 0.0, -20.0], -0.5, -1.0);
        let best = Hypothesis { doubts, ..best };
        let sight =
            Sight { tag_agreement: 0.25, tag_spread: 1.5, place_likeness: 0.75, word_evidence: -1.25 };
        let other = hypothesis(&[4, 9], &[-1.0, -3.0], -0.5, -1.75);
        let found = features(&[best, other], &sight).expect("features");
        let variance = (9.0 + 1.0 + 16.0 + 64.0_f32) / 4.0;
        let rarity = (2.0 * 5.0_f32.ln() + 10.0_f32.ln() + 8.0_f32.ln()) / 40.0;
        let of_words = [-4.0, -12.0, -4.0 / 3.0, variance.sqrt(), -0.5, 0.75, 2.0 / 3.0, 0.4, 0.25, rarity];
        let expected = of_words.into_iter().chain([0.25, 1.0, 3.0, 0.5, 2.0, 1.5, 0.75, -1.25]);
        for ((name, found), expected) in Feature::ALL.iter().zip(found).zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{name:?}: {found}, not {expected}");
        }
    }

    #[test]
    fn one_sentence_alone_has_features() {
        let alone = features(&[hypothesis(&[4], &[-0.5], -0.1, -0.6)], &Sight::default()).expect("features");
        assert!(alone.iter().all(|value| value.is_finite()), "{alone:?}");
        assert!((alone[6] - 1.0).abs() < 1e-6 && alone[5].abs() < 1e-6, "nothing disagrees: {alone:?}");
        assert_eq!(features(&[], &Sight::default()), None);
        assert_eq!(features(&[hypothesis(&[], &[], -0.1, -0.1)], &Sight::default()), None);
    }

    #[test]
    fn spreads_and_likenesses_by_hand() {
        for (values, expected) in
            [(&[][..], 0.0), (&[3.0], 0.0), (&[1.0, 3.0], 1.0), (&[0.0, 0.0, 3.0, 3.0], 1.5)]
        {
            assert!((spread(values) - expected).abs() < 1e-6, "{values:?}");
        }
        for (shape, values, expected) in [
            (vec![1, 2, 2], vec![3.0, 4.0, 3.0, 4.0], 1.0),
            (vec![1, 2, 2], vec![3.0, 0.0, 0.0, 4.0], 5.0 / 7.0),
            (vec![1, 2, 2], vec![1.0, 2.0, -1.0, -2.0], 0.0),
            (vec![1, 2, 2], vec![0.0; 4], 0.0),
            (vec![1, 4], vec![1.0; 4], 0.0),
        ] {
            let tensor = Tensor { shape, values };
            assert!((likeness(&tensor) - expected).abs() < 1e-6, "{tensor:?}");
        }
    }
}
