//! The commands that ask the service that runs: tell it again, be silent, pause, how are you.

use std::{
    io::{self, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{Ending, arguments::Command, complain, not_spoken};
use crate::{
    bus::client::{
        Service, ServiceError,
        questions::{Remembered, Status, Told},
    },
    config::{Layer, Settings, session_language},
    retell::{self, Way},
    words::{Language, Message, message},
};

/// What a command came to.
#[derive(Debug, Default)]
struct Answer {
    /// Lines for standard output.
    lines: Vec<String>,
    /// Why something was not spoken.
    speech_failure: Option<Message>,
}

impl Answer {
    fn line(line: String) -> Self {
        Self { lines: vec![line], ..Self::default() }
    }
}

/// How the service is, or that it is not.
#[derive(Serialize)]
struct StatusLine<'a> {
    running: bool,
    #[serde(flatten)]
    status: Option<&'a Status>,
}

/// Asks, prints the answer, and yields how the command ends.
pub(super) async fn run(command: Command) -> Ending {
    let settings = Settings::load(Layer::default());
    let language = settings.map_or_else(|_| session_language(), |settings| settings.preferences.words());
    let Some(service) = Service::find().await else {
        if let Command::Status { json: true } = command {
            print(&[json(&StatusLine { running: false, status: None })]);
        } else {
            complain(&message!("service-not-running"), language);
        }
        return Ending::Unusable;
    };
    match ask(&service, command, language).await {
        Ok(Answer { lines, speech_failure }) => {
            if let Some(problem) = speech_failure {
                complain(&not_spoken(problem), language);
            }
            if print(&lines) { Ending::Described } else { Ending::NotDescribed }
        }
        Err(error) => {
            complain(&error.message(), language);
            match error {
                ServiceError::Service(_) => Ending::Unusable,
                ServiceError::Refused(_) | ServiceError::Picture(_) | ServiceError::Elsewhere(_) => {
                    Ending::NotDescribed
                }
            }
        }
    }
}

async fn ask(service: &Service, command: Command, language: Language) -> Result<Answer, ServiceError> {
    let told = |Told { wording, speech_failure }| Answer { lines: vec![wording], speech_failure };
    Ok(match command {
        Command::Repeat(retell) => told(service.retell(Way::Repeat, !retell.no_speech).await?),
        Command::More(retell) => told(service.retell(Way::Elaborate, !retell.no_speech).await?),
        Command::Again(retell) => told(service.retell(Way::Rephrase, !retell.no_speech).await?),
        Command::Stop => {
            service.stop_speaking().await?;
            Answer::default()
        }
        Command::Pause => {
            service.set_paused(true).await?;
            Answer::line(message!("command-paused").in_language(language))
        }
        Command::Resume => {
            service.set_paused(false).await?;
            Answer::line(message!("service-goes-on").in_language(language))
        }
        Command::History { clear: true, .. } => {
            service.clear_history().await?;
            Answer::default()
        }
        Command::History { json, count, .. } => {
            let entries = service.history(count).await?;
            let now = SystemTime::now();
            Answer {
                lines: entries.iter().map(|entry| history_line(entry, json, now, language)).collect(),
                speech_failure: None,
            }
        }
        Command::Status { json: false } => {
            Answer { lines: status_lines(&service.status().await?, language), speech_failure: None }
        }
        Command::Status { json: true } => {
            let status = service.status().await?;
            Answer::line(json(&StatusLine { running: true, status: Some(&status) }))
        }
        // These ask nobody.
        Command::Bench(_)
        | Command::Describe(_)
        | Command::Cameras { .. }
        | Command::Narrate(_)
        | Command::Check(_)
        | Command::Config { .. }
        | Command::Generate { .. } => Answer::default(),
    })
}

fn history_line(entry: &Remembered, as_json: bool, now: SystemTime, language: Language) -> String {
    if as_json {
        return json(entry);
    }
    let then = UNIX_EPOCH.checked_add(Duration::from_micros(entry.captured_at)).unwrap_or(now);
    format!("{}: {}", retell::age(then, now).in_language(language), entry.wording)
}

fn status_lines(status: &Status, language: Language) -> Vec<String> {
    let Status { version, state, model, device, .. } = status;
    let first = if status.paused {
        message!("command-status-paused", version = version)
    } else {
        message!("command-status-runs", version = version)
    };
    let model = match status.idle_unload_seconds {
        0 => message!("command-status-kept", model = model, state = state, device = device),
        seconds => message!(
            "command-status-let-go",
            model = model,
            state = state,
            device = device,
            seconds = seconds
        ),
    };
    let speech = message!("command-status-speech", route = &status.speech_route, language = &status.language);
    let wording = message!(
        "command-status-wording",
        detail = &status.detail,
        hedging = &status.hedging,
        confidence = status.minimum_confidence
    );
    [first, model, speech, wording].map(|line| line.in_language(language)).into()
}

fn json(value: &impl Serialize) -> String {
    // Nothing here has keys that are not text, which is all that could fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Whether somebody took the lines.
fn print(lines: &[String]) -> bool {
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_documented() {
        let entry = Remembered {
            id: 7,
            text: "A dog.".into(),
            language: "en".into(),
            wording: "Possibly a dog.".into(),
            confidence: 0.5,
            alternatives: vec!["A cat.".into()],
            model: "m".into(),
            captured_at: 1_000_000,
        };
        let now = UNIX_EPOCH + Duration::from_secs(121);
        assert_eq!(history_line(&entry, false, now, Language::English), "2 minutes ago: Possibly a dog.");
        assert_eq!(
            history_line(&entry, true, now, Language::English),
            r#"{"id":7,"text":"A dog.","language":"en","wording":"Possibly a dog.","confidence":0.5,"alternatives":["A cat."],"model":"m","captured_at":1000000}"#
        );
        let far = Remembered { captured_at: u64::MAX, ..entry };
        assert!(history_line(&far, false, now, Language::English).starts_with("just now"));
        assert_eq!(json(&StatusLine { running: false, status: None }), r#"{"running":false}"#);
    }

    #[test]
    fn a_status_says_how_to_go_on() {
        let mut status = Status {
            version: "1".into(),
            state: "ready".into(),
            model: "m".into(),
            device: "cpu".into(),
            paused: false,
            speech_route: "auto".into(),
            language: "en".into(),
            detail: "normal".into(),
            hedging: "banded".into(),
            minimum_confidence: 0.25,
            idle_unload_seconds: 0,
        };
        let lines = status_lines(&status, Language::English);
        assert_eq!(lines[0], "descryd 1 runs.");
        assert_eq!(lines[1], "Model: m, ready, on the cpu; it stays in memory.");
        assert!(lines[3].ends_with("0.25."), "{lines:?}");
        status.paused = true;
        assert!(status_lines(&status, Language::English)[0].contains("descry resume"));
        assert!(
            json(&StatusLine { running: true, status: Some(&status) })
                .starts_with(r#"{"running":true,"version":"1""#)
        );
    }
}
