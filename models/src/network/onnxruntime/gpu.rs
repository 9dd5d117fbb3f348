//! GPUs through ONNX Runtime: CUDA, and TensorRT with the engines that it builds.

use ort::{
    ep::{
        ArenaExtendStrategy, CUDA, ExecutionProvider, ExecutionProviderDispatch, TensorRT,
        cuda::ConvAlgorithmSearch,
    },
    session::Session,
};

use super::{Library, OnnxRuntime, Providers, Signature, agreement, cache::Engines, devices::Border};
#[cfg(feature = "tract")]
use crate::network::tract;
use crate::{
    Arithmetic, Device, Engine, Network, NetworkError, Notice,
    manifest::MAXIMUM_BEAM_WIDTH,
    network::checked::{Checked, guarded, one_line},
    sha256_hex,
};

impl Border for Library<'_> {
    type Opened = Checked<OnnxRuntime>;

    fn has(&self, device: Device) -> Result<bool, String> {
        guarded(|| {
            match device {
                Device::Cpu => Ok(true),
                Device::Cuda => CUDA::is_available(),
                Device::TensorRt => TensorRT::is_available(),
            }
            .map_err(|error| one_line(&error.to_string()))
        })
    }

    fn open(&mut self, device: Device) -> Result<Self::Opened, NetworkError> {
        match device {
            Device::Cpu => self.opener.opened_on_processors(),
            Device::Cuda => self.opened_on_gpu(Arithmetic::Float32, &|_| Ok(vec![cuda()])),
            Device::TensorRt => self.opened_in_tensorrt(),
        }
    }
}

fn cuda() -> ExecutionProviderDispatch {
    // Whoever shares the GPU keeps what is not needed, and the first picture does not wait for every way to be timed.
    let cuda = CUDA::default()
        .with_arena_extend_strategy(ArenaExtendStrategy::SameAsRequested)
        .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic);
    cuda.build().error_on_failure()
}

impl Library<'_> {
    /// With engines that were built before, where they still serve.
    fn opened_in_tensorrt(&mut self) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let device = Device::TensorRt;
        let failed = |reason: String| NetworkError::NoDevice { device, reason };
        let mut engines = match &self.opener.opening.cache {
            Some(cache) => {
                let engines = Engines::prepare(cache, device, &self.key());
                let problem = "the folder for the GPU's engines cannot be used";
                Some(engines.map_err(|error| failed(format!("{problem} ({}): {error}", cache.display())))?)
            }
            None => None,
        };
        if let Some(engines) = &mut engines
            && let Some(arithmetic) = engines.built
        {
            match self.opened_with(arithmetic, Some(engines)) {
                Ok(opened) => return Ok(opened),
                Err(error) => tracing::warn!(%error, "the engines that were built for the GPU serve no more"),
            }
            engines.clear().map_err(|error| failed(error.to_string()))?;
        }
        self.has_tensorrt().map_err(failed)?;
        (self.tell)(Notice::Builds { anew: engines.as_ref().is_some_and(|engines| engines.anew) });
        let opened = self.built_in_tensorrt(engines.as_ref())?;
        if let Some(engines) = &engines
            && let Err(error) = engines.complete(opened.arithmetic())
        {
            tracing::warn!(%error, "the engines will be built again at the next start");
        }
        Ok(opened)
    }

    /// Whether TensorRT itself is installed: the library says no more than that it was built for it, and nobody is to be told
    /// to wait for what cannot be. Without it this ends at once, with what is missing.
    fn has_tensorrt(&self) -> Result<(), String> {
        guarded(|| {
            let tensorrt = TensorRT::default().build().error_on_failure();
            let tried = Session::builder(&self.opener.environment)
                .and_then(|session| Ok(session.with_execution_providers([tensorrt])?));
            tried.map(drop).map_err(|error| one_line(&error.to_string()))
        })
    }

    /// In 8 bits where TensorRT does what the processors do with them, else in 16.
    fn built_in_tensorrt(&self, engines: Option<&Engines>) -> Result<Checked<OnnxRuntime>, NetworkError> {
        if self.opener.bundle.manifest().quantisation.is_some() {
            let built = self.opened_with(Arithmetic::Int8, engines).and_then(|mut opened| {
                let mut due = self.opener.opened_on_processors()?;
                agreement::check(&mut opened, &mut due, self.opener.bundle.manifest())?;
                Ok(opened)
            });
            match built {
                Ok(opened) => return Ok(opened),
                Err(error) => {
                    tracing::info!(%error, "TensorRT does not serve 8-bit numbers here: 16 bits do");
                }
            }
        }
        self.opened_with(Arithmetic::Float16, engines)
    }

    fn opened_with(
        &self,
        arithmetic: Arithmetic,
        engines: Option<&Engines>,
    ) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let folder = engines.map(|engines| engines.folder().display().to_string());
        self.opened_on_gpu(arithmetic, &|signature: &Signature| {
            // What is not in 8 bits is in 16.
            let mut tensorrt = TensorRT::default().with_fp16(true).with_int8(arithmetic == Arithmetic::Int8);
            if let Some(folder) = &folder {
                tensorrt = tensorrt
                    .with_engine_cache(true)
                    .with_engine_cache_path(folder)
                    .with_timing_cache(true)
                    .with_timing_cache_path(folder);
            }
            // Engines are built for a range of lengths, lest they are built anew whenever the beam changes.
            if let [least, usual, most] = signature.shapes([1, 3, MAXIMUM_BEAM_WIDTH]).as_slice() {
                tensorrt = tensorrt
                    .with_profile_min_shapes(least)
                    .with_profile_opt_shapes(usual)
                    .with_profile_max_shapes(most);
            }
            // What TensorRT does not know is CUDA's.
            Ok(vec![tensorrt.build().error_on_failure(), cuda()])
        })
    }

    /// On a GPU, whose providers do not know the processors' kind of 8-bit numbers: in TensorRT's, or in float. Tried out.
    pub(super) fn opened_on_gpu(
        &self,
        arithmetic: Arithmetic,
        providers: &Providers<'_>,
    ) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let foreign = |file: &str, reason| {
            let (file, engine) = (file.to_owned(), Engine::OnnxRuntime.name());
            NetworkError::Foreign { file, engine, reason }
        };
        let manifest = self.opener.bundle.manifest();
        let graph = |file: &str, onnx| rewritten(onnx, arithmetic).map_err(|reason| foreign(file, reason));
        let encoder = graph(&manifest.encoder.file, self.opener.bundle.encoder_onnx())?;
        let decoder = graph(&manifest.decoder.file, self.opener.bundle.decoder_onnx())?;
        let mut opened = self.opener.opened(providers, &encoder, &decoder)?.computed_in(arithmetic);
        opened.try_out()?;
        Ok(opened)
    }

    /// Tells engines of this model and library from all others. The GPU and TensorRT's own version TensorRT itself has in
    /// the names of its files.
    pub(super) fn key(&self) -> String {
        let parts = [
            sha256_hex(self.opener.bundle.encoder_onnx()),
            sha256_hex(self.opener.bundle.decoder_onnx()),
            // The library's version, commit and how it was built.
            ort::info().to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ];
        sha256_hex(parts.join("\n").as_bytes())
    }
}

/// The graph as a GPU computes it in these numbers.
#[cfg(feature = "tract")]
fn rewritten(onnx: &[u8], arithmetic: Arithmetic) -> Result<Vec<u8>, String> {
    match arithmetic {
        Arithmetic::Int8 => tract::symmetric(onnx),
        Arithmetic::Float16 | Arithmetic::Float32 => tract::unquantised(onnx),
    }
}

/// What reads graphs is not in this build: the graph as it is.
#[cfg(not(feature = "tract"))]
#[expect(clippy::unnecessary_wraps, reason = "with tract, rewriting may fail")]
fn rewritten(onnx: &[u8], _: Arithmetic) -> Result<Vec<u8>, String> {
    Ok(onnx.to_vec())
}
