//! The service while it runs: who sees what it has said, what can be changed, and who speaks.

use std::{collections::HashMap, fs::File, os::fd::AsFd};

use anyhow::{Context, Result, bail, ensure};
use descry_tests::{
    binaries, caller::Caller, command::Descry, orca::FakeOrca, session::Session, shipped,
    surroundings::Surroundings, waiting::wait_until,
};
use rustix::process::Signal;
use zbus::zvariant::Value;

const SETTINGS: &str = "home/.config/descry/descry.toml";

/// Changes the settings, and waits until the service has read them again, for the given time.
fn reload(session: &Session, settings: &str, times: usize) -> Result<()> {
    session.surroundings.write(SETTINGS, settings)?;
    session.service.signal(Signal::HUP)?;
    wait_until("the settings to be read", || Ok(session.service.log().matches("read again").count() >= times))
}

/// What the service found, and how it words it.
struct Found {
    text: String,
    wording: String,
}

fn describe(caller: &Caller, picture: &str, speak: bool) -> Result<Found> {
    let image = File::open(shipped::picture(picture))?;
    let options = HashMap::from([("speak", Value::from(speak))]);
    let answer = caller.describe_image(image.as_fd(), &options)?;
    let description = answer.map_err(|(name, words)| anyhow::anyhow!("{name}: {words}"))?;
    let get = |key: &str| {
        let value = description.get(key).with_context(|| format!("a description has a {key}"))?;
        anyhow::Ok(String::try_from(value.try_clone()?)?)
    };
    let found = Found { text: get("text")?, wording: get("wording")? };
    assert_eq!(found.text, shipped::golden_sentence(picture)?);
    Ok(found)
}

#[test]
fn each_sees_its_own_and_the_persons_hand_sees_all() -> Result<()> {
    let session = Session::start()?;
    session.command("repeat").run()?.expect_code(1)?.only_complaint()?;
    let other = Caller::connect(&session.bus)?;
    let cat = describe(&session.caller, "cat.jpg", false)?;
    let moose = describe(&other, "moose.jpg", false)?;
    assert_eq!(session.caller.history()?, [cat.text.as_str()]);
    assert_eq!(other.history()?, [moose.text.as_str()]);

    let outcome = session.command("history").arg("--json").run()?;
    let texts: Vec<_> =
        outcome.expect_code(0)?.json_lines()?.into_iter().map(|line| line["text"].clone()).collect();
    assert_eq!(texts, [moose.text.as_str(), cat.text.as_str()]);
    // The newest, whoever asked for it, and then other words for it.
    let repeated = session.command("repeat").arg("--no-speech").run()?.expect_code(0)?.stdout.clone();
    let again = session.command("again").arg("--no-speech").run()?.expect_code(0)?.stdout.clone();
    assert_eq!(repeated, format!("{}\n", moose.wording));
    ensure!(again != repeated, "{again}");

    // A program is not the command for its name: a copy elsewhere is another file.
    let copy = session.surroundings.path("descry");
    std::fs::copy(binaries::descry()?, &copy)?;
    let output = session.surroundings.command(&copy).arg("history").output()?;
    ensure!(output.status.success() && output.stdout.is_empty(), "{output:?}");

    session.command("history").arg("--clear").run()?.expect_code(0)?;
    ensure!(session.caller.history()?.is_empty() && other.history()?.is_empty(), "all is forgotten");
    Ok(())
}

#[test]
fn it_speaks_german_and_says_that_captions_are_in_english() -> Result<()> {
    let session = Session::start()?;
    let orca = FakeOrca::start(&session.bus)?;
    assert_eq!(session.caller.text_property("Language")?, "en");
    session.caller.set_property("Language", Value::from("de-AT"))?;
    assert_eq!(session.caller.text_property("Language")?, "de-AT");
    let refused = session.caller.set_property("Language", Value::from("fr"));
    ensure!(refused.is_err_and(|error| format!("{error:#}").contains("Descry speaks en, de")));

    let found = describe(&session.caller, "cat.jpg", true)?;
    let mut letters = found.text.chars();
    let lower: String = letters.next().map(char::to_lowercase).into_iter().flatten().chain(letters).collect();
    ensure!(found.wording.ends_with(&format!("uf Englisch: {lower}")), "{}", found.wording);
    assert_eq!(orca.presented(), [found.wording.as_str()], "what is said is what is told");

    let answer = session.caller.describe_image(File::open("/dev/null")?.as_fd(), &HashMap::new())?;
    let Err((name, words)) = answer else { bail!("/dev/null is no picture") };
    assert_eq!(
        (name.as_str(), words.as_str()),
        ("org.descry.Descry1.Error.InvalidImage", "das ist keine gewöhnliche Datei",)
    );
    let said = "Ich kann das Bild nicht beschreiben: das ist keine gewöhnliche Datei.";
    assert_eq!(orca.presented()[1..], [said.to_owned()]);

    // The command speaks its own session's language, and hands on what the service says in its.
    let more = session.command("more").arg("--no-speech").run()?.expect_code(0)?.stdout.clone();
    ensure!(more.contains("Das Modell ist ") && more.ends_with(" Prozent. Das war gerade eben.\n"), "{more}");
    let again = session.command("again").arg("--no-speech").run()?.expect_code(0)?.stdout.clone();
    ensure!(again.contains(", auf Englisch: "), "{again}");
    let history = session.command("history").run()?.expect_code(0)?.stdout.clone();
    assert_eq!(history, format!("just now: {}\n", found.wording));
    session.command("pause").run()?.expect_code(0)?;
    assert_eq!(orca.presented()[2..], ["Descry macht Pause.".to_owned()]);
    Ok(())
}

#[test]
fn it_pauses_reports_itself_and_lets_an_idle_model_go() -> Result<()> {
    let session = Session::start()?;
    session.command("pause").run()?.expect_code(0)?;
    let image = shipped::picture("cat.jpg");
    let paused = session.command("describe").arg("--no-speech").arg(&image).run()?;
    ensure!(paused.expect_code(3)?.only_complaint()?.contains("descry resume"), "{paused:?}");
    let status = session.command("status").arg("--json").run()?.expect_code(0)?.json_lines()?;
    assert_eq!((&status[0]["running"], &status[0]["paused"]), (&true.into(), &true.into()));
    session.command("resume").run()?.expect_code(0)?;

    describe(&session.caller, "cat.jpg", false)?;
    session.caller.set_property("IdleUnloadSeconds", Value::from(1_u32))?;
    wait_until("the model to be let go", || Ok(session.caller.text_property("State")? == "unloaded"))?;
    // What becomes of its memory is tried in model_process.rs.
    describe(&session.caller, "cat.jpg", false)?;
    Ok(())
}

#[test]
fn a_pause_is_ended_by_who_began_it() -> Result<()> {
    let session = Session::start()?;
    let (one, other) = (&session.caller, Caller::connect(&session.bus)?);
    let pause = |caller: &Caller, pauses: bool| caller.set_property("Paused", Value::from(pauses));
    let refused = |result: Result<()>, who: &str| {
        let error = result.err().with_context(|| format!("{who} was let"))?;
        ensure!(format!("{error:#}").contains(who), "{error:#}");
        anyhow::Ok(())
    };
    // The person's ends by the person's own hand alone.
    session.command("pause").run()?.expect_code(0)?;
    refused(pause(one, false), "only the person")?;
    session.command("resume").run()?.expect_code(0)?;
    // A program's by that program and the person, and by others once it is gone.
    pause(one, true)?;
    refused(pause(&other, false), "another program")?;
    session.command("resume").run()?.expect_code(0)?;
    pause(&other, true)?;
    refused(pause(one, false), "another program")?;
    pause(&other, false)?;
    pause(&other, true)?;
    drop(other);
    wait_until("the end of the pause", || Ok(pause(one, false).is_ok()))?;
    describe(one, "cat.jpg", false)?;
    Ok(())
}

#[test]
fn settings_are_read_again_and_bad_ones_change_nothing() -> Result<()> {
    let session = Session::start()?;
    let route = || session.caller.text_property("SpeechRoute");
    assert_eq!(route()?, "auto");
    reload(&session, "speech = \"none\"\nrate = 30\n", 1)?;
    assert_eq!(route()?, "none");
    reload(&session, "speach = \"auto\"\n", 2)?;
    assert_eq!(route()?, "none");
    ensure!(session.service.log().contains("did you mean speech?"), "{}", session.service.log());
    // What the bus set stays where the files did not change it.
    session.caller.set_property("Detail", Value::from("brief"))?;
    reload(&session, "speech = \"speechd\"\n", 3)?;
    assert_eq!((route()?.as_str(), session.caller.text_property("Detail")?.as_str()), ("speechd", "brief"));

    let outcome = session.command("config").arg("check").run()?;
    let path = session.surroundings.path(SETTINGS);
    let line = format!("speech = \"speechd\", from {}\n", path.display());
    ensure!(outcome.expect_code(0)?.stdout.contains(&line), "{outcome:?}");
    session.surroundings.write(SETTINGS, "rate = 500")?;
    let outcome = session.command("config").arg("check").run()?;
    ensure!(outcome.expect_code(2)?.only_complaint()?.contains("rate"), "{outcome:?}");
    Ok(())
}

#[test]
fn orca_is_asked_to_speak_where_it_runs() -> Result<()> {
    let session = Session::start()?;
    let orca = FakeOrca::start(&session.bus)?;
    let found = describe(&session.caller, "cat.jpg", true)?;
    let presented = orca.presented();
    assert_eq!(presented, [found.wording], "it was said once");
    // Whoever wants no speech has none, at once.
    session.caller.set_property("SpeechRoute", Value::from("none"))?;
    describe(&session.caller, "cat.jpg", true)?;
    assert_eq!(orca.presented(), presented);
    Ok(())
}

#[test]
fn without_a_service_the_way_out_is_said() -> Result<()> {
    let surroundings = Surroundings::new()?;
    for command in ["repeat", "more", "again", "stop", "pause", "resume", "history", "status"] {
        let outcome = Descry::new(&surroundings, command).run()?;
        let complaint = outcome.expect_code(3)?.only_complaint()?;
        ensure!(complaint.contains("systemctl --user start descryd"), "{command}: {complaint}");
    }
    let outcome = Descry::new(&surroundings, "status").arg("--json").run()?;
    assert_eq!(outcome.expect_code(3)?.stdout, "{\"running\":false}\n");
    Ok(())
}
