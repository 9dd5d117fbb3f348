//! Logistic regression with an L2 penalty, by Newton's method: a few numbers, some hundred words and thousands of captions.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use descry_models::calibration::{self, Feature};

use super::Judged;

const COUNT: usize = Feature::ALL.len();
/// On each standardised coefficient of a feature, in captions: as if so many stood against it.
const FEATURE_PENALTY: f64 = 2.0;
/// The same on the coefficient of a word. On descry-attend-6's captions 6 to 25 are as good as each other.
const WORD_PENALTY: f64 = 12.0;
/// Of a word in fewer captions nothing can be learned.
const LEAST_CAPTIONS_OF_A_WORD: usize = 8;
const STEPS: usize = 50;

/// What was fitted, in the features' own units.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// The log odds where all features are 0, of a caption without known words.
    pub intercept: f64,
    /// What each feature adds for each unit.
    pub coefficients: [f64; COUNT],
    /// What each word adds to a caption that holds it.
    pub words: BTreeMap<String, f64>,
}

impl Logistic {
    /// Fits to captions of which some were accepted and some were not.
    pub fn fit(judged: &[Judged]) -> Result<Self> {
        let accepted = judged.iter().filter(|caption| caption.accepted).count();
        ensure!(
            accepted > 0 && accepted < judged.len(),
            "{accepted} of {} captions are accepted: there is nothing to tell apart",
            judged.len()
        );
        let (means, deviations) = moments(judged);
        let words = told_apart(judged);
        // The intercept comes last, and is free.
        let size = COUNT + words.len() + 1;
        let penalties: Vec<f64> = (0..size)
            .map(|at| match at {
                at if at < COUNT => FEATURE_PENALTY,
                at if at < size - 1 => WORD_PENALTY,
                _ => 1e-6,
            })
            .collect();
        let rows: Vec<Vec<f64>> = judged
            .iter()
            .map(|caption| {
                let mut row = vec![0.0; size];
                for (at, value) in row[..COUNT].iter_mut().enumerate() {
                    *value = (f64::from(caption.features[at]) - means[at]) / deviations[at];
                }
                for place in calibration::words(&caption.text).iter().filter_map(|word| words.get(*word)) {
                    row[COUNT + place] = 1.0;
                }
                row[size - 1] = 1.0;
                row
            })
            .collect();
        let accepted: Vec<f64> = judged.iter().map(|caption| f64::from(u8::from(caption.accepted))).collect();
        let weights = newton(&rows, &accepted, &penalties);
        let coefficients: [f64; COUNT] = std::array::from_fn(|at| weights[at] / deviations[at]);
        let shift: f64 = coefficients.iter().zip(means).map(|(coefficient, mean)| coefficient * mean).sum();
        let words =
            words.into_iter().map(|(word, place)| (word.to_owned(), weights[COUNT + place])).collect();
        Ok(Self { intercept: weights[size - 1] - shift, coefficients, words })
    }

    /// The probability that the caption is accepted.
    #[must_use]
    pub fn probability(&self, caption: &Judged) -> f64 {
        let terms = caption.features.iter().zip(&self.coefficients);
        let of_features: f64 = terms.map(|(value, coefficient)| f64::from(*value) * coefficient).sum();
        let of_words: f64 =
            calibration::words(&caption.text).iter().filter_map(|word| self.words.get(*word)).sum();
        sigmoid(self.intercept + of_features + of_words)
    }
}

/// The words in enough captions, each with its place among them; without those of all captions.
fn told_apart(judged: &[Judged]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for word in judged.iter().flat_map(|caption| calibration::words(&caption.text)) {
        *counts.entry(word).or_default() += 1;
    }
    counts.retain(|_, count| (LEAST_CAPTIONS_OF_A_WORD..judged.len()).contains(count));
    counts.into_keys().zip(0..).collect()
}

/// The weights of least penalised loss.
fn newton(rows: &[Vec<f64>], accepted: &[f64], penalties: &[f64]) -> Vec<f64> {
    let size = penalties.len();
    let mut weights = vec![0.0; size];
    for _ in 0..STEPS {
        let mut gradient = vec![0.0; size];
        let mut curvature = vec![vec![0.0; size]; size];
        for (row, accepted) in rows.iter().zip(accepted) {
            let probability = sigmoid(row.iter().zip(&weights).map(|(value, weight)| value * weight).sum());
            let error = probability - accepted;
            let spread = (probability * (1.0 - probability)).max(1e-6);
            // Most of a row are words that the caption does not hold.
            let held: Vec<(usize, f64)> =
                row.iter().copied().enumerate().filter(|(_, value)| *value != 0.0).collect();
            for (nth, (one, value)) in held.iter().enumerate() {
                gradient[*one] += error * value;
                for (other, others) in &held[..=nth] {
                    curvature[*one][*other] += spread * value * others;
                }
            }
        }
        for one in 0..size {
            gradient[one] += penalties[one] * weights[one];
            curvature[one][one] += penalties[one];
        }
        let step = solved(curvature, gradient);
        let mut largest = 0.0_f64;
        for (weight, step) in weights.iter_mut().zip(step) {
            *weight -= step;
            largest = largest.max(step.abs());
        }
        if largest < 1e-8 {
            break;
        }
    }
    weights
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Each feature's mean and standard deviation; 1 for one that never changes, whose coefficient the penalty holds at 0.
fn moments(judged: &[Judged]) -> ([f64; COUNT], [f64; COUNT]) {
    let count = judged.len() as f64;
    let means: [f64; COUNT] = std::array::from_fn(|at| {
        judged.iter().map(|caption| f64::from(caption.features[at])).sum::<f64>() / count
    });
    let deviations = std::array::from_fn(|at| {
        let squares = judged.iter().map(|caption| (f64::from(caption.features[at]) - means[at]).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        if deviation > 1e-9 { deviation } else { 1.0 }
    });
    (means, deviations)
}

/// Solves for a matrix of which the lower triangle is given, by Cholesky's decomposition: it is positive definite through the
/// penalty.
fn solved(mut lower: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    for row in 0..size {
        let (upper, rest) = lower.split_at_mut(row);
        let this = &mut rest[0];
        for (column, above) in upper.iter().enumerate() {
            this[column] = (this[column] - dot(&this[..column], &above[..column])) / above[column];
        }
        this[row] = (this[row] - dot(&this[..row], &this[..row])).max(1e-12).sqrt();
        right[row] = (right[row] - dot(&lower[row][..row], &right[..row])) / lower[row][row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|below| lower[below][row] * right[below]).sum();
        right[row] = (right[row] - known) / lower[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caption(first: f32, text: &str, accepted: bool) -> Judged {
        let mut features = [0.5; COUNT];
        features[0] = first;
        Judged { features, text: text.to_owned(), picture: 0, accepted }
    }

    #[test]
    fn the_shares_of_two_groups_are_found() {
        // Of 1000 captions at -1, 200 are accepted; of 1000 at 1, 900.
        let judged: Vec<_> = (0..1000)
            .flat_map(|index| {
                [caption(-1.0, "a dog", index % 5 == 0), caption(1.0, "a dog", index % 10 != 0)]
            })
            .collect();
        let fitted = Logistic::fit(&judged).expect("fitted");
        for (first, expected) in [(-1.0, 0.2), (1.0, 0.9)] {
            let found = fitted.probability(&caption(first, "a dog", true));
            assert!((found - expected).abs() < 0.01, "{first}: {found}, not {expected}");
        }
        assert!(fitted.coefficients[1..].iter().all(|value| value.abs() < 1e-6), "{fitted:?}");
        assert!(fitted.words.is_empty(), "what all say tells nothing apart: {fitted:?}");
    }

    #[test]
    fn the_shares_of_words_are_found() {
        // Of 1000 dogs 900 are accepted, of 1000 kitchens 200, and one word is too rare to learn from.
        let judged: Vec<_> = (0..1000)
            .flat_map(|index| {
                let dog = if index < LEAST_CAPTIONS_OF_A_WORD - 1 { "a dog rests" } else { "a dog" };
                [caption(0.0, dog, index % 10 != 0), caption(0.0, "a kitchen", index % 5 == 0)]
            })
            .collect();
        let fitted = Logistic::fit(&judged).expect("fitted");
        for (text, expected) in [("a dog", 0.9), ("a dog and a dog", 0.9), ("a kitchen", 0.2)] {
            let found = fitted.probability(&caption(0.0, text, true));
            assert!((found - expected).abs() < 0.02, "{text}: {found}, not {expected}");
        }
        assert_eq!(fitted.words.keys().collect::<Vec<_>>(), ["dog", "kitchen"]);
    }

    #[test]
    fn what_is_all_alike_is_refused() {
        let judged: Vec<_> = (0..10).map(|index| caption(index as f32, "a dog", true)).collect();
        assert!(Logistic::fit(&judged).is_err());
    }

    #[test]
    fn equations_are_solved() {
        // [4 2 0; 2 5 1; 0 1 3] x = b for x = 1, -2, 3.
        let lower = vec![vec![4.0, 0.0, 0.0], vec![2.0, 5.0, 0.0], vec![0.0, 1.0, 3.0]];
        let found = solved(lower, vec![0.0, -5.0, 7.0]);
        for (found, due) in found.iter().zip([1.0, -2.0, 3.0]) {
            assert!((found - due).abs() < 1e-12, "{found:?}");
        }
    }
}
