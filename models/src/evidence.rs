//! What the picture itself says for each word, before any sentence is made.
//!
//! A decoder finds the sentence that goes on best, and its probabilities are those of words behind words. So the encoder is
//! asked besides whether people who wrote about pictures like this one used the word at all: a linear layer over the mean of
//! its features, fitted by `descry-trainer evidence` to the captions that it learned from. A sentence whose words the picture
//! speaks against is doubtful, however fluent it is: the evidence is one of the numbers that the confidence is made of
//! ([`crate::calibration::Feature::WordEvidence`]). And while a sentence is being made, a part of it is added to the words' log
//! probabilities ([`EvidenceSection::search_weight`]), so that what is seen is said before what is usually said.

use serde::{Deserialize, Serialize};

use crate::{Vocabulary, calibration::words, decode::Bias, manifest::is_default};

/// The greatest [`EvidenceSection::search_weight`].
pub const MAXIMUM_SEARCH_WEIGHT: f32 = 10.0;

/// How the manifest says for which words the encoder gives evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceSection {
    /// The encoder's output, f32 `[1, words]`: by how many nats the picture raises the log odds that one of its captions has
    /// the word, above those of any picture.
    pub output: String,
    /// The words in the order of the output, which is that of the alphabet (by bytes).
    pub words: Vec<String>,
    /// What the search adds to a word's log probability for each nat of evidence, 0 to [`MAXIMUM_SEARCH_WEIGHT`]; absent means 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub search_weight: f32,
    /// What it was fitted to, and what that is worth.
    pub fit: EvidenceFit,
}

/// The record of a fit; nothing is computed from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFit {
    /// The sets with their splits, such as `flickr8k train`.
    pub datasets: Vec<String>,
    /// How many pictures.
    pub pictures: usize,
    /// How often a picture that has a word in its captions has more evidence for it than one that has not, in 0..=1: the mean
    /// over the words, on the pictures of another split; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_area: Option<f64>,
}

impl EvidenceSection {
    /// The mean evidence for the words of a text that are known, each once, in nats; 0 where none is. As many scores as words.
    #[must_use]
    pub fn of_text(&self, scores: &[f32], text: &str) -> f32 {
        let known = words(text).into_iter().filter_map(|word| {
            let place = self.words.binary_search_by(|known| known.as_str().cmp(word)).ok()?;
            scores.get(place).copied()
        });
        let (sum, count) = known.fold((0.0, 0.0_f32), |(sum, count), score| (sum + score, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// What the search adds for each word, by its token; nothing for words that the vocabulary has not. As many scores as words.
    #[must_use]
    pub fn bias(&self, scores: &[f32], vocabulary: &Vocabulary) -> Bias {
        if self.search_weight == 0.0 {
            return Bias::default();
        }
        let pairs = self.words.iter().zip(scores);
        Bias::of(pairs.filter_map(|(word, score)| Some((vocabulary.id(word)?, self.search_weight * score))))
    }

    /// Whether the words are in order, and none is there twice.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.words.is_sorted_by(|one, next| one < next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenId;

    fn section(words: &[&str]) -> EvidenceSection {
        EvidenceSection {
            output: "evidence".to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            search_weight: 0.0,
            fit: EvidenceFit::default(),
        }
    }

    #[test]
    fn the_mean_of_the_words_that_are_known() {
        let section = section(&["cat", "dog", "runs"]);
        let scores = [-2.0, 3.0, 1.0];
        for (text, due) in [
            ("a dog runs", 2.0),
            ("a dog chases a dog", 3.0),
            ("a cat and a dog", 0.5),
            ("a horse", 0.0),
            ("", 0.0),
            ("a Dog", 0.0),
        ] {
            let found = section.of_text(&scores, text);
            assert!((found - due).abs() < 1e-6, "{text:?}: {found}");
        }
        assert!(section.of_text(&[1.0], "a cat runs") - 1.0 < 1e-6, "scores that are not there are no panic");
    }

    #[test]
    fn the_search_gets_a_part_of_it() {
        let vocabulary =
            Vocabulary::from_text("<pad>\n<start>\n<end>\n<unk>\ndog\ncat\n").expect("a vocabulary");
        let plain = section(&["cat", "dog", "runs"]);
        assert_eq!(plain.bias(&[-2.0, 3.0, 1.0], &vocabulary), Bias::default());
        let weighed = EvidenceSection { search_weight: 0.5, ..plain };
        let due = Bias::of([(TokenId(4), 1.5), (TokenId(5), -1.0)]);
        assert_eq!(weighed.bias(&[-2.0, 3.0, 1.0], &vocabulary), due, "runs is no word of it");
        assert_eq!(weighed.bias(&[], &vocabulary), Bias::default());
    }

    #[test]
    fn words_are_in_order() {
        for (words, due) in [(&["a", "b"][..], true), (&["b", "a"], false), (&["a", "a"], false), (&[], true)]
        {
            assert_eq!(section(words).is_sorted(), due, "{words:?}");
        }
    }
}
