//! `descry check` where parts are there, and where they are not.

use std::{fs, os::unix::fs::symlink};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::{Descry, Outcome},
    private_bus::PrivateBus,
    sound_room::SoundRoom,
    surroundings::Surroundings,
    x_server::XServer,
};

#[test]
fn all_that_is_needed_works_in_a_furnished_room() -> Result<()> {
    let mut room = SoundRoom::open()?;
    let _bus = PrivateBus::start(room.surroundings_mut())?;
    let server = XServer::start(room.surroundings_mut(), "640x480x24")?;
    let _manager = server.manage(room.surroundings())?;
    let outcome = Descry::new(room.surroundings(), "check").run()?;
    outcome.expect_code(0)?;
    assert_eq!(outcome.stderr, "");
    for line in [
        "Configuration works. It can be read.",
        "Model works. It is descry-attend-9 in ",
        "Engine works.",
        "Speech works. Speech-dispatcher answers and has ",
        "Short sound works. Paplay plays it.",
        "Service is not there. Descryd does not run",
        "Screen works. It has 640 x 480 pixels on 1 monitor, and which window is active is known.",
        "Accessibility of windows is not there. Programs cannot be asked about their windows",
        "Text on screens works. Tesseract is there, with the languages ",
        "Camera ",
        "All that Descry needs works.",
    ] {
        ensure!(outcome.stdout.lines().any(|found| found.starts_with(line)), "{line} is not in {outcome:?}");
    }
    // Nothing was said aloud.
    assert_eq!(room.messages()?, []);
    Ok(())
}

#[test]
fn each_part_that_is_missing_is_named_with_the_way_out() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bin = surroundings.path("bin");
    fs::create_dir(&bin)?;
    symlink("/usr/bin/setpriv", bin.join("setpriv"))?;
    surroundings.set("PATH", &bin);
    let model = surroundings.path("no-model");
    surroundings.set("DESCRY_MODEL", &model);
    let outcome = Descry::new(&surroundings, "check").arg("--json").run()?;
    outcome.expect_code(1)?;
    let report = outcome.json_lines()?.into_iter().next().context("one object is printed")?;
    assert_eq!(report["works"], false);
    for (part, state, words) in [
        ("Configuration", "works", "can be read"),
        ("Model", "fails", "the folder does not exist; check the path"),
        ("Engine", "fails", "no model"),
        ("Speech", "fails", "install and start speech-dispatcher"),
        ("Short sound", "missing", "install pulseaudio-utils"),
        ("Service", "missing", "systemctl --user start descryd"),
        ("Screen", "missing", "start it in your graphical session"),
        ("Accessibility of windows", "missing", "passwords are known by their dots alone"),
        ("Text on screens", "missing", "install the package tesseract-ocr"),
    ] {
        let found =
            report["parts"].as_array().and_then(|parts| parts.iter().find(|found| found["part"] == part));
        let found = found.with_context(|| format!("{part} is not in {report}"))?;
        assert_eq!(found["state"], state, "{found}");
        ensure!(found["text"].as_str().is_some_and(|text| text.contains(words)), "{found}");
    }
    Ok(())
}

#[test]
fn it_speaks_the_language_of_the_session() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    surroundings.set("LANG", "de_DE.UTF-8");
    let outcome = Descry::new(&surroundings, "check").run()?;
    outcome.expect_code(1)?;
    for line in [
        "Konfiguration: funktioniert. Sie kann gelesen werden.",
        "Modell: funktioniert. Es ist descry-attend-9 in ",
    ] {
        ensure!(outcome.stdout.lines().any(|found| found.starts_with(line)), "{line} is not in {outcome:?}");
    }
    ensure!(outcome.stdout.ends_with("Was Descry braucht, funktioniert nicht: Sprechen.\n"), "{outcome:?}");
    surroundings.write("home/.config/descry/descry.toml", "beam_with = 3\n")?;
    let outcome = Descry::new(&surroundings, "config").arg("check").run()?;
    let complaint = outcome.expect_code(2)?.only_complaint()?;
    ensure!(
        complaint.contains("es gibt keine Einstellung \"beam_with\"; war beam_width gemeint?"),
        "{complaint}"
    );
    Ok(())
}

#[test]
fn settings_that_cannot_be_used_are_named_and_the_rest_is_tried() -> Result<()> {
    let surroundings = Surroundings::new()?;
    surroundings.write("home/.config/descry/descry.toml", "beam_with = 3\n")?;
    let outcome: Outcome = Descry::new(&surroundings, "check").run()?;
    outcome.expect_code(1)?;
    let line = outcome.stdout.lines().find(|line| line.starts_with("Configuration does not work."));
    ensure!(line.is_some_and(|line| line.contains("descry.toml")), "{outcome:?}");
    ensure!(outcome.stdout.contains("\nModel works."), "{outcome:?}");
    ensure!(
        outcome.stdout.ends_with("Descry needs what does not work: Configuration, Speech.\n"),
        "{outcome:?}"
    );
    Ok(())
}
