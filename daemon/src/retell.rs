//! Telling once more what was told: the same, more of it, or differently. Pure, like `wording`.
//!
//! Hearing a second sentence of the same picture is what lets a listener notice that the first may be wrong. So what is
//! told differently has to differ in what it says, not only in its little words.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use descry_models::{Band, Tag};

use crate::{
    description::Description,
    screen_description,
    wording::in_language,
    words::{Language, Message, message},
};

/// How a description is told once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As it was.
    Repeat,
    /// With all else that is known.
    Elaborate,
    /// In the next other words that the model found.
    Rephrase,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retold {
    /// The sentence about the picture that it is about.
    pub text: String,
    /// What is said aloud.
    pub spoken: String,
}

/// Words that change nothing about what a picture shows.
const LITTLE_WORDS: [&str; 28] = [
    "a", "an", "and", "are", "at", "be", "being", "by", "for", "from", "her", "his", "in", "is", "it", "its",
    "of", "on", "some", "that", "the", "their", "there", "this", "to", "was", "were", "with",
];

/// What is not older than this is not counted in seconds.
const RECENT: Duration = Duration::from_secs(30);

/// As it was told.
#[must_use]
pub fn repeat(description: &Description) -> Retold {
    Retold { text: description.text.clone(), spoken: description.spoken.clone() }
}

/// With the other sentences, how sure the model is, and how long ago it was.
#[must_use]
pub fn elaborate(description: &Description, now: SystemTime, language: Language) -> Retold {
    let say = |message: Message| message.in_language(language);
    let when = say(message!("retell-when", age = age(description.captured_at, now)));
    if let Some(parts) = &description.screen {
        // Of a screen there is more to read, and no other way to see it.
        let spoken = format!("{} {when}", screen_description::word(parts, true, language));
        return Retold { text: description.text.clone(), spoken };
    }
    let mut parts = vec![description.spoken.clone()];
    let others = others(description);
    if let Some((first, rest)) = others.split_first() {
        let tongue = in_language(&description.language, language);
        parts.push(say(if is_untold(description) {
            message!("retell-guess", language = tongue, caption = *first)
        } else {
            message!("retell-could-be", language = tongue, caption = *first)
        }));
        parts.extend(rest.iter().map(|other| say(message!("retell-or", caption = *other))));
    } else {
        parts.push(say(message!("retell-nothing-else")));
    }
    if !is_untold(description) {
        let told = parts.join(" ");
        let more = may_show(&description.tags, &told, &description.language, language);
        parts.extend(more.map(say));
    }
    let percent = (f64::from(description.confidence) * 100.0).round();
    parts.push(say(match description.band {
        Band::High => message!("retell-sure", percent = percent),
        Band::Middle => message!("retell-less-sure", percent = percent),
        Band::Low | Band::None => message!("retell-unsure", percent = percent),
    }));
    parts.push(when);
    Retold { text: description.text.clone(), spoken: parts.join(" ") }
}

/// The most tags that are told.
const MOST_TAGS: usize = 3;

/// What else is to be seen, as far as it is sure and was not told already; in the language of the captions.
#[must_use]
pub fn may_show(tags: &[Tag], told: &str, caption_language: &str, language: Language) -> Option<Message> {
    let told: BTreeSet<String> = content(told).iter().map(|word| singular(word)).collect();
    let is_told = |tag: &Tag| content(&tag.name).iter().all(|word| told.contains(&singular(word)));
    let new = tags.iter().filter(|tag| tag.is_sure && !is_told(tag)).take(MOST_TAGS);
    let things: Vec<&str> = new.map(|tag| tag.name.as_str()).collect();
    if things.is_empty() {
        return None;
    }
    let tongue = in_language(caption_language, language);
    Some(message!("retell-may-show", language = tongue, things = things.join(", ")))
}

/// A word without the ending that most plurals have.
fn singular(word: &str) -> String {
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

/// In other words: those of the given turn, counted from 1. After the last ones the first come again.
#[must_use]
pub fn rephrase(description: &Description, turn: usize, language: Language) -> Retold {
    let others = others(description);
    let spoken = &description.spoken;
    let (text, told) = if others.is_empty() {
        (description.text.as_str(), message!("retell-no-other-words", spoken = spoken))
    } else if let Some(other) = others.get(turn.saturating_sub(1) % (others.len() + 1)) {
        let tongue = in_language(&description.language, language);
        // What the first sentence was too unsure for, the others are as well.
        let told = if is_untold(description) {
            message!("retell-guess", language = tongue, caption = *other)
        } else {
            message!("retell-perhaps", language = tongue, caption = *other)
        };
        (*other, told)
    } else {
        (description.text.as_str(), message!("retell-no-more-words", spoken = spoken))
    };
    Retold { text: text.to_owned(), spoken: told.in_language(language) }
}

/// Whether the sentence itself was kept back.
fn is_untold(description: &Description) -> bool {
    description.band == Band::None
}

/// The sentences that say something else than what was told and than each other, best first.
fn others(description: &Description) -> Vec<&str> {
    let all = std::iter::once(&description.text).chain(&description.alternatives);
    let mut told: Vec<BTreeSet<String>> = Vec::new();
    let mut others = Vec::new();
    for (index, sentence) in all.enumerate() {
        let content = content(sentence);
        if content.is_empty() || told.contains(&content) {
            continue;
        }
        told.push(content);
        if index > 0 || is_untold(description) {
            others.push(sentence.as_str());
        }
    }
    others
}

/// The words that carry a sentence.
pub(crate) fn content(sentence: &str) -> BTreeSet<String> {
    let words = sentence.split(|character: char| !character.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| !word.is_empty() && !LITTLE_WORDS.contains(&word.as_str())).collect()
}

/// How long ago something was, in words.
#[must_use]
pub fn age(then: SystemTime, now: SystemTime) -> Message {
    // A clock that went back is no reason to speak of the future.
    let age = now.duration_since(then).unwrap_or_default();
    if age < RECENT {
        return message!("retell-age-now");
    }
    match age.as_secs() {
        seconds @ ..60 => message!("retell-age-seconds", count = seconds),
        seconds @ 60..3600 => message!("retell-age-minutes", count = seconds / 60),
        seconds => message!("retell-age-hours", count = seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        description::example,
        frame::{Screen, View},
        screen_description::Parts,
        screen_text::{Paragraph, ScreenText},
    };

    const ENGLISH: Language = Language::English;

    #[test]
    fn in_another_language_captions_stay_and_say_so() {
        let description = example("A dog runs.", &["A cat sits.", "A fox sleeps."]);
        let then = description.captured_at + Duration::from_mins(2);
        assert_eq!(
            elaborate(&description, then, Language::German).spoken,
            "A dog runs. Es könnte auch sein, auf Englisch: A cat sits. Oder: A fox sleeps. \
             Das Modell ist nicht sehr sicher: 50 Prozent. Das war vor 2 Minuten."
        );
        let told = rephrase(&description, 1, Language::German);
        assert_eq!(told.spoken, "Oder vielleicht, auf Englisch: A cat sits.");
        assert_eq!(told.text, "A cat sits.");
    }

    #[test]
    fn what_is_told_differently_says_something_else() {
        let description = example(
            "A dog runs on the grass.",
            &["The dog runs on a grass.", "A dog is in the grass.", "Dog on grass.", "A cat sits."],
        );
        let spoken = |turn| rephrase(&description, turn, ENGLISH).spoken;
        assert_eq!(spoken(1), "Or perhaps: A dog is in the grass.");
        assert_eq!(spoken(2), "Or perhaps: A cat sits.");
        assert_eq!(spoken(3), "I have no more words for it. Again: A dog runs on the grass.");
        assert_eq!(spoken(4), spoken(1));
        assert_eq!(rephrase(&description, 1, ENGLISH).text, "A dog is in the grass.");
        assert_eq!(rephrase(&description, 3, ENGLISH).text, "A dog runs on the grass.");

        let alone = example("A dog runs.", &["The dog runs."]);
        assert_eq!(rephrase(&alone, 1, ENGLISH).spoken, "I have no other words for it. A dog runs.");
        assert_eq!(repeat(&alone).spoken, "A dog runs.");
    }

    #[test]
    fn what_else_is_to_be_seen_is_told_once() {
        let tag = |name: &str, is_sure| Tag { name: name.to_owned(), probability: 0.9, is_sure };
        let mut description = example("Two dogs run.", &["A cat sits."]);
        description.tags = ["dog", "cat", "tennis ball", "crane (bird)", "harbor", "tie"]
            .map(|name| tag(name, true))
            .to_vec();
        description.tags.insert(2, tag("teapot", false));
        let then = description.captured_at;
        let told = elaborate(&description, then, ENGLISH).spoken;
        assert!(told.contains(" It may also show: tennis ball, crane (bird), harbor. The model"), "{told}");
        let told = elaborate(&description, then, Language::German).spoken;
        assert!(told.contains(" Vielleicht ist auch zu sehen, auf Englisch: tennis ball, crane"), "{told}");
        description.tags.truncate(3);
        let told = elaborate(&description, then, ENGLISH).spoken;
        assert!(!told.contains("may also"), "{told}");
        description.tags = vec![tag("harbor", true)];
        description.band = Band::None;
        let told = elaborate(&description, then, ENGLISH).spoken;
        assert!(!told.contains("harbor"), "where nothing can be told, nothing is added: {told}");
    }

    /// A screen with more text than is said at first.
    fn long_screen() -> Parts {
        let lines = (0..=100).map(|number| format!("word {number}")).collect();
        let (application, window) = (Some("Editor".to_owned()), None);
        Parts {
            screen: Screen {
                view: View::Window,
                application,
                window,
                focus: None,
                is_idle: false,
                monitors: Vec::new(),
            },
            size: (640, 480),
            text: Ok(ScreenText { paragraphs: vec![Paragraph { lines }] }),
            pictures: Vec::new(),
            further_pictures: 0,
            picture_problem: None,
        }
    }

    #[test]
    fn more_is_all_that_is_known() {
        let description = example("A dog runs.", &["A cat sits.", "A fox sleeps."]);
        let told = |seconds| {
            elaborate(&description, description.captured_at + Duration::from_secs(seconds), ENGLISH)
        };
        let all = "A dog runs. It could also be: A cat sits. Or: A fox sleeps. \
                   The model is not very sure of it: 50 percent. That was";
        assert_eq!(told(0).spoken, format!("{all} just now."));
        assert_eq!(told(0).text, "A dog runs.");
        for (seconds, age) in
            [(45, "45 seconds"), (60, "1 minute"), (7199, "1 hour"), (7200, "2 hours"), (90_000, "25 hours")]
        {
            assert_eq!(told(seconds).spoken, format!("{all} {age} ago."));
        }
        let mut unsure = example("A dog runs.", &["A cat sits."]);
        unsure.band = Band::None;
        unsure.spoken = "I can't tell.".to_owned();
        let told = elaborate(&unsure, unsure.captured_at, ENGLISH).spoken;
        assert!(
            told.starts_with("I can't tell. A guess, which is likely wrong: A dog runs. Or: A cat sits."),
            "{told}"
        );
        assert_eq!(rephrase(&unsure, 1, ENGLISH).spoken, "A guess, which is likely wrong: A dog runs.");
        assert_eq!(rephrase(&unsure, 2, ENGLISH).spoken, "A guess, which is likely wrong: A cat sits.");
        assert_eq!(rephrase(&unsure, 3, ENGLISH).spoken, "I have no more words for it. Again: I can't tell.");

        let mut screen = example("Editor.", &[]);
        screen.screen = Some(long_screen());
        let told = elaborate(&screen, screen.captured_at, ENGLISH).spoken;
        assert!(told.contains("word 99 ") && told.ends_with("That was just now."), "{told}");

        let alone = example("A dog runs.", &[]);
        assert!(elaborate(&alone, SystemTime::UNIX_EPOCH, ENGLISH).spoken.contains("nothing else"));
    }
}
