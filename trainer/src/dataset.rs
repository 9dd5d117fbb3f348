//! A set of pictures with captions on disk, whatever its layout: what training and scoring read.
//!
//! What is broken in it is skipped, counted and named ([`Skipped`]): a data set of thousands of files always has a few
//! such places, and neither a crash nor silence about them helps. The layouts are those of [`Format`]; each is a module
//! that lists what its files say, and the common part holds the lists to the files on disk.

mod beside;
mod coco;
mod flickr;
mod format;
mod jsonl;
mod kaggle;
mod karpathy;
mod listing;
mod skipped;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use format::{Format, UnknownFormat};
pub use skipped::{Fault, Skipped, Tally};

/// Pictures of one split, in the order of its list, each with at least one caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// The name of the folder, such as `flickr8k`.
    pub name: String,
    /// The name of the split, such as `dev`.
    pub split: String,
    /// The pictures that can be used.
    pub pictures: Vec<Picture>,
    /// What could not be used, and why.
    pub skipped: Skipped,
}

/// A picture's file and what people said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The path of the file, which existed when the set was opened; it is not yet decoded.
    pub file: PathBuf,
    /// What the data set itself calls the picture, where it has such a thing.
    pub id: Option<PictureId>,
    /// At least one caption, trimmed and not empty, as written (not tokenised).
    pub captions: Vec<String>,
}

impl Picture {
    /// The file's name without its folder: how the picture is called in lists and reports.
    #[must_use]
    pub fn name(&self) -> String {
        self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// What a data set calls a picture: a number in COCO and its kin; elsewhere any text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PictureId {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for PictureId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PictureId::Number(number) => number.fmt(formatter),
            PictureId::Text(text) => text.fmt(formatter),
        }
    }
}

/// Why a data set cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// No format's files are there.
    #[error("{} is no data set that is known here: it has no {}", folder.display(), Format::signs())]
    Unrecognised {
        /// The folder.
        folder: PathBuf,
    },
    /// Files of several formats are there.
    #[error("{} can be read as {}: say which with --format", folder.display(), listed(formats))]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The names of the formats.
        formats: Vec<String>,
    },
    /// A file is not at all what it should be.
    #[error("{} cannot be used: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No list of that name.
    #[error("{} has no split `{split}`; it has: {}", folder.display(), listed(available))]
    NoSuchSplit {
        /// The data set's folder.
        folder: PathBuf,
        /// The name that was asked for.
        split: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// Everything was skipped.
    #[error("split `{split}` of {} has no picture that can be used ({skipped})", folder.display())]
    Empty {
        /// The data set's folder.
        folder: PathBuf,
        /// The name of the split.
        split: String,
        /// What was skipped, and why.
        skipped: Box<Skipped>,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Dataset {
    /// Opens the split `split` of the data set in `folder`, whose format is told by the files that it holds.
    ///
    /// Pictures are not decoded here. At least one picture is in what is returned.
    pub fn open(folder: &Path, split: &str) -> Result<Dataset, DatasetError> {
        Dataset::open_as(folder, None, split)
    }

    /// Opens a split of a data set of a named format; without a name, as [`Dataset::open`] does.
    pub fn open_as(folder: &Path, format: Option<Format>, split: &str) -> Result<Dataset, DatasetError> {
        Dataset::read(folder, format, split, true)
    }

    /// Opens a split as [`Dataset::open`] does, with the pictures whose files are missing too.
    pub fn listed(folder: &Path, split: &str) -> Result<Dataset, DatasetError> {
        Dataset::read(folder, None, split, false)
    }

    fn read(
        folder: &Path,
        format: Option<Format>,
        split: &str,
        must_be_there: bool,
    ) -> Result<Dataset, DatasetError> {
        let (listed, mut skipped) = listing::list(folder, format, split)?;
        let pictures = listing::pictures(listed, must_be_there, &mut skipped);
        if pictures.is_empty() {
            let (folder, split, skipped) = (folder.to_owned(), split.to_owned(), Box::new(skipped));
            return Err(DatasetError::Empty { folder, split, skipped });
        }
        // The folder's own name, also when it is given as `.`.
        let absolute = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Dataset { name, split: split.to_owned(), pictures, skipped })
    }

    /// All captions of a split, whether or not the pictures are on this machine.
    pub fn captions(folder: &Path, format: Option<Format>, split: &str) -> Result<Vec<String>, DatasetError> {
        let (listed, _) = listing::list(folder, format, split)?;
        Ok(listed.into_iter().flat_map(|listed| listed.captions).collect())
    }
}
