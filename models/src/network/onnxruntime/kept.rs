//! Graphs as ONNX Runtime has optimised them for this machine, so that later starts need not wait for that again.
//!
//! A file holds the optimised graph (ONNX) and after it the 32 bytes of its SHA-256: what is not whole is not used. Its name
//! tells the graph before, the library, its settings and the processors; what was kept for anything else stays for a while, as
//! somebody may go from one model to another and back.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

use crate::sha256_hex;

/// Files that are kept: those of four models.
const MOST: usize = 8;
/// How many digits of the key a file's name has.
const DIGITS: usize = 32;
/// The length of a SHA-256.
const TRAILER: usize = 32;
/// What ends a file's name.
const WHOLE: &str = "optimised";
/// What ends it while it is being written.
const UNFINISHED: &str = "unfinished";
/// What has been unfinished for so long nobody is writing any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// Where the optimised form of one graph is kept.
#[derive(Debug)]
pub(super) struct Kept {
    file: PathBuf,
}

impl Kept {
    /// The place below a folder of caches for a graph with this SHA-256, optimised with these settings.
    pub(super) fn of(cache: &Path, graph: &str, settings: &str) -> Self {
        let parts = [
            graph,
            settings,
            // The library's version, commit and how it was built.
            ort::info(),
            env!("CARGO_PKG_VERSION"),
            &processors(),
        ];
        let key = sha256_hex(parts.join("\n").as_bytes());
        Self { file: cache.join("graphs").join(format!("{}.{WHOLE}", &key[..DIGITS])) }
    }

    /// The graph, where it is kept and whole.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = fs::read(&self.file).ok()?;
        let end = bytes.len().checked_sub(TRAILER)?;
        if Sha256::digest(&bytes[..end])[..] != bytes[end..] {
            tracing::warn!(file = %self.file.display(), "an optimised graph that was kept is damaged; it is made anew");
            return None;
        }
        bytes.truncate(end);
        // Those that are used last stay. That it cannot be said is no fault: another user may own it.
        let _ = OpenOptions::new()
            .append(true)
            .open(&self.file)
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// A file beside it, for the library to write the graph into.
    pub(super) fn begin(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(self.folder())?;
        Ok(self.file.with_extension(format!("{}.{UNFINISHED}", process::id())))
    }

    /// Keeps what was written there, and lets go of what was not used for longest.
    pub(super) fn finish(&self, written: &Path) -> io::Result<()> {
        let digest = Sha256::digest(fs::read(written)?);
        let mut file = OpenOptions::new().append(true).open(written)?;
        file.write_all(&digest)?;
        file.sync_all()?;
        fs::rename(written, &self.file)?;
        self.clear_up()
    }

    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    fn clear_up(&self) -> io::Result<()> {
        let mut whole = Vec::new();
        for entry in fs::read_dir(self.folder())? {
            let path = entry?.path();
            // Another process may have removed it meanwhile.
            let Ok(used) = fs::metadata(&path).and_then(|metadata| metadata.modified()) else { continue };
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(WHOLE) => whole.push((used, path)),
                Some(UNFINISHED) if used.elapsed().is_ok_and(|since| since > ABANDONED) => {
                    fs::remove_file(&path)?;
                }
                _ => {}
            }
        }
        whole.sort();
        for (_, path) in whole.iter().rev().skip(MOST) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// What the processors are and can do: graphs are optimised for that. Empty where the system does not say, as it is then the
/// same on all machines that share a folder of caches.
fn processors() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let first = text.split("\n\n").next().unwrap_or_default();
    let says = ["model name", "flags", "Features", "CPU implementer", "CPU part"];
    first.lines().filter(|line| says.iter().any(|name| line.starts_with(name))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path, name: &str) -> Kept {
        Kept { file: folder.join("graphs").join(format!("{name}.{WHOLE}")) }
    }

    fn keep(kept: &Kept, graph: &[u8]) {
        let written = kept.begin().unwrap();
        fs::write(&written, graph).unwrap();
        kept.finish(&written).unwrap();
    }

    #[test]
    fn what_was_kept_whole_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path(), "a");
        assert_eq!(kept.read(), None, "there is nothing yet");
        keep(&kept, b"a graph");
        assert_eq!(kept.read().as_deref(), Some(&b"a graph"[..]));
        let whole = fs::read(&kept.file).unwrap();
        let changed = |place: usize| {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            bytes
        };
        for damaged in [&whole[..whole.len() - 1], &whole[..20], &[], &changed(0), &changed(whole.len() - 1)]
        {
            fs::write(&kept.file, damaged).unwrap();
            assert_eq!(kept.read(), None, "{} bytes", damaged.len());
        }
        keep(&kept, b"");
        assert_eq!(kept.read().as_deref(), Some(&[][..]));
    }

    #[test]
    fn those_that_are_used_last_stay() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<Kept> = (0..MOST + 2).map(|index| kept(folder.path(), &index.to_string())).collect();
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (index, kept) in all.iter().enumerate() {
            keep(kept, b"a graph");
            let file = OpenOptions::new().append(true).open(&kept.file).unwrap();
            file.set_modified(at(index as u64)).unwrap();
            if index == 1 {
                assert!(all[0].read().is_some(), "it is used again, now");
            }
        }
        let there: Vec<usize> = (0..all.len()).filter(|index| all[*index].file.exists()).collect();
        assert_eq!(there, [&[0][..], &(3..MOST + 2).collect::<Vec<_>>()].concat());
    }

    #[test]
    fn what_nobody_finished_is_removed_and_what_somebody_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path(), "a");
        let [old, new] = ["old", "new"].map(|name| kept.file.with_file_name(format!("{name}.{UNFINISHED}")));
        fs::create_dir_all(kept.folder()).unwrap();
        fs::write(&old, "").unwrap();
        fs::write(&new, "").unwrap();
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        OpenOptions::new().append(true).open(&old).unwrap().set_modified(long_ago).unwrap();
        keep(&kept, b"a graph");
        assert_eq!((old.exists(), new.exists()), (false, true));
    }
}
