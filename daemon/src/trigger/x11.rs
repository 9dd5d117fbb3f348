//! The keys of an X11 session: grabbed on the root window, whatever locks are on.
//!
//! The server tells of a grabbed key only with the very modifiers that were asked for, and counts Caps Lock and Num Lock
//! among them. So each key is grabbed once for each state of the locks.

use std::{
    collections::HashMap,
    os::fd::{AsFd, OwnedFd},
    pin::Pin,
    sync::Arc,
};

use tracing::{debug, warn};
use x11rb::{
    connection::Connection,
    errors::{ConnectionError, ReplyError},
    protocol::{
        ErrorKind, Event,
        xproto::{ConnectionExt as _, GrabMode, ModMask},
    },
    rust_connection::RustConnection,
};

use super::{
    Action, Bound, Combination, Keys, Notices, Problem, State, Trigger, TriggerError, Way,
    combination::Modifiers,
};
use crate::readiness;

mod keyboard;

use keyboard::Keyboard;

/// The keys of an X server.
#[derive(Debug)]
pub struct XKeys {
    bindings: Vec<(Action, Combination)>,
    display: Option<String>,
}

impl XKeys {
    /// These keys, of that server.
    #[must_use]
    pub fn new(keys: &Keys, display: Option<String>) -> Self {
        let bindings = keys.bindings.iter().map(|(action, combination)| (*action, *combination)).collect();
        Self { bindings, display }
    }

    async fn watch(self, notices: Notices) {
        let Some(display) = self.display.clone() else {
            return notices.state(failed(TriggerError::NoDisplay)).await;
        };
        let bindings = Arc::new(self.bindings);
        let taken = blocking({
            let bindings = Arc::clone(&bindings);
            move || Grabs::take(&display, &bindings)
        });
        let (grabs, state) = match taken.await {
            Ok(taken) => taken,
            Err(error) => return notices.state(failed(error)).await,
        };
        notices.state(state).await;
        if let Err(error) = follow(grabs, &bindings, &notices).await {
            // The session is over, or the server broke down with it.
            warn!(%error, "the X server tells of keys no longer");
        }
    }
}

impl Trigger for XKeys {
    fn way(&self) -> Way {
        Way::X11
    }

    fn watch(self: Box<Self>, notices: Notices) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin((*self).watch(notices))
    }
}

fn failed(error: TriggerError) -> State {
    State { bound: Vec::new(), problems: vec![Problem { error, is_spoken: true }] }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TriggerError> + Send + 'static,
) -> Result<T, TriggerError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(TriggerError::BrokenOff))
}

/// Tells of presses until the connection ends.
async fn follow(
    mut grabs: Grabs,
    bindings: &Arc<Vec<(Action, Combination)>>,
    notices: &Notices,
) -> Result<(), ConnectionError> {
    let socket: OwnedFd = grabs.connection.stream().as_fd().try_clone_to_owned()?;
    let socket = readiness::watch(socket)?;
    let mut released = None;
    loop {
        let mut is_new_keyboard = false;
        // All that has come is taken before the socket is waited for: what was read on the way to a reply is here already.
        while let Some(event) = grabs.connection.poll_for_event()? {
            match event {
                Event::KeyPress(key) => {
                    // A key that is held is let go and pressed at one moment, again and again.
                    let is_repeat = released.take() == Some((key.detail, key.time));
                    if let Some(action) = grabs.action(key.detail, key.state.into()).filter(|_| !is_repeat) {
                        notices.press(action).await;
                    }
                }
                Event::KeyRelease(key) => released = Some((key.detail, key.time)),
                Event::MappingNotify(_) => is_new_keyboard = true,
                Event::Error(error) => debug!(?error, "the X server refused something"),
                _ => {}
            }
        }
        if is_new_keyboard {
            let (connection, bindings) = (Arc::clone(&grabs.connection), Arc::clone(bindings));
            match blocking(move || Grabs::grab(connection, &bindings)).await {
                Ok((new, state)) => {
                    grabs = new;
                    notices.state(state).await;
                }
                Err(error) => debug!(%error, "the new keyboard cannot be read"),
            }
            continue;
        }
        socket.readable().await?.clear_ready();
    }
}

/// What is grabbed of a server.
struct Grabs {
    connection: Arc<RustConnection>,
    keyboard: Keyboard,
    /// What the keys do, by their code and the modifiers that are no locks.
    actions: HashMap<(u8, u16), Action>,
}

impl Grabs {
    /// Connects to a server and grabs what can be grabbed.
    fn take(display: &str, bindings: &[(Action, Combination)]) -> Result<(Self, State), TriggerError> {
        let failed = |reason: String| TriggerError::NoServer { display: display.to_owned(), reason };
        let connection = RustConnection::connect(Some(display)).map_err(|error| failed(error.to_string()))?;
        Self::grab(Arc::new(connection.0), bindings).map_err(|error| match error {
            TriggerError::NoServer { reason, .. } => failed(reason),
            error => error,
        })
    }

    /// Grabs what can be grabbed, and lets go of what was grabbed over this connection before.
    fn grab(
        connection: Arc<RustConnection>,
        bindings: &[(Action, Combination)],
    ) -> Result<(Self, State), TriggerError> {
        let failed =
            |error: ReplyError| TriggerError::NoServer { display: String::new(), reason: error.to_string() };
        let keyboard = Keyboard::read(connection.as_ref()).map_err(failed)?;
        let mut grabs = Self { connection, keyboard, actions: HashMap::new() };
        grabs.release_all().map_err(failed)?;
        let (mut bound, mut held, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (action, combination) in bindings {
            let codes = grabs.keyboard.codes(combination.key.symbol);
            let modifiers = grabs.keyboard.mask(combination.modifiers);
            let trigger = combination.to_string();
            if codes.is_empty() {
                missing.push(trigger);
            } else if grabs.grab_one(&codes, modifiers, *action).map_err(failed)? {
                bound.push(Bound { trigger, action: *action });
            } else {
                held.push(trigger);
            }
        }
        let mut problems = Vec::new();
        for (keys, error) in
            [(held, TriggerError::Held as fn(String) -> TriggerError), (missing, TriggerError::NotOnKeyboard)]
        {
            if !keys.is_empty() {
                problems.push(Problem { error: error(keys.join(", ")), is_spoken: true });
            }
        }
        Ok((grabs, State { bound, problems }))
    }

    /// Grabs a key in every state of the locks. `false`, and nothing is grabbed, when another program has it.
    fn grab_one(&mut self, codes: &[u8], modifiers: u16, action: Action) -> Result<bool, ReplyError> {
        let connection = self.connection.as_ref();
        let mut requests = Vec::new();
        for root in connection.setup().roots.iter().map(|root| root.root) {
            for code in codes {
                for locks in self.keyboard.lock_states() {
                    let mask = ModMask::from(modifiers | locks);
                    let mode = GrabMode::ASYNC;
                    requests.push(connection.grab_key(false, root, mask, *code, mode, mode)?);
                }
            }
        }
        let mut is_held = false;
        for request in requests {
            match request.check() {
                Ok(()) => {}
                Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Access => is_held = true,
                Err(error) => return Err(error),
            }
        }
        if is_held {
            for root in connection.setup().roots.iter().map(|root| root.root) {
                for code in codes {
                    for locks in self.keyboard.lock_states() {
                        connection.ungrab_key(*code, root, ModMask::from(modifiers | locks))?;
                    }
                }
            }
            connection.flush()?;
            return Ok(false);
        }
        self.actions.extend(codes.iter().map(|code| ((*code, modifiers), action)));
        Ok(true)
    }

    fn release_all(&self) -> Result<(), ReplyError> {
        for root in &self.connection.setup().roots {
            self.connection
                .ungrab_key(x11rb::protocol::xproto::Grab::ANY, root.root, ModMask::ANY)?
                .check()?;
        }
        Ok(())
    }

    fn action(&self, code: u8, state: u16) -> Option<Action> {
        self.actions.get(&(code, state & self.keyboard.modifiers())).copied()
    }
}

/// Tries whether keys could be grabbed, and lets go of them at once: the names of those that another program holds. It
/// blocks.
pub fn try_grab(display: &str, keys: &Keys) -> Result<State, TriggerError> {
    let bindings: Vec<_> = keys.bindings.iter().map(|(action, keys)| (*action, *keys)).collect();
    Grabs::take(display, &bindings).map(|(_, state)| state)
}

/// The modifiers that X11 has names for, whatever stands on the keys.
fn fixed(modifiers: Modifiers) -> ModMask {
    let mask = |is_held, mask: ModMask| if is_held { u16::from(mask) } else { 0 };
    ModMask::from(mask(modifiers.shift, ModMask::SHIFT) | mask(modifiers.control, ModMask::CONTROL))
}
