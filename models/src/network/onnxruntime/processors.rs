//! The processors: both graphs side by side, and as an earlier start has left them where it did.

use std::fs;

use ort::{
    ep::CPU,
    logging::LogLevel,
    session::{
        Session,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
};

use super::{HARMFUL_OPTIMIZER, OnnxRuntime, Opener, Signature, kept::Kept, session_of};
use crate::{NetworkError, network::checked::Checked, side_by_side::side_by_side};

impl Opener<'_> {
    pub(super) fn opened_on_processors(&self) -> Result<Checked<OnnxRuntime>, NetworkError> {
        let (bundle, manifest) = (self.bundle, self.bundle.manifest());
        let encoder = || {
            let signature = Signature::of_encoder(manifest);
            self.on_processors(&signature, &manifest.encoder.file, bundle.encoder_onnx())
        };
        let decoder = || {
            let signature = Signature::of_decoder(manifest);
            self.on_processors(&signature, &manifest.decoder.file, bundle.decoder_onnx())
        };
        let (encoder, decoder) = side_by_side(encoder, decoder);
        Ok(self.together(encoder?, decoder?))
    }

    /// Most of a cold start is ONNX Runtime's optimising of the graph: what comes of that is kept.
    fn on_processors(&self, signature: &Signature, file: &str, onnx: &[u8]) -> Result<Session, NetworkError> {
        let cache = self.opening.cache.as_deref();
        // What the manifest records of the file is what the bundle's bytes were compared with.
        let record = self.bundle.manifest().files.get(file);
        let kept =
            cache.zip(record).map(|(cache, record)| Kept::of(cache, &record.sha256, HARMFUL_OPTIMIZER));
        session_of(signature, file, || {
            let Some(kept) = &kept else { return committed(self.for_processors()?, onnx) };
            if let Some(graph) = kept.read() {
                let builder = self.for_processors()?.with_optimization_level(GraphOptimizationLevel::Disable);
                match builder
                    .map_err(|error| error.to_string())
                    .and_then(|builder| committed(builder, &graph))
                {
                    Ok(session) => return Ok(session),
                    Err(reason) => tracing::warn!(reason, "an optimised graph that was kept is of no use"),
                }
            }
            self.optimised_and_kept(kept, onnx).or_else(|reason| {
                tracing::debug!(reason, "the optimised graph is not kept");
                committed(self.for_processors()?, onnx)
            })
        })
    }

    /// Optimises the graph, and keeps what comes of it for the next start.
    fn optimised_and_kept(&self, kept: &Kept, onnx: &[u8]) -> Result<Session, String> {
        let written = kept.begin().map_err(|error| error.to_string())?;
        let builder =
            self.for_processors()?.with_optimized_model_path(&written).map_err(|error| error.to_string())?;
        // That the graph is for this machine only is known: it is a warning each time.
        let builder = builder.with_log_level(LogLevel::Error).map_err(|error| error.to_string())?;
        let session = committed(builder, onnx);
        let finished = session.as_ref().map(|_| kept.finish(&written));
        if !matches!(finished, Ok(Ok(()))) {
            let _ = fs::remove_file(&written);
        }
        if let Ok(Err(error)) = finished {
            tracing::debug!(%error, "the optimised graph is not kept");
        }
        session
    }

    fn for_processors(&self) -> Result<SessionBuilder, String> {
        // Its own arena doubles what it holds whenever it is full, and never gives it back: 15 MB of the shipped model. The C
        // library's heap is as fast, where it may keep what is freed between two layers.
        self.builder(&[CPU::default().with_arena_allocator(false).build()])
    }
}

fn committed(mut builder: SessionBuilder, onnx: &[u8]) -> Result<Session, String> {
    builder.commit_from_memory(onnx).map_err(|error| error.to_string())
}
