//! The engine that is compiled in: sonos' tract, single-threaded and in float32.

use tract_onnx::{
    pb::{
        GraphProto, ModelProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto::dimension,
        type_proto,
    },
    prelude::{
        Arc, Datum, DatumType, Framework, InferenceFact, InferenceModelExt, IntoRunnable, IntoTValue, TValue,
        TVec, ToDim, TractResult, TypedSimplePlan, tract_data::prelude::Tensor as TractTensor,
    },
    tract_core::optim::Optimizer,
};

use super::{
    checked::{Checked, Runner, guarded, one_line},
    signature::{Axis, Declared, Kind, Signature},
};
use crate::{
    Bundle, Device, Engine, Network, NetworkError, NotUsed, Pixels, Tensor, side_by_side::side_by_side,
};

mod channels_last;
mod depthwise;
mod fold;
mod half;
mod steps;
mod tensors;

/// The name of tract's pass that moves axes.
const AXES: &str = "ChangeAxes";

/// What the encoder and decoder are once tract has optimised them.
struct Tract {
    encoder: Arc<TypedSimplePlan>,
    decoder: Arc<TypedSimplePlan>,
}

/// Opens a bundle's networks in tract.
pub(super) fn open(bundle: &Bundle, not_used: Vec<NotUsed>) -> Result<Box<dyn Network>, NetworkError> {
    let manifest = bundle.manifest();
    let plan = |signature: Signature, file: &str, onnx: &[u8]| {
        let foreign = |reason: String| NetworkError::Foreign {
            file: file.to_owned(),
            engine: Engine::Tract.name(),
            reason: one_line(&reason),
        };
        let model = guarded(|| parsed(onnx)).map_err(foreign)?;
        let graph = model.graph.as_ref().ok_or_else(|| foreign("it holds no graph".to_owned()))?;
        signature.check(&declared_inputs(graph), &declared(&graph.output))?;
        let planned = |model, weights| {
            guarded(|| optimised(model, &signature, weights).map_err(|error| format!("{error:#}")))
        };
        // A graph whose products tract arranges in a way that was not foreseen is opened as tract would have it.
        planned(model, Weights::Halved)
            .or_else(|_| planned(guarded(|| parsed(onnx))?, Weights::Plain))
            .map_err(foreign)
    };
    let decoder = || plan(Signature::of_decoder(manifest), &manifest.decoder.file, bundle.decoder_onnx());
    let encoder = || plan(Signature::of_encoder(manifest), &manifest.encoder.file, bundle.encoder_onnx());
    // Most of a cold start is tract's optimising, on one thread for each graph.
    let (encoder, decoder) = side_by_side(encoder, decoder);
    let (encoder, decoder) = (encoder?, decoder?);
    Ok(Box::new(Checked::new(Engine::Tract, Tract { encoder, decoder }, manifest).on(Device::Cpu, not_used)))
}

impl Runner for Tract {
    fn encode(&mut self, pixels: &Pixels) -> Result<Vec<Tensor>, String> {
        run(&self.encoder, [to_tract(&pixels.shape(), &pixels.values)])
    }

    fn step(&mut self, tokens: &[i64], context: &[&Tensor], state: &[Tensor]) -> Result<Vec<Tensor>, String> {
        let tokens = to_tract(&[tokens.len()], tokens);
        let floats =
            context.iter().copied().chain(state).map(|tensor| to_tract(&tensor.shape, &tensor.values));
        run(&self.decoder, [tokens].into_iter().chain(floats))
    }
}

fn run(
    plan: &Arc<TypedSimplePlan>,
    inputs: impl IntoIterator<Item = TractResult<TValue>>,
) -> Result<Vec<Tensor>, String> {
    let run = || {
        let outputs = plan.run(inputs.into_iter().collect::<TractResult<TVec<TValue>>>()?)?;
        outputs.iter().map(|output| from_tract(output)).collect::<TractResult<Vec<Tensor>>>()
    };
    run().map_err(|error| one_line(&format!("{error:#}")))
}

fn to_tract<T: Datum + Copy>(shape: &[usize], values: &[T]) -> TractResult<TValue> {
    Ok(TractTensor::from_shape(shape, values)?.into_tvalue())
}

fn from_tract(tensor: &TractTensor) -> TractResult<Tensor> {
    let values = tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
    Ok(Tensor { shape: tensor.shape().to_vec(), values })
}

/// The graph with all its 8-bit numbers made float, as an ONNX model again.
#[cfg(feature = "onnxruntime")]
pub(super) fn unquantised(onnx: &[u8]) -> Result<Vec<u8>, String> {
    rewritten(onnx, fold::unquantise)
}

/// The graph with 8-bit numbers of the kind that TensorRT knows, as an ONNX model again.
#[cfg(feature = "onnxruntime")]
pub(super) fn symmetric(onnx: &[u8]) -> Result<Vec<u8>, String> {
    rewritten(onnx, fold::symmetrise)
}

#[cfg(feature = "onnxruntime")]
fn rewritten(onnx: &[u8], rewrite: impl FnOnce(&mut GraphProto)) -> Result<Vec<u8>, String> {
    let mut model = guarded(|| parsed(onnx))?;
    if let Some(graph) = &mut model.graph {
        rewrite(graph);
    }
    Ok(prost::Message::encode_to_vec(&model))
}

/// As tract's own reader does, which first copies the file.
fn parsed(onnx: &[u8]) -> Result<ModelProto, String> {
    prost::Message::decode(onnx).map_err(|error| error.to_string())
}

/// How whole weights are held.
#[derive(Clone, Copy)]
enum Weights {
    /// As 16-bit floats where the processor can compute with them.
    Halved,
    /// As 32-bit floats.
    Plain,
}

/// Rewrites, analyses and optimises a graph whose signature was checked.
fn optimised(
    mut model: ModelProto,
    signature: &Signature,
    weights: Weights,
) -> TractResult<Arc<TypedSimplePlan>> {
    if let Some(graph) = &mut model.graph {
        fold::fold(graph);
    }
    let mut onnx = tract_onnx::onnx();
    steps::register(&mut onnx);
    // Shapes are inferred from the inputs below, with one symbol for the rows.
    onnx.ignore_value_info = true;
    let mut inference = onnx.model_for_proto_model(&model)?;
    drop(model);

    inference.select_inputs_by_name(signature.inputs().map(|(name, _, _)| name))?;
    inference.select_outputs_by_name(signature.output_names())?;
    let rows = inference.symbols.sym("rows").to_dim();
    for (place, (_, kind, axes)) in signature.inputs().enumerate() {
        let kind = match kind {
            Kind::Float32 => DatumType::F32,
            Kind::Int64 => DatumType::I64,
        };
        let axes = axes.iter().map(|axis| match axis {
            Axis::Fixed(length) => length.to_dim(),
            Axis::Rows | Axis::Any => rows.clone(),
        });
        inference.set_input_fact(place, InferenceFact::dt_shape(kind, axes.collect::<TVec<_>>()))?;
    }
    let mut typed = inference.into_typed()?;
    if let Some(faster) = channels_last::with_channels_last(&typed)? {
        typed = faster;
    }
    tidy().optimize(&mut typed)?;
    if let Weights::Halved = weights {
        half::halve_whole_weights(&mut typed)?;
    }
    typed.optimize()?;
    typed.into_runnable()
}

/// What tract does before it chooses its kernels, without its search for axes that could stand elsewhere: a sixth of a cold
/// start, after which the networks of this house run no faster.
fn tidy() -> Optimizer {
    let mut optimizer = Optimizer::declutter();
    optimizer.passes.retain(|pass| format!("{pass:?}") != AXES);
    optimizer
}

/// What must be fed: older graphs list their weights among the inputs too.
fn declared_inputs(graph: &GraphProto) -> Vec<Declared> {
    let is_weight = |name: &String| graph.initializer.iter().any(|weight| weight.name == *name);
    declared(&graph.input).into_iter().filter(|input| !is_weight(&input.name)).collect()
}

fn declared(infos: &[ValueInfoProto]) -> Vec<Declared> {
    infos.iter().map(declared_tensor).collect()
}

fn declared_tensor(info: &ValueInfoProto) -> Declared {
    let tensor = info.r#type.as_ref().and_then(|kind| kind.value.as_ref());
    let tensor = tensor.map(|type_proto::Value::TensorType(tensor)| tensor);
    let kind = tensor.and_then(|tensor| match DataType::try_from(tensor.elem_type) {
        Ok(DataType::Float) => Some(Kind::Float32),
        Ok(DataType::Int64) => Some(Kind::Int64),
        _ => None,
    });
    let axes = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| {
        let length = |value: &Option<dimension::Value>| match value {
            Some(dimension::Value::DimValue(length)) => usize::try_from(*length).ok(),
            _ => None,
        };
        shape.dim.iter().map(|axis| length(&axis.value)).collect()
    });
    Declared { name: info.name.clone(), kind, axes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pass_that_moves_axes_is_left_out() {
        assert_eq!(tidy().passes.len() + 1, Optimizer::declutter().passes.len());
    }
}
