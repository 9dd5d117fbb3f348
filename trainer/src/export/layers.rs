//! What both graphs are made of: a matrix times rows, with and without a bias.

use ndarray::ArrayView2;

use super::weights::{Weights, WeightsError};
use crate::onnx::Graph;

/// `output = input Wᵀ + b` with the run's `{path}.weight` [outputs, inputs] and `{path}.bias`.
pub fn linear(
    graph: &mut Graph,
    weights: &Weights,
    path: &str,
    [outputs, inputs]: [usize; 2],
    input: &str,
    output: &str,
) -> Result<String, WeightsError> {
    let weight = weights.matrix(&format!("{path}.weight"), Some(outputs), Some(inputs))?;
    let product = product(graph, path, &weight.view(), input);
    sum(graph, weights, &format!("{path}.bias"), outputs, &[&product], output)
}

/// `output = parts + b` with the run's bias of this name.
///
/// A `Sum` and not an `Add`: ONNX Runtime makes one `Gemm` of a `MatMul` and an `Add`, which then is not computed in integers.
pub fn sum(
    graph: &mut Graph,
    weights: &Weights,
    bias: &str,
    length: usize,
    parts: &[&str],
    output: &str,
) -> Result<String, WeightsError> {
    let bias = graph.constant(bias, &[length], &weights.vector(bias, length)?.to_vec());
    Ok(graph.node("Sum", &[parts, &[bias.as_str()]].concat(), output, Vec::new()))
}

/// `{path}.product = input Wᵀ` with a matrix [outputs, inputs], stored as ONNX multiplies it: [inputs, outputs].
pub fn product(graph: &mut Graph, path: &str, weight: &ArrayView2<'_, f32>, input: &str) -> String {
    let (outputs, inputs) = weight.dim();
    let values: Vec<f32> = weight.t().iter().copied().collect();
    let matrix = graph.constant(&format!("{path}.matrix"), &[inputs, outputs], &values);
    graph.node("MatMul", &[input, &matrix], &format!("{path}.product"), Vec::new())
}
