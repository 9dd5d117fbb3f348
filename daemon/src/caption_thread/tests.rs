//! Jobs on a thread with models that are none.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

use image::RgbImage;

use super::*;
use crate::{
    describer::fake::{Conduct, FakeDescriber, Life, load},
    frame::Origin,
    request::Reason,
    words::message,
};

pub(crate) fn job(caller: Caller) -> Job {
    let frame =
        Frame { pixels: RgbImage::new(4, 3), origin: Origin::File, captured_at: SystemTime::UNIX_EPOCH };
    let cancel = Cancel::default();
    Job { id: RequestId::next(), caller, frame, beam_width: None, cancel, room: None }
}

#[tokio::test]
async fn the_model_is_loaded_by_the_first_job() {
    let thread = CaptionThread::start(load(Conduct::Describe)).unwrap();
    assert_eq!((*thread.state().borrow(), thread.device()), (State::Unloaded, None));
    let captioned = thread.describe(job(Caller::Command)).await.unwrap();
    assert_eq!(captioned.caption.text, "a picture of 4 by 3");
    assert_eq!((captioned.model.as_str(), captioned.engine.as_str()), ("fake-model", "fake"));
    assert_eq!((*thread.state().borrow(), thread.device()), (State::Ready, Some(Device::Cuda)));
}

#[tokio::test]
async fn a_model_that_nobody_needs_is_let_go_and_comes_back() {
    let thread = CaptionThread::start(load(Conduct::Describe)).unwrap();
    let mut state = thread.state();
    thread.describe(job(Caller::Command)).await.unwrap();
    assert_eq!(*state.borrow_and_update(), State::Ready);
    // A limit that is set later holds for what is loaded already.
    thread.set_idle_limit(Some(Duration::from_millis(1)));
    state.wait_for(|state| *state == State::Unloaded).await.unwrap();
    thread.set_idle_limit(Some(Duration::MAX));
    assert!(thread.describe(job(Caller::Command)).await.is_ok());
    assert_eq!(*thread.state().borrow(), State::Ready);
}

/// Loads nothing at first, and a fake from the second time on.
fn flaky() -> Load {
    let mut attempts = 0;
    Box::new(move || {
        attempts += 1;
        if attempts == 1 {
            Err(DescribeError::Unavailable(message!("model-other", detail = "not yet")))
        } else {
            load(Conduct::Describe)()
        }
    })
}

#[tokio::test]
async fn a_model_is_loaded_while_its_job_is_only_expected() {
    let loads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&loads);
    let counting: Load = Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        load(Conduct::Describe)()
    });
    let thread = CaptionThread::start(counting).unwrap();
    let mut state = thread.state();
    thread.expect();
    state.wait_for(|state| *state == State::Ready).await.unwrap();
    assert!(!thread.hangs());
    // Of one that is loaded already nothing more comes, and the job finds it.
    thread.expect();
    assert!(thread.describe(job(Caller::Command)).await.is_ok());
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    // A job that does not come keeps it no longer than one that did.
    thread.set_idle_limit(Some(Duration::from_millis(1)));
    state.wait_for(|state| *state == State::Unloaded).await.unwrap();
    thread.expect();
    state.wait_for(|state| *state == State::Ready).await.unwrap();
    state.wait_for(|state| *state == State::Unloaded).await.unwrap();
}

#[tokio::test]
async fn a_model_that_ends_while_nobody_asks_is_unloaded() {
    let lives = [Life::default(), Life::default()];
    let mut left = lives.clone().into_iter();
    let load: Load =
        Box::new(move || Ok(Box::new(FakeDescriber::of_life(left.next().expect("two are enough")))));
    let thread = CaptionThread::start(load).unwrap();
    let mut state = thread.state();
    thread.describe(job(Caller::Command)).await.unwrap();
    assert_eq!(*state.borrow_and_update(), State::Ready);
    lives[0].end();
    lives[0].tell();
    state.wait_for(|state| *state == State::Unloaded).await.unwrap();
    // The next request loads another one. Told of an end that is not its own, the thread keeps it.
    thread.describe(job(Caller::Command)).await.unwrap();
    lives[1].tell();
    thread.describe(job(Caller::Command)).await.unwrap();
    assert_eq!(*thread.state().borrow(), State::Ready);
}

#[tokio::test]
async fn a_load_that_failed_ahead_is_tried_again_by_the_job() {
    let thread = CaptionThread::start(flaky()).unwrap();
    let mut state = thread.state();
    thread.expect();
    state.wait_for(|state| *state == State::Failed).await.unwrap();
    assert!(thread.describe(job(Caller::Command)).await.is_ok());
}

#[tokio::test]
async fn a_load_that_failed_is_tried_again() {
    let thread = CaptionThread::start(flaky()).unwrap();
    let first = thread.describe(job(Caller::Command)).await;
    assert!(matches!(first, Err(Failure::ModelUnavailable(_))), "{first:?}");
    assert_eq!(*thread.state().borrow(), State::Failed);
    assert!(thread.describe(job(Caller::Command)).await.is_ok());
}

#[tokio::test]
async fn a_job_ends_when_it_is_called_off() {
    let thread = CaptionThread::start(load(Conduct::Endless)).unwrap();
    let job = job(Caller::Command);
    let cancel = job.cancel.clone();
    let mut state = thread.state();
    let describing = tokio::spawn(async move { thread.describe(job).await });
    state.wait_for(|state| *state == State::Busy).await.unwrap();
    cancel.cancel(Reason::Asked);
    assert!(matches!(describing.await.unwrap(), Err(Failure::Cancelled(_))));
}

#[tokio::test]
async fn a_newer_job_takes_the_place_of_one_that_waits() {
    let thread = CaptionThread::start(load(Conduct::Endless)).unwrap();
    let running = job(Caller::Bus(":1.1".into()));
    let stop = running.cancel.clone();
    let mut state = thread.state();
    let describe = |job| {
        tokio::spawn({
            let thread = thread.clone();
            async move { thread.describe(job).await }
        })
    };
    let running = describe(running);
    state.wait_for(|state| *state == State::Busy).await.unwrap();

    let older = describe(job(Caller::Bus(":1.2".into())));
    tokio::task::yield_now().await;
    let newer = job(Caller::Bus(":1.2".into()));
    newer.cancel.cancel(Reason::Asked);
    let newer = describe(newer);
    // The older one is answered while the first still runs.
    assert!(matches!(older.await.unwrap(), Err(Failure::Cancelled(_))));
    stop.cancel(Reason::Asked);
    assert!(matches!(running.await.unwrap(), Err(Failure::Cancelled(_))));
    assert!(matches!(newer.await.unwrap(), Err(Failure::Cancelled(_))));
}

#[tokio::test]
async fn the_end_of_the_thread_is_seen_and_answered() {
    let thread = CaptionThread::start(load(Conduct::Panic)).unwrap();
    assert!(matches!(thread.describe(job(Caller::Command)).await, Err(Failure::Ending)));
    thread.ended().await;
    assert!(matches!(thread.describe(job(Caller::Command)).await, Err(Failure::Ending)));
}
