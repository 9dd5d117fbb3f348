//! The interface over a real D-Bus connection between two ends of a socket: no bus, no weights.

use std::{
    fs::File,
    io::{Cursor, Write},
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use descry_models::Manifest;
use futures_util::StreamExt;
use image::{ImageFormat, RgbImage};
use rustix::fs::{MemfdFlags, SealFlags};
use tokio::{net::UnixStream, sync::watch};
use zbus::{
    Connection, Guid, Proxy,
    connection::Builder,
    fdo::IntrospectableProxy,
    zvariant::{Fd, ObjectPath, OwnedValue, Value},
};

use super::{
    MANAGER, NAME, PATH, TRIGGERS, announce_preferences, announce_state, announce_triggers,
    client::{Service, ServiceError, Wish},
    dictionary::{Dictionary, put},
    manager::Manager,
    narrations::Narrations,
    publish, publish_triggers,
    source::{self, SOURCE, Sources},
};
use crate::{
    app::App,
    caption_thread::CaptionThread,
    describer::fake::{Conduct, load},
    preferences::{Hedging, Preferences},
    retell::Way,
    source::{
        camera::{CameraError, CameraId},
        file::FileSource,
        live::{Cameras, fake::FakeCameras},
    },
    speech::{
        Urgency, Utterance, VoiceError,
        fake::{FakeVoice, Told},
    },
    trigger::{Action, Bound, Problem, State as TriggerState, Status, TriggerError, Way as TriggerWay},
};

mod narration;

/// Both ends of a connection, and the voice of the service at one of them.
struct Bus {
    proxy: Proxy<'static>,
    client: Connection,
    voice: Arc<FakeVoice>,
    server: Connection,
    app: App,
    cameras: Arc<FakeCameras>,
    sources: Sources,
    triggers: watch::Sender<Status>,
    narrations: Narrations,
}

async fn bus(conduct: Conduct) -> Bus {
    bus_with(conduct, FakeVoice::default()).await
}

async fn bus_with(conduct: Conduct, voice: FakeVoice) -> Bus {
    let (near, far) = UnixStream::pair().unwrap();
    let guid = Guid::generate();
    let server = Builder::unix_stream(far).server(guid).unwrap().p2p().build();
    let client = Builder::unix_stream(near).p2p().build();
    let (server, client) = tokio::try_join!(server, client).unwrap();
    let voice = Arc::new(voice);
    let thread = CaptionThread::start(load(conduct)).unwrap();
    let app = App::new(thread.clone(), Arc::clone(&voice) as Arc<_>, None);
    let cameras = Arc::new(FakeCameras::default());
    let sources = Sources::new(Arc::clone(&cameras) as Arc<_>);
    let narrations = Narrations::new(app.clone(), sources.clone(), server.clone());
    let manager = Manager::new(app.clone(), vec![manifest()], sources.clone(), narrations.clone());
    publish(&server, manager).await.unwrap();
    sources.refresh(&server).await.unwrap();
    tokio::spawn({
        let (server, sources) = (server.clone(), sources.clone());
        async move { sources.follow(server).await }
    });
    let (triggers, status) = watch::channel(Vec::new());
    publish_triggers(&server, app.clone(), status.clone()).await.unwrap();
    tokio::spawn(announce_triggers(server.clone(), status));
    tokio::spawn(announce_state(server.clone(), thread.state()));
    let proxy = Proxy::new(&client, NAME, PATH, MANAGER).await.unwrap();
    Bus { proxy, client, voice, server, app, cameras, sources, triggers, narrations }
}

fn manifest() -> Manifest {
    Manifest::from_toml(include_str!("../../tests/fixtures/manifest.toml")).unwrap()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn memory(bytes: &[u8], seals: SealFlags) -> OwnedFd {
    let memory = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    let mut file = File::from(memory);
    file.write_all(bytes).unwrap();
    rustix::fs::fcntl_add_seals(&file, seals).unwrap();
    file.into()
}

fn sealed(bytes: &[u8]) -> OwnedFd {
    memory(bytes, SealFlags::SHRINK | SealFlags::WRITE)
}

fn options(entries: &[(&str, Value<'static>)]) -> Dictionary {
    let mut dictionary = Dictionary::new();
    for (key, value) in entries {
        put(&mut dictionary, key, value.try_clone().unwrap());
    }
    dictionary
}

impl Bus {
    async fn describe(&self, image: &OwnedFd, options: &Dictionary) -> Result<Dictionary, (String, String)> {
        let result = self.proxy.call("DescribeImage", &(Fd::from(image.as_fd()), options)).await;
        result.map_err(|error: zbus::Error| match error {
            zbus::Error::MethodError(name, text, _) => {
                let name = name.strip_prefix("org.descry.Descry1.Error.").unwrap_or(&name).to_owned();
                (name, text.unwrap_or_default())
            }
            error => panic!("{error}"),
        })
    }

    async fn failure(&self, image: &OwnedFd, entries: &[(&str, Value<'static>)]) -> String {
        self.describe(image, &options(entries)).await.unwrap_err().0
    }
}

fn string(dictionary: &Dictionary, key: &str) -> String {
    String::try_from(dictionary[key].try_clone().unwrap()).unwrap()
}

#[tokio::test]
async fn a_picture_is_described_and_spoken() {
    let bus = bus(Conduct::Describe).await;
    let mut description = bus.describe(&sealed(&png(40, 30)), &Dictionary::new()).await.unwrap();
    assert_eq!(string(&description, "text"), "A picture of 40 by 30.");
    assert_eq!(string(&description, "spoken"), "A picture of 40 by 30.");
    assert_eq!(string(&description, "model"), "fake-model");
    assert_eq!(
        f64::try_from(description.remove("confidence").unwrap()).unwrap().to_bits(),
        0.5_f64.to_bits()
    );
    let mut keys: Vec<&str> = description.keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "alternatives",
        "band",
        "capture-ms",
        "captured-at",
        "engine",
        "id",
        "inference-ms",
        "kind",
        "language",
        "model",
        "quality",
        "spoken",
        "text",
        "wording",
    ];
    assert_eq!(keys, expected);
    let said = Utterance { text: "A picture of 40 by 30.".into(), urgency: Urgency::Asked };
    assert_eq!(bus.voice.told(), [Told::Stop, Told::Say(said)]);
}

#[tokio::test]
async fn options_are_heeded() {
    let bus = bus(Conduct::Describe).await;
    let asked =
        options(&[("speak", false.into()), ("beam-width", 4_u32.into()), ("want-words", true.into())]);
    let description = bus.describe(&sealed(&png(4, 3)), &asked).await.unwrap();
    assert!(bus.voice.told().is_empty());
    assert!(!description.contains_key("spoken"));
    assert_eq!(<Vec<String>>::try_from(description["alternatives"].try_clone().unwrap()).unwrap().len(), 3);
    let words = <Vec<(String, f64)>>::try_from(description["words"].try_clone().unwrap()).unwrap();
    assert_eq!(words[0], ("a".to_owned(), 0.5));
    assert_eq!(bus.failure(&sealed(&png(4, 3)), &[("beam-width", 0_u32.into())]).await, "InvalidOption");
}

#[tokio::test]
async fn what_is_sent_may_be_anything_and_is_refused_by_name() {
    let bus = bus(Conduct::Describe).await;
    let folder = tempfile::tempdir().unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    let path = folder.path().join("picture.png");
    std::fs::write(&path, png(4, 3)).unwrap();
    let write_only = File::options().write(true).open(&path).unwrap();
    let large = File::from(memory(b"", SealFlags::empty()));
    large.set_len((32 << 20) + 1).unwrap();
    rustix::fs::fcntl_add_seals(&large, SealFlags::SHRINK | SealFlags::WRITE).unwrap();
    for (image, error, word) in [
        (memory(&png(4, 3), SealFlags::empty()), "InvalidImage", "sealed"),
        (memory(&png(4, 3), SealFlags::WRITE), "InvalidImage", "sealed"),
        (sealed(b""), "InvalidImage", "empty"),
        (sealed(b"this is not a picture"), "InvalidImage", "not a picture"),
        (sealed(&png(400, 300)[..80]), "InvalidImage", "cut off"),
        (pipe.into(), "InvalidImage", "not a regular file"),
        (File::open(folder.path()).unwrap().into(), "InvalidImage", "not a regular file"),
        (File::open("/dev/zero").unwrap().into(), "InvalidImage", "not a regular file"),
        (write_only.into(), "InvalidImage", "cannot be read"),
        (large.into(), "TooLarge", "32 MiB"),
    ] {
        let (name, sentence) = bus.describe(&image, &options(&[("speak", false.into())])).await.unwrap_err();
        assert_eq!(name, error, "{sentence}");
        assert!(sentence.contains(word), "{sentence}");
    }
    // And the service goes on: a regular file, whatever its offset.
    let mut file = File::open(&path).unwrap();
    std::io::copy(&mut file, &mut std::io::sink()).unwrap();
    assert!(bus.describe(&file.into(), &Dictionary::new()).await.is_ok());
}

#[tokio::test]
async fn a_failure_is_spoken_unless_nobody_wants_to_hear() {
    let bus = bus(Conduct::Fail).await;
    assert_eq!(bus.failure(&sealed(&png(4, 3)), &[("speak", false.into())]).await, "Failed");
    assert!(bus.voice.told().is_empty());
    assert_eq!(bus.failure(&sealed(&png(4, 3)), &[]).await, "Failed");
    assert_eq!(bus.voice.texts(), ["I can't describe the picture: the model failed: the fake fails."]);
}

#[tokio::test]
async fn a_voice_that_fails_does_not_take_the_description() {
    let bus = bus_with(Conduct::Describe, FakeVoice::failing(VoiceError::Lost)).await;
    for wait in [true, false] {
        let asked = options(&[("wait-until-spoken", wait.into())]);
        let description = bus.describe(&sealed(&png(4, 3)), &asked).await.unwrap();
        assert_eq!(string(&description, "text"), "A picture of 4 by 3.");
        assert_eq!(string(&description, "speech-failure"), VoiceError::Lost.to_string());
        assert!(!description.contains_key("spoken"));
    }
}

#[tokio::test]
async fn requests_end_by_token_by_time_and_by_newer_ones() {
    let bus = bus(Conduct::Endless).await;
    let image = sealed(&png(4, 3));

    let cancel = async {
        // The token is known once the model is busy with it.
        let mut states = bus.proxy.receive_property_changed::<String>("State").await;
        while let Some(change) = states.next().await {
            if change.get().await.unwrap() == "busy" {
                break;
            }
        }
        bus.proxy.call::<_, _, ()>("Cancel", &("other",)).await.unwrap();
        bus.proxy.call::<_, _, ()>("Cancel", &("mine",)).await.unwrap();
    };
    let entries = [("token", Value::from("mine"))];
    let (failure, ()) = tokio::join!(bus.failure(&image, &entries), cancel);
    assert_eq!(failure, "Cancelled");

    assert_eq!(bus.failure(&image, &[("timeout-ms", 50_u32.into())]).await, "TimedOut");
    assert!(bus.voice.texts().iter().any(|text| text.contains("too long")), "{:?}", bus.voice.texts());

    let older = bus.failure(&image, &[]);
    let newer = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bus.failure(&image, &[("timeout-ms", 200_u32.into())]).await
    };
    let (older, newer) = tokio::join!(older, newer);
    assert_eq!((older.as_str(), newer.as_str()), ("Cancelled", "TimedOut"));
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

impl Bus {
    /// Calls a method that tells something once more.
    async fn told(&self, method: &str, entries: &[(&str, Value<'static>)]) -> Result<Dictionary, String> {
        let told = self.proxy.call(method, &(options(entries),)).await;
        told.map_err(|error: zbus::Error| match error {
            zbus::Error::MethodError(name, _, _) => name.to_string(),
            error => panic!("{error}"),
        })
    }

    async fn history(&self, offset: u32, count: u32) -> Vec<String> {
        let entries: Vec<Dictionary> = self.proxy.call("GetHistory", &(offset, count)).await.unwrap();
        entries.iter().map(|entry| string(entry, "text")).collect()
    }

    async fn refusal(&self, property: &str, value: Value<'_>) -> String {
        match self.proxy.set_property(property, value).await {
            Err(zbus::fdo::Error::InvalidArgs(words)) => words,
            result => panic!("{property}: {result:?}"),
        }
    }
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
    let said = |text: &str| Told::Say(Utterance { text: text.into(), urgency: Urgency::Asked });
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

impl Bus {
    async fn describe_camera(&self, path: &str) -> Result<Dictionary, (String, String)> {
        let path = ObjectPath::try_from(path.to_owned()).unwrap();
        let result = self.proxy.call("DescribeCamera", &(path, Dictionary::new())).await;
        result.map_err(|error: zbus::Error| match error {
            zbus::Error::MethodError(name, words, _) => {
                (name.trim_start_matches("org.descry.Descry1.Error.").to_owned(), words.unwrap_or_default())
            }
            error => panic!("{error}"),
        })
    }

    /// The object of a camera.
    async fn source(&self, id: &str) -> Proxy<'static> {
        Proxy::new(&self.client, NAME, source::path(&CameraId::new(id)), SOURCE).await.unwrap()
    }

    async fn managed(&self) -> zbus::fdo::ObjectManagerProxy<'static> {
        let builder = zbus::fdo::ObjectManagerProxy::builder(&self.client);
        builder.destination(NAME).unwrap().path(PATH).unwrap().build().await.unwrap()
    }
}

#[tokio::test]
async fn what_a_camera_sees_is_described() {
    let bus = bus(Conduct::Describe).await;
    let (name, words) = bus.describe_camera("/").await.unwrap_err();
    assert_eq!(
        (name.as_str(), words.as_str()),
        ("NoSuchSource", "no camera is connected; connect one and ask again")
    );
    bus.cameras.plug("a-1", "Front").show(RgbImage::new(40, 30));
    // The only one.
    let description = bus.describe_camera("/").await.unwrap();
    assert_eq!(string(&description, "text"), "A picture of 40 by 30.");
    let rear = bus.cameras.plug("b", "Rear");
    rear.show(RgbImage::new(5, 4));
    assert_eq!(bus.describe_camera("/").await.unwrap_err().0, "NoSuchSource", "it cannot be told which");
    let description = bus.describe_camera("/org/descry/Descry1/source/b").await.unwrap();
    assert_eq!(string(&description, "text"), "A picture of 5 by 4.");
    assert!(!bus.cameras.is_in_use(&CameraId::new("b")), "it is let go");
    for (path, words) in
        [("/org/descry/Descry1/source/c", "there is no camera c;"), ("/a/b", "there is no camera /a/b;")]
    {
        let (name, found) = bus.describe_camera(path).await.unwrap_err();
        assert!(name == "NoSuchSource" && found.starts_with(words), "{found}");
    }
    rear.fail(CameraError::Busy("Rear".to_owned()));
    let (name, words) = bus.describe_camera("/org/descry/Descry1/source/b").await.unwrap_err();
    assert_eq!((name.as_str(), words.contains("close that program")), ("AlreadyInUse", true));
    let spoken = bus.voice.texts();
    assert_eq!(spoken[0], "I can't see: no camera is connected; connect one and ask again.");
    assert!(
        spoken.last().unwrap().starts_with("I can't see: another program uses the camera Rear"),
        "{spoken:?}"
    );
}

#[tokio::test]
async fn cameras_come_and_go_as_objects() {
    let bus = bus(Conduct::Describe).await;
    let managed = bus.managed().await;
    let mut added = managed.receive_interfaces_added().await.unwrap();
    let mut removed = managed.receive_interfaces_removed().await.unwrap();
    bus.cameras.plug("usb-1", "Front");
    let signal = added.next().await.unwrap();
    let signal = signal.args().unwrap();
    assert_eq!(signal.object_path.as_str(), "/org/descry/Descry1/source/usb_2d1");
    let told = &signal.interfaces_and_properties[SOURCE];
    for (name, value) in [
        ("Name", Value::from("Front")),
        ("Kind", "camera".into()),
        ("Present", true.into()),
        ("InUse", false.into()),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let objects = managed.get_managed_objects().await.unwrap();
    assert!(objects.keys().any(|path| path.as_str() == "/org/descry/Descry1/source/usb_2d1"), "{objects:?}");
    bus.cameras.unplug("usb-1");
    let signal = removed.next().await.unwrap();
    let signal = signal.args().unwrap();
    assert_eq!(
        (signal.object_path.as_str(), signal.interfaces[0].as_str()),
        ("/org/descry/Descry1/source/usb_2d1", SOURCE)
    );
    assert!(managed.get_managed_objects().await.unwrap().keys().all(|path| !path.contains("/source/")));
}

#[tokio::test]
async fn a_camera_is_reserved_and_released() {
    let bus = bus(Conduct::Describe).await;
    let mut added = bus.managed().await.receive_interfaces_added().await.unwrap();
    bus.cameras.plug("a", "Front").show(RgbImage::new(40, 30));
    added.next().await.unwrap();
    let source = bus.source("a").await;
    let mut in_use = source.receive_property_changed::<bool>("InUse").await;
    assert!(!in_use.next().await.unwrap().get().await.unwrap());
    let refused = source.call::<_, _, ()>("Release", &()).await.unwrap_err();
    assert!(refused.to_string().contains("NotClaimed"), "{refused}");
    source.call::<_, _, ()>("Claim", &(Dictionary::new(),)).await.unwrap();
    assert!(in_use.next().await.unwrap().get().await.unwrap());
    // Its own camera it may look through.
    bus.describe_camera("/").await.unwrap();
    let mut present = source.receive_property_changed::<bool>("Present").await;
    assert!(present.next().await.unwrap().get().await.unwrap());
    bus.cameras.unplug("a");
    assert!(!present.next().await.unwrap().get().await.unwrap(), "it is kept for who reserved it");
    bus.cameras.plug("a", "Front");
    assert!(present.next().await.unwrap().get().await.unwrap());
    source.call::<_, _, ()>("Release", &()).await.unwrap();
    assert!(!in_use.next().await.unwrap().get().await.unwrap());
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
async fn the_command_is_served() {
    let bus = bus(Conduct::Describe).await;
    let service = Service::over(&bus.client).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    std::fs::write(&path, png(40, 30)).unwrap();
    let wish = Wish { speak: true, wait: true, detail: None, beam_width: Some(2) };
    let (described, voice_failure) = service.describe(FileSource::Path(path), &wish).await.unwrap();
    assert_eq!(described.text, "A picture of 40 by 30.");
    assert_eq!((described.model.as_str(), described.engine.as_str()), ("fake-model", "fake"));
    assert_eq!(voice_failure, None);

    let missing = FileSource::Path(folder.path().join("none"));
    let error = service.describe(missing, &wish).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no such file");

    // What a pipe gives goes over in sealed memory.
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&png(5, 6)).unwrap();
    drop(writer);
    let descriptor = FileSource::sealed_stream(File::from(OwnedFd::from(reader))).unwrap();
    let silent = Wish::default();
    let (described, _) = service.describe(FileSource::Descriptor(descriptor), &silent).await.unwrap();
    assert_eq!(described.text, "A picture of 5 by 6.");
}

#[tokio::test]
async fn the_command_is_told_more() {
    let bus = bus(Conduct::Describe).await;
    let service = Service::over(&bus.client).await.unwrap();
    let nothing = service.retell(Way::Repeat, false).await.unwrap_err();
    assert!(
        matches!(&nothing, ServiceError::Refused(words) if words.to_string().contains("nothing")),
        "{nothing:?}"
    );
    bus.describe(&sealed(&png(4, 3)), &options(&[("speak", false.into())])).await.unwrap();
    let told = service.retell(Way::Rephrase, false).await.unwrap();
    assert_eq!((told.wording.as_str(), told.speech_failure), ("Or perhaps: Picture 1.", None));
    assert_eq!(service.history(5).await.unwrap()[0].text, "A picture of 4 by 3.");
    service.clear_history().await.unwrap();
    assert!(service.history(5).await.unwrap().is_empty());
    service.set_paused(true).await.unwrap();
    let status = service.status().await.unwrap();
    assert!(status.paused && status.state == "ready" && status.speech_route == "auto", "{status:?}");
    service.stop_speaking().await.unwrap();
    assert_eq!(bus.voice.told().last(), Some(&Told::Stop));
}

#[tokio::test]
async fn what_can_be_pressed_is_told() {
    let bus = bus(Conduct::Describe).await;
    let service = Service::over(&bus.client).await.unwrap();
    assert!(service.pressable().await.unwrap().bound.is_empty());
    let bound = vec![Bound { trigger: "Super+Alt+D".to_owned(), action: Action::DescribeWindow }];
    let problems = vec![Problem { error: TriggerError::NoPortal, is_spoken: true }];
    bus.triggers.send_replace(vec![(TriggerWay::X11, TriggerState { bound, problems })]);
    let told = service.pressable().await.unwrap();
    assert_eq!(told.bound, [("x11".to_owned(), "Super+Alt+D".to_owned())]);
    let [(from, words)] = &told.problems[..] else { panic!("{told:?}") };
    assert!(from == "x11" && words.starts_with("This desktop hands its keys to no program;"), "{words}");
}

#[tokio::test]
async fn the_code_is_the_checked_in_interface() {
    let bus = bus(Conduct::Describe).await;
    let proxy = IntrospectableProxy::builder(&bus.client).destination(NAME).unwrap().path(PATH).unwrap();
    let found = proxy.build().await.unwrap().introspect().await.unwrap();
    let contract = include_str!("../../dbus/org.descry.Descry1.Manager.xml");
    assert_eq!(members(&found, MANAGER), members(contract, MANAGER));
    let contract = include_str!("../../dbus/org.descry.Descry1.Triggers.xml");
    assert_eq!(members(&found, TRIGGERS), members(contract, TRIGGERS));
    assert!(found.contains("org.freedesktop.DBus.ObjectManager"));

    bus.cameras.plug("a", "Front");
    let mut added = bus.managed().await.receive_interfaces_added().await.unwrap();
    bus.cameras.plug("b", "Rear");
    added.next().await.unwrap();
    let proxy = IntrospectableProxy::builder(&bus.client).destination(NAME).unwrap();
    let proxy = proxy.path(source::path(&CameraId::new("b"))).unwrap().build().await.unwrap();
    let contract = include_str!("../../dbus/org.descry.Descry1.Source.xml");
    assert_eq!(members(&proxy.introspect().await.unwrap(), SOURCE), members(contract, SOURCE));
}

/// Each argument and property of an interface on a line of its own, after what it belongs to, in a fixed order.
fn members(xml: &str, interface: &str) -> Vec<String> {
    let mut text = xml.to_owned();
    while let Some(start) = text.find("<!--") {
        let end = text[start..].find("-->").map_or(text.len(), |end| start + end + 3);
        text.replace_range(start..end, "");
    }
    let start = text.find(&format!("<interface name=\"{interface}\"")).unwrap();
    let end = start + text[start..].find("</interface>").unwrap();
    let (mut members, mut owner) = (Vec::new(), String::new());
    for tag in text[start..end].split('<').skip(2).map(|tag| tag.split('>').next().unwrap_or_default()) {
        let tag = tag.trim().trim_end_matches('/').trim();
        // The default needs not be written.
        if tag.is_empty() || tag.starts_with('/') || tag.contains("value=\"true\"") {
            continue;
        }
        let mut words: Vec<&str> = tag.split_whitespace().collect();
        words[1..].sort_unstable();
        let line = words.join(" ");
        if tag.starts_with("method") || tag.starts_with("property") || tag.starts_with("signal") {
            owner.clone_from(&line);
            members.push(line);
        } else {
            members.push(format!("{owner} / {line}"));
        }
    }
    // Arguments keep their order within a method, since a signature is one.
    members.sort_by_key(|line| line.split(" / ").next().unwrap_or_default().to_owned());
    members
}
