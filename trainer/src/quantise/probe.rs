//! Runs a float graph with chosen tensors shown as extra outputs: the view that calibration has of a network.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message as _;
use thiserror::Error;
use tract_onnx::prelude::{
    Framework as _, InferenceModelExt as _, IntoRunnable as _, IntoTValue as _, TValue,
    Tensor as TractTensor, TypedRunnableModel,
};

use crate::onnx::{
    Element, Graph,
    messages::{GraphProto, ValueInfoProto},
    value,
};

/// What an input is given.
#[derive(Debug, Clone)]
pub enum Given {
    /// A float tensor: shape and values.
    Floats(Vec<usize>, Vec<f32>),
    /// Token ids, one a row.
    Tokens(Vec<i64>),
}

/// A graph that tells more than its outputs.
pub struct Probe {
    model: Arc<TypedRunnableModel>,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl Probe {
    /// Prepares a graph that also gives the tensors `shown`. Lengths that the caller chooses are 1.
    pub fn new<'a>(graph: &GraphProto, shown: impl Iterator<Item = &'a String>) -> Result<Self, ProbeError> {
        let mut graph = graph.clone();
        for info in graph.input.iter_mut().chain(&mut graph.output) {
            let shape = info.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()?.shape.as_mut());
            for dimension in shape.into_iter().flat_map(|shape| &mut shape.dim) {
                if dimension.dim_param.take().is_some() {
                    dimension.dim_value = Some(1);
                }
            }
        }
        let known = |graph: &GraphProto, name: &str| {
            graph.input.iter().chain(&graph.output).any(|info| info.name == name)
        };
        for name in shown {
            if !known(&graph, name) {
                graph.output.push(value(name, Element::F32, None));
            }
        }
        let names = |infos: &[ValueInfoProto]| infos.iter().map(|info| info.name.clone()).collect::<Vec<_>>();
        let (inputs, outputs) = (names(&graph.input), names(&graph.output));
        let bytes = Graph::from(graph).into_model().encode_to_vec();
        let load = || {
            tract_onnx::onnx()
                .with_ignore_output_shapes(true)
                .model_for_read(&mut bytes.as_slice())?
                .into_typed()?
                .into_optimized()?
                .into_runnable()
        };
        let model = load().map_err(|source| ProbeError::Load(format!("{source:#}")))?;
        Ok(Self { model, inputs, outputs })
    }

    /// Computes all outputs and shown tensors, by name; inputs among the shown tensors are not in it.
    pub fn run(&self, given: &BTreeMap<String, Given>) -> Result<BTreeMap<String, Given>, ProbeError> {
        let failed = |source: tract_onnx::prelude::TractError| ProbeError::Run(format!("{source:#}"));
        let mut values = Vec::new();
        for name in &self.inputs {
            let tensor = match given.get(name) {
                None => return Err(ProbeError::NotGiven(name.clone())),
                Some(Given::Floats(shape, values)) => {
                    TractTensor::from_shape(shape, values).map_err(failed)?
                }
                Some(Given::Tokens(tokens)) => {
                    TractTensor::from_shape(&[tokens.len()], tokens).map_err(failed)?
                }
            };
            values.push(tensor.into_tvalue());
        }
        let results = self.model.run(values.into_iter().collect()).map_err(failed)?;
        let mut named = BTreeMap::new();
        for (name, result) in self.outputs.iter().zip(&results) {
            let values = floats(result).map_err(failed)?;
            named.insert(name.clone(), Given::Floats(result.shape().to_vec(), values));
        }
        Ok(named)
    }
}

fn floats(tensor: &TValue) -> tract_onnx::prelude::TractResult<Vec<f32>> {
    Ok(tensor.to_plain_array_view::<f32>()?.iter().copied().collect())
}

/// Why a graph cannot be looked into.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// It cannot be prepared.
    #[error("the graph cannot be prepared for calibration: {0}")]
    Load(String),
    /// It cannot be run.
    #[error("the graph cannot be run for calibration: {0}")]
    Run(String),
    /// An input was not given.
    #[error("the graph has an input {0:?} that the manifest does not name")]
    NotGiven(String),
}
