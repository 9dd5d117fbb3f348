//! speech-dispatcher is killed in the middle of a sentence and comes back: the newest thing is said then, and once.

use std::time::Duration;

use anyhow::{Result, ensure};
use descry_tests::{
    caller::Caller,
    command::Descry,
    decoys::with_decoys,
    listener::Listener,
    private_bus::PrivateBus,
    session, shipped,
    sound_room::{Message, Priority, SoundRoom},
    spawned_voice::SpawnedVoice,
    waiting::wait_until,
    wording::golden_wording,
};

const OLDER: &str = "photographer.jpg";
const NEWER: &str = "cat.jpg";

fn asked(text: &str) -> Message {
    Message { text: text.to_owned(), priority: Priority::Text }
}

/// Waits until a voice that came back was asked to say something.
fn comes_back(voice: &SpawnedVoice) -> Result<()> {
    // Until it is back there is no log.
    wait_until("speech-dispatcher to be back and asked to speak", || {
        Ok(voice.messages().is_ok_and(|messages| !messages.is_empty()))
    })
}

#[test]
fn after_a_crash_in_mid_sentence_the_newest_thing_is_said_once() -> Result<()> {
    let (older, newer) = (golden_wording(OLDER)?, golden_wording(NEWER)?);
    let others: Vec<String> = shipped::golden_sentences()?.into_values().collect();
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;
    let voice = SpawnedVoice::prepare(&mut room)?;
    let bus = PrivateBus::start(room.surroundings_mut())?;
    let caller = Caller::connect(&bus)?;
    let service = session::serve(room.surroundings(), &caller, &[])?;

    // As it is when nothing happens.
    let begin = room.now();
    Descry::describe(room.surroundings()).arg(shipped::picture(OLDER)).run()?.expect_code(0)?;
    let whole = room.speech_since(begin)?.sounding();
    ensure!(whole > Duration::from_secs(2), "{whole:?} of sound are no long sentence");
    assert_eq!(voice.messages()?, [asked(&older)]);

    // Nobody asks for anything else: what was cut off is said anew, and once. The command has waited for its end.
    let begin = room.now();
    let describing = Descry::describe(room.surroundings()).arg(shipped::picture(OLDER)).start()?;
    room.sound_since(begin)?;
    voice.kill()?;
    comes_back(&voice)?;
    let back = room.now();
    let speech = room.speech_since(back)?;
    assert_eq!(voice.messages()?, [asked(&older)]);
    assert_eq!(listener.choose(&speech, &with_decoys(&older, &others))?.as_ref(), Some(&older));
    let (sounding, tolerance) = (speech.sounding(), whole / 10);
    ensure!(sounding.abs_diff(whole) < tolerance, "{sounding:?} of sound, where one saying has {whole:?}");
    let outcome = describing.wait()?;
    outcome.expect_code(0)?;
    assert_eq!((outcome.stdout, outcome.stderr), (format!("{older}\n"), String::new()));

    // Something newer is asked for at once: only that is said.
    let begin = room.now();
    Descry::new(room.surroundings(), "repeat").run()?.expect_code(0)?;
    room.sound_since(begin)?;
    voice.kill()?;
    let describing = Descry::describe(room.surroundings()).arg(shipped::picture(NEWER)).start()?;
    comes_back(&voice)?;
    let back = room.now();
    let speech = room.speech_since(back)?;
    assert_eq!(voice.messages()?, [asked(&newer)], "{}", service.log());
    assert_eq!(listener.choose(&speech, &with_decoys(&newer, &others))?.as_ref(), Some(&newer));
    assert_eq!(describing.wait()?.expect_code(0)?.stderr, "");
    Ok(())
}
