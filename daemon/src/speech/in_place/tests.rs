//! Who gives way to whom, and what espeak-ng is told, with a program in its place.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use super::*;
use crate::{
    preferences::{Shared, VoiceSettings},
    speech::{Speaking, Utterance, passage::Quote},
    words::Language,
};

const LIMIT: Duration = Duration::from_secs(20);

/// A program that writes down what it is to say, and how; what begins with "Long" takes it for ever.
struct Fake {
    folder: tempfile::TempDir,
    preferences: Shared,
    voice: InPlace,
}

impl Fake {
    fn new(rest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("espeak-ng");
        let said = folder.path().join("said");
        let script = format!(
            "#!/bin/sh\nread text\necho \"$* | $text\" >> {}\ncase \"$text\" in Long*) exec sleep 1000;; esac\n{rest}\n",
            said.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let preferences = Shared::default();
        let speakers = Speakers {
            #[cfg(feature = "tts")]
            system: None,
            espeak: Espeak { program },
        };
        let voice = InPlace::start_with(speakers, preferences.watch());
        Self { folder, preferences, voice }
    }

    fn say(&self, text: &str, urgency: Urgency) -> Speaking {
        let (progress, speaking) = Speaking::new();
        let quotes = vec![Quote { words: "a dog".to_owned(), language: "en\n--stdout".to_owned() }];
        let script = Script::of(&Utterance::new(text, urgency).quoting(quotes), Language::German);
        self.voice.order(script, progress, VoiceError::Lost);
        speaking
    }

    /// What was said so far, without the program's arguments.
    fn said(&self) -> Vec<String> {
        let said = fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
        said.lines().map(|line| line.split_once(" | ").unwrap().1.to_owned()).collect()
    }

    async fn has_begun(&self, count: usize) {
        while self.said().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn each_passage_is_said_in_its_language_and_is_only_text() {
    let fake = Fake::new("");
    fake.preferences.change(|preferences| {
        preferences.language = Some("de-AT".to_owned());
        preferences.voice = VoiceSettings { rate: Some(-50), pitch: Some(100), volume: Some(0), voice: None };
    });
    let text = "--stdout [[h@]] auf Englisch: a dog.";
    assert_eq!(fake.say(text, Urgency::Asked).ended(LIMIT).await, Ok(true));
    let said = fs::read_to_string(fake.folder.path().join("said")).unwrap();
    let sound = "-s 125 -p 99 -a 50";
    assert_eq!(
        said,
        format!(
            "-b 1 --stdin -v de-at {sound} | --stdout [ [h@]] auf Englisch:\n\
             -b 1 --stdin -v en--stdout {sound} | a dog.\n"
        )
    );
}

#[tokio::test]
async fn each_gives_way_as_with_speech_dispatcher() {
    let fake = Fake::new("");
    let narrated = fake.say("Long narration.", Urgency::Ambient);
    fake.has_begun(1).await;
    let left_out = fake.say("Too much.", Urgency::Ambient);
    let answer = fake.say("Long answer.", Urgency::Asked);
    fake.has_begun(2).await;
    let fault = fake.say("Long fault.", Urgency::Fault);
    fake.has_begun(3).await;
    let older = fake.say("Older answer.", Urgency::Asked);
    let newer = fake.say("Newer answer.", Urgency::Asked);
    for mut speaking in [narrated, left_out, answer, older] {
        assert_eq!(speaking.ended(LIMIT).await, Ok(false));
    }
    assert!(!newer.is_over(), "a failure is said to its end");
    fake.voice.stop();
    for mut speaking in [fault, newer] {
        assert_eq!(speaking.ended(LIMIT).await, Ok(false));
    }
    assert_eq!(fake.say("Last.", Urgency::Asked).ended(LIMIT).await, Ok(true));
    assert_eq!(fake.said(), ["Long narration.", "Long answer.", "Long fault.", "Last."]);
}

#[tokio::test]
async fn what_it_cannot_say_is_told() {
    // As it does without a sound server.
    let silent = Fake::new("echo 'ALSA lib: no card' >&2; echo 'error: No such file or directory' >&2");
    let complaint = "error: No such file or directory".to_owned();
    let failed = silent.say("A dog.", Urgency::Asked).ended(LIMIT).await;
    assert_eq!(failed, Err(VoiceError::Espeak(complaint)));
    let broken = Fake::new("exit 3");
    let failed = broken.say("A dog.", Urgency::Asked).ended(LIMIT).await;
    assert_eq!(failed, Err(VoiceError::Espeak("exit status: 3".to_owned())));
    let missing = Fake::new("");
    fs::remove_file(missing.folder.path().join("espeak-ng")).unwrap();
    let failed = missing.say("A dog.", Urgency::Asked).ended(LIMIT).await;
    assert_eq!(failed, Err(VoiceError::Lost), "why speech-dispatcher did not say it");
}
