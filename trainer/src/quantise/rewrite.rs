//! Puts a graph's quantisation into it, in the QDQ form: every quantised tensor goes through `QuantizeLinear` and
//! `DequantizeLinear`, and a runtime fuses these with the operator between them into one that computes in integers.

use std::collections::BTreeMap;

use super::{
    plan::{Plan, Readers},
    range::Steps,
    weights::ChannelWise,
};
use crate::onnx::{
    Element, int_attribute,
    messages::{AttributeProto, GraphProto, NodeProto, TensorProto},
    node, signed, tensor_f32, tensor_i8, tensor_u8,
};

/// Rewrites a float graph. `steps` and `weights` hold what `plan` names.
#[must_use]
pub fn rewrite(
    mut graph: GraphProto,
    plan: &Plan,
    steps: &BTreeMap<String, Steps>,
    weights: &BTreeMap<String, ChannelWise>,
) -> GraphProto {
    let mut nodes = Vec::with_capacity(graph.node.len() * 2);
    for (name, weight) in weights {
        if let Some(float) = graph.initializer.iter_mut().find(|tensor| &tensor.name == name) {
            let (shape, axis) = (float.dims.clone(), plan.weights[name]);
            *float = byte_tensor(&quantised(name), &shape, weight);
            let channels = weight.scales.len();
            graph.initializer.push(tensor_f32(&scale(name), &[channels], &weight.scales));
            graph.initializer.push(tensor_i8(&zero_point(name), &[channels], &vec![0; channels]));
            nodes.push(dequantise(name, &quantised(name), vec![int_attribute("axis", signed(axis))]));
        }
    }
    for (name, steps) in steps {
        graph.initializer.push(tensor_f32(&scale(name), &[], &[steps.scale]));
        graph.initializer.push(tensor_u8(&zero_point(name), &[], &[steps.zero_point]));
    }
    for input in graph.input.iter().filter(|input| steps.contains_key(&input.name)) {
        nodes.extend(through_bytes(&input.name, &input.name, &dequantised(&input.name)));
    }
    let outputs: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    // An output that everyone reads quantised keeps its name, so the float tensor before it takes another.
    let renamed = |name: &str| outputs.contains(&name) && plan.activations.get(name) == Some(&Readers::All);
    for mut node in std::mem::take(&mut graph.node) {
        let integer = plan.nodes.contains(&node.name);
        for input in &mut node.input {
            let all = plan.activations.get(input.as_str()) == Some(&Readers::All);
            if renamed(input) {
                continue;
            }
            if steps.contains_key(input) && (integer || all)
                || weights.contains_key(input) && node.op_type != "Gather"
            {
                *input = dequantised(input);
            }
        }
        let mut after = Vec::new();
        for output in &mut node.output {
            if !steps.contains_key(output) {
                continue;
            }
            if renamed(output) {
                let float = format!("{output}.float");
                after.extend(through_bytes(output, &float, output));
                node.name.clone_from(&float);
                *output = float;
            } else {
                after.extend(through_bytes(output, output, &dequantised(output)));
            }
        }
        match node.op_type.as_str() {
            "Gather" if weights.contains_key(&node.input[0]) => nodes.extend(gather(&node)),
            _ => nodes.push(node),
        }
        nodes.extend(after);
    }
    graph.node = nodes;
    graph
}

/// What the bytes of a tensor are called.
#[must_use]
pub fn quantised(name: &str) -> String {
    format!("{name}.quantised")
}

fn dequantised(name: &str) -> String {
    format!("{name}.dequantised")
}

/// What the distance of a tensor's steps is called.
#[must_use]
pub fn scale(name: &str) -> String {
    format!("{name}.scale")
}

/// What the step of a tensor that is zero is called.
#[must_use]
pub fn zero_point(name: &str) -> String {
    format!("{name}.zero_point")
}

fn byte_tensor(name: &str, shape: &[i64], weight: &ChannelWise) -> TensorProto {
    TensorProto { dims: shape.to_vec(), ..tensor_i8(name, &[], &weight.quantised) }
}

/// The two nodes that take `from` to bytes and back to `to`, with the steps of the tensor `name`.
fn through_bytes(name: &str, from: &str, to: &str) -> [NodeProto; 2] {
    let bytes = quantised(name);
    let quantise = node("QuantizeLinear", &[from, &scale(name), &zero_point(name)], &bytes, Vec::new());
    let dequantise = node("DequantizeLinear", &[&bytes, &scale(name), &zero_point(name)], to, Vec::new());
    [quantise, dequantise]
}

fn dequantise(name: &str, bytes: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    node("DequantizeLinear", &[bytes, &scale(name), &zero_point(name)], &dequantised(name), attributes)
}

/// Columns of a table in bytes: only the columns that are asked for become float, not the whole table.
fn gather(float: &NodeProto) -> [NodeProto; 4] {
    let (table, column, output) = (&float.input[0], &float.input[1], &float.output[0]);
    let [bytes, values, scales] = ["quantised", "unscaled", "scales"].map(|part| format!("{output}.{part}"));
    [
        node("Gather", &[&quantised(table), column], &bytes, float.attribute.clone()),
        node("Cast", &[&bytes], &values, vec![int_attribute("to", Element::F32 as i64)]),
        node("Gather", &[&scale(table), column], &scales, vec![int_attribute("axis", 0)]),
        node("Mul", &[&values, &scales], output, Vec::new()),
    ]
}
