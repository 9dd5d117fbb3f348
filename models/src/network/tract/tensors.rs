//! Reads the numbers out of ONNX tensors, however they are packed, and packs floats.

use tract_onnx::pb::{TensorProto, tensor_proto::DataType};

/// The shape and the whole numbers of an int8, uint8 or int32 tensor; none of another or a damaged one.
pub(super) fn integers(tensor: &TensorProto) -> Option<(Vec<usize>, Vec<i32>)> {
    let raw = &tensor.raw_data;
    let kind = DataType::try_from(tensor.data_type).ok()?;
    let values: Vec<i32> = match (kind, raw.is_empty()) {
        (DataType::Int8, false) => raw.iter().map(|byte| i32::from(byte.cast_signed())).collect(),
        (DataType::Uint8, false) => raw.iter().map(|byte| i32::from(*byte)).collect(),
        (DataType::Int32, false) => words(raw)?.map(i32::from_le_bytes).collect(),
        (DataType::Int8 | DataType::Uint8 | DataType::Int32, true) => tensor.int32_data.clone(),
        _ => return None,
    };
    Some((whole_shape(tensor, values.len())?, values))
}

/// The shape and the values of a float32 tensor; none of another or a damaged one.
pub(super) fn floats(tensor: &TensorProto) -> Option<(Vec<usize>, Vec<f32>)> {
    if DataType::try_from(tensor.data_type) != Ok(DataType::Float) {
        return None;
    }
    let values = match tensor.raw_data.as_slice() {
        [] => tensor.float_data.clone(),
        raw => words(raw)?.map(f32::from_le_bytes).collect(),
    };
    Some((whole_shape(tensor, values.len())?, values))
}

/// A float32 tensor of this name.
pub(super) fn float_tensor(
    name: &str,
    shape: &[usize],
    values: impl ExactSizeIterator<Item = f32>,
) -> TensorProto {
    // Weights are millions of values, and this is a part of every start: written to their places, vector by vector.
    let mut raw_data = vec![0; 4 * values.len()];
    for (word, value) in raw_data.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *word = value.to_le_bytes();
    }
    TensorProto {
        name: name.to_owned(),
        dims: shape.iter().map(|axis| i64::try_from(*axis).unwrap_or(i64::MAX)).collect(),
        data_type: DataType::Float as i32,
        raw_data,
        ..TensorProto::default()
    }
}

/// The whole numbers of [`integers`] as a float32 tensor of this name.
pub(super) fn as_floats(name: &str, tensor: &TensorProto) -> Option<TensorProto> {
    let is_bytes = DataType::try_from(tensor.data_type) == Ok(DataType::Int8) && !tensor.raw_data.is_empty();
    // As weights are stored: without millions of whole numbers in between.
    if is_bytes {
        let shape = whole_shape(tensor, tensor.raw_data.len())?;
        let values = tensor.raw_data.iter().map(|byte| f32::from(byte.cast_signed()));
        return Some(float_tensor(name, &shape, values));
    }
    let (shape, values) = integers(tensor)?;
    Some(float_tensor(name, &shape, values.iter().map(|value| *value as f32)))
}

/// The bytes four by four, or none if some are left over.
fn words(raw: &[u8]) -> Option<impl Iterator<Item = [u8; 4]>> {
    let (words, []) = raw.as_chunks::<4>() else { return None };
    Some(words.iter().copied())
}

/// The tensor's shape, if it holds so many values.
pub(super) fn whole_shape(tensor: &TensorProto, values: usize) -> Option<Vec<usize>> {
    let shape: Vec<_> = tensor.dims.iter().map(|axis| usize::try_from(*axis).ok()).collect::<Option<_>>()?;
    let due = shape.iter().try_fold(1_usize, |product, axis| product.checked_mul(*axis))?;
    (due == values).then_some(shape)
}
