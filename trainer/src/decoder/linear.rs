//! A matrix times rows, and a bias.

use tch::{Tensor, nn};

/// `weight` is `[outputs, inputs]`.
#[derive(Debug)]
pub(super) struct Linear {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
}

impl Linear {
    pub(super) fn new(path: &nn::Path<'_>, input: i64, output: i64) -> Self {
        let bound = 1.0 / (input as f64).sqrt();
        Self {
            weight: path.uniform("weight", &[output, input], -bound, bound),
            bias: path.zeros("bias", &[output]),
        }
    }

    pub(super) fn forward(&self, input: &Tensor) -> Tensor {
        input.linear(&self.weight, Some(&self.bias))
    }
}
