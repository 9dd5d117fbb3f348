//! A bundle's weights as a run's: what `export` and `quantise` did to them, undone. It is how a model that is shipped
//! learns on, from other pictures or with another aim, without the run that made it.
//!
//! Weights in 8 bits come back as what the device multiplies with, not as what they were before they were rounded.

use std::collections::BTreeMap;

use descry_models::Bundle;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, concatenate};
use thiserror::Error;

use crate::experiment::{DecoderChoice, of_layer};
use crate::export::sizes::TABLE;
use crate::onnx::{
    self, layer,
    messages::{GraphProto, TensorProto},
};
use crate::{evidence, tags};

/// A matrix of a run that is a 1 x 1 convolution in the graph.
const PROJECTION: &str = "decoder.feature_projection.weight";

/// All weights of a bundle that this trainer made, by the names and in the shapes of a run's `best.safetensors`.
pub fn weights(bundle: &Bundle) -> Result<BTreeMap<String, ArrayD<f32>>, ImportError> {
    let manifest = bundle.manifest();
    let mut constants = BTreeMap::new();
    for (file, bytes) in
        [(&manifest.encoder.file, bundle.encoder_onnx()), (&manifest.decoder.file, bundle.decoder_onnx())]
    {
        let graph =
            onnx::decode(bytes).map_err(|source| ImportError::Graph { file: file.clone(), source })?;
        constants.extend(floats(&graph).map_err(|name| ImportError::Constant { file: file.clone(), name })?);
    }
    renamed(constants)
}

/// The float constants of a graph, those in bytes multiplied out; an error is the name of one that cannot be.
fn floats(graph: &GraphProto) -> Result<BTreeMap<String, ArrayD<f32>>, String> {
    let constants: BTreeMap<&str, &TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut floats = BTreeMap::new();
    let is_further =
        |name: &str| [tags::OUTPUT, evidence::OUTPUT].iter().any(|layer| layer::is_of(layer, name));
    for tensor in graph.initializer.iter().filter(|tensor| !is_further(&tensor.name)) {
        let name = tensor.name.as_str();
        let dequantised = match name.strip_suffix(".quantised") {
            Some(own) => Some((own, multiplied_out(graph, &constants, tensor, own).ok_or(name)?)),
            // Scales, bounds, first states and numbers of axes are the graph's own, no weights.
            None if [".scale", ".low", ".high", ".zeros"].iter().any(|part| name.ends_with(part)) => None,
            None => onnx::values_f32(tensor)
                .map(|values| shaped(&tensor.dims, values).ok_or(name).map(|array| (name, array)))
                .transpose()?,
        };
        floats.extend(dequantised.map(|(name, array)| (name.to_owned(), array)));
    }
    Ok(floats)
}

/// `(bytes - zero_point) * scale` along the axis that the graph's `DequantizeLinear` names; zero points are 0.
fn multiplied_out(
    graph: &GraphProto,
    constants: &BTreeMap<&str, &TensorProto>,
    bytes: &TensorProto,
    name: &str,
) -> Option<ArrayD<f32>> {
    let node = graph
        .node
        .iter()
        .find(|node| node.op_type == "DequantizeLinear" && node.input.first() == Some(&bytes.name))?;
    let axis = node.attribute.iter().find(|attribute| attribute.name == "axis")?.i?;
    let scales = onnx::values_f32(constants.get(format!("{name}.scale").as_str())?)?;
    let values = bytes.raw_data.iter().map(|byte| f32::from(byte.cast_signed())).collect();
    let mut array = shaped(&bytes.dims, values)?;
    let axis = usize::try_from(axis).ok().filter(|axis| *axis < array.ndim())?;
    if array.len_of(Axis(axis)) != scales.len() {
        return None;
    }
    for (mut channel, scale) in array.axis_iter_mut(Axis(axis)).zip(scales) {
        channel *= scale;
    }
    Some(array)
}

/// Matrices that the export cut into parts, so that each part has steps of its own: by the run's name, parts in order.
fn cut(constants: &BTreeMap<String, ArrayD<f32>>) -> Vec<(String, Vec<String>)> {
    let with = |path: &str, parts: &[&str]| parts.iter().map(|part| format!("{path}.{part}")).collect();
    let mut cut = vec![("decoder.deep.weight".to_owned(), with("decoder.deep", &["hidden", "context"]))];
    for layer in 0..DecoderChoice::MAXIMUM_LAYERS {
        let path = format!("decoder.{}", of_layer("cell", layer));
        cut.push((format!("{path}.weight_input"), with(&path, &["word", "context", "below"])));
        cut.push((format!("{path}.weight_hidden"), with(&path, &["hidden"])));
    }
    let is_there = |part: &String| constants.contains_key(&format!("{part}.matrix"));
    cut.retain(|(_, parts): &(String, Vec<String>)| parts.iter().any(is_there));
    cut
}

fn shaped(dims: &[i64], values: Vec<f32>) -> Option<ArrayD<f32>> {
    let shape: Option<Vec<usize>> = dims.iter().map(|length| usize::try_from(*length).ok()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape?), values).ok()
}

/// From the graphs' names to the run's; a matrix of a graph is the run's on its side.
fn renamed(
    mut constants: BTreeMap<String, ArrayD<f32>>,
) -> Result<BTreeMap<String, ArrayD<f32>>, ImportError> {
    let mut weights = BTreeMap::new();
    let missing = |name: &str| ImportError::Missing(name.to_owned());
    let turned = |matrix: &ArrayD<f32>| matrix.t().as_standard_layout().into_owned();
    for (name, parts) in cut(&constants) {
        let parts: Vec<ArrayD<f32>> = parts
            .iter()
            .filter_map(|part| constants.remove(&format!("{part}.matrix")).map(|matrix| turned(&matrix)))
            .collect();
        let views: Vec<ArrayViewD<'_, f32>> = parts.iter().map(|part| part.view()).collect();
        let whole = concatenate(Axis(1), &views).map_err(|_| ImportError::Parts { name: name.clone() })?;
        weights.insert(name, whole.as_standard_layout().into_owned());
    }
    for needed in ["decoder.cell.weight_input", "decoder.deep.weight"] {
        if !weights.contains_key(needed) {
            return Err(missing(needed));
        }
    }
    let table = constants.remove(TABLE).ok_or_else(|| missing(TABLE))?;
    weights.insert(TABLE.to_owned(), turned(&table));
    // A decoder that gets one vector of a picture has a matrix for it, like any other.
    if let Some(projection) = constants.remove(PROJECTION) {
        let [features, channels, 1, 1] = *projection.shape() else {
            return Err(ImportError::Parts { name: PROJECTION.to_owned() });
        };
        let matrix = projection
            .into_shape_with_order(IxDyn(&[features, channels]))
            .map_err(|_| ImportError::Parts { name: PROJECTION.to_owned() })?;
        weights.insert(PROJECTION.to_owned(), matrix);
    }
    for (name, value) in constants {
        match name.strip_suffix(".matrix") {
            Some(path) => weights.insert(format!("{path}.weight"), turned(&value)),
            None => weights.insert(name, value),
        };
    }
    Ok(weights)
}

/// Why a bundle's weights cannot be taken up.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A graph is not one of ours.
    #[error("{file}: {source}")]
    Graph {
        /// The file of the bundle.
        file: String,
        /// What is wrong with it.
        source: onnx::ReadError,
    },
    /// A constant in 8 bits has no scale that fits it.
    #[error("{file}: the constant {name:?} cannot be multiplied out; this is not a graph of descry-trainer")]
    Constant {
        /// The file of the bundle.
        file: String,
        /// The constant.
        name: String,
    },
    /// A weight of the model is not in the graphs.
    #[error("the bundle has no constant {0:?}: its network is another than the one that is trained here")]
    Missing(String),
    /// Constants that belong together do not fit together.
    #[error("the parts of {name:?} do not fit together")]
    Parts {
        /// The run's weight.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use descry_models::Bundle;

    use super::*;
    use crate::export::{export, fixture, tests::arguments};

    /// What a run exports is what its bundle gives back, to the bit.
    #[test]
    fn a_float_bundle_gives_its_run_back() {
        let folder = tempfile::tempdir().unwrap();
        let tensors = fixture::tensors(5);
        fixture::write_run(&folder.path().join("run"), &tensors);
        let arguments = arguments(folder.path());
        export(&arguments).unwrap();
        let found = weights(&Bundle::open(&arguments.bundle).unwrap()).unwrap();
        assert_eq!(found, tensors);
    }

    #[test]
    fn another_network_is_refused_by_name() {
        let refused = renamed(BTreeMap::new()).unwrap_err();
        assert!(refused.to_string().contains("decoder.cell.weight_input"), "{refused}");
    }

    #[test]
    fn bytes_are_multiplied_out_along_their_axis() {
        let mut graph = GraphProto::default();
        graph.initializer.push(crate::onnx::tensor_i8("w.quantised", &[2, 2], &[1, -2, 3, -128]));
        graph.initializer.push(onnx::tensor_f32("w.scale", &[2], &[0.5, 2.0]));
        let dequantise = |axis| {
            let mut built = onnx::Graph::from(graph.clone());
            built.node(
                "DequantizeLinear",
                &["w.quantised", "w.scale"],
                "w",
                vec![onnx::int_attribute("axis", axis)],
            );
            built.into_model().graph.unwrap()
        };
        for (axis, values) in [(0, [0.5, -1.0, 6.0, -256.0]), (1, [0.5, -4.0, 1.5, -256.0])] {
            let found = floats(&dequantise(axis)).unwrap();
            assert_eq!(found["w"].iter().copied().collect::<Vec<_>>(), values, "axis {axis}");
        }
        assert_eq!(floats(&dequantise(2)).unwrap_err(), "w.quantised");
        assert_eq!(floats(&graph).unwrap_err(), "w.quantised");
    }
}
