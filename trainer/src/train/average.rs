//! The moving average of a model's weights: measured and kept in their place (Polyak and Juditsky 1992).

use std::collections::BTreeMap;

use tch::{Tensor, nn, no_grad};

/// Weights averaged over steps.
#[derive(Debug)]
pub(super) struct Average {
    decay: f64,
    steps: i32,
    weights: BTreeMap<String, Tensor>,
}

impl Average {
    /// Starts from the weights as they are.
    #[must_use]
    pub(super) fn new(weights: &nn::VarStore, decay: f64) -> Self {
        let copy = |(name, weight): (String, Tensor)| (name, weight.detach().copy());
        Self { decay, steps: 0, weights: weights.variables().into_iter().map(copy).collect() }
    }

    /// Moves towards the weights after a step. Early on the average is short, so that the start does not linger.
    pub(super) fn update(&mut self, weights: &nn::VarStore) {
        self.steps += 1;
        let decay = self.decay.min(f64::from(1 + self.steps) / f64::from(10 + self.steps));
        no_grad(|| {
            for (name, weight) in weights.variables() {
                if let Some(average) = self.weights.get_mut(&name) {
                    let _ = average.lerp_(&weight, 1.0 - decay);
                }
            }
        });
    }

    /// Runs `work` with the averages in the model's place.
    pub(super) fn within<T>(&self, weights: &nn::VarStore, work: impl FnOnce() -> T) -> T {
        let own: BTreeMap<_, _> =
            weights.variables().into_iter().map(|(name, weight)| (name, weight.detach().copy())).collect();
        put(weights, &self.weights);
        let result = work();
        put(weights, &own);
        result
    }

    /// The averages by their weights' names.
    #[must_use]
    pub(super) fn weights(&self) -> Vec<(String, Tensor)> {
        self.weights.iter().map(|(name, weight)| (name.clone(), weight.shallow_clone())).collect()
    }

    /// The averages by name, for a checkpoint.
    #[must_use]
    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        let averages =
            self.weights.iter().map(|(name, weight)| (format!("average.{name}"), weight.shallow_clone()));
        averages.chain([("average_steps".to_owned(), Tensor::from_slice(&[i64::from(self.steps)]))]).collect()
    }

    /// Takes up a saved state. False when it is that of another model.
    #[must_use]
    pub(super) fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> bool {
        let Some(steps) = state.get("average_steps") else { return false };
        for (name, average) in &mut self.weights {
            match state.get(&format!("average.{name}")) {
                Some(saved) if saved.size() == average.size() => average.copy_(saved),
                _ => return false,
            }
        }
        self.steps = steps.int64_value(&[0]) as i32;
        true
    }
}

/// The weights on the straight line from `before` to `after`, at `share` of the way; of the names that both have.
#[must_use]
pub(super) fn between(
    before: &BTreeMap<String, Tensor>,
    after: &BTreeMap<String, Tensor>,
    share: f64,
) -> Vec<(String, Tensor)> {
    let middle =
        |(name, before): (&String, &Tensor)| Some((name.clone(), before.lerp(after.get(name)?, share)));
    before.iter().filter_map(middle).collect()
}

/// Copies `values` into the weights of the same names.
pub(super) fn put(weights: &nn::VarStore, values: &BTreeMap<String, Tensor>) {
    no_grad(|| {
        for (name, mut weight) in weights.variables() {
            if let Some(value) = values.get(&name) {
                weight.copy_(value);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_weights() {
        let weights = |value: f32| BTreeMap::from([("a".to_owned(), Tensor::from_slice(&[value, 2.0]))]);
        for (share, due) in [(0.25, 2.0), (0.5, 3.0), (1.0, 5.0)] {
            let middle = between(&weights(1.0), &weights(5.0), share);
            assert_eq!(Vec::<f32>::try_from(&middle[0].1).expect("two numbers"), [due, 2.0], "{share}");
        }
    }
}
