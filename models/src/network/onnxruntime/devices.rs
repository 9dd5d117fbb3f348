//! Which device runs the model: TensorRT, then CUDA, then the processors, each with the reason when it is not used.
//!
//! ONNX Runtime by itself would go on on the processors with a line in its log. Here a GPU counts as used only when
//! the model was opened on it and ran there once, so that what is told of it is true.

use crate::{
    NetworkError,
    network::{Device, DeviceChoice, NotUsed},
};

/// What a device is asked. ONNX Runtime is behind it, and in tests a fake.
pub(super) trait Border {
    /// A model that is open.
    type Opened;

    /// Whether the library was built with what the device needs.
    fn has(&self, device: Device) -> Result<bool, String>;

    /// Opens the model on it, and runs it once on a GPU.
    fn open(&mut self, device: Device) -> Result<Self::Opened, NetworkError>;
}

/// Opens the model on the device of choice; also yields what was tried before and why it is not used.
pub(super) fn open_on<B: Border>(
    border: &mut B,
    choice: DeviceChoice,
) -> Result<(B::Opened, Device, Vec<NotUsed>), NetworkError> {
    match choice {
        DeviceChoice::Only(Device::Cpu) => Ok((border.open(Device::Cpu)?, Device::Cpu, Vec::new())),
        DeviceChoice::Only(device) => match try_open(border, device) {
            Ok(opened) => Ok((opened, device, Vec::new())),
            Err(reason) => Err(NetworkError::NoDevice { device, reason }),
        },
        DeviceChoice::Auto => {
            let mut not_used = Vec::new();
            for device in Device::GPUS {
                match try_open(border, device) {
                    Ok(opened) => return Ok((opened, device, not_used)),
                    Err(reason) => not_used.push(NotUsed { device, reason }),
                }
            }
            Ok((border.open(Device::Cpu)?, Device::Cpu, not_used))
        }
    }
}

fn try_open<B: Border>(border: &mut B, device: Device) -> Result<B::Opened, String> {
    match border.has(device) {
        Ok(true) => border.open(device).map_err(|error| match error {
            // It is about this device anyhow.
            NetworkError::NoDevice { reason, .. } => diagnosis(&reason),
            other => diagnosis(&other.to_string()),
        }),
        Ok(false) => Err(format!("the library of ONNX Runtime was built without {}", word(device))),
        Err(reason) => Err(diagnosis(&reason)),
    }
}

/// The device's name in a sentence.
pub(super) fn word(device: Device) -> &'static str {
    match device {
        Device::Cpu => "processors",
        Device::Cuda => "CUDA",
        Device::TensorRt => "TensorRT",
    }
}

const NO_MEMORY: &str = "the GPU has not enough free memory; end what else uses it";

/// What NVIDIA's libraries say, and what it means. The first that is found in the message counts.
const MEANINGS: [(&str, &str); 13] = [
    (
        "no kernel image is available",
        "the library of ONNX Runtime has no kernels for this GPU; a Jetson needs NVIDIA's own build of it",
    ),
    ("no CUDA-capable device", "no NVIDIA GPU answers; is its driver loaded?"),
    ("driver version is insufficient", "the NVIDIA driver is older than the library of ONNX Runtime needs"),
    ("libcuda.so", "the NVIDIA driver is not installed (libcuda is missing)"),
    (
        "libnvinfer",
        "TensorRT is not installed, or in another version than the library of ONNX Runtime needs (libnvinfer)",
    ),
    ("libnvonnxparser", "TensorRT is not installed as a whole (libnvonnxparser is missing)"),
    (
        "libcudnn",
        "cuDNN is not installed, or in another version than the library of ONNX Runtime needs (libcudnn)",
    ),
    (
        "libcublas",
        "CUDA is not installed, or in another version than the library of ONNX Runtime needs (libcublas)",
    ),
    (
        "libcudart",
        "CUDA is not installed, or in another version than the library of ONNX Runtime needs (libcudart)",
    ),
    (
        "libonnxruntime_providers",
        "a part of ONNX Runtime is missing beside its library (libonnxruntime_providers)",
    ),
    ("out of memory", NO_MEMORY),
    // By ONNX Runtime's own allocator, which does not say what of.
    ("Failed to allocate memory", NO_MEMORY),
    ("Serialization", "the engines that were built for the GPU are of another TensorRT"),
];

/// The message in words that say what to do, where it is one of those that are known; else as it is.
pub(super) fn diagnosis(message: &str) -> String {
    let known = MEANINGS.iter().find(|(sign, _)| message.contains(sign));
    known.map_or_else(|| message.to_owned(), |(_, meaning)| (*meaning).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library with these providers, of which some open.
    struct Fake {
        has: Vec<Device>,
        opens: Vec<Device>,
        asked: Vec<Device>,
    }

    impl Border for Fake {
        type Opened = Device;

        fn has(&self, device: Device) -> Result<bool, String> {
            Ok(self.has.contains(&device))
        }

        fn open(&mut self, device: Device) -> Result<Device, NetworkError> {
            self.asked.push(device);
            if self.opens.contains(&device) {
                return Ok(device);
            }
            let reason = "CUDA failure 209: no kernel image is available for execution on the device; GPU=0";
            Err(NetworkError::Run { engine: "onnxruntime", stage: "encoder", reason: reason.to_owned() })
        }
    }

    #[test]
    fn the_first_device_that_works_is_used_and_the_others_say_why_not() {
        use Device::{Cpu, Cuda, TensorRt};
        let without = |device| format!("the library of ONNX Runtime was built without {}", word(device));
        let kernels = MEANINGS[0].1.to_owned();
        for (has, opens, choice, expected) in [
            (
                &[][..],
                &[Cpu][..],
                "auto",
                Ok((Cpu, vec![(TensorRt, without(TensorRt)), (Cuda, without(Cuda))])),
            ),
            (&[Cuda], &[Cpu, Cuda], "auto", Ok((Cuda, vec![(TensorRt, without(TensorRt))]))),
            (&[Cuda, TensorRt], &[Cpu, Cuda, TensorRt], "auto", Ok((TensorRt, vec![]))),
            (&[Cuda, TensorRt], &[Cpu, Cuda], "auto", Ok((Cuda, vec![(TensorRt, kernels.clone())]))),
            (
                &[Cuda, TensorRt],
                &[Cpu],
                "auto",
                Ok((Cpu, vec![(TensorRt, kernels.clone()), (Cuda, kernels.clone())])),
            ),
            // Who asks for one gets that one or an error.
            (&[Cuda, TensorRt], &[Cpu, Cuda, TensorRt], "cuda", Ok((Cuda, vec![]))),
            (&[Cuda, TensorRt], &[Cpu, Cuda, TensorRt], "cpu", Ok((Cpu, vec![]))),
            (&[Cuda, TensorRt], &[Cpu], "cuda", Err(kernels)),
            (&[], &[Cpu, Cuda], "cuda", Err(without(Cuda))),
        ] {
            let mut fake = Fake { has: has.to_vec(), opens: opens.to_vec(), asked: Vec::new() };
            let found = open_on(&mut fake, choice.parse().unwrap());
            let found = found.map(|(opened, device, not_used)| {
                assert_eq!(opened, device);
                let not_used = not_used.into_iter().map(|other| (other.device, other.reason)).collect();
                (device, not_used)
            });
            let found = found.map_err(|error| match error {
                NetworkError::NoDevice { reason, .. } => reason,
                other => panic!("{other}"),
            });
            assert_eq!(found, expected, "{has:?} {opens:?} {choice}");
            if choice == "cpu" {
                assert_eq!(fake.asked, [Cpu], "no GPU is touched");
            }
        }
    }

    #[test]
    fn a_model_that_opens_nowhere_is_an_error_of_the_processors() {
        let mut fake = Fake { has: vec![], opens: vec![], asked: vec![] };
        assert!(matches!(open_on(&mut fake, DeviceChoice::Auto), Err(NetworkError::Run { .. })));
    }

    /// Which says itself that it cannot be used.
    struct Missing;

    impl Border for Missing {
        type Opened = ();

        fn has(&self, _: Device) -> Result<bool, String> {
            Ok(true)
        }

        fn open(&mut self, device: Device) -> Result<(), NetworkError> {
            Err(NetworkError::NoDevice { device, reason: "it is not here".to_owned() })
        }
    }

    #[test]
    fn why_a_device_is_not_used_is_said_once() {
        let error = open_on(&mut Missing, DeviceChoice::Only(Device::TensorRt)).unwrap_err();
        assert!(
            matches!(&error, NetworkError::NoDevice { reason, .. } if reason == "it is not here"),
            "{error}"
        );
    }

    #[test]
    fn what_the_libraries_say_is_put_into_words() {
        for (message, word) in [
            (
                "Failed to load library libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file",
                "cuDNN",
            ),
            (
                "libonnxruntime_providers_tensorrt.so with error: libnvinfer.so.10: cannot open shared object file",
                "TensorRT is not installed",
            ),
            ("CUDA failure 100: no CUDA-capable device is detected", "driver"),
            ("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version", "older"),
            ("CUDA failure 2: out of memory", "free memory"),
            ("bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 1024", "free memory"),
            ("something else", "something else"),
        ] {
            assert!(diagnosis(message).contains(word), "{message}");
        }
    }
}
