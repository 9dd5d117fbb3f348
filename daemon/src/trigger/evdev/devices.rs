//! Which of the kernel's input devices have the button.
//!
//! A device that may not be opened is asked through what the kernel shows to everyone, so that only the one with the
//! button is complained of.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use evdev::{Device, EventStream, KeyCode};
use tracing::debug;

use crate::trigger::TriggerError;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) key: KeyCode,
    /// The device's name; any when absent.
    pub(super) device: Option<String>,
    /// Whether nobody else is to get what the device sends.
    pub(super) grab: bool,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) opened: Vec<(PathBuf, EventStream)>,
    /// What was found and cannot be used.
    pub(super) problems: Vec<TriggerError>,
}

impl Found {
    /// Whether something was found that may not be read.
    pub(super) fn is_forbidden(&self) -> bool {
        self.problems.iter().any(|problem| matches!(problem, TriggerError::NotReadable { .. }))
    }
}

/// Opens the devices with the button, but for those that are open.
pub(super) fn find(devices: &Path, capabilities: &Path, wanted: &Wanted, open: &[PathBuf]) -> Found {
    let mut paths: Vec<PathBuf> = fs::read_dir(devices)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            name_of(path).strip_prefix("event").is_some_and(|number| number.parse::<u32>().is_ok())
        })
        .filter(|path| !open.contains(path))
        .collect();
    paths.sort();
    let mut found = Found::default();
    for path in paths {
        match take(&path, wanted) {
            Ok(Some(stream)) => found.opened.push((path, stream)),
            Ok(None) => {}
            Err(error) => {
                debug!(path = %path.display(), %error, "an input device cannot be used");
                let folder = capabilities.join(name_of(&path)).join("device");
                if let Some(device) = named(&folder, wanted) {
                    let key = format!("{:?}", wanted.key);
                    found.problems.push(match error.kind() {
                        io::ErrorKind::PermissionDenied => TriggerError::NotReadable { key, device },
                        io::ErrorKind::ResourceBusy => TriggerError::DeviceTaken { key, device },
                        _ => TriggerError::Device { key, device, reason: error.to_string() },
                    });
                }
            }
        }
    }
    found
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Opens a device that has the button; nothing when it has none.
fn take(path: &Path, wanted: &Wanted) -> io::Result<Option<EventStream>> {
    let mut device = Device::open(path)?;
    let has_key = device.supported_keys().is_some_and(|keys| keys.contains(wanted.key));
    let has_name = wanted.device.as_deref().is_none_or(|name| device.name() == Some(name));
    if !has_key || !has_name {
        return Ok(None);
    }
    if wanted.grab {
        device.grab()?;
    }
    device.into_event_stream().map(Some)
}

/// The name of a device that has the button, by what the kernel shows to everyone.
fn named(folder: &Path, wanted: &Wanted) -> Option<String> {
    let name = fs::read_to_string(folder.join("name")).ok()?.trim().to_owned();
    let keys = fs::read_to_string(folder.join("capabilities/key")).ok()?;
    let is_wanted = wanted.device.as_ref().is_none_or(|wanted| *wanted == name);
    (is_wanted && has_key(&keys, wanted.key)).then_some(name)
}

/// Reads the kernel's list of keys: hexadecimal words, the one with the lowest bits last.
fn has_key(keys: &str, key: KeyCode) -> bool {
    let bits = usize::try_from(usize::BITS).unwrap_or(64);
    let code = usize::from(key.code());
    let word = keys.split_whitespace().rev().nth(code / bits);
    word.and_then(|word| u64::from_str_radix(word, 16).ok())
        .is_some_and(|word| word >> (code % bits) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_of_keys_is_read() {
        for (keys, key, expected) in [
            // KEY_CAMERA is 212, in the fourth word of 64 bits.
            ("100000 0 0 0", KeyCode::KEY_CAMERA, true),
            ("100000 0 0", KeyCode::KEY_CAMERA, false),
            ("200000 0 0 0", KeyCode::KEY_CAMERA, false),
            ("2", KeyCode::KEY_ESC, true),
            ("", KeyCode::KEY_ESC, false),
            ("x", KeyCode::KEY_ESC, false),
            ("402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", KeyCode::KEY_ESC, true),
        ] {
            assert_eq!(has_key(keys, key), expected, "{keys:?}");
        }
    }

    #[test]
    fn what_is_no_device_is_passed_over_unless_it_has_the_button() {
        let folder = tempfile::tempdir().unwrap();
        let (devices, capabilities) = (folder.path().join("input"), folder.path().join("class"));
        let wanted = Wanted { key: KeyCode::KEY_CAMERA, device: None, grab: false };
        assert!(find(&devices, &capabilities, &wanted, &[]).opened.is_empty(), "there is no such folder");
        fs::create_dir(&devices).unwrap();
        for name in ["event0", "event1", "mouse0", "eventx"] {
            fs::write(devices.join(name), "").unwrap();
        }
        for (name, keys) in [("event0", "100000 0 0 0"), ("event1", "0")] {
            let folder = capabilities.join(name).join("device");
            fs::create_dir_all(folder.join("capabilities")).unwrap();
            fs::write(folder.join("name"), "gpio-keys\n").unwrap();
            fs::write(folder.join("capabilities/key"), keys).unwrap();
        }
        // They are files and no devices, so that opening them fails as the system says.
        let problems = |wanted: &Wanted| find(&devices, &capabilities, wanted, &[]).problems;
        let [problem] = &problems(&wanted)[..] else { panic!("{:?}", problems(&wanted)) };
        assert!(
            problem.to_string().starts_with("the button KEY_CAMERA of gpio-keys cannot be used: "),
            "{problem}"
        );
        let other = Wanted { device: Some("other".to_owned()), ..wanted.clone() };
        assert!(problems(&other).is_empty());
        let open = [devices.join("event0")];
        assert!(find(&devices, &capabilities, &wanted, &open).problems.is_empty());
    }
}
