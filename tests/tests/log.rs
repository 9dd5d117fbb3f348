//! The log of the service: as the journal wants it where it is the journal, and never with what was seen.

use std::{fs, os::unix::fs::MetadataExt};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    binaries, caller::Caller, command::Descry, private_bus::PrivateBus, process::Process, session, shipped,
    surroundings::Surroundings,
};
use rustix::process::Signal;

const PICTURE: &str = "cat.jpg";
const LOG: &str = "descryd.log";

/// What systemd says of the file that the log goes to.
fn journal_stream(surroundings: &Surroundings) -> Result<String> {
    let file = fs::metadata(surroundings.write(LOG, "")?)?;
    Ok(format!("{}:{}", file.dev(), file.ino()))
}

/// Has a service do all that it does with a picture, and yields its log, and every sentence that was found for the picture.
fn logged(stream: Option<&str>) -> Result<(String, Vec<String>)> {
    let mut surroundings = Surroundings::new()?;
    let own = journal_stream(&surroundings)?;
    let bus = PrivateBus::start(&mut surroundings)?;
    let caller = Caller::connect(&bus)?;
    let variables = [("JOURNAL_STREAM", stream.unwrap_or(&own))];
    let mut service = session::serve(&surroundings, &caller, &variables)?;
    let describe = Descry::describe(&surroundings).arg("--json").arg(shipped::picture(PICTURE));
    let lines = describe.run()?.expect_code(0)?.json_lines()?;
    let line = lines.first().context("one line for one picture")?;
    let alternatives = line["alternatives"].as_array().context("there are alternatives")?;
    let sentences = alternatives.iter().chain([&line["text"]]).filter_map(|text| text.as_str());
    let sentences: Vec<String> = sentences.map(|text| text.trim_end_matches('.').to_lowercase()).collect();
    ensure!(sentences.len() > 1, "{line}");
    for command in ["repeat", "more", "again", "history"] {
        Descry::new(&surroundings, command).run()?.expect_code(0)?;
    }
    Descry::describe(&surroundings).arg("no-such-picture.jpg").run()?.expect_code(1)?;
    service.signal(Signal::TERM)?;
    service.wait()?;
    Ok((service.log(), sentences))
}

#[test]
fn the_journal_gets_priorities_and_nobody_what_was_seen() -> Result<()> {
    for stream in [None, Some("1:1"), Some("")] {
        let (log, sentences) = logged(stream)?;
        for place in ["described", "not spoken", "ending"] {
            ensure!(log.contains(place), "{place} is not logged: {log}");
        }
        for seen in sentences.iter().map(String::as_str).chain(["cat.jpg", "no-such-picture"]) {
            ensure!(!log.to_lowercase().contains(seen), "{seen} is logged: {log}");
        }
        ensure!(!log.contains('\u{1b}'), "nothing is coloured: {log}");
        for line in log.lines() {
            let (mark, rest) = line.split_at_checked(3).context("a line has a beginning")?;
            if stream.is_none() {
                let expected = if line.contains("not spoken") { "<4>" } else { "<6>" };
                ensure!(mark == expected, "{line}");
                ensure!(rest.starts_with(char::is_alphabetic), "it has no time of its own: {line}");
            } else {
                ensure!(line.starts_with("20") && line.contains('T'), "it has a time: {line}");
            }
        }
    }
    Ok(())
}

#[test]
fn why_it_cannot_serve_is_an_error() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let stream = journal_stream(&surroundings)?;
    let mut command = surroundings.command(binaries::descryd()?);
    command.env("JOURNAL_STREAM", stream).arg("--beam-width=0");
    let mut service = Process::start("descryd", command, surroundings.path(LOG))?;
    let status = service.wait()?;
    assert_eq!(status.code(), Some(1));
    let log = service.log();
    ensure!(log.starts_with("<3>") && log.contains("beam_width") && log.lines().count() == 1, "{log}");
    Ok(())
}
