//! Quantisation-aware training: an encoder that computes in the steps of 8 bits in which a device will compute it, and
//! learns to live with them (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference"). Gradients pass through the rounding as if it were not there, and not at all where a
//! value lies beyond the last step.
//!
//! The steps of the maps are those of a bundle that `quantise` made of the same network and that stay as they are; those
//! of the weights follow the weights, as `quantise` will choose them.

use anyhow::{Context as _, Result, ensure};
use descry_models::Bundle;
use tch::{Kind, Tensor};

use super::description::{Description, Layer, Operation};
use crate::onnx::{
    self,
    messages::{GraphProto, TensorProto},
};
use crate::quantise::rewrite;

/// The steps of each place of a network.
#[derive(Debug, Clone)]
pub struct Rounding {
    /// Of the maps, by their places; None: stays float.
    maps: Vec<Option<Steps>>,
    /// Of each layer, whether it has a weight in 8 bits.
    weights: Vec<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Steps {
    scale: f64,
    zero_point: i64,
}

impl Rounding {
    /// The steps that a quantised bundle of the network that `description` describes has.
    pub fn of_bundle(bundle: &Bundle, description: &Description) -> Result<Self> {
        let directory = bundle.directory().display();
        let graph = onnx::decode(bundle.encoder_onnx())
            .with_context(|| format!("{directory} is no bundle of this trainer"))?;
        // Where nothing bends a convolution's result, that is what the others read.
        let of_layer = |layer: &Layer| {
            let bent = format!("encoder.{}", layer.name);
            steps(&graph, &bent).or_else(|| steps(&graph, &format!("{bent}.convolved")))
        };
        let maps: Vec<_> =
            std::iter::once(steps(&graph, "pixels")).chain(description.layers.iter().map(of_layer)).collect();
        let weight = |layer: &Layer| {
            matches!(layer.operation, Operation::Convolution(_))
                && constant(&graph, &rewrite::quantised(&format!("encoder.{}.weight", layer.name))).is_some()
        };
        let weights: Vec<_> = description.layers.iter().map(weight).collect();
        ensure!(
            maps.iter().any(Option::is_some) && weights.contains(&true),
            "{directory} has no encoder of this run in 8 bits: name one that `quantise` made"
        );
        Ok(Self { maps, weights })
    }

    /// How many maps are rounded, the pixels among them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.maps.iter().flatten().count()
    }

    /// A map as those who read it get it.
    pub fn map(&self, place: usize, map: Tensor) -> Tensor {
        match self.maps.get(place).copied().flatten() {
            Some(Steps { scale, zero_point }) => {
                map.fake_quantize_per_tensor_affine(scale, zero_point, 0, 255)
            }
            None => map,
        }
    }

    /// The weight of a layer, by its number, as the device multiplies with it: each output channel has a scale of its own.
    pub fn weight(&self, layer: usize, weight: &Tensor) -> Tensor {
        if !self.weights.get(layer).copied().unwrap_or(false) {
            return weight.shallow_clone();
        }
        let scales = weight.detach().abs().amax([1, 2, 3], false).clamp_min(1e-12) / 127.0;
        let zero_points = scales.zeros_like().to_kind(Kind::Int);
        weight.fake_quantize_per_channel_affine(&scales, &zero_points, 0, -127, 127)
    }
}

fn constant<'graph>(graph: &'graph GraphProto, name: &str) -> Option<&'graph TensorProto> {
    graph.initializer.iter().find(|tensor| tensor.name == name)
}

fn steps(graph: &GraphProto, name: &str) -> Option<Steps> {
    let scale = *onnx::values_f32(constant(graph, &rewrite::scale(name))?)?.first()?;
    let zero_point = *constant(graph, &rewrite::zero_point(name))?.raw_data.first()?;
    Some(Steps { scale: f64::from(scale), zero_point: i64::from(zero_point) })
}
