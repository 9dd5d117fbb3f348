//! The classes' layer behind the last map of an encoder's graph: the mean of all places, times a matrix, and a bias.
//!
//! In a quantised graph the matrix has 4 bits for each weight ([`packed`]): so it takes half a megabyte where 8 bits take one,
//! and names the same class for 94 of 100 photos. The mean stays float there: it costs nothing.

mod packed;

use anyhow::{Context as _, Result};
use ndarray::{Array1, Array2};

use super::OUTPUT;
use crate::onnx::{
    self, Element, int_attribute, ints_attribute,
    messages::{GraphProto, NodeProto},
    node, tensor_f32,
};

/// Puts the layer in, in place of one that is there. `weight` is `[classes, channels]`.
pub fn put(graph: &mut GraphProto, weight: &Array2<f32>, bias: &Array1<f32>) -> Result<()> {
    remove(graph);
    let (map, is_quantised) =
        last_map(graph).context("its encoder has no last map that a layer could follow")?;
    let (classes, channels) = weight.dim();
    let over_places = vec![ints_attribute("axes", &[2, 3]), int_attribute("keepdims", 0)];
    let float = format!("encoder.{map}");
    let map = if is_quantised { format!("{float}.dequantised") } else { float };
    graph.node.push(node("ReduceMean", &[&map], &name("mean"), over_places));
    let turned: Vec<f32> = weight.t().iter().copied().collect();
    if is_quantised {
        packed::put(graph, &turned, [channels, classes])?;
        graph.node.push(node("MatMul", &[&name("mean"), &name("matrix")], &name("sums"), Vec::new()));
        graph.node.push(node("Mul", &[&name("sums"), &name("matrix.scale")], &name("product"), Vec::new()));
    } else {
        graph.initializer.push(tensor_f32(&name("matrix"), &[channels, classes], &turned));
        graph.node.push(node("MatMul", &[&name("mean"), &name("matrix")], &name("product"), Vec::new()));
    }
    graph.initializer.push(tensor_f32(&name("bias"), &[classes], &bias.to_vec()));
    graph.node.push(node("Sum", &[&name("product"), &name("bias")], OUTPUT, Vec::new()));
    graph.output.push(onnx::value(OUTPUT, Element::F32, Some(&[1.into(), classes.into()])));
    Ok(())
}

/// The name of a part of the layer.
fn name(part: &str) -> String {
    format!("{OUTPUT}.{part}")
}

/// Takes out what [`put`] put in.
fn remove(graph: &mut GraphProto) {
    graph.node.retain(|node| !is_ours(&node.name));
    graph.initializer.retain(|tensor| !is_ours(&tensor.name));
    graph.output.retain(|output| output.name != OUTPUT);
}

/// Whether what has this name belongs to the layer: it is no part of what a model learns from.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.strip_prefix(OUTPUT).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
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
