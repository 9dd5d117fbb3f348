//! In a German session a caption stays English, and an English voice says it, within the German sentence.

use std::time::Duration;

use anyhow::{Result, ensure};
use descry_tests::{
    command::Descry,
    decoys::with_decoys,
    listener::Listener,
    shipped,
    sound_room::{Message, Priority, SoundRoom},
};

const PICTURE: &str = "cat.jpg";

#[test]
fn an_english_caption_is_said_in_english() -> Result<()> {
    let golden = shipped::golden_sentences()?;
    let sentence = shipped::golden_sentence(PICTURE)?;
    let lower = format!("{}{}", sentence[..1].to_lowercase(), &sentence[1..]);
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;
    // Without doubt there are fewer words around it.
    room.surroundings_mut().set("DESCRY_HEDGING", "off");

    let begin = room.now();
    Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?.expect_code(0)?;
    let in_english = room.speech_since(begin)?;

    room.surroundings_mut().set("LANG", "de_DE.UTF-8");
    let begin = room.now();
    let outcome = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    assert_eq!(outcome.expect_code(0)?.stdout, format!("Auf Englisch: {lower}\n"));
    let in_german = room.speech_since(begin)?;
    assert_eq!(room.messages()?, [&sentence, "Auf Englisch:", &lower].map(asked));

    // The German voice takes a quarter longer for these words, so the English one said them.
    let caption = in_german.last_phrase();
    let (length, expected) = (caption.sounding(), in_english.sounding());
    let difference = length.abs_diff(expected);
    ensure!(difference < expected / 20 + Duration::from_millis(20), "{length:?} instead of {expected:?}");
    let others: Vec<String> = golden.values().cloned().collect();
    assert_eq!(listener.choose(&caption, &with_decoys(&sentence, &others))?, Some(sentence));
    Ok(())
}

fn asked(text: &str) -> Message {
    Message { text: text.to_owned(), priority: Priority::Text }
}
