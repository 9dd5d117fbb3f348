//! Without speech-dispatcher espeak-ng speaks in its place, and says so where it cannot.

use std::{fs, os::unix::fs::symlink, path::Path};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::Descry, decoys::with_decoys, listener::Listener, shipped, sound_room::SoundRoom,
    surroundings::Surroundings, wording::golden_wording,
};

const PICTURE: &str = "photographer.jpg";

/// Leaves only these programs, and no word of where speech-dispatcher is.
fn leave_only(surroundings: &mut Surroundings, programs: &[&str]) -> Result<()> {
    let bin = surroundings.path("bin");
    fs::create_dir(&bin)?;
    let path = std::env::var_os("PATH").context("there is a PATH")?;
    for program in programs.iter().chain(&["setpriv"]) {
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
        let found = places.find(|place| place.exists()).with_context(|| format!("{program} is installed"))?;
        symlink(found, bin.join(program))?;
    }
    surroundings.set("PATH", &bin);
    surroundings.set("SPEECHD_ADDRESS", "");
    Ok(())
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
