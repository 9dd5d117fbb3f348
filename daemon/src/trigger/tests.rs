//! The task that runs the triggers, with made-up triggers and hands.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::timeout;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A trigger that tells what it was given, and then is silent, or breaks off.
struct Fake {
    way: Way,
    notices: Vec<Notice>,
    breaks_off: bool,
}

impl Trigger for Fake {
    fn way(&self) -> Way {
        self.way
    }

    fn watch(self: Box<Self>, notices: Notices) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            for notice in self.notices {
                match notice {
                    Notice::Pressed(action) => notices.press(action).await,
                    Notice::State(state) => notices.state(state).await,
                }
            }
            assert!(!self.breaks_off, "the fake breaks off");
            std::future::pending::<()>().await;
        })
    }
}

#[derive(Clone, Default)]
struct FakeHands(Arc<Mutex<Vec<String>>>);

impl Hands for FakeHands {
    fn perform(&self, action: Action) {
        self.0.lock().unwrap().push(action.to_string());
    }

    fn say_fault(&self, words: &Message) {
        self.0.lock().unwrap().push(words.to_string());
    }
}

impl FakeHands {
    async fn wait_for(&self, count: usize) -> Vec<String> {
        let wait = async {
            loop {
                let done = self.0.lock().unwrap().clone();
                if done.len() >= count {
                    return done;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LIMIT, wait).await.expect("it is done")
    }
}

fn held(is_spoken: bool) -> State {
    let bound = vec![Bound { trigger: "F9".to_owned(), action: Action::Repeat }];
    let problems = vec![Problem { error: TriggerError::Held("F8".to_owned()), is_spoken }];
    State { bound, problems }
}

#[tokio::test]
async fn what_is_pressed_is_done_and_what_is_in_the_way_is_said_once() {
    let (settings, receiver) = watch::channel(TriggerSettings::default());
    let (status, mut seen) = watch::channel(Vec::new());
    let hands = FakeHands::default();
    let make = |_: &TriggerSettings| -> Vec<Box<dyn Trigger>> {
        let keys = vec![Notice::State(held(true)), Notice::Pressed(Action::More)];
        vec![
            Box::new(Fake { way: Way::X11, notices: keys, breaks_off: false }),
            Box::new(Fake { way: Way::Evdev, notices: vec![Notice::State(held(false))], breaks_off: false }),
        ]
    };
    let task = tokio::spawn(run(receiver, make, hands.clone(), status));
    let words = TriggerError::Held("F8".to_owned()).to_string();
    assert_eq!(hands.wait_for(2).await, [words.as_str(), "more"]);
    let all = [(Way::X11, held(true)), (Way::Evdev, held(false))];
    timeout(LIMIT, seen.wait_for(|status| *status == all)).await.unwrap().unwrap();
    // The same settings again: all begins anew, and is not said anew.
    settings.send_replace(TriggerSettings::default());
    assert_eq!(hands.wait_for(3).await, [words.as_str(), "more", "more"]);
    drop(settings);
    timeout(LIMIT, task).await.unwrap().unwrap();
}

#[tokio::test]
async fn one_that_breaks_off_is_told_and_the_others_go_on() {
    let (_settings, receiver) = watch::channel(TriggerSettings::default());
    let (status, _seen) = watch::channel(Vec::new());
    let hands = FakeHands::default();
    let make = |_: &TriggerSettings| -> Vec<Box<dyn Trigger>> {
        vec![Box::new(Fake { way: Way::X11, notices: vec![Notice::Pressed(Action::Stop)], breaks_off: true })]
    };
    tokio::spawn(run(receiver, make, hands.clone(), status));
    let mut done = hands.wait_for(2).await;
    done.sort();
    assert_eq!(done, ["stop".to_owned(), TriggerError::BrokenOff.to_string()]);
}

#[test]
fn the_session_decides_where_keys_come_from() {
    let session = |display: Option<&str>, is_wayland| Session {
        display: display.map(str::to_owned),
        is_wayland,
        ..Session::default()
    };
    let button = Button { key: Some("KEY_CAMERA".to_owned()), ..Button::default() };
    for (from, session, button, expected) in [
        (KeysFrom::Auto, session(Some(":0"), false), Button::default(), &[Way::X11][..]),
        (KeysFrom::Auto, session(Some(":0"), true), Button::default(), &[Way::Portal]),
        (KeysFrom::Auto, session(None, false), button.clone(), &[Way::Evdev]),
        (KeysFrom::X11, session(Some(":0"), true), button, &[Way::X11, Way::Evdev]),
        (KeysFrom::Portal, session(Some(":0"), false), Button::default(), &[Way::Portal]),
        (KeysFrom::None, session(Some(":0"), false), Button::default(), &[]),
    ] {
        let settings = TriggerSettings { keys: Keys { from, ..Keys::default() }, button };
        let ways: Vec<Way> =
            triggers(&settings, &session, Language::English).iter().map(|trigger| trigger.way()).collect();
        assert_eq!(ways, expected, "{from:?} {session:?}");
    }
}
