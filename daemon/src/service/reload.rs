//! Settings that are read again while the service runs.
//!
//! Preferences, keys and the button are heeded from then on. All other settings are what the parts were made with: they
//! are heeded when the service starts.

use std::{convert::Infallible, future::pending, mem};

use tokio::{signal::unix::Signal, sync::watch};
use tracing::{info, warn};
use zbus::Connection;

use crate::{
    app::App,
    bus::{self, narrations::Narrations, source::Sources},
    config::{Layer, Settings},
    trigger::TriggerSettings,
    words::message,
};

/// What settings are read from again, and who hears of them.
pub(super) struct Reloads {
    pub(super) arguments: Layer,
    /// As they were read last.
    pub(super) settings: Settings,
    pub(super) app: App,
    pub(super) connection: Connection,
    pub(super) narrations: Narrations,
    pub(super) sources: Sources,
    pub(super) keys: watch::Sender<TriggerSettings>,
}

impl Reloads {
    /// Reads the settings again at each of these signals. It does not end.
    pub(super) async fn heed(mut self, mut hang_up: Signal) -> Infallible {
        while hang_up.recv().await.is_some() {
            self.reload().await;
        }
        // No more of these signals can come.
        pending().await
    }

    /// Heeds what was changed in the settings; what was set over the bus and not in them stays. When they cannot be used
    /// that is said, and the old ones hold.
    async fn reload(&mut self) {
        let new = match Settings::load(self.arguments.clone()) {
            Ok(new) => new,
            Err(error) => {
                warn!(%error, "the settings were not read again");
                self.app.say_fault(&message!("service-settings-stay", reason = error.message()));
                return;
            }
        };
        if needs_a_start(&self.settings, &new) {
            warn!("some of the settings that were changed are heeded when descryd starts again");
        }
        let old = mem::replace(&mut self.settings, new);
        let (before, after) = self.app.change_preferences(|preferences| {
            preferences.take_changes(&old.preferences, &self.settings.preferences);
        });
        info!("the settings were read again");
        if let Err(error) = bus::announce_preferences(&self.connection, &before, &after).await {
            warn!(%error, "changed settings could not be announced");
        }
        if before.programs.use_camera && !after.programs.use_camera {
            self.narrations.forbid_programs();
            self.sources.forbid_programs();
        }
        self.narrations.take_changes(&before.narration, &after.narration).await;
        // Also those that have not changed: what another program held may be free.
        self.keys.send_replace(self.settings.triggers.clone());
    }
}

/// Whether something else was changed than what is heeded at once.
fn needs_a_start(old: &Settings, new: &Settings) -> bool {
    let heeded =
        Settings { preferences: new.preferences.clone(), triggers: new.triggers.clone(), ..old.clone() };
    heeded != *new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parts_were_made_with_needs_a_start() {
        let read = |text: &str| Settings::from(Layer::parse(text, "x".as_ref()).unwrap());
        for (text, expected) in [
            ("", false),
            (
                "detail = \"brief\"\nrate = 10\nkeep_history = true\n[narration]\nmaximum_per_minute = 3",
                false,
            ),
            ("[keys]\nrepeat = \"F9\"\n[button]\nkey = \"KEY_PROG1\"", false),
            ("model = \"/m\"", true),
            ("device = \"cpu\"", true),
            ("threads = 1", true),
            ("text_languages = \"deu\"", true),
            ("pictures_as_camera = \"/p\"", true),
        ] {
            assert_eq!(needs_a_start(&read(""), &read(text)), expected, "{text}");
        }
    }
}
