//! With the feature `tts`: the voice of the system speaks where speech-dispatcher cannot be reached, and is silent when told.

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
    wording::golden_wording,
};

/// Of all golden sentences the longest: what is stopped at once has most left to say.
const PICTURE: &str = "astronaut.jpg";

#[test]
fn where_only_the_system_finds_speech_dispatcher_it_is_heard_and_stopped() -> Result<()> {
    let wording = golden_wording(PICTURE)?;
    let golden = shipped::golden_sentences()?;
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;
    let voice = SpawnedVoice::prepare(&mut room)?;
    let bus = PrivateBus::start(room.surroundings_mut())?;
    // Descry finds neither speech-dispatcher nor espeak-ng. The C library knows where the former is.
    room.surroundings_mut().leave_only(&[])?;

    let begin = room.now();
    let outcome = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    outcome.expect_code(0)?;
    assert_eq!((outcome.stdout, outcome.stderr), (format!("{wording}\n"), String::new()));
    let speech = room.speech_since(begin)?;
    // The crate says everything with this priority, which Descry's own connection never has.
    assert_eq!(voice.messages()?, [Message { text: wording.clone(), priority: Priority::Important }]);
    let others: Vec<String> = golden.values().cloned().collect();
    assert_eq!(listener.choose(&speech, &with_decoys(&wording, &others))?, Some(wording));
    let whole = speech.sounding();

    // What is not there any more is found again by the system alone; and what it says can be stopped.
    voice.kill()?;
    let checked = Descry::new(room.surroundings(), "check").run()?;
    ensure!(checked.stdout.contains("so the voice of the system speaks in its place"), "{checked:?}");
    voice.kill()?;
    let caller = Caller::connect(&bus)?;
    let _service = session::serve(room.surroundings(), &caller, &[])?;
    let begin = room.now();
    let describing = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).start()?;
    room.sound_since(begin)?;
    Descry::new(room.surroundings(), "stop").run()?.expect_code(0)?;
    let stopped = room.speech_since(begin)?.sounding();
    ensure!(stopped < whole / 2, "{stopped:?} of {whole:?} were said before it was silent");
    describing.wait()?.expect_code(0)?;
    let said = voice.messages()?;
    ensure!(said.iter().all(|message| message.priority == Priority::Important), "{said:?}");
    Ok(())
}
