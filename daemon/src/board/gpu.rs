//! Whether the machine has a GPU that a model could run on.

use std::path::Path;

/// The devices that NVIDIA's drivers make: on a card, and on a Jetson.
const DEVICES: [&str; 5] = ["nvidiactl", "nvidia0", "nvhost-gpu", "nvhost-ctrl-gpu", "nvgpu"];

/// Whether there is an NVIDIA GPU with its driver, by the files in `/dev`.
#[must_use]
pub fn is_there(devices: &Path) -> bool {
    DEVICES.iter().any(|name| devices.join(name).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fake::sysfs;

    #[test]
    fn a_gpu_is_known_by_its_driver() {
        for (file, expected) in [("nvidiactl", true), ("nvhost-gpu", true), ("dri/card0", false)] {
            assert_eq!(is_there(sysfs(&[(file, "")]).path()), expected, "{file}");
        }
    }
}
