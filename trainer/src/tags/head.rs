//! Where the classes' layer goes: behind the last map of an encoder's graph.

use anyhow::{Context as _, Result};
use ndarray::{Array1, Array2};

use super::OUTPUT;
use crate::onnx::{
    layer::{self, Input},
    messages::{GraphProto, NodeProto},
};

/// Puts the layer in, in place of one that is there. `weight` is `[classes, channels]`.
pub fn put(graph: &mut GraphProto, weight: &Array2<f32>, bias: &Array1<f32>) -> Result<()> {
    let (map, is_quantised) =
        last_map(graph).context("its encoder has no last map that a layer could follow")?;
    let float = format!("encoder.{map}");
    let tensor = if is_quantised { format!("{float}.dequantised") } else { float };
    layer::put(graph, OUTPUT, Input { tensor: &tensor, axes: &[2, 3] }, (weight, bias), is_quantised)
}

/// The encoder's last map without what stands before its name, and whether it is in 8 bits: what the projection of the
/// features reads, or else the mean of them.
fn last_map(graph: &GraphProto) -> Option<(String, bool)> {
    let reads = |node: &&NodeProto| match node.op_type.as_str() {
        "Conv" => node.name.starts_with("decoder.feature_projection"),
        "ReduceMean" => node.name.starts_with("encoder.mean"),
        _ => false,
    };
    let map = graph.node.iter().find(reads)?.input.first()?.strip_prefix("encoder.")?;
    Some(match map.strip_suffix(".dequantised") {
        Some(map) => (map.to_owned(), true),
        None => (map.to_owned(), false),
    })
}
