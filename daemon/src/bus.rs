//! Descry on the session bus: what arrives is parsed, handed on, and answered.
//!
//! The interfaces are the files `daemon/dbus/org.descry.Descry1.*.xml`, to which a test holds this code. They grow by keys in
//! their dictionaries and by new interfaces; a signature never changes. In the dictionaries, keys that are not known are
//! passed over, so that newer programs can talk to older services; values that cannot be meant are refused.

pub mod client;
mod dictionary;
pub mod error;
pub mod manager;
mod narration;
pub mod narrations;
mod permission;
mod person;
pub mod source;
#[cfg(test)]
mod tests;
pub mod triggers;

use tokio::sync::watch;
use zbus::{Connection, fdo::ObjectManager};

use crate::{app::App, caption_thread::State, preferences::Preferences, trigger::Status};
use manager::Manager;
use triggers::Triggers;

pub(crate) use dictionary::Dictionary;

/// Whether the options of a call can be used, by whichever method reads them.
pub(crate) fn check_options(dictionary: &Dictionary) -> bool {
    let of_screen = dictionary::target(dictionary::AREA, dictionary).is_ok();
    let of_session = dictionary::session(dictionary).is_ok();
    dictionary::options(dictionary).is_ok() && of_screen && of_session
}

/// The service's name.
pub const NAME: &str = "org.descry.Descry1";

/// The object with the manager, and the root of all others.
pub const PATH: &str = "/org/descry/Descry1";

/// The interface with what can be pressed.
pub const TRIGGERS: &str = "org.descry.Descry1.Triggers";

/// The manager's interface.
pub const MANAGER: &str = "org.descry.Descry1.Manager";

/// The interface of a narration.
pub const NARRATION: &str = "org.descry.Descry1.Narration";

/// Puts the objects on a connection. The name is not taken yet.
pub async fn publish(connection: &Connection, manager: Manager) -> zbus::Result<()> {
    let server = connection.object_server();
    server.at(PATH, manager).await?;
    server.at(PATH, ObjectManager).await?;
    Ok(())
}

/// Puts what can be pressed on a connection.
pub async fn publish_triggers(
    connection: &Connection,
    app: App,
    status: watch::Receiver<Status>,
) -> zbus::Result<()> {
    connection.object_server().at(PATH, Triggers::new(app, status)).await.map(|_| ())
}

/// Tells everyone who listens when that changes, until nobody watches keys and buttons any more.
pub async fn announce_triggers(
    connection: Connection,
    mut status: watch::Receiver<Status>,
) -> zbus::Result<()> {
    let interface = connection.object_server().interface::<_, Triggers>(PATH).await?;
    while status.changed().await.is_ok() {
        let triggers = interface.get().await;
        triggers.bound_changed(interface.signal_emitter()).await?;
        triggers.problems_changed(interface.signal_emitter()).await?;
    }
    Ok(())
}

/// Tells everyone who listens when the model's state or its device changes, until the caption thread is gone.
pub async fn announce_state(connection: Connection, mut state: watch::Receiver<State>) -> zbus::Result<()> {
    let interface = connection.object_server().interface::<_, Manager>(PATH).await?;
    let mut device = interface.get().await.device();
    while state.changed().await.is_ok() {
        let manager = interface.get().await;
        manager.state_changed(interface.signal_emitter()).await?;
        let now = manager.device();
        if now != device {
            device = now;
            manager.device_changed(interface.signal_emitter()).await?;
        }
    }
    Ok(())
}

/// Tells everyone who listens of preferences that were changed by other means than the bus.
pub async fn announce_preferences(
    connection: &Connection,
    before: &Preferences,
    after: &Preferences,
) -> zbus::Result<()> {
    let interface = connection.object_server().interface::<_, Manager>(PATH).await?;
    let (manager, emitter) = (interface.get().await, interface.signal_emitter());
    if before.detail != after.detail {
        manager.detail_changed(emitter).await?;
    }
    if before.hedging != after.hedging {
        manager.hedging_changed(emitter).await?;
    }
    if before.minimum_confidence.to_bits() != after.minimum_confidence.to_bits() {
        manager.minimum_confidence_changed(emitter).await?;
    }
    if before.language != after.language {
        manager.language_changed(emitter).await?;
    }
    if before.speech != after.speech {
        manager.speech_route_changed(emitter).await?;
    }
    if before.idle_unload_seconds != after.idle_unload_seconds {
        manager.idle_unload_seconds_changed(emitter).await?;
    }
    if before.pause.holds() != after.pause.holds() {
        manager.paused_changed(emitter).await?;
    }
    Ok(())
}
