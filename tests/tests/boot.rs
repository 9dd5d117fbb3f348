//! From power-on to a voice: a machine that boots with systemd, with nobody at it, is a wearable that speaks, sees, comes
//! back when it fails, and can be switched off; and where somebody has a screen, it sees that. It takes a disk that
//! `./run test-boot` makes.

use std::{thread::sleep, time::Duration};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    decoys::with_decoys,
    listener::Listener,
    machine::{Machine, PATIENCE},
    waiting::wait_for_long,
};

const READY_FIRST: &str = "Descry is ready. It says what pictures show, and it is wrong at times: do not rely on it to \
                           move about, or against hazards.";
const READY: &str = "Descry is ready.";
const BATTERY: &str = "The battery is almost empty: 4 percent. Charge it now, or Descry will fall silent.";

/// What a window shows.
const ON_SCREEN: &str = "The train to Ulm leaves at ten";

/// The service's own lines in the journal.
const JOURNAL: &str = "journalctl --quiet --no-pager --output=cat _SYSTEMD_USER_UNIT=descryd.service";

/// Asks the journal how often the service said that it is ready.
fn times_ready(machine: &mut Machine) -> Result<usize> {
    Ok(machine.ask(JOURNAL)?.matches("said that it is ready").count())
}

/// What the service's unit says of itself.
fn property(machine: &mut Machine, name: &str) -> Result<String> {
    machine.ask_as("ada", &format!("systemctl --user show --value --property={name} descryd.service"))
}

/// Waits until the loudspeaker has said a sentence, and no other, since so many samples.
fn hear(machine: &Machine, listener: &Listener, since: usize, sentence: &str) -> Result<()> {
    let others = [READY_FIRST, READY, BATTERY, "Please wait."].map(str::to_owned);
    let choices = with_decoys(sentence, &others);
    wait_for_long(&format!("{sentence:?} to be heard"), PATIENCE, || {
        let said = listener.choose(&machine.said_since(since)?, &choices)?;
        println!("heard: {said:?}");
        let is_heard = said.as_deref() == Some(sentence);
        if !is_heard {
            // Listening takes of the machine's own time.
            sleep(Duration::from_secs(2));
        }
        Ok(is_heard.then_some(()))
    })
}

/// Ada sits down before a screen: what she asks the service, which cannot see all that she can, it sees there.
fn look_at_a_screen(machine: &mut Machine) -> Result<()> {
    let begin = |machine: &mut Machine, program: &str| {
        machine.ask_as("ada", &format!("export DISPLAY=:7; setsid {program} >/dev/null 2>&1 </dev/null &"))
    };
    begin(machine, "Xvfb :7 -screen 0 800x600x24")?;
    machine.wait_for("the X server to listen", |machine| {
        let (_, status) = machine.attempt("test -S /tmp/.X11-unix/X7")?;
        Ok((status == "0").then_some(()))
    })?;
    begin(machine, &format!("xmessage -geometry 600x200 \"{ON_SCREEN}\""))?;
    let answer = machine.wait_for("the window to be seen", |machine| {
        let answer =
            machine.ask_as("ada", "DISPLAY=:7 descry describe --screen --no-speech --json || true")?;
        Ok(answer.contains(ON_SCREEN).then_some(answer))
    })?;
    let answer: serde_json::Value =
        serde_json::from_str(answer.lines().last().context("an answer has a line")?)?;
    ensure!(answer["kind"] == "screen", "{answer}");
    ensure!(answer["screen_text"].as_str().is_some_and(|text| text.contains(ON_SCREEN)), "{answer}");
    // It was the service that looked.
    let newest = machine.ask_as("ada", "descry history --json --count 1")?;
    ensure!(newest.contains(ON_SCREEN), "the service remembers {newest}");
    Ok(())
}

#[test]
#[ignore = "it boots a machine for a quarter of an hour, which `./run test-boot` makes"]
fn a_machine_without_anybody_at_it_speaks_after_power_on() -> Result<()> {
    let listener = Listener::from_environment()?;
    let mut machine = Machine::switch_on()?;

    // The first start is told at length, and then that the battery runs out: neither takes the other's word.
    machine.wait_for("the service to be ready", |machine| Ok((times_ready(machine)? == 1).then_some(())))?;
    machine.wait_for("the battery to be told of", |machine| {
        Ok(machine.ask(JOURNAL)?.contains("the battery runs out").then_some(()))
    })?;
    hear(&machine, &listener, 0, &format!("{READY_FIRST} {BATTERY}"))?;

    // Nobody is logged in; the service is one of ada's own systemd, which lingers.
    assert_eq!(machine.ask("loginctl --no-legend list-sessions")?, "");
    assert_eq!(machine.ask("loginctl show-user --value --property=State ada")?, "lingering");
    assert_eq!(property(&mut machine, "ActiveState")?, "active");
    // 30 is an exposure of 3.0.
    machine.ask_as("ada", "systemd-analyze --user security --no-pager --threshold=30 descryd.service")?;

    // The button: whatever is seen of the camera's test picture, it is said.
    let before = machine.recorded()?;
    machine.press("audioplay")?;
    let answer = machine.wait_for("the camera to be described", |machine| {
        let history = machine.ask_as("ada", "descry history --json --count 1")?;
        let line = history.lines().find(|line| line.starts_with('{'));
        let Some(line) = line else { return Ok(None) };
        let entry: serde_json::Value = serde_json::from_str(line)?;
        Ok(Some(entry["wording"].as_str().context("an answer has a wording")?.to_owned()))
    })?;
    hear(&machine, &listener, before, &answer)?;

    look_at_a_screen(&mut machine)?;

    // It is killed, and comes back, which is heard.
    let killed = property(&mut machine, "MainPID")?;
    let before = machine.recorded()?;
    machine.ask(&format!("kill -KILL {killed}"))?;
    machine.wait_for("the service to be ready again", |machine| {
        Ok((times_ready(machine)? == 2).then_some(()))
    })?;
    // The battery is as empty as before, and that is said again too.
    hear(&machine, &listener, before, &format!("{READY} {BATTERY}"))?;
    assert_eq!(property(&mut machine, "NRestarts")?, "1");
    ensure!(property(&mut machine, "MainPID")? != killed, "another process serves");

    // Nothing went wrong on the way but what the test did.
    let complaints = machine.ask(&format!("{JOURNAL} --priority=warning"))?;
    assert_eq!(complaints, "");

    // Where the kernel gives no user namespace it starts all the same.
    machine.ask("echo 0 >/proc/sys/user/max_user_namespaces")?;
    machine.ask_as("ada", "systemctl --user daemon-reload && systemctl --user restart descryd.service")?;
    machine.wait_for("the service to be ready without a namespace", |machine| {
        Ok((times_ready(machine)? == 3).then_some(()))
    })?;
    assert_eq!(property(&mut machine, "PrivateUsers")?, "no");
    machine.power_off()
}
