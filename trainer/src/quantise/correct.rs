//! Keeps what a layer gives on average: rounding its weights shifts that, and the bias takes the shift back.
//!
//! Inputs are mostly positive (they come out of a `ReLU`), so the errors of a channel's weights do not cancel: each counts
//! with the mean of its input. In a chain of 50 layers this is most of what int8 loses, and it costs nothing to undo
//! (Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction").

use std::collections::BTreeSet;

use super::plan::Plan;
use crate::onnx::messages::{GraphProto, NodeProto};

/// A layer whose weight is rounded and whose result has a bias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The tensor that it reads.
    pub input: String,
    /// Its weight.
    pub weight: String,
    /// The bias that is added to its result, and possibly to the results of other layers.
    pub bias: String,
}

/// The layers of a graph whose shift can be taken back.
#[must_use]
pub fn layers(graph: &GraphProto, plan: &Plan) -> Vec<Layer> {
    let constants: BTreeSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut layers = Vec::new();
    for node in &graph.node {
        let [input, weight, rest @ ..] = node.input.as_slice() else { continue };
        if !plan.weights.contains_key(weight) {
            continue;
        }
        let bias = match node.op_type.as_str() {
            "Conv" => rest.first(),
            "MatMul" => {
                let reads = |sum: &&_| reads_one_of(sum, &node.output);
                let sum = graph.node.iter().filter(|node| node.op_type == "Sum").find(reads);
                sum.and_then(|sum| sum.input.iter().find(|input| constants.contains(input.as_str())))
            }
            _ => None,
        };
        if let Some(bias) = bias {
            layers.push(Layer { input: input.clone(), weight: weight.clone(), bias: bias.clone() });
        }
    }
    layers
}

fn reads_one_of(node: &NodeProto, names: &[String]) -> bool {
    node.input.iter().any(|input| names.contains(input))
}

/// The mean of each channel of a tensor: of axis 1 where it has four axes (a picture's map), else of the last axis.
#[derive(Debug, Clone, Default)]
pub struct Means {
    sums: Vec<f64>,
    count: usize,
}

impl Means {
    /// Adds a tensor's values.
    pub fn observe(&mut self, shape: &[usize], values: &[f32]) {
        let (channels, run) = match *shape {
            [_, channels, height, width] => (channels, height * width),
            [.., channels] => (channels, 1),
            [] => return,
        };
        if channels == 0 || run == 0 {
            return;
        }
        self.sums.resize(channels, 0.0);
        for (place, run) in values.chunks(run).enumerate() {
            self.sums[place % channels] += run.iter().map(|&value| f64::from(value)).sum::<f64>();
        }
        self.count += values.len() / channels;
    }

    /// The means, one a channel.
    #[must_use]
    pub fn of_channels(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| sum / self.count.max(1) as f64).collect()
    }
}

/// How far rounding moves the mean of each output channel of a layer.
///
/// `shape` is that of the weight, OIHW of a convolution or `[inputs, outputs]` of a matrix; `means` are those of the input's
/// channels. Edges, where a convolution sees padding, are taken like the rest.
#[must_use]
pub fn shift(shape: &[i64], float: &[f32], rounded: &[f32], means: &[f64]) -> Vec<f64> {
    let lengths: Vec<usize> = shape.iter().map(|&length| usize::try_from(length).unwrap_or(0)).collect();
    let errors = float.iter().zip(rounded).map(|(float, rounded)| f64::from(*rounded) - f64::from(*float));
    let mean = |channel: usize| means.get(channel).copied().unwrap_or(0.0);
    match lengths[..] {
        [outputs, inputs, height, width] if inputs > 0 && height * width > 0 => {
            let mut shift = vec![0.0; outputs];
            let per_group = outputs / (means.len() / inputs).max(1);
            for (index, error) in errors.enumerate() {
                let (output, input) = (index / (inputs * height * width), index / (height * width) % inputs);
                shift[output] += error * mean(output / per_group.max(1) * inputs + input);
            }
            shift
        }
        [_, outputs] if outputs > 0 => {
            let mut shift = vec![0.0; outputs];
            for (index, error) in errors.enumerate() {
                shift[index % outputs] += error * mean(index / outputs);
            }
            shift
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_of_channels() {
        let cases: [(&[usize], &[f32], &[f64]); 3] = [
            (&[1, 2, 1, 2], &[1.0, 3.0, 5.0, 7.0], &[2.0, 6.0]),
            (&[2, 2], &[1.0, 3.0, 5.0, 7.0], &[3.0, 5.0]),
            (&[1, 2, 2], &[1.0, 3.0, 5.0, 7.0], &[3.0, 5.0]),
        ];
        for (shape, values, expected) in cases {
            let mut means = Means::default();
            means.observe(shape, values);
            means.observe(shape, values);
            assert_eq!(means.of_channels(), expected, "{shape:?}");
        }
    }

    #[test]
    fn a_shift_is_the_error_times_the_mean() {
        type Case<'a> = (&'a str, &'a [i64], &'a [f32], &'a [f64], &'a [f64]);
        let cases: [Case<'_>; 4] = [
            (
                "matrix of 2 inputs and 3 outputs",
                &[2, 3],
                &[1.0, 0.0, 0.0, 0.0, 2.0, 1.0],
                &[10.0, 1.0],
                &[10.0, 2.0, 1.0],
            ),
            ("1 x 1 convolution", &[2, 2, 1, 1], &[1.0, 1.0, 0.0, 2.0], &[10.0, 1.0], &[11.0, 2.0]),
            ("depthwise", &[2, 1, 1, 2], &[1.0, 1.0, 0.0, 2.0], &[10.0, 1.0], &[20.0, 2.0]),
            (
                "two groups of two",
                &[4, 1, 1, 1],
                &[1.0, 1.0, 1.0, 1.0],
                &[10.0, 1.0],
                &[10.0, 10.0, 1.0, 1.0],
            ),
        ];
        for (case, shape, errors, means, expected) in cases {
            assert_eq!(shift(shape, &vec![0.0; errors.len()], errors, means), expected, "{case}");
        }
    }
}
