//! Programs of other makers on the bus, and many at once: each is answered, and none can keep the others from it.

use std::{collections::HashMap, fs::File, os::fd::AsFd, path::Path};

use anyhow::{Context, Result, bail, ensure};
use descry_tests::{
    binaries,
    caller::{Caller, MANAGER, NAME, PATH},
    private_bus::PrivateBus,
    session::Session,
    shipped,
    surroundings::Surroundings,
    waiting::wait_until,
};
use zbus::zvariant::Value;

/// Where Debian's own Python has its modules.
const PYTHON: &str = "/usr/bin/python3";

const MANUAL: &str = include_str!("../../README.md");

/// Runs a program on the session's bus, and returns the lines that it prints.
fn run(session: &Session, program: &Path, arguments: &[&str]) -> Result<Vec<String>> {
    let mut command = session.surroundings.command(program);
    let output = command.args(arguments).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {arguments:?}: {complaint}", program.display());
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

fn busctl(session: &Session, arguments: &[&str]) -> Result<String> {
    let address = format!("--address={}", session.bus.address());
    let arguments = [&[address.as_str()], arguments].concat();
    Ok(run(session, Path::new("busctl"), &arguments)?.join("\n"))
}

fn silent(beam_width: u32) -> HashMap<&'static str, Value<'static>> {
    let timeout = Value::from(120_000_u32);
    HashMap::from([
        ("speak", Value::from(false)),
        ("beam-width", Value::from(beam_width)),
        ("timeout-ms", timeout),
    ])
}

fn text(caller: &Caller, picture: &str) -> Result<String> {
    text_of(caller, &shipped::picture(picture), shipped::golden_beam_width()?)
}

fn text_of(caller: &Caller, picture: &Path, beam_width: u32) -> Result<String> {
    let image = File::open(picture)?;
    let answer = caller.describe_image(image.as_fd(), &silent(beam_width))?;
    let description = answer.map_err(|(name, words)| anyhow::anyhow!("{name}: {words}"))?;
    Ok(String::try_from(description.get("text").context("a text")?.try_clone()?)?)
}

/// A block of the manual.
fn block(language: &str) -> Result<&'static str> {
    let (_, rest) = MANUAL.split_once(&format!("```{language}\n")).context("the manual has such a block")?;
    Ok(rest.split_once("```").context("it ends")?.0)
}

#[test]
fn the_clients_of_the_manual_work() -> Result<()> {
    let session = Session::start()?;
    std::fs::copy(shipped::picture("cat.jpg"), session.surroundings.path("cat.jpg"))?;
    let sentence = shipped::golden_sentence("cat.jpg")?;

    let script = session.surroundings.write("client.py", block("python")?)?;
    let lines = run(&session, Path::new(PYTHON), &[script.to_str().context("UTF-8")?])?;
    ensure!(lines.len() == 1 && lines[0].starts_with(&format!("{sentence} 0.")), "{lines:?}");

    let example = include_str!("../examples/describe_image.rs");
    ensure!(
        example.ends_with(block("rust")?),
        "the manual shows another program than examples/describe_image.rs"
    );
    let program = binaries::descry()?.with_file_name("examples").join("describe_image");
    let lines = run(&session, &program, &[])?;
    ensure!(lines.len() == 1 && lines[0].contains(&sentence), "{lines:?}");
    Ok(())
}

#[test]
fn a_program_of_the_desktop_is_answered() -> Result<()> {
    let session = Session::start()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/describe_gio.py");
    let picture = shipped::picture("cat.jpg");
    let lines = run(&session, Path::new(PYTHON), &[script, picture.to_str().context("UTF-8")?])?;
    let [sentence, band, states] = &lines[..] else { bail!("{lines:?}") };
    assert_eq!(*sentence, shipped::golden_sentence("cat.jpg")?);
    ensure!(["high", "middle", "low", "none"].contains(&band.as_str()), "{band}");
    assert_eq!(states.split(' ').next(), Some("loading"), "{states}");
    let lines = run(&session, Path::new(PYTHON), &[script, script])?;
    assert_eq!(
        lines,
        [
            "org.descry.Descry1.Error.InvalidImage",
            "this is not a picture that Descry can read (JPEG, PNG, GIF, WebP, TIFF or BMP)"
        ]
    );
    Ok(())
}

#[test]
fn busctl_asks_sets_and_is_refused() -> Result<()> {
    let session = Session::start()?;
    let property = |name| busctl(&session, &["get-property", NAME, PATH, MANAGER, name]);
    assert_eq!(property("State")?, "s \"unloaded\"");
    assert_eq!(property("Model")?, format!("s \"{}\"", shipped::MODEL));
    busctl(&session, &["set-property", NAME, PATH, MANAGER, "Detail", "s", "brief"])?;
    assert_eq!(property("Detail")?, "s \"brief\"");
    let refused = busctl(&session, &["set-property", NAME, PATH, MANAGER, "Detail", "s", "long"]);
    ensure!(refused.is_err_and(|error| error.to_string().contains("brief, normal, full")));
    let refused = busctl(&session, &["call", NAME, PATH, MANAGER, "Repeat", "a{sv}", "0"]);
    ensure!(refused.is_err_and(|error| error.to_string().contains("nothing has been described yet")));
    busctl(&session, &["call", NAME, PATH, MANAGER, "StopSpeaking"])?;
    let tree = busctl(&session, &["tree", NAME])?;
    ensure!(tree.contains(PATH), "{tree}");
    let introspection = busctl(&session, &["introspect", NAME, PATH, MANAGER])?;
    for member in [".DescribeImage", ".GetHistory", ".Paused", ".Language"] {
        ensure!(introspection.contains(member), "{member} is not in {introspection}");
    }
    Ok(())
}

#[test]
fn a_hundred_callers_are_answered_while_one_floods() -> Result<()> {
    const CALLERS: usize = 100;
    let session = Session::start()?;
    let flooding = Caller::connect(&session.bus)?;
    // The least work that can be asked for, so that a hundred are soon done.
    let small = session.surroundings.path("small.png");
    image::open(shipped::picture("cat.jpg"))?.thumbnail(224, 224).save(&small)?;
    let image = File::open(shipped::picture("moose.jpg"))?;
    // More than it may have under way, of the widest search; it waits for none of the answers.
    for _ in 0..20 {
        flooding.begin_to_describe(image.as_fd(), &silent(64))?;
    }
    let staying = Caller::connect(&session.bus)?;
    let sentence = text_of(&staying, &small, 1)?;
    let callers: Vec<Caller> = (0..CALLERS).map(|_| Caller::connect(&session.bus)).collect::<Result<_>>()?;
    // All are there, and twenty of them at a time ask, so that a slow machine answers them within their patience.
    for some in callers.chunks(20) {
        flooding.begin_to_describe(image.as_fd(), &silent(64))?;
        std::thread::scope(|scope| {
            let asked: Vec<_> =
                some.iter().map(|caller| scope.spawn(|| text_of(caller, &small, 1))).collect();
            for asked in asked {
                let told = asked.join().map_err(|_| anyhow::anyhow!("a caller panicked"))??;
                assert_eq!(told, sentence);
            }
            anyhow::Ok(())
        })?;
    }
    let peak = session.service.peak_memory()?;
    ensure!(peak < 300_000_000, "descryd took {} MB", peak / 1_000_000);
    // Each has its own history, and nothing of the others'.
    assert_eq!(callers[0].history()?, [sentence]);
    Ok(())
}

#[test]
fn what_a_caller_that_vanishes_asked_for_is_called_off() -> Result<()> {
    let session = Session::start()?;
    let vanishing = Caller::connect(&session.bus)?;
    let staying = Caller::connect(&session.bus)?;
    let image = File::open(shipped::picture("moose.jpg"))?;
    vanishing.begin_to_describe(image.as_fd(), &silent(64))?;
    wait_until("the model to be loaded and busy", || Ok(staying.text_property("State")? != "unloaded"))?;
    drop(vanishing);
    wait_until("the request to be called off", || Ok(session.service.log().contains("CallerGone")))?;
    assert_eq!(text(&staying, "cat.jpg")?, shipped::golden_sentence("cat.jpg")?);
    Ok(())
}

#[test]
fn a_bus_that_starts_again_has_its_service_again() -> Result<()> {
    shipped::bundle()?;
    let mut surroundings = Surroundings::new()?;
    PrivateBus::add_service(&surroundings, NAME, &shipped::service_file(&binaries::descryd()?)?)?;
    for _ in 0..2 {
        let mut bus = PrivateBus::start(&mut surroundings)?;
        let caller = Caller::connect(&bus)?;
        assert_eq!(text(&caller, "cat.jpg")?, shipped::golden_sentence("cat.jpg")?);
        bus.end()?;
    }
    Ok(())
}
