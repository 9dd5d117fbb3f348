//! A matrix with 4 bits for each weight, two of them in a byte: `ONNX` has no such type before operator set 21, and tract has
//! none at all. Operators that every engine computes once, when it loads the graph, take the bytes apart.
//!
//! The byte of row `r` holds the weight of row `r`, -7 to 7, in its upper half and that of row `r + rows / 2`, 1 to 15 for -7
//! to 7, in its lower one.

use anyhow::{Result, ensure};

use super::{int_attribute, messages::GraphProto, node, tensor_f32, tensor_i8};

/// The greatest weight in steps.
const LARGEST: f32 = 7.0;
/// How far the upper half of a byte lies above the lower one.
const STEPS: f32 = 16.0;
/// What is added to the weight in the lower half, which has no sign.
const SHIFT: f32 = 8.0;
/// `ONNX`'s number for float32.
const FLOAT: i64 = 1;

/// Puts the matrix `[rows, columns]` into the graph as `PREFIX.matrix`, in steps, and what a step of each column is worth as
/// `PREFIX.matrix.scale`.
pub(super) fn put(
    graph: &mut GraphProto,
    prefix: &str,
    values: &[f32],
    [rows, columns]: [usize; 2],
) -> Result<()> {
    ensure!(rows % 2 == 0, "the layer {prefix} reads {rows} channels: 4 bits need an even number");
    let name = |part: &str| format!("{prefix}.{part}");
    let (scales, bytes) = packed(values, columns);
    graph.initializer.push(tensor_i8(&name("matrix.packed"), &[rows / 2, columns], &bytes));
    graph.initializer.push(tensor_f32(&name("matrix.scale"), &[columns], &scales));
    for (number, value) in [("sixteenth", 1.0 / STEPS), ("sixteen", STEPS), ("shift", SHIFT)] {
        graph.initializer.push(tensor_f32(&name(&format!("matrix.{number}")), &[], &[value]));
    }
    let mut push = |operator: &str, inputs: &[&str], output: &str, attributes| {
        let inputs: Vec<String> = inputs.iter().map(|input| name(input)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        graph.node.push(node(operator, &inputs, &name(output), attributes));
    };
    push("Cast", &["matrix.packed"], "matrix.bytes", vec![int_attribute("to", FLOAT)]);
    push("Mul", &["matrix.bytes", "matrix.sixteenth"], "matrix.sixteenths", Vec::new());
    push("Floor", &["matrix.sixteenths"], "matrix.upper", Vec::new());
    push("Mul", &["matrix.upper", "matrix.sixteen"], "matrix.without", Vec::new());
    push("Sub", &["matrix.bytes", "matrix.without"], "matrix.shifted", Vec::new());
    push("Sub", &["matrix.shifted", "matrix.shift"], "matrix.lower", Vec::new());
    push("Concat", &["matrix.upper", "matrix.lower"], "matrix", vec![int_attribute("axis", 0)]);
    Ok(())
}

/// The matrix as [`put`] keeps it: each weight a whole number of its column's steps.
pub(super) fn rounded(values: &[f32], columns: usize) -> Vec<f32> {
    let scales = scales(values, columns);
    values.iter().zip(scales.iter().cycle()).map(|(value, scale)| steps(*value, *scale) * scale).collect()
}

/// What a step of each column is worth, and the bytes.
fn packed(values: &[f32], columns: usize) -> (Vec<f32>, Vec<i8>) {
    let scales = scales(values, columns);
    let (upper, lower) = values.split_at(values.len() / 2);
    let byte = |((upper, lower), scale): ((&f32, &f32), &f32)| {
        (steps(*upper, *scale) * STEPS + steps(*lower, *scale) + SHIFT) as i8
    };
    let bytes = upper.iter().zip(lower).zip(scales.iter().cycle()).map(byte).collect();
    (scales, bytes)
}

fn steps(value: f32, scale: f32) -> f32 {
    (value / scale).round_ties_even().clamp(-LARGEST, LARGEST)
}

fn scales(values: &[f32], columns: usize) -> Vec<f32> {
    let mut largest = vec![0.0_f32; columns];
    for row in values.chunks(columns) {
        for (largest, value) in largest.iter_mut().zip(row) {
            *largest = largest.max(value.abs());
        }
    }
    let scale = |largest: f32| if largest > 0.0 { largest / LARGEST } else { 1.0 };
    largest.into_iter().map(scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_weights_share_a_byte() {
        // Columns of steps of 0.5 and 1; the third has nothing.
        let values = [3.5, -7.0, 0.0, -1.0, 2.0, 0.0, 0.5, 7.0, 0.0, -3.5, -1.4, 0.0];
        let (scales, bytes) = packed(&values, 3);
        assert_eq!(scales, [0.5, 1.0, 1.0]);
        let kept = rounded(&values, 3);
        assert_eq!(kept[..6], values[..6], "whole steps stay");
        assert_eq!(kept[9..], [-3.5, -1.0, 0.0]);
        // The upper rows have 7, -7, 0; -2, 2, 0, the lower ones 1, 7, 0; -7, -1, 0.
        assert_eq!(bytes, [112 + 9, -112 + 15, 8, -32 + 1, 32 + 7, 8]);
        for (byte, due) in bytes.iter().zip([(7, 1), (-7, 7), (0, 0), (-2, -7), (2, -1), (0, 0)]) {
            let upper = (f32::from(*byte) / STEPS).floor();
            let lower = f32::from(*byte) - upper * STEPS - SHIFT;
            assert_eq!((upper as i8, lower as i8), due, "{byte}");
        }
    }
}
