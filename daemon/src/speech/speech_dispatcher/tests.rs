//! The voice against a fake speech-dispatcher.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, net::UnixListener};

use super::{
    fake::{Lines, dispatcher, listener, serve},
    *,
};
use crate::{
    preferences::{Shared, VoiceSettings},
    speech::{Urgency, Utterance, passage::Quote},
    words::Language,
};

const LIMIT: Duration = Duration::from_secs(5);

struct Voice {
    voice: SpeechDispatcher,
    preferences: Shared,
}

impl Voice {
    fn at(address: Address) -> Self {
        let preferences = Shared::default();
        let (voice, _task) = SpeechDispatcher::start(Ok(address), preferences.watch());
        Self { voice, preferences }
    }

    fn say(&self, text: &str) -> Speaking {
        let (progress, speaking) = Speaking::new();
        let script = Script::of(&Utterance::new(text, Urgency::Asked), Language::English);
        self.voice.order(script, progress);
        speaking
    }
}

fn script(text: &str) -> Script {
    Script::of(&Utterance::new(text, Urgency::Asked), Language::English)
}

/// An answer that is begun and finished later.
struct Parts<'a> {
    voice: &'a Voice,
    words: &'static str,
    begun: Speaking,
}

impl Voice {
    fn begin(&self, words: &'static str) -> Parts<'_> {
        let (progress, begun) = Speaking::new();
        self.voice.begin(script(words), progress);
        Parts { voice: self, words, begun }
    }
}

impl Parts<'_> {
    fn finish(&self, rest: &str) -> Speaking {
        let (progress, speaking) = Speaking::new();
        let whole = script(&format!("{} {rest}", self.words));
        let ending = EndingScript { begun: self.begun.clone(), rest: script(rest), whole };
        self.voice.voice.finish(ending, progress);
        speaking
    }
}

/// Serves the next connection until so many texts have come, and then drops it.
async fn serve_next(listener: &UnixListener, lines: &Lines, texts: usize) {
    let (stream, _) = listener.accept().await.unwrap();
    serve(stream, lines.clone(), texts).await;
}

#[tokio::test]
async fn an_utterance_is_followed_to_its_end() {
    let (address, lines) = dispatcher();
    let voice = Voice::at(address);
    assert!(voice.say(".A dog.\nSTOP ALL").ended(LIMIT).await.unwrap());
    let expected = [
        "SET SELF NOTIFICATION ALL ON",
        "SET SELF LANGUAGE en",
        "SET SELF PRIORITY text",
        "SPEAK",
        "..A dog. STOP ALL",
        ".",
    ];
    assert_eq!(lines.all(), expected);
}

#[tokio::test]
async fn the_sound_can_be_changed_while_it_runs() {
    let (address, lines) = dispatcher();
    let voice = Voice::at(address);
    let settings = || lines.all().into_iter().filter(|line| line.starts_with("SET SELF")).collect::<Vec<_>>();
    voice.preferences.change(|preferences| {
        preferences.voice.rate = Some(40);
        preferences.voice.voice = Some("nobody".to_owned());
    });
    // A voice that is refused does not keep it from speaking.
    assert!(voice.say("One.").ended(LIMIT).await.unwrap());
    assert_eq!(
        settings()[1..],
        [
            "SET SELF LANGUAGE en",
            "SET SELF RATE 40",
            "SET SELF SYNTHESIS_VOICE nobody",
            "SET SELF PRIORITY text"
        ]
    );

    let before = settings().len();
    voice.preferences.change(|preferences| {
        preferences.voice.volume = Some(-5);
        preferences.voice.pitch = Some(100);
        preferences.language = Some("en-GB".to_owned());
    });
    assert!(voice.say("Two.").ended(LIMIT).await.unwrap());
    assert_eq!(
        settings()[before..],
        [
            "SET SELF LANGUAGE en-GB",
            "SET SELF PITCH 100",
            "SET SELF VOLUME -5",
            // A new language would have undone it.
            "SET SELF SYNTHESIS_VOICE nobody",
            "SET SELF PRIORITY text"
        ]
    );

    // What is not set any more is as a new connection has it.
    let before = settings().len();
    voice.preferences.change(|preferences| preferences.voice = VoiceSettings::default());
    assert!(voice.say("Three.").ended(LIMIT).await.unwrap());
    assert_eq!(
        settings()[before..],
        ["SET SELF NOTIFICATION ALL ON", "SET SELF LANGUAGE en-GB", "SET SELF PRIORITY text"]
    );
}

#[tokio::test]
async fn each_language_is_said_by_its_own_voice_in_one_utterance() {
    let (address, lines) = dispatcher();
    let voice = Voice::at(address);
    voice.preferences.change(|preferences| {
        preferences.language = Some("de-AT".to_owned());
        preferences.voice.voice = Some("Ada".to_owned());
    });
    let quote = |words: &str| Quote { words: words.to_owned(), language: "en\r\nQUIT".to_owned() };
    let say = |text: &str| {
        let (progress, speaking) = Speaking::new();
        let quotes = vec![quote(".a dog\r\n.\r\nSTOP ALL"), quote("a cat")];
        let script = Script::of(&Utterance::new(text, Urgency::Ambient).quoting(quotes), Language::German);
        voice.voice.order(script, progress);
        speaking
    };
    assert!(say("Auf Englisch: .a dog\r\n.\r\nSTOP ALL. Oder: A cat.").ended(LIMIT).await.unwrap());
    let expected = [
        "SET SELF NOTIFICATION ALL ON",
        "SET SELF LANGUAGE de-AT",
        "SET SELF SYNTHESIS_VOICE Ada",
        "SET SELF PRIORITY notification",
        "BLOCK BEGIN",
        "SPEAK",
        "Auf Englisch:",
        ".",
        "SET SELF LANGUAGE enQUIT",
        "SPEAK",
        "..a dog . STOP ALL.",
        ".",
        "SET SELF LANGUAGE de-AT",
        "SET SELF SYNTHESIS_VOICE Ada",
        "SPEAK",
        "Oder:",
        ".",
        "SET SELF LANGUAGE enQUIT",
        "SPEAK",
        "A cat.",
        ".",
        "BLOCK END",
        "SET SELF LANGUAGE de-AT",
        "SET SELF SYNTHESIS_VOICE Ada",
    ];
    assert_eq!(lines.all(), expected);
    // It is over when its last passage is, and stopped when any is.
    let mut stopped = say("Auf Englisch: a cat. Long story.");
    stopped.accepted(LIMIT).await.unwrap();
    voice.voice.stop();
    assert_eq!(stopped.ended(LIMIT).await, Ok(false));
    assert!(voice.say("Next.").ended(LIMIT).await.unwrap());
}

#[tokio::test]
async fn a_stop_ends_what_is_said() {
    let (address, lines) = dispatcher();
    let voice = Voice::at(address);
    let mut speaking = voice.say("Long story.");
    speaking.accepted(LIMIT).await.unwrap();
    voice.voice.stop();
    assert!(!speaking.ended(LIMIT).await.unwrap());
    assert!(voice.say("Next.").ended(LIMIT).await.unwrap());
    assert!(lines.all().contains(&"CANCEL SELF".to_owned()));
}

#[tokio::test]
async fn after_a_restart_the_newest_thing_is_said_again_and_once() {
    let (listener, address, lines) = listener();
    let voice = Voice::at(address);
    let mut older = voice.say("Long story.");
    let mut newer = voice.say("Long answer.");
    serve_next(&listener, &lines, 2).await;
    assert_eq!(older.ended(LIMIT).await, Err(VoiceError::Lost));
    // It is back, and goes away again, and is back.
    serve_next(&listener, &lines, 1).await;
    let (stream, _) = listener.accept().await.unwrap();
    let serving = tokio::spawn(serve(stream, lines.clone(), usize::MAX));
    assert_eq!(newer.ended(Duration::from_millis(600)).await, Err(VoiceError::Late), "it is being said");
    assert_eq!(lines.texts(), ["Long story.", "Long answer.", "Long answer.", "Long answer."]);
    voice.voice.stop();
    assert!(!newer.ended(LIMIT).await.unwrap());
    serving.abort();
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_not_said_again() {
    let (listener, address, lines) = listener();
    let voice = Voice::at(address);
    let mut stopped = voice.say("Long story.");
    serve_next(&listener, &lines, 1).await;
    voice.voice.stop();
    assert_eq!(stopped.ended(LIMIT).await, Ok(false));
    let mut next = voice.say("Next.");
    serve_next(&listener, &lines, 1).await;
    assert!(next.ended(LIMIT).await.unwrap());
    assert_eq!(lines.texts(), ["Long story.", "Next."]);
}

#[tokio::test]
async fn a_voice_that_stays_away_is_given_up() {
    let (listener, address, lines) = listener();
    let voice = Voice::at(address);
    let mut speaking = voice.say("Long story.");
    serve_next(&listener, &lines, 1).await;
    drop(listener);
    let result = speaking.ended(2 * LIMIT).await;
    assert!(matches!(result, Err(VoiceError::NotReachable { .. })), "{result:?}");
}

#[tokio::test]
async fn a_missing_or_foreign_server_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let voice_of_none = Voice::at(Address::Unix(directory.path().join("nothing")));
    let result = voice_of_none.say("A dog.").ended(LIMIT).await;
    assert!(matches!(result, Err(VoiceError::NotReachable { .. })), "{result:?}");

    let (listener, address, _lines) = listener();
    let voice = Voice::at(address);
    let mut speaking = voice.say("A dog.");
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.unwrap();
    assert!(matches!(speaking.ended(LIMIT).await, Err(VoiceError::Malformed(_))));
}

#[tokio::test]
async fn an_answer_in_parts_is_one_to_speech_dispatcher() {
    let (address, lines) = dispatcher();
    let voice = Voice::at(address);
    let mut parts = voice.begin("Long window.");
    parts.begun.accepted(LIMIT).await.unwrap();
    // It is still being said when the rest comes.
    assert!(parts.finish("Text.").ended(LIMIT).await.unwrap());
    let expected = ["BLOCK BEGIN", "SPEAK", "Long window.", ".", "SPEAK", "Text.", ".", "BLOCK END"];
    assert_eq!(lines.all()[3..], expected);

    // It is over when the rest comes.
    let mut parts = voice.begin("Window.");
    assert!(parts.begun.ended(LIMIT).await.unwrap());
    assert!(parts.finish("Text.").ended(LIMIT).await.unwrap());
    assert_eq!(lines.texts()[2..], ["Window.", "Text."]);
}

#[tokio::test]
async fn what_came_between_parts_ends_what_was_begun() {
    let (address, lines) = dispatcher();
    let voice = Voice::at(address);
    // Something else was said after its begin: only the rest is to be said, on its own.
    let mut parts = voice.begin("Window.");
    assert!(parts.begun.ended(LIMIT).await.unwrap());
    assert!(voice.say("Please wait.").ended(LIMIT).await.unwrap());
    assert!(parts.finish("Text.").ended(LIMIT).await.unwrap());
    assert_eq!(lines.texts(), ["Window.", "Please wait.", "Text."]);
    let blocks = || lines.all().iter().filter(|line| line.starts_with("BLOCK")).cloned().collect::<Vec<_>>();
    assert_eq!(blocks(), ["BLOCK BEGIN", "BLOCK END"]);

    // It was stopped, which no block may hold: all of it is said.
    let mut parts = voice.begin("Long window.");
    parts.begun.accepted(LIMIT).await.unwrap();
    voice.voice.stop();
    assert!(!parts.begun.ended(LIMIT).await.unwrap());
    parts.finish("Text.").accepted(LIMIT).await.unwrap();
    assert_eq!(lines.texts()[3..], ["Long window.", "Long window. Text."]);
    let cancelled = lines.all().windows(2).any(|pair| pair == ["BLOCK END", "CANCEL SELF"]);
    assert!(cancelled, "{:?}", lines.all());

    // What was never said by anybody is said whole.
    let (_, begun) = Speaking::new();
    let parts = Parts { voice: &voice, words: "Window.", begun };
    assert!(parts.finish("Text.").ended(LIMIT).await.unwrap());
    assert_eq!(lines.texts().last().unwrap(), "Window. Text.");
}

#[tokio::test]
async fn an_answer_whose_begin_was_lost_is_said_whole() {
    let (listener, address, lines) = listener();
    let voice = Voice::at(address);
    let parts = voice.begin("Long window.");
    serve_next(&listener, &lines, 1).await;
    let mut rest = parts.finish("Text.");
    let (stream, _) = listener.accept().await.unwrap();
    let serving = tokio::spawn(serve(stream, lines.clone(), usize::MAX));
    rest.accepted(LIMIT).await.unwrap();
    serving.abort();
    assert_eq!(lines.texts().last().unwrap(), "Long window. Text.");
}
