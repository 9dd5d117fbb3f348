//! The border to what shows one picture after another: a camera that is looked through, and the cameras that there are.
//!
//! Whoever looks holds an [`Arc`] of a [`Live`]; the camera runs, and its light is on, exactly as long as somebody does.

#[cfg(test)]
pub(crate) mod fake;
pub mod slides;

use std::{fmt, sync::Arc};

use tokio::sync::watch;

use super::camera::{Camera, CameraError, CameraId};
use crate::{frame::Frame, request::Cancel};

/// A picture out of a row of them.
#[derive(Debug, Clone)]
pub struct LiveFrame {
    /// Its place in the row, counted from 1 and never given twice by one [`Live`]. Pictures that nobody asked for leave
    /// gaps.
    pub sequence: u64,
    /// The picture: upright and at the camera's size, [`Origin::Camera`](crate::frame::Origin::Camera).
    pub frame: Frame,
}

/// A camera that is being looked through. When the last holder lets it go, it stops.
pub trait Live: Send + Sync + fmt::Debug {
    /// The newest picture whose number is greater than `after`; 0 asks for whichever is newest. It blocks until there
    /// is one, so it is called outside the async tasks, and it ends with an error when `cancel` is raised or the camera
    /// fails. Several may ask at the same time, each with its own `after`.
    ///
    /// After [`CameraError::is_final`] this camera shows nothing more: it is to be let go and opened again, which
    /// succeeds once it is back.
    fn next_frame(&self, after: u64, cancel: &Cancel) -> Result<LiveFrame, CameraError>;
}

/// The cameras of this machine, or a pretence of some.
pub trait Cameras: Send + Sync + fmt::Debug {
    /// Those that are connected now, in a fixed order. It may block for a moment.
    fn list(&self) -> Result<Vec<Camera>, CameraError>;

    /// Begins to look through one of them, or joins those who do already. It blocks until the camera runs.
    fn open(&self, camera: &CameraId) -> Result<Arc<dyn Live>, CameraError>;

    /// Whether somebody looks through one of them, of those who opened it here.
    fn is_in_use(&self, camera: &CameraId) -> bool;

    /// Counts up when a camera may have come or gone, or somebody begins or ceases to look.
    fn watch(&self) -> watch::Receiver<u64>;
}
