//! Words' vectors that were learnt elsewhere, from text files of `GloVe` (Pennington et al. 2014, "`GloVe`: Global Vectors for
//! Word Representation") and fastText (Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information").
//!
//! A line is a word and its numbers, with spaces between; fastText puts a line before them all with the count of words
//! and of numbers. A file is read line by line and only the vocabulary's words are kept, so it may be of any size.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use descry_models::{TokenId, Vocabulary};
use tch::{Tensor, no_grad};
use thiserror::Error;

/// The longest line that is read: 300 numbers need 4,000 bytes.
const MAXIMUM_LINE: u64 = 1 << 20;
/// How far the numbers of random vectors spread, to which those of a file are brought: the words' table is also the
/// output's, and large numbers there would be sure of everything from the start.
const SPREAD: f64 = 0.08;

/// The vectors that a file has for a vocabulary. Its `Display` is one line that says how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Numbers of the words that the file has, by token.
    pub vectors: BTreeMap<u32, Vec<f32>>,
    /// Words of the vocabulary, without special tokens.
    pub words: usize,
    /// Lines that were left out: not a word and numbers.
    pub skipped: usize,
}

/// Why a file gives no vectors.
#[derive(Debug, Error)]
pub enum WordVectorsError {
    /// It cannot be read.
    #[error("cannot read the word vectors {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It has vectors of another length.
    #[error(
        "the word vectors of {} have {found} numbers; allowed: {due}, as `decoder.embedding_size` says", path.display()
    )]
    Size {
        /// The file.
        path: PathBuf,
        /// Numbers of its first vector.
        found: usize,
        /// The experiment's `decoder.embedding_size`.
        due: usize,
    },
    /// None of its lines is a word of the vocabulary.
    #[error(
        "{} has a vector for none of the {words} words; it must be text, a word and its numbers on each line, in the captions' language",
        path.display()
    )]
    Nothing {
        /// The file.
        path: PathBuf,
        /// Words of the vocabulary.
        words: usize,
    },
}

impl Found {
    /// The part of the vocabulary's words that the file has: 0..=1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.vectors.len() as f64 / self.words.max(1) as f64
    }

    /// Puts the vectors into their rows of a table `[vocabulary, size]`, all made smaller or larger alike so that their
    /// numbers spread as those of random vectors do. Other rows stay.
    pub fn put_into(&self, table: &Tensor) {
        let values = || self.vectors.values().flatten().map(|value| f64::from(*value));
        let count = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / count;
        let spread = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        let factor = if spread > 0.0 { SPREAD / spread } else { 1.0 };
        no_grad(|| {
            for (token, vector) in &self.vectors {
                let vector = Tensor::from_slice(vector) * factor;
                table.select(0, i64::from(*token)).copy_(&vector);
            }
        });
    }
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, words, share) = (self.vectors.len(), self.words, 100.0 * self.coverage());
        write!(formatter, "word vectors: {found} of {words} words, {share:.1}% of the vocabulary")?;
        if self.skipped > 0 {
            write!(formatter, "; {} lines of the file are not a word and its numbers", self.skipped)?;
        }
        Ok(())
    }
}

/// Reads the vectors of a vocabulary's words, each of `size` numbers.
pub fn read(path: &Path, vocabulary: &Vocabulary, size: usize) -> Result<Found, WordVectorsError> {
    let failed = |source| WordVectorsError::Read { path: path.to_owned(), source };
    let special = vocabulary.special();
    let special = [special.pad, special.start, special.end, special.unknown];
    let words = (0..vocabulary.len() as u32).filter(|token| !special.contains(&TokenId(*token))).count();
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut found = Found { vectors: BTreeMap::new(), words, skipped: 0 };
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        if reader.by_ref().take(MAXIMUM_LINE).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if number == 0 && is_heading(text) {
            let dimensions = text.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
            ensure_size(path, dimensions, size)?;
            continue;
        }
        if found.vectors.is_empty() && found.skipped == 0 {
            // Of the first line; a word may hold spaces, as a few of GloVe's do.
            ensure_size(
                path,
                text.split(' ').skip(1).filter(|part| part.parse::<f32>().is_ok()).count(),
                size,
            )?;
        }
        match vector(text, size) {
            Some((word, vector)) => {
                let token = vocabulary.id(word).filter(|token| !special.contains(token));
                if let Some(token) = token {
                    found.vectors.entry(token.0).or_insert(vector);
                }
            }
            None => found.skipped += 1,
        }
    }
    if found.vectors.is_empty() {
        return Err(WordVectorsError::Nothing { path: path.to_owned(), words });
    }
    Ok(found)
}

/// Whether a line is fastText's first: two whole numbers.
fn is_heading(line: &str) -> bool {
    let mut parts = line.split(' ');
    let mut whole = || parts.next().is_some_and(|part| part.parse::<u64>().is_ok());
    whole() && whole() && parts.next().is_none()
}

fn ensure_size(path: &Path, found: usize, due: usize) -> Result<(), WordVectorsError> {
    // None at all is no vector of another length, but no vector.
    if found == due || found == 0 {
        return Ok(());
    }
    Err(WordVectorsError::Size { path: path.to_owned(), found, due })
}

/// The word of a line and its last `size` numbers, if they are numbers.
fn vector(line: &str, size: usize) -> Option<(&str, Vec<f32>)> {
    let mut parts = line.rsplitn(size + 1, ' ');
    let mut vector: Vec<f32> = Vec::with_capacity(size);
    for _ in 0..size {
        vector.push(parts.next()?.parse().ok().filter(|value: &f32| value.is_finite())?);
    }
    vector.reverse();
    parts.next().map(|word| (word, vector))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    const WORDS: &str = "<pad>\n<start>\n<end>\n<unk>\na\ndog\n's\nhydrant\n";

    fn found(content: &[u8], size: usize) -> Result<Found, WordVectorsError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vectors.txt");
        std::fs::write(&path, content).expect("a file");
        read(&path, &Vocabulary::from_text(WORDS).expect("a vocabulary"), size)
    }

    #[test]
    fn glove_and_fasttext_are_read() {
        let glove = b"the 0.1 0.2\na 0.5 -1\n. . . 3 4\ndog 1e-1 2\n<unk> 1 1\ndog 9 9\n";
        let fasttext = b"4 2\nthe 0.1 0.2\na 0.5 -1 \ndog 0.1 2\r\n\xff\xfe 1 2\n";
        for content in [&glove[..], fasttext] {
            let found = found(content, 2).expect("vectors");
            assert_eq!(found.vectors, BTreeMap::from([(4, vec![0.5, -1.0]), (5, vec![0.1, 2.0])]));
            assert_eq!(found.to_string(), "word vectors: 2 of 4 words, 50.0% of the vocabulary");
        }
        let broken = found(b"a 1 2\ndog 1\ndog nan 1\n's 1 x\n\n", 2).expect("one vector");
        assert_eq!((broken.vectors.len(), broken.skipped), (1, 4));
        assert!(
            broken
                .to_string()
                .ends_with("25.0% of the vocabulary; 4 lines of the file are not a word and its numbers")
        );
    }

    #[test]
    fn what_gives_no_vectors_is_named() {
        for (content, message) in [
            (&b"a 1 2 3\n"[..], "have 3 numbers; allowed: 2, as `decoder.embedding_size` says"),
            (b"1000 300\na 1 2\n", "have 300 numbers; allowed: 2"),
            (b"", "has a vector for none of the 4 words"),
            (b"\xba\x16\x4f\x2f\0\0\0\0", "has a vector for none of the 4 words"),
            (b"chat 1 2\n", "has a vector for none of the 4 words"),
        ] {
            let refused = found(content, 2).expect_err(message).to_string();
            assert!(refused.contains(message), "{refused}");
        }
        let refused = read(Path::new("nowhere"), &Vocabulary::from_text(WORDS).expect("a vocabulary"), 2);
        assert!(refused.expect_err("no file").to_string().contains("cannot read the word vectors nowhere"));
    }

    #[test]
    fn vectors_keep_their_proportions_in_the_table() {
        let found = found(b"a 1 2\ndog 3 4\n", 2).expect("vectors");
        let table = Tensor::full([8, 2], 7.0, (Kind::Float, Device::Cpu));
        found.put_into(&table);
        let table = Vec::<f32>::try_from(table.view([-1])).expect("numbers");
        assert!(table[..8].iter().chain(&table[12..]).all(|value| (value - 7.0).abs() < 1e-6));
        // 1, 2, 3, 4 spread by the root of 1.25.
        for (value, due) in table[8..12].iter().zip([1.0, 2.0, 3.0, 4.0]) {
            assert!((value - due * 0.08 / 1.25_f32.sqrt()).abs() < 1e-6, "{value}");
        }
    }
}
