//! What the person can change while the parts run, and the history that one of these settings keeps.

use tokio::sync::watch;
use tracing::{info, warn};

use super::App;
use crate::{
    history::{History, Scope, kept::KeepError},
    preferences::{Preferences, Shared},
    request::Reason,
    speech::Urgency,
    words::{Language, message},
};

impl App {
    /// The same parts, which heed these preferences.
    #[must_use]
    pub fn with_preferences(self, preferences: Shared) -> Self {
        self.caption_thread.set_idle_limit(preferences.now().idle_limit());
        Self { preferences, ..self }
    }

    /// What was described.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What can be changed, as it is now.
    #[must_use]
    pub fn preferences(&self) -> Preferences {
        self.preferences.now()
    }

    /// The language of all that is said.
    #[must_use]
    pub fn language(&self) -> Language {
        self.preferences.now().words()
    }

    /// Follows what can be changed.
    #[must_use]
    pub fn watch_preferences(&self) -> watch::Receiver<Preferences> {
        self.preferences.watch()
    }

    /// Changes preferences, with all that follows from it; what they were before and are now. A pause ends what is
    /// under way, and it is said, as its end is: who listens must never wonder whether a camera looks.
    pub fn change_preferences(&self, change: impl FnOnce(&mut Preferences)) -> (Preferences, Preferences) {
        let (before, after) = self.preferences.change(change);
        if before.idle_unload_seconds != after.idle_unload_seconds {
            self.caption_thread.set_idle_limit(after.idle_limit());
        }
        if before.keep_history != after.keep_history {
            self.keep_history(after.keep_history);
        }
        let is_paused = after.pause.holds();
        if before.pause.holds() != is_paused {
            info!(paused = is_paused, "paused or going on");
            if is_paused {
                self.in_flight.cancel_all(Reason::Paused);
            }
            self.voice.stop();
            let words = if is_paused { message!("service-paused") } else { message!("service-goes-on") };
            let _speaking = self.say(words.in_language(after.words()), Urgency::Asked);
        }
        (before, after)
    }

    /// The same parts, which remember in this history, and keep it where the preferences say so.
    #[must_use]
    pub fn with_history(self, history: History) -> Self {
        let app = Self { history, ..self };
        app.keep_history(app.preferences.now().keep_history);
        app
    }

    fn keep_history(&self, is_kept: bool) {
        if let Err(error) = self.history.set_kept(is_kept) {
            self.complain_of_history(&error);
        }
    }

    /// Says what is wrong with the history on disk.
    pub(super) fn complain_of_history(&self, error: &KeepError) {
        warn!(%error, "the history on disk");
        self.say_fault(&error.message());
    }

    /// Forgets what was described for a scope, on disk too; how much that was.
    #[must_use]
    pub fn clear_history(&self, scope: &Scope) -> usize {
        let (count, kept) = self.history.clear(scope);
        if let Err(error) = kept {
            self.complain_of_history(&error);
        }
        count
    }
}
