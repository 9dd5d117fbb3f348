//! The service on a bus of its own: when it is there, what it answers, whom it refuses, and how it ends.

use std::{
    collections::HashMap,
    fs::{self, File},
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use descry_tests::{
    binaries,
    caller::{Answer, Caller, Description, MANAGER, NAME},
    command::Descry,
    odd_pictures,
    private_bus::PrivateBus,
    process::Process,
    session::Session,
    shipped,
    surroundings::Surroundings,
    waiting::wait_until,
    wording::worded,
};
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create},
    process::Signal,
};
use zbus::zvariant::{OwnedValue, Value};

const PICTURE: &str = "cat.jpg";

/// Describes in silence, which is all that can be had without a voice.
fn describe(session: &Session, image: impl AsFd) -> Result<Answer> {
    session.caller.describe_image(image.as_fd(), &silent())
}

fn silent() -> HashMap<&'static str, Value<'static>> {
    HashMap::from([("speak", Value::from(false))])
}

#[test]
fn who_owns_the_name_serves() -> Result<()> {
    let session = Session::start()?;
    let caller = &session.caller;
    assert_eq!(caller.text_property("State")?, "unloaded", "the model is loaded when it is needed");
    assert_eq!(caller.text_property("Model")?, shipped::MODEL);
    assert_eq!(caller.text_property("Device")?, "cpu");
    ensure!(!caller.text_property("Version")?.is_empty(), "it has a version");

    let introspection = caller.introspection()?;
    let (_, manager) = introspection.split_once(MANAGER).context("the manager is not introspected")?;
    for part in ["DescribeImage", "type=\"h\"", "type=\"a{sv}\"", "name=\"State\"", "name=\"Models\""] {
        ensure!(manager.contains(part), "{part} is not in the introspection: {introspection}");
    }
    ensure!(introspection.contains("org.freedesktop.DBus.ObjectManager"), "it has no object manager");
    Ok(())
}

#[test]
fn without_a_whole_model_the_name_is_never_taken() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bus = PrivateBus::start(&mut surroundings)?;
    let bundle = surroundings.path("bundle");
    fs::create_dir(&bundle)?;
    for file in fs::read_dir(shipped::bundle()?)? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), bundle.join(file.file_name()))?;
        }
    }
    fs::OpenOptions::new().write(true).open(bundle.join("decoder.onnx"))?.set_len(100)?;

    let mut command = surroundings.command(binaries::descryd()?);
    command.arg("--model").arg(&bundle);
    let mut service = Process::start("descryd", command, surroundings.path("descryd.log"))?;
    let status = service.wait()?;

    ensure!(!Caller::connect(&bus)?.is_served()?, "somebody serves without a model");
    ensure!(status.code().is_some_and(|code| code != 0), "it ended with {status}");
    let log = service.log();
    ensure!(
        log.contains("decoder.onnx") && !log.contains("panicked"),
        "it does not say what is wrong: {log}"
    );
    Ok(())
}

#[test]
fn a_picture_is_described_and_the_model_loaded_once() -> Result<()> {
    let session = Session::start()?;
    let sentence = shipped::golden_sentence(PICTURE)?;
    let file = File::open(shipped::picture(PICTURE))?;

    let (answer, states) = session.caller.states_during(|| describe(&session, &file))?;
    let description = described(answer)?;
    as_promised(&description, &sentence)?;
    assert_eq!(states.first().map(String::as_str), Some("loading"), "{states:?}");
    assert_eq!(states.last().map(String::as_str), Some("ready"), "{states:?}");
    ensure!(!description.contains_key("words"), "words are given to those who want them");

    // Again, in sealed memory, and with the words this time.
    let memory = sealed_memory(&fs::read(shipped::picture(PICTURE))?, SealFlags::WRITE | SealFlags::SHRINK)?;
    let mut options = silent();
    options.insert("want-words", Value::from(true));
    let (answer, states) =
        session.caller.states_during(|| session.caller.describe_image(memory.as_fd(), &options))?;
    let description = described(answer)?;
    as_promised(&description, &sentence)?;
    ensure!(!states.iter().any(|state| state == "loading"), "the model was loaded again: {states:?}");
    let words: Vec<(String, f64)> = get(&description, "words")?;
    ensure!(words.iter().all(|(_, probability)| (0.0..=1.0).contains(probability)), "{words:?}");
    ensure!(words.len() >= sentence.split(' ').count(), "{words:?} are not the words of: {sentence}");
    assert_eq!(session.caller.text_property("State")?, "ready");
    Ok(())
}

#[test]
fn what_cannot_be_described_is_refused_by_name() -> Result<()> {
    let session = Session::start()?;
    let folder = &session.surroundings;
    let picture = fs::read(shipped::picture(PICTURE))?;
    let huge = folder.path("huge.png");
    odd_pictures::write_huge_png(&huge)?;
    let long = folder.write("long.jpg", &picture)?;
    File::options().write(true).open(&long)?.set_len(33 << 20)?;
    let (pipe, _write) = std::io::pipe()?;
    let cases: [(&str, OwnedFd, &str); 9] = [
        ("text", file(&folder.write("text", "no picture")?)?, "InvalidImage"),
        ("nothing", file(&folder.write("nothing", "")?)?, "InvalidImage"),
        ("half of a picture", file(&folder.write("half", &picture[..picture.len() / 2])?)?, "InvalidImage"),
        ("too many pixels", file(&huge)?, "TooLarge"),
        ("too many bytes", file(&long)?, "TooLarge"),
        ("a pipe", pipe.into(), "InvalidImage"),
        ("a folder", file(Path::new("/"))?, "InvalidImage"),
        ("a device", file(Path::new("/dev/zero"))?, "InvalidImage"),
        ("memory without seals", sealed_memory(&picture, SealFlags::empty())?, "InvalidImage"),
    ];
    for (name, image, error) in cases {
        refused(describe(&session, image)?, error).context(name)?;
    }

    let image = File::open(shipped::picture(PICTURE))?;
    for (name, value) in [
        ("speak", Value::from("yes")),
        ("beam-width", Value::from("3")),
        ("beam-width", Value::from(0_u32)),
        ("beam-width", Value::from(100_000_u32)),
        ("want-words", Value::from(1_u32)),
        ("timeout-ms", Value::from(-1_i32)),
    ] {
        let options = HashMap::from([("speak", Value::from(false)), (name, value.try_clone()?)]);
        let answer = session.caller.describe_image(image.as_fd(), &options)?;
        refused(answer, "InvalidOption").with_context(|| format!("{name}={value:?}"))?;
    }

    // After all of it, it still serves, and took no more memory than it may.
    described(describe(&session, &image)?)?;
    let peak = session.service.peak_memory()?;
    ensure!(peak < 300_000_000, "descryd took {} MB", peak / 1_000_000);
    Ok(())
}

#[test]
fn pictures_of_many_callers_do_not_add_up() -> Result<()> {
    const CALLERS: usize = 20;
    let session = Session::start()?;
    // The largest that is left of a picture while it waits for its caption: 19 MB of pixels.
    let picture = session.surroundings.path("large.png");
    image::RgbImage::from_fn(1535, 4096, |x, y| image::Rgb([(x / 7) as u8, (y / 19) as u8, 90]))
        .save(&picture)?;
    // The widest beam takes long, so that the others wait.
    let options = || {
        let mut options = silent();
        options.extend([("beam-width", Value::from(64_u32)), ("timeout-ms", Value::from(80_000_u32))]);
        options
    };
    let callers: Vec<Caller> = (0..CALLERS).map(|_| Caller::connect(&session.bus)).collect::<Result<_>>()?;
    std::thread::scope(|scope| {
        let ask = |caller| {
            let image = file(&picture);
            scope.spawn(move || {
                described(Caller::describe_image(caller, image?.as_fd(), &options())?).map(drop)
            })
        };
        let asked: Vec<_> = callers.iter().map(ask).collect();
        let answers =
            asked.into_iter().map(|asked| asked.join().map_err(|_| anyhow::anyhow!("a caller panicked"))?);
        answers.collect::<Result<Vec<()>>>()
    })?;
    let peak = session.service.peak_memory()?;
    ensure!(peak < 300_000_000, "descryd took {} MB", peak / 1_000_000);
    Ok(())
}

#[test]
fn an_option_that_is_not_known_is_passed_over() -> Result<()> {
    let session = Session::start()?;
    let mut options = silent();
    options.insert("from-the-future", Value::from(7_u8));
    let image = File::open(shipped::picture(PICTURE))?;
    described(session.caller.describe_image(image.as_fd(), &options)?)?;
    Ok(())
}

#[test]
fn the_command_uses_the_service_that_runs() -> Result<()> {
    let mut session = Session::start()?;
    // The command has no model that it could use itself.
    session.surroundings.set("DESCRY_MODEL", "/nowhere");
    let describe = || Descry::describe(&session.surroundings).args(["--json", "--no-speech"]);

    let pictures = [PICTURE, "moose.jpg"].map(shipped::picture);
    let (outcome, states) = session.caller.states_during(|| describe().args(&pictures).run())?;
    outcome.expect_code(0)?;
    let lines = outcome.json_lines()?;
    assert_eq!(lines[0]["text"], shipped::golden_sentence(PICTURE)?);
    assert_eq!(lines[1]["text"], shipped::golden_sentence("moose.jpg")?);
    assert_eq!(lines[0]["model"], shipped::MODEL);
    assert_eq!(states.iter().filter(|state| *state == "loading").count(), 1, "{states:?}");

    let outcome = describe().arg("-").input(shipped::picture("rocket.jpg")).run()?;
    outcome.expect_code(0)?;
    assert_eq!(outcome.json_lines()?[0]["text"], shipped::golden_sentence("rocket.jpg")?);

    // Bad input is refused as without the service.
    let text = session.surroundings.write("text.jpg", "no picture")?;
    let outcome = Descry::describe(&session.surroundings).arg("--no-speech").arg(text).run()?;
    let sentence = outcome.expect_code(1)?.only_complaint()?;
    ensure!(sentence.contains("text.jpg") && sentence.contains("not a picture"), "{sentence}");

    // And who wants no service has none.
    let outcome = describe().arg("--no-service").arg(shipped::picture(PICTURE)).run()?;
    outcome.expect_code(3)?.complaint()?;
    Ok(())
}

#[test]
fn the_bus_starts_it_when_it_is_asked_for() -> Result<()> {
    shipped::bundle()?;
    let mut surroundings = Surroundings::new()?;
    let service = shipped::service_file(&binaries::descryd()?)?;
    PrivateBus::add_service(&surroundings, NAME, &service)?;
    let mut bus = PrivateBus::start(&mut surroundings)?;
    let caller = Caller::connect(&bus)?;
    ensure!(!caller.is_served()?, "nobody has asked yet");

    let image = File::open(shipped::picture(PICTURE))?;
    let description = described(caller.describe_image(image.as_fd(), &silent())?)?;
    as_promised(&description, &shipped::golden_sentence(PICTURE)?)?;

    // It ends with the session, though nobody but the bus knows it.
    let id = caller.service_id()?;
    bus.end()?;
    wait_until("descryd to end with its bus", || Ok(!is_running(id)))
}

#[test]
fn it_ends_cleanly_when_it_is_told_to() -> Result<()> {
    for signal in [Signal::TERM, Signal::INT] {
        let mut session = Session::start()?;
        session.service.signal(signal)?;
        let status = session.service.wait()?;
        ensure!(status.success(), "descryd ended with {status} on {signal:?}: {}", session.service.log());
        ensure!(!session.caller.is_served()?, "the name is free again");
    }
    Ok(())
}

#[test]
fn it_ends_when_its_bus_does() -> Result<()> {
    let mut session = Session::start()?;
    session.bus.end()?;
    let status = session.service.wait()?;
    ensure!(status.code().is_some(), "descryd ended with {status}");
    ensure!(!session.service.log().contains("panicked"), "{}", session.service.log());
    Ok(())
}

#[test]
fn a_second_one_does_not_take_the_name_away() -> Result<()> {
    let session = Session::start()?;
    let command = session.surroundings.command(binaries::descryd()?);
    let mut second = Process::start("second descryd", command, session.surroundings.path("second.log"))?;
    let status = second.wait()?;
    ensure!(status.code().is_some_and(|code| code != 0), "the second one ended with {status}");
    ensure!(second.log().contains(NAME), "it does not say why: {}", second.log());
    let image = File::open(shipped::picture(PICTURE))?;
    described(describe(&session, image)?)?;
    Ok(())
}

fn described(answer: Answer) -> Result<Description> {
    answer.map_err(|(name, words)| anyhow::anyhow!("a description was expected, not {name}: {words}"))
}

fn refused(answer: Answer, error: &str) -> Result<()> {
    let Err((name, words)) = answer else { bail!("{error} was expected, not a description") };
    ensure!(name == format!("org.descry.Descry1.Error.{error}"), "{error} was expected, not {name}: {words}");
    ensure!(words.contains(' ') && !words.contains("panicked"), "this is no sentence: {words}");
    Ok(())
}

/// The keys that a description has, and what can be known of their values.
fn as_promised(description: &Description, sentence: &str) -> Result<()> {
    assert_eq!(get::<String>(description, "text")?, sentence);
    assert_eq!(get::<String>(description, "model")?, shipped::MODEL);
    let confidence: f64 = get(description, "confidence")?;
    ensure!(confidence > 0.0 && confidence <= 1.0, "the confidence is {confidence}");
    assert_eq!(get::<String>(description, "language")?, "en");
    let wording = worded(sentence, &get::<String>(description, "band")?)?;
    assert_eq!(get::<String>(description, "wording")?, wording);
    assert_eq!(get::<String>(description, "kind")?, "photo");
    assert_eq!(get::<Vec<String>>(description, "quality")?, Vec::<String>::new());
    let alternatives: Vec<String> = get(description, "alternatives")?;
    ensure!(!alternatives.iter().any(|alternative| alternative == sentence), "{alternatives:?}");
    ensure!(get::<u32>(description, "inference-ms")? > 0, "the network takes its time");
    get::<u32>(description, "capture-ms")?;
    ensure!(get::<u64>(description, "id")? > 0, "requests are counted from one");
    // 2020-01-01, in microseconds: a clock that is wrong by its unit is found.
    ensure!(
        get::<u64>(description, "captured-at")? > 1_577_836_800_000_000,
        "in microseconds since the epoch"
    );
    Ok(())
}

fn get<T: TryFrom<OwnedValue>>(description: &Description, key: &str) -> Result<T> {
    let value = description.get(key).with_context(|| format!("there is no {key} in {description:?}"))?;
    T::try_from(value.try_clone()?).ok().with_context(|| format!("{key} has another type: {value:?}"))
}

fn file(path: &Path) -> Result<OwnedFd> {
    Ok(File::open(path).with_context(|| path.display().to_string())?.into())
}

fn sealed_memory(contents: &[u8], seals: SealFlags) -> Result<OwnedFd> {
    let memory = File::from(memfd_create("picture", MemfdFlags::ALLOW_SEALING)?);
    std::io::Write::write_all(&mut &memory, contents)?;
    fcntl_add_seals(&memory, seals)?;
    Ok(memory.into())
}

/// Whether a process is there that is not only waiting to be buried.
fn is_running(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}
