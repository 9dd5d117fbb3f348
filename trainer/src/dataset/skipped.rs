//! What was left out of a data set, and why: counted, and the first few named.

use std::collections::BTreeMap;
use std::fmt;

/// What can be wrong with one line or file of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A line of the captions that is not as its format asks, such as `file#n<TAB>caption`.
    BrokenLine,
    /// An entry of a JSON file that is not as its format asks.
    BrokenEntry,
    /// A line or text that is not UTF-8.
    WrongEncoding,
    /// A caption without a letter or digit.
    EmptyCaption,
    /// A caption that the data set itself marks as rejected.
    RejectedCaption,
    /// A second caption with the same number; the first is kept.
    DuplicateCaption,
    /// A caption of a picture that is not listed.
    UnknownPicture,
    /// A picture that is listed more than once; the first is kept.
    DuplicateName,
    /// A name that would lead out of the folder of the pictures.
    UnsafeName,
    /// A picture of the split without its file.
    MissingPicture,
    /// A picture of the split without a caption.
    NoCaption,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Fault::BrokenLine => "broken lines",
            Fault::BrokenEntry => "broken entries",
            Fault::WrongEncoding => "texts that are not UTF-8",
            Fault::EmptyCaption => "empty captions",
            Fault::RejectedCaption => "rejected captions",
            Fault::DuplicateCaption => "captions given twice",
            Fault::UnknownPicture => "captions of unknown pictures",
            Fault::DuplicateName => "names listed twice",
            Fault::UnsafeName => "names that lead out of the folder",
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

    /// Adds what was skipped elsewhere.
    pub fn merge(&mut self, other: Skipped) {
        for (fault, tally) in other.faults {
            let own = self.faults.entry(fault).or_default();
            own.count += tally.count;
            let room = Tally::NAMED.saturating_sub(own.first.len());
            own.first.extend(tally.first.into_iter().take(room));
        }
    }

    pub(super) fn add(&mut self, fault: Fault, name: impl Into<String>) {
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
