//! Reading a data set's files: bytes, names, lines, JSON; whatever is in them, nothing here panics.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{DatasetError, Fault, Skipped};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    fs::read(path).map_err(|source| DatasetError::Read { path: path.to_owned(), source })
}

/// The names of the files and folders in a folder, of those that are UTF-8.
pub(super) fn file_names(folder: &Path) -> Result<BTreeSet<String>, DatasetError> {
    let error = |source| DatasetError::Read { path: folder.to_owned(), source };
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        if let Ok(name) = entry.map_err(error)?.file_name().into_string() {
            names.insert(name);
        }
    }
    Ok(names)
}

/// The lines that are UTF-8, numbered from 1, without line ends, surrounding white space and a byte order mark.
pub(super) fn lines<'a>(file: &str, bytes: &'a [u8], skipped: &mut Skipped) -> Vec<(usize, &'a str)> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut lines = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        match std::str::from_utf8(line).map(str::trim) {
            Ok("") => {}
            Ok(line) => lines.push((index + 1, line)),
            Err(_) => skipped.add(Fault::WrongEncoding, format!("{file}:{}", index + 1)),
        }
    }
    lines
}

/// An entry of a list in a JSON file, or something else in its place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Entry<T> {
    Whole(T),
    Broken(IgnoredAny),
}

/// The entries of a list that are what they should be, with their places in it.
pub(super) fn whole<T>(list: &str, entries: Vec<Entry<T>>, skipped: &mut Skipped) -> Vec<(String, T)> {
    let mut whole = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let place = format!("{list}[{index}]");
        match entry {
            Entry::Whole(entry) => whole.push((place, entry)),
            Entry::Broken(_) => skipped.add(Fault::BrokenEntry, place),
        }
    }
    whole
}

/// A JSON file. Bytes that are not UTF-8 become U+FFFD, by which [`usable`] tells the text that they are in.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, DatasetError> {
    let bytes = read(path)?;
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let text = String::from_utf8_lossy(bytes);
    serde_json::from_str(&text)
        .map_err(|error| DatasetError::Malformed { path: path.to_owned(), problem: error.to_string() })
}

/// The caption, trimmed, unless nothing is said in it or its bytes were no text; then `place` is counted.
pub(super) fn usable(caption: &str, place: impl Into<String>, skipped: &mut Skipped) -> Option<String> {
    let caption = caption.trim();
    if caption.contains(char::REPLACEMENT_CHARACTER) {
        skipped.add(Fault::WrongEncoding, place);
        None
    } else if caption.contains(char::is_alphanumeric) {
        Some(caption.to_owned())
    } else {
        skipped.add(Fault::EmptyCaption, place);
        None
    }
}
