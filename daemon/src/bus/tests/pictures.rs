//! Pictures in, descriptions out: what is answered and said, what is refused, and how a request is called off.

use super::*;
use crate::speech::VoiceError;

#[tokio::test]
async fn a_picture_is_described_and_spoken() {
    let bus = bus(Conduct::Describe).await;
    let mut description = bus.describe(&sealed(&png(40, 30)), &Dictionary::new()).await.unwrap();
    assert_eq!(string(&description, "text"), "A picture of 40 by 30.");
    assert_eq!(string(&description, "spoken"), "A picture of 40 by 30.");
    assert_eq!(string(&description, "model"), "fake-model");
    let tags = <Vec<(String, f64)>>::try_from(description["tags"].try_clone().unwrap()).unwrap();
    let due =
        [("beagle", 0.875), ("picture", 0.8), ("animal", 0.5)].map(|(name, one)| (name.to_owned(), one));
    assert_eq!(tags, due);
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
        "tags",
        "text",
        "wording",
    ];
    assert_eq!(keys, expected);
    let said = Utterance::new("A picture of 40 by 30.", Urgency::Asked);
    assert_eq!(bus.voice.told(), [Told::Stop, Told::Say(said)]);
}

#[tokio::test]
async fn all_of_it_is_told_where_that_is_asked_for() {
    let bus = bus(Conduct::Describe).await;
    let told = |detail: &'static str| options(&[("detail", detail.into()), ("beam-width", 2_u32.into())]);
    for (detail, due) in [
        ("normal", "A picture of 40 by 30."),
        ("full", "A picture of 40 by 30. It could also be: Picture 1. It may also show: beagle."),
    ] {
        let description = bus.describe(&sealed(&png(40, 30)), &told(detail)).await.unwrap();
        assert_eq!(string(&description, "spoken"), due);
        assert_eq!(string(&description, "text"), "A picture of 40 by 30.");
    }
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
