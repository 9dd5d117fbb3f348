//! The encoder as a graph: `MobileNetV2`, the projection of its features, and all that the decoder needs once a picture.
//!
//! Padding is `TensorFlow`'s SAME, written out, because the weights were trained with it: where a side cannot be padded
//! evenly, the bottom and the right get one more than the top and the left.

use super::{
    layers::linear,
    sizes::Sizes,
    weights::{Weights, WeightsError},
};
use crate::onnx::{Element, Graph, int_attribute, ints_attribute, messages::ModelProto, signed};

/// First strides of the 17 blocks of `MobileNetV2` (Sandler et al. 2018, table 2); repeated blocks have stride 1.
const STRIDES: [usize; 17] = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1];

/// Writes the encoder: input `pixels` [1, 3, side, side]; outputs `features` [1, places, feature size], `keys`
/// [1, places, attention size], `hidden` and `cell` [1, hidden size].
pub fn encoder(weights: &Weights, sizes: &Sizes) -> Result<ModelProto, WeightsError> {
    let side = sizes.side;
    let mut graph = Graph::new("encoder");
    let pixels = graph.input("pixels", Element::F32, &[1.into(), 3.into(), side.into(), side.into()]);
    let mut writer = Writer { graph, weights };
    let mut map = Map { name: pixels, channels: 3, side };
    map = writer.convolution("encoder.stem", &map, 2, Activation::Relu6)?;
    for (block, &stride) in STRIDES.iter().enumerate() {
        let path = format!("encoder.blocks.{block}");
        let mut inside = map.clone();
        if writer.weights.contains(&format!("{path}.expand.weight")) {
            inside = writer.convolution(&format!("{path}.expand"), &inside, 1, Activation::Relu6)?;
        }
        inside = writer.convolution(&format!("{path}.depthwise"), &inside, stride, Activation::Relu6)?;
        inside = writer.convolution(&format!("{path}.project"), &inside, 1, Activation::None)?;
        if stride == 1 && inside.channels == map.channels {
            let sum = format!("{path}.sum");
            inside.name = writer.graph.node("Add", &[&inside.name, &map.name], &sum, Vec::new());
        }
        map = inside;
    }
    map = writer.convolution("encoder.head", &map, 1, Activation::Relu6)?;
    writer.context(&map, sizes)
}

/// A tensor [1, channels, side, side].
#[derive(Clone)]
struct Map {
    name: String,
    channels: usize,
    side: usize,
}

#[derive(Clone, Copy)]
enum Activation {
    None,
    Relu,
    Relu6,
}

struct Writer<'a> {
    graph: Graph,
    weights: &'a Weights,
}

impl Writer<'_> {
    fn convolution(
        &mut self,
        path: &str,
        input: &Map,
        stride: usize,
        activation: Activation,
    ) -> Result<Map, WeightsError> {
        let name = format!("{path}.weight");
        let weight = self.weights.convolution(&name)?;
        let shape = [weight.shape()[0], weight.shape()[1], weight.shape()[2], weight.shape()[3]];
        let values: Vec<f32> = weight.iter().copied().collect();
        self.convolution_of(path, input, &values, shape, stride, activation)
    }

    fn convolution_of(
        &mut self,
        path: &str,
        input: &Map,
        values: &[f32],
        shape: [usize; 4],
        stride: usize,
        activation: Activation,
    ) -> Result<Map, WeightsError> {
        let weight_name = format!("{path}.weight");
        let [channels, inputs, kernel, width] = shape;
        let groups = input.channels / inputs;
        if kernel != width || groups * inputs != input.channels || channels % groups.max(1) != 0 {
            let problem =
                format!("has the shape {shape:?}, which does not fit {} channels of input", input.channels);
            return Err(self.weights.refused(&weight_name, problem));
        }
        let bias_name = format!("{path}.bias");
        let bias = self.weights.vector(&bias_name, channels)?;
        let weight = self.graph.constant(&weight_name, &shape, values);
        let bias = self.graph.constant(&bias_name, &[channels], &bias.to_vec());
        let side = input.side.div_ceil(stride);
        let padding = ((side - 1) * stride + kernel).saturating_sub(input.side);
        let (before, after) = (signed(padding / 2), signed(padding.div_ceil(2)));
        let attributes = vec![
            ints_attribute("kernel_shape", &[signed(kernel); 2]),
            ints_attribute("strides", &[signed(stride); 2]),
            ints_attribute("pads", &[before, before, after, after]),
            int_attribute("group", signed(groups)),
        ];
        let mut name =
            self.graph.node("Conv", &[&input.name, &weight, &bias], &format!("{path}.convolved"), attributes);
        name = match activation {
            Activation::None => name,
            Activation::Relu => self.graph.node("Relu", &[&name], path, Vec::new()),
            Activation::Relu6 => {
                // Each its own bounds: an engine may fold them into the convolution that they follow.
                let low = self.graph.constant(&format!("{path}.low"), &[], &[0.0]);
                let high = self.graph.constant(&format!("{path}.high"), &[], &[6.0]);
                self.graph.node("Clip", &[&name, &low, &high], path, Vec::new())
            }
        };
        Ok(Map { name, channels, side })
    }

    /// From the head's map to what the decoder takes.
    fn context(mut self, head: &Map, sizes: &Sizes) -> Result<ModelProto, WeightsError> {
        let &Sizes { places, feature, attention, hidden, .. } = sizes;
        let path = "decoder.feature_projection";
        let projection = self
            .weights
            .matrix(&format!("{path}.weight"), Some(feature), Some(head.channels))?
            .into_raw_vec_and_offset()
            .0;
        // A 1 x 1 convolution, so that the integer kernels of convolutions serve it.
        let shape = [feature, head.channels, 1, 1];
        let projected = self.convolution_of(path, head, &projection, shape, 1, Activation::Relu)?;

        let graph = &mut self.graph;
        let shape = graph.integers("features.shape", &[1, signed(feature), signed(places)]);
        let rows = graph.node("Reshape", &[&projected.name, &shape], "features.channels_first", Vec::new());
        let order = ints_attribute("perm", &[0, 2, 1]);
        let features = graph.node("Transpose", &[&rows], "features", vec![order]);
        linear(graph, self.weights, "decoder.key", [attention, feature], &features, "keys")?;

        let over_places = vec![ints_attribute("axes", &[1]), int_attribute("keepdims", 0)];
        let mean = graph.node("ReduceMean", &[&features], "features.mean", over_places);
        for (path, output) in [("decoder.initial_hidden", "hidden"), ("decoder.initial_cell", "cell")] {
            let inner =
                linear(graph, self.weights, path, [hidden, feature], &mean, &format!("{path}.linear"))?;
            graph.node("Tanh", &[&inner], output, Vec::new());
        }

        graph.output("features", &[1.into(), places.into(), feature.into()]);
        graph.output("keys", &[1.into(), places.into(), attention.into()]);
        graph.output("hidden", &[1.into(), hidden.into()]);
        graph.output("cell", &[1.into(), hidden.into()]);
        Ok(self.graph.into_model())
    }
}
