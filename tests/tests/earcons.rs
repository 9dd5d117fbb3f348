//! Earcons as a loudspeaker gives them: a rising one when something was looked at, a falling one when there was nothing, and
//! none for who wants none.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
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

/// How long they last, and what measuring adds.
const CAPTURED_LENGTH: Duration = Duration::from_millis(75);
const FAILED_LENGTH: Duration = Duration::from_millis(200);
const MEASURING: Duration = Duration::from_millis(40);

/// How often a key is pressed for one.
const MOST_PRESSES: usize = 5;

/// Which tones of any earcon are heard.
fn heard(recording: &Recording) -> Vec<u32> {
    tones::heard(recording, &[CAPTURED, FAILED].concat())
}

/// Presses until an earcon is heard whole: a busy machine may swallow the begin of so short a sound, and no other is ever
/// heard.
fn heard_alone(room: &mut SoundRoom, tones: [u32; 2], length: Duration) -> Result<()> {
    for _ in 0..MOST_PRESSES {
        let begin = room.now();
        press(room.surroundings(), &["key", "super+alt+d"])?;
        let recording = room.speech_since(begin)?;
        let (heard, sounding) = (heard(&recording), recording.sounding());
        ensure!(heard.iter().all(|tone| tones.contains(tone)), "{heard:?} is not of {tones:?}");
        ensure!(sounding <= length + MEASURING, "{tones:?} sounded for {sounding:?}");
        if heard == tones {
            return Ok(());
        }
    }
    bail!("{tones:?} were not heard one after the other in {MOST_PRESSES} presses")
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

    heard_alone(&mut room, CAPTURED, CAPTURED_LENGTH)?;
    wait_until("the description", || Ok(desktop.described() > 0))?;
    // Now there is no window, and so nothing to look at.
    window.hide()?;
    heard_alone(&mut room, FAILED, FAILED_LENGTH)?;
    desktop.wait_for_log("not described", 1)?;

    desktop.reload(room.surroundings(), "speech = \"none\"\nearcons = false\n")?;
    let (begin, described) = (room.now(), desktop.described());
    let failed = desktop.service.log().matches("not described").count();
    press(room.surroundings(), &["key", "super+alt+d"])?;
    desktop.wait_for_log("not described", failed + 1)?;
    press(room.surroundings(), &["key", "super+alt+shift+d"])?;
    wait_until("the screen's description", || Ok(desktop.described() == described + 1))?;
    room.silence_since(begin, Duration::from_secs(1))
}

#[test]
fn an_answer_begins_with_where_one_is() -> Result<()> {
    let mut room = SoundRoom::open()?;
    let server = XServer::start(room.surroundings_mut(), "640x480x24")?;
    let picture = image::open(shipped::picture("cat.jpg"))?.to_rgb8();
    let _window = XWindow::open(&server, &picture, "Viewer", "A cat", (10, 10))?;
    // However long this machine takes.
    room.surroundings().write(SETTINGS, "please_wait = false\n")?;
    let desktop = Desktop::start(room.surroundings_mut())?;
    desktop.wait_for_triggers(9)?;
    let begin = room.now();
    press(room.surroundings(), &["key", "super+alt+d"])?;
    let recording = room.speech_since(begin)?;
    ensure!(heard(&recording).iter().any(|tone| CAPTURED.contains(tone)), "no earcon");
    ensure!(recording.sounding() > 4 * CAPTURED_LENGTH, "nobody speaks after it");
    wait_until("the whole answer", || Ok(room.messages()?.len() == 2))?;
    let said: Vec<String> = room.messages()?.into_iter().map(|message| message.text).collect();
    // Where one is comes at once, and the rest when it is known, as one answer.
    ensure!(said.len() == 2 && said[0] == "Viewer: A cat.", "{said:?}");
    ensure!(said[1].contains("Picture filling the window: "), "{said:?}");
    Ok(())
}
