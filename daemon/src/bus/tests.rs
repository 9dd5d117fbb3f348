//! The interface over a real D-Bus connection between two ends of a socket: no bus, no weights.

mod cameras;
mod command;
mod control;
mod narration;
mod pictures;

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
    zvariant::{Fd, Value},
};

use super::{
    MANAGER, NAME, PATH, TRIGGERS, announce_state, announce_triggers,
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
    earcon::{Earcon, fake::FakeChime},
    preferences::Shared,
    source::{camera::CameraId, live::fake::FakeCameras},
    speech::{
        Urgency, Utterance,
        fake::{FakeVoice, Told},
    },
    trigger::Status,
};

/// Both ends of a connection, and the voice of the service at one of them.
struct Bus {
    proxy: Proxy<'static>,
    client: Connection,
    voice: Arc<FakeVoice>,
    chime: Arc<FakeChime>,
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
    let (preferences, chime) = (Shared::default(), Arc::new(FakeChime::default()));
    let app = App::new(thread.clone(), Arc::clone(&voice) as Arc<_>, None)
        .with_preferences(preferences.clone())
        .with_chime(Arc::clone(&chime) as Arc<_>);
    let cameras = Arc::new(FakeCameras::default());
    let sources = Sources::new(Arc::clone(&cameras) as Arc<_>, preferences);
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
    Bus { proxy, client, voice, chime, server, app, cameras, sources, triggers, narrations }
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

    async fn history(&self, offset: u32, count: u32) -> Vec<String> {
        let entries: Vec<Dictionary> = self.proxy.call("GetHistory", &(offset, count)).await.unwrap();
        entries.iter().map(|entry| string(entry, "text")).collect()
    }

    async fn managed(&self) -> zbus::fdo::ObjectManagerProxy<'static> {
        let builder = zbus::fdo::ObjectManagerProxy::builder(&self.client);
        builder.destination(NAME).unwrap().path(PATH).unwrap().build().await.unwrap()
    }

    async fn failure(&self, image: &OwnedFd, entries: &[(&str, Value<'static>)]) -> String {
        self.describe(image, &options(entries)).await.unwrap_err().0
    }
}

fn string(dictionary: &Dictionary, key: &str) -> String {
    String::try_from(dictionary[key].try_clone().unwrap()).unwrap()
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
