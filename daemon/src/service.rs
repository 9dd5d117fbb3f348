//! The service `descryd`: put together, watched over, and ended.

mod reload;

use std::{env, io, iter, path::PathBuf, sync::Arc};

use descry_models::{Bundle, BundleError, DeviceChoice, EngineChoice, Manifest, Opening};
use futures_util::StreamExt;
use thiserror::Error;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};
use tracing::{info, warn};
use zbus::{
    Connection,
    fdo::{DBusProxy, RequestNameFlags, RequestNameReply},
    names::BusName,
};

use crate::{
    announce::{Announce, announce, greeted_file},
    app::App,
    board::battery,
    bus::{self, manager::Manager, narrations::Narrations, source::Sources},
    caption_thread::CaptionThread,
    config::{ConfigError, Layer, Settings},
    describer,
    earcon::Earcons,
    history::{History, kept},
    model_folder::{self, NoModel},
    notify::Notifier,
    preferences::Shared,
    request::Caller,
    screen_text::Reader,
    source::{
        camera::connected::Connected,
        live::{Cameras, slides::Slides},
        screen::Session,
    },
    speech::{Urgency, Utterance, Voice, address::Address, router::Router},
    trigger::{self, TriggerSettings, perform::ServiceHands},
    words::Message,
};
use reload::Reloads;

/// Why the service cannot start, or cannot go on.
#[derive(Debug, Error)]
pub enum ServiceFailure {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// There is no model.
    #[error(transparent)]
    NoModel(#[from] NoModel),
    /// The model is not what its manifest says.
    #[error(transparent)]
    Model(#[from] BundleError),
    /// The system gives no thread or no signals.
    #[error("the system refused a thread or a signal: {0}")]
    System(#[from] io::Error),
    /// The session bus cannot be used.
    #[error("the session bus cannot be used: {0}")]
    Bus(#[from] zbus::Error),
    /// Another service runs already.
    #[error("another descryd owns the name {} on this bus", bus::NAME)]
    NameTaken,
    /// The caption thread is gone.
    #[error("the caption thread has ended")]
    CaptionThreadEnded,
    /// The task that speaks is gone.
    #[error("the voice has ended")]
    VoiceEnded,
    /// The task that watches the callers or the cameras is gone while the bus is still there.
    #[error("the watch over the callers or the cameras has ended")]
    WatchEnded,
    /// The task that watches keys and buttons is gone.
    #[error("the watch over keys and buttons has ended")]
    TriggersEnded,
}

/// The voice that the preferences ask for, whatever they become, and its task, which never ends before the voice is
/// dropped.
#[must_use]
pub fn voice(preferences: &Shared) -> (Arc<dyn Voice>, JoinHandle<()>) {
    let (voice, task) = Router::start(Address::from_environment(), preferences.watch());
    (Arc::new(voice), task)
}

/// The cameras that are looked through.
#[must_use]
pub fn cameras(settings: &Settings, connected: Arc<Connected>) -> Arc<dyn Cameras> {
    match &settings.pictures_as_camera {
        Some(folder) => Arc::new(Slides::new(folder.clone())),
        None => connected,
    }
}

/// Serves until the bus or a signal ends it. The bus name is taken last: who owns it serves.
///
/// A hang-up signal has the settings read again: preferences, keys and the button are heeded at once, all others when the
/// service starts.
pub async fn run(arguments: Layer) -> Result<(), ServiceFailure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hang_up = signal(SignalKind::hangup())?;

    let settings = Settings::load(arguments.clone())?;
    let folder = model_folder::find(settings.model.clone())?;
    let model = verified(folder.clone()).await?;
    let preferences = Shared::new(settings.preferences.clone());
    let (voice, voice_task) = voice(&preferences);
    let caption_thread = caption_thread(folder.clone(), settings.opening(), &voice, &preferences)?;
    let connected = Arc::new(Connected::with_preferences(&preferences));
    let sources = Sources::new(cameras(&settings, Arc::clone(&connected)), preferences.clone());
    let (earcons, _earcon_task) = Earcons::start(preferences.watch());
    let app = App::new(caption_thread.clone(), Arc::clone(&voice), settings.beam_width)
        .loading_ahead()
        .with_preferences(preferences.clone())
        .with_chime(Arc::new(earcons))
        .with_reader(Reader::new(settings.text_languages.clone()))
        .with_history(History::new(kept::place(&|name| env::var_os(name))));

    let connection = Connection::session().await?;
    info!(model = model.name, "serving");
    let models = iter::once(model).chain(model_folder::others(&folder)).collect();
    let narrations = Narrations::new(app.clone(), sources.clone(), connection.clone());
    let manager = Manager::new(app.clone(), models, sources.clone(), narrations.clone())
        .with_gpu(may_use_gpu(&settings.opening()));
    bus::publish(&connection, manager).await?;
    sources.refresh(&connection).await?;
    let (trigger_status, status) = watch::channel(Vec::new());
    bus::publish_triggers(&connection, app.clone(), status.clone()).await?;
    let state = tokio::spawn(bus::announce_state(connection.clone(), caption_thread.state()));
    let announced = tokio::spawn(bus::announce_triggers(connection.clone(), status));
    let plugged = tokio::spawn(watch_cameras(connected, sources.clone(), connection.clone()));
    let watched = watch_callers(connection.clone(), app.clone(), sources.clone(), narrations.clone());
    let callers = tokio::spawn(watched);
    take_name(&connection).await?;
    let notifier = Notifier::from_environment();
    notifier.tell("READY=1");

    // Only who serves takes keys: another descryd may have them.
    let hands = ServiceHands::new(app.clone(), sources.clone(), narrations.clone(), connection.clone());
    let (keys, key_settings) = watch::channel(settings.triggers.clone());
    let (session, of_keys) = (Session::from_environment(), app.clone());
    let make = move |settings: &TriggerSettings| trigger::triggers(settings, &session, of_keys.language());
    let triggers = tokio::spawn(trigger::run(key_settings, make, hands, trigger_status));

    let of_itself = tell_of_itself(settings.announce, settings.battery_warnings, voice, preferences);
    let reloads =
        Reloads { arguments, settings, app, connection: connection.clone(), narrations, sources, keys };
    // None of these ends.
    let beside =
        async { tokio::join!(reloads.heed(hang_up), notifier.keep_watch(&caption_thread), of_itself) };

    // With the bus what watches it ends too, in any order.
    let unless_bus = |failure| if connection.is_closed() { Ok("the bus") } else { Err(failure) };
    let ended = tokio::select! {
        biased;
        _ = terminate.recv() => Ok("a signal"),
        _ = interrupt.recv() => Ok("a signal"),
        () = connection.closed() => Ok("the bus"),
        () = caption_thread.ended() => Err(ServiceFailure::CaptionThreadEnded),
        _ = voice_task => Err(ServiceFailure::VoiceEnded),
        _ = state => Err(ServiceFailure::CaptionThreadEnded),
        _ = triggers => Err(ServiceFailure::TriggersEnded),
        _ = announced => unless_bus(ServiceFailure::TriggersEnded),
        _ = plugged => unless_bus(ServiceFailure::WatchEnded),
        _ = callers => unless_bus(ServiceFailure::WatchEnded),
        (never, (), ()) = beside => match never {},
    };
    notifier.tell("STOPPING=1");
    if let Ok(reason) = &ended {
        info!(reason, "ending");
    }
    ended.map(|_| ())
}

/// The thread that describes with the model in a folder, which is in a process of its own as long as it is needed, and says
/// where opening it takes long.
fn caption_thread(
    folder: PathBuf,
    opening: Opening,
    voice: &Arc<dyn Voice>,
    preferences: &Shared,
) -> io::Result<CaptionThread> {
    let (voice, preferences) = (Arc::clone(voice), preferences.clone());
    let tell = move |notice: &Message| {
        let text = notice.in_language(preferences.now().words());
        let _speaking = voice.say(Utterance::new(text, Urgency::Asked));
    };
    CaptionThread::start(describer::process::load(folder, opening, tell))
}

/// Whether the model may turn out to run on a GPU.
fn may_use_gpu(opening: &Opening) -> bool {
    opening.device != DeviceChoice::default() && opening.engine != EngineChoice::Tract
}

/// Says that the service is ready, as the settings have it, and then warns of a battery that runs out where they ask for
/// it: a warning is more urgent, so that it would cut the first sentence off, and while the sound comes up after power-on
/// nobody would hear it. It does not end.
async fn tell_of_itself(when: Announce, warns: bool, voice: Arc<dyn Voice>, preferences: Shared) {
    let greeted = greeted_file();
    let language = preferences.now().words();
    announce(when, greeted.as_deref(), &voice, language).await;
    if warns {
        battery::watch(voice, preferences).await;
    }
    std::future::pending::<()>().await;
}

/// Reads the model once, so that one that is damaged is known before anyone asks. It is loaded when it is needed.
async fn verified(folder: PathBuf) -> Result<Manifest, ServiceFailure> {
    let read = tokio::task::spawn_blocking(move || Bundle::open(&folder)).await;
    let bundle = read.map_err(|_| ServiceFailure::CaptionThreadEnded)??;
    Ok(bundle.into_parts().0)
}

async fn take_name(connection: &Connection) -> Result<(), ServiceFailure> {
    let flags = RequestNameFlags::DoNotQueue.into();
    match connection.request_name_with_flags(bus::NAME, flags).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(_) | Err(zbus::Error::NameTaken) => Err(ServiceFailure::NameTaken),
        Err(error) => Err(error.into()),
    }
}

/// Follows cameras that come and go, until the bus ends. Where the system does not let them be watched, they are listed as
/// they were when the service began, and used all the same.
async fn watch_cameras(
    cameras: Arc<Connected>,
    sources: Sources,
    connection: Connection,
) -> zbus::Result<()> {
    let watched = async {
        if let Err(error) = cameras.follow().await {
            warn!(%error, "cameras that come and go are not noticed");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = watched => Ok(()),
        result = sources.follow(connection) => result,
    }
}

/// Calls off what callers have under way that leave the bus, and ends what they have reserved and their narrations.
async fn watch_callers(
    connection: Connection,
    app: App,
    sources: Sources,
    narrations: Narrations,
) -> zbus::Result<()> {
    let bus = DBusProxy::new(&connection).await?;
    let mut changes = bus.receive_name_owner_changed().await?;
    while let Some(change) = changes.next().await {
        let Ok(change) = change.args() else { continue };
        if let (BusName::Unique(name), None) = (change.name(), change.new_owner().as_ref()) {
            let caller = Caller::Bus(name.to_string());
            app.caller_left(&caller);
            sources.caller_left(&caller);
            narrations.caller_left(&caller);
        }
    }
    Ok(())
}
