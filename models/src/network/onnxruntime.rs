//! Microsoft's ONNX Runtime, its library loaded when it is first used: the fast way for int8 models.

use std::{borrow::Cow, path::Path, thread::available_parallelism};

use ort::{
    environment::Environment,
    ep::ExecutionProviderDispatch,
    logging::LogLevel,
    session::{Session, SessionInputValue, builder::SessionBuilder},
    value::{Outlet, TensorElementType, TensorRef, ValueType},
};

use super::{
    checked::{Checked, Runner, guarded, one_line},
    signature::{Declared, Kind, Signature},
};
use crate::{
    Bundle, Engine, Network, NetworkError, NotUsed, Notice, Opening, Pixels, Tensor, manifest::Manifest,
};
use devices::open_on;

mod agreement;
mod cache;
mod devices;
mod gpu;
mod kept;
pub(super) mod library;
mod processors;

/// More threads gain little on networks so small, and a describer shares its machine with a person.
const USUAL_THREADS: usize = 2;

/// Makes one `Gemm` of a product and the bias after it, before anything looks for int8 products: there is no int8 `Gemm`
/// with a float output, so the weights of each layer would be made float again at every step (20 ms where 0.5 ms do).
const HARMFUL_OPTIMIZER: &str = "MatMulAddFusion";

/// The two graphs, each in a session of its own, and the names to feed and read.
struct OnnxRuntime {
    encoder: Session,
    decoder: Session,
    pixels: String,
    encoded: Vec<String>,
    token: String,
    /// Context, then state.
    fed: Vec<String>,
    /// Logits, state, attention.
    read: Vec<String>,
}

/// Opens a bundle's networks in ONNX Runtime, from this library or from the one that is found.
pub(super) fn open(
    bundle: &Bundle,
    asked: Option<&Path>,
    opening: &Opening,
    tell: &mut dyn FnMut(Notice),
) -> Result<Box<dyn Network>, NetworkError> {
    let environment = library::environment(asked)?;
    let mut library = Library { opener: Opener { environment, bundle, opening }, tell };
    let (network, device, not_used) = open_on(&mut library, opening.device)?;
    for NotUsed { device, reason } in &not_used {
        tracing::info!(%device, reason, "not used");
    }
    Ok(Box::new(network.on(device, not_used)))
}

/// What a graph's session is told of devices.
type Providers<'a> = dyn Fn(&Signature) -> Result<Vec<ExecutionProviderDispatch>, String> + 'a;

/// The library, what it is to open, and whom to tell what they should know.
struct Library<'a> {
    opener: Opener<'a>,
    tell: &'a mut dyn FnMut(Notice),
}

/// The library, and what it is to open; several threads may at a time.
struct Opener<'a> {
    environment: Environment,
    bundle: &'a Bundle,
    opening: &'a Opening,
}

impl Opener<'_> {
    /// On devices whose providers take the graphs as they are given, one after the other.
    fn opened(
        &self,
        providers: &Providers<'_>,
        encoder_onnx: &[u8],
        decoder_onnx: &[u8],
    ) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let manifest = self.bundle.manifest();
        let session = |signature: &Signature, file: &str, onnx: &[u8]| {
            session_of(signature, file, || {
                let mut builder = self.builder(&providers(signature)?)?;
                builder.commit_from_memory(onnx).map_err(|error| error.to_string())
            })
        };
        let encoder = session(&Signature::of_encoder(manifest), &manifest.encoder.file, encoder_onnx)?;
        let decoder = session(&Signature::of_decoder(manifest), &manifest.decoder.file, decoder_onnx)?;
        Ok(self.together(encoder, decoder))
    }

    /// What every session is told.
    fn builder(&self, providers: &[ExecutionProviderDispatch]) -> Result<SessionBuilder, String> {
        builder(&self.environment, self.opening.threads, providers).map_err(|error| error.to_string())
    }

    fn together(&self, encoder: Session, decoder: Session) -> Checked<OnnxRuntime> {
        let manifest = self.bundle.manifest();
        let runner = OnnxRuntime {
            encoder,
            decoder,
            pixels: manifest.encoder.input.name.clone(),
            encoded: Signature::of_encoder(manifest).output_names().map(str::to_owned).collect(),
            token: manifest.decoder.token.clone(),
            fed: fed(manifest),
            read: Signature::of_decoder(manifest).output_names().map(str::to_owned).collect(),
        };
        Checked::new(Engine::OnnxRuntime, runner, manifest)
    }
}

/// The session of the graph in a file, held to what the manifest says of it.
fn session_of(
    signature: &Signature,
    file: &str,
    open: impl FnOnce() -> Result<Session, String>,
) -> Result<Session, NetworkError> {
    let session = guarded(open).map_err(|reason| NetworkError::Foreign {
        file: file.to_owned(),
        engine: Engine::OnnxRuntime.name(),
        reason: one_line(&reason),
    })?;
    signature.check(&declared(session.inputs()), &declared(session.outputs()))?;
    Ok(session)
}

fn fed(manifest: &Manifest) -> Vec<String> {
    let decoder = &manifest.decoder;
    decoder.context.iter().chain(decoder.state.iter().map(|state| &state.input)).cloned().collect()
}

fn builder(
    environment: &Environment,
    threads: Option<usize>,
    providers: &[ExecutionProviderDispatch],
) -> ort::Result<SessionBuilder> {
    let usual = || available_parallelism().map_or(1, usize::from).min(USUAL_THREADS);
    let threads = threads.unwrap_or_else(usual);
    Ok(Session::builder(environment)?
        .with_log_level(LogLevel::Warning)?
        .with_intra_threads(threads)?
        // Waiting threads would take a core from speech and screen reader.
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_disabled_optimizers(HARMFUL_OPTIMIZER)?
        // Without VNNI the fast int8 products of x86-64 overflow, and other captions come out.
        .with_precise_qmm()?
        .with_execution_providers(providers)?)
}

impl Runner for OnnxRuntime {
    fn encode(&mut self, pixels: &Pixels) -> Result<Vec<Tensor>, String> {
        let mut run = || {
            let input = TensorRef::from_array_view((pixels.shape(), pixels.values.as_slice()))?;
            let inputs = vec![(Cow::from(&self.pixels), SessionInputValue::from(input))];
            collected(&mut self.encoder, inputs, &self.encoded)
        };
        run().map_err(|error| one_line(&error.to_string()))
    }

    fn step(&mut self, tokens: &[i64], context: &[&Tensor], state: &[Tensor]) -> Result<Vec<Tensor>, String> {
        let mut run = || {
            let token = TensorRef::from_array_view(([tokens.len()], tokens))?;
            let mut inputs = vec![(Cow::from(&self.token), SessionInputValue::from(token))];
            for (name, tensor) in self.fed.iter().zip(context.iter().copied().chain(state)) {
                let value = TensorRef::from_array_view((tensor.shape.as_slice(), tensor.values.as_slice()))?;
                inputs.push((Cow::from(name), SessionInputValue::from(value)));
            }
            collected(&mut self.decoder, inputs, &self.read)
        };
        run().map_err(|error| one_line(&error.to_string()))
    }
}

/// Runs a session and copies out the named tensors.
fn collected<'values>(
    session: &mut Session,
    inputs: Vec<(Cow<'values, str>, SessionInputValue<'values>)>,
    names: &[String],
) -> ort::Result<Vec<Tensor>> {
    let outputs = session.run(inputs)?;
    let tensor = |name: &String| {
        let value =
            outputs.get(name).ok_or_else(|| ort::Error::new(format!("no output is named {name:?}")))?;
        let (shape, values) = value.try_extract_tensor::<f32>()?;
        let shape = shape.iter().map(|axis| usize::try_from(*axis).unwrap_or(0)).collect();
        Ok(Tensor { shape, values: values.to_vec() })
    };
    names.iter().map(tensor).collect()
}

fn declared(outlets: &[Outlet]) -> Vec<Declared> {
    let tensor = |outlet: &Outlet| {
        let (kind, axes) = match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => {
                let kind = match ty {
                    TensorElementType::Float32 => Some(Kind::Float32),
                    TensorElementType::Int64 => Some(Kind::Int64),
                    _ => None,
                };
                (kind, Some(shape.iter().map(|axis| usize::try_from(*axis).ok()).collect()))
            }
            _ => (None, None),
        };
        Declared { name: outlet.name().to_owned(), kind, axes }
    };
    outlets.iter().map(tensor).collect()
}

#[cfg(test)]
mod tests;
