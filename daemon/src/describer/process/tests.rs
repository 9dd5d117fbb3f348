//! Conversations with the other end on a thread, and processes that are none of ours.

use std::{
    cell::{Cell, RefCell},
    os::unix::net::UnixStream,
    sync::mpsc,
    thread,
};

use super::*;
use crate::describer::{
    Describer, Load,
    fake::{Conduct, FakeDescriber, load},
};

/// A machine with other work may keep a process waiting, which must not be taken for a hang.
const PATIENT: Patience =
    Patience { step: Duration::from_mins(1), loading: Duration::from_mins(1), end: Duration::from_mins(1) };

/// For what hangs.
const MOMENT: Duration = Duration::from_millis(300);

/// Opens what `load` gives, on a thread at the other end of a line.
fn opened(
    mut load: Load,
    notices: &'static [&'static str],
    tell: &dyn Fn(&Message),
) -> (Conversation, Result<About, DescribeError>, thread::JoinHandle<Result<(), LineError>>) {
    let (own, its) = UnixStream::pair().unwrap();
    let served = thread::spawn(move || {
        server::serve(its, |folder, opening, tell| {
            assert_eq!((folder, opening), (Path::new("/m"), &Opening::default()));
            for notice in notices {
                tell(&words!("model-other", detail = *notice));
            }
            load()
        })
    });
    let mut conversation = Conversation::new(own, PATIENT).unwrap();
    conversation.begin().unwrap();
    let about = conversation.open(Path::new("/m"), &Opening::default(), tell).unwrap();
    (conversation, about, served)
}

#[test]
fn captions_are_those_of_the_model() {
    let told = RefCell::new(Vec::new());
    let tell = |message: &Message| told.borrow_mut().push(message.to_string());
    let (mut conversation, about, served) = opened(load(Conduct::Describe), &["one", "two"], &tell);
    let about = about.unwrap();
    assert_eq!((about.model.as_str(), about.engine.as_str()), ("fake-model", "fake"));
    assert_eq!((about.language.as_str(), about.device), ("en", Device::Cuda));
    assert_eq!(*told.borrow(), ["one", "two"]);
    // More than a socket holds at once, too.
    for (width, height, beam_width) in [(1, 1, None), (1280, 800, Some(5)), (3, 7, Some(1))] {
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let caption = conversation.describe(&picture, beam_width, &|| false).unwrap();
        let same = FakeDescriber::new(Conduct::Describe).describe(&picture, beam_width, &|| false);
        assert_eq!(caption, same);
    }
    conversation.end();
    assert!(served.join().unwrap().is_ok());
}

#[test]
fn failures_are_those_of_the_model_and_the_next_picture_is_described() {
    let (mut conversation, _, served) = opened(load(Conduct::Fail), &[], &|_| {});
    let picture = RgbImage::new(2, 2);
    for _ in 0..2 {
        let failed = conversation.describe(&picture, None, &|| false).unwrap();
        assert_eq!(failed, FakeDescriber::new(Conduct::Fail).describe(&picture, None, &|| false));
    }
    drop(conversation);
    assert!(served.join().unwrap().is_ok());

    let no = || DescribeError::Unavailable(words!("model-no-folder", path = "/m"));
    let (_conversation, about, served) = opened(Box::new(move || Err(no())), &[], &|_| {});
    assert_eq!(about, Err(no()));
    assert!(served.join().unwrap().is_ok(), "it has nothing to wait for");
}

#[test]
fn what_is_called_off_ends_at_the_next_word() {
    let (mut conversation, _, served) = opened(load(Conduct::Endless), &[], &|_| {});
    for asked in [1, 50] {
        let left = Cell::new(asked);
        let cancelled = || {
            left.set(left.get() - 1);
            left.get() == 0
        };
        let result = conversation.describe(&RgbImage::new(1, 1), None, &cancelled).unwrap();
        assert_eq!((result, left.get()), (Err(DescribeError::Cancelled), 0));
    }
    drop(conversation);
    assert!(served.join().unwrap().is_ok());
}

#[test]
fn a_crash_is_seen_and_the_other_end_ends_with_the_line() {
    let (mut conversation, _, served) = opened(load(Conduct::Panic), &[], &|_| {});
    let lost = conversation.describe(&RgbImage::new(1, 1), None, &|| false);
    assert!(matches!(lost, Err(LineError::Closed)), "{lost:?}");
    assert!(served.join().is_err(), "it panicked");

    // Between words as well, whoever it describes for.
    let (own, its) = UnixStream::pair().unwrap();
    let served = thread::spawn(|| server::serve(its, |_, _, _| load(Conduct::Endless)()));
    let mut conversation = Conversation::new(own.try_clone().unwrap(), PATIENT).unwrap();
    conversation.begin().unwrap();
    conversation.open(Path::new("/m"), &Opening::default(), &|_| {}).unwrap().unwrap();
    let hang_up = || {
        own.shutdown(std::net::Shutdown::Both).unwrap();
        false
    };
    assert!(conversation.describe(&RgbImage::new(1, 1), None, &hang_up).is_err());
    assert!(served.join().unwrap().is_ok());
}

#[test]
fn a_picture_that_is_not_taken_is_not_pressed_for_ever() {
    let (own, its) = UnixStream::pair().unwrap();
    let mut conversation = Conversation::new(own, Patience { step: MOMENT, ..PATIENT }).unwrap();
    let lost = conversation.describe(&RgbImage::new(1280, 800), None, &|| false);
    assert!(matches!(lost, Err(LineError::Silent)), "{lost:?}");
    drop(its);
    let lost = conversation.describe(&RgbImage::new(1280, 800), None, &|| false);
    assert!(matches!(lost, Err(LineError::Closed)), "{lost:?}");
}

/// What a shell says at the line as the first message.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("printf '\\011\\0\\0\\0\"Started\"' >&0; {script}"));
    command
}

#[test]
fn how_a_process_was_lost_is_said() {
    for (script, expected) in [
        ("exit 3", words!("model-process-crashed")),
        ("exit 0", words!("model-process-crashed")),
        ("kill -SEGV $$", words!("model-process-crashed")),
        ("kill -KILL $$", words!("model-process-killed")),
        // It answers nothing, and would not end by itself either.
        ("trap '' TERM; while :; do sleep 0.05; done", words!("model-process-hangs")),
        // What is no message, and a message that nobody waits for.
        ("printf 'hello, world' >&0", words!("model-process-crashed")),
        ("printf '\\006\\0\\0\\0\"Asks\"' >&0", words!("model-process-crashed")),
    ] {
        let loading = if script.starts_with("trap") { MOMENT } else { PATIENT.loading };
        let patience = Patience { loading, ..PATIENT };
        let running = Running::start(shell(script), patience).unwrap();
        let id = running.child.id();
        let lost = running.open(Path::new("/m"), &Opening::default(), &|_| {}).unwrap_err();
        assert_eq!(lost, DescribeError::Ended(expected), "{script}");
        assert!(!Path::new(&format!("/proc/{id}")).exists(), "{script}: it is not buried");
    }
}

#[test]
fn without_a_process_there_is_an_error_at_once() {
    for command in [Command::new("/no/such/program"), Command::new("true"), {
        let mut command = Command::new("sh");
        command.args(["-c", "printf '\\006\\0\\0\\0\"Asks\"' >&0"]);
        command
    }] {
        assert!(Running::start(command, PATIENT).is_err());
    }
}

/// A model that a shell claims to hold.
fn claimed(script: &str) -> ModelProcess {
    let about = r#"{"Opened":{"model":"m","language":"en","engine":"e","device":"cpu"}}"#;
    // The length is less than 128, a byte that every printf writes.
    let opened = format!("printf '\\{:o}\\0\\0\\0{about}' >&0", about.len());
    let running = Running::start(shell(&format!("{opened}; {script}")), PATIENT).unwrap();
    running.open(Path::new("/m"), &Opening::default(), &|_| {}).unwrap()
}

#[test]
fn a_process_that_ended_while_nobody_asked_is_noticed() {
    let mut model = claimed("read line");
    assert_eq!((model.model(), model.engine(), model.device()), ("m", "e", Device::Cpu));
    let (told, ended) = mpsc::channel();
    model.when_ended(Box::new(move || told.send(()).unwrap()));
    assert!(!model.has_ended());
    assert!(ended.try_recv().is_err());
    model.running.child.kill().unwrap();
    ended.recv().unwrap();
    // Whoever is told needs not try again.
    assert!(model.has_ended());
    // Whoever asks it all the same hears why there is no answer.
    let lost = model.describe(&RgbImage::new(1, 1), None, &|| false);
    assert_eq!(lost, Err(DescribeError::Ended(words!("model-process-killed"))));
    assert!(model.has_ended());
}

#[test]
fn one_that_is_let_go_is_told_of_too_and_leaves_no_thread() {
    let mut model = claimed("read line");
    let (told, ended) = mpsc::channel();
    model.when_ended(Box::new(move || told.send(()).unwrap()));
    drop(model);
    assert_eq!(ended.iter().count(), 1);
}

#[test]
fn a_picture_without_pixels_is_not_sent() {
    let mut model = claimed("read line");
    let failed = model.describe(&RgbImage::new(0, 1), None, &|| false);
    assert!(matches!(failed, Err(DescribeError::Failed(_))), "{failed:?}");
    assert!(!model.has_ended());
}
