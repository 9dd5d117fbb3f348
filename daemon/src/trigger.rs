//! Keys and buttons: what a person presses becomes a request, or whatever else the press is for.
//!
//! | module | what it holds |
//! |---|---|
//! | [`action`], [`combination`], [`settings`] | what can be done, the keys as people write them, and which does what |
//! | [`x11`], [`portal`] | the keys of a desktop, from its X server or from its portal |
//! | [`evdev`], [`pattern`] | the button of a wearable, from the kernel, and how long it is pressed |
//! | [`perform`] | doing it |
//!
//! Each of the three is a [`Trigger`]: a task that tells what was pressed, and what stands in its way. Nothing is asked
//! again and again: all three sleep until something happens. One task, [`run`], starts those that the settings and the
//! session call for, starts them anew when the settings are read again, and says once what stands in the way.

pub mod action;
pub mod combination;
pub mod evdev;
pub mod pattern;
pub mod perform;
pub mod portal;
pub mod problem;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod x11;

use std::{collections::HashSet, fmt, pin::Pin};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tracing::{debug, info, warn};

pub use action::Action;
pub use combination::Combination;
pub use problem::TriggerError;
pub use settings::{Button, Keys, KeysFrom, TriggerSettings};

use crate::{
    source::screen::Session,
    words::{Language, Message, message},
};

/// How many notices wait at most. Who presses faster than that is heard later.
const QUEUE: usize = 16;

/// How alike two names have to be for one to be a slip of the other, in 0 to 1.
const ALIKE: f64 = 0.7;

/// Where a press comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A key, from the X server.
    X11,
    /// A key, from the desktop's portal.
    Portal,
    /// A button, from the kernel.
    Evdev,
}

impl Way {
    /// Its name on the bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X11 => "x11",
            Self::Portal => "portal",
            Self::Evdev => "evdev",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A key or a press that does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What is pressed, for people: `Super+Alt+D`, or `KEY_CAMERA, long`.
    pub trigger: String,
    /// What it does.
    pub action: Action,
}

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is, and what to do.
    pub error: TriggerError,
    /// Whether a person has to hear of it, or finds it where they look: in `descry check` and the log.
    pub is_spoken: bool,
}

/// How one kind of trigger is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// What works.
    pub bound: Vec<Bound>,
    /// What does not.
    pub problems: Vec<Problem>,
}

/// How all triggers are, in the order of their start.
pub type Status = Vec<(Way, State)>;

/// What a trigger tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody pressed what does this.
    Pressed(Action),
    /// How it is from now on.
    State(State),
}

/// Whom a trigger tells.
#[derive(Debug, Clone)]
pub struct Notices {
    way: Way,
    sender: mpsc::Sender<(Way, Notice)>,
}

impl Notices {
    /// Tells of a press.
    pub async fn press(&self, action: Action) {
        debug!(way = %self.way, %action, "pressed");
        // Nobody listens when the settings have just changed.
        let _ = self.sender.send((self.way, Notice::Pressed(action))).await;
    }

    /// Tells how the trigger is.
    pub async fn state(&self, state: State) {
        let _ = self.sender.send((self.way, Notice::State(state))).await;
    }
}

/// Something that can be pressed.
pub trait Trigger: Send {
    /// Which kind it is; there is one of a kind.
    fn way(&self) -> Way;

    /// Takes hold of what can be pressed, and tells of presses until it is dropped, or until there can be no more. What
    /// it took hold of is free again when it is dropped.
    fn watch(self: Box<Self>, notices: Notices) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Who does what is asked for.
pub trait Hands: Send + Sync {
    /// Begins to do it; what was begun before by the same hands may be given up for it.
    fn perform(&self, action: Action);

    /// Says what stands in the way.
    fn say_fault(&self, words: &Message);
}

/// The triggers that the settings and the session call for. What a desktop lists is in `language`.
#[must_use]
pub fn triggers(settings: &TriggerSettings, session: &Session, language: Language) -> Vec<Box<dyn Trigger>> {
    let mut triggers: Vec<Box<dyn Trigger>> = Vec::new();
    let TriggerSettings { keys, button } = settings;
    let way = match keys.from {
        _ if keys.bindings.is_empty() => None,
        KeysFrom::Portal => Some(Way::Portal),
        KeysFrom::X11 => Some(Way::X11),
        KeysFrom::Auto if session.is_wayland => Some(Way::Portal),
        KeysFrom::Auto if session.display.is_some() => Some(Way::X11),
        // Who is logged in nowhere has no keys.
        KeysFrom::None | KeysFrom::Auto => None,
    };
    match way {
        Some(Way::X11) => triggers.push(Box::new(x11::XKeys::new(keys, session.display.clone()))),
        Some(Way::Portal) => triggers.push(Box::new(portal::PortalKeys::new(keys, language))),
        Some(Way::Evdev) | None => {}
    }
    if let Some(button) = evdev::KernelButton::new(button) {
        triggers.push(Box::new(button));
    }
    triggers
}

/// Runs triggers, and has done what is pressed. Whenever settings come, even the same, all triggers begin anew: what
/// another program held may be free by then. It ends when there can be no more settings.
pub async fn run(
    mut settings: watch::Receiver<TriggerSettings>,
    make: impl Fn(&TriggerSettings) -> Vec<Box<dyn Trigger>> + Send,
    hands: impl Hands,
    status: watch::Sender<Status>,
) {
    let mut said = HashSet::new();
    loop {
        let triggers = make(&settings.borrow_and_update());
        status.send_replace(triggers.iter().map(|trigger| (trigger.way(), State::default())).collect());
        let (sender, mut notices) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        for trigger in triggers {
            let way = trigger.way();
            let notices = Notices { way, sender: sender.clone() };
            tasks.spawn(trigger.watch(notices));
        }
        loop {
            tokio::select! {
                changed = settings.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                Some((way, notice)) = notices.recv() => match notice {
                    Notice::Pressed(action) => hands.perform(action),
                    Notice::State(state) => {
                        tell(way, &state, &mut said, &hands);
                        status.send_modify(|status| {
                            if let Some((_, own)) = status.iter_mut().find(|(other, _)| *other == way) {
                                *own = state;
                            }
                        });
                    }
                },
                Some(Err(error)) = tasks.join_next() => {
                    // It broke off. The others go on, and so does the service.
                    warn!(%error, "a trigger ended");
                    hands.say_fault(&TriggerError::BrokenOff.message());
                }
            }
        }
        tasks.shutdown().await;
    }
}

/// Logs how a trigger is, and says what has not been said.
fn tell(way: Way, state: &State, said: &mut HashSet<String>, hands: &impl Hands) {
    let bound: Vec<&str> = state.bound.iter().map(|bound| bound.trigger.as_str()).collect();
    info!(%way, ?bound, "what can be pressed");
    for Problem { error, is_spoken } in &state.problems {
        let words = error.to_string();
        warn!(%way, problem = words.as_str(), "a key or a button does not work");
        if *is_spoken && said.insert(words) {
            hands.say_fault(&error.message());
        }
    }
}

/// What is said of a name that is none: the one that was probably meant, or all that there are.
fn nearest(name: &str, names: &[&str]) -> Message {
    let nearest = nearest_name(name, names).map(|nearest| message!("trigger-nearest", name = nearest));
    nearest.unwrap_or_else(|| message!("trigger-known", names = names.join(", ")))
}

/// The name that was probably meant.
fn nearest_name<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let alike = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let nearest = names.iter().copied().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    nearest.filter(|nearest| alike(nearest) > ALIKE)
}
