//! Cameras: which one is meant, one picture of it, and what a person is told when there is none.

mod capture;
pub mod connected;
mod convert;
mod format;
mod identity;
mod motion_jpeg;
pub mod mounting;
mod video4linux;
mod warm_up;

use std::{fmt, path::PathBuf, sync::Arc};

use thiserror::Error;
use tracing::warn;

use super::{Source, SourceError, live::Cameras};
use crate::{
    frame::Frame,
    request::Cancel,
    words::{Message, message},
};

/// What a camera is known by: the same after it was unplugged, after a restart, and whichever others there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CameraId(String);

impl CameraId {
    /// An identity of these characters.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A camera that is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// What it is known by.
    pub id: CameraId,
    /// What its maker calls it; two of a kind have the same name.
    pub name: String,
    /// Where it is now, for example `/dev/video0`. It may be another one after a restart.
    pub device: PathBuf,
}

/// Why there is no picture of a camera. Each is one sentence that begins in lower case and has no full stop, and says
/// what to do. The text in each is the camera's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CameraError {
    /// Nobody wants the picture any more.
    #[error("the request was called off")]
    Cancelled,
    /// None at all.
    #[error("no camera is connected; connect one and ask again")]
    None,
    /// None of this name or identity.
    #[error("there is no camera {0}; check that it is connected: descry cameras lists those that are there")]
    NoSuch(String),
    /// More than one could be meant.
    #[error(
        "there are several cameras: {0}; say which with --camera, or with the setting camera in descry.toml, by its \
         name or by what descry cameras lists"
    )]
    Several(String),
    /// It went while it was looked through.
    #[error("the camera {0} was unplugged; plug it in again and ask again, Descry finds it by itself")]
    Unplugged(String),
    /// Another program looks through it.
    #[error("another program uses the camera {0}; close that program and ask again")]
    Busy(String),
    /// A program has reserved it with the service.
    #[error("a program has reserved the camera {0} for itself; close that program and ask again")]
    Reserved(String),
    /// The system lets this person not open it.
    #[error("you may not use the camera {0}; add yourself to the group video, log in again and ask again")]
    NotAllowed(String),
    /// It runs, and no picture comes.
    #[error("the camera {0} sends no pictures; unplug it, plug it in again and ask again")]
    Stalled(String),
    /// Pictures come, and none of them is whole.
    #[error(
        "the pictures of the camera {0} arrive damaged; try another cable or another socket, without a hub between, and \
         ask again"
    )]
    Damaged(String),
    /// It has no format that can be read.
    #[error(
        "the camera {0} has none of the formats that Descry reads, which are YUYV, NV12, RGB and Motion JPEG"
    )]
    NoFormat(String),
    /// It hands its pictures over plane by plane.
    #[error(
        "the camera {0} gives its pictures in several planes, which Descry does not read; have GStreamer pass them on \
         through v4l2loopback, as Descry's README says of CSI cameras"
    )]
    Planes(String),
    /// The driver said something else.
    #[error("the camera {name} failed ({reason}); unplug it, plug it in again and ask again")]
    Driver {
        /// The camera's name.
        name: String,
        /// What the system said.
        reason: String,
    },
}

impl CameraError {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Cancelled => message!("failure-cancelled"),
            Self::None => message!("camera-none"),
            Self::NoSuch(name) => message!("camera-no-such", name = name),
            Self::Several(names) => message!("camera-several", names = names),
            Self::Unplugged(name) => message!("camera-unplugged", name = name),
            Self::Busy(name) => message!("camera-busy", name = name),
            Self::Reserved(name) => message!("camera-reserved", name = name),
            Self::NotAllowed(name) => message!("camera-not-allowed", name = name),
            Self::Stalled(name) => message!("camera-stalled", name = name),
            Self::Damaged(name) => message!("camera-damaged", name = name),
            Self::NoFormat(name) => message!("camera-no-format", name = name),
            Self::Planes(name) => message!("camera-planes", name = name),
            Self::Driver { name, reason } => message!("camera-driver", name = name, reason = reason),
        }
    }

    /// Whether the camera shows nothing more until it is opened again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Cancelled | Self::Damaged(_))
    }

    /// Whether opening the camera anew may be all that it needs.
    fn may_pass(&self) -> bool {
        matches!(self, Self::Stalled(_) | Self::Driver { .. })
    }
}

impl From<CameraError> for SourceError {
    fn from(error: CameraError) -> Self {
        if error == CameraError::Cancelled { Self::Cancelled } else { Self::Camera(error) }
    }
}

/// The camera that is meant by `wanted`: its identity, its device, or its name or a part of it, in capitals or not.
/// Without `wanted`, the only one.
pub fn choose<'a>(cameras: &'a [Camera], wanted: Option<&str>) -> Result<&'a Camera, CameraError> {
    let Some(wanted) = wanted else { return only(&cameras.iter().collect::<Vec<_>>(), CameraError::None) };
    let by = |is_meant: &dyn Fn(&Camera) -> bool| -> Vec<&'a Camera> {
        cameras.iter().filter(|camera| is_meant(camera)).collect()
    };
    let lower = wanted.to_lowercase();
    let exactly = by(&|camera| camera.id.as_str() == wanted || camera.device.as_os_str() == wanted);
    let named = by(&|camera| camera.name.to_lowercase() == lower);
    let partly = by(&|camera| !lower.is_empty() && camera.name.to_lowercase().contains(&lower));
    let found = [exactly, named, partly].into_iter().find(|found| !found.is_empty());
    only(&found.unwrap_or_default(), CameraError::NoSuch(wanted.to_owned()))
}

/// The one of them, or why it cannot be told.
fn only<'a>(found: &[&'a Camera], none: CameraError) -> Result<&'a Camera, CameraError> {
    match found {
        [] => Err(none),
        [camera] => Ok(camera),
        _ => {
            let names: Vec<String> =
                found.iter().map(|camera| format!("{} ({})", camera.name, camera.id)).collect();
            Err(CameraError::Several(names.join(", ")))
        }
    }
}

/// One picture of a camera, not yet taken.
#[derive(Debug)]
pub struct CameraSource {
    cameras: Arc<dyn Cameras>,
    wanted: Option<String>,
}

impl CameraSource {
    /// The newest picture of the camera that `wanted` names, as for [`choose`].
    #[must_use]
    pub fn new(cameras: Arc<dyn Cameras>, wanted: Option<String>) -> Self {
        Self { cameras, wanted }
    }
}

impl Source for CameraSource {
    fn capture(self: Box<Self>, cancel: &Cancel) -> Result<Frame, SourceError> {
        let list = self.cameras.list()?;
        let camera = choose(&list, self.wanted.as_deref())?;
        let look = || self.cameras.open(&camera.id)?.next_frame(0, cancel).map(|shown| shown.frame);
        match look() {
            Err(error) if error.may_pass() => {
                warn!(%error, "the camera is opened anew");
                Ok(look()?)
            }
            result => Ok(result?),
        }
    }

    fn is_live(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::{frame::Origin, source::live::fake::FakeCameras};

    fn camera(id: &str, name: &str) -> Camera {
        Camera { id: CameraId::new(id), name: name.to_owned(), device: format!("/dev/{id}").into() }
    }

    #[test]
    fn a_camera_is_meant_by_identity_device_name_or_a_part_of_it() {
        let three = [camera("a", "Front HD"), camera("b", "Rear HD"), camera("c", "Rear")];
        for (wanted, expected) in [
            (Some("a"), Ok("a")),
            (Some("/dev/b"), Ok("b")),
            (Some("front hd"), Ok("a")),
            (Some("REAR"), Ok("c")),
            (Some("ont"), Ok("a")),
            (Some("hd"), Err("there are several cameras: Front HD (a), Rear HD (b); say which")),
            (Some("d"), Ok("a, b")),
            (Some("x"), Err("there is no camera x; check that it is connected")),
            (Some(""), Err("there is no camera ; check")),
            (None, Err("there are several cameras: Front HD (a), Rear HD (b), Rear (c); say which")),
        ] {
            match (choose(&three, wanted), expected) {
                (Ok(found), Ok(id)) => assert_eq!(found.id.as_str(), id, "{wanted:?}"),
                (Err(error), Err(words)) => assert!(error.to_string().starts_with(words), "{error}"),
                // A part of two names.
                (Err(CameraError::Several(names)), Ok("a, b")) => {
                    assert!(names.contains("Rear HD"), "{names}");
                }
                (found, _) => panic!("{wanted:?}: {found:?}"),
            }
        }
        assert_eq!(choose(&three[1..2], None).unwrap().id.as_str(), "b");
        assert_eq!(choose(&[], None), Err(CameraError::None));
    }

    #[test]
    fn a_picture_is_the_newest_and_the_camera_is_let_go() {
        let cameras = Arc::new(FakeCameras::default());
        cameras.plug("a", "Front").show(RgbImage::new(7, 5));
        let source = CameraSource::new(Arc::clone(&cameras) as Arc<_>, Some("front".to_owned()));
        let frame = Box::new(source).capture(&Cancel::default()).unwrap();
        assert_eq!((frame.pixels.dimensions(), frame.origin), ((7, 5), Origin::Camera));
        assert!(!cameras.is_in_use(&CameraId::new("a")));
        cameras.unplug("a");
        let source = CameraSource::new(cameras, None);
        let error = Box::new(source).capture(&Cancel::default()).unwrap_err();
        assert_eq!(error.to_string(), "no camera is connected; connect one and ask again");
    }
}
