//! The service speaks what it is asked for, unless it is told not to, and outlives its voice.

use std::{collections::HashMap, fs::File, os::fd::AsFd, time::Duration};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    caller::Caller,
    command::Descry,
    decoys::with_decoys,
    listener::Listener,
    private_bus::PrivateBus,
    process::Process,
    session, shipped,
    sound_room::{Message, Priority, SoundRoom},
    wording::golden_wording,
};
use zbus::zvariant::Value;

const PICTURE: &str = "cat.jpg";

/// A service in a room where it is heard.
struct Session {
    caller: Caller,
    _service: Process,
    _bus: PrivateBus,
    room: SoundRoom,
}

impl Session {
    fn start() -> Result<Self> {
        let mut room = SoundRoom::open()?;
        let bus = PrivateBus::start(room.surroundings_mut())?;
        let caller = Caller::connect(&bus)?;
        let service = session::serve(room.surroundings(), &caller, &[])?;
        Ok(Self { caller, _service: service, _bus: bus, room })
    }

    fn describe(&self, options: &[(&str, Value<'_>)]) -> Result<String> {
        let image = File::open(shipped::picture(PICTURE))?;
        let options: HashMap<&str, Value<'_>> =
            options.iter().map(|(key, value)| Ok((*key, value.try_clone()?))).collect::<Result<_>>()?;
        let answer = self.caller.describe_image(image.as_fd(), &options)?;
        let description = answer.map_err(|(name, words)| anyhow::anyhow!("{name}: {words}"))?;
        let text = description.get("text").context("a description has a text")?;
        Ok(String::try_from(text.try_clone()?)?)
    }
}

#[test]
fn an_answer_is_heard_unless_silence_is_asked_for() -> Result<()> {
    let golden = shipped::golden_sentences()?;
    let sentence = golden[PICTURE].as_str();
    let listener = Listener::from_environment()?;
    let mut session = Session::start()?;

    let begin = session.room.now();
    assert_eq!(session.describe(&[("speak", Value::from(false))])?, sentence);
    session.room.silence_since(begin, Duration::from_secs(3))?;

    let begin = session.room.now();
    assert_eq!(session.describe(&[])?, sentence);
    let speech = session.room.speech_since(begin)?;
    let wording = golden_wording(PICTURE)?;
    let said = Message { text: wording.clone(), priority: Priority::Text };
    assert_eq!(session.room.messages()?, [said]);
    let others: Vec<String> = golden.values().cloned().collect();
    let heard = listener.choose(&speech, &with_decoys(&wording, &others))?;
    assert_eq!(heard, Some(wording));
    Ok(())
}

#[test]
fn the_command_has_the_service_speak_once() -> Result<()> {
    let mut session = Session::start()?;
    let begin = session.room.now();
    let outcome = Descry::describe(session.room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    outcome.expect_code(0)?;
    session.room.speech_since(begin)?;
    let sentence = golden_wording(PICTURE)?;
    assert_eq!(outcome.stdout, format!("{sentence}\n"));
    assert_eq!(session.room.messages()?, [Message { text: sentence, priority: Priority::Text }]);
    Ok(())
}

#[test]
fn a_voice_that_dies_does_not_take_the_service_with_it() -> Result<()> {
    let mut session = Session::start()?;
    let begin = session.room.now();
    session.describe(&[])?;
    session.room.sound_since(begin)?;
    session.room.kill_the_voice()?;
    // It answers still, and the command tells that nothing is heard.
    session.describe(&[])?;
    let outcome = Descry::describe(session.room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    outcome.expect_code(0)?;
    assert_eq!(outcome.stdout, format!("{}\n", golden_wording(PICTURE)?));
    ensure!(outcome.complaint()?.to_lowercase().contains("speech-dispatcher"), "{}", outcome.stderr);
    Ok(())
}
