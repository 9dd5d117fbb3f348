//! `descry check`: tries every part that a person needs, and says of each whether it works and else what to do.
//!
//! One part is one line, which begins with its name and goes on with "works" or "does not work", so that a screen reader
//! says first what matters. There is no table and no colour.

mod tried;

use std::io::{self, Write};

use serde::Serialize;

use super::arguments::Check;
use crate::{
    wording,
    words::{Language, Message, message},
};
use tried::Name;

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It does what it is for.
    Works,
    /// It is not there, and not needed by everyone.
    Missing,
    /// It is there or is needed, and does not work.
    Fails,
}

/// A part, and what was found.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    name: Name,
    state: State,
    /// Whether Descry is of no use without it.
    is_needed: bool,
    /// What was found, and what to do about it: words without capital and full stop.
    words: Message,
}

impl Part {
    /// A part that everyone needs.
    fn needed(name: Name, result: Result<Message, Message>) -> Self {
        let (state, words) = match result {
            Ok(words) => (State::Works, words),
            Err(words) => (State::Fails, words),
        };
        Self { name, state, is_needed: true, words }
    }

    /// A part that some do without.
    fn optional(name: Name, result: Result<Message, (State, Message)>) -> Self {
        let (state, words) = result.map_or_else(|failed| failed, |words| (State::Works, words));
        Self { name, state, is_needed: false, words }
    }

    fn line(&self, language: Language) -> String {
        let (part, words) = (self.name.message(), wording::words_in(&self.words, language));
        let line = match self.state {
            State::Works => message!("check-works", part = part, words = words),
            State::Missing => message!("check-missing", part = part, words = words),
            State::Fails => message!("check-fails", part = part, words = words),
        };
        line.in_language(language)
    }
}

/// The JSON object of all parts; its fields are the command's contract.
#[derive(Serialize)]
struct Report {
    works: bool,
    parts: Vec<PartLine>,
}

/// A part in it.
#[derive(Serialize)]
struct PartLine {
    /// In English, whatever the language of the text is.
    part: String,
    state: &'static str,
    needed: bool,
    text: String,
}

/// Whether all works that is needed.
fn all_works(parts: &[Part]) -> bool {
    parts.iter().all(|part| part.state == State::Works || !part.is_needed)
}

/// Tries all parts and prints what was found. `true` when all works that is needed.
pub(super) async fn run(arguments: &Check) -> io::Result<bool> {
    let mut out = io::stdout();
    let language = tried::language();
    let mut parts = Vec::new();
    // Each line is printed once it is known: some parts take seconds, and silence tells nothing.
    for name in tried::ALL {
        let part = tried::try_part(name).await;
        if !arguments.json {
            writeln!(out, "{}", part.line(language))?;
            out.flush()?;
        }
        parts.push(part);
    }
    let last = if arguments.json { json(&parts, language)? } else { summary(&parts, language) };
    writeln!(out, "{last}")?;
    Ok(all_works(&parts))
}

fn json(parts: &[Part], language: Language) -> io::Result<String> {
    let line = |part: &Part| PartLine {
        part: part.name.message().to_string(),
        state: match part.state {
            State::Works => "works",
            State::Missing => "missing",
            State::Fails => "fails",
        },
        needed: part.is_needed,
        text: wording::words_in(&part.words, language),
    };
    let parts_lines = parts.iter().map(line).collect();
    Ok(serde_json::to_string(&Report { works: all_works(parts), parts: parts_lines })?)
}

/// The last line.
fn summary(parts: &[Part], language: Language) -> String {
    let failed = parts.iter().filter(|part| part.is_needed && part.state != State::Works);
    let failed: Vec<String> = failed.map(|part| part.name.message().in_language(language)).collect();
    let words = if failed.is_empty() {
        message!("check-all-works")
    } else {
        message!("check-needed-fails", parts = failed.join(", "))
    };
    words.in_language(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<Part> {
        vec![
            Part::needed(Name::Engine, Ok(message!("check-engine", engine = "tract", device = "cpu"))),
            Part::needed(Name::Speech, Err(message!("voice-late"))),
            Part::optional(Name::Camera, Err((State::Missing, message!("failure-ending")))),
        ]
    }

    #[test]
    fn lines_begin_with_what_matters() {
        let lines = |language| parts().iter().map(|part| part.line(language)).collect::<Vec<_>>();
        assert_eq!(
            lines(Language::English),
            [
                "Engine works. Tract runs the model on the cpu.",
                "Speech does not work. Speech-dispatcher did not answer in time.",
                "Camera is not there. Descry is ending."
            ]
        );
        assert_eq!(
            lines(Language::German)[1],
            "Sprechen: funktioniert nicht. Speech-dispatcher hat nicht rechtzeitig geantwortet."
        );
        assert_eq!(summary(&parts(), Language::English), "Descry needs what does not work: Speech.");
    }

    #[test]
    fn what_some_do_without_counts_for_nothing() {
        let mut parts = parts();
        assert!(!all_works(&parts));
        parts.remove(1);
        assert!(all_works(&parts));
        assert_eq!(summary(&parts, Language::English), "All that Descry needs works.");
        assert_eq!(
            json(&parts, Language::English).unwrap(),
            r#"{"works":true,"parts":[{"part":"Engine","state":"works","needed":true,"text":"Tract runs the model on the cpu."},{"part":"Camera","state":"missing","needed":false,"text":"Descry is ending."}]}"#
        );
    }
}
