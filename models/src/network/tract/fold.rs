//! Rewrites a quantised graph (QDQ) so that tract runs it fast and gives the very numbers of an int8 engine.
//!
//! tract would run the graph as it is written: in float, with each activation made 8-bit and float again. Instead:
//!
//! - What lies between a `QuantizeLinear` and the `DequantizeLinear`s behind it becomes steps; see [`descry_steps`].
//! - A `Conv` or `MatMul` of such an activation with stored int8 weights is computed on steps and whole weights, which
//!   f32 holds exactly, and multiplied by the scales afterwards; its bias becomes whole too, as int8 engines have it.
//! - If a `Conv`'s output is made 8-bit again, with nothing but `Relu`, `Clip`, `Reshape` and `Transpose` between, it is
//!   multiplied by `(scale x * scale w) / scale y` and rounded at once, as ONNX Runtime's `QLinearConv` does. So is the
//!   sum of two activations (`QLinearAdd`).
//! - Other stored weights become float32: `(weight - zero point) * scale`, and those with 4 bits are taken apart.
//!
//! Why to the bit: in a deep network one activation that rounds the other way changes a tenth of all the activations a
//! dozen layers on, and with them one caption in five. Everything that is not understood is left as it is: tract runs
//! it or says why not.

use std::collections::HashSet;

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto, attribute_proto::AttributeType};

use self::lookup::{Lookup, Product};
use super::{
    steps,
    tensors::{as_floats, float_tensor, floats, integers},
};

mod lookup;
mod packed;
#[cfg(feature = "onnxruntime")]
mod symmetric;
#[cfg(feature = "onnxruntime")]
pub(super) use symmetric::symmetrise;

/// Rewrites the graph; see the module's documentation.
pub(super) fn fold(graph: &mut GraphProto) {
    // Nodes in branches and loops may use any name of the graph around them; captioners have none.
    let nested = |attribute: &AttributeProto| attribute.g.is_some() || !attribute.graphs.is_empty();
    if graph.node.iter().any(|node| node.attribute.iter().any(nested)) {
        return;
    }
    rewrite(graph, |rewritten, node, lookup| match node.op_type.as_str() {
        "QuantizeLinear" => rewritten.quantise(node, lookup),
        "DequantizeLinear" => rewritten.dequantise(node, lookup),
        "Conv" | "MatMul" => rewritten.product(node, lookup),
        "Relu" | "Clip" => rewritten.limit(node, lookup),
        "Concat" => rewritten.unpack(node, lookup),
        _ => None,
    });
}

/// Makes the graph a float one without any 8-bit number: what a GPU runs that does not know ours.
///
/// Stored weights become float32 and activations are no longer rounded, so captions may differ where two words are all
/// but equally likely.
#[cfg(feature = "onnxruntime")]
pub(super) fn unquantise(graph: &mut GraphProto) {
    rewrite(graph, |rewritten, node, lookup| match node.op_type.as_str() {
        "QuantizeLinear" if lookup.quantised(node).is_some() => Some(()),
        "DequantizeLinear" => rewritten.as_float(node, lookup),
        _ => None,
    });
}

/// Has each node written anew, and leaves those as they are for which that gives nothing.
fn rewrite(graph: &mut GraphProto, write: impl Fn(&mut Rewritten, &NodeProto, &Lookup<'_>) -> Option<()>) {
    let lookup = Lookup::of(graph);
    let mut rewritten = Rewritten::default();
    for node in &graph.node {
        if write(&mut rewritten, node, &lookup).is_none() {
            rewritten.nodes.push(node.clone());
        }
    }
    let Rewritten { nodes, mut weights } = rewritten;
    graph.node = nodes;
    graph.initializer.append(&mut weights);
    remove_unused(graph);
}

/// The graph that comes out. Each method gives nothing where it did not understand the node.
#[derive(Default)]
struct Rewritten {
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
}

impl Rewritten {
    /// The rounding of an activation, or of a sum of two.
    fn quantise(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        let activation = lookup.quantised(node)?;
        let limits = [("low", activation.low), ("high", activation.high)];
        if let Some([a, b]) = lookup.addends(node) {
            let attributes = [
                ("ratio_a", a.scale / activation.scale),
                ("ratio_b", b.scale / activation.scale),
                ("zero_a", a.zero),
                ("zero_b", b.zero),
                ("zero", activation.zero),
            ];
            let attributes = attributes.into_iter().chain(limits);
            self.push(steps::SUM, &[&a.steps, &b.steps], &activation.steps, attributes);
        } else if lookup.product_behind(node).is_some() {
            // The layer gives steps already.
            self.push("Identity", &[node.input.first()?], &activation.steps, []);
        } else {
            let attributes = [("scale", activation.scale)].into_iter().chain(limits);
            self.push(steps::ROUND, &[node.input.first()?], &activation.steps, attributes);
        }
        Some(())
    }

    /// An activation made float again, or stored weights made float.
    fn dequantise(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        let output = node.output.first()?;
        if let Some(activation) = lookup.activation(output) {
            let scale = self.weight(format!("{output}/scale"), &[], &[activation.scale]);
            self.push("Mul", &[&activation.steps, &scale], output, []);
            return Some(());
        }
        // Where whole weights stand for them all, the float ones would be unpacked in vain.
        if lookup.users(output).iter().all(|user| lookup.product(user).is_some()) {
            return Some(());
        }
        self.weights.push(dequantised(node, lookup)?);
        Some(())
    }

    /// An activation as it was before it was made 8-bit, or stored weights made float.
    #[cfg(feature = "onnxruntime")]
    fn as_float(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        if let Some(source) = lookup.before(node) {
            self.push("Identity", &[source], node.output.first()?, []);
            return Some(());
        }
        self.weights.push(dequantised(node, lookup)?);
        Some(())
    }

    /// A layer on steps and whole weights.
    fn product(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        let Product { activation, weights, bias, requantised } = lookup.product(node)?;
        let output = node.output.first()?;
        let whole = format!("{output}/weights");
        self.weights.push(as_floats(&whole, weights.stored)?);
        let mut inputs = vec![activation.steps.clone(), whole];
        if let Some(bias) = &bias {
            inputs.push(self.weight(format!("{output}/bias"), &[bias.len()], bias));
        }
        let sums = format!("{output}/sums");
        self.nodes.push(NodeProto { input: inputs, output: vec![sums.clone()], ..node.clone() });
        let scales = weights.scales.iter().map(|scale| activation.scale * scale);
        let Some(made) = requantised else {
            let scales =
                self.weight(format!("{output}/scales"), &[weights.scales.len()], &scales.collect::<Vec<_>>());
            self.push("Mul", &[&sums, &scales], output, []);
            return Some(());
        };
        self.push(steps::REQUANTISE, &[&sums], output, [("low", made.low), ("high", made.high)]);
        let multipliers = AttributeProto {
            name: "multipliers".to_owned(),
            r#type: AttributeType::Floats as i32,
            floats: scales.map(|scale| scale / made.scale).collect(),
            ..AttributeProto::default()
        };
        self.nodes.last_mut()?.attribute.push(multipliers);
        Some(())
    }

    /// A limit that the rounding behind it keeps anyhow.
    fn limit(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        lookup.is_kept_by_rounding(node).then_some(())?;
        self.push("Identity", &[node.input.first()?], node.output.first()?, []);
        Some(())
    }

    /// Weights with 4 bits each.
    fn unpack(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        self.weights.push(packed::unpacked(node, lookup)?);
        Some(())
    }

    fn push(
        &mut self,
        op_type: &str,
        inputs: &[&String],
        output: &str,
        attributes: impl IntoIterator<Item = (&'static str, f32)>,
    ) {
        let float = |(name, value): (&str, f32)| AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::Float as i32,
            f: value,
            ..AttributeProto::default()
        };
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|name| (*name).clone()).collect(),
            output: vec![output.to_owned()],
            name: format!("{output}/{op_type}"),
            op_type: op_type.to_owned(),
            attribute: attributes.into_iter().map(float).collect(),
            ..NodeProto::default()
        });
    }

    fn weight(&mut self, name: String, shape: &[usize], values: &[f32]) -> String {
        self.weights.push(float_tensor(&name, shape, values.iter().copied()));
        name
    }
}

/// The float32 weights that a `DequantizeLinear` of stored weights gives, under the name of its output.
fn dequantised(node: &NodeProto, lookup: &Lookup<'_>) -> Option<TensorProto> {
    let weight = |place: usize| node.input.get(place).and_then(|name| lookup.stored(name));
    let (shape, values) = integers(weight(0)?)?;
    let (scale_shape, scales) = floats(weight(1)?)?;
    let zero_points = match node.input.get(2).map(String::as_str) {
        None | Some("") => vec![0; scales.len()],
        Some(_) => integers(weight(2)?)?.1,
    };
    if scales.is_empty() || zero_points.len() != scales.len() {
        return None;
    }
    // How many values in a row share a scale; all of them where there is one.
    let run = if scales.len() == 1 && scale_shape.len() <= 1 {
        values.len().max(1)
    } else {
        let axis = lookup::axis(node, shape.len())?;
        (*shape.get(axis)? == scales.len()).then_some(())?;
        shape[axis + 1..].iter().product::<usize>().max(1)
    };
    let parameters = scales.iter().zip(&zero_points).cycle();
    let mut floats = Vec::with_capacity(values.len());
    for (run, (scale, zero)) in values.chunks(run).zip(parameters) {
        floats.extend(run.iter().map(|value| value.wrapping_sub(*zero) as f32 * scale));
    }
    Some(float_tensor(node.output.first()?, &shape, floats.into_iter()))
}

/// Removes nodes and weights that lead to no output, so that tract does not compute or keep them.
fn remove_unused(graph: &mut GraphProto) {
    let mut used: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    let mut keep = vec![false; graph.node.len()];
    // Users come after what they use, as ONNX requires; other orders take another round.
    let mut grown = true;
    while grown {
        grown = false;
        for (node, keep) in graph.node.iter().zip(&mut keep).rev() {
            if !*keep && node.output.iter().any(|output| used.contains(output)) {
                *keep = true;
                grown = true;
                used.extend(node.input.iter().cloned());
            }
        }
    }
    let mut keep = keep.into_iter();
    graph.node.retain(|_| keep.next().unwrap_or(true));
    graph.initializer.retain(|weight| used.contains(&weight.name));
}

#[cfg(test)]
mod tests;
