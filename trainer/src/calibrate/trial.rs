//! What a calibration is worth on captions that it was not fitted to, and where its bands begin.

use anyhow::Result;
use descry_models::{Band, Confidence, calibration::BandBounds};

use super::{Judged, logistic::Logistic};

/// Fewer are not worth fitting to.
pub const LEAST_CAPTIONS: usize = 50;
/// Each picture is held out once, with every so many-th other.
const FOLDS: usize = 10;
/// What is said plainly is right at least so often.
const HIGH_ACCEPTED: f64 = 0.9;
/// What is said as possible is rather right than wrong.
const MIDDLE: f32 = 0.5;
/// What is less likely to be right is not said.
const LOW: f32 = 0.2;
/// A bound of which nothing is: no caption is said plainly.
const NEVER: f32 = 2.0;
/// The bins of the calibration error, of equal width.
const BINS: usize = 10;

/// One band's captions.
#[derive(Debug, Clone, PartialEq)]
pub struct BandResult {
    /// Which.
    pub band: Band,
    /// Its least confidence.
    pub least: f32,
    /// Of all captions, in 0..=1.
    pub share: f64,
    /// Of its captions, in 0..=1.
    pub accepted: f64,
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Each caption's confidence by a fit to the other folds.
    pub confidences: Vec<f64>,
    /// The share of accepted captions.
    pub accepted: f64,
    /// How often an accepted caption has more confidence than one that is not.
    pub roc_area: f64,
    /// The same of the mean log probability of the words, as it is without calibration.
    pub uncalibrated_roc_area: f64,
    /// The mean distance of the confidence from the share accepted, over ten bins.
    pub calibration_error: f64,
    /// The bounds, chosen on all captions.
    pub bounds: BandBounds,
    /// What each band holds where its bound was chosen without the fold that it is applied to.
    pub bands: Vec<BandResult>,
}

impl Trial {
    /// Fits without the pictures of each fold and asks for the confidence of its captions. From `others`, which are not the
    /// model's own, is only learned.
    pub fn of(judged: &[Judged], others: &[Judged]) -> Result<Self> {
        let mut confidences = vec![0.0; judged.len()];
        for fold in 0..FOLDS {
            let is_held_out = |caption: &Judged| caption.picture % FOLDS == fold;
            let seen = judged.iter().chain(others).filter(|caption| !is_held_out(caption));
            let fitted = Logistic::fit(&seen.cloned().collect::<Vec<_>>())?;
            for (caption, confidence) in judged.iter().zip(&mut confidences) {
                if is_held_out(caption) {
                    *confidence = fitted.probability(caption);
                }
            }
        }
        let pairs: Vec<(f64, bool)> = confidences
            .iter()
            .zip(judged)
            .map(|(confidence, caption)| (*confidence, caption.accepted))
            .collect();
        let uncalibrated: Vec<_> =
            judged.iter().map(|caption| (f64::from(caption.features[0]), caption.accepted)).collect();

        // A bound that holds for what it was chosen on holds a little less for others: so a little more is asked.
        let (mut aim, mut bands);
        let mut steps = 0_u32..=9;
        loop {
            aim = HIGH_ACCEPTED + f64::from(steps.next().unwrap_or(9)) / 100.0;
            bands = band_results(&pairs, aim);
            let holds = bands.iter().any(|result| {
                result.band == Band::High && (result.share == 0.0 || result.accepted >= HIGH_ACCEPTED)
            });
            if holds || steps.is_empty() {
                break;
            }
        }
        let bounds = bounds(&pairs, aim);
        for result in &mut bands {
            result.least = least(&bounds, result.band);
        }
        let accepted = judged.iter().filter(|caption| caption.accepted).count() as f64 / judged.len() as f64;
        Ok(Self {
            roc_area: roc_area(pairs.clone()),
            uncalibrated_roc_area: roc_area(uncalibrated),
            calibration_error: calibration_error(&pairs),
            confidences,
            accepted,
            bounds,
            bands,
        })
    }
}

fn outside<T>(fold: usize, all: &[T]) -> impl Iterator<Item = &T> {
    all.iter().enumerate().filter(move |(index, _)| index % FOLDS != fold).map(|(_, one)| one)
}

fn least(bounds: &BandBounds, band: Band) -> f32 {
    match band {
        Band::High => bounds.high,
        Band::Middle => bounds.middle,
        Band::Low => bounds.low,
        Band::None => 0.0,
    }
}

/// The bounds with which the captions of the high band are accepted as often as is aimed at.
pub(crate) fn bounds(pairs: &[(f64, bool)], aim: f64) -> BandBounds {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let enough = (pairs.len() / 50).max(10);
    let (mut accepted, mut high) = (0.0, f64::from(NEVER));
    for (count, (confidence, is_accepted)) in (1..).zip(&sorted) {
        accepted += f64::from(u8::from(*is_accepted));
        if count >= enough && accepted >= aim * count as f64 {
            high = *confidence;
        }
    }
    let high = if high > 1.0 { NEVER } else { ((high * 1e3).ceil() / 1e3) as f32 };
    BandBounds { high, middle: MIDDLE.min(high), low: LOW.min(high) }
}

/// What each band holds, each fold by bounds that were chosen on the others.
fn band_results(pairs: &[(f64, bool)], aim: f64) -> Vec<BandResult> {
    let mut counts = [(0.0_f64, 0.0_f64); 4];
    let bands = [Band::High, Band::Middle, Band::Low, Band::None];
    for fold in 0..FOLDS {
        let others: Vec<_> = outside(fold, pairs).copied().collect();
        let bounds = bounds(&others, aim);
        for (confidence, accepted) in pairs.iter().skip(fold).step_by(FOLDS) {
            let band = bounds.band(Confidence::new(*confidence as f32));
            let (count, right) = &mut counts[bands.iter().position(|other| *other == band).unwrap_or(3)];
            *count += 1.0;
            *right += f64::from(u8::from(*accepted));
        }
    }
    let result = |(band, (count, right)): (Band, (f64, f64))| BandResult {
        band,
        least: 0.0,
        share: count / pairs.len() as f64,
        accepted: if count > 0.0 { right / count } else { 0.0 },
    };
    bands.into_iter().zip(counts).map(result).collect()
}

/// How often one that is accepted has more than one that is not; equal ones count half.
pub(crate) fn roc_area(mut pairs: Vec<(f64, bool)>) -> f64 {
    pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut sum) = (0.0, 0.0);
    for equal in pairs.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let accepted = equal.iter().filter(|pair| pair.1).count() as f64;
        let others = equal.len() as f64 - accepted;
        sum += accepted * (below + others / 2.0);
        below += others;
    }
    let accepted = pairs.len() as f64 - below;
    if accepted * below > 0.0 { sum / (accepted * below) } else { 0.5 }
}

/// Guo et al. 2017, "On Calibration of Modern Neural Networks", with bins of equal width.
pub(crate) fn calibration_error(pairs: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0_f64, 0.0_f64); BINS];
    for (confidence, accepted) in pairs {
        let (expected, found) = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        *expected += confidence;
        *found += f64::from(u8::from(*accepted));
    }
    bins.iter().map(|(expected, found)| (expected - found).abs()).sum::<f64>() / pairs.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_that_of_all_pairs() {
        for (pairs, expected) in [
            (vec![(0.1, false), (0.9, true)], 1.0),
            (vec![(0.9, false), (0.1, true)], 0.0),
            (vec![(0.5, false), (0.5, true)], 0.5),
            (vec![(0.1, false), (0.4, true), (0.35, false), (0.8, true), (0.5, false)], 5.0 / 6.0),
            (vec![(0.1, true)], 0.5),
        ] {
            assert!((roc_area(pairs.clone()) - expected).abs() < 1e-12, "{pairs:?}");
        }
    }

    #[test]
    fn the_error_is_that_of_the_bins() {
        // Ten at 0.95 of which nine are right, ten at 0.05 of which none is.
        let pairs: Vec<_> = (0..10).flat_map(|index| [(0.95, index > 0), (0.05, false)]).collect();
        assert!((calibration_error(&pairs) - 0.05).abs() < 1e-9);
        assert!(calibration_error(&[(0.5, true), (0.5, false)]).abs() < 1e-12);
    }

    #[test]
    fn the_high_band_is_right_nine_times_in_ten() {
        // Right as often as the confidence says.
        let mut pairs: Vec<(f64, bool)> = Vec::new();
        for percent in 0..100_u32 {
            pairs.extend((0..100).map(|index| (f64::from(percent) / 100.0, index * 37 % 100 < percent)));
        }
        let found = bounds(&pairs, 0.9);
        assert!((found.high - 0.81).abs() < 0.02, "{found:?}");
        let results = band_results(&pairs, 0.9);
        assert!((results[0].accepted - 0.9).abs() < 0.02, "{results:?}");
        assert!((results.iter().map(|result| result.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn where_nothing_is_right_nothing_is_said_plainly() {
        let pairs: Vec<_> = (0..100).map(|index| (f64::from(index) / 100.0, index % 2 == 0)).collect();
        let found = bounds(&pairs, 0.9);
        assert!((found.high - NEVER).abs() < f32::EPSILON, "{found:?}");
        assert_eq!(found.band(Confidence::new(1.0)), Band::Middle);
    }
}
