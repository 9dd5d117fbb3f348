//! The words of a bundle that a run goes on with: all of them, or those that its captions have often enough. A word that is
//! never said costs a row of the largest matrix of all in the file, and a product at every step of the search.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use descry_models::{TokenId, Vocabulary};
use ndarray::{ArrayD, Axis};

use crate::vocabulary::SPECIAL;

/// What has a row for each word: the words' vectors, and the biases of the output.
const BY_WORD: [&str; 2] = ["decoder.embedding.weight", "decoder.output.bias"];

/// The numbers of a vocabulary's words that go on, rising; the special ones always do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept(Vec<usize>);

impl Kept {
    /// All words.
    #[must_use]
    pub fn all(vocabulary: &Vocabulary) -> Self {
        Self((0..vocabulary.len()).collect())
    }

    /// The words that `captions` have at least `minimum_count` times.
    #[must_use]
    pub fn frequent(vocabulary: &Vocabulary, captions: &[Vec<String>], minimum_count: usize) -> Self {
        let mut counts = HashMap::<&str, usize>::new();
        for word in captions.iter().flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let is_kept = |number: &usize| {
            vocabulary.word(TokenId(*number as u32)).is_none_or(|word| {
                SPECIAL.contains(&word) || counts.get(word).is_some_and(|count| *count >= minimum_count)
            })
        };
        Self((0..vocabulary.len()).filter(is_kept).collect())
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// A run's vocabulary.txt: word for word, so that tokens keep their order, and their numbers where all are kept.
    #[must_use]
    pub fn text(&self, vocabulary: &Vocabulary) -> String {
        let words = self.0.iter().filter_map(|number| vocabulary.word(TokenId(*number as u32)));
        words.fold(String::new(), |text, word| text + word + "\n")
    }

    /// A bundle's weights, without the rows of other words.
    pub fn narrow(&self, weights: &mut BTreeMap<String, ArrayD<f32>>) -> Result<()> {
        for name in BY_WORD {
            let weight = weights.get_mut(name).with_context(|| format!("there is no weight {name:?}"))?;
            *weight = weight.select(Axis(0), &self.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::from_text("<pad>\n<start>\n<end>\n<unk>\na\ndog\nkangaroo\ncat\n").expect("a vocabulary")
    }

    fn captions() -> Vec<Vec<String>> {
        ["a dog and a cat", "a dog", "a kangaroo", "a cat runs"]
            .map(|text| text.split(' ').map(str::to_owned).collect())
            .to_vec()
    }

    #[test]
    fn words_are_kept_that_are_frequent_enough_and_the_special_ones() {
        let vocabulary = vocabulary();
        for (minimum_count, words) in
            [(1, "a\ndog\nkangaroo\ncat\n"), (2, "a\ndog\ncat\n"), (3, "a\n"), (6, "")]
        {
            let kept = Kept::frequent(&vocabulary, &captions(), minimum_count);
            assert_eq!(kept.text(&vocabulary), format!("<pad>\n<start>\n<end>\n<unk>\n{words}"));
            assert_eq!(kept.count(), 4 + words.lines().count());
        }
        assert_eq!(Kept::all(&vocabulary).count(), 8);
    }

    #[test]
    fn rows_go_with_their_words() {
        let kept = Kept::frequent(&vocabulary(), &captions(), 2);
        let rows =
            |width: usize| ArrayD::from_shape_fn(vec![8, width], |at| at[0] as f32 + 0.5 * at[1] as f32);
        let bias = ArrayD::from_shape_fn(vec![8], |at| at[0] as f32);
        let mut weights = BTreeMap::from([
            (BY_WORD[0].to_owned(), rows(2)),
            (BY_WORD[1].to_owned(), bias),
            ("decoder.deep.weight".to_owned(), rows(3)),
        ]);
        kept.narrow(&mut weights).expect("narrowed");
        assert_eq!(weights[BY_WORD[0]].shape(), [7, 2]);
        assert_eq!(weights[BY_WORD[0]][[6, 1]].to_bits(), 7.5_f32.to_bits(), "the cat's");
        assert_eq!(
            weights[BY_WORD[1]].iter().copied().collect::<Vec<_>>(),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0]
        );
        assert_eq!(weights["decoder.deep.weight"].shape(), [8, 3], "what is not by word stays");
        assert!(kept.narrow(&mut BTreeMap::new()).is_err());
    }
}
