//! The layouts of data sets that can be read, and how each is told by its files.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::text::file_names;
use super::{DatasetError, beside, coco, flickr, jsonl, kaggle, karpathy};

/// A layout of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Flickr8k's and Flickr30k's own: lines of `file#n<TAB>caption`, and lists of names for the splits.
    Flickr,
    /// Both as Kaggle has them: `captions.txt` with `image,caption`, or `results.csv` with `|` between.
    Kaggle,
    /// COCO's captions: `captions_<SPLIT>.json`.
    Coco,
    /// Karpathy's splits of either: `dataset.json` or `dataset_<SET>.json`.
    Karpathy,
    /// VizWiz-Captions: `annotations/<SPLIT>.json`.
    Vizwiz,
    /// One's own pictures: `captions.jsonl`, an object on each line.
    Jsonl,
    /// One's own pictures: `harbour.jpg` with its captions in `harbour.txt`, and so on.
    Beside,
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no format {0:?}; choose flickr, kaggle, coco, karpathy, vizwiz, jsonl or beside")]
pub struct UnknownFormat(pub String);

impl Format {
    /// Every format.
    pub const ALL: [Format; 7] = [
        Format::Flickr,
        Format::Kaggle,
        Format::Coco,
        Format::Karpathy,
        Format::Vizwiz,
        Format::Jsonl,
        Format::Beside,
    ];

    /// The name as it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Flickr => "flickr",
            Format::Kaggle => "kaggle",
            Format::Coco => "coco",
            Format::Karpathy => "karpathy",
            Format::Vizwiz => "vizwiz",
            Format::Jsonl => "jsonl",
            Format::Beside => "beside",
        }
    }

    /// By which file each is told, for messages.
    pub(super) fn signs() -> &'static str {
        "captions.token.txt, captions.txt, results.csv, captions_<SPLIT>.json, dataset.json, annotations/<SPLIT>.json, \
         captions.jsonl, or pictures with a .txt file of the same name each"
    }

    /// The one format whose files are in `folder`.
    pub(super) fn recognise(folder: &Path) -> Result<Format, DatasetError> {
        let names = file_names(folder)?;
        let found = |format: &Format| match format {
            Format::Flickr => flickr::is_in(&names),
            Format::Kaggle => kaggle::is_in(&names),
            Format::Coco => !coco::splits(folder, coco::Kind::Coco).is_empty(),
            Format::Karpathy => karpathy::is_in(&names),
            Format::Vizwiz => !coco::splits(folder, coco::Kind::Vizwiz).is_empty(),
            Format::Jsonl => jsonl::is_in(&names),
            Format::Beside => false,
        };
        let mut formats: Vec<Format> = Format::ALL.into_iter().filter(found).collect();
        // Text files beside pictures may be about anything, where there is a list of captions.
        if formats.is_empty() && beside::is_in(folder) {
            formats.push(Format::Beside);
        }
        match formats.as_slice() {
            [only] => Ok(*only),
            [] => Err(DatasetError::Unrecognised { folder: folder.to_owned() }),
            several => Err(DatasetError::Ambiguous {
                folder: folder.to_owned(),
                formats: several.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let mut all = Format::ALL.into_iter();
        all.find(|format| format.name() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
