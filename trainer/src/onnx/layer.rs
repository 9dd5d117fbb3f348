//! A dense layer that gives an encoder's graph a further output: the mean over some axes of what the graph computes anyway,
//! times a matrix, and a bias.
//!
//! Beside weights in 8 bits the matrix has 4 for each (`packed.rs`): that is half a megabyte for a thousand
//! classes of 1,280 channels, and names the same class for 94 of 100 photos. The mean stays float there: it costs nothing.
//! What the graph gave before stays as it is, bit for bit.

use anyhow::Result;
use ndarray::{Array1, Array2};

use super::{
    Element, int_attribute, ints_attribute,
    messages::{GraphProto, NodeProto},
    node, packed, tensor_f32, value,
};

/// What the layer reads: a tensor of the graph, and the axes that its mean is taken over; a row of channels is left.
#[derive(Debug, Clone, Copy)]
pub struct Input<'name> {
    /// The tensor's name.
    pub tensor: &'name str,
    /// The axes.
    pub axes: &'name [i64],
}

/// Puts the layer in as the output `name`, in place of one that is there; the names of all its parts begin with that. `weight`
/// is `[outputs, channels]`, in 4 bits where `is_packed`.
pub fn put(
    graph: &mut GraphProto,
    name: &str,
    input: Input<'_>,
    (weight, bias): (&Array2<f32>, &Array1<f32>),
    is_packed: bool,
) -> Result<()> {
    remove(graph, name);
    let part = |part: &str| format!("{name}.{part}");
    let (outputs, channels) = weight.dim();
    let over = vec![ints_attribute("axes", input.axes), int_attribute("keepdims", 0)];
    graph.node.push(node("ReduceMean", &[input.tensor], &part("mean"), over));
    let turned: Vec<f32> = weight.t().iter().copied().collect();
    let push = |graph: &mut GraphProto, operator: &str, inputs: [&str; 2], output: &str| {
        let [one, other] = inputs.map(part);
        graph.node.push(node(operator, &[&one, &other], output, Vec::new()));
    };
    if is_packed {
        packed::put(graph, name, &turned, [channels, outputs])?;
        push(graph, "MatMul", ["mean", "matrix"], &part("sums"));
        push(graph, "Mul", ["sums", "matrix.scale"], &part("product"));
    } else {
        graph.initializer.push(tensor_f32(&part("matrix"), &[channels, outputs], &turned));
        push(graph, "MatMul", ["mean", "matrix"], &part("product"));
    }
    graph.initializer.push(tensor_f32(&part("bias"), &[outputs], &bias.to_vec()));
    push(graph, "Sum", ["product", "bias"], name);
    graph.output.push(value(name, Element::F32, Some(&[1.into(), outputs.into()])));
    Ok(())
}

/// `[outputs, channels]` as it is kept where `is_packed`. Who fits a bias to what the layer gives fits it to this.
#[must_use]
pub fn rounded(weight: &Array2<f32>) -> Array2<f32> {
    let turned: Vec<f32> = weight.t().iter().copied().collect();
    let kept = packed::rounded(&turned, weight.nrows());
    Array2::from_shape_fn(weight.dim(), |(output, channel)| kept[channel * weight.nrows() + output])
}

/// Takes out what [`put`] put in.
pub fn remove(graph: &mut GraphProto, name: &str) {
    graph.node.retain(|node: &NodeProto| !is_of(name, &node.name));
    graph.initializer.retain(|tensor| !is_of(name, &tensor.name));
    graph.output.retain(|output| output.name != name);
}

/// Whether what is called `part` belongs to the layer `name`: it is no part of what a model learns from.
#[must_use]
pub fn is_of(name: &str, part: &str) -> bool {
    part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_by_its_name() {
        for (name, part, due) in [
            ("tags", "tags", true),
            ("tags", "tags.matrix.scale", true),
            ("tags", "tagsother", false),
            ("tags", "encoder.tags", false),
            ("evidence", "tags.bias", false),
        ] {
            assert_eq!(is_of(name, part), due, "{part} of {name}");
        }
    }
}
