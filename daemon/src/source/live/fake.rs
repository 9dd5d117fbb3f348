//! Cameras that a test plugs in, feeds with pictures, and breaks.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use image::RgbImage;
use tokio::sync::watch;

use super::{Cameras, Live, LiveFrame};
use crate::{
    frame::{Frame, Origin},
    request::Cancel,
    source::camera::{Camera, CameraError, CameraId},
};

/// How often a wait looks whether it was called off.
const TICK: Duration = Duration::from_millis(5);

/// A camera that shows what a test gives it.
#[derive(Debug, Default)]
pub(crate) struct FakeCamera {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    newest: Option<LiveFrame>,
    failure: Option<CameraError>,
    /// How many wait for a picture.
    waiting: usize,
}

impl FakeCamera {
    /// Shows a picture from now on; its number.
    pub(crate) fn show(&self, pixels: RgbImage) -> u64 {
        let mut state = self.lock();
        let sequence = state.newest.as_ref().map_or(1, |newest| newest.sequence + 1);
        let frame = Frame { pixels, origin: Origin::Camera, captured_at: SystemTime::now() };
        state.newest = Some(LiveFrame { sequence, frame });
        self.changed.notify_all();
        sequence
    }

    /// Fails from now on.
    pub(crate) fn fail(&self, error: CameraError) {
        self.lock().failure = Some(error);
        self.changed.notify_all();
    }

    /// How many wait for a picture right now.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live for FakeCamera {
    fn next_frame(&self, after: u64, cancel: &Cancel) -> Result<LiveFrame, CameraError> {
        let mut state = self.lock();
        state.waiting += 1;
        let result = loop {
            if cancel.is_cancelled() {
                break Err(CameraError::Cancelled);
            }
            if let Some(error) = &state.failure {
                break Err(error.clone());
            }
            if let Some(newest) = state.newest.as_ref().filter(|newest| newest.sequence > after) {
                break Ok(newest.clone());
            }
            state = self
                .changed
                .wait_timeout(state, TICK)
                .map_or_else(|error| error.into_inner().0, |(state, _)| state);
        };
        state.waiting -= 1;
        result
    }
}

/// One of [`FakeCameras`], running or not.
#[derive(Debug)]
struct Plugged {
    camera: Camera,
    live: Arc<FakeCamera>,
    /// Who looks through it; upgrades while somebody does.
    looked_through: Weak<Looking>,
}

/// What those who look hold: it ends with the last of them.
#[derive(Debug)]
struct Looking(Arc<FakeCamera>, watch::Sender<u64>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.1.send_modify(|count| *count += 1);
    }
}

impl Live for Looking {
    fn next_frame(&self, after: u64, cancel: &Cancel) -> Result<LiveFrame, CameraError> {
        self.0.next_frame(after, cancel)
    }
}

/// Cameras that a test plugs in and pulls out.
#[derive(Debug, Default)]
pub(crate) struct FakeCameras {
    plugged: Mutex<Vec<Plugged>>,
    changes: watch::Sender<u64>,
}

impl FakeCameras {
    /// Plugs a camera in, with its identity and its name, and yields what feeds it.
    pub(crate) fn plug(&self, id: &str, name: &str) -> Arc<FakeCamera> {
        let live = Arc::new(FakeCamera::default());
        let camera =
            Camera { id: CameraId::new(id), name: name.to_owned(), device: format!("/dev/{id}").into() };
        self.lock().push(Plugged { camera, live: Arc::clone(&live), looked_through: Weak::new() });
        self.change();
        live
    }

    /// Pulls a camera out: whoever looks through it is told so.
    pub(crate) fn unplug(&self, id: &str) {
        self.lock().retain(|plugged| {
            let stays = plugged.camera.id.as_str() != id;
            if !stays {
                plugged.live.fail(CameraError::Unplugged(plugged.camera.name.clone()));
            }
            stays
        });
        self.change();
    }

    fn change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Plugged>> {
        self.plugged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cameras for FakeCameras {
    fn list(&self) -> Result<Vec<Camera>, CameraError> {
        Ok(self.lock().iter().map(|plugged| plugged.camera.clone()).collect())
    }

    fn open(&self, camera: &CameraId) -> Result<Arc<dyn Live>, CameraError> {
        let mut all = self.lock();
        let found = all.iter_mut().find(|plugged| plugged.camera.id == *camera);
        let plugged = found.ok_or_else(|| CameraError::NoSuch(camera.to_string()))?;
        if let Some(looking) = plugged.looked_through.upgrade() {
            return Ok(looking);
        }
        let looking = Arc::new(Looking(Arc::clone(&plugged.live), self.changes.clone()));
        plugged.looked_through = Arc::downgrade(&looking);
        self.change();
        Ok(looking)
    }

    fn is_in_use(&self, camera: &CameraId) -> bool {
        let all = self.lock();
        all.iter().any(|plugged| plugged.camera.id == *camera && plugged.looked_through.strong_count() > 0)
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Reason;

    #[test]
    fn a_camera_shows_its_newest_picture_and_waits_for_the_next() {
        let cameras = FakeCameras::default();
        let feed = cameras.plug("a", "Front");
        assert!(!cameras.is_in_use(&CameraId::new("a")));
        let live = cameras.open(&CameraId::new("a")).unwrap();
        assert!(cameras.is_in_use(&CameraId::new("a")));
        feed.show(RgbImage::new(1, 1));
        feed.show(RgbImage::new(2, 1));
        let cancel = Cancel::default();
        let first = live.next_frame(0, &cancel).unwrap();
        assert_eq!((first.sequence, first.frame.pixels.width()), (2, 2));
        let waiting = std::thread::spawn({
            let live = Arc::clone(&live);
            move || live.next_frame(2, &Cancel::default()).map(|frame| frame.sequence)
        });
        while feed.waiting() == 0 {
            std::thread::yield_now();
        }
        feed.show(RgbImage::new(3, 1));
        assert_eq!(waiting.join().unwrap(), Ok(3));
        cancel.cancel(Reason::Asked);
        assert_eq!(live.next_frame(3, &cancel).unwrap_err(), CameraError::Cancelled);
        cameras.unplug("a");
        let error = live.next_frame(3, &Cancel::default()).unwrap_err();
        assert!(error.is_final() && error.to_string().contains("Front"), "{error}");
        drop(live);
        assert!(!cameras.is_in_use(&CameraId::new("a")) && cameras.list().unwrap().is_empty());
    }
}
