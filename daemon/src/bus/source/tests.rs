//! Paths, reservations, and what changes when cameras come and go; no bus.

use super::*;
use crate::{
    preferences::{Preferences, Shared},
    request::Cancel,
    source::{camera::CameraError, live::fake::FakeCameras},
};

#[test]
fn paths_and_identities_are_one() {
    for (id, expected) in [
        ("usb-046d-0825-9A_B", "usb_2d046d_2d0825_2d9A_5fB"),
        ("platform:vivid-000", "platform_3avivid_2d000"),
        ("é", "_c3_a9"),
    ] {
        let id = CameraId::new(id);
        assert_eq!(path(&id), format!("/org/descry/Descry1/source/{expected}"));
        assert_eq!(camera(&path(&id)), Some(id));
    }
    for wrong in
        ["/", "/org/descry/Descry1/source/", "/org/descry/Descry1/source/_f", "/org/x/source/a", "_zz"]
    {
        assert_eq!(camera(wrong), None, "{wrong}");
    }
    assert_eq!(camera("/org/descry/Descry1/source/_ff"), None, "not text");
}

#[test]
fn what_is_reserved_stays_when_it_is_unplugged() {
    let cameras = Arc::new(FakeCameras::default());
    let sources = Sources::new(Arc::clone(&cameras) as Arc<_>, Shared::default());
    let (id, other) = (CameraId::new("a"), CameraId::new("b"));
    cameras.plug("a", "Front");
    cameras.plug("b", "Rear");
    let changed = |sources: &Sources| -> Vec<(String, Option<(bool, bool)>)> {
        let changes = sources.changes(&cameras.list().unwrap());
        let told = |shown: Shown| (shown.is_present, shown.is_in_use);
        changes.into_iter().map(|change| (change.id.to_string(), change.after.map(told))).collect()
    };
    let told = |id: &str, after| (id.to_owned(), after);
    assert_eq!(changed(&sources), [told("a", Some((true, false))), told("b", Some((true, false)))]);
    let (me, you) = (Caller::Bus(":1.1".into()), Caller::Bus(":1.2".into()));
    let opened_before = sources.cameras_for(you.clone()).open(&id).unwrap();
    sources.claim(&id, me.clone()).unwrap();
    sources.claim(&id, me.clone()).unwrap();
    let refused = opened_before.next_frame(0, &Cancel::default()).unwrap_err();
    assert!(refused.is_final() && refused == CameraError::Reserved("Front".to_owned()), "{refused}");
    drop(opened_before);
    assert!(matches!(sources.claim(&id, you.clone()), Err(Error::AlreadyInUse(_))));
    let (mine, yours) = (sources.cameras_for(me.clone()), sources.cameras_for(you.clone()));
    let persons = sources.cameras_for(Caller::Person);
    assert!(mine.open(&id).is_ok() && yours.open(&other).is_ok() && persons.open(&other).is_ok());
    for refused in [yours.open(&id), persons.open(&id)] {
        assert_eq!(refused.unwrap_err(), CameraError::Reserved("Front".to_owned()));
    }
    assert_eq!(changed(&sources), [told("a", Some((true, true)))]);
    cameras.unplug("a");
    cameras.unplug("b");
    assert_eq!(changed(&sources), [told("a", Some((false, true))), told("b", None)]);
    assert_eq!(changed(&sources), []);
    cameras.plug("a", "Front");
    assert_eq!(changed(&sources), [told("a", Some((true, true)))]);
    assert!(matches!(sources.release(&id, &you), Err(Error::NotClaimed(_))));
    cameras.unplug("a");
    assert_eq!(changed(&sources), [told("a", Some((false, true)))]);
    sources.caller_left(&me);
    assert_eq!(changed(&sources), [told("a", None)]);
    assert!(matches!(sources.release(&id, &me), Err(Error::NotClaimed(_))));
}

#[test]
fn a_refusal_is_in_the_persons_language() {
    let german = Preferences { language: Some("de".to_owned()), ..Preferences::default() };
    let sources = Sources::new(Arc::new(FakeCameras::default()), Shared::new(german));
    let refused = sources.release(&CameraId::new("a"), &Caller::Peer);
    assert!(matches!(&refused, Err(Error::NotClaimed(words)) if words.contains("reserviert")), "{refused:?}");
}

#[test]
fn who_looks_is_told() {
    let cameras = Arc::new(FakeCameras::default());
    let sources = Sources::new(Arc::clone(&cameras) as Arc<_>, Shared::default());
    cameras.plug("a", "Front");
    sources.changes(&cameras.list().unwrap());
    let live = cameras.open(&CameraId::new("a")).unwrap();
    assert!(sources.changes(&cameras.list().unwrap())[0].after.as_ref().unwrap().is_in_use);
    drop(live);
    assert!(!sources.changes(&cameras.list().unwrap())[0].after.as_ref().unwrap().is_in_use);
}
