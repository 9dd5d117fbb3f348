//! The history on disk, for those who want it to outlive the service: one private file of bounded size, written aside and
//! renamed, so that it is whole or as it was before.
//!
//! It is a line of JSON for each description, newest first. A file that cannot be understood is set aside, not deleted:
//! it is the person's.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use descry_models::{Band, Tag};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    description::Description,
    quality::{Fault, Kind},
    request::RequestId,
    words::{Message, message},
};

/// Bytes that the file has at most; the oldest descriptions are left out where it would have more.
pub const MAXIMUM_BYTES: usize = 1 << 20;

/// What is wrong with the history on disk.
#[derive(Debug, Error)]
pub enum KeepError {
    /// Neither `XDG_STATE_HOME` nor `HOME` says where it could be.
    #[error("there is no folder for it: neither XDG_STATE_HOME nor HOME is set")]
    NoPlace,
    /// The system did not let it be read, written or removed.
    #[error("{} cannot be kept: {source}", .file.display())]
    System {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Some of it could not be understood. The rest is kept.
    #[error("the history was damaged and lies in {} now", .aside.display())]
    Damaged {
        /// Where the damaged file is now.
        aside: PathBuf,
    },
}

impl KeepError {
    /// What a person is told of it.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NoPlace => message!("history-no-place"),
            Self::System { file, source } => {
                message!("history-not-kept", file = file.display().to_string(), reason = source.to_string())
            }
            Self::Damaged { aside } => message!("history-damaged", file = aside.display().to_string()),
        }
    }
}

/// Where the history is kept: `$XDG_STATE_HOME/descry/history.jsonl`, or in `~/.local/state`.
#[must_use]
pub fn place(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")))?;
    Some(state.join("descry/history.jsonl"))
}

/// What is kept of a description: what was told, not what a screen is made of.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    /// Microseconds since the epoch.
    captured_at: u64,
    text: String,
    language: String,
    wording: String,
    confidence: f32,
    band: String,
    kind: String,
    quality: Vec<String>,
    alternatives: Vec<String>,
    /// Name, probability, and whether it is told; older files have none.
    #[serde(default)]
    tags: Vec<(String, f32, bool)>,
    model: String,
    engine: String,
}

impl Line {
    fn of(description: &Description) -> Self {
        let since_epoch = description.captured_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            captured_at: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX),
            text: description.text.clone(),
            language: description.language.clone(),
            wording: description.spoken.clone(),
            confidence: description.confidence,
            band: description.band.name().to_owned(),
            kind: description.kind.name().to_owned(),
            quality: description.quality.iter().map(|fault| fault.name().to_owned()).collect(),
            alternatives: description.alternatives.clone(),
            tags: description
                .tags
                .iter()
                .map(|tag| (tag.name.clone(), tag.probability, tag.is_sure))
                .collect(),
            model: description.model.clone(),
            engine: description.engine.clone(),
        }
    }

    /// The description again, where all of it can be meant.
    fn description(self) -> Option<Description> {
        let band = [Band::High, Band::Middle, Band::Low, Band::None];
        let kind = [Kind::Photo, Kind::Screen, Kind::Text, Kind::Blank, Kind::Unknown];
        let fault = [Fault::Dark, Fault::Bright, Fault::Blurred, Fault::Covered, Fault::Blank];
        let tag = |(name, probability, is_sure): (String, f32, bool)| {
            (0.0..=1.0).contains(&probability).then_some(Tag { name, probability, is_sure })
        };
        let named = |name: &String| fault.into_iter().find(|fault| fault.name() == name);
        Some(Description {
            id: RequestId::next(),
            text: self.text,
            language: self.language,
            spoken: self.wording,
            confidence: Some(self.confidence).filter(|share| (0.0..=1.0).contains(share))?,
            band: band.into_iter().find(|band| band.name() == self.band)?,
            kind: kind.into_iter().find(|kind| kind.name() == self.kind)?,
            quality: self.quality.iter().map(named).collect::<Option<_>>()?,
            alternatives: self.alternatives,
            tags: self.tags.into_iter().map(tag).collect::<Option<_>>()?,
            captured_at: UNIX_EPOCH.checked_add(Duration::from_micros(self.captured_at))?,
            capture: Duration::ZERO,
            inference: Duration::ZERO,
            model: self.model,
            engine: self.engine,
            words: None,
            screen: None,
        })
    }
}

/// What a text holds, and whether all of it could be understood. For fuzzing too: any text may come.
#[must_use]
pub fn parse(text: &str) -> (Vec<Description>, bool) {
    let mut whole = true;
    let mut descriptions = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(super::MAXIMUM) {
        match serde_json::from_str::<Line>(line).ok().and_then(Line::description) {
            Some(description) => descriptions.push(description),
            None => whole = false,
        }
    }
    (descriptions, whole)
}

/// The descriptions in a file, newest first; none where there is no file. One that is damaged is set aside, and what can
/// be understood of it is given beside the error.
pub(super) fn read(file: &Path) -> (Vec<Description>, Result<(), KeepError>) {
    match read_bytes(file) {
        Ok(Some(bytes)) => {
            let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= MAXIMUM_BYTES);
            let (descriptions, whole) = text.as_deref().map_or((Vec::new(), false), parse);
            (descriptions, if whole { Ok(()) } else { set_aside(file) })
        }
        Ok(None) => (Vec::new(), Ok(())),
        Err(source) => (Vec::new(), Err(KeepError::System { file: file.to_owned(), source })),
    }
}

/// What is in a file, up to a byte more than it may have; nothing where there is none.
fn read_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAXIMUM_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn set_aside(file: &Path) -> Result<(), KeepError> {
    let aside = file.with_extension("damaged");
    match fs::rename(file, &aside) {
        Ok(()) => Err(KeepError::Damaged { aside }),
        Err(source) => Err(KeepError::System { file: file.to_owned(), source }),
    }
}

/// Writes descriptions, newest first, in place of what the file held. Nothing is waited for to reach the disk: a machine
/// that loses its power may lose the newest ones.
pub(super) fn write<'a>(
    file: &Path,
    descriptions: impl Iterator<Item = &'a Description>,
) -> Result<(), KeepError> {
    let mut text = String::new();
    for description in descriptions {
        // Nothing in a line can fail to be JSON.
        let line = serde_json::to_string(&Line::of(description)).unwrap_or_default();
        if text.len() + line.len() + 1 > MAXIMUM_BYTES {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    replace(file, &text).map_err(|source| KeepError::System { file: file.to_owned(), source })
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // One that others made, or an older version, is made private too.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let aside = file.with_extension("new");
    // What a write that was interrupted left, or a link that somebody laid there.
    remove_file(&aside)?;
    let mut new: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    new.write_all(text.as_bytes())?;
    fs::rename(&aside, file)
}

/// Removes the file, and what was set aside of it.
pub(super) fn remove(file: &Path) -> Result<(), KeepError> {
    for file in [file.to_owned(), file.with_extension("damaged"), file.with_extension("new")] {
        remove_file(&file).map_err(|source| KeepError::System { file, source })?;
    }
    Ok(())
}

fn remove_file(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::description::example;

    fn texts(descriptions: &[Description]) -> Vec<&str> {
        descriptions.iter().map(|description| description.text.as_str()).collect()
    }

    #[test]
    fn what_is_written_is_read_and_nobody_else_can() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/descry/history.jsonl");
        assert!(matches!(read(&file), (none, Ok(())) if none.is_empty()));
        let mut one = example("A dog.\n\"Quoted\" über alles.", &["A cat."]);
        one.quality = vec![Fault::Dark];
        one.tags = vec![Tag { name: "dog".into(), probability: 0.75, is_sure: true }];
        let two = example("Two.", &[]);
        write(&file, [&one, &two].into_iter()).unwrap();
        let (found, result) = read(&file);
        result.unwrap();
        assert_eq!(texts(&found), [one.text.as_str(), "Two."]);
        assert_eq!((&found[0].alternatives, &found[0].tags), (&one.alternatives, &one.tags));
        assert_eq!((found[0].captured_at, &found[0].quality), (one.captured_at, &one.quality));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        write(&file, std::iter::once(&two)).unwrap();
        assert_eq!(mode(&file), 0o600, "it is a new file each time");
        assert_eq!(texts(&read(&file).0), ["Two."]);
        remove(&file).unwrap();
        assert!(!file.exists());
        remove(&file).unwrap();
    }

    #[test]
    fn its_size_is_bounded_and_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.jsonl");
        let long = example(&"x".repeat(100_000), &[]);
        let many: Vec<Description> = (0..50).map(|_| long.clone()).collect();
        let newest = example("Newest.", &[]);
        write(&file, std::iter::once(&newest).chain(&many)).unwrap();
        assert!(fs::metadata(&file).unwrap().len() <= MAXIMUM_BYTES as u64);
        let (found, result) = read(&file);
        result.unwrap();
        assert_eq!((found[0].text.as_str(), found.len()), ("Newest.", 6));
    }

    #[test]
    fn what_cannot_be_understood_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.jsonl");
        let good = serde_json::to_string(&Line::of(&example("Good.", &[]))).unwrap();
        let impossible = good.replace("0.5", "7.5");
        let odd_band = good.replace("middle", "certain");
        for (contents, kept) in [
            (format!("{good}\n{{\"half\": ").into_bytes(), 1),
            (format!("{impossible}\n{good}\n{odd_band}\n").into_bytes(), 1),
            (vec![0xff, 0xfe, 0], 0),
            (vec![b' '; MAXIMUM_BYTES + 1], 0),
        ] {
            fs::write(&file, &contents).unwrap();
            let (found, result) = read(&file);
            let Err(KeepError::Damaged { aside }) = result else { panic!("{result:?}") };
            assert_eq!((found.len(), fs::read(&aside).unwrap() == contents), (kept, true));
            assert!(!file.exists());
        }
        // A link is not followed, wherever it leads.
        symlink("/etc/passwd", &file).unwrap();
        assert!(matches!(read(&file).1, Err(KeepError::System { .. })));
        write(&file, std::iter::once(&example("Own.", &[]))).unwrap();
        assert!(file.symlink_metadata().unwrap().is_file(), "the link is replaced, not written through");
    }

    #[test]
    fn its_place_is_the_state_folder() {
        let with = |name: &'static str, value: &'static str| {
            place(&move |asked| (asked == name).then(|| value.into()))
        };
        assert_eq!(with("XDG_STATE_HOME", "/s"), Some("/s/descry/history.jsonl".into()));
        assert_eq!(with("HOME", "/h"), Some("/h/.local/state/descry/history.jsonl".into()));
        assert_eq!(with("XDG_STATE_HOME", "relative"), None);
    }
}
