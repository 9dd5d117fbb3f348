//! The words that a model will know, chosen from the captions it learns from.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// The special tokens, in the order of their ids, before all words.
pub const SPECIAL: [&str; 4] = ["<pad>", "<start>", "<end>", "<unk>"];

/// A vocabulary, and how much of what it was built from it covers. Its `Display` is one line that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// [`SPECIAL`], then the words by falling count, equally frequent ones in the order of the alphabet. A word's place
    /// is its token id.
    pub words: Vec<String>,
    /// The least number of times that each of these words occurs.
    pub minimum_count: usize,
    /// How many different words the captions have.
    pub distinct: usize,
    /// How many words the captions have in all.
    pub occurrences: usize,
    /// How many of those are in the vocabulary.
    pub covered: usize,
}

impl Built {
    /// The content of a bundle's `vocabulary.txt`: a word on each line.
    #[must_use]
    pub fn text(&self) -> String {
        self.words.join("\n") + "\n"
    }

    /// The part of all occurrences that the vocabulary has a word for: 0..=1, and 1 of no caption at all.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        if self.occurrences == 0 { 1.0 } else { self.covered as f64 / self.occurrences as f64 }
    }
}

impl fmt::Display for Built {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} tokens: {} special, and {} of {} words, those seen {} times or more; they are {:.2}% of the text",
            self.words.len(),
            SPECIAL.len(),
            self.words.len() - SPECIAL.len(),
            self.distinct,
            self.minimum_count,
            100.0 * self.coverage()
        )
    }
}

/// Builds a vocabulary of the words that `captions` have at least `minimum_count` times. Captions are lists of words as
/// [`crate::metrics::ptb::tokenise`] makes them; a word that looks like a special token is left out.
#[must_use]
pub fn build(captions: &[Vec<String>], minimum_count: usize) -> Built {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in captions.iter().flatten() {
        *counts.entry(word).or_insert(0) += 1;
    }
    let distinct = counts.len();
    let occurrences = counts.values().sum();
    let mut kept: Vec<(&str, usize)> = counts
        .into_iter()
        .filter(|(word, count)| *count >= minimum_count && !SPECIAL.contains(word) && !word.is_empty())
        .collect();
    kept.sort_by_key(|(word, count)| (Reverse(*count), *word));
    let covered = kept.iter().map(|(_, count)| count).sum();
    let words =
        SPECIAL.into_iter().chain(kept.into_iter().map(|(word, _)| word)).map(str::to_owned).collect();
    Built { words, minimum_count, distinct, occurrences, covered }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captions(texts: &[&str]) -> Vec<Vec<String>> {
        texts.iter().map(|text| text.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn words_by_falling_count_then_by_alphabet() {
        let captions = captions(&["a dog and a cat", "a cat runs", "zebra and dog <unk> <unk> <unk>"]);
        let cases: [(usize, &[&str]); 4] = [
            (1, &["a", "and", "cat", "dog", "runs", "zebra"]),
            (2, &["a", "and", "cat", "dog"]),
            (3, &["a"]),
            (4, &[]),
        ];
        for (minimum_count, expected) in cases {
            let built = build(&captions, minimum_count);
            assert_eq!(built.words[..4], SPECIAL, "the special tokens come first");
            assert_eq!(built.words[4..], *expected, "seen {minimum_count} times or more");
            assert_eq!(built.text().lines().count(), built.words.len());
            assert!(built.text().ends_with('\n'));
        }
    }

    #[test]
    fn size_and_coverage_are_reported() {
        let built = build(&captions(&["a dog and a cat", "a cat runs"]), 2);
        assert_eq!((built.distinct, built.occurrences, built.covered), (5, 8, 5));
        let expected =
            "6 tokens: 4 special, and 2 of 5 words, those seen 2 times or more; they are 62.50% of the text";
        assert_eq!(built.to_string(), expected);
        let none = build(&[], 1);
        assert_eq!(none.words, SPECIAL);
        assert!((none.coverage() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_bundle_can_read_it() {
        let built = build(&captions(&["a dog 's tail is n't short"]), 1);
        let vocabulary = descry_models::Vocabulary::from_text(&built.text()).expect("a vocabulary");
        assert_eq!(vocabulary.len(), built.words.len());
    }
}
