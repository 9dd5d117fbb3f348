//! GPUs through ONNX Runtime: CUDA, and TensorRT with the engines that it builds.

use ort::ep::{
    ArenaExtendStrategy, CUDA, ExecutionProvider, ExecutionProviderDispatch, TensorRT,
    cuda::ConvAlgorithmSearch,
};

use super::{Library, OnnxRuntime, Providers, Signature, cache::Engines, devices::Border};
use crate::{
    Device, Engine, NetworkError, Notice,
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
            Device::Cpu => {
                self.opened(&|_| Ok(Vec::new()), self.bundle.encoder_onnx(), self.bundle.decoder_onnx())
            }
            Device::Cuda => self.opened_on_gpu(&|_| Ok(vec![cuda()])),
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
        let mut engines = match &self.opening.cache {
            Some(cache) => {
                let engines = Engines::prepare(cache, device, &self.key());
                let problem = "the folder for the GPU's engines cannot be used";
                Some(engines.map_err(|error| failed(format!("{problem} ({}): {error}", cache.display())))?)
            }
            None => None,
        };
        let mut opened = self.opened_with(engines.as_ref());
        if let (Err(error), Some(engines)) = (&opened, &mut engines)
            && engines.notice.is_none()
        {
            tracing::warn!(%error, "the engines that were built for the GPU serve no more");
            engines.clear().map_err(|error| failed(error.to_string()))?;
            opened = self.opened_with(Some(engines));
        }
        if let (Ok(_), Some(engines)) = (&opened, &engines)
            && engines.notice.is_some()
            && let Err(error) = engines.complete()
        {
            tracing::warn!(%error, "the engines will be built again at the next start");
        }
        opened
    }

    fn opened_with(&mut self, engines: Option<&Engines>) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let notice = engines.map_or(Some(Notice::Builds { anew: false }), |engines| engines.notice);
        if let Some(notice) = notice {
            (self.tell)(notice);
        }
        let folder = engines.map(|engines| engines.folder().display().to_string());
        self.opened_on_gpu(&|signature: &Signature| {
            let mut tensorrt = TensorRT::default().with_fp16(true);
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

    /// On a GPU, whose providers do not know our kind of 8-bit numbers: in float, and tried out.
    pub(super) fn opened_on_gpu(
        &self,
        providers: &Providers<'_>,
    ) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let foreign = |file: &str, reason| {
            let (file, engine) = (file.to_owned(), Engine::OnnxRuntime.name());
            NetworkError::Foreign { file, engine, reason }
        };
        let manifest = self.bundle.manifest();
        let float = |file: &str, onnx| float_graph(onnx).map_err(|reason| foreign(file, reason));
        let encoder = float(&manifest.encoder.file, self.bundle.encoder_onnx())?;
        let decoder = float(&manifest.decoder.file, self.bundle.decoder_onnx())?;
        let mut opened = self.opened(providers, &encoder, &decoder)?;
        opened.try_out()?;
        Ok(opened)
    }

    /// Tells engines of this model and library from all others. The GPU and TensorRT's own version TensorRT itself has in
    /// the names of its files.
    pub(super) fn key(&self) -> String {
        let parts = [
            sha256_hex(self.bundle.encoder_onnx()),
            sha256_hex(self.bundle.decoder_onnx()),
            // The library's version, commit and how it was built.
            ort::info().to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ];
        sha256_hex(parts.join("\n").as_bytes())
    }
}

/// The graph without 8-bit numbers.
#[cfg(feature = "tract")]
fn float_graph(onnx: &[u8]) -> Result<Vec<u8>, String> {
    crate::network::tract::unquantised(onnx)
}

/// What reads graphs is not in this build: the graph as it is.
#[cfg(not(feature = "tract"))]
fn float_graph(onnx: &[u8]) -> Result<Vec<u8>, String> {
    Ok(onnx.to_vec())
}
