//! A [`Description`] as a module of libtorch that can learn.

use tch::{Tensor, nn};

use super::description::{Activation, Convolution, Description, Operation, Place};
use super::rounding::Rounding;
use super::{EncoderChoice, Features};

/// An encoder with its weights.
#[derive(Debug)]
pub struct Encoder {
    description: Description,
    features: Features,
    /// Weight and bias, of the layers that are convolutions.
    weights: Vec<Option<[Tensor; 2]>>,
    /// Of each place, the layer that reads it last: after that its memory is free.
    last_readers: Vec<usize>,
    /// The steps in which a device computes it; None: it computes in floats.
    rounding: Option<Rounding>,
}

impl Encoder {
    /// Declares the weights below `path`, by the names of the description. Those outside of the groups that `choice` fine-tunes
    /// never learn.
    #[must_use]
    pub fn new(path: &nn::Path<'_>, choice: &EncoderChoice, features: Features) -> Self {
        let description = choice.description(features);
        let learns = |group: &String| choice.fine_tuned.as_ref().is_none_or(|groups| groups.contains(group));
        let mut weights = Vec::with_capacity(description.layers.len());
        let mut last_readers = vec![usize::MAX; description.layers.len() + 1];
        for (number, layer) in description.layers.iter().enumerate() {
            for input in &layer.inputs {
                last_readers[input.index()] = number;
            }
            weights.push(match &layer.operation {
                Operation::Convolution(convolution) => {
                    let path = convolution.name.split('.').fold(path.clone(), |path, part| path / part);
                    let shape = convolution.shape().map(|side| side as i64);
                    let tensors = [
                        path.kaiming_normal("weight", &shape),
                        path.zeros("bias", &[convolution.output as i64]),
                    ];
                    Some(tensors.map(|tensor| tensor.set_requires_grad(learns(&layer.group))))
                }
                _ => None,
            });
        }
        Self { description, features, weights, last_readers, rounding: None }
    }

    /// Computes in these steps from now on.
    pub fn round_by(&mut self, rounding: Rounding) {
        self.rounding = Some(rounding);
    }

    /// Channels of its features.
    #[must_use]
    pub fn channels(&self) -> i64 {
        self.description.channels as i64
    }

    /// Its layers.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Features of pictures.
    ///
    /// `pixels`: `[pictures, 3, height, width]`, normalised as the weights want it. Result: `[pictures, places, channels]`,
    /// places row by row; one place, the mean of all, where the features are global.
    pub fn features(&self, pixels: &Tensor) -> Tensor {
        let map = self.map(pixels);
        match self.features {
            Features::Spatial => map.permute([0, 2, 3, 1]).flatten(1, 2),
            Features::Global => map.mean_dim([2i64, 3].as_slice(), false, tch::Kind::Float).unsqueeze(1),
        }
    }

    /// The last layer's map: `[pictures, channels, rows, columns]`.
    pub fn map(&self, pixels: &Tensor) -> Tensor {
        // Channels last: twice as fast on a CPU as the layout that the pixels come in.
        let pixels = pixels.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        let rounded = |place: usize, map: Tensor| match &self.rounding {
            Some(rounding) => rounding.map(place, map),
            None => map,
        };
        let mut maps = vec![Some(rounded(Place::PIXELS.index(), pixels))];
        for (number, (layer, weights)) in self.description.layers.iter().zip(&self.weights).enumerate() {
            let inputs: Vec<Tensor> = layer
                .inputs
                .iter()
                .filter_map(|input| {
                    let map = maps.get_mut(input.index())?;
                    if self.last_readers[input.index()] == number {
                        map.take()
                    } else {
                        map.as_ref().map(Tensor::shallow_clone)
                    }
                })
                .collect();
            let weights = weights.as_ref().map(|[weight, bias]| match &self.rounding {
                Some(rounding) => [rounding.weight(number, weight), bias.shallow_clone()],
                None => [weight.shallow_clone(), bias.shallow_clone()],
            });
            maps.push(Some(rounded(number + 1, forward(&layer.operation, weights.as_ref(), &inputs))));
        }
        maps.pop().flatten().unwrap_or_default()
    }
}

fn forward(operation: &Operation, weights: Option<&[Tensor; 2]>, inputs: &[Tensor]) -> Tensor {
    match (operation, weights, inputs) {
        (Operation::Convolution(layer), Some(weights), [input]) => convolution(layer, weights, input),
        (Operation::MaximumPool { kernel, stride, padding }, _, [input]) => {
            let both = |side: &usize| [*side as i64; 2];
            input.max_pool2d(both(kernel), both(stride), both(padding), [1, 1], false)
        }
        (Operation::AveragePool, _, [input]) => {
            input.avg_pool2d([3, 3], [1, 1], [1, 1], false, true, None::<i64>)
        }
        (Operation::Sum(activation), _, [one, other]) => bent(one + other, *activation),
        (Operation::Concatenation, _, inputs) => Tensor::cat(inputs, 1),
        _ => unreachable!("a description gives each operation as many inputs as it takes"),
    }
}

fn convolution(layer: &Convolution, [weight, bias]: &[Tensor; 2], input: &Tensor) -> Tensor {
    let sides = &input.size()[2..];
    let [rows, columns] = [0, 1].map(|axis| {
        layer
            .padding
            .around(axis, sides[axis] as usize, layer.kernel[axis], layer.stride)
            .map(|side| side as i64)
    });
    let groups = if layer.depthwise { layer.input as i64 } else { 1 };
    let stride = [layer.stride as i64; 2];
    let output = if rows[0] == rows[1] && columns[0] == columns[1] {
        input.conv2d(weight, Some(bias), stride, [rows[0], columns[0]], [1, 1], groups)
    } else {
        let padded = input.constant_pad_nd([columns[0], columns[1], rows[0], rows[1]]);
        padded.conv2d(weight, Some(bias), stride, [0, 0], [1, 1], groups)
    };
    bent(output, layer.activation)
}

fn bent(map: Tensor, activation: Activation) -> Tensor {
    match activation {
        Activation::None => map,
        Activation::Relu => map.relu(),
        // `relu6` and not `clamp`: its backward pass is vectorised, and training is twice as fast.
        Activation::Relu6 => map.relu6(),
    }
}
