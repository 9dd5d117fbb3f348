//! Pictures that are listed, and yet missing or impossible to decode: found before a run begins, named, and left out of it.
//!
//! `prepare` decodes every picture once and writes the names of those that fail into the run's folder; whatever reads the
//! run's data afterwards leaves the same ones out, so that a picture's place in the cache of features stays its own.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::checkpoint;
use crate::dataset::Tally;
use crate::{picture, progress};

/// The file of a run that names them, one JSON object a line.
pub const FILE: &str = "unusable.jsonl";

/// Pictures that cannot be read, by their paths below the folder of the data sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unusable(BTreeMap<String, String>);

#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    why: String,
}

impl Unusable {
    /// Decodes each of `files`, on all cores, and remembers those that fail.
    #[must_use]
    pub fn find(files: &[PathBuf], datasets: &Path) -> Self {
        let bar = progress::bar(files.len() as u64, "looking at every picture", "pictures");
        let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let look = || {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = picture::open(file)
                    && let Ok(mut found) = found.lock()
                {
                    // Some decoders say it in several lines.
                    let why = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
                    found.insert(name(file, datasets), why);
                }
                bar.inc(1);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(look);
            }
        });
        bar.finish_and_clear();
        Self(found.into_inner().unwrap_or_default())
    }

    /// Those that `prepare` found for the run in `run`; none where it wrote no list.
    pub fn open(run: &Path) -> Result<Self> {
        let path = run.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().map(serde_json::from_str::<Line>);
        let lines = lines.map(|line| line.map(|line| (line.file, line.why))).collect::<Result<_, _>>();
        Ok(Self(lines.with_context(|| format!("{} is not a list of pictures", path.display()))?))
    }

    /// Writes the list into a run's folder.
    pub fn save(&self, run: &Path) -> Result<()> {
        let line = |(file, why): (&String, &String)| {
            serde_json::to_string(&Line { file: file.clone(), why: why.clone() }).map(|line| line + "\n")
        };
        let text = self.0.iter().map(line).collect::<Result<String, _>>()?;
        checkpoint::write_text(&run.join(FILE), &text)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether this picture is to be left out.
    #[must_use]
    pub fn holds(&self, file: &Path, datasets: &Path) -> bool {
        !self.0.is_empty() && self.0.contains_key(&name(file, datasets))
    }

    /// What was found, in a line for people; None where nothing was.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let mut tally = Tally::default();
        for (file, why) in &self.0 {
            tally.add(format!("{file} ({why})"));
        }
        (tally.count > 0)
            .then(|| format!("pictures that cannot be read and are left out: {}: {tally}", tally.count))
    }
}

/// How a picture is called wherever its data sets lie.
fn name(file: &Path, datasets: &Path) -> String {
    file.strip_prefix(datasets).unwrap_or(file).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decoded_is_named_and_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let files: Vec<PathBuf> =
            ["a.png", "b.png", "c.jpg"].map(|name| folder.path().join("set").join(name)).into();
        std::fs::create_dir(folder.path().join("set")).expect("a folder");
        image::RgbImage::new(3, 3).save(&files[0]).expect("a picture");
        std::fs::write(&files[1], b"\x89PNG\r\n\x1a\n\0\0").expect("written");
        std::fs::write(&files[2], b"").expect("written");
        let found = Unusable::find(&files, folder.path());
        assert_eq!(found.0.keys().collect::<Vec<_>>(), ["set/b.png", "set/c.jpg"]);
        found.save(folder.path()).expect("saved");
        let read = Unusable::open(folder.path()).expect("read");
        assert_eq!(read, found);
        assert!(read.holds(&files[2], folder.path()) && !read.holds(&files[0], folder.path()));
        let summary = read.summary().expect("a summary");
        assert!(summary.contains("left out: 2: set/b.png ("), "{summary}");
        assert_eq!(Unusable::open(&folder.path().join("set")).expect("no list"), Unusable::default());
        assert_eq!(Unusable::default().summary(), None);
    }
}
