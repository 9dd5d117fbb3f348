//! The thread with a driver that a test plays.

use std::sync::mpsc;

use super::*;
use crate::{request::Reason, source::camera::mounting::Mounting};

/// What a test has the driver do next.
enum Act {
    Show(u8),
    Short,
    Damage,
    Fail(CameraError),
    Panic,
}

struct FakeFeed(mpsc::Receiver<Act>, Vec<u8>);

impl Feed for FakeFeed {
    fn layout(&self) -> Layout {
        Layout { format: PixelFormat::Rgb3, width: 2, height: 1, stride: 0, is_full_range: true }
    }

    fn next(&mut self, tick: Duration) -> Result<Fed<'_>, CameraError> {
        match self.0.recv_timeout(tick) {
            Ok(Act::Show(value)) => {
                self.1 = vec![value, value, value, 0, 0, 0];
                Ok(Fed::Picture(&self.1))
            }
            Ok(Act::Short) => Ok(Fed::Picture(&[1, 2, 3])),
            Ok(Act::Damage) => Ok(Fed::Damaged),
            Ok(Act::Fail(error)) => Err(error),
            Ok(Act::Panic) => panic!("as the library does"),
            Err(_) => Ok(Fed::Nothing),
        }
    }
}

fn camera() -> (mpsc::Sender<Act>, Running, mpsc::Receiver<()>) {
    let (act, acts) = mpsc::channel();
    let (closed, is_closed) = mpsc::channel();
    let open = move || Ok(FakeFeed(acts, Vec::new()));
    let running = Running::start("Front".to_owned(), Arc::new(Mounting::default), open, move || {
        let _ = closed.send(());
    });
    (act, running.unwrap(), is_closed)
}

fn warm(act: &mpsc::Sender<Act>) {
    // Three pass, the fourth is the first that is shown.
    for _ in 0..4 {
        act.send(Act::Show(9)).unwrap();
    }
}

fn shown(frame: &LiveFrame) -> (u64, u8) {
    (frame.sequence, frame.frame.pixels.get_pixel(0, 0).0[0])
}

#[test]
fn the_newest_picture_is_kept_and_the_camera_closed_with_the_last_who_looks() {
    let (act, running, is_closed) = camera();
    warm(&act);
    act.send(Act::Show(10)).unwrap();
    let cancel = Cancel::default();
    assert_eq!(shown(&running.next_frame(1, &cancel).unwrap()), (2, 10));
    // The same again, for who asks for what is newest.
    assert_eq!(shown(&running.next_frame(0, &cancel).unwrap()), (2, 10));
    for value in [11, 12, 13] {
        act.send(Act::Show(value)).unwrap();
    }
    assert_eq!(shown(&running.next_frame(4, &cancel).unwrap()), (5, 13));
    let closing = running.closing();
    assert!(is_closed.try_recv().is_err());
    drop(running);
    assert!(closing.wait());
    is_closed.recv().unwrap();
}

#[test]
fn damaged_pictures_are_passed_over_until_they_are_too_many() {
    let (act, running, _closed) = camera();
    warm(&act);
    let cancel = Cancel::default();
    for _ in 0..4 {
        act.send(Act::Damage).unwrap();
    }
    act.send(Act::Short).unwrap();
    act.send(Act::Show(20)).unwrap();
    let frame = running.next_frame(1, &cancel).unwrap();
    assert_eq!(shown(&frame).1, 20);
    let running = Arc::new(running);
    let waiting = thread::spawn({
        let (running, after) = (Arc::clone(&running), frame.sequence);
        move || running.next_frame(after, &Cancel::default()).unwrap_err()
    });
    while !waiting.is_finished() {
        act.send(Act::Damage).unwrap();
        thread::sleep(Duration::from_millis(1));
    }
    let error = waiting.join().unwrap();
    assert!(matches!(error, CameraError::Damaged(_)) && !error.is_final());
    act.send(Act::Show(21)).unwrap();
    assert_eq!(shown(&running.next_frame(frame.sequence, &cancel).unwrap()).1, 21, "it goes on");
}

#[test]
fn what_goes_wrong_is_told_to_all_who_wait() {
    let (act, running, _closed) = camera();
    let running = Arc::new(running);
    let waiting = thread::spawn({
        let running = Arc::clone(&running);
        move || running.next_frame(0, &Cancel::default()).unwrap_err()
    });
    act.send(Act::Fail(CameraError::Unplugged("Front".to_owned()))).unwrap();
    assert_eq!(waiting.join().unwrap(), CameraError::Unplugged("Front".to_owned()));
    assert!(!running.works() && running.closing().wait());

    let (act, running, is_closed) = camera();
    act.send(Act::Panic).unwrap();
    let error = running.next_frame(0, &Cancel::default()).unwrap_err();
    assert!(error.to_string().contains("failed (its driver does what nobody expects)"), "{error}");
    is_closed.recv().unwrap();
}

#[test]
fn a_camera_that_cannot_be_opened_says_why() {
    let open = || Err::<FakeFeed, _>(CameraError::Busy("Front".to_owned()));
    let error = Running::start("Front".to_owned(), Arc::new(Mounting::default), open, || {}).unwrap_err();
    assert_eq!(error, CameraError::Busy("Front".to_owned()));
}

#[test]
fn a_wait_ends_when_it_is_called_off() {
    let (_act, running, _closed) = camera();
    let cancel = Cancel::default();
    cancel.cancel(Reason::Asked);
    assert_eq!(running.next_frame(0, &cancel).unwrap_err(), CameraError::Cancelled);
}
