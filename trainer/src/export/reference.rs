//! The formulas of the model a second time, in loops and 64 bits: what the exported graphs are compared with.

use ndarray::{Array1, Array2, Array3, Axis, concatenate};

use super::fixture::{EMBEDDING, HIDDEN, Tensors};

/// What a picture gives the decoder.
pub(crate) struct Context {
    pub(crate) features: Array2<f64>,
    pub(crate) keys: Array2<f64>,
    pub(crate) hidden: Array1<f64>,
    pub(crate) cell: Array1<f64>,
}

/// What a word leads to.
pub(crate) struct Step {
    pub(crate) logits: Array1<f64>,
    pub(crate) hidden: Array1<f64>,
    pub(crate) cell: Array1<f64>,
    pub(crate) attention: Array1<f64>,
}

fn matrix(tensors: &Tensors, name: &str) -> Array2<f64> {
    let tensor = &tensors[name];
    let shape = (tensor.shape()[0], tensor.shape()[1]);
    Array2::from_shape_vec(shape, tensor.iter().map(|&value| f64::from(value)).collect()).unwrap()
}

fn vector(tensors: &Tensors, name: &str) -> Array1<f64> {
    tensors[name].iter().map(|&value| f64::from(value)).collect()
}

fn linear(tensors: &Tensors, path: &str, input: &Array1<f64>) -> Array1<f64> {
    matrix(tensors, &format!("{path}.weight")).dot(input) + vector(tensors, &format!("{path}.bias"))
}

/// A convolution [channels, side, side] with `TensorFlow`'s SAME padding, and `ReLU6` where `bounded`.
fn convolution(
    tensors: &Tensors,
    path: &str,
    input: &Array3<f64>,
    stride: usize,
    bounded: bool,
) -> Array3<f64> {
    let (weight, bias) = (&tensors[&format!("{path}.weight")], &tensors[&format!("{path}.bias")]);
    let (channels, inputs, kernel) = (weight.shape()[0], weight.shape()[1], weight.shape()[2]);
    let side = input.dim().1;
    let out = side.div_ceil(stride);
    let before = ((out - 1) * stride + kernel).saturating_sub(side) / 2;
    let groups = input.dim().0 / inputs;
    Array3::from_shape_fn((channels, out, out), |(channel, y, x)| {
        let first = channel / (channels / groups) * inputs;
        let mut sum = f64::from(bias[[channel]]);
        for (inner, down, across) in ndarray::indices((inputs, kernel, kernel)) {
            let (row, column) = (y * stride + down, x * stride + across);
            if row >= before && column >= before && row - before < side && column - before < side {
                sum += input[[first + inner, row - before, column - before]]
                    * f64::from(weight[[channel, inner, down, across]]);
            }
        }
        if bounded { sum.clamp(0.0, 6.0) } else { sum }
    })
}

/// Encodes pixels [3, side, side].
pub(crate) fn encode(tensors: &Tensors, pixels: &Array3<f64>) -> Context {
    let mut map = convolution(tensors, "encoder.stem", pixels, 2, true);
    for block in 0..17 {
        let path = format!("encoder.blocks.{block}");
        let stride = if [1, 3, 6, 13].contains(&block) { 2 } else { 1 };
        let mut inside = map.clone();
        if block > 0 {
            inside = convolution(tensors, &format!("{path}.expand"), &inside, 1, true);
        }
        inside = convolution(tensors, &format!("{path}.depthwise"), &inside, stride, true);
        inside = convolution(tensors, &format!("{path}.project"), &inside, 1, false);
        map = if inside.dim() == map.dim() { inside + map } else { inside };
    }
    let map = convolution(tensors, "encoder.head", &map, 1, true);
    let (channels, side, _) = map.dim();
    let places = (0..side * side).map(|place| {
        let place: Array1<f64> =
            (0..channels).map(|channel| map[[channel, place / side, place % side]]).collect();
        linear(tensors, "decoder.feature_projection", &place).mapv(|value| value.max(0.0))
    });
    let features = stacked(places);
    let keys = stacked(features.outer_iter().map(|place| linear(tensors, "decoder.key", &place.to_owned())));
    let mean = features.mean_axis(Axis(0)).unwrap();
    let hidden = linear(tensors, "decoder.initial_hidden", &mean).mapv(f64::tanh);
    let cell = linear(tensors, "decoder.initial_cell", &mean).mapv(f64::tanh);
    Context { features, keys, hidden, cell }
}

fn stacked(rows: impl Iterator<Item = Array1<f64>>) -> Array2<f64> {
    let rows: Vec<Array1<f64>> = rows.collect();
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    ndarray::stack(Axis(0), &views).unwrap()
}

/// One step for one sentence.
pub(crate) fn step(
    tensors: &Tensors,
    context: &Context,
    hidden: &Array1<f64>,
    cell: &Array1<f64>,
    token: usize,
) -> Step {
    let sigmoid = |value: f64| 1.0 / (1.0 + (-value).exp());
    let table = matrix(tensors, "decoder.embedding.weight");
    let query = linear(tensors, "decoder.query", hidden);
    let energy: Array1<f64> = context
        .keys
        .outer_iter()
        .map(|key| (&key + &query).mapv(f64::tanh).dot(&matrix(tensors, "decoder.attention.weight").row(0)))
        .collect();
    let attention = energy.mapv(f64::exp);
    let attention = &attention / attention.sum();
    let gate = linear(tensors, "decoder.gate", hidden).mapv(sigmoid);
    let seen = gate * attention.dot(&context.features);
    let input = concatenate![Axis(0), table.row(token), seen];
    assert_eq!(input.len(), EMBEDDING + seen.len());
    let gates = matrix(tensors, "decoder.cell.weight_input").dot(&input)
        + matrix(tensors, "decoder.cell.weight_hidden").dot(hidden)
        + vector(tensors, "decoder.cell.bias");
    let gate = |place: usize, bend: &dyn Fn(f64) -> f64| -> Array1<f64> {
        (0..HIDDEN).map(|unit| bend(gates[place * HIDDEN + unit])).collect()
    };
    let cell = gate(1, &sigmoid) * cell + gate(0, &sigmoid) * gate(2, &f64::tanh);
    let hidden = gate(3, &sigmoid) * cell.mapv(f64::tanh);
    let deep = linear(tensors, "decoder.deep", &concatenate![Axis(0), hidden, seen]).mapv(f64::tanh);
    let logits = table.dot(&deep) + vector(tensors, "decoder.output.bias");
    Step { logits, hidden, cell, attention }
}
