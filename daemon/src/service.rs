//! The service `descryd`: put together, watched over, and ended.

use std::{io, path::PathBuf, sync::Arc};

use descry_models::{Bundle, BundleError, Manifest};
use futures_util::StreamExt;
use thiserror::Error;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tracing::{info, warn};
use zbus::{
    Connection,
    fdo::{DBusProxy, RequestNameFlags, RequestNameReply},
    names::BusName,
};

use crate::{
    app::App,
    bus::{self, manager::Manager},
    caption_thread::CaptionThread,
    config::{Settings, Speech},
    describer,
    model_folder::{self, NoModel},
    request::Caller,
    speech::{Silence, Voice, address::Address, speech_dispatcher::SpeechDispatcher},
};

/// The language of every sentence that is said.
pub const LANGUAGE: &str = "en";

/// Why the service cannot start, or cannot go on.
#[derive(Debug, Error)]
pub enum ServiceFailure {
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
    /// The task that watches the callers is gone while the bus is still there.
    #[error("the watch over the callers has ended")]
    WatchEnded,
}

/// The voice that the settings ask for, and its task, which never ends before the voice is dropped.
#[must_use]
pub fn voice(speech: Speech) -> (Arc<dyn Voice>, JoinHandle<()>) {
    match speech {
        Speech::Auto => {
            let (voice, task) = SpeechDispatcher::start(Address::from_environment(), LANGUAGE.to_owned());
            (Arc::new(voice), task)
        }
        Speech::None => (Arc::new(Silence), tokio::spawn(std::future::pending())),
    }
}

/// Serves until the bus or a signal ends it. The bus name is taken last: who owns it serves.
pub async fn run(settings: Settings) -> Result<(), ServiceFailure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let folder = model_folder::find(settings.model)?;
    let model = verified(folder.clone()).await?;
    let caption_thread = CaptionThread::start(describer::load_from(folder, settings.engine))?;
    let (voice, voice_task) = voice(settings.speech);
    let app = App::new(caption_thread.clone(), voice, settings.beam_width);

    let connection = Connection::session().await?;
    info!(model = model.name, "serving");
    bus::publish(&connection, Manager::new(app.clone(), model)).await?;
    let callers = tokio::spawn(watch_callers(connection.clone(), app));
    let state = tokio::spawn(bus::announce_state(connection.clone(), caption_thread.state()));
    take_name(&connection).await?;

    let ended = tokio::select! {
        biased;
        _ = terminate.recv() => Ok("a signal"),
        _ = interrupt.recv() => Ok("a signal"),
        () = connection.closed() => Ok("the bus"),
        () = caption_thread.ended() => Err(ServiceFailure::CaptionThreadEnded),
        _ = voice_task => Err(ServiceFailure::VoiceEnded),
        _ = state => Err(ServiceFailure::CaptionThreadEnded),
        _ = callers => {
            // With the bus both end, in either order.
            if connection.is_closed() { Ok("the bus") } else { Err(ServiceFailure::WatchEnded) }
        }
    };
    match &ended {
        Ok(reason) => info!(reason, "ending"),
        Err(failure) => warn!(%failure, "ending"),
    }
    ended.map(|_| ())
}

/// Reads the model once, so that one that is damaged is known before anyone asks. It is loaded when it is needed.
async fn verified(folder: PathBuf) -> Result<Manifest, ServiceFailure> {
    let read = tokio::task::spawn_blocking(move || Bundle::open(&folder)).await;
    let bundle = read.map_err(|_| ServiceFailure::CaptionThreadEnded)??;
    Ok(bundle.into_manifest_and_vocabulary().0)
}

async fn take_name(connection: &Connection) -> Result<(), ServiceFailure> {
    let flags = RequestNameFlags::DoNotQueue.into();
    match connection.request_name_with_flags(bus::NAME, flags).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(_) | Err(zbus::Error::NameTaken) => Err(ServiceFailure::NameTaken),
        Err(error) => Err(error.into()),
    }
}

/// Calls off what callers have under way that leave the bus.
async fn watch_callers(connection: Connection, app: App) -> zbus::Result<()> {
    let bus = DBusProxy::new(&connection).await?;
    let mut changes = bus.receive_name_owner_changed().await?;
    while let Some(change) = changes.next().await {
        let Ok(change) = change.args() else { continue };
        if let (BusName::Unique(name), None) = (change.name(), change.new_owner().as_ref()) {
            app.caller_left(&Caller::Bus(name.to_string()));
        }
    }
    Ok(())
}
