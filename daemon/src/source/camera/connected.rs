//! The cameras of this machine: found anew each time, looked through by several at once, and followed as they come and go.

use std::{
    collections::HashMap,
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use rustix::fs::inotify;
use tokio::{net::unix::pipe::Receiver, sync::watch};
use tracing::debug;

use super::{
    Camera, CameraError, CameraId,
    capture::{Closing, Running},
    mounting::MountingNow,
    video4linux::{self, Video4Linux},
};
use crate::{
    preferences::Shared,
    source::live::{Cameras, Live},
};

/// The cameras that are connected to this machine.
pub struct Connected {
    devices: PathBuf,
    names: PathBuf,
    mounting: MountingNow,
    running: Mutex<HashMap<CameraId, Entry>>,
    /// Held while a camera is opened, which may take seconds: the others wait for it, but nobody who only asks.
    opening: Mutex<()>,
    changes: watch::Sender<u64>,
}

/// A camera that runs, or that is being closed.
struct Entry {
    live: Weak<Running>,
    closing: Closing,
}

impl fmt::Debug for Connected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connected").field("devices", &self.devices).finish_non_exhaustive()
    }
}

impl Connected {
    /// Those in `/dev`, whose pictures are turned upright as `mounting` says at the time.
    #[must_use]
    pub fn new(mounting: MountingNow) -> Self {
        Self {
            devices: "/dev".into(),
            names: "/sys/class/video4linux".into(),
            mounting,
            running: Mutex::default(),
            opening: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Those in `/dev`, mounted as the preferences say.
    #[must_use]
    pub fn with_preferences(preferences: &Shared) -> Self {
        let preferences = preferences.clone();
        Self::new(Arc::new(move || preferences.now().camera.mounting))
    }

    /// Whether a camera could be looked through, without looking: `Err` says what to do.
    pub fn try_reach(&self, camera: &Camera) -> Result<(), CameraError> {
        video4linux::try_reach(&camera.name, &camera.device)
    }

    /// Follows cameras that come and go, for those who [`watch`](Cameras::watch). It sleeps until a device is made,
    /// removed or given to somebody, and ends only when the system does not let it watch.
    pub async fn follow(&self) -> io::Result<()> {
        let queue = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let events = inotify::WatchFlags::CREATE | inotify::WatchFlags::DELETE | inotify::WatchFlags::ATTRIB;
        inotify::add_watch(&queue, &self.devices, events)?;
        // It is read like a pipe.
        let queue = Receiver::from_owned_fd_unchecked(queue)?;
        let mut buffer = [0; 4096];
        loop {
            queue.readable().await?;
            match queue.try_read(&mut buffer) {
                Ok(length) if names(&buffer[..length]).any(|name| name.starts_with(b"video")) => {
                    debug!("cameras came, went, or were given to somebody");
                    self.changes.send_modify(|count| *count += 1);
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CameraId, Entry>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names in what inotify(7) tells: after twelve bytes for each the length of its name, then the name, padded by zeros.
fn names(mut events: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = events.split_first_chunk::<16>()?;
        let length = u32::from_ne_bytes([head[12], head[13], head[14], head[15]]) as usize;
        let (name, rest) = rest.split_at_checked(length)?;
        events = rest;
        Some(name)
    })
}

impl Cameras for Connected {
    fn list(&self) -> Result<Vec<Camera>, CameraError> {
        video4linux::cameras(&self.devices, &self.names).map_err(|error| CameraError::Driver {
            name: self.devices.display().to_string(),
            reason: error.to_string(),
        })
    }

    fn open(&self, camera: &CameraId) -> Result<Arc<dyn Live>, CameraError> {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let older = self.lock().get(camera).map(|entry| (entry.live.upgrade(), entry.closing.clone()));
        if let Some((live, closing)) = older {
            match live {
                Some(live) if live.works() => return Ok(live),
                // Those who held it let it go just now, or have heard already that it failed.
                _ if !closing.wait() => return Err(CameraError::Stalled(camera.to_string())),
                _ => {}
            }
        }
        let found = self.list()?.into_iter().find(|found| found.id == *camera);
        let Camera { id, name, device } = found.ok_or_else(|| CameraError::NoSuch(camera.to_string()))?;
        let changes = self.changes.clone();
        let open = {
            let name = name.clone();
            move || Video4Linux::open(&name, &device)
        };
        let live = Running::start(name, Arc::clone(&self.mounting), open, move || {
            changes.send_modify(|count| *count += 1);
        })?;
        let live = Arc::new(live);
        self.lock().insert(id, Entry { live: Arc::downgrade(&live), closing: live.closing() });
        self.changes.send_modify(|count| *count += 1);
        Ok(live)
    }

    fn is_in_use(&self, camera: &CameraId) -> bool {
        self.lock().get(camera).and_then(|entry| entry.live.upgrade()).is_some_and(|live| live.works())
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_are_found_between_what_else_is_told() {
        let event = |name: &[u8]| [&[7; 12], &(name.len() as u32).to_ne_bytes()[..], name].concat();
        let events = [event(b"video0\0\0"), event(b""), event(b"tty\0")].concat();
        assert_eq!(names(&events).collect::<Vec<_>>(), [&b"video0\0\0"[..], b"", b"tty\0"]);
        for length in 0..events.len() {
            assert!(names(&events[..length]).count() < 3);
        }
    }

    #[tokio::test]
    async fn devices_that_come_and_go_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut cameras = Connected::new(Arc::new(Default::default));
        cameras.devices = folder.path().to_owned();
        let cameras = Arc::new(cameras);
        let mut watch = cameras.watch();
        let follow = tokio::spawn({
            let cameras = Arc::clone(&cameras);
            async move { cameras.follow().await }
        });
        tokio::task::yield_now().await;
        fs::write(folder.path().join("sound0"), "").unwrap();
        fs::write(folder.path().join("video0"), "").unwrap();
        watch.changed().await.unwrap();
        watch.mark_unchanged();
        fs::remove_file(folder.path().join("video0")).unwrap();
        watch.changed().await.unwrap();
        assert!(!follow.is_finished());
        // They are no cameras, for all that.
        assert_eq!(cameras.list().unwrap(), []);
        let error = cameras.open(&CameraId::new("usb-1")).unwrap_err();
        assert_eq!(error, CameraError::NoSuch("usb-1".to_owned()));
    }
}
