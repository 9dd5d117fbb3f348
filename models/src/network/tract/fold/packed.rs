//! Takes matrices with 4 bits for each weight apart, which the trainer writes as a byte for two weights and operators that
//! every engine computes once, when it loads the graph (`trainer/src/onnx/packed.rs`).
//!
//! tract computes each of the operators whenever its analysis passes by: a seventh of a cold start, for numbers that one pass
//! over the bytes gives.

use tract_onnx::pb::{NodeProto, TensorProto, tensor_proto::DataType};

use super::lookup::{Lookup, axis};
use crate::network::tract::tensors::{float_tensor, floats, whole_shape};

/// How far the upper half of a byte lies above the lower one.
const STEPS: f32 = 16.0;
/// One step of the lower half as a part of one of the upper half.
const PART: f32 = 1.0 / STEPS;

/// The matrix that a `Concat` makes of the upper and the lower halves of stored bytes, in float32 under the name of its output:
/// the rows of `floor(byte / 16)`, then those of `byte - 16 * floor(byte / 16) - shift`.
pub(super) fn unpacked(concat: &NodeProto, lookup: &Lookup<'_>) -> Option<TensorProto> {
    let [upper, lower] = concat.input.as_slice() else { return None };
    let floor = lookup.maker(upper, "Floor")?;
    let (bytes, sixteenth) = with_number(floor.input.first()?, "Mul", lookup)?;
    let (shifted, shift) = with_number(lower, "Sub", lookup)?;
    let [whole, without] = lookup.maker(shifted, "Sub")?.input.as_slice() else { return None };
    let (floored, sixteen) = with_number(without, "Mul", lookup)?;
    let is_halving = whole == bytes && floored == upper && sixteen == STEPS && sixteenth == PART;
    let cast = lookup.maker(bytes, "Cast")?;
    let to = cast.attribute.iter().find(|attribute| attribute.name == "to")?;
    let is_float = to.i == i64::from(DataType::Float as i32);
    let packed = lookup.stored(cast.input.first()?)?;
    let is_signed = DataType::try_from(packed.data_type) == Ok(DataType::Int8);
    (is_halving && is_float && is_signed).then_some(())?;

    let mut shape = whole_shape(packed, packed.raw_data.len())?;
    (axis(concat, shape.len())? == 0).then_some(())?;
    shape[0] = shape[0].checked_mul(2)?;
    let (bytes, name) = (&packed.raw_data, concat.output.first()?);
    // An arithmetic shift is the floor of the division; what it leaves out are the lowest four bits.
    let value = |place: usize| match place.checked_sub(bytes.len()) {
        None => f32::from(bytes[place].cast_signed() >> 4),
        Some(place) => f32::from(bytes[place] & 15) - shift,
    };
    Some(float_tensor(name, &shape, (0..2 * bytes.len()).map(value)))
}

/// The value that a node changes by one stored number, and the number.
fn with_number<'graph>(value: &str, op_type: &str, lookup: &Lookup<'graph>) -> Option<(&'graph String, f32)> {
    let [changed, number] = lookup.maker(value, op_type)?.input.as_slice() else { return None };
    match floats(lookup.stored(number)?)? {
        (shape, values) if shape.is_empty() => Some((changed, *values.first()?)),
        _ => None,
    }
}
