//! A set of pictures with captions on disk, whatever its layout: what training and scoring read.
//!
//! What is broken in it is skipped, counted and named ([`Skipped`]): a data set of thousands of files always has a few
//! such places, and neither a crash nor silence about them helps.

mod flickr;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

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

/// Why a data set cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file or folder of the layout cannot be read.
    #[error("cannot read {}: {source}; a data set's folder holds images/, captions.token.txt and <SPLIT>Images.txt", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// No list of that name.
    #[error("{} has no split `{split}` (no file {split}Images.txt); it has: {}", folder.display(), listed(available))]
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

/// What can be wrong with one line or file of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A line of the captions that is not `file#n<TAB>caption`.
    BrokenLine,
    /// A line that is not UTF-8.
    WrongEncoding,
    /// A caption without a letter or digit.
    EmptyCaption,
    /// A second caption with the same file and number; the first is kept.
    DuplicateCaption,
    /// A name that stands in the list of the split more than once; it is used once.
    DuplicateName,
    /// A name in the list of the split that is not a plain file name: it would lead out of the folder.
    UnsafeName,
    /// A picture in the list of the split without its file in `images/`.
    MissingPicture,
    /// A picture in the list of the split without a caption.
    NoCaption,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Fault::BrokenLine => "broken lines",
            Fault::WrongEncoding => "lines that are not UTF-8",
            Fault::EmptyCaption => "empty captions",
            Fault::DuplicateCaption => "captions given twice",
            Fault::DuplicateName => "names listed twice",
            Fault::UnsafeName => "names that are not a plain file name",
            Fault::MissingPicture => "missing pictures",
            Fault::NoCaption => "pictures without a caption",
        })
    }
}

/// How often something happened, and to what first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub count: usize,
    /// The first names or places, at most [`Tally::NAMED`].
    pub first: Vec<String>,
}

impl Tally {
    /// How many are named.
    pub const NAMED: usize = 3;

    /// Counts one more.
    pub fn add(&mut self, name: impl Into<String>) {
        self.count += 1;
        if self.first.len() < Tally::NAMED {
            self.first.push(name.into());
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.count > self.first.len() { ", …" } else { "" };
        write!(formatter, "{}{more}", self.first.join(", "))
    }
}

/// What was skipped while a data set was read. Its `Display` is one line, such as
/// `2 missing pictures: a.jpg, b.jpg; 1 broken lines: captions.token.txt:7`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// The count and the first names of each fault that occurred.
    pub faults: BTreeMap<Fault, Tally>,
}

impl Skipped {
    /// Whether nothing was skipped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// How often `fault` occurred.
    #[must_use]
    pub fn count(&self, fault: Fault) -> usize {
        self.faults.get(&fault).map_or(0, |tally| tally.count)
    }

    /// How many pictures of the split were left out.
    #[must_use]
    pub fn pictures(&self) -> usize {
        [Fault::UnsafeName, Fault::MissingPicture, Fault::NoCaption]
            .into_iter()
            .map(|fault| self.count(fault))
            .sum()
    }

    fn add(&mut self, fault: Fault, name: impl Into<String>) {
        self.faults.entry(fault).or_default().add(name);
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faults.is_empty() {
            return formatter.write_str("nothing skipped");
        }
        for (place, (fault, tally)) in self.faults.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(formatter, "{separator}{} {fault}: {tally}", tally.count)?;
        }
        Ok(())
    }
}

impl Dataset {
    /// Opens the split `split` of the data set in `folder`, in Flickr8k's layout: `images/`, `captions.token.txt`
    /// (lines of `file#n<TAB>caption`, UTF-8, LF or CRLF) and `<SPLIT>Images.txt` (a file's name on each line).
    ///
    /// Pictures are not decoded here. At least one picture is in what is returned.
    pub fn open(folder: &Path, split: &str) -> Result<Dataset, DatasetError> {
        flickr::open(folder, split)
    }
}
