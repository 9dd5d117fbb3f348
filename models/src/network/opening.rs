//! On what a model is to run: which engine, which device, how many threads; and what came of it.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::EngineChoice;

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The processors.
    #[default]
    Cpu,
    /// An NVIDIA GPU, through CUDA.
    Cuda,
    /// An NVIDIA GPU, through TensorRT, which builds engines for it first.
    TensorRt,
}

impl Device {
    /// The GPUs, in the order in which they are tried.
    pub const GPUS: [Self; 2] = [Self::TensorRt, Self::Cuda];

    /// The name as it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The numbers that a device computes a network in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// 8-bit whole numbers, but for the layers that were left in float.
    Int8,
    /// 16-bit floats.
    Float16,
    /// 32-bit floats.
    #[default]
    Float32,
}

impl Arithmetic {
    /// The name as it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Which device is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first of TensorRT, CUDA and the processors that works.
    Auto,
    /// This one, and no other in its place.
    Only(Device),
}

impl Default for DeviceChoice {
    fn default() -> Self {
        Self::Only(Device::Cpu)
    }
}

/// A name that no device has.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is no device {0:?}; choose auto, cpu, cuda or tensorrt")]
pub struct UnknownDevice(pub String);

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(name: &str) -> Result<Self, UnknownDevice> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        let devices = [Device::Cpu, Device::Cuda, Device::TensorRt];
        let found = devices.into_iter().find(|device| device.name() == name);
        found.map(Self::Only).ok_or_else(|| UnknownDevice(name.to_owned()))
    }
}

/// A device that was tried and is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUsed {
    /// The device.
    pub device: Device,
    /// Why: words without capital and full stop, with what to do where something can be done.
    pub reason: String,
}

/// How a model is to be opened. The default is the processors, with whatever engine there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// The engine.
    pub engine: EngineChoice,
    /// The device. Only ONNX Runtime knows others than the processors.
    pub device: DeviceChoice,
    /// How many threads compute at most, on the processors; ONNX Runtime's business alone. Without a number, two.
    pub threads: Option<usize>,
    /// Where what ONNX Runtime makes of a model is kept for the next start, optimised graphs and engines for a GPU; without it,
    /// that is made at each.
    pub cache: Option<PathBuf>,
}

impl From<EngineChoice> for Opening {
    fn from(engine: EngineChoice) -> Self {
        Self { engine, ..Self::default() }
    }
}

/// What whoever waits for a model should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Engines are built for the GPU, which takes minutes; the next start finds them.
    Builds {
        /// Whether there were some, of another model, library or build.
        anew: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_devices_and_back() {
        for device in [Device::Cpu, Device::Cuda, Device::TensorRt] {
            assert_eq!(device.to_string().parse(), Ok(DeviceChoice::Only(device)));
        }
        assert_eq!("auto".parse(), Ok(DeviceChoice::Auto));
        assert_eq!("gpu".parse::<DeviceChoice>(), Err(UnknownDevice("gpu".into())));
        assert_eq!(Opening::default().device, DeviceChoice::Only(Device::Cpu));
    }
}
