//! The classes' layer behind the last map of an encoder's graph: the mean of all places, times a matrix, and a bias.

use anyhow::{Context as _, Result};
use ndarray::{Array1, Array2};

use super::OUTPUT;
use crate::onnx::{
    self, Element, int_attribute, ints_attribute,
    messages::{GraphProto, NodeProto},
    node, signed, tensor_f32, tensor_i8,
};
use crate::quantise::weights::{Layout, quantise};

/// Puts the layer in, in place of one that is there. `weight` is `[classes, channels]`.
///
/// Where the map is in 8 bits, the layer computes in these too: a mean of values lies among them, so their steps serve it.
pub fn put(graph: &mut GraphProto, weight: &Array2<f32>, bias: &Array1<f32>) -> Result<()> {
    remove(graph);
    let (map, is_quantised) =
        last_map(graph).context("its encoder has no last map that a layer could follow")?;
    let (classes, channels) = weight.dim();
    let name = |part: &str| format!("{OUTPUT}.{part}");
    let over_places = vec![ints_attribute("axes", &[2, 3]), int_attribute("keepdims", 0)];
    let float = format!("encoder.{map}");
    let map = if is_quantised { format!("{float}.dequantised") } else { float.clone() };
    graph.node.push(node("ReduceMean", &[&map], &name("mean"), over_places));
    let turned: Vec<f32> = weight.t().iter().copied().collect();
    let (mean, matrix) = if is_quantised {
        let steps = [format!("{float}.scale"), format!("{float}.zero_point")];
        let [scale, zero] = steps.each_ref().map(String::as_str);
        let (bytes, mean) = (name("mean.quantised"), name("mean.dequantised"));
        graph.node.push(node("QuantizeLinear", &[&name("mean"), scale, zero], &bytes, Vec::new()));
        graph.node.push(node("DequantizeLinear", &[&bytes, scale, zero], &mean, Vec::new()));
        let shape = [signed(channels), signed(classes)];
        let layout = Layout::of(&shape, 1).context("the layer has no classes")?;
        let rounded = quantise(&turned, layout, &[]);
        let own = ["matrix.quantised", "matrix.scale", "matrix.zero_point"].map(name);
        let [bytes, scales, zeros] = own.each_ref().map(String::as_str);
        graph.initializer.push(tensor_i8(bytes, &[channels, classes], &rounded.quantised));
        graph.initializer.push(tensor_f32(scales, &[classes], &rounded.scales));
        graph.initializer.push(tensor_i8(zeros, &[classes], &vec![0; classes]));
        let along = vec![int_attribute("axis", 1)];
        graph.node.push(node(
            "DequantizeLinear",
            &[bytes, scales, zeros],
            &name("matrix.dequantised"),
            along,
        ));
        (mean, name("matrix.dequantised"))
    } else {
        graph.initializer.push(tensor_f32(&name("matrix"), &[channels, classes], &turned));
        (name("mean"), name("matrix"))
    };
    graph.node.push(node("MatMul", &[&mean, &matrix], &name("product"), Vec::new()));
    graph.initializer.push(tensor_f32(&name("bias"), &[classes], &bias.to_vec()));
    graph.node.push(node("Sum", &[&name("product"), &name("bias")], OUTPUT, Vec::new()));
    graph.output.push(onnx::value(OUTPUT, Element::F32, Some(&[1.into(), classes.into()])));
    Ok(())
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
