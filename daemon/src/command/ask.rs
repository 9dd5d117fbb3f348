//! The commands that ask the service that runs: tell it again, be silent, pause, how are you.

use std::{
    io::{self, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{Ending, arguments::Command};
use crate::{
    bus::client::{
        Service, ServiceError,
        questions::{Remembered, Status, Told},
    },
    narrate,
    retell::{self, Way},
};

/// What is said when nobody can be asked, with the way out.
const NOT_RUNNING: &str = "The service descryd does not run. Start it with: systemctl --user start descryd";

/// What a command came to.
#[derive(Debug, Default)]
struct Answer {
    /// Lines for standard output.
    lines: Vec<String>,
    /// Why something was not spoken.
    speech_failure: Option<String>,
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
    let Some(service) = Service::find().await else {
        if let Command::Status { json: true } = command {
            print(&[json(&StatusLine { running: false, status: None })]);
        } else {
            eprintln!("descry: {NOT_RUNNING}");
        }
        return Ending::Unusable;
    };
    match ask(&service, command).await {
        Ok(Answer { lines, speech_failure }) => {
            if let Some(problem) = speech_failure {
                eprintln!("descry: not spoken: {}", narrate::sentence(&problem));
            }
            if print(&lines) { Ending::Described } else { Ending::NotDescribed }
        }
        Err(error) => {
            eprintln!("descry: {}", narrate::sentence(&error.to_string()));
            match error {
                ServiceError::Service(_) => Ending::Unusable,
                ServiceError::Refused(_) | ServiceError::Picture(_) => Ending::NotDescribed,
            }
        }
    }
}

async fn ask(service: &Service, command: Command) -> Result<Answer, ServiceError> {
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
            Answer::line("Descry is paused. To go on: descry resume".to_owned())
        }
        Command::Resume => {
            service.set_paused(false).await?;
            Answer::line("Descry goes on.".to_owned())
        }
        Command::History { clear: true, .. } => {
            service.clear_history().await?;
            Answer::default()
        }
        Command::History { json, count, .. } => {
            let entries = service.history(count).await?;
            let now = SystemTime::now();
            Answer {
                lines: entries.iter().map(|entry| history_line(entry, json, now)).collect(),
                speech_failure: None,
            }
        }
        Command::Status { json: false } => {
            Answer { lines: status_lines(&service.status().await?), speech_failure: None }
        }
        Command::Status { json: true } => {
            let status = service.status().await?;
            Answer::line(json(&StatusLine { running: true, status: Some(&status) }))
        }
        // These ask nobody.
        Command::Describe(_) | Command::Check(_) | Command::Config { .. } | Command::Generate { .. } => {
            Answer::default()
        }
    })
}

fn history_line(entry: &Remembered, as_json: bool, now: SystemTime) -> String {
    if as_json {
        return json(entry);
    }
    let then = UNIX_EPOCH.checked_add(Duration::from_micros(entry.captured_at)).unwrap_or(now);
    format!("{}: {}", retell::age(then, now), entry.wording)
}

fn status_lines(status: &Status) -> Vec<String> {
    let Status { version, state, model, device, speech_route, language, detail, hedging, .. } = status;
    let idle = match status.idle_unload_seconds {
        0 => "it stays in memory".to_owned(),
        seconds => format!("it is let go after {seconds} seconds without a request"),
    };
    vec![
        format!(
            "descryd {version} runs{}.",
            if status.paused { ", and is paused: descry resume lets it go on" } else { "" }
        ),
        format!("Model: {model}, {state}, on the {device}; {idle}."),
        format!("Speech: {speech_route}, in the language {language}."),
        format!(
            "Wording: detail {detail}, hedging {hedging}, nothing below a confidence of {}.",
            status.minimum_confidence
        ),
    ]
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
            wording: "Possibly a dog.".into(),
            confidence: 0.5,
            alternatives: vec!["A cat.".into()],
            model: "m".into(),
            captured_at: 1_000_000,
        };
        let now = UNIX_EPOCH + Duration::from_secs(121);
        assert_eq!(history_line(&entry, false, now), "2 minutes ago: Possibly a dog.");
        assert_eq!(
            history_line(&entry, true, now),
            r#"{"id":7,"text":"A dog.","wording":"Possibly a dog.","confidence":0.5,"alternatives":["A cat."],"model":"m","captured_at":1000000}"#
        );
        let far = Remembered { captured_at: u64::MAX, ..entry };
        assert!(history_line(&far, false, now).starts_with("just now"));
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
        let lines = status_lines(&status);
        assert_eq!(lines[0], "descryd 1 runs.");
        assert_eq!(lines[1], "Model: m, ready, on the cpu; it stays in memory.");
        assert!(lines[3].ends_with("0.25."), "{lines:?}");
        status.paused = true;
        assert!(status_lines(&status)[0].contains("descry resume"));
        assert!(
            json(&StatusLine { running: true, status: Some(&status) })
                .starts_with(r#"{"running":true,"version":"1""#)
        );
    }
}
