//! The other end of the bus: what the command asks, and what it makes of the answers.

use super::*;
use crate::{
    bus::client::{Service, ServiceError, Wish},
    retell::Way,
    source::file::FileSource,
    trigger::{Action, Bound, Problem, State as TriggerState, TriggerError, Way as TriggerWay},
};

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
