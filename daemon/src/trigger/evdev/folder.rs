//! A folder of devices, and being told when something comes or is permitted there, even when the folder itself comes
//! later.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use tokio::io::unix::AsyncFd;
use tracing::debug;

use crate::readiness;

/// A folder that is watched.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    events: AsyncFd<OwnedFd>,
}

impl Folder {
    /// Begins to watch. What is there already is not told.
    pub(super) fn watch(path: &Path) -> io::Result<Self> {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // With its last device the folder goes, too, and comes with the next one.
        if let Some(parent) = path.parent() {
            inotify::add_watch(
                &events,
                parent,
                WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR,
            )?;
        }
        let folder = Self { path: path.to_owned(), events: readiness::watch(events)? };
        folder.watch_itself();
        Ok(folder)
    }

    fn watch_itself(&self) {
        let flags = WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        if let Err(error) = inotify::add_watch(self.events.get_ref(), &self.path, flags) {
            debug!(%error, path = %self.path.display(), "no folder of devices yet");
        }
    }

    /// Waits until something may have come.
    pub(super) async fn changed(&mut self) {
        loop {
            let Ok(mut ready) = self.events.readable().await else { return std::future::pending().await };
            ready.clear_ready();
            let mut buffer = [const { MaybeUninit::uninit() }; 4096];
            let mut reader = Reader::new(self.events.get_ref(), &mut buffer);
            let (mut is_new, mut is_own) = (false, false);
            // The watch of the folder sees its devices alone; that of its parent sees much else.
            let own = self.path.file_name().map(std::ffi::OsStr::as_encoded_bytes);
            while let Ok(event) = reader.next() {
                let name = event.file_name().map(std::ffi::CStr::to_bytes);
                let is_device = name.is_some_and(|name| name.starts_with(b"event"));
                is_own |= name.is_some() && name == own;
                is_new |= is_device;
            }
            if is_own {
                self.watch_itself();
            }
            if is_new || is_own {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

    use tokio::time::timeout;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_comes_is_told_even_in_a_folder_that_comes_later() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("input");
        let mut folder = Folder::watch(&path).unwrap();
        fs::create_dir(&path).unwrap();
        timeout(LIMIT, folder.changed()).await.expect("the folder");
        fs::write(path.join("event0"), "").unwrap();
        timeout(LIMIT, folder.changed()).await.expect("a device");
        fs::set_permissions(path.join("event0"), fs::Permissions::from_mode(0o644)).unwrap();
        timeout(LIMIT, folder.changed()).await.expect("a permission");
        fs::remove_dir_all(&path).unwrap();
        fs::create_dir(&path).unwrap();
        timeout(LIMIT, folder.changed()).await.expect("the folder again");
        fs::write(parent.path().join("other"), "").unwrap();
        fs::write(path.join("event7"), "").unwrap();
        timeout(LIMIT, folder.changed()).await.expect("a device again");
    }
}
