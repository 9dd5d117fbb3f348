//! A folder of pictures in the place of cameras, for trying things out: each is shown for a while, then the next.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use image::imageops;
use tokio::sync::watch;

use super::{Cameras, Live, LiveFrame};
use crate::{
    frame::{Frame, Origin},
    request::Cancel,
    source::{
        Source, SourceError,
        camera::{Camera, CameraError, CameraId},
        file::FileSource,
    },
};

/// What the only camera is known by, and called.
const NAME: &str = "pictures";

/// The time from one picture of the camera to the next.
const FRAME: Duration = Duration::from_millis(100);

/// The most pixels across and down.
const SIZE: u32 = 640;

/// How long each picture is shown.
pub const HOLD: Duration = Duration::from_secs(5);

/// Cameras that are one folder of pictures.
#[derive(Debug)]
pub struct Slides {
    folder: PathBuf,
    changes: watch::Sender<u64>,
    /// Held by whoever looks.
    looked_at: Arc<()>,
}

impl Slides {
    /// The pictures of a folder in the order of their names, and then again from the first.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, changes: watch::Sender::default(), looked_at: Arc::default() }
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| path.is_file() && is_picture(path)).collect();
        files.sort();
        files
    }
}

/// Beside pictures there may be notes about them.
fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"].contains(&ending.to_lowercase().as_str())
}

impl Cameras for Slides {
    fn list(&self) -> Result<Vec<Camera>, CameraError> {
        if self.files().is_empty() {
            return Ok(Vec::new());
        }
        let camera = Camera { id: CameraId::new(NAME), name: NAME.to_owned(), device: self.folder.clone() };
        Ok(vec![camera])
    }

    fn open(&self, camera: &CameraId) -> Result<Arc<dyn Live>, CameraError> {
        let files = self.files();
        if camera.as_str() != NAME || files.is_empty() {
            return Err(CameraError::NoSuch(camera.to_string()));
        }
        let show = Show {
            files,
            begin: Instant::now(),
            newest: Mutex::default(),
            _looked_at: Arc::clone(&self.looked_at),
        };
        Ok(Arc::new(show))
    }

    fn is_in_use(&self, camera: &CameraId) -> bool {
        camera.as_str() == NAME && Arc::strong_count(&self.looked_at) > 1
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[derive(Debug)]
struct Show {
    files: Vec<PathBuf>,
    begin: Instant,
    /// The picture that is shown, and which one it is.
    newest: Mutex<Option<(usize, Frame)>>,
    _looked_at: Arc<()>,
}

impl Live for Show {
    fn next_frame(&self, after: u64, cancel: &Cancel) -> Result<LiveFrame, CameraError> {
        loop {
            if cancel.is_cancelled() {
                return Err(CameraError::Cancelled);
            }
            let elapsed = self.begin.elapsed();
            let sequence = (elapsed.as_millis() / FRAME.as_millis()) as u64 + 1;
            if sequence > after {
                let index = (elapsed.as_millis() / HOLD.as_millis()) as usize % self.files.len();
                return self.picture(index, cancel).map(|frame| LiveFrame { sequence, frame });
            }
            thread::sleep(FRAME / 4);
        }
    }
}

impl Show {
    fn picture(&self, index: usize, cancel: &Cancel) -> Result<Frame, CameraError> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = match newest.take() {
            Some((shown, frame)) if shown == index => frame,
            _ => {
                let file = FileSource::Path(self.files[index].clone());
                let frame = Box::new(file).capture(cancel).map_err(|error| match error {
                    SourceError::Cancelled => CameraError::Cancelled,
                    error => CameraError::Driver { name: NAME.to_owned(), reason: error.to_string() },
                })?;
                let (width, height) = frame.pixels.dimensions();
                let scale = (f64::from(SIZE) / f64::from(width.max(height))).min(1.0);
                let scaled = |pixels: u32| ((f64::from(pixels) * scale) as u32).max(1);
                let pixels = imageops::thumbnail(&frame.pixels, scaled(width), scaled(height));
                Frame { pixels, origin: Origin::Camera, ..frame }
            }
        };
        let shown = Frame { captured_at: SystemTime::now(), ..frame.clone() };
        *newest = Some((index, frame));
        Ok(shown)
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    #[test]
    fn a_folder_shows_its_pictures_as_a_camera_would() {
        let folder = tempfile::tempdir().unwrap();
        let slides = Slides::new(folder.path().to_owned());
        assert!(slides.list().unwrap().is_empty());
        std::fs::write(folder.path().join("README.md"), "about").unwrap();
        RgbImage::new(1280, 100).save(folder.path().join("a.png")).unwrap();
        let camera = slides.list().unwrap().remove(0);
        assert!(!slides.is_in_use(&camera.id));
        let live = slides.open(&camera.id).unwrap();
        assert!(slides.is_in_use(&camera.id));
        let cancel = Cancel::default();
        let first = live.next_frame(0, &cancel).unwrap();
        assert_eq!((first.frame.pixels.dimensions(), &first.frame.origin), ((640, 50), &Origin::Camera));
        let second = live.next_frame(first.sequence, &cancel).unwrap();
        assert!(second.sequence > first.sequence && second.frame.captured_at > first.frame.captured_at);
        cancel.cancel(crate::request::Reason::Asked);
        assert_eq!(live.next_frame(second.sequence, &cancel).unwrap_err(), CameraError::Cancelled);
        drop(live);
        assert!(!slides.is_in_use(&camera.id));
        std::fs::write(folder.path().join("a.png"), "damaged").unwrap();
        let damaged = slides.open(&camera.id).unwrap().next_frame(0, &Cancel::default()).unwrap_err();
        assert!(matches!(damaged, CameraError::Driver { .. }), "{damaged}");
    }
}
