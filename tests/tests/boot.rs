//! From power-on to a voice: a machine that boots with systemd, with nobody at it, is a wearable that speaks, sees, comes
//! back when it fails, and can be switched off. It takes a disk that `./run test-boot` makes.

use anyhow::{Context, Result, ensure};
use descry_tests::{
    decoys::with_decoys,
    listener::Listener,
    machine::{Machine, PATIENCE},
    recording::Recording,
    waiting::wait_for_long,
};

const READY_FIRST: &str = "Descry is ready. It says what pictures show, and it is wrong at times: do not rely on it to \
                           move about, or against hazards.";
const READY: &str = "Descry is ready.";
const BATTERY: &str = "The battery is almost empty: 4 percent. Charge it now, or Descry will fall silent.";

/// The service's own lines in the journal.
const JOURNAL: &str = "journalctl --no-pager --output=cat _SYSTEMD_USER_UNIT=descryd.service";

/// Asks the journal how often the service said that it is ready.
fn times_ready(machine: &mut Machine) -> Result<usize> {
    Ok(machine.ask(JOURNAL)?.matches("said that it is ready").count())
}

/// What the service's unit says of itself.
fn property(machine: &mut Machine, name: &str) -> Result<String> {
    machine.ask_as("ada", &format!("systemctl --user show --value --property={name} descryd.service"))
}

/// Which sentence a recording says, among others that it does not.
fn heard(
    listener: &Listener,
    recording: &Recording,
    sentence: &str,
    others: &[&str],
) -> Result<Option<String>> {
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    listener.choose(recording, &with_decoys(sentence, &others))
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
    let begin = machine.said_since(0)?;
    let both = format!("{READY_FIRST} {BATTERY}");
    let of_begin = heard(&listener, &begin, &both, &[READY_FIRST, READY, BATTERY])?;
    assert_eq!(of_begin.as_deref(), Some(both.as_str()), "after power-on");

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
    wait_for_long("the answer to be heard", PATIENCE, || {
        let recording = machine.said_since(before)?;
        let said = heard(&listener, &recording.last_phrase(), &answer, &[READY, BATTERY, "Please wait."])?;
        Ok((said.as_deref() == Some(&answer)).then_some(()))
    })?;

    // It is killed, and comes back, which is heard.
    let killed = property(&mut machine, "MainPID")?;
    let before = machine.recorded()?;
    machine.ask_as("ada", "systemctl --user kill --signal=KILL descryd.service")?;
    machine.wait_for("the service to be ready again", |machine| {
        Ok((times_ready(machine)? == 2).then_some(()))
    })?;
    let again = machine.said_since(before)?;
    // With the battery as empty as before, that is said again too.
    let both = format!("{READY} {BATTERY}");
    let of_again = heard(&listener, &again, &both, &[READY_FIRST, READY, BATTERY])?;
    ensure!(of_again.as_deref() == Some(&both), "after it was killed {of_again:?} is heard");
    assert_eq!(property(&mut machine, "NRestarts")?, "1");
    ensure!(property(&mut machine, "MainPID")? != killed, "another process serves");

    // Nothing went wrong on the way but what the test did.
    let complaints = machine.ask(&format!("{JOURNAL} --priority=warning"))?;
    assert_eq!(complaints, "");
    machine.power_off()
}
