//! Narration by the service: heard by the person, told to its owner alone, and gone with it. The camera is a folder.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    caller::{Caller, MANAGER, NAME, PATH},
    command::Descry,
    decoys::with_decoys,
    listener::Listener,
    private_bus::PrivateBus,
    process::Process,
    session, shipped,
    sound_room::{Message, Priority, SoundRoom},
    surroundings::Surroundings,
    waiting::{PATIENCE, wait_until},
    wording::golden_wording,
};
use futures_util::StreamExt;
use rustix::process::Signal;
use tokio::time::timeout;
use zbus::{
    Connection, MatchRule, MessageStream, Proxy,
    fdo::ObjectManagerProxy,
    message::Type,
    zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value},
};

const NARRATION: &str = "org.descry.Descry1.Narration";
const PICTURE: &str = "cat.jpg";

/// Starts a service whose camera shows these pictures, each for a while.
fn serve(surroundings: &mut Surroundings, pictures: &[&str]) -> Result<(PrivateBus, Process)> {
    let folder = surroundings.path("camera");
    fs::create_dir(&folder)?;
    for picture in pictures {
        fs::copy(shipped::picture(picture), folder.join(picture))?;
    }
    surroundings.set("DESCRY_PICTURES_AS_CAMERA", &folder);
    let bus = PrivateBus::start(surroundings)?;
    let caller = Caller::connect(&bus)?;
    let service = session::serve(surroundings, &caller, &[])?;
    Ok((bus, service))
}

#[test]
fn what_a_camera_sees_is_heard_by_the_way_until_it_is_ended() -> Result<()> {
    let listener = Listener::from_environment()?;
    let golden = shipped::golden_sentences()?;
    let wording = golden_wording(PICTURE)?;
    let mut room = SoundRoom::open()?;
    let (_bus, service) = serve(room.surroundings_mut(), &[PICTURE])?;
    let begin = room.now();
    let narrating = Descry::new(room.surroundings(), "narrate").start()?;
    wait_until("the first sentence", || Ok(narrating.stdout()?.ends_with('\n')))?;
    assert_eq!(narrating.stdout()?, format!("{wording}\n"));
    let speech = room.speech_since(begin)?;
    let said = Message { text: wording.clone(), priority: Priority::Notification };
    assert_eq!(room.messages()?, [said]);
    let others: Vec<String> = golden.values().cloned().collect();
    assert_eq!(listener.choose(&speech, &with_decoys(&wording, &others))?, Some(wording.clone()));

    // It rests while the service is paused, and begins anew after that.
    Descry::new(room.surroundings(), "pause").run()?.expect_code(0)?;
    Descry::new(room.surroundings(), "resume").run()?.expect_code(0)?;
    wait_until("it to go on", || Ok(narrating.stdout()? == format!("{wording}\n{wording}\n")))?;
    narrating.interrupt()?;
    let outcome = narrating.wait()?;
    outcome.expect_code(0)?;
    ensure!(outcome.complaint()?.contains("no aid for moving about"), "{}", outcome.stderr);
    wait_until("the service to hear of it", || Ok(service.log().contains("a narration is gone")))?;
    ensure!(!service.log().contains("cat sits"), "no caption is logged: {}", service.log());
    Ok(())
}

#[test]
fn an_answer_is_heard_before_a_narration() -> Result<()> {
    let mut room = SoundRoom::open()?;
    let (_bus, _service) = serve(room.surroundings_mut(), &["shore.jpg", "moose.jpg"])?;
    let narrating = Descry::new(room.surroundings(), "narrate").arg("--no-speech").start()?;
    wait_until("the first sentence", || Ok(narrating.stdout()?.ends_with('\n')))?;
    let outcome = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).run()?;
    assert_eq!(outcome.expect_code(0)?.stdout, format!("{}\n", golden_wording(PICTURE)?));
    let said = Message { text: golden_wording(PICTURE)?, priority: Priority::Text };
    assert_eq!(room.messages()?, [said], "the narration is silent, and the answer is not");
    narrating.interrupt()?;
    narrating.wait()?.expect_code(0)?;
    Ok(())
}

async fn connect(bus: &PrivateBus) -> Result<Connection> {
    Ok(zbus::connection::Builder::address(bus.address())?.build().await?)
}

/// What a program hears of the signals of all narrations, if it listens to everybody's.
async fn listen(connection: &Connection) -> Result<MessageStream> {
    let rule = MatchRule::builder().msg_type(Type::Signal).interface(NARRATION)?.build();
    Ok(MessageStream::for_match_rule(rule, connection, None).await?)
}

#[test]
fn it_is_its_owners_and_goes_with_it() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let settings = surroundings.write("home/.config/descry/descry.toml", "")?;
    let (bus, service) = serve(&mut surroundings, &[PICTURE])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async {
        let (owner, other) = (connect(&bus).await?, connect(&bus).await?);
        let manager = Proxy::new(&owner, NAME, PATH, MANAGER).await?;
        let options = HashMap::from([("token", Value::from("mine")), ("speak", false.into())]);
        let path: OwnedObjectPath =
            manager.call("CreateNarration", &(ObjectPath::try_from("/")?, options)).await?;
        let name = owner.unique_name().context("a connection has a name")?;
        let element = name.trim_start_matches(':').replace('.', "_");
        assert_eq!(path.as_str(), format!("{PATH}/narration/{element}/mine"));

        let (mut heard, mut overheard) = (listen(&owner).await?, listen(&other).await?);
        let foreign = Proxy::new(&other, NAME, path.clone(), NARRATION).await?;
        for method in ["Start", "Stop", "Close"] {
            let refused = foreign.call::<_, _, ()>(method, &()).await;
            let Err(zbus::Error::MethodError(error, ..)) = refused else {
                anyhow::bail!("{method}: {refused:?}")
            };
            assert_eq!(error.as_str(), "org.descry.Descry1.Error.AccessDenied");
        }
        let refused = foreign.set_property("Speak", true).await;
        ensure!(matches!(refused, Err(zbus::fdo::Error::AccessDenied(_))), "{refused:?}");

        let own = Proxy::new(&owner, NAME, path.clone(), NARRATION).await?;
        own.call::<_, _, ()>("Start", &()).await?;
        let signal = heard.next().await.context("the bus is gone")??;
        let description: HashMap<String, OwnedValue> = signal.body().deserialize()?;
        let text = String::try_from(description["text"].try_clone()?)?;
        assert_eq!(text, shipped::golden_sentence(PICTURE)?);
        // Whatever was sent to everybody had come before the answer to this.
        foreign.get_property::<bool>("Active").await?;
        let nothing = timeout(Duration::ZERO, overheard.next()).await;
        ensure!(nothing.is_err(), "others hear nothing: {nothing:?}");

        drop((manager, own, heard));
        owner.close().await?;
        let objects = ObjectManagerProxy::builder(&other).destination(NAME)?.path(PATH)?.build().await?;
        let is_gone = async |path: &OwnedObjectPath| -> Result<()> {
            while objects.get_managed_objects().await?.contains_key(path) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        };
        is_gone(&path).await?;

        // The person takes the leave away: what there is ends, and no more can be made.
        let manager = Proxy::new(&other, NAME, PATH, MANAGER).await?;
        let make = async || -> zbus::Result<OwnedObjectPath> {
            let options = HashMap::<&str, Value<'_>>::new();
            manager.call("CreateNarration", &(ObjectPath::try_from("/")?, options)).await
        };
        let path = make().await?;
        fs::write(&settings, "programs_use_camera = false\n")?;
        service.signal(Signal::HUP)?;
        is_gone(&path).await?;
        let refused = make().await.err().context("a program may not narrate any more")?.to_string();
        ensure!(refused.contains("AccessDenied") && refused.contains("programs_use_camera"), "{refused}");
        anyhow::Ok(())
    };
    runtime.block_on(async { timeout(PATIENCE, work).await.context("nobody answered on the bus")? })
}

#[test]
fn without_a_camera_the_way_out_is_said() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let (_bus, _service) = serve(&mut surroundings, &[])?;
    for place in [None, Some("--no-service")] {
        let narrate = Descry::new(&surroundings, "narrate").arg("--no-speech").args(place);
        let outcome = narrate.run()?;
        outcome.expect_code(1)?;
        ensure!(
            outcome.stderr.to_lowercase().contains("no camera is connected; connect one"),
            "{}",
            outcome.stderr
        );
    }
    Ok(())
}
