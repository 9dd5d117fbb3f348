//! Phrases that mean much the same, of one or more words each. Meteor's file has five million pairs; only those of words
//! that occur in the sentences at hand are kept.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::data::MeteorError;

/// The pairs of phrases of some words. The default knows none.
#[derive(Debug, Default)]
pub(super) struct Paraphrases {
    numbers: HashMap<Vec<u8>, u32>,
    /// What can stand for a phrase, in the order of the file.
    of: HashMap<Vec<u32>, Vec<Vec<u32>>>,
    /// The most words of a phrase that has paraphrases.
    longest: usize,
}

impl Paraphrases {
    /// Reads the pairs of which every word is in `words`.
    pub(super) fn open(path: &Path, words: &BTreeSet<&str>) -> Result<Paraphrases, MeteorError> {
        let error = |source| MeteorError::Read { path: path.to_owned(), source };
        let file = BufReader::new(File::open(path).map_err(error)?);
        let found = Paraphrases::read(BufReader::with_capacity(1 << 20, MultiGzDecoder::new(file)), words);
        found.map_err(error)?.map_err(|line| MeteorError::Format {
            path: path.to_owned(),
            line,
            problem: "is the last, in the midst of a pair",
        })
    }

    /// Reads groups of three lines: a probability (which METEOR does not use), a phrase, and what can stand for it. The
    /// inner error is the number of a line that has no successor.
    fn read(mut from: impl BufRead, words: &BTreeSet<&str>) -> io::Result<Result<Paraphrases, usize>> {
        let numbered = words.iter().zip(0..).map(|(word, number)| (word.as_bytes().to_vec(), number));
        let mut found = Paraphrases { numbers: numbered.collect(), ..Paraphrases::default() };
        let [mut probability, mut phrase, mut other] = [const { Vec::new() }; 3];
        let mut line = 0;
        loop {
            for buffer in [&mut probability, &mut phrase, &mut other] {
                buffer.clear();
                if from.read_until(b'\n', buffer)? > 0 {
                    line += 1;
                } else {
                    return Ok(if line % 3 == 0 { Ok(found) } else { Err(line) });
                }
            }
            if let Some(phrase) = found.phrase(&phrase)
                && let Some(other) = found.phrase(&other)
            {
                found.longest = found.longest.max(phrase.len());
                found.of.entry(phrase).or_default().push(other);
            }
        }
    }

    /// The numbers of a line's words, if all occur and there is one.
    fn phrase(&self, line: &[u8]) -> Option<Vec<u32>> {
        let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let numbers: Option<Vec<u32>> = words.map(|word| self.numbers.get(word).copied()).collect();
        numbers.filter(|numbers| !numbers.is_empty())
    }

    /// The number by which phrases know a word; none if no phrase can have it.
    pub(super) fn number(&self, word: &str) -> Option<u32> {
        self.numbers.get(word.as_bytes()).copied()
    }

    /// For each phrase that `words` begins with: how many words it has, and what can stand for it.
    pub(super) fn at_start<'a>(
        &'a self,
        words: &[Option<u32>],
    ) -> impl Iterator<Item = (usize, &'a [Vec<u32>])> {
        let known: Vec<u32> = words.iter().take(self.longest).map_while(|number| *number).collect();
        (1..=known.len()).filter_map(move |length| Some((length, self.of.get(&known[..length])?.as_slice())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_phrases_of_occurring_words_are_kept() {
        let text =
            "0.5\nthe dog\npuppy\n0.2\nthe dog\na hound\n0.1\nthe\na\n0.1\npuppy\nthe dog\n0.9\n\npuppy\n";
        let words = BTreeSet::from(["the", "dog", "puppy", "a", "runs"]);
        let found = Paraphrases::read(text.as_bytes(), &words).expect("read").expect("whole");
        let numbers = |text: &str| text.split(' ').map(|word| found.number(word)).collect::<Vec<_>>();
        let phrase = |text: &str| numbers(text).into_iter().flatten().collect::<Vec<_>>();
        let at_start: Vec<_> = found.at_start(&numbers("the dog runs")).collect();
        assert_eq!(at_start, [(1, &[phrase("a")][..]), (2, &[phrase("puppy")][..])]);
        assert_eq!(found.at_start(&numbers("runs the dog")).count(), 0);
        assert_eq!(found.at_start(&[None, found.number("the")]).count(), 0);
        assert_eq!(found.number("hound"), None);
    }

    #[test]
    fn a_file_that_is_cut_short_is_an_error() {
        let words = BTreeSet::from(["a"]);
        for (text, expected) in [("", None), ("0.5\n", Some(1)), ("0.5\na\nb\n0.5\na", Some(5))] {
            assert_eq!(Paraphrases::read(text.as_bytes(), &words).expect("read").err(), expected, "{text:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("paraphrase-en.gz");
        std::fs::write(&file, b"not gzip at all").expect("written");
        assert!(matches!(Paraphrases::open(&file, &words), Err(MeteorError::Read { .. })));
    }
}
