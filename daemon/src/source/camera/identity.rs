//! What a camera is known by, from what the kernel says of its device: the same whenever and wherever it is plugged in,
//! as far as its maker gave it a number of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::CameraId;

/// What a camera's driver tells; empty where it may not be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// What it calls the camera.
    pub(super) name: String,
    /// What it calls the place where it is plugged in.
    pub(super) bus: String,
}

/// What is known of a camera's device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// What its maker calls it.
    pub(super) name: String,
    /// Its identity, if no other has the same.
    base: String,
    /// What tells it from others that have the same: where it is plugged in, and which of its parts it is.
    detail: String,
}

/// Reads what the kernel says in the folder `/sys/class/video4linux/videoN`. `told` is what the
/// driver says.
pub(super) fn read(folder: &Path, told: &Told) -> Facts {
    let name =
        if told.name.is_empty() { text(&folder.join("name")).unwrap_or_default() } else { told.name.clone() };
    let name = tidy(&name);
    let index = text(&folder.join("index")).unwrap_or_default();
    let device = fs::canonicalize(folder.join("device")).unwrap_or_default();
    let part =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let usb = device.parent().map(PathBuf::from).unwrap_or_default();
    if let (Some(vendor), Some(product)) = (text(&usb.join("idVendor")), text(&usb.join("idProduct"))) {
        let socket = part(&usb);
        let own = text(&usb.join("serial")).unwrap_or_else(|| format!("port-{socket}"));
        let interface = part(&device).rsplit(':').next().unwrap_or_default().to_owned();
        return Facts {
            name,
            base: plain(&format!("usb-{vendor}-{product}-{own}")),
            detail: plain(&format!("{socket}-{interface}-{index}")),
        };
    }
    let bus = if told.bus.is_empty() { part(&device) } else { told.bus.clone() };
    Facts { name, base: plain(&bus), detail: plain(&format!("{}-{index}", part(&device))) }
}

/// An identity for each: its own where no other has it, else with what tells them apart.
pub(super) fn distinct(facts: &[Facts]) -> Vec<CameraId> {
    facts
        .iter()
        .map(|one| {
            let is_alone = facts.iter().filter(|other| other.base == one.base).count() == 1;
            CameraId(if is_alone { one.base.clone() } else { format!("{}-{}", one.base, one.detail) })
        })
        .collect()
}

/// The content of a small file, without the space around it; `None` where there is none.
fn text(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty())
}

/// A name as it is said: many drivers give it twice, as in "Camera: Camera", cut off at 31 bytes.
fn tidy(name: &str) -> String {
    let name = name.trim_end_matches('\u{FFFD}').trim();
    match name.split_once(": ") {
        Some((first, second)) if first.starts_with(second.trim_end()) => first.to_owned(),
        _ => name.to_owned(),
    }
}

/// Only letters, digits and what does not end a word.
fn plain(text: &str) -> String {
    let keep = |char: char| if char.is_ascii_alphanumeric() || "-.:_".contains(char) { char } else { '_' };
    text.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, slice::from_ref};

    use super::*;

    fn told(name: &str, bus: &str) -> Told {
        Told { name: name.to_owned(), bus: bus.to_owned() }
    }

    /// A device of a pretended `/sys`: its folder under `devices`, and files in its parent.
    fn device(
        sys: &Path,
        node: &str,
        place: &str,
        name: &[u8],
        index: &str,
        parent: &[(&str, &str)],
    ) -> PathBuf {
        let (folder, device) = (sys.join("class").join(node), sys.join("devices").join(place));
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(&device).unwrap();
        fs::write(folder.join("name"), name).unwrap();
        fs::write(folder.join("index"), index).unwrap();
        let _ = symlink(&device, folder.join("device"));
        for (file, content) in parent {
            fs::write(device.parent().unwrap().join(file), format!("{content}\n")).unwrap();
        }
        folder
    }

    #[test]
    fn a_camera_is_known_wherever_it_is_plugged_in() {
        let sys = tempfile::tempdir().unwrap();
        let logitech = [("idVendor", "046d"), ("idProduct", "0825"), ("serial", "9A B#1")];
        let cheap = [("idVendor", "1234"), ("idProduct", "0001")];
        let usb = |node: &str, place: &str, index: &str, parent: &[(&str, &str)]| {
            read(
                &device(sys.path(), node, place, b"HD Webcam C270: HD Webcam C27\n", index, parent),
                &told("", "usb-0000:00:14.0-1"),
            )
        };
        let first = usb("video0", "1-1/1-1:1.0", "0", &logitech);
        let moved = usb("video1", "1-3.2/1-3.2:1.0", "0", &logitech);
        assert_eq!(first.name, "HD Webcam C270");
        assert_eq!(distinct(from_ref(&first))[0].as_str(), "usb-046d-0825-9A_B_1");
        assert_eq!(distinct(from_ref(&first)), distinct(from_ref(&moved)));
        let both: Vec<String> = distinct(&[first.clone(), moved]).iter().map(ToString::to_string).collect();
        assert_eq!(both, ["usb-046d-0825-9A_B_1-1-1-1.0-0", "usb-046d-0825-9A_B_1-1-3.2-1.0-0"]);
        // One without a number of its own is known by its socket; its infra-red part is another camera.
        let colour = usb("video2", "1-2/1-2:1.0", "0", &cheap);
        let infra_red = usb("video4", "1-2/1-2:1.2", "0", &cheap);
        assert_eq!(distinct(&[colour.clone(), first])[0].as_str(), "usb-1234-0001-port-1-2");
        let ids = distinct(&[colour, infra_red]);
        assert!(ids[0].as_str().ends_with("1.0-0") && ids[1].as_str().ends_with("1.2-0"), "{ids:?}");
    }

    #[test]
    fn others_are_known_by_what_their_driver_calls_them() {
        let sys = tempfile::tempdir().unwrap();
        let folder = device(sys.path(), "video9", "platform/vivid.0", b"vivid-000-vid-cap", "0", &[]);
        assert_eq!(
            distinct(&[read(&folder, &told("vivid", "platform:vivid-000"))])[0].as_str(),
            "platform:vivid-000"
        );
        assert_eq!(distinct(&[read(&folder, &Told::default())])[0].as_str(), "vivid.0");
        assert_eq!(read(&folder, &Told::default()).name, "vivid-000-vid-cap");
        assert_eq!(read(&folder, &told("vivid", "")).name, "vivid");
        let nothing = read(&sys.path().join("none"), &told("", "platform:x y"));
        assert_eq!((nothing.name.as_str(), nothing.base.as_str()), ("", "platform:x_y"));
        let broken = device(sys.path(), "video8", "platform/b", b"K\xc3\xa4mera f\xc3\xbcr T\xc3", "0", &[]);
        assert_eq!(read(&broken, &Told::default()).name, "Kämera für T");
    }
}
