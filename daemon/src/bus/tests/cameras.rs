//! Cameras: looked through, listed as objects that come and go, and reserved.

use zbus::zvariant::ObjectPath;

use super::*;
use crate::source::{camera::CameraError, live::Cameras};

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
    pub(super) async fn source(&self, id: &str) -> Proxy<'static> {
        Proxy::new(&self.client, NAME, source::path(&CameraId::new(id)), SOURCE).await.unwrap()
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
async fn a_program_may_look_only_where_the_person_lets_it() {
    let bus = bus(Conduct::Describe).await;
    let mut added = bus.managed().await.receive_interfaces_added().await.unwrap();
    bus.cameras.plug("a", "Front").show(RgbImage::new(40, 30));
    added.next().await.unwrap();
    let source = bus.source("a").await;
    let claim = async || source.call::<_, _, ()>("Claim", &(Dictionary::new(),)).await;
    claim().await.unwrap();
    // It is heard, also where it has nothing said.
    let silent = (ObjectPath::try_from("/").unwrap(), options(&[("speak", false.into())]));
    bus.proxy.call::<_, _, Dictionary>("DescribeCamera", &silent).await.unwrap();
    assert_eq!(bus.chime.played(), [Earcon::Captured]);

    bus.app.change_preferences(|preferences| preferences.programs.use_camera = false);
    bus.sources.forbid_programs();
    let (name, words) = bus.describe_camera("/").await.unwrap_err();
    assert_eq!(name, "AccessDenied");
    assert!(words.contains("put programs_use_camera = true into descry.toml"), "{words}");
    bus.app.change_preferences(|preferences| preferences.language = Some("de".to_owned()));
    let refused = claim().await.unwrap_err().to_string();
    assert!(
        refused.contains("AccessDenied") && refused.contains("damit es jedes Programm darf"),
        "{refused}"
    );
    let refused = source.call::<_, _, ()>("Release", &()).await.unwrap_err().to_string();
    assert!(refused.contains("NotClaimed"), "its reservation has ended: {refused}");
    assert!(bus.voice.texts().is_empty(), "it is the program's mistake, and the person is left in peace");

    // A picture that it hands over is its own.
    let image = sealed(&png(4, 3));
    bus.describe(&image, &options(&[("speak", false.into())])).await.unwrap();
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
