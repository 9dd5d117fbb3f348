//! Logistic regression with an L2 penalty, by Newton's method: a few numbers and thousands of captions.

use anyhow::{Result, ensure};
use descry_models::calibration::{Feature, Features};

use super::Judged;

const COUNT: usize = Feature::ALL.len();
const SIZE: usize = COUNT + 1;
/// On each standardised coefficient, in captions: as if so many stood against it.
const PENALTY: f64 = 2.0;
const STEPS: usize = 50;

/// What was fitted, in the features' own units.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// The log odds where all features are 0.
    pub intercept: f64,
    /// What each feature adds for each unit.
    pub coefficients: [f64; COUNT],
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
        let rows: Vec<[f64; SIZE]> = judged
            .iter()
            .map(|caption| {
                std::array::from_fn(|at| match at {
                    COUNT => 1.0,
                    at => (f64::from(caption.features[at]) - means[at]) / deviations[at],
                })
            })
            .collect();
        let mut weights = [0.0; SIZE];
        for _ in 0..STEPS {
            let mut gradient = [0.0; SIZE];
            let mut curvature = [[0.0; SIZE]; SIZE];
            for (row, caption) in rows.iter().zip(judged) {
                let probability =
                    sigmoid(row.iter().zip(&weights).map(|(value, weight)| value * weight).sum());
                let error = probability - f64::from(u8::from(caption.accepted));
                let spread = (probability * (1.0 - probability)).max(1e-6);
                for one in 0..SIZE {
                    gradient[one] += error * row[one];
                    for other in 0..=one {
                        curvature[one][other] += spread * row[one] * row[other];
                    }
                }
            }
            for one in 0..SIZE {
                // The intercept is free.
                let penalty = if one == COUNT { 1e-6 } else { PENALTY };
                gradient[one] += penalty * weights[one];
                curvature[one][one] += penalty;
                let (upper, lower) = curvature.split_at_mut(one);
                for (row, value) in upper.iter_mut().zip(lower[0]) {
                    row[one] = value;
                }
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
        let coefficients: [f64; COUNT] = std::array::from_fn(|at| weights[at] / deviations[at]);
        let shift: f64 = coefficients.iter().zip(means).map(|(coefficient, mean)| coefficient * mean).sum();
        Ok(Self { intercept: weights[COUNT] - shift, coefficients })
    }

    /// The probability that the caption with these features is accepted.
    #[must_use]
    pub fn probability(&self, features: &Features) -> f64 {
        let terms = features.iter().zip(&self.coefficients);
        sigmoid(
            self.intercept + terms.map(|(value, coefficient)| f64::from(*value) * coefficient).sum::<f64>(),
        )
    }
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

/// Gaussian elimination with pivots; the matrix is positive definite through the penalty.
fn solved(mut matrix: [[f64; SIZE]; SIZE], mut right: [f64; SIZE]) -> [f64; SIZE] {
    for column in 0..SIZE {
        let pivot = (column..SIZE)
            .max_by(|one, other| matrix[*one][column].abs().total_cmp(&matrix[*other][column].abs()))
            .unwrap_or(column);
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for row in column + 1..SIZE {
            let factor = matrix[row][column] / matrix[column][column];
            let upper = matrix[column];
            for (value, upper) in matrix[row].iter_mut().zip(upper).skip(column) {
                *value -= factor * upper;
            }
            right[row] -= factor * right[column];
        }
    }
    for row in (0..SIZE).rev() {
        let known: f64 = (row + 1..SIZE).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caption(first: f32, accepted: bool) -> Judged {
        let mut features = [0.5; COUNT];
        features[0] = first;
        Judged { features, accepted }
    }

    #[test]
    fn the_shares_of_two_groups_are_found() {
        // Of 1000 captions at -1, 200 are accepted; of 1000 at 1, 900.
        let judged: Vec<_> = (0..1000)
            .flat_map(|index| [caption(-1.0, index % 5 == 0), caption(1.0, index % 10 != 0)])
            .collect();
        let fitted = Logistic::fit(&judged).expect("fitted");
        for (first, expected) in [(-1.0, 0.2), (1.0, 0.9)] {
            let found = fitted.probability(&caption(first, true).features);
            assert!((found - expected).abs() < 0.01, "{first}: {found}, not {expected}");
        }
        assert!(fitted.coefficients[1..].iter().all(|value| value.abs() < 1e-6), "{fitted:?}");
    }

    #[test]
    fn what_is_all_alike_is_refused() {
        let judged: Vec<_> = (0..10).map(|index| caption(index as f32, true)).collect();
        assert!(Logistic::fit(&judged).is_err());
    }
}
