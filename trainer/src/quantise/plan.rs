//! What of a graph is quantised: the inputs of convolutions, of multiplications with a matrix of weights, and of what
//! joins or pools maps between convolutions. All else stays float: it is small, and it is where precision shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::onnx::messages::{GraphProto, NodeProto, TensorProto};

/// The tensors of one graph that are quantised.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Constants, and the axis of their output channels.
    pub weights: BTreeMap<String, usize>,
    /// Tensors that are computed, or given by the caller.
    pub activations: BTreeMap<String, Readers>,
    /// Names of the nodes that compute in integers.
    pub nodes: BTreeSet<String>,
}

/// Who reads the quantised form of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Everyone: its only use is then quantised, so that it can be computed in integers, too.
    All,
    /// The nodes that compute in integers. It comes out of a float operation anyhow, and the others read that.
    Integer,
}

/// Decides what is quantised: nothing of the layers whose names contain one of `keep_float`, and of those whose names
/// contain one of `weights_only` just the weights, which are made float again when the network is loaded.
#[must_use]
pub fn plan(graph: &GraphProto, keep_float: &[String], weights_only: &[String]) -> Plan {
    let is_one_of = |node: &NodeProto, parts: &[String]| parts.iter().any(|part| node.name.contains(part));
    let constants: BTreeMap<&str, &TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let makers: BTreeMap<&str, &NodeProto> = graph
        .node
        .iter()
        .flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node)))
        .collect();
    let mut plan = Plan::default();
    let mut inputs = Vec::new();
    for node in graph.node.iter().filter(|node| !is_one_of(node, keep_float)) {
        let computes_in_floats = is_one_of(node, weights_only);
        let [first, rest @ ..] = node.input.as_slice() else { continue };
        if matches!(node.op_type.as_str(), "MaxPool" | "AveragePool")
            && follows_integers(&makers, first, &plan)
        {
            inputs.push(first);
            // The greatest of some steps is one of them; a mean is not.
            if node.op_type == "MaxPool" {
                plan.nodes.insert(node.name.clone());
            }
            continue;
        }
        let [second, ..] = rest else { continue };
        let matrix = constants
            .get(second.as_str())
            .is_some_and(|weight| matches!(weight.dims[..], [_, columns] if columns > 1));
        match node.op_type.as_str() {
            "Conv" if constants.contains_key(second.as_str()) => {
                plan.weights.insert(second.clone(), 0);
                if computes_in_floats {
                    continue;
                }
                inputs.push(first);
            }
            "MatMul" if matrix => {
                plan.weights.insert(second.clone(), 1);
                if computes_in_floats {
                    continue;
                }
                inputs.push(first);
            }
            // All sides come out of convolutions: the sum around a block of the encoder, or branches side by side.
            "Add" | "Concat" if node.input.iter().all(|name| follows_integers(&makers, name, &plan)) => {
                inputs.extend(&node.input);
            }
            _ => continue,
        }
        plan.nodes.insert(node.name.clone());
    }
    for name in inputs {
        let readers = if follows_integers(&makers, name, &plan) { Readers::All } else { Readers::Integer };
        plan.activations.insert(name.clone(), readers);
    }
    plan
}

/// Whether a convolution, or a sum of convolutions, makes this tensor.
fn integer(makers: &BTreeMap<&str, &NodeProto>, name: &str, plan: &Plan) -> bool {
    makers.get(name).is_some_and(|node| plan.nodes.contains(&node.name) && node.op_type != "MatMul")
}

/// Whether nothing but bounds and moves lies between this tensor and a convolution.
fn follows_integers(makers: &BTreeMap<&str, &NodeProto>, name: &str, plan: &Plan) -> bool {
    integer(makers, name, plan)
        || makers.get(name).is_some_and(|node| {
            matches!(node.op_type.as_str(), "Clip" | "Relu" | "Reshape" | "Transpose")
                && node.input.first().is_some_and(|input| follows_integers(makers, input, plan))
        })
}
