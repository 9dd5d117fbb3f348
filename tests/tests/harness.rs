//! The sound room and the listener by themselves, with speech-dispatcher's own client as the speaker: they hear what
//! is said, they hear that nothing is said, and they are not talked into what was not said.

use std::time::Duration;

use anyhow::{Result, ensure};
use descry_tests::{
    decoys::with_decoys,
    listener::Listener,
    process::Process,
    sound_room::{Message, Priority, SoundRoom},
};

/// `Stéfan` and `quokka` are in no dictionary of the listener's.
const SENTENCES: [&str; 3] = [
    "a black dog runs through the snow",
    "A man in a red jacket is standing on a mountain.",
    "Stéfan photographs a quokka beside a blue-green lake",
];

#[test]
fn what_is_said_is_heard_and_nothing_else() -> Result<()> {
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;
    for (spoken_before, sentence) in SENTENCES.into_iter().enumerate() {
        let begin = room.now();
        say(&room, sentence)?;
        let recording = room.speech_since(begin)?;

        let expected = Message { text: sentence.into(), priority: Priority::Text };
        assert_eq!(room.messages()?[spoken_before..], [expected]);
        let others: Vec<String> = SENTENCES.map(str::to_owned).into();
        let choices = with_decoys(sentence, &others);
        assert_eq!(listener.choose(&recording, &choices)?.as_deref(), Some(sentence));

        // Asked only about sentences that were not said, the listener cannot name the one that was.
        let heard = listener.choose(&recording, &choices[1..])?;
        assert_ne!(heard.as_deref(), Some(sentence));
        // A sentence takes its time: a click or a blip is not speech.
        let shortest = Duration::from_millis(120) * u32::try_from(sentence.split(' ').count())?;
        ensure!(recording.sounding() > shortest, "{:?} is too short for: {sentence}", recording.sounding());
    }
    Ok(())
}

#[test]
fn silence_is_silence() -> Result<()> {
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;
    let begin = room.now();
    room.silence_since(begin, Duration::from_secs(2))?;
    let quiet = begin;

    // And the check can fail.
    let begin = room.now();
    say(&room, SENTENCES[0])?;
    let speech = room.speech_since(begin)?;
    assert!(listener.choose(&speech, &[SENTENCES[0].to_owned()])?.is_some());
    assert!(room.silence_since(quiet, Duration::ZERO).is_err());
    Ok(())
}

#[test]
fn two_rooms_do_not_hear_each_other() -> Result<()> {
    let (mut speaking, mut quiet) = (SoundRoom::open()?, SoundRoom::open()?);
    let (begin, quiet_begin) = (speaking.now(), quiet.now());
    say(&speaking, SENTENCES[0])?;
    speaking.speech_since(begin)?;
    quiet.silence_since(quiet_begin, Duration::ZERO)
}

fn say(room: &SoundRoom, sentence: &str) -> Result<()> {
    let mut command = room.surroundings().command("spd-say");
    command.args(["--wait", "--priority", "text", "--", sentence]);
    let log = room.surroundings().path("spd-say.log");
    let mut process = Process::start("spd-say", command, log)?;
    let status = process.wait()?;
    ensure!(status.success(), "spd-say failed ({status}): {}", process.log());
    Ok(())
}
