//! What the service says of itself once it serves: that it is ready, and the first time that it is no aid for mobility.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::{
    speech::{Urgency, Utterance, Voice},
    words::{Language, message},
};

/// When the service says that it is ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Announce {
    /// The first time that it starts for a person.
    #[default]
    First,
    /// Each time.
    Always,
    /// Never.
    Never,
}

/// How often it is tried: after power-on the sound may come up later than the service.
const ATTEMPTS: u32 = 30;

/// How long between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// How long it may take to be said.
const SPEAKING_LIMIT: Duration = Duration::from_mins(1);

/// The file that tells that a person has heard the first sentence: in systemd's folder of the service, else in the
/// person's own.
#[must_use]
pub fn greeted_file() -> Option<PathBuf> {
    greeted_file_in(&|name| env::var_os(name))
}

fn greeted_file_in(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let state = folder("STATE_DIRECTORY").or_else(|| {
        let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
        Some(state?.join("descry"))
    })?;
    Some(state.join("greeted"))
}

/// Says that the service is ready, where that is wanted, until it was heard or stopped.
pub async fn announce(when: Announce, greeted: Option<&Path>, voice: &Arc<dyn Voice>, language: Language) {
    announce_with(when, greeted, voice, language, PAUSE).await;
}

async fn announce_with(
    when: Announce,
    greeted: Option<&Path>,
    voice: &Arc<dyn Voice>,
    language: Language,
    pause: Duration,
) {
    let is_first = greeted.is_none_or(|file| !file.exists());
    let said = match (when, is_first) {
        (Announce::Never, _) | (Announce::First, false) => return,
        (_, true) => message!("board-ready-first"),
        (Announce::Always, false) => message!("board-ready"),
    };
    for attempt in 1..=ATTEMPTS {
        let mut speaking = voice.say(Utterance::new(said.in_language(language), Urgency::Asked));
        match speaking.ended(SPEAKING_LIMIT).await {
            Ok(is_whole) => {
                // Who stopped it before its end hears it again at the next start.
                if is_first && is_whole {
                    remember(greeted);
                }
                info!(attempt, is_whole, "said that it is ready");
                return;
            }
            Err(error) if attempt == ATTEMPTS => warn!(%error, "nobody could be told that Descry is ready"),
            Err(_) => sleep(pause).await,
        }
    }
}

/// Otherwise it is said again, which is all the harm.
fn remember(greeted: Option<&Path>) {
    let Some(file) = greeted else { return };
    let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(file, ""));
    if let Err(error) = written {
        warn!(%error, "it is not remembered that the first sentence was heard");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{VoiceError, fake::FakeVoice};

    #[test]
    fn what_was_heard_is_remembered_where_it_belongs() {
        for (variables, expected) in [
            (&[("STATE_DIRECTORY", "/s/descry"), ("HOME", "/h")][..], Some("/s/descry/greeted")),
            (&[("XDG_STATE_HOME", "/x"), ("HOME", "/h")], Some("/x/descry/greeted")),
            (&[("XDG_STATE_HOME", "x"), ("HOME", "/h")], Some("/h/.local/state/descry/greeted")),
            (&[], None),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value))
            };
            assert_eq!(greeted_file_in(&variable), expected.map(PathBuf::from), "{variables:?}");
        }
    }

    #[tokio::test]
    async fn the_first_start_is_told_at_length_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let greeted = folder.path().join("state/greeted");
        for (when, expected) in [
            (Announce::Never, None),
            (Announce::First, Some(message!("board-ready-first"))),
            (Announce::First, None),
            (Announce::Always, Some(message!("board-ready"))),
            (Announce::Never, None),
        ] {
            let fake = Arc::new(FakeVoice::default());
            let voice: Arc<dyn Voice> = fake.clone();
            announce(when, Some(&greeted), &voice, Language::English).await;
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            assert_eq!(fake.texts(), expected, "{when:?}");
        }
    }

    #[tokio::test]
    async fn a_voice_that_is_not_there_yet_is_waited_for_but_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let greeted = folder.path().join("greeted");
        let fake = Arc::new(FakeVoice::failing(VoiceError::Lost));
        let voice: Arc<dyn Voice> = fake.clone();
        announce_with(Announce::Always, Some(&greeted), &voice, Language::German, Duration::ZERO).await;
        assert_eq!(fake.texts().len(), ATTEMPTS as usize);
        assert!(!greeted.exists(), "it was not heard");
    }
}
