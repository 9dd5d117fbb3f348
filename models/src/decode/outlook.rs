//! What the network says of what may come next: the scores of one row of a step, and how undecided they are.

use crate::{DecodeError, NetworkError, Step};

/// How undecided the network was at one word; entropies are in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Doubt {
    /// Of the probabilities of all that could come next; 0 to the logarithm of the vocabulary's size.
    pub word: f32,
    /// Of where it looked; 0 to the logarithm of the number of places, 0 where the model does not say.
    pub place: f32,
    /// The standard deviation of the scores of all that could come next, before their softmax. It is no entropy, and without
    /// a unit: the probabilities do not tell it.
    pub spread: f32,
}

/// What one row of a step says of what may come next.
pub(super) struct Outlook<'step> {
    /// Of each token, before their softmax.
    pub(super) scores: &'step [f32],
    /// What is taken off a score to make it a log probability.
    pub(super) total: f32,
    pub(super) doubt: Doubt,
}

impl<'step> Outlook<'step> {
    /// Of a row that [`check_step`] has let pass.
    pub(super) fn of(step: &'step Step, row: usize) -> Result<Self, DecodeError> {
        let scores = step.logits.row(row);
        let Softmax { total, entropy: word, spread } = Softmax::of(scores);
        let places = step.attention.as_ref().map_or(&[][..], |attention| attention.row(row));
        if !total.is_finite() {
            let tensor = "its scores".to_owned();
            return Err(NetworkError::NotFinite { stage: "decoder", tensor }.into());
        }
        Ok(Self { scores, total, doubt: Doubt { word, place: entropy(places), spread } })
    }

    /// The log probability of the token at this place; at most 0.
    pub(super) fn log_probability(&self, place: usize) -> Option<f32> {
        self.scores.get(place).map(|score| (score - self.total).min(0.0))
    }
}

/// That there is one row of scores for each sentence.
pub(super) fn check_step(step: &Step, rows: usize) -> Result<(), DecodeError> {
    let logits = &step.logits;
    let vocabulary = logits.shape.last().copied().unwrap_or(0);
    let due = vec![rows, vocabulary];
    if logits.shape != due || logits.values.len() != rows * vocabulary || step.state.rows != rows {
        let (tensor, found) = ("its scores".to_owned(), logits.shape.clone());
        return Err(NetworkError::Shape { stage: "decoder", tensor, expected: due, found }.into());
    }
    Ok(())
}

/// What one pass over scores tells of their softmax.
struct Softmax {
    /// `ln(sum(exp(scores)))`, without overflow; NaN or infinite where a score is.
    total: f32,
    /// In nats.
    entropy: f32,
    /// The scores' standard deviation; those of what is all but impossible do not count.
    spread: f32,
}

impl Softmax {
    fn of(scores: &[f32]) -> Self {
        let maximum = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut sum, mut weighted) = (0.0_f64, 0.0_f64);
        let (mut count, mut firsts, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
        for score in scores {
            let below = score - maximum;
            let share = f64::from(below.exp());
            let below = f64::from(below);
            sum += share;
            // Infinity times 0 would be no number.
            if share > 0.0 {
                weighted += share * below;
                count += 1.0;
                firsts += below;
                squares += below * below;
            }
        }
        let mean = firsts / count;
        Self {
            total: maximum + sum.ln() as f32,
            entropy: (sum.ln() - weighted / sum).max(0.0) as f32,
            spread: (squares / count - mean * mean).max(0.0).sqrt() as f32,
        }
    }
}

/// The entropy of probabilities that sum to 1.
fn entropy(probabilities: &[f32]) -> f32 {
    let terms = probabilities.iter().filter(|value| **value > 0.0).map(|value| -value * value.ln());
    terms.sum::<f32>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropies_by_hand() {
        let two = 2.0_f32.ln();
        for (logits, expected) in [
            (vec![0.0, 0.0, 0.0, 0.0], [2.0 * two, 2.0 * two, 0.0]),
            (vec![7.0, f32::NEG_INFINITY], [7.0, 0.0, 0.0]),
            (vec![two, 0.0, 0.0], [2.0 * two, 1.5 * two, two * 2.0_f32.sqrt() / 3.0]),
        ] {
            let Softmax { total, entropy, spread } = Softmax::of(&logits);
            for (found, expected) in [total, entropy, spread].into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{logits:?}: {total}, {entropy}, {spread}");
            }
        }
        assert!(!Softmax::of(&[1.0, f32::NAN]).total.is_finite());
        assert!((entropy(&[0.5, 0.25, 0.25, 0.0]) - 1.5 * 2.0_f32.ln()).abs() < 1e-6);
        assert!(entropy(&[]).abs() < f32::EPSILON);
    }
}
