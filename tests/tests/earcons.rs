//! Earcons as a loudspeaker gives them: a rising one when something was looked at, a falling one when there was nothing, and
//! none for who wants none.

use std::time::Duration;

use anyhow::{Result, ensure};
use descry_tests::{
    desktop::{Desktop, SETTINGS, press},
    recording::Recording,
    shipped,
    sound_room::SoundRoom,
    tones,
    waiting::wait_until,
    x_server::XServer,
    x_window::XWindow,
};

/// The tones of both, in Hz, as they are heard.
const CAPTURED: [u32; 2] = [880, 1320];
const FAILED: [u32; 2] = [330, 220];

/// How long they last, with what the loudspeaker and the measuring add.
const CAPTURED_LENGTH: Duration = Duration::from_millis(75);
const FAILED_LENGTH: Duration = Duration::from_millis(200);
const MEASURING: Duration = Duration::from_millis(40);

/// Which tones of any earcon are heard.
fn heard(recording: &Recording) -> Vec<u32> {
    tones::heard(recording, &[CAPTURED, FAILED].concat())
}

#[test]
fn a_look_and_its_failure_are_heard_and_nothing_else() -> Result<()> {
    let mut room = SoundRoom::open()?;
    let server = XServer::start(room.surroundings_mut(), "640x480x24")?;
    let picture = image::open(shipped::picture("cat.jpg"))?.to_rgb8();
    let window = XWindow::open(&server, &picture, "Viewer", "A cat", (10, 10))?;
    // Nobody speaks: what sounds is an earcon.
    room.surroundings().write(SETTINGS, "speech = \"none\"\n")?;
    let desktop = Desktop::start(room.surroundings_mut())?;
    desktop.wait_for_triggers(9)?;

    for (tones, length) in [(CAPTURED, CAPTURED_LENGTH), (FAILED, FAILED_LENGTH)] {
        let begin = room.now();
        press(room.surroundings(), &["key", "super+alt+d"])?;
        let recording = room.speech_since(begin)?;
        assert_eq!(heard(&recording), tones);
        let sounding = recording.sounding();
        ensure!(sounding >= length - MEASURING && sounding <= length + MEASURING, "{sounding:?}");
        if tones == CAPTURED {
            wait_until("the description", || Ok(desktop.described() == 1))?;
            // Now there is no window, and so nothing to look at.
            window.hide()?;
        }
    }
    desktop.wait_for_log("not described", 1)?;

    desktop.reload(room.surroundings(), "speech = \"none\"\nearcons = false\n")?;
    let begin = room.now();
    press(room.surroundings(), &["key", "super+alt+d"])?;
    desktop.wait_for_log("not described", 2)?;
    press(room.surroundings(), &["key", "super+alt+shift+d"])?;
    wait_until("the screen's description", || Ok(desktop.described() == 2))?;
    room.silence_since(begin, Duration::from_secs(1))
}

#[test]
fn the_answer_follows_the_earcon() -> Result<()> {
    let mut room = SoundRoom::open()?;
    let server = XServer::start(room.surroundings_mut(), "640x480x24")?;
    let picture = image::open(shipped::picture("cat.jpg"))?.to_rgb8();
    let _window = XWindow::open(&server, &picture, "Viewer", "A cat", (10, 10))?;
    let desktop = Desktop::start(room.surroundings_mut())?;
    desktop.wait_for_triggers(9)?;
    let begin = room.now();
    press(room.surroundings(), &["key", "super+alt+d"])?;
    let recording = room.speech_since(begin)?;
    let tones = heard(&recording);
    ensure!(tones.starts_with(&CAPTURED[..1]), "{tones:?}");
    ensure!(recording.sounding() > 4 * CAPTURED_LENGTH, "somebody speaks after it");
    let said: Vec<String> = room.messages()?.into_iter().map(|message| message.text).collect();
    // Where one is comes at once, and the rest when it is known, as one answer.
    ensure!(said.len() == 2 && said[0] == "Viewer: A cat.", "{said:?}");
    ensure!(said[1].contains("Picture filling the window: "), "{said:?}");
    Ok(())
}
