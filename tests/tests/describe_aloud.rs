//! The first whole path: a picture goes in, its sentence comes out, on paper and as sound.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::Descry,
    decoys::with_decoys,
    listener::Listener,
    shipped,
    sound_room::{Message, Priority, SoundRoom},
    wording::golden_wording,
};

/// The picture that `./run describe` takes when none is named.
const PICTURE: &str = "tulips.jpg";

#[test]
fn a_picture_is_described_aloud() -> Result<()> {
    let golden = shipped::golden_sentences()?;
    let sentence = golden_wording(PICTURE)?;
    let sentence = sentence.as_str();
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;

    let begin = room.now();
    let outcome = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    let speech = room.speech_since(begin)?;

    outcome.expect_code(0)?;
    assert_eq!(outcome.stdout, format!("{sentence}\n"));
    assert_eq!(outcome.stderr, "");
    assert_eq!(room.messages()?, [asked(sentence)]);
    let others: Vec<String> = golden.values().cloned().collect();
    let heard = listener.choose(&speech, &with_decoys(sentence, &others))?;
    assert_eq!(heard.as_deref(), Some(sentence));
    Ok(())
}

#[test]
fn several_pictures_are_said_one_after_the_other() -> Result<()> {
    let golden = shipped::golden_sentences()?;
    // Two that have different sentences, so that their order shows.
    let first = golden.keys().next().context("there are pictures")?;
    let second = golden.keys().find(|name| golden[*name] != golden[first]);
    let second = second.context("the model says the same of every picture")?;
    let mut room = SoundRoom::open()?;

    let begin = room.now();
    let pictures = [first, second].map(|name| shipped::picture(name));
    Descry::describe(room.surroundings()).args(&pictures).run()?.expect_code(0)?;
    let speech = room.speech_since(begin)?;

    assert_eq!(room.messages()?, [asked(&golden_wording(first)?), asked(&golden_wording(second)?)]);
    // Neither cut the other short: the sound is as long as that of both. Each alone says how long it is.
    let mut both = Duration::ZERO;
    for picture in &pictures {
        let begin = room.now();
        Descry::describe(room.surroundings()).arg(picture).run()?.expect_code(0)?;
        both += room.speech_since(begin)?.sounding();
    }
    ensure!(speech.sounding() > both.mul_f64(0.8), "{:?} of sound instead of {both:?}", speech.sounding());
    Ok(())
}

#[test]
fn without_speech_nothing_is_said() -> Result<()> {
    let mut room = SoundRoom::open()?;
    let begin = room.now();
    let describe = Descry::describe(room.surroundings()).arg("--no-speech").arg(shipped::picture(PICTURE));
    let outcome = describe.run()?;
    outcome.expect_code(0)?;
    assert_eq!(outcome.stdout, format!("{}\n", golden_wording(PICTURE)?));
    room.silence_since(begin, Duration::from_secs(3))
}

#[test]
fn a_failure_is_said_as_well() -> Result<()> {
    shipped::bundle()?;
    let mut room = SoundRoom::open()?;
    let begin = room.now();
    let outcome = Descry::describe(room.surroundings()).arg("no-such-picture.jpg").run()?;
    room.speech_since(begin)?;
    outcome.expect_code(1)?.only_complaint()?;
    let [Message { text, priority: Priority::Message }] = &room.messages()?[..] else {
        anyhow::bail!("one failure should be said, at priority message: {:?}", room.messages()?);
    };
    ensure!(text.contains("no such file"), "the failure does not say what is wrong: {text}");
    Ok(())
}

fn asked(sentence: &str) -> Message {
    Message { text: sentence.to_owned(), priority: Priority::Text }
}
