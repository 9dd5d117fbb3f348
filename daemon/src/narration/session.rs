//! One narration of somebody's, as whoever has it sees it: begun, changed, and ended. What it does while it runs is in
//! `running`.

mod running;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc;
use tracing::{Instrument, info_span};

use super::{looking::Look, policy::Pace};
use crate::{
    app::App,
    description::Description,
    failure::Failure,
    request::{Caller, Cancel, Reason},
    source::live::Cameras,
    speech::Speaking,
    wording,
    words::Message,
};

/// What somebody is told of their narration.
#[derive(Debug)]
pub enum Event {
    /// It says this.
    Narrated(Box<Description>),
    /// It has begun or ended.
    Active(bool),
    /// It has ended by itself, for this reason.
    Failed(Failure),
    /// Nobody wants it any more: nothing comes after this.
    Closed,
}

/// How it is to be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Telling {
    /// When something is said.
    pub pace: Pace,
    /// Whether it is said aloud.
    pub speak: bool,
}

/// One narration. It ends when it is dropped.
#[derive(Debug)]
pub struct Session(Arc<Inner>);

struct Inner {
    app: App,
    cameras: Arc<dyn Cameras>,
    wanted: Option<String>,
    caller: Caller,
    state: Mutex<State>,
    events: mpsc::UnboundedSender<Event>,
}

struct State {
    telling: Telling,
    /// Ends what runs.
    running: Option<Cancel>,
    /// What looks through the camera now.
    look: Option<Look>,
    /// What is being said.
    speaking: Option<Speaking>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Narration").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl Session {
    /// A narration of `owner`'s by the camera that `wanted` names, or the only one, which has not begun; and what comes of
    /// it.
    #[must_use]
    pub fn new(
        app: App,
        cameras: Arc<dyn Cameras>,
        wanted: Option<String>,
        owner: Caller,
        telling: Telling,
    ) -> (Self, mpsc::UnboundedReceiver<Event>) {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let (events, received) = mpsc::unbounded_channel();
        let caller = Caller::Narration(Arc::new(owner), LAST.fetch_add(1, Ordering::Relaxed) + 1);
        let state = Mutex::new(State { telling, running: None, look: None, speaking: None });
        (Self(Arc::new(Inner { app, cameras, wanted, caller, state, events })), received)
    }

    /// Begins, unless it runs already.
    pub fn start(&self) {
        let cancel = Cancel::default();
        {
            let mut state = self.0.lock();
            if state.running.is_some() {
                return;
            }
            state.running = Some(cancel.clone());
        }
        self.0.tell(Event::Active(true));
        let (inner, span) = (Arc::clone(&self.0), info_span!("narration", caller = ?self.0.caller));
        tokio::spawn(async move { inner.run(cancel).await }.instrument(span));
    }

    /// Ends, with what it is saying.
    pub fn stop(&self) {
        let (running, speaking) = {
            let mut state = self.0.lock();
            (state.running.take(), state.speaking.take())
        };
        let Some(cancel) = running else { return };
        cancel.cancel(Reason::Asked);
        self.0.hush(speaking);
        self.0.tell(Event::Active(false));
    }

    /// Ends for good.
    pub fn close(&self) {
        self.stop();
        self.0.tell(Event::Closed);
    }

    /// Whether it runs; also while it is paused.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.lock().running.is_some()
    }

    /// What it is saying, or said last.
    #[must_use]
    pub fn last_words(&self) -> Option<Speaking> {
        self.0.lock().speaking.clone()
    }

    /// How it is told.
    #[must_use]
    pub fn telling(&self) -> Telling {
        self.0.lock().telling
    }

    /// Changes how it is told, from now on; what it was before and is now.
    pub fn change_telling(&self, change: impl FnOnce(&mut Telling)) -> (Telling, Telling) {
        let (before, after, look, speaking) = {
            let mut state = self.0.lock();
            let before = state.telling;
            change(&mut state.telling);
            let falls_silent = before.speak && !state.telling.speak;
            let speaking = if falls_silent { state.speaking.take() } else { None };
            (before, state.telling, state.look.clone(), speaking)
        };
        if let Some(look) = look {
            look.decide(|policy, _| policy.set_pace(after.pace));
        }
        self.0.hush(speaking);
        (before, after)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    fn say(&self, words: &Message) {
        let mut state = self.lock();
        if state.telling.speak {
            let words = wording::words_in(words, self.app.language());
            state.speaking = Some(self.app.say_ambient(words));
        }
    }

    /// Stops what this narration says, unless an answer is being said, which has stopped it already.
    fn hush(&self, speaking: Option<Speaking>) {
        if speaking.is_some_and(|speaking| !speaking.is_over()) && !self.app.is_answering() {
            self.app.stop_speaking();
        }
    }

    fn tell(&self, event: Event) {
        // Who listened may have gone.
        let _ = self.events.send(event);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
