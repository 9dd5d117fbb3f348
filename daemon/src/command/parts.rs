//! `descry check`: tries every part that a person needs, and says of each whether it works and else what to do.
//!
//! One part is one line, which begins with its name and goes on with "works" or "does not work", so that a screen reader
//! says first what matters. There is no table and no colour.

mod tried;

use std::io::{self, Write};

use serde::Serialize;

use super::arguments::Check;
use crate::narrate;

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
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// What it is called.
    name: &'static str,
    state: State,
    /// Whether Descry is of no use without it.
    is_needed: bool,
    /// What was found, and what to do about it: words without capital and full stop.
    words: String,
}

impl Part {
    /// A part that everyone needs.
    fn needed(name: &'static str, result: Result<String, String>) -> Self {
        let (state, words) = match result {
            Ok(words) => (State::Works, words),
            Err(words) => (State::Fails, words),
        };
        Self { name, state, is_needed: true, words }
    }

    /// A part that some do without.
    fn optional(name: &'static str, result: Result<String, (State, String)>) -> Self {
        let (state, words) = result.map_or_else(|failed| failed, |words| (State::Works, words));
        Self { name, state, is_needed: false, words }
    }

    fn line(&self) -> String {
        let state = match self.state {
            State::Works => "works",
            State::Missing => "is not there",
            State::Fails => "does not work",
        };
        format!("{} {state}. {}", self.name, narrate::sentence(&self.words))
    }
}

/// The JSON object of all parts; its fields are the command's contract.
#[derive(Serialize)]
struct Report<'a> {
    works: bool,
    parts: Vec<PartLine<'a>>,
}

/// A part in it.
#[derive(Serialize)]
struct PartLine<'a> {
    part: &'a str,
    state: &'a str,
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
    let mut parts = Vec::new();
    // Each line is printed once it is known: some parts take seconds, and silence tells nothing.
    for name in tried::ALL {
        let part = tried::try_part(name).await;
        if !arguments.json {
            writeln!(out, "{}", part.line())?;
            out.flush()?;
        }
        parts.push(part);
    }
    let last = if arguments.json { json(&parts)? } else { summary(&parts) };
    writeln!(out, "{last}")?;
    Ok(all_works(&parts))
}

fn json(parts: &[Part]) -> io::Result<String> {
    let line = |part: &Part| PartLine {
        part: part.name,
        state: match part.state {
            State::Works => "works",
            State::Missing => "missing",
            State::Fails => "fails",
        },
        needed: part.is_needed,
        text: narrate::sentence(&part.words),
    };
    let parts_lines = parts.iter().map(line).collect();
    Ok(serde_json::to_string(&Report { works: all_works(parts), parts: parts_lines })?)
}

/// The last line.
fn summary(parts: &[Part]) -> String {
    let failed: Vec<&str> = parts
        .iter()
        .filter(|part| part.is_needed && part.state != State::Works)
        .map(|part| part.name)
        .collect();
    if failed.is_empty() {
        "All that Descry needs works.".to_owned()
    } else {
        format!("Descry needs what does not work: {}.", failed.join(", ").to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<Part> {
        vec![
            Part::needed("Model", Ok("descry-attend-2".to_owned())),
            Part::needed("Speech", Err("speech-dispatcher does not answer; start it".to_owned())),
            Part::optional("Camera", Err((State::Missing, "connect one".to_owned()))),
        ]
    }

    #[test]
    fn lines_begin_with_what_matters() {
        let lines: Vec<String> = parts().iter().map(Part::line).collect();
        assert_eq!(
            lines,
            [
                "Model works. Descry-attend-2.",
                "Speech does not work. Speech-dispatcher does not answer; start it.",
                "Camera is not there. Connect one."
            ]
        );
        assert_eq!(summary(&parts()), "Descry needs what does not work: speech.");
    }

    #[test]
    fn what_some_do_without_counts_for_nothing() {
        let mut parts = parts();
        assert!(!all_works(&parts));
        parts.remove(1);
        assert!(all_works(&parts));
        assert_eq!(summary(&parts), "All that Descry needs works.");
        assert_eq!(
            json(&parts).unwrap(),
            r#"{"works":true,"parts":[{"part":"Model","state":"works","needed":true,"text":"Descry-attend-2."},{"part":"Camera","state":"missing","needed":false,"text":"Connect one."}]}"#
        );
    }
}
