//! The process that holds the service's model: what it answers, what becomes of it and of the service when either ends.

use std::{collections::HashMap, fs, fs::File, os::fd::AsFd, thread};

use anyhow::{Context, Result, bail, ensure};
use descry_tests::{
    caller::{Answer, Caller},
    command::Descry,
    orca::FakeOrca,
    private_bus::PrivateBus,
    session::{Session, serve},
    shipped,
    surroundings::Surroundings,
    waiting::wait_until,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use zbus::zvariant::Value;

const PICTURE: &str = "cat.jpg";

/// The processes that a process has started, and that are not only waiting to be buried.
fn children(id: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for process in fs::read_dir("/proc")? {
        let path = process?.path();
        let Some(child) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        // It may have ended by now.
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if field("PPid:") == Some(&id.to_string()) && !field("State:").is_some_and(|it| it.starts_with('Z')) {
            children.push(child);
        }
    }
    Ok(children)
}

fn read(id: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{id}/{file}");
    fs::read_to_string(&path).context(path)
}

/// Kilobytes of files that a process has in memory, its own code above all.
fn pages_of_files(id: u32) -> Result<u64> {
    let status = read(id, "status")?;
    let field =
        status.lines().find_map(|line| line.strip_prefix("RssFile:")).context("the kernel tells it")?;
    Ok(field.trim().trim_end_matches(" kB").parse()?)
}

fn is_there(id: u32) -> bool {
    read(id, "status").is_ok_and(|status| !status.lines().any(|line| line.starts_with("State:\tZ")))
}

/// The one process that the service has, once it is known as what it is.
fn model_process(session: &Session) -> Result<u32> {
    let children = children(session.service.id())?;
    let &[id] = children.as_slice() else { bail!("one process holds the model, not {children:?}") };
    Ok(id)
}

fn kill(id: u32, signal: Signal) -> Result<()> {
    let id = Pid::from_raw(id.cast_signed()).context("it has a number")?;
    Ok(kill_process(id, signal)?)
}

/// A service with an engine.
fn start(engine: &str) -> Result<Session> {
    let mut surroundings = Surroundings::new()?;
    surroundings.set("DESCRY_ENGINE", engine);
    if engine == "onnxruntime" {
        surroundings.set(shipped::ONNX_RUNTIME, shipped::onnx_runtime()?);
    }
    let bus = PrivateBus::start(&mut surroundings)?;
    let caller = Caller::connect(&bus)?;
    let service = serve(&surroundings, &caller, &[])?;
    Ok(Session { service, caller, bus, surroundings })
}

fn describe(caller: &Caller, options: &[(&'static str, Value<'static>)]) -> Result<Answer> {
    let image = File::open(shipped::picture(PICTURE))?;
    // The model is loaded unoptimised here, on a machine that may have other work.
    let mut dictionary = HashMap::from([("timeout-ms", Value::from(80_000_u32))]);
    for (name, value) in options {
        dictionary.insert(*name, value.try_clone()?);
    }
    caller.describe_image(image.as_fd(), &dictionary)
}

/// In silence, and as it ought to be.
fn describe_well(session: &Session) -> Result<()> {
    let answer = describe(&session.caller, &[("speak", Value::from(false))])?;
    let description = answer.map_err(|(name, words)| anyhow::anyhow!("{name}: {words}"))?;
    let text = String::try_from(description.get("text").context("a text")?.try_clone()?)?;
    assert_eq!(text, shipped::golden_sentence(PICTURE)?);
    Ok(())
}

/// What `descry describe --json` prints of some pictures, without what differs from one run to the next.
fn described(describe: Descry<'_>) -> Result<Vec<Json>> {
    let pictures = [PICTURE, "astronaut.jpg", "shore.jpg"].map(shipped::picture);
    let outcome = describe.args(["--json", "--no-speech"]).args(pictures).run()?;
    let mut lines = outcome.expect_code(0)?.json_lines()?;
    for line in &mut lines {
        let line = line.as_object_mut().context("an object")?;
        for time in ["decode_ms", "inference_ms"] {
            line.remove(time).with_context(|| format!("{time} is told"))?;
        }
    }
    Ok(lines)
}

/// Has a picture described with the widest beam by another program, and does something once the model is at it.
fn while_it_describes(session: &Session, action: impl FnOnce(u32) -> Result<()>) -> Result<Answer> {
    let other = Caller::connect(&session.bus)?;
    thread::scope(|scope| {
        let asked = scope.spawn(|| describe(&other, &[("beam-width", Value::from(64_u32))]));
        wait_until("the model to be at work", || Ok(session.caller.text_property("State")? == "busy"))?;
        action(model_process(session)?)?;
        asked.join().map_err(|_| anyhow::anyhow!("the caller panicked"))?
    })
}

#[test]
fn it_says_what_the_command_says_by_itself_to_the_last_digit() -> Result<()> {
    for engine in ["tract", "onnxruntime"] {
        let session = start(engine)?;
        describe_well(&session)?;
        let by_service = described(Descry::describe(&session.surroundings))?;
        model_process(&session)?;
        let by_itself = described(Descry::describe(&session.surroundings).arg("--no-service"))?;
        ensure!(by_service.iter().all(|line| line["engine"] == engine && line["confidence"].is_f64()));
        assert_eq!(by_service, by_itself, "{engine}");
        assert_eq!(session.caller.text_property("Device")?, "cpu");
    }
    Ok(())
}

#[test]
fn it_takes_its_memory_with_it_when_the_model_is_let_go() -> Result<()> {
    for engine in ["tract", "onnxruntime"] {
        let session = start(engine)?;
        let service = session.service.id();
        assert_eq!(children(service)?, Vec::<u32>::new(), "there is none before it is needed");
        let before = session.service.resident_memory()?;
        describe_well(&session)?;
        let id = model_process(&session)?;
        assert_eq!(read(id, "comm")?, "descry-model\n");
        assert_eq!(read(id, "cmdline")?, "descryd\0model-process\0");
        let readiness = |id| anyhow::Ok(read(id, "oom_score_adj")?.trim().parse::<i32>()?);
        ensure!(readiness(id)? > readiness(service)?, "the system would end the service first");
        ensure!(!read(service, "maps")?.contains("onnxruntime"), "the library is in the other process");
        assert_eq!(read(id, "maps")?.contains("onnxruntime"), engine == "onnxruntime");

        let code = pages_of_files(service)?;
        session.caller.set_property("IdleUnloadSeconds", Value::from(1_u32))?;
        wait_until("the model to be let go", || Ok(session.caller.text_property("State")? == "unloaded"))?;
        wait_until("its process to end", || Ok(!is_there(id)))?;
        assert_eq!(children(service)?, Vec::<u32>::new());
        // The encoder alone has more than half of that in its file.
        let kept = session.service.resident_memory()?.saturating_sub(before);
        ensure!(kept < 12_000_000, "{engine}: the service keeps {kept} bytes");
        let left = pages_of_files(service)?;
        ensure!(left < code, "{engine}: {left} kB of files are mapped, and {code} before");
        describe_well(&session)?;
    }
    Ok(())
}

#[test]
fn its_end_between_two_requests_costs_no_answer() -> Result<()> {
    let session = start("tract")?;
    describe_well(&session)?;
    let id = model_process(&session)?;
    kill(id, Signal::KILL)?;
    // Nobody has to ask for that.
    wait_until("it to be noticed", || Ok(session.caller.text_property("State")? == "unloaded"))?;
    ensure!(read(id, "status").is_err(), "nothing remains of it");
    describe_well(&session)?;
    ensure!(model_process(&session)? != id, "another one holds the model");
    ensure!(session.service.log().contains("signal: 9"), "{}", session.service.log());
    Ok(())
}

#[test]
fn its_end_in_the_middle_of_a_caption_is_said_and_the_service_lives_on() -> Result<()> {
    let session = start("tract")?;
    let orca = FakeOrca::start(&session.bus)?;
    describe_well(&session)?;
    let owner = session.caller.service_id()?;
    let out_of_memory = "the model failed: the system ended its process, most likely because memory ran out; ask again, \
                         and it is started anew";
    let crashed = "the model failed: its process ended unexpectedly; ask again, and it is started anew";
    for (number, (signal, expected)) in
        [(Signal::KILL, out_of_memory), (Signal::ABORT, crashed)].into_iter().enumerate()
    {
        let answer = while_it_describes(&session, |id| kill(id, signal))?;
        let Err((name, words)) = answer else { bail!("a caption was not to be had") };
        assert_eq!(
            (name.as_str(), words.as_str()),
            ("org.descry.Descry1.Error.Failed", expected),
            "{signal:?}"
        );
        let said = format!("I can't describe the picture: {expected}.");
        wait_until("it to be said", || Ok(orca.presented().len() > number))?;
        assert_eq!(orca.presented()[number..], [said]);
        assert_eq!(session.caller.text_property("State")?, "failed");
        describe_well(&session)?;
        assert_eq!(session.caller.text_property("State")?, "ready");
    }
    assert_eq!(session.caller.service_id()?, owner, "it is the same service");
    assert_eq!(session.caller.history()?.len(), 3, "it remembers");
    Ok(())
}

#[test]
fn it_ends_with_the_service_however_that_ends() -> Result<()> {
    for signal in [Signal::TERM, Signal::KILL] {
        let mut session = start("tract")?;
        describe_well(&session)?;
        let id = model_process(&session)?;
        session.service.signal(signal)?;
        session.service.wait()?;
        wait_until("the model's process to end", || Ok(!is_there(id)))?;
    }
    // And in the middle of a word, where it does not look whether anybody is left.
    let mut session = start("tract")?;
    let image = File::open(shipped::picture(PICTURE))?;
    let options =
        HashMap::from([("beam-width", Value::from(64_u32)), ("timeout-ms", Value::from(80_000_u32))]);
    session.caller.begin_to_describe(image.as_fd(), &options)?;
    wait_until("the model to be at work", || Ok(session.caller.text_property("State")? == "busy"))?;
    let id = model_process(&session)?;
    session.service.signal(Signal::KILL)?;
    session.service.wait()?;
    wait_until("the model's process to end", || Ok(!is_there(id)))
}

#[test]
fn nobody_else_can_do_anything_with_it() -> Result<()> {
    let surroundings = Surroundings::new()?;
    for program in [descry_tests::binaries::descryd()?, descry_tests::binaries::descry()?] {
        let mut command = surroundings.command(&program);
        let output = command.arg("model-process").stdin(File::open("/dev/null")?).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        ensure!(said.contains("the model of a service") && said.lines().count() == 1, "{said}");
        let help = surroundings.command(&program).arg("--help").output()?;
        ensure!(!String::from_utf8_lossy(&help.stdout).contains("model-process"), "it is in the help");
    }
    Ok(())
}
