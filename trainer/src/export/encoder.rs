//! The encoder as a graph: the layers of its description, the projection of its features, and all that the decoder needs once
//! a picture.

use super::{
    context,
    design::Design,
    sizes::Sizes,
    weights::{Weights, WeightsError},
};
use crate::encoder::{
    Features,
    description::{Activation, Convolution, Layer, Operation},
};
use crate::onnx::{Element, Graph, int_attribute, ints_attribute, messages::ModelProto, signed};

/// Writes the encoder: input `pixels` [1, 3, side, side]; outputs: the context of the design, and the states that the cells
/// start from, [1, hidden size] each.
pub fn encoder(weights: &Weights, design: &Design, sizes: &Sizes) -> Result<ModelProto, WeightsError> {
    let side = design.side();
    let mut graph = Graph::new("encoder");
    let pixels = graph.input("pixels", Element::F32, &[1.into(), 3.into(), side.into(), side.into()]);
    let mut writer = Writer { graph, weights };
    let mut maps = vec![Map { name: pixels, channels: 3, size: [side; 2] }];
    for layer in &design.description().layers {
        let inputs: Vec<Map> =
            layer.inputs.iter().filter_map(|input| maps.get(input.index()).cloned()).collect();
        let map = writer.layer(layer, &inputs)?;
        maps.push(map);
    }
    let last = maps.pop().ok_or_else(|| weights.refused("encoder", "has no layers".to_owned()))?;
    writer.ending(&last, design, sizes)
}

/// A tensor [1, channels, rows, columns].
#[derive(Clone)]
struct Map {
    name: String,
    channels: usize,
    size: [usize; 2],
}

struct Writer<'a> {
    graph: Graph,
    weights: &'a Weights,
}

impl Writer<'_> {
    fn layer(&mut self, layer: &Layer, inputs: &[Map]) -> Result<Map, WeightsError> {
        let path = format!("encoder.{}", layer.name);
        let first = inputs.first().ok_or_else(|| self.weights.refused(&path, "reads nothing".to_owned()))?;
        let size = layer.operation.size(first.size);
        let names: Vec<&str> = inputs.iter().map(|map| map.name.as_str()).collect();
        let mut channels = first.channels;
        let name = match &layer.operation {
            Operation::Convolution(convolution) => return self.learnt(&path, first, convolution),
            Operation::MaximumPool { kernel, stride, padding } => {
                let attributes = window([*kernel; 2], *stride, [[*padding; 2]; 2]);
                self.graph.node("MaxPool", &names, &path, attributes)
            }
            Operation::AveragePool => {
                let mut attributes = window([3, 3], 1, [[1, 1]; 2]);
                attributes.push(int_attribute("count_include_pad", 1));
                self.graph.node("AveragePool", &names, &path, attributes)
            }
            Operation::Sum(activation) => {
                if inputs.iter().any(|map| map.channels != channels) {
                    return Err(self.weights.refused(&path, "adds maps of unlike channels".to_owned()));
                }
                let sum =
                    if *activation == Activation::None { path.clone() } else { format!("{path}.added") };
                let sum = self.graph.node("Add", &names, &sum, Vec::new());
                self.bent(sum, &path, *activation)
            }
            Operation::Concatenation => {
                channels = inputs.iter().map(|map| map.channels).sum();
                self.graph.node("Concat", &names, &path, vec![int_attribute("axis", 1)])
            }
        };
        Ok(Map { name, channels, size })
    }

    /// A convolution with the run's weights; how many channels it makes is found in them.
    fn learnt(&mut self, path: &str, input: &Map, layer: &Convolution) -> Result<Map, WeightsError> {
        let name = format!("{path}.weight");
        let weight = self.weights.convolution(&name)?;
        let shape = [weight.shape()[0], weight.shape()[1], weight.shape()[2], weight.shape()[3]];
        let values: Vec<f32> = weight.iter().copied().collect();
        let groups = input.channels / shape[1];
        let fits = groups * shape[1] == input.channels && shape[0] % groups.max(1) == 0;
        if shape[2..] != layer.kernel || !fits || layer.depthwise != (groups == input.channels && groups > 1)
        {
            let channels = input.channels;
            let problem = format!("has the shape {shape:?}, which does not fit {channels} channels of input");
            return Err(self.weights.refused(&name, problem));
        }
        self.convolution(path, input, (&values, shape), layer, groups)
    }

    fn convolution(
        &mut self,
        path: &str,
        input: &Map,
        (values, shape): (&[f32], [usize; 4]),
        layer: &Convolution,
        groups: usize,
    ) -> Result<Map, WeightsError> {
        let bias_name = format!("{path}.bias");
        let bias = self.weights.vector(&bias_name, shape[0])?;
        let weight = self.graph.constant(&format!("{path}.weight"), &shape, values);
        let bias = self.graph.constant(&bias_name, &[shape[0]], &bias.to_vec());
        let padding =
            [0, 1].map(|axis| layer.padding.around(axis, input.size[axis], layer.kernel[axis], layer.stride));
        let mut attributes = window(layer.kernel, layer.stride, padding);
        attributes.push(int_attribute("group", signed(groups)));
        let convolved = format!("{path}.convolved");
        let name = self.graph.node("Conv", &[&input.name, &weight, &bias], &convolved, attributes);
        let name = self.bent(name, path, layer.activation);
        let size = Operation::Convolution(layer.clone()).size(input.size);
        Ok(Map { name, channels: shape[0], size })
    }

    fn bent(&mut self, name: String, path: &str, activation: Activation) -> String {
        match activation {
            Activation::None => name,
            Activation::Relu => self.graph.node("Relu", &[&name], path, Vec::new()),
            Activation::Relu6 => {
                // Each its own bounds: an engine may fold them into the convolution that they follow.
                let low = self.graph.constant(&format!("{path}.low"), &[], &[0.0]);
                let high = self.graph.constant(&format!("{path}.high"), &[], &[6.0]);
                self.graph.node("Clip", &[&name, &low, &high], path, Vec::new())
            }
        }
    }

    /// From the last map to what the decoder takes.
    fn ending(mut self, last: &Map, design: &Design, sizes: &Sizes) -> Result<ModelProto, WeightsError> {
        match design.decoder.kind.features() {
            Features::Spatial => {
                let features = self.places(last, sizes)?;
                context::of_places(&mut self.graph, self.weights, (design, sizes), &features)?;
            }
            Features::Global => {
                let over_places = vec![ints_attribute("axes", &[2, 3]), int_attribute("keepdims", 0)];
                let mean = self.graph.node("ReduceMean", &[&last.name], "encoder.mean", over_places);
                let mean = (mean.as_str(), last.channels);
                context::of_picture(&mut self.graph, self.weights, (design, sizes), mean)?;
            }
        }
        for (name, shape) in design.context(sizes) {
            let shape: Vec<_> = shape.into_iter().map(Into::into).collect();
            self.graph.output(name, &shape);
        }
        for state in design.states() {
            self.graph.output(&state, &[1.into(), sizes.hidden.into()]);
        }
        Ok(self.graph.into_model())
    }

    /// Projected features [1, places, feature size].
    fn places(&mut self, last: &Map, sizes: &Sizes) -> Result<String, WeightsError> {
        let &Sizes { places, feature, .. } = sizes;
        let path = "decoder.feature_projection";
        let projection = self
            .weights
            .matrix(&format!("{path}.weight"), Some(feature), Some(last.channels))?
            .into_raw_vec_and_offset()
            .0;
        // A 1 x 1 convolution, so that the integer kernels of convolutions serve it.
        let layer = Convolution::pointwise(path, last.channels, feature, Activation::Relu);
        let shape = [feature, last.channels, 1, 1];
        let projected = self.convolution(path, last, (&projection, shape), &layer, 1)?;
        let graph = &mut self.graph;
        let shape = graph.integers("features.shape", &[1, signed(feature), signed(places)]);
        let rows = graph.node("Reshape", &[&projected.name, &shape], "features.channels_first", Vec::new());
        let order = ints_attribute("perm", &[0, 2, 1]);
        Ok(graph.node("Transpose", &[&rows], "features", vec![order]))
    }
}

/// Attributes of what slides over a map; padding before and after, down and across.
fn window(
    kernel: [usize; 2],
    stride: usize,
    [rows, columns]: [[usize; 2]; 2],
) -> Vec<crate::onnx::messages::AttributeProto> {
    vec![
        ints_attribute("kernel_shape", &kernel.map(signed)),
        ints_attribute("strides", &[signed(stride); 2]),
        ints_attribute("pads", &[rows[0], columns[0], rows[1], columns[1]].map(signed)),
    ]
}
