//! How things are worded. Pure: all that a person hears or reads of a caption or a failure passes through here.

use descry_models::Caption;

use crate::failure::Failure;

/// A caption in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The caption as a sentence.
    pub text: String,
    /// What is said aloud.
    pub spoken: String,
    /// The other captions as sentences.
    pub alternatives: Vec<String>,
}

/// Words a caption.
///
/// A confidence that is not calibrated says nothing that a person could rely on, so it changes no word yet: what is
/// said is the sentence itself. Doubt will be put into words here, and not into a constant prefix, which nobody hears
/// after a day.
#[must_use]
pub fn word(caption: &Caption) -> Wording {
    let text = sentence(&caption.text);
    let alternatives = caption.alternatives.iter().map(|alternative| sentence(alternative)).collect();
    Wording { spoken: text.clone(), text, alternatives }
}

/// What is said and written when a request ends without a description.
#[must_use]
pub fn word_failure(failure: &Failure) -> String {
    sentence(&format!("I can't describe the picture: {failure}"))
}

/// Words as a sentence: a capital at its start, a full stop at its end, single spaces between.
#[must_use]
pub fn sentence(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    let Some(first) = characters.next() else { return String::new() };
    let mut sentence: String = first.to_uppercase().chain(characters).collect();
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceError;

    #[test]
    fn words_become_a_sentence() {
        for (words, expected) in [
            ("a dog runs on the grass", "A dog runs on the grass."),
            ("A dog.", "A dog."),
            ("  two   dogs ", "Two dogs."),
            ("is it a dog?", "Is it a dog?"),
            ("über den wolken", "Über den wolken."),
            ("", ""),
            (" ", ""),
        ] {
            assert_eq!(sentence(words), expected);
        }
    }

    #[test]
    fn a_failure_says_what_is_wrong() {
        assert_eq!(
            word_failure(&Failure::Source(SourceError::CutOff("JPEG"))),
            "I can't describe the picture: the JPEG picture is cut off: its end is missing."
        );
    }
}
