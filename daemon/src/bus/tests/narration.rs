//! Narrations over the bus: how one comes to be, what its owner is told, and what can be changed.

use std::sync::atomic::{AtomicBool, Ordering};

use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use super::*;
use crate::{
    bus::NARRATION,
    narration::{policy::Pace, scenes::photo},
    pause::Pause,
    source::{
        camera::CameraId,
        live::{Cameras, fake::FakeCamera},
    },
    trigger::{Action, Hands, perform::ServiceHands},
};

/// Shows a camera's picture again and again, as a camera does, until it is dropped.
pub(crate) struct Feeder(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Feeder {
    pub(crate) fn start(camera: Arc<FakeCamera>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let picture = photo("cat").at(0, 0);
        let thread = std::thread::spawn({
            let over = Arc::clone(&over);
            move || {
                while !over.load(Ordering::Relaxed) {
                    camera.show(picture.clone());
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        });
        Self(over, Some(thread))
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.1.take() {
            let _ = thread.join();
        }
    }
}

const SENTENCE: &str = "A picture of 160 by 120.";

impl Bus {
    async fn narration(&self, entries: &[(&str, Value<'static>)]) -> Result<Proxy<'static>, String> {
        let body = (ObjectPath::try_from("/").unwrap(), options(entries));
        let path: OwnedObjectPath = match self.proxy.call("CreateNarration", &body).await {
            Ok(path) => path,
            Err(zbus::Error::MethodError(name, words, _)) => {
                return Err(format!("{name}: {}", words.unwrap_or_default()));
            }
            Err(error) => panic!("{error}"),
        };
        Ok(Proxy::new(&self.client, NAME, path, NARRATION).await.unwrap())
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("in time")
}

#[tokio::test]
async fn what_is_seen_is_told_to_its_owner_and_said_by_the_way() {
    let bus = bus(Conduct::Describe).await;
    let camera = bus.cameras.plug("a", "Front");
    let _feeder = Feeder::start(camera);
    let narration = bus.narration(&[("token", "mine".into())]).await.unwrap();
    assert_eq!(narration.path().as_str(), "/org/descry/Descry1/narration/peer/mine");
    assert!(!bus.cameras.is_in_use(&CameraId::new("a")) && bus.voice.told().is_empty());

    let mut told = narration.receive_signal("Narrated").await.unwrap();
    let mut closed = narration.receive_signal("Closed").await.unwrap();
    let mut active = narration.receive_property_changed::<bool>("Active").await;
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    while !within(active.next()).await.unwrap().get().await.unwrap() {}
    let description: Dictionary = within(told.next()).await.unwrap().body().deserialize().unwrap();
    assert_eq!(string(&description, "wording"), SENTENCE);
    assert_eq!(string(&description, "spoken"), SENTENCE);
    assert!(bus.cameras.is_in_use(&CameraId::new("a")));
    let said = Utterance::new(SENTENCE, Urgency::Ambient);
    assert_eq!(bus.voice.told(), [Told::Say(said)], "nothing was stopped for it");
    assert_eq!(bus.history(0, 9).await, [SENTENCE], "it can be told once more");

    // A pause lets the camera go, and its end has all told anew.
    bus.proxy.set_property("Paused", true).await.unwrap();
    while bus.cameras.is_in_use(&CameraId::new("a")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(narration.get_property::<bool>("Active").await.unwrap());
    let refused = narration.call::<_, _, ()>("Start", &()).await.unwrap_err();
    assert!(refused.to_string().contains("Paused"), "{refused}");
    bus.proxy.set_property("Paused", false).await.unwrap();
    within(told.next()).await.unwrap();

    narration.call::<_, _, ()>("Stop", &()).await.unwrap();
    while within(active.next()).await.unwrap().get().await.unwrap() {}
    while bus.cameras.is_in_use(&CameraId::new("a")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    narration.call::<_, _, ()>("Close", &()).await.unwrap();
    let details: Dictionary = within(closed.next()).await.unwrap().body().deserialize().unwrap();
    assert_eq!(string(&details, "reason"), "closed");
    let gone = narration.call::<_, _, ()>("Start", &()).await.unwrap_err();
    assert!(gone.to_string().contains("UnknownObject") || gone.to_string().contains("Unknown"), "{gone}");
    assert!(bus.narration(&[("token", "mine".into())]).await.is_ok(), "the token is free again");
}

#[tokio::test]
async fn a_program_narrates_only_where_the_person_lets_it() {
    let bus = bus(Conduct::Describe).await;
    let _feeder = Feeder::start(bus.cameras.plug("a", "Front"));
    let narration = bus.narration(&[]).await.unwrap();
    let mut closed = narration.receive_signal("Closed").await.unwrap();
    assert!(bus.chime.played().is_empty());
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    assert_eq!(bus.chime.played(), [Earcon::Captured], "its begin is heard");
    // The person's own, made by a key, is not a program's.
    assert!(bus.narrations.toggle().await.unwrap());

    bus.app.change_preferences(|preferences| preferences.programs.use_camera = false);
    bus.narrations.forbid_programs();
    let details: Dictionary = within(closed.next()).await.unwrap().body().deserialize().unwrap();
    assert_eq!(string(&details, "reason"), "forbidden");
    assert!(string(&details, "message").contains("programs_use_camera"), "{details:?}");
    let refused = bus.narration(&[]).await.unwrap_err();
    assert!(refused.contains("AccessDenied") && refused.contains("programs_use_camera"), "{refused}");
    assert!(!bus.narrations.toggle().await.unwrap(), "the person's own was still there");
}

#[tokio::test]
async fn a_narration_without_a_camera_or_a_model_ends_and_says_why() {
    for (conduct, plugged, reason, words) in [
        (Conduct::Describe, false, "camera", "no camera is connected"),
        (Conduct::Fail, true, "failed", "the fake fails"),
    ] {
        let bus = bus(conduct).await;
        let _feeder = plugged.then(|| Feeder::start(bus.cameras.plug("a", "Front")));
        let narration = bus.narration(&[]).await.unwrap();
        let mut closed = narration.receive_signal("Closed").await.unwrap();
        narration.call::<_, _, ()>("Start", &()).await.unwrap();
        let details: Dictionary = within(closed.next()).await.unwrap().body().deserialize().unwrap();
        assert_eq!(string(&details, "reason"), reason);
        let message = string(&details, "message");
        assert!(message.starts_with("Narration has ended: ") && message.contains(words), "{message}");
        let said = Utterance::new(message, Urgency::Fault);
        assert_eq!(bus.voice.told(), [Told::Say(said)], "it is said once");
        assert!(!bus.cameras.is_in_use(&CameraId::new("a")));
    }
}

#[tokio::test]
async fn a_camera_that_is_plugged_in_again_is_found_again() {
    let bus = bus(Conduct::Describe).await;
    let feeder = Feeder::start(bus.cameras.plug("a", "Front"));
    let narration = bus.narration(&[("camera", "front".into())]).await.unwrap();
    let mut told = narration.receive_signal("Narrated").await.unwrap();
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    within(told.next()).await.unwrap();
    bus.cameras.unplug("a");
    drop(feeder);
    let away = "The camera is away. Narration waits a minute for it.";
    while bus.voice.texts().last().map(String::as_str) != Some(away) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _feeder = Feeder::start(bus.cameras.plug("a", "Front"));
    within(told.next()).await.unwrap();
    assert_eq!(bus.voice.texts(), [SENTENCE, away, SENTENCE]);
}

#[tokio::test]
async fn properties_are_checked_kept_and_announced() {
    let bus = bus(Conduct::Describe).await;
    let first = [("maximum-per-minute", 20_u32.into()), ("speak", false.into())];
    let narration = bus.narration(&first).await.unwrap();
    let properties = zbus::fdo::PropertiesProxy::new(&bus.client, NAME, narration.path()).await.unwrap();
    let mut changes = properties.receive_properties_changed().await.unwrap();
    let cases: [(&str, Value<'static>, Value<'static>, &[Value<'static>]); 4] = [
        ("MinimumInterval", 3000_u32.into(), 1500_u32.into(), &[10_u32.into(), "3".into()]),
        ("ChangeThreshold", f64::from(0.4_f32).into(), 0.5.into(), &[1.5.into(), f64::NAN.into()]),
        ("MaximumPerMinute", 20_u32.into(), 3_u32.into(), &[0_u32.into(), 61_u32.into()]),
        ("Speak", false.into(), true.into(), &["yes".into()]),
    ];
    for (name, value, other, impossible) in cases {
        let now = async || Value::from(properties.get(NARRATION.try_into().unwrap(), name).await.unwrap());
        assert_eq!(now().await, value, "{name}");
        for impossible in impossible {
            let refused = narration.set_property(name, impossible.try_clone().unwrap()).await;
            assert!(matches!(refused, Err(zbus::fdo::Error::InvalidArgs(_))), "{name}: {refused:?}");
        }
        narration.set_property(name, other.try_clone().unwrap()).await.unwrap();
        assert_eq!(now().await, other, "{name}");
        let announced = within(changes.next()).await.unwrap();
        assert_eq!(announced.args().unwrap().changed_properties()[name], other);
    }
    assert!(narration.set_property("Active", true).await.is_err(), "it can only be read");

    // Settings that were changed are taken over, and announced; the others stay.
    let old = Pace::default();
    let new = Pace { minimum_interval: Duration::from_secs(9), ..old };
    bus.narrations.take_changes(&old, &new).await;
    let announced = within(changes.next()).await.unwrap();
    let announced = announced.args().unwrap();
    assert_eq!(announced.changed_properties().len(), 1);
    assert_eq!(announced.changed_properties()["MinimumInterval"], 9000_u32.into());
    assert_eq!(narration.get_property::<u32>("MaximumPerMinute").await.unwrap(), 3);
}

#[tokio::test]
async fn there_are_bounds_and_what_cannot_be_meant_is_refused() {
    let bus = bus(Conduct::Describe).await;
    for (key, value) in [
        ("token", Value::from("")),
        ("token", "a/b".into()),
        ("token", "x".repeat(65).into()),
        ("token", 1_u32.into()),
        ("minimum-interval", 1_u32.into()),
        ("change-threshold", 2.0.into()),
        ("maximum-per-minute", 0_u32.into()),
        ("speak", "no".into()),
        ("camera", 1_u32.into()),
    ] {
        let refused = bus.narration(&[(key, value)]).await.unwrap_err();
        assert!(refused.contains("InvalidOption") && refused.contains(key), "{key}: {refused}");
    }
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(bus.narration(&[]).await.unwrap());
    }
    let refused = bus.narration(&[]).await.unwrap_err();
    assert!(refused.contains("RateLimited") && refused.contains("close one"), "{refused}");
    let closed = all.pop().unwrap();
    let mut told = closed.receive_signal("Closed").await.unwrap();
    closed.call::<_, _, ()>("Close", &()).await.unwrap();
    within(told.next()).await.unwrap();
    bus.narration(&[("token", "last".into())]).await.unwrap();
    // Who leaves takes all of them along.
    bus.narrations.caller_left(&crate::request::Caller::Peer);
    while bus.narration(&[("token", "last".into())]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_answer_comes_before_a_narration() {
    let bus = bus(Conduct::Endless).await;
    let _feeder = Feeder::start(bus.cameras.plug("a", "Front"));
    let narration = bus.narration(&[]).await.unwrap();
    let mut states = bus.proxy.receive_property_changed::<String>("State").await;
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    while within(states.next()).await.unwrap().get().await.unwrap() != "busy" {}
    assert!(!bus.app.is_answering(), "nobody has asked");
    // The picture that is asked for is not kept waiting by the endless one.
    let asked = [("timeout-ms", 300_u32.into()), ("speak", false.into())];
    assert_eq!(bus.failure(&sealed(&png(4, 3)), &asked).await, "TimedOut");
    narration.call::<_, _, ()>("Close", &()).await.unwrap();
    assert!(bus.voice.texts().is_empty());
}

#[tokio::test]
async fn the_code_is_the_checked_in_interface_of_a_narration() {
    let bus = bus(Conduct::Describe).await;
    let narration = bus.narration(&[]).await.unwrap();
    let proxy = IntrospectableProxy::builder(&bus.client).destination(NAME).unwrap();
    let proxy = proxy.path(narration.path().to_owned()).unwrap().build().await.unwrap();
    let found = proxy.introspect().await.unwrap();
    let contract = include_str!("../../../dbus/org.descry.Descry1.Narration.xml");
    assert_eq!(members(&found, NARRATION), members(contract, NARRATION));
}

#[tokio::test]
async fn the_persons_own_key_begins_one_and_ends_it() {
    let bus = bus(Conduct::Describe).await;
    let _feeder = Feeder::start(bus.cameras.plug("a", "Front"));
    let is_seen = || bus.cameras.is_in_use(&CameraId::new("a"));
    let wait = Duration::from_millis(10);
    for _ in 0..2 {
        assert!(bus.narrations.toggle().await.unwrap(), "it begins");
        within(async {
            while !is_seen() {
                tokio::time::sleep(wait).await;
            }
        })
        .await;
        assert!(!bus.narrations.toggle().await.unwrap(), "it ends");
        within(async {
            while is_seen() {
                tokio::time::sleep(wait).await;
            }
        })
        .await;
    }
    bus.app.change_preferences(|preferences| preferences.pause = Pause::Person);
    assert!(bus.narrations.toggle().await.unwrap_err().to_string().contains("paused"));
}

#[tokio::test]
async fn a_person_is_told_that_a_narration_failed() {
    let bus = bus(Conduct::Describe).await;
    let managed = bus.managed().await;
    let mut removed = managed.receive_interfaces_removed().await.unwrap();
    assert!(bus.narrations.toggle().await.unwrap());
    within(removed.next()).await.unwrap();
    let words = "Narration has ended: no camera is connected; connect one and ask again.";
    let said = Utterance::new(words, Urgency::Fault);
    assert_eq!(bus.voice.told(), [Told::Say(said)], "once");
}

#[tokio::test]
async fn a_camera_that_a_program_has_reserved_is_its_own() {
    let bus = bus(Conduct::Describe).await;
    let mut added = bus.managed().await.receive_interfaces_added().await.unwrap();
    let _feeder = Feeder::start(bus.cameras.plug("a", "Front"));
    within(added.next()).await.unwrap();
    bus.source("a").await.call::<_, _, ()>("Claim", &(Dictionary::new(),)).await.unwrap();
    let (sources, narrations) = (bus.sources.clone(), bus.narrations.clone());
    let hands = ServiceHands::new(bus.app.clone(), sources, narrations, bus.server.clone());
    for action in [Action::DescribeCamera, Action::Narration] {
        let before = bus.voice.told().len();
        hands.perform(action);
        let is_refused = |told: &Told| {
            let words =
                "a program has reserved the camera Front for itself; close that program and ask again";
            matches!(told, Told::Say(said) if said.text.contains(words) && said.urgency == Urgency::Fault)
        };
        within(async {
            while !bus.voice.told()[before..].iter().any(is_refused) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
    // Its own narration sees.
    let narration = bus.narration(&[]).await.unwrap();
    let mut told = narration.receive_signal("Narrated").await.unwrap();
    narration.call::<_, _, ()>("Start", &()).await.unwrap();
    within(told.next()).await.unwrap();
}
