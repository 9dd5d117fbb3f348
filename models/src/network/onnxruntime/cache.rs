//! Where the engines that TensorRT builds are kept, so that only the very first start is slow.
//!
//! Each folder is of one model, one device and one library; one of anything else is stale and removed. A folder counts
//! only once the model ran with what is in it: building that was broken off begins anew.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::network::{Device, Notice};

/// The file that says that the engines in a folder were built to their end and worked.
const COMPLETE: &str = "complete";

/// How many digits of the key a folder's name has.
const DIGITS: usize = 24;

/// A folder for engines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Engines {
    folder: PathBuf,
    /// What is to be said before they are built; nothing where they are there.
    pub(super) notice: Option<Notice>,
}

impl Engines {
    /// The folder for a device and a key, which is in hexadecimal digits; whatever else was kept for the device is removed.
    pub(super) fn prepare(cache: &Path, device: Device, key: &str) -> io::Result<Self> {
        let kept = cache.join("engines");
        let prefix = format!("{device}-");
        let name = format!("{prefix}{}", &key[..key.len().min(DIGITS)]);
        let folder = kept.join(&name);
        fs::create_dir_all(&folder)?;
        let mut anew = false;
        for entry in fs::read_dir(&kept)? {
            let entry = entry?;
            let other = entry.file_name();
            let is_stale = other.to_str().is_some_and(|other| other.starts_with(&prefix) && other != name);
            if is_stale && entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
                anew = true;
            }
        }
        if folder.join(COMPLETE).is_file() {
            return Ok(Self { folder, notice: None });
        }
        let mut engines = Self { folder, notice: None };
        engines.clear()?;
        engines.notice = Some(Notice::Builds { anew });
        Ok(engines)
    }

    /// Where the engines are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Remembers that the model ran with them.
    pub(super) fn complete(&self) -> io::Result<()> {
        fs::write(self.folder.join(COMPLETE), "")
    }

    /// Forgets them, since they are of no use: they will be built anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)?;
        fs::create_dir_all(&self.folder)?;
        self.notice = Some(Notice::Builds { anew: true });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_built_once_and_anew_when_anything_changes() {
        let cache = tempfile::tempdir().unwrap();
        let (first, second) = ("a".repeat(64), "b".repeat(64));
        let prepare = |key: &str| Engines::prepare(cache.path(), Device::TensorRt, key).unwrap();
        let built = Some(Notice::Builds { anew: false });
        let built_anew = Some(Notice::Builds { anew: true });

        let engines = prepare(&first);
        assert_eq!(engines.notice, built);
        fs::write(engines.folder().join("half.engine"), "").unwrap();
        // It was broken off.
        let engines = prepare(&first);
        assert_eq!(engines.notice, built);
        assert!(!engines.folder().join("half.engine").exists());
        fs::write(engines.folder().join("whole.engine"), "").unwrap();
        engines.complete().unwrap();
        assert_eq!(prepare(&first).notice, None);
        assert!(engines.folder().join("whole.engine").exists());

        // Another model or library; what another device has stays.
        let other = cache.path().join("engines/cuda-cccc");
        fs::create_dir(&other).unwrap();
        assert_eq!(prepare(&second).notice, built_anew);
        assert!(!engines.folder().exists() && other.exists());

        let mut engines = prepare(&second);
        engines.complete().unwrap();
        engines.clear().unwrap();
        assert_eq!(engines.notice, built_anew);
        assert_eq!(prepare(&second).notice, built);
        assert!(Engines::prepare(Path::new("/proc/none"), Device::TensorRt, &first).is_err());
    }
}
