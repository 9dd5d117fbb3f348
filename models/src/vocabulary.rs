//! Words and their tokens: line number of `vocabulary.txt`, counted from 0, is the token.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{VocabularyError, manifest::MAXIMUM_VOCABULARY};

/// The line of the special token that fills up short sentences in training.
pub const PAD: &str = "<pad>";
/// The line of the special token that is fed before the first word.
pub const START: &str = "<start>";
/// The line of the special token that follows the last word.
pub const END: &str = "<end>";
/// The line of the special token that stood for rare words in training.
pub const UNKNOWN: &str = "<unk>";

/// A word, as the network knows it: its line in the vocabulary, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub u32);

impl TokenId {
    /// The token as an index into a row of logits.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The tokens that are no words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Fills up short sentences in training.
    pub pad: TokenId,
    /// Is fed before the first word.
    pub start: TokenId,
    /// Follows the last word.
    pub end: TokenId,
    /// Stood for rare words in training.
    pub unknown: TokenId,
}

impl SpecialTokens {
    /// Whether the token is one of the four.
    #[must_use]
    pub fn contains(&self, token: TokenId) -> bool {
        [self.pad, self.start, self.end, self.unknown].contains(&token)
    }
}

/// Every word that a model can say, by token, and every token by word.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    words: Vec<String>,
    tokens: HashMap<String, TokenId>,
    special: SpecialTokens,
}

impl Vocabulary {
    /// Reads a vocabulary: UTF-8, one word on each line, lines ended by LF; the special tokens are ordinary lines.
    pub fn from_text(text: &str) -> Result<Self, VocabularyError> {
        let mut words = Vec::new();
        let mut tokens = HashMap::new();
        for (index, word) in text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate() {
            if index == MAXIMUM_VOCABULARY {
                return Err(VocabularyError::TooLarge(MAXIMUM_VOCABULARY));
            }
            if word.is_empty() || word.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
                return Err(VocabularyError::NotAWord { line: index + 1 });
            }
            if let Some(first) = tokens.insert(word.to_owned(), TokenId(index as u32)) {
                let (word, first) = (word.to_owned(), first.index() + 1);
                return Err(VocabularyError::Repeated { word, first, second: index + 1 });
            }
            words.push(word.to_owned());
        }
        let token = |name| tokens.get(name).copied().ok_or(VocabularyError::NoSpecialToken(name));
        let special = SpecialTokens {
            pad: token(PAD)?,
            start: token(START)?,
            end: token(END)?,
            unknown: token(UNKNOWN)?,
        };
        Ok(Self { words, tokens, special })
    }

    /// The word of a token; none outside the vocabulary.
    #[must_use]
    pub fn word(&self, token: TokenId) -> Option<&str> {
        self.words.get(token.index()).map(String::as_str)
    }

    /// The token of a word; none for a word that the model does not know.
    #[must_use]
    pub fn id(&self, word: &str) -> Option<TokenId> {
        self.tokens.get(word).copied()
    }

    /// How many words, the special tokens among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word: never so, since the special tokens are words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The tokens that are no words.
    #[must_use]
    pub fn special(&self) -> SpecialTokens {
        self.special
    }

    /// The sentence that the tokens spell, without special tokens and tokens outside the vocabulary.
    ///
    /// The tokeniser of the Penn Treebank cuts `man's` into `man 's` and `doesn't` into `does n't`; such ends are
    /// joined to the word before them again.
    #[must_use]
    pub fn text(&self, tokens: &[TokenId]) -> String {
        let mut text = String::new();
        for token in tokens.iter().filter(|token| !self.special.contains(**token)) {
            let Some(word) = self.word(*token) else { continue };
            if !text.is_empty() && !is_clitic(word) {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }
}

/// Whether the word is the cut-off end of the word before it.
fn is_clitic(word: &str) -> bool {
    matches!(word, "n't" | "'s" | "'re" | "'ve" | "'ll" | "'d" | "'m" | "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "<pad>\n<start>\n<end>\n<unk>\na\nman\n's\nhat\ndoes\nn't\nfit\n";

    #[test]
    fn reads_lines_as_tokens() {
        let vocabulary = Vocabulary::from_text(WORDS).expect("a vocabulary");
        assert_eq!(vocabulary.len(), 11);
        assert!(!vocabulary.is_empty());
        assert_eq!(vocabulary.id("man"), Some(TokenId(5)));
        assert_eq!(vocabulary.word(TokenId(5)), Some("man"));
        assert_eq!(vocabulary.word(TokenId(11)), None);
        assert_eq!(vocabulary.id("woman"), None);
        let special = vocabulary.special();
        assert_eq!([special.pad.0, special.start.0, special.end.0, special.unknown.0], [0, 1, 2, 3]);
        // The last line may lack its end.
        assert_eq!(Vocabulary::from_text(WORDS.trim_end()).expect("a vocabulary").len(), 11);
    }

    #[test]
    fn spells_sentences() {
        let vocabulary = Vocabulary::from_text(WORDS).expect("a vocabulary");
        let cases: [(&[&str], &str); 5] = [
            (&[], ""),
            (&["a", "man"], "a man"),
            (&["<start>", "a", "man", "'s", "hat", "<end>"], "a man's hat"),
            (&["a", "hat", "does", "n't", "fit"], "a hat doesn't fit"),
            (&["'s", "<unk>", "a"], "'s a"),
        ];
        for (words, text) in cases {
            let mut tokens: Vec<_> = words.iter().map(|word| vocabulary.id(word).expect("a word")).collect();
            tokens.push(TokenId(999));
            assert_eq!(vocabulary.text(&tokens), text);
        }
    }

    #[test]
    fn names_what_is_wrong() {
        let cases = [
            ("", "line 1 is not one word"),
            ("<pad>\n\n<start>\n", "line 2 is not one word"),
            ("<pad>\ntwo words\n", "line 2 is not one word"),
            ("<pad>\r\n<start>\r\n", "line 1 is not one word"),
            ("<pad>\na\na\n", "the word \"a\" stands on line 2 and again on line 3"),
            ("<pad>\n<start>\n<end>\na\n", "the special token <unk> is missing"),
        ];
        for (text, message) in cases {
            assert_eq!(Vocabulary::from_text(text).expect_err(text).to_string(), message);
        }
    }
}
