//! Cameras through Linux' own interface: which devices are cameras, agreeing on a format, and their pictures.
//!
//! The library gives up its thread where a driver says what it does not know (a name that is not UTF-8, a colour space of
//! tomorrow), so each call into it is fenced, but for those of a camera that runs: its own thread tells when it breaks off.

mod negotiate;
#[cfg(test)]
mod tests;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use tracing::debug;
use v4l::{
    Device,
    buffer::{Flags as BufferFlags, Type},
    capability::Flags,
    io::{
        mmap::Stream,
        traits::{CaptureStream, Stream as _},
    },
};

use super::{
    Camera, CameraError,
    capture::{Fed, Feed},
    convert::Layout,
    format::in_order,
    identity::{self, Facts, Told},
};
use negotiate::{negotiate, offers};

/// How many pictures the driver may fill while one is looked at.
const BUFFERS: u32 = 4;

/// That there is something to read, for poll(2).
const READABLE: i16 = 1;

/// All cameras among the devices in `devices`, in the order of their numbers. `names` is `/sys/class/video4linux`.
pub(super) fn cameras(devices: &Path, names: &Path) -> io::Result<Vec<Camera>> {
    let mut nodes: Vec<(u32, PathBuf)> = std::fs::read_dir(devices)?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = path.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?;
            Some((number, path))
        })
        .collect();
    nodes.sort();
    let (read, in_planes): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .filter_map(|(number, path)| {
            let folder = names.join(format!("video{number}"));
            let (told, planes) = told_by_camera(&path, &folder)?;
            Some((path, identity::read(&folder, &told), planes))
        })
        .partition(|(.., planes)| *planes == Planes::One);
    // Boards have a dozen of those. They are only named where there is no other, so that it is said what they lack.
    let found = if read.is_empty() { in_planes } else { read };
    let found: Vec<(PathBuf, Facts)> = found.into_iter().map(|(path, facts, _)| (path, facts)).collect();
    let facts: Vec<Facts> = found.iter().map(|(_, facts)| facts.clone()).collect();
    let ids = identity::distinct(&facts);
    Ok(found
        .into_iter()
        .zip(ids)
        .map(|((device, Facts { name, .. }), id)| {
            let name = if name.is_empty() { id.to_string() } else { name };
            Camera { id, name, device }
        })
        .collect())
}

/// In how many pieces a camera hands over a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planes {
    /// In one, as nearly all USB cameras do.
    One,
    /// In as many as its format has, through calls of their own, for which the library has no buffers.
    Several,
}

/// How a device gives pictures, if it is a camera. What turns one picture into another is none.
fn planes(capabilities: Flags) -> Option<Planes> {
    let has = |flags: Flags| capabilities.intersects(flags);
    if !has(Flags::STREAMING) || has(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE) {
        None
    } else if has(Flags::VIDEO_CAPTURE) {
        Some(Planes::One)
    } else {
        has(Flags::VIDEO_CAPTURE_MPLANE).then_some(Planes::Several)
    }
}

/// What a device's driver tells, if the device is a camera. One that may not be opened is taken for one where the
/// kernel numbers it first among its maker's devices; it tells nothing.
fn told_by_camera(path: &Path, folder: &Path) -> Option<(Told, Planes)> {
    let capabilities = fenced(|| Device::with_path(path)?.query_caps());
    match capabilities {
        Ok(found) => Some((Told { name: found.card, bus: found.bus }, planes(found.capabilities)?)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let index = std::fs::read_to_string(folder.join("index")).unwrap_or_default();
            (index.trim() == "0").then(|| (Told::default(), Planes::One))
        }
        Err(error) => {
            debug!(%error, device = %path.display(), "not a camera that answers");
            None
        }
    }
}

/// Runs what the library may panic in.
fn fenced<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(io::Error::other("its driver says what Descry does not know")))
}

/// What an error of the system means for a person.
fn to_error(name: &str, error: &io::Error) -> CameraError {
    let name = name.to_owned();
    match error.kind() {
        io::ErrorKind::PermissionDenied => CameraError::NotAllowed(name),
        io::ErrorKind::ResourceBusy => CameraError::Busy(name),
        io::ErrorKind::NotFound => CameraError::Unplugged(name),
        // Gone: no such device, or no such device or address.
        _ if matches!(error.raw_os_error(), Some(6 | 19)) => CameraError::Unplugged(name),
        _ => CameraError::Driver { name, reason: error.to_string() },
    }
}

/// A camera that runs.
pub(super) struct Video4Linux {
    name: String,
    layout: Layout,
    // Before the device, which is closed last.
    stream: Stream<'static>,
    device: Device,
}

impl Video4Linux {
    /// Opens a camera, agrees on a format with it, and has it run.
    pub(super) fn open(name: &str, path: &Path) -> Result<Self, CameraError> {
        let to_error = |error: io::Error| to_error(name, &error);
        let device = open(name, path)?;
        let layout = negotiate(name, &device)?;
        let stream = fenced(|| start(&device)).map_err(to_error)?;
        Ok(Self { name: name.to_owned(), layout, stream, device })
    }
}

/// Opens a camera that can be read.
fn open(name: &str, path: &Path) -> Result<Device, CameraError> {
    let to_error = |error: io::Error| to_error(name, &error);
    let device = fenced(|| Device::with_path(path)).map_err(to_error)?;
    let capabilities = fenced(|| device.query_caps()).map_err(to_error)?.capabilities;
    if planes(capabilities) == Some(Planes::Several) {
        return Err(CameraError::Planes(name.to_owned()));
    }
    Ok(device)
}

/// Whether a camera can be opened and has a format that can be read. It does not run for it, and its light stays off.
pub(super) fn try_reach(name: &str, path: &Path) -> Result<(), CameraError> {
    let device = open(name, path)?;
    let offers = fenced(|| offers(&device)).map_err(|error| to_error(name, &error))?;
    if in_order(offers).is_empty() { Err(CameraError::NoFormat(name.to_owned())) } else { Ok(()) }
}

/// Gives the driver its buffers, but for the first, which [`CaptureStream::next`] gives it, and starts it.
fn start(device: &Device) -> io::Result<Stream<'static>> {
    let mut stream = Stream::with_buffers(device, Type::VideoCapture, BUFFERS)?;
    // The driver may have given more buffers or fewer; it refuses those that are not there.
    for index in 1..32 {
        if CaptureStream::queue(&mut stream, index).is_err() {
            break;
        }
    }
    stream.start()?;
    Ok(stream)
}

impl Feed for Video4Linux {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn next(&mut self, tick: Duration) -> Result<Fed<'_>, CameraError> {
        let milliseconds = i32::try_from(tick.as_millis()).unwrap_or(i32::MAX);
        // Asked for first, because the library would lose count of its buffers when it waited in vain.
        let ready = match self.device.handle().poll(READABLE, milliseconds) {
            Ok(ready) => ready > 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
            Err(error) => return Err(to_error(&self.name, &error)),
        };
        if !ready {
            return Ok(Fed::Nothing);
        }
        let (bytes, metadata) = self.stream.next().map_err(|error| to_error(&self.name, &error))?;
        if metadata.flags.contains(BufferFlags::ERROR) {
            return Ok(Fed::Damaged);
        }
        let used = (metadata.bytesused as usize).min(bytes.len());
        Ok(Fed::Picture(&bytes[..used]))
    }
}
