//! `AdamW` (Loshchilov and Hutter 2019) whose state can be saved: tch's own optimisers cannot be resumed.

use std::collections::BTreeMap;

use tch::{Kind, Tensor, nn, no_grad};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The optimiser and its two moments of each weight.
#[derive(Debug)]
pub(super) struct AdamW {
    parameters: Vec<Parameter>,
    weight_decay: f64,
    gradient_norm: f64,
    steps: i64,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    weight: Tensor,
    first: Tensor,
    second: Tensor,
    encoder: bool,
}

impl AdamW {
    /// For every weight of `weights`; those below `encoder.` have a rate of their own.
    #[must_use]
    pub(super) fn new(weights: &nn::VarStore, weight_decay: f64, gradient_norm: f64) -> Self {
        let ordered: BTreeMap<_, _> = weights.variables().into_iter().collect();
        let parameters = ordered
            .into_iter()
            .map(|(name, weight)| Parameter {
                first: weight.zeros_like(),
                second: weight.zeros_like(),
                encoder: name.starts_with("encoder."),
                name,
                weight,
            })
            .collect();
        Self { parameters, weight_decay, gradient_norm, steps: 0 }
    }

    /// The gradient of `loss` with regard to each weight, in the weights' own order; not defined where there is none.
    pub(super) fn gradients(&self, loss: &Tensor) -> Vec<Tensor> {
        for parameter in &self.parameters {
            parameter.weight.shallow_clone().zero_grad();
        }
        loss.backward();
        self.parameters.iter().map(|parameter| parameter.weight.grad()).collect()
    }

    /// The names of the weights, in the order of the gradients.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|parameter| parameter.name.as_str())
    }

    /// What [`AdamW::gradients`] gives where there was nothing to learn from.
    pub(super) fn no_gradients(&self) -> Vec<Tensor> {
        self.parameters.iter().map(|_| Tensor::new()).collect()
    }

    /// Puts a gradient of zero wherever a weight that learns has none.
    pub(super) fn complete(&self, gradients: &mut [Tensor], encoder_learns: bool) {
        for (parameter, gradient) in self.parameters.iter().zip(gradients) {
            let learns = parameter.weight.requires_grad() && (encoder_learns || !parameter.encoder);
            if learns && !gradient.defined() {
                *gradient = parameter.weight.detach().zeros_like();
            }
        }
    }

    /// Moves the weights against their gradients, which are clipped by their global norm. A rate of 0 leaves the encoder.
    pub(super) fn step(&mut self, gradients: Vec<Tensor>, rate: f64, encoder_rate: f64) {
        self.steps += 1;
        let first_correction = 1.0 - BETA_1.powi(self.steps as i32);
        let second_correction = 1.0 - BETA_2.powi(self.steps as i32);
        no_grad(|| {
            let norms: Vec<_> =
                gradients.iter().filter(|gradient| gradient.defined()).map(Tensor::norm).collect();
            if norms.is_empty() {
                return;
            }
            let norm = Tensor::stack(&norms, 0).norm().double_value(&[]);
            // A gradient that is not finite teaches nothing: the step is left out, and its weights stay.
            let scale = if norm.is_finite() { (self.gradient_norm / (norm + 1e-6)).min(1.0) } else { return };
            for (parameter, gradient) in self.parameters.iter_mut().zip(gradients) {
                let rate = if parameter.encoder { encoder_rate } else { rate };
                if rate == 0.0 || !gradient.defined() {
                    continue;
                }
                let gradient = gradient * scale;
                let _ = parameter.first.lerp_(&gradient, 1.0 - BETA_1);
                let _ = parameter.second.lerp_(&gradient.square(), 1.0 - BETA_2);
                if parameter.weight.dim() > 1 {
                    let _ = parameter.weight.g_mul_scalar_(1.0 - rate * self.weight_decay);
                }
                let divisor = (&parameter.second / second_correction).sqrt() + EPSILON;
                let _ = parameter.weight.g_sub_(&(&parameter.first / divisor * (rate / first_correction)));
            }
        });
    }

    /// The state by name, for a checkpoint.
    #[must_use]
    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        let moments = self.parameters.iter().flat_map(|parameter| {
            [
                (format!("first.{}", parameter.name), parameter.first.shallow_clone()),
                (format!("second.{}", parameter.name), parameter.second.shallow_clone()),
            ]
        });
        let steps = ("steps".to_owned(), Tensor::from_slice(&[self.steps]).to_kind(Kind::Int64));
        moments.chain([steps]).collect()
    }

    /// Takes up a saved state. False when it is that of another model.
    #[must_use]
    pub(super) fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> bool {
        let Some(steps) = state.get("steps") else { return false };
        for parameter in &mut self.parameters {
            let first = state.get(&format!("first.{}", parameter.name));
            let second = state.get(&format!("second.{}", parameter.name));
            let (Some(first), Some(second)) = (first, second) else { return false };
            if first.size() != parameter.weight.size() || second.size() != parameter.weight.size() {
                return false;
            }
            parameter.first.copy_(first);
            parameter.second.copy_(second);
        }
        self.steps = steps.int64_value(&[0]);
        true
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn trained(steps: usize, resumed_after: Option<usize>) -> Vec<f64> {
        let weights = nn::VarStore::new(Device::Cpu);
        let mut weight = weights.root().zeros("weight", &[2]);
        no_grad(|| weight.copy_(&Tensor::from_slice(&[1.0f32, -2.0])));
        let mut optimiser = AdamW::new(&weights, 0.0, 1e9);
        for step in 0..steps {
            if Some(step) == resumed_after {
                let state =
                    optimiser.state().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect();
                optimiser = AdamW::new(&weights, 0.0, 1e9);
                assert!(optimiser.restore(&state));
            }
            let gradients = optimiser.gradients(&weight.square().sum(Kind::Float));
            optimiser.step(gradients, 0.1, 0.0);
        }
        Vec::try_from(weight.to_kind(Kind::Double)).expect("two numbers")
    }

    /// The first step of Adam moves every weight by the rate against its gradient's sign.
    #[test]
    fn first_step_is_the_rate() {
        let moved = trained(1, None);
        assert!((moved[0] - 0.9).abs() < 1e-5 && (moved[1] + 1.9).abs() < 1e-5, "{moved:?}");
    }

    #[test]
    fn goes_on_exactly() {
        assert_eq!(trained(7, Some(3)), trained(7, None));
    }

    #[test]
    fn gradients_are_clipped() {
        let weights = nn::VarStore::new(Device::Cpu);
        let weight = weights.root().zeros("weight", &[1]);
        let mut optimiser = AdamW::new(&weights, 0.0, 1.0);
        let gradients = optimiser.gradients(&(&weight * 50.0).sum(Kind::Float));
        optimiser.step(gradients, 0.1, 0.0);
        let first =
            optimiser.state().into_iter().find(|(name, _)| name == "first.weight").expect("a moment").1;
        assert!((first.double_value(&[0]) - 0.1).abs() < 1e-4, "{first:?}");
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing() {
        let weights = nn::VarStore::new(Device::Cpu);
        let weight = weights.root().ones("weight", &[1]);
        let mut optimiser = AdamW::new(&weights, 0.0, 1.0);
        let gradients = optimiser.gradients(&(&weight * f64::NAN).sum(Kind::Float));
        optimiser.step(gradients, 0.1, 0.1);
        assert_eq!(weight.double_value(&[0]).to_bits(), 1.0f64.to_bits());
    }
}
