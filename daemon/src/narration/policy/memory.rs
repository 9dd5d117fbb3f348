//! What a narration has said, and whether a further sentence says enough that is new. Pure.

use std::{collections::BTreeSet, time::Duration};

use crate::retell;

/// How long what was said before the last thing is not said again.
pub(super) const REMEMBERED: Duration = Duration::from_secs(30);
/// What says less that is new than this share of its words is known.
const NEW_WORDS: f32 = 0.4;
/// The same of the words for the subject alone: a dog on the sofa is not the cat that was there.
const NEW_SUBJECT: f32 = 0.5;

/// Something that was said: the words that carry it.
#[derive(Debug)]
struct Said {
    at: Duration,
    content: BTreeSet<String>,
    /// Whether it was the subject alone, of more that was to be said.
    in_short: bool,
}

/// What was said, oldest first.
#[derive(Debug, Default)]
pub(super) struct Memory {
    said: Vec<Said>,
}

impl Memory {
    /// Keeps what is being said, and forgets what is past.
    pub(super) fn keep(&mut self, at: Duration, content: BTreeSet<String>, in_short: bool) {
        self.said.retain(|said| at.saturating_sub(said.at) < REMEMBERED);
        self.said.push(Said { at, content, in_short });
    }

    /// Whether a sentence says too little that was not said just before, or a short time ago.
    pub(super) fn knows(&self, at: Duration, content: &BTreeSet<String>, subject: &BTreeSet<String>) -> bool {
        let newest = self.said.len().saturating_sub(1);
        self.said.iter().enumerate().any(|(index, said)| {
            let counts = index == newest || at.saturating_sub(said.at) < REMEMBERED;
            // What follows on its subject alone is the rest, however little it is.
            let is_rest = index == newest && said.in_short && !content.is_subset(&said.content);
            counts
                && !is_rest
                && share_of_new(content, said) < NEW_WORDS
                && share_of_new(subject, said) < NEW_SUBJECT
        })
    }
}

/// The words that carry a sentence, without the endings in which "sits" and "is sitting" differ.
pub(super) fn content(sentence: &str) -> BTreeSet<String> {
    let without_ending = |word: String| {
        let endings = ["ing", "es", "ed", "s"];
        let stem = endings.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(&word);
        let letters = stem.as_bytes();
        match letters {
            _ if letters.len() < 3 || !stem.is_ascii() => word,
            [.., one, other] if one == other => stem[..stem.len() - 1].to_owned(),
            _ => stem.to_owned(),
        }
    };
    retell::content(sentence).into_iter().map(without_ending).collect()
}

fn share_of_new(words: &BTreeSet<String>, said: &Said) -> f32 {
    let new = words.difference(&said.content).count();
    new as f32 / words.len().max(1) as f32
}
