//! What else can be asked and changed: the state, what was described once more, the preferences, the screen.

use zbus::{fdo, zvariant::OwnedValue};

use super::*;
use crate::{
    bus::announce_preferences,
    pause::Pause,
    preferences::{Hedging, Preferences},
};

impl Bus {
    /// Calls a method that tells something once more.
    async fn told(&self, method: &str, entries: &[(&str, Value<'static>)]) -> Result<Dictionary, String> {
        let told = self.proxy.call(method, &(options(entries),)).await;
        told.map_err(|error: zbus::Error| match error {
            zbus::Error::MethodError(name, _, _) => name.to_string(),
            error => panic!("{error}"),
        })
    }

    async fn refusal(&self, property: &str, value: Value<'_>) -> String {
        match self.proxy.set_property(property, value).await {
            Err(zbus::fdo::Error::InvalidArgs(words)) => words,
            result => panic!("{property}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn speaking_stops_when_asked() {
    let bus = bus(Conduct::Describe).await;
    bus.proxy.call::<_, _, ()>("StopSpeaking", &()).await.unwrap();
    assert_eq!(bus.voice.told(), [Told::Stop]);
}

#[tokio::test]
async fn the_state_goes_from_unloaded_to_ready_and_is_announced() {
    let bus = bus(Conduct::Describe).await;
    let state = || async { bus.proxy.get_property::<String>("State").await.unwrap() };
    assert_eq!(state().await, "unloaded");
    let device = || async { bus.proxy.get_property::<String>("Device").await.unwrap() };
    assert_eq!(device().await, "cpu", "there is no GPU that could be used");
    let mut devices = bus.proxy.receive_property_changed::<String>("Device").await;
    let mut changes = bus.proxy.receive_property_changed::<String>("State").await;
    bus.describe(&sealed(&png(4, 3)), &Dictionary::new()).await.unwrap();
    let ready = async {
        while let Some(change) = changes.next().await {
            if change.get().await.unwrap() == "ready" {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ready).await.unwrap();
    assert_eq!(bus.proxy.get_property::<String>("Model").await.unwrap(), "descry-test");
    // The fake says that it runs on one.
    assert_eq!(device().await, "cuda");
    let told = async {
        while let Some(change) = devices.next().await {
            if change.get().await.unwrap() == "cuda" {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), told).await.unwrap();
    assert_eq!(bus.proxy.get_property::<String>("Version").await.unwrap(), env!("CARGO_PKG_VERSION"));
    let models: Vec<std::collections::HashMap<String, OwnedValue>> =
        bus.proxy.get_property("Models").await.unwrap();
    assert_eq!(string(&models[0], "language"), "en");
}

#[tokio::test]
async fn what_was_described_is_told_once_more() {
    let bus = bus(Conduct::Describe).await;
    for method in ["Repeat", "Elaborate", "Rephrase"] {
        let failure = bus.told(method, &[]).await.unwrap_err();
        assert_eq!(failure, "org.descry.Descry1.Error.NotReady");
    }
    assert_eq!(bus.voice.texts(), ["Nothing has been described yet."; 3]);

    let asked = options(&[("speak", false.into()), ("beam-width", 3_u32.into())]);
    let description = bus.describe(&sealed(&png(4, 3)), &asked).await.unwrap();
    let before = bus.voice.told().len();
    let repeated = bus.told("Repeat", &[]).await.unwrap();
    assert_eq!(string(&repeated, "spoken"), "A picture of 4 by 3.");
    assert_eq!(repeated["id"], description["id"], "it is the same description");
    let first = bus.told("Rephrase", &[]).await.unwrap();
    assert_eq!(string(&first, "text"), "Picture 1.");
    assert_eq!(string(&bus.told("Rephrase", &[]).await.unwrap(), "text"), "Picture 2.");
    let more = bus.told("Elaborate", &[("wait-until-spoken", true.into())]).await.unwrap();
    assert!(string(&more, "spoken").contains("Or: Picture 2."), "{more:?}");
    let said = |text: &str| Told::Say(Utterance::new(text, Urgency::Asked));
    let told = &bus.voice.told()[before..];
    assert_eq!(told[..3], [Told::Stop, said("A picture of 4 by 3."), Told::Stop]);
    assert_eq!(told[3], said("Or perhaps: Picture 1."));

    let silent = bus.told("Repeat", &[("speak", false.into())]).await.unwrap();
    assert!(!silent.contains_key("spoken") && bus.voice.told().len() == before + 8);
    let refused = bus.told("Repeat", &[("speak", "no".into())]).await.unwrap_err();
    assert_eq!(refused, "org.descry.Descry1.Error.InvalidOption");
}

#[tokio::test]
async fn the_history_is_given_in_pages_and_forgotten() {
    let bus = bus(Conduct::Describe).await;
    let silent = options(&[("speak", false.into())]);
    for width in 1..=3 {
        bus.describe(&sealed(&png(width, 1)), &silent).await.unwrap();
    }
    bus.failure(&sealed(b"no picture"), &[("speak", false.into())]).await;
    let text = |width: u32| format!("A picture of {width} by 1.");
    assert_eq!(bus.history(0, 100).await, [text(3), text(2), text(1)]);
    assert_eq!(bus.history(1, 1).await, [text(2)]);
    assert_eq!(bus.history(u32::MAX, u32::MAX).await, [""; 0]);
    bus.proxy.call::<_, _, ()>("ClearHistory", &()).await.unwrap();
    assert_eq!(bus.history(0, 100).await, [""; 0]);
}

#[tokio::test]
async fn preferences_are_checked_kept_and_announced() {
    let bus = bus(Conduct::Describe).await;
    let properties = zbus::fdo::PropertiesProxy::new(&bus.client, NAME, PATH).await.unwrap();
    let mut changes = properties.receive_properties_changed().await.unwrap();
    let cases: [(&str, Value<'static>, Value<'static>, &[Value<'static>]); 6] = [
        ("Detail", "normal".into(), "brief".into(), &["long".into(), 1_u32.into()]),
        ("Hedging", "banded".into(), "always".into(), &["maybe".into(), true.into()]),
        ("MinimumConfidence", 0.0.into(), 0.5.into(), &[1.5.into(), f64::NAN.into(), "high".into()]),
        ("Language", "en".into(), "en-GB".into(), &["fr".into(), "".into(), "en\nQUIT".into()]),
        ("SpeechRoute", "auto".into(), "none".into(), &["aloud".into(), 0_i32.into()]),
        ("IdleUnloadSeconds", 300_u32.into(), 7_u32.into(), &[(-1_i32).into(), "7".into()]),
    ];
    for (name, default, other, impossible) in cases {
        // Not from the proxy's memory.
        let value = async || Value::from(properties.get(MANAGER.try_into().unwrap(), name).await.unwrap());
        assert_eq!(value().await, default, "{name}");
        for impossible in impossible {
            bus.refusal(name, impossible.try_clone().unwrap()).await;
        }
        assert_eq!(value().await, default, "{name} is as it was");
        bus.proxy.set_property(name, other.try_clone().unwrap()).await.unwrap();
        assert_eq!(value().await, other, "{name}");
        let announced = changes.next().await.unwrap();
        let announced = announced.args().unwrap();
        assert_eq!(announced.changed_properties()[name], other);
        assert_eq!(announced.changed_properties().len(), 1);
    }
    assert_eq!(
        bus.refusal("Detail", "long".into()).await,
        "Detail cannot be \"long\": it must be one of brief, normal, full"
    );
    assert!(bus.proxy.set_property("Version", "2").await.is_err(), "it can only be read");
}

#[tokio::test]
async fn what_other_means_change_is_announced_too() {
    let bus = bus(Conduct::Describe).await;
    let mut changes = bus.proxy.receive_property_changed::<String>("Hedging").await;
    let before = Preferences::default();
    let after = Preferences { hedging: Hedging::Off, ..Preferences::default() };
    announce_preferences(&bus.server, &before, &after).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), changes.next()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pause_ends_what_is_under_way_and_refuses_what_comes() {
    let bus = bus(Conduct::Endless).await;
    let image = sealed(&png(4, 3));
    let pause = async {
        let mut states = bus.proxy.receive_property_changed::<String>("State").await;
        while let Some(change) = states.next().await {
            if change.get().await.unwrap() == "busy" {
                break;
            }
        }
        bus.proxy.set_property("Paused", true).await.unwrap();
    };
    let (failure, ()) = tokio::join!(bus.failure(&image, &[]), pause);
    assert_eq!(failure, "Paused");
    let (name, sentence) = bus.describe(&image, &Dictionary::new()).await.unwrap_err();
    assert_eq!((name.as_str(), sentence.contains("descry resume")), ("Paused", true));
    bus.proxy.set_property("Paused", false).await.unwrap();
    assert_eq!(
        bus.failure(&image, &[("timeout-ms", 50_u32.into()), ("speak", false.into())]).await,
        "TimedOut"
    );
    assert_eq!(
        bus.voice.texts(),
        [
            "Descry is paused.",
            "I can't describe the picture: Descry is paused; descry resume lets it go on.",
            "Descry goes on."
        ]
    );
}

#[tokio::test]
async fn what_the_person_paused_no_program_lets_go_on() {
    let bus = bus(Conduct::Describe).await;
    let paused = async || bus.proxy.get_property::<bool>("Paused").await.unwrap();
    bus.app.change_preferences(|preferences| preferences.pause = Pause::Person);
    // To pause once more does not make it the program's.
    bus.proxy.set_property("Paused", true).await.unwrap();
    let refused = bus.proxy.set_property("Paused", false).await.unwrap_err();
    assert!(
        matches!(&refused, fdo::Error::AccessDenied(words) if words.contains("only the person")),
        "{refused:?}"
    );
    assert!(paused().await);
    bus.app.change_preferences(|preferences| preferences.pause = Pause::None);
    // Nothing is paused, which is what was asked for; and its own pause a program may end.
    for pauses in [false, true, false] {
        bus.proxy.set_property("Paused", pauses).await.unwrap();
        assert_eq!(paused().await, pauses);
    }
    let told = ["Descry is paused.", "Descry goes on.", "Descry is paused.", "Descry goes on."];
    assert_eq!(bus.voice.texts(), told);
}

#[tokio::test]
async fn an_idle_model_is_let_go_and_comes_back() {
    let bus = bus(Conduct::Describe).await;
    let silent = options(&[("speak", false.into())]);
    bus.describe(&sealed(&png(4, 3)), &silent).await.unwrap();
    let mut states = bus.proxy.receive_property_changed::<String>("State").await;
    bus.proxy.set_property("IdleUnloadSeconds", 1_u32).await.unwrap();
    while states.next().await.unwrap().get().await.unwrap() != "unloaded" {}
    bus.describe(&sealed(&png(5, 3)), &silent).await.unwrap();
    assert_eq!(bus.history(0, 9).await.len(), 2, "what was described is not forgotten");
}

#[tokio::test]
async fn the_screen_is_the_persons_own() {
    let bus = bus(Conduct::Describe).await;
    for (target, entries, error) in [
        (1_u32, options(&[]), "AccessDenied"),
        (8, options(&[]), "AccessDenied"),
        (3, options(&[]), "InvalidOption"),
        (4, options(&[]), "InvalidOption"),
        (4, options(&[("area", (0, 0, 0_u32, 5_u32).into())]), "InvalidOption"),
        (4, options(&[("area", (0, 0, 5_u32, 5_u32).into())]), "AccessDenied"),
        (1, options(&[("session", "wayland".into())]), "InvalidOption"),
        (1, options(&[("speak", 1_u32.into())]), "InvalidOption"),
    ] {
        let result = bus.proxy.call::<_, _, Dictionary>("DescribeScreen", &(target, entries)).await;
        let Err(zbus::Error::MethodError(name, Some(words), _)) = result else { panic!("{result:?}") };
        assert_eq!(name.as_str(), format!("org.descry.Descry1.Error.{error}"), "{words}");
    }
}
