//! Mixed precision: an encoder that computes in bfloat16 while its weights stay float32 (Micikevicius et al. 2018, "Mixed
//! Precision Training"). bfloat16 has float32's range, so that no loss needs scaling (Kalamkar et al. 2019, "A Study of
//! BFLOAT16 for Deep Learning Training").
//!
//! libtorch's autocast is not used: through tch it can only be float16, and only on a GPU. A second encoder holds the
//! weights rounded to 16 bits; its gradients are those of the first. It works on any device, and is tested on a processor.

use tch::{Kind, Tensor, no_grad};

use super::optimiser::AdamW;
use crate::experiment::Experiment;
use crate::model::Model;

/// What the weights of the encoder are called by.
const ENCODER: &str = "encoder.";

/// The encoder in 16 bits.
pub(super) struct Mixed(Model);

impl Mixed {
    /// Of the encoder of `model`, which the experiment describes.
    pub(super) fn new(model: &Model, experiment: &Experiment) -> Self {
        // The decoder of this second model is never run.
        let (encoder, decoder) = (&experiment.encoder, &experiment.decoder);
        let mut rounded = Model::new(model.weights.device(), 1, encoder, decoder);
        rounded.weights.bfloat16();
        Self(rounded)
    }

    /// The encoder's features, in float32, from weights as they are now.
    pub(super) fn features(&self, model: &Model, pixels: &Tensor) -> Tensor {
        let weights = model.weights.variables();
        no_grad(|| {
            for (name, mut rounded) in self.0.weights.variables() {
                if let Some(weight) = weights.get(&name).filter(|_| name.starts_with(ENCODER)) {
                    rounded.copy_(weight);
                    rounded.zero_grad();
                }
            }
        });
        self.0.encoder.features(&pixels.to_kind(Kind::BFloat16)).to_kind(Kind::Float)
    }

    /// Puts the gradients of the rounded encoder in the places of the encoder's own, which has none.
    pub(super) fn fill(&self, optimiser: &AdamW, gradients: &mut [Tensor]) {
        let rounded = self.0.weights.variables();
        for (name, gradient) in optimiser.names().zip(gradients) {
            if let Some(weight) = rounded.get(name).filter(|_| name.starts_with(ENCODER))
                && weight.grad().defined()
            {
                *gradient = weight.grad().to_kind(Kind::Float);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::model::alone;

    fn cosine(one: &Tensor, other: &Tensor) -> f64 {
        let (one, other) =
            (one.to_kind(Kind::Double).flatten(0, -1), other.to_kind(Kind::Double).flatten(0, -1));
        (&one * &other).sum(Kind::Double).double_value(&[])
            / (one.norm() * other.norm()).double_value(&[]).max(1e-30)
    }

    /// Features and gradients point where those of 32 bits do, and are float32 themselves.
    #[test]
    fn sixteen_bits_learn_the_same() {
        let _alone = alone();
        tch::manual_seed(2);
        let text = include_str!("../../experiments/descry-attend-2.toml");
        let experiment: Experiment = toml::from_str(text).expect("an experiment");
        let model = Model::new(Device::Cpu, 8, &experiment.encoder, &experiment.decoder);
        let mixed = Mixed::new(&model, &experiment);
        let optimiser = AdamW::new(&model.weights, 0.0, 1.0);
        let pixels = Tensor::rand([2, 3, 224, 224], (Kind::Float, Device::Cpu)) * 2.0 - 1.0;
        let whole = model.encoder.features(&pixels);
        let aim = whole.rand_like();
        let loss = |features: &Tensor| (features * &aim).mean(Kind::Float);
        let expected = optimiser.gradients(&loss(&whole));
        let expected: Vec<Tensor> = expected
            .iter()
            .map(|gradient| if gradient.defined() { gradient.copy() } else { Tensor::new() })
            .collect();

        let rounded = mixed.features(&model, &pixels);
        assert_eq!(rounded.kind(), Kind::Float);
        // Of random weights in 52 layers; those that were learnt stay closer.
        assert!(cosine(&rounded, &whole) > 0.97, "{}", cosine(&rounded, &whole));
        let mut gradients = optimiser.gradients(&loss(&rounded));
        mixed.fill(&optimiser, &mut gradients);
        for ((name, found), due) in optimiser.names().zip(&gradients).zip(&expected) {
            if !name.starts_with(ENCODER) {
                continue;
            }
            assert_eq!(found.kind(), Kind::Float, "{name}");
            assert!(found.isfinite().all().int64_value(&[]) == 1, "{name}");
            // Further from the loss, random weights magnify every rounding.
            if name.starts_with("encoder.head") || name.starts_with("encoder.blocks.16") {
                assert!(cosine(found, due) > 0.95, "{name}: {}", cosine(found, due));
            }
        }
    }
}
