//! The files of Meteor 1.5 that its English needs, read from a folder that is laid out as its `jar` is:
//!
//! | file | what it is |
//! |---|---|
//! | `function/english.words` | words that say little, such as "the" |
//! | `nonbreaking/english.prefixes` | abbreviations whose dot belongs to them |
//! | `synonym/english.synsets`, `synonym/english.exceptions` | WordNet's sets of synonyms, and irregular forms |
//! | `data/paraphrase-en.gz` | phrases that translate alike; it lies beside the `jar`, not in it |

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::synonyms::Synonyms;

/// Why Meteor's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MeteorError {
    /// A file is missing or cannot be read.
    #[error("cannot read {}, one of Meteor's own data files: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why it was not read.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is not as Meteor's file of that name: line {line} {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The line's number from 1.
        line: usize,
        /// What is wrong with the line.
        problem: &'static str,
    },
}

/// Whether the folder has the files, all but the paraphrases read: to be asked before long work.
pub fn check(folder: &Path) -> Result<(), MeteorError> {
    MeteorData::open(folder).map(drop)
}

/// When the dot after an abbreviation belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abbreviation {
    /// Always.
    Always,
    /// Before a number.
    BeforeNumber,
}

/// What was read, but for the paraphrases, of which there are too many to keep. The default is no data at all.
#[derive(Debug, Default)]
pub(super) struct MeteorData {
    pub(super) function_words: HashSet<String>,
    pub(super) abbreviations: HashMap<String, Abbreviation>,
    pub(super) synonyms: Synonyms,
    pub(super) paraphrases: Option<PathBuf>,
}

impl MeteorData {
    pub(super) fn open(folder: &Path) -> Result<MeteorData, MeteorError> {
        let read = |name: &str| {
            let path = folder.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => Ok((path, text)),
                Err(source) => Err(MeteorError::Read { path, source }),
            }
        };
        let (_, function_words) = read("function/english.words")?;
        let (_, abbreviations) = read("nonbreaking/english.prefixes")?;
        let exceptions = read("synonym/english.exceptions")?;
        let sets = read("synonym/english.synsets")?;
        let paraphrases = folder.join("data/paraphrase-en.gz");
        // Known now rather than after all else.
        if let Err(source) = fs::metadata(&paraphrases) {
            return Err(MeteorError::Read { path: paraphrases, source });
        }
        Ok(MeteorData {
            function_words: function_words.lines().map(str::to_owned).collect(),
            abbreviations: parse_abbreviations(&abbreviations),
            synonyms: Synonyms::parse(&exceptions, &sets)?,
            paraphrases: Some(paraphrases),
        })
    }
}

/// One on each line, with a mark where it counts before numbers only; lines with `#` first are comments.
fn parse_abbreviations(text: &str) -> HashMap<String, Abbreviation> {
    let mut abbreviations = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        if let Some(name) = fields.next().filter(|name| !name.starts_with('#')) {
            let kind = match fields.next() {
                Some("#NUMERIC_ONLY#") => Abbreviation::BeforeNumber,
                _ => Abbreviation::Always,
            };
            abbreviations.insert(name.to_owned(), kind);
        }
    }
    abbreviations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_and_comments() {
        let found = parse_abbreviations("# a comment\n\nMr\nNo #NUMERIC_ONLY# \n  Dr  \n");
        let expected = [
            ("Mr".to_owned(), Abbreviation::Always),
            ("No".to_owned(), Abbreviation::BeforeNumber),
            ("Dr".to_owned(), Abbreviation::Always),
        ];
        assert_eq!(found, HashMap::from(expected));
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = MeteorData::open(folder.path()).expect_err("nothing there").to_string();
        assert!(error.contains("english.words"), "{error}");
    }
}
