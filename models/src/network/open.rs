//! Opens a bundle's networks: which engine, when none is named, and what is told where one cannot do what is asked.

use std::path::Path;

#[cfg(feature = "onnxruntime")]
use super::onnxruntime;
#[cfg(feature = "tract")]
use super::tract;
use super::{Device, DeviceChoice, EngineChoice, Network, NotUsed, Notice, Opening};
use crate::{Bundle, NetworkError};

/// Opens a bundle's networks in an engine, on the processors, and holds them to the manifest.
///
/// With [`EngineChoice::Auto`] a library of ONNX Runtime that `DESCRY_ONNXRUNTIME` names must be usable; one that is
/// found otherwise and is not gives way to tract, with a warning in the log.
pub fn open_network(bundle: &Bundle, choice: &EngineChoice) -> Result<Box<dyn Network>, NetworkError> {
    open_network_as(bundle, &choice.clone().into(), &mut |_| {})
}

/// Opens a bundle's networks on a device too; `tell` is told what whoever waits should know.
pub fn open_network_as(
    bundle: &Bundle,
    opening: &Opening,
    tell: &mut dyn FnMut(Notice),
) -> Result<Box<dyn Network>, NetworkError> {
    match &opening.engine {
        EngineChoice::Auto => open_best(bundle, opening, tell),
        EngineChoice::Tract => open_tract(bundle, opening.device),
        EngineChoice::OnnxRuntime { library } => open_onnxruntime(bundle, library.as_deref(), opening, tell),
    }
}

#[cfg(feature = "onnxruntime")]
fn open_best(
    bundle: &Bundle,
    opening: &Opening,
    tell: &mut dyn FnMut(Notice),
) -> Result<Box<dyn Network>, NetworkError> {
    match open_onnxruntime(bundle, None, opening, tell) {
        // Whoever asks for a GPU wants that, and hears why there is none.
        Err(error) if onnxruntime::library::is_named() || wants_gpu(opening.device) => Err(error),
        Err(error @ NetworkError::UnusableLibrary { .. }) => {
            tracing::warn!("{error}; using tract instead");
            open_tract(bundle, opening.device)
        }
        Err(NetworkError::NoLibrary { .. }) => open_tract(bundle, opening.device),
        other => other,
    }
}

#[cfg(not(feature = "onnxruntime"))]
fn open_best(
    bundle: &Bundle,
    opening: &Opening,
    _: &mut dyn FnMut(Notice),
) -> Result<Box<dyn Network>, NetworkError> {
    open_tract(bundle, opening.device)
}

#[cfg(feature = "onnxruntime")]
fn wants_gpu(device: DeviceChoice) -> bool {
    matches!(device, DeviceChoice::Only(device) if device != Device::Cpu)
}

fn open_tract(bundle: &Bundle, device: DeviceChoice) -> Result<Box<dyn Network>, NetworkError> {
    let reason = "the engine tract runs on processors only, and ONNX Runtime is not in use".to_owned();
    match device {
        DeviceChoice::Only(Device::Cpu) => open_in_tract(bundle, Vec::new()),
        DeviceChoice::Only(device) => Err(NetworkError::NoDevice { device, reason }),
        DeviceChoice::Auto => {
            let not_used = |device| NotUsed { device, reason: reason.clone() };
            open_in_tract(bundle, Device::GPUS.map(not_used).to_vec())
        }
    }
}

#[cfg(feature = "tract")]
fn open_in_tract(bundle: &Bundle, not_used: Vec<NotUsed>) -> Result<Box<dyn Network>, NetworkError> {
    tract::open(bundle, not_used)
}

#[cfg(not(feature = "tract"))]
fn open_in_tract(_: &Bundle, _: Vec<NotUsed>) -> Result<Box<dyn Network>, NetworkError> {
    Err(NetworkError::NotBuilt { engine: super::Engine::Tract.name() })
}

#[cfg(feature = "onnxruntime")]
fn open_onnxruntime(
    bundle: &Bundle,
    library: Option<&Path>,
    opening: &Opening,
    tell: &mut dyn FnMut(Notice),
) -> Result<Box<dyn Network>, NetworkError> {
    onnxruntime::open(bundle, library, opening, tell)
}

#[cfg(not(feature = "onnxruntime"))]
fn open_onnxruntime(
    _: &Bundle,
    _: Option<&Path>,
    _: &Opening,
    _: &mut dyn FnMut(Notice),
) -> Result<Box<dyn Network>, NetworkError> {
    Err(NetworkError::NotBuilt { engine: super::Engine::OnnxRuntime.name() })
}
