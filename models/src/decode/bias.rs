//! What something besides the network says for and against words, while the sentence is being made.

use crate::TokenId;

/// Nats that are added to words' log probabilities where sentences are compared (shallow fusion: Gulcehre et al. 2015, "On
/// Using Monolingual Corpora in Neural Machine Translation", with what is seen in the place of what is usually said).
///
/// A word gets it once, however often a sentence says it: a thing that is surely there is still one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bias {
    /// By token; what is beyond the end gets nothing.
    by_token: Vec<f32>,
    /// The greatest of them, at least 0.
    greatest: f32,
}

impl Bias {
    /// Of tokens with their nats; any other token gets nothing, nor does one whose nats are no finite number.
    #[must_use]
    pub fn of(nats: impl IntoIterator<Item = (TokenId, f32)>) -> Self {
        let mut bias = Self::default();
        for (token, nats) in nats.into_iter().filter(|(_, nats)| nats.is_finite()) {
            let place = token.0 as usize;
            if bias.by_token.len() <= place {
                bias.by_token.resize(place + 1, 0.0);
            }
            bias.by_token[place] = nats;
            bias.greatest = bias.greatest.max(nats);
        }
        bias
    }

    /// What the token gets behind these words.
    pub(super) fn behind(&self, words: &[TokenId], token: TokenId) -> f32 {
        let first = self.by_token.get(token.0 as usize).copied().unwrap_or(0.0);
        if first == 0.0 || words.contains(&token) { 0.0 } else { first }
    }

    /// The most that a word may get.
    pub(super) fn greatest(&self) -> f32 {
        self.greatest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gets_it_once_and_others_nothing() {
        let token = TokenId;
        let bias =
            Bias::of([(token(5), 1.5), (token(2), -0.5), (token(9), f32::NAN), (token(3), f32::INFINITY)]);
        for (words, next, due) in [
            (&[][..], 5, 1.5),
            (&[token(4), token(2)], 5, 1.5),
            (&[token(5), token(4)], 5, 0.0),
            (&[], 2, -0.5),
            (&[], 4, 0.0),
            (&[], 9, 0.0),
            (&[], 3, 0.0),
            (&[], 4_000_000_000, 0.0),
        ] {
            let found = bias.behind(words, token(next));
            assert!((found - due).abs() < 1e-6, "{words:?}, {next}: {found}");
        }
        assert!((bias.greatest() - 1.5).abs() < 1e-6);
        let against = Bias::of([(token(1), -3.0)]);
        assert!(against.greatest().abs() < 1e-6 && Bias::default().greatest().abs() < 1e-6);
    }
}
