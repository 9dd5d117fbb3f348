//! Which words of an utterance are in another language than the rest, so that a voice of that language says them. Pure.
//!
//! Captions are in the model's language and stand in sentences in the person's. They are put into those as they are, but for
//! their capital and full stop, and where a sentence or a colon has just ended: so they are found again by looking for
//! them there. That keeps every sentence a plain text, with no marks in it that would have to be taken out wherever it is
//! shown, sent or kept.

use super::clean;
use crate::words::Language;

/// Words in another language than the person's, as they may stand in an utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The words, with or without their capital and full stop.
    pub words: String,
    /// Their language, as in "en".
    pub language: String,
}

/// A stretch of an utterance in one language, cleaned for speech.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// What is said.
    pub text: String,
    /// Its language, where that is another one than the person's.
    pub language: Option<String>,
}

/// Marks after which a quote may begin.
const BEFORE: [char; 5] = ['.', '!', '?', '…', ':'];

/// Marks that end a sentence, and go with the quote that they follow.
const ENDS: [char; 4] = ['.', '!', '?', '…'];

/// Parts a text where its language changes. `language` is that of the rest. There is always a passage, which is empty where
/// nothing can be said.
#[must_use]
pub fn passages(text: &str, quotes: &[Quote], language: Language) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut push = |text: &str, tongue: Option<&str>| {
        let language = tongue.map_or(language, |tag| Language::of_tag(tag).unwrap_or_default());
        let text = clean::for_speech(text, language);
        if text.chars().any(char::is_alphanumeric) {
            passages.push(Passage { text, language: tongue.map(str::to_owned) });
        }
    };
    let (mut said, mut at) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let quote = if may_begin(&text[..at]) { longest(&text[at..], quotes) } else { None };
        if let Some((quote, length)) = quote {
            push(&text[said..at], None);
            push(&text[at..at + length], Some(&quote.language));
            at += length;
            said = at;
        } else {
            at += found.len_utf8();
        }
    }
    push(&text[said..], None);
    if passages.is_empty() {
        // Marks alone, or nothing: whoever speaks makes of it what they can.
        passages.push(Passage { text: clean::for_speech(text, language), language: None });
    }
    passages
}

/// Whether a quote may begin after what stands before it.
fn may_begin(before: &str) -> bool {
    let bare = before.trim_end();
    bare.is_empty() || (bare.len() < before.len() && bare.ends_with(BEFORE))
}

/// The longest quote with which a text begins, and the bytes that it takes with its full stop.
fn longest<'a>(text: &str, quotes: &'a [Quote]) -> Option<(&'a Quote, usize)> {
    let lengths =
        quotes.iter().filter_map(|quote| begins_with(text, &quote.words).map(|length| (quote, length)));
    lengths.max_by_key(|(_, length)| *length)
}

fn begins_with(text: &str, words: &str) -> Option<usize> {
    let words = words.trim().trim_end_matches(ENDS);
    let (mut own, mut wanted) = (text.chars(), words.chars());
    let (first, wanted_first) = (own.next()?, wanted.next()?);
    let is_first = first == wanted_first || first.to_lowercase().eq(wanted_first.to_lowercase());
    let rest = own.as_str().strip_prefix(wanted.as_str()).filter(|_| is_first)?;
    // A word must not go on, and a sentence not either.
    let after = rest.trim_start_matches(ENDS);
    let ends = after.is_empty() || (after.len() < rest.len() && after.starts_with(char::is_whitespace));
    ends.then_some(text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotes() -> Vec<Quote> {
        let quote = |words: &str| Quote { words: words.to_owned(), language: "en".to_owned() };
        ["A man.", "a man in a shirt", "Men.", "A cat sits."].map(quote).into()
    }

    fn parted(text: &str) -> Vec<(String, Option<String>)> {
        let parted = passages(text, &quotes(), Language::German);
        parted.into_iter().map(|passage| (passage.text, passage.language)).collect()
    }

    #[test]
    fn what_is_quoted_is_found_where_it_stands() {
        for (text, expected) in [
            ("Auf Englisch: a man in a shirt.", &[("Auf Englisch:", ""), ("a man in a shirt.", "en")][..]),
            (
                "Vielleicht, auf Englisch: a man in a shirt. Das Bild ist dunkel.",
                &[
                    ("Vielleicht, auf Englisch:", ""),
                    ("a man in a shirt.", "en"),
                    ("Das Bild ist dunkel.", ""),
                ],
            ),
            (
                "Es könnte auch sein, auf Englisch: A cat sits. Oder: A man.",
                &[
                    ("Es könnte auch sein, auf Englisch:", ""),
                    ("A cat sits.", "en"),
                    ("Oder:", ""),
                    ("A man.", "en"),
                ],
            ),
            ("A man in a shirt.", &[("A man in a shirt.", "en")]),
            // One that is a German word too, or goes on, or stands within a sentence, is not one.
            ("Bei Regen geht men nicht.", &[("Bei Regen geht men nicht.", "")]),
            ("Auf Englisch: a manor.", &[("Auf Englisch: a manor.", "")]),
            ("Auf Englisch: a man on a horse.", &[("Auf Englisch: a man on a horse.", "")]),
            ("Text:a man", &[("Text:a man", "")]),
            ("", &[("", "")]),
            ("...", &[("...", "")]),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|(text, tongue)| {
                    ((*text).to_owned(), Some((*tongue).to_owned()).filter(|tag| !tag.is_empty()))
                })
                .collect();
            assert_eq!(parted(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_said_twice() {
        let pieces = ["a man", " in a shirt", ".", ": ", " ", "Men", "ä", "犬", "A cat sits", "…", "A man"];
        let mut state = 5_u64;
        for _ in 0..5000 {
            let mut text = String::new();
            for _ in 0..9 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let letters = |text: &str| text.chars().filter(|char| char.is_alphanumeric()).collect::<String>();
            let said: String = parted(&text).into_iter().map(|(text, _)| letters(&text)).collect();
            assert_eq!(said, letters(&text), "{text:?}");
        }
    }
}
