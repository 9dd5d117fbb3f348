//! Where the engines that TensorRT builds are kept, so that only the very first start is slow.
//!
//! Each folder is of one model, one device and one library; one of anything else is stale and removed. A folder counts
//! only once the model ran with what is in it: building that was broken off begins anew.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::network::{Arithmetic, Device};

/// The file that says that the engines in a folder were built to their end and worked, and what they compute in.
const COMPLETE: &str = "complete";

/// How many digits of the key a folder's name has.
const DIGITS: usize = 24;

/// What engines compute in.
const FOR_ENGINES: [Arithmetic; 2] = [Arithmetic::Int8, Arithmetic::Float16];

/// A folder for engines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Engines {
    folder: PathBuf,
    /// What the engines that are there compute in; nothing where they are still to be built.
    pub(super) built: Option<Arithmetic>,
    /// Whether there were some, of another model, library or build.
    pub(super) anew: bool,
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
        let word = fs::read_to_string(folder.join(COMPLETE)).unwrap_or_default();
        let built = FOR_ENGINES.into_iter().find(|arithmetic| arithmetic.name() == word);
        let mut engines = Self { folder, built, anew };
        if built.is_none() {
            engines.clear()?;
            engines.anew = anew;
        }
        Ok(engines)
    }

    /// Where the engines are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Remembers that the model ran with them, and what they compute in.
    pub(super) fn complete(&self, arithmetic: Arithmetic) -> io::Result<()> {
        fs::write(self.folder.join(COMPLETE), arithmetic.name())
    }

    /// Forgets them, since they are of no use: they will be built anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)?;
        fs::create_dir_all(&self.folder)?;
        (self.built, self.anew) = (None, true);
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
        let state = |engines: &Engines| (engines.built, engines.anew);

        let engines = prepare(&first);
        assert_eq!(state(&engines), (None, false));
        fs::write(engines.folder().join("half.engine"), "").unwrap();
        // It was broken off.
        let engines = prepare(&first);
        assert_eq!(state(&engines), (None, false));
        assert!(!engines.folder().join("half.engine").exists());
        fs::write(engines.folder().join("whole.engine"), "").unwrap();
        for arithmetic in FOR_ENGINES {
            engines.complete(arithmetic).unwrap();
            assert_eq!(state(&prepare(&first)), (Some(arithmetic), false));
            assert!(engines.folder().join("whole.engine").exists());
        }

        // Another model or library; what another device has stays.
        let other = cache.path().join("engines/cuda-cccc");
        fs::create_dir(&other).unwrap();
        assert_eq!(state(&prepare(&second)), (None, true));
        assert!(!engines.folder().exists() && other.exists());

        let mut engines = prepare(&second);
        engines.complete(Arithmetic::Int8).unwrap();
        engines.clear().unwrap();
        assert_eq!(state(&engines), (None, true));
        assert_eq!(state(&prepare(&second)), (None, false));
        // By an earlier version, which did not say what they compute in.
        fs::write(engines.folder().join(COMPLETE), "").unwrap();
        assert_eq!(prepare(&second).built, None);
        assert!(Engines::prepare(Path::new("/proc/none"), Device::TensorRt, &first).is_err());
    }
}
