//! Without speech-dispatcher espeak-ng speaks in its place, and says so where it cannot.

use std::path::Path;

use anyhow::{Result, ensure};
use descry_tests::{
    command::Descry, decoys::with_decoys, listener::Listener, shipped, sound_room::SoundRoom,
    surroundings::Surroundings, wording::golden_wording,
};

const PICTURE: &str = "tulips.jpg";

/// Leaves only these programs, and nobody who starts speech-dispatcher by a way of its own.
fn leave_only(surroundings: &mut Surroundings, programs: &[&str]) -> Result<()> {
    surroundings.write("home/.config/speech-dispatcher/speechd.conf", "DisableAutoSpawn\n")?;
    surroundings.leave_only(programs)
}

#[test]
fn a_picture_is_described_aloud_without_speech_dispatcher() -> Result<()> {
    let wording = golden_wording(PICTURE)?;
    let golden = shipped::golden_sentences()?;
    let listener = Listener::from_environment()?;
    let mut room = SoundRoom::open()?;
    leave_only(room.surroundings_mut(), &["espeak-ng"])?;

    let begin = room.now();
    let outcome = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    assert_eq!(outcome.expect_code(0)?.stdout, format!("{wording}\n"));
    assert_eq!(outcome.stderr, "");
    let speech = room.speech_since(begin)?;
    assert_eq!(room.messages()?, [], "speech-dispatcher was asked nothing");
    let others: Vec<String> = golden.values().cloned().collect();
    assert_eq!(listener.choose(&speech, &with_decoys(&wording, &others))?, Some(wording));

    let checked = Descry::new(room.surroundings(), "check").run()?;
    let line = "Speech works. Speech-dispatcher is not there, so espeak-ng speaks in its place;";
    ensure!(checked.stdout.contains(line), "{checked:?}");

    // Who asks for speech-dispatcher gets nothing else.
    room.surroundings_mut().set("DESCRY_SPEECH", "speechd");
    let outcome = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    ensure!(outcome.complaint()?.contains("install and start speech-dispatcher"), "{outcome:?}");
    Ok(())
}

#[test]
fn where_it_cannot_speak_the_way_out_is_told() -> Result<()> {
    let nowhere = Path::new("/no/such/place");
    for (programs, way_out) in [
        (&["espeak-ng"][..], "install and start a sound server, pulseaudio or pipewire-pulse"),
        (&[], "install and start speech-dispatcher"),
    ] {
        let mut surroundings = Surroundings::new()?;
        leave_only(&mut surroundings, programs)?;
        // The machine may have a sound server or a sound card.
        surroundings.set("PULSE_SERVER", format!("unix:{}", nowhere.display()));
        surroundings.set("ALSA_CONFIG_PATH", nowhere);
        let outcome = Descry::describe(&surroundings).arg(shipped::picture(PICTURE)).run()?;
        assert_eq!(outcome.expect_code(0)?.stdout, format!("{}\n", golden_wording(PICTURE)?));
        let complaint = outcome.complaint()?;
        ensure!(complaint.contains(way_out), "{programs:?}: {complaint}");
    }
    Ok(())
}
