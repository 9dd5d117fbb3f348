//! `descry cameras`: which there are, and what to call them.

use std::io::{self, Write};

use serde::Serialize;

use super::{Ending, complain};
use crate::{
    bus,
    config::{Layer, Settings, session_language},
    preferences::Shared,
    source::{
        camera::{Camera, CameraError, choose, connected::Connected},
        live::Cameras,
    },
};

/// The JSON object of a camera; its fields are the command's contract.
#[derive(Serialize)]
struct CameraLine<'a> {
    name: &'a str,
    id: &'a str,
    device: String,
    /// Its object on the bus.
    source: String,
    /// Whether it is looked through when no other is named.
    chosen: bool,
}

/// Lists the cameras.
pub(super) fn run(json: bool) -> Ending {
    let settings = match Settings::load(Layer::default()) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&error.message(), session_language());
            return Ending::Usage;
        }
    };
    let language = settings.preferences.words();
    let wanted = settings.preferences.camera.wanted.clone();
    let cameras = match Connected::with_preferences(&Shared::new(settings.preferences)).list() {
        Ok(cameras) if !cameras.is_empty() => cameras,
        failed => {
            let error = failed.err().unwrap_or(CameraError::None);
            complain(&error.message(), language);
            return Ending::NotDescribed;
        }
    };
    let mut out = io::stdout().lock();
    let written =
        lines(&cameras, wanted.as_deref(), json).iter().try_for_each(|line| writeln!(out, "{line}"));
    if written.is_ok() { Ending::Described } else { Ending::NotDescribed }
}

fn lines(cameras: &[Camera], wanted: Option<&str>, json: bool) -> Vec<String> {
    let chosen = choose(cameras, wanted).ok().map(|camera| &camera.id);
    let line = |camera: &Camera| {
        let Camera { id, name, device } = camera;
        let is_chosen = chosen == Some(id);
        if json {
            let (device, source) = (device.display().to_string(), bus::source::path(id));
            let line = CameraLine { name, id: id.as_str(), device, source, chosen: is_chosen };
            return serde_json::to_string(&line).unwrap_or_default();
        }
        format!("{name} ({id}) at {}{}", device.display(), if is_chosen { " *" } else { "" })
    };
    cameras.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::camera::CameraId;

    #[test]
    fn lines_are_as_documented() {
        let camera = |id: &str, name: &str| Camera {
            id: CameraId::new(id),
            name: name.to_owned(),
            device: format!("/dev/{id}").into(),
        };
        let cameras = [camera("a-1", "Front"), camera("b", "Rear \"HD\"")];
        assert_eq!(
            lines(&cameras, Some("rear"), false),
            ["Front (a-1) at /dev/a-1", "Rear \"HD\" (b) at /dev/b *"]
        );
        assert_eq!(
            lines(&cameras, None, true)[0],
            r#"{"name":"Front","id":"a-1","device":"/dev/a-1","source":"/org/descry/Descry1/source/a_2d1","chosen":false}"#
        );
        assert!(lines(&cameras[..1], None, true)[0].ends_with(r#""chosen":true}"#));
    }
}
