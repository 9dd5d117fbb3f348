//! Where a model learns: on the processor, or on an NVIDIA GPU.
//!
//! libtorch finds a GPU only when its CUDA half, `libtorch_cuda`, is in the process. Nothing here refers to that library,
//! so that a trainer with the feature `cuda` builds without any of CUDA, and runs where there is none. The program looks
//! for it beside the libtorch that it runs with and starts itself again with the library loaded before all others.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use clap::Args;
use tch::{Cuda, Device};

#[cfg(feature = "cuda")]
mod preload;

/// Which device is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A GPU where one can be used, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A GPU; without a number, the first, or of several processes on a machine each its own.
    Cuda(Option<usize>),
}

/// Arguments of the commands that learn.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DeviceArguments {
    /// Where to compute: cpu, cuda or cuda:N [default: a GPU where one can be used, else the processor]
    #[arg(long, value_name = "DEVICE", default_value = "auto", hide_default_value = true)]
    pub device: DeviceChoice,
}

/// A name that is no device's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no device {0:?}; choose auto, cpu, cuda or cuda:N")]
pub struct UnknownDevice(String);

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(name: &str) -> Result<Self, UnknownDevice> {
        match name.split_once(':') {
            None if name == "auto" => Ok(Self::Auto),
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda(None)),
            Some(("cuda", number)) => number
                .parse()
                .map(|number| Self::Cuda(Some(number)))
                .map_err(|_| UnknownDevice(name.to_owned())),
            _ => Err(UnknownDevice(name.to_owned())),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(None) => formatter.write_str("cuda"),
            Self::Cuda(Some(number)) => write!(formatter, "cuda:{number}"),
        }
    }
}

/// The device to compute on. `rank` tells several processes on one machine apart: each takes a GPU of its own.
///
/// With the feature `cuda` this may start the program again, so it comes before anything else is done.
pub fn choose(choice: DeviceChoice, rank: usize) -> Result<Device> {
    if choice == DeviceChoice::Cpu {
        return Ok(Device::Cpu);
    }
    #[cfg(feature = "cuda")]
    let missing = preload::load().err();
    #[cfg(not(feature = "cuda"))]
    let missing = Some("this descry-trainer was built without its feature `cuda`".to_owned());
    let devices = usize::try_from(Cuda::device_count()).unwrap_or(0);
    match choice {
        DeviceChoice::Cuda(number) if devices > 0 => {
            let number = number.unwrap_or(rank % devices);
            ensure!(number < devices, "there is no cuda:{number}: this machine has {devices} CUDA devices");
            Ok(Device::Cuda(number))
        }
        DeviceChoice::Auto if devices > 0 => Ok(Device::Cuda(rank % devices)),
        DeviceChoice::Cuda(_) => match missing {
            Some(why) => bail!("CUDA cannot be used: {why}. Use --device cpu, or leave --device out"),
            None => bail!(
                "libtorch has its CUDA half, but this machine has no CUDA device that it can use: is there an NVIDIA GPU, \
                 and does `nvidia-smi` show it? Use --device cpu, or leave --device out"
            ),
        },
        _ => {
            if let Some(why) = missing {
                tracing::info!("computing on the processor: {why}");
            }
            Ok(Device::Cpu)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices() {
        for name in ["auto", "cpu", "cuda", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().expect(name).to_string(), name);
        }
        for name in ["", "gpu", "cuda:", "cuda:x", "cpu:0"] {
            assert!(name.parse::<DeviceChoice>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_processor_is_always_there() {
        assert_eq!(choose(DeviceChoice::Cpu, 0).expect("a device"), Device::Cpu);
    }
}
