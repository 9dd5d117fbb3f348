//! The narrations of all callers: how many there may be, what each owner is told, and when they end.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{info, warn};
use zbus::{
    Connection,
    names::{BusName, UniqueName},
    object_server::SignalEmitter,
    zvariant::OwnedObjectPath,
};

use super::{
    PATH,
    dictionary::{self, Dictionary, invalid, put},
    error::Error,
    narration::Narration,
    permission::{Eye, Hand},
    source::Sources,
};
use crate::{
    app::App,
    earcon::Earcon,
    failure::Failure,
    narration::{
        policy::Pace,
        session::{Event, Session, Telling},
    },
    preferences::{number, share},
    request::Caller,
    source::SourceError,
    wording,
    words::{Language, message},
};

/// How many narrations one caller may have.
pub const MAXIMUM_PER_CALLER: usize = 4;

/// How many there may be in all.
pub const MAXIMUM: usize = 16;

/// The longest token.
const MAXIMUM_TOKEN: usize = 64;

/// What belongs to a narration beside its object.
struct Entry {
    owner: Caller,
    hand: Hand,
    session: Arc<Session>,
}

/// All narrations on a connection.
#[derive(Clone)]
pub struct Narrations {
    app: App,
    sources: Sources,
    connection: Connection,
    entries: Arc<Mutex<HashMap<OwnedObjectPath, Entry>>>,
    last: Arc<AtomicU64>,
}

/// Why a narration is over.
enum End {
    /// Its owner, or who may, closed it.
    Closed,
    /// The person does not let programs look through cameras any more.
    Forbidden,
    /// It cannot go on.
    Failed(Failure),
}

impl Narrations {
    /// None yet, on a connection.
    #[must_use]
    pub fn new(app: App, sources: Sources, connection: Connection) -> Self {
        Self { app, sources, connection, entries: Arc::default(), last: Arc::default() }
    }

    /// Makes a narration, which has not begun, by the camera that `wanted` names, or the options or the settings, or the only
    /// one.
    pub(super) async fn create(
        &self,
        owner: Caller,
        hand: Hand,
        wanted: Option<String>,
        options: &Dictionary,
    ) -> Result<OwnedObjectPath, Error> {
        let (token, telling) = self.options(options)?;
        let wanted = match wanted {
            None => dictionary::get(options, "camera", "a string")?.or(self.app.preferences().camera.wanted),
            wanted => wanted,
        };
        let (app, cameras) = (self.app.clone(), self.sources.cameras_for(owner.clone()));
        let (session, events) = Session::new(app, cameras, wanted, owner.clone(), telling);
        let session = Arc::new(session);
        let path = self.admit(&owner, hand, token, &session)?;
        let narration =
            Narration { session, owner: owner.clone(), hand, path: path.clone(), all: self.clone() };
        let server = self.connection.object_server();
        if !server.at(path.as_ref(), narration).await.unwrap_or(false) {
            self.lock().remove(&path);
            return Err(Error::Failed("the object of the narration could not be made".to_owned()));
        }
        info!(path = path.as_str(), "a narration is there");
        tokio::spawn(self.clone().follow(path.clone(), owner, events));
        Ok(path)
    }

    /// Closes a narration. Its owner is told.
    pub(super) fn close(&self, path: &OwnedObjectPath) {
        // Who followed it tells the end, since nothing more can come before that.
        if let Some(entry) = self.lock().remove(path) {
            entry.session.close();
        }
    }

    /// Ends the narration that the person's own key or button began, or begins one where there is none; whether it begins.
    pub async fn toggle(&self) -> Result<bool, Error> {
        let own: Vec<OwnedObjectPath> = {
            let entries = self.lock();
            let own = entries.iter().filter(|(_, entry)| entry.owner == Caller::Person);
            own.map(|(path, _)| path.clone()).collect()
        };
        for path in &own {
            self.close(path);
        }
        if !own.is_empty() {
            return Ok(false);
        }
        self.check_not_paused()?;
        let path = self.create(Caller::Person, Hand::Own, None, &Dictionary::new()).await?;
        if let Some(entry) = self.lock().get(&path) {
            entry.session.start();
        }
        Ok(true)
    }

    /// Closes all narrations of a caller, which has left: nobody can be told.
    pub fn caller_left(&self, caller: &Caller) {
        let gone: Vec<OwnedObjectPath> = {
            let entries = self.lock();
            entries.iter().filter(|(_, entry)| entry.owner == *caller).map(|(path, _)| path.clone()).collect()
        };
        for path in gone {
            info!(path = path.as_str(), "its owner has left");
            self.close(&path);
        }
    }

    /// Ends the narrations of programs, which may not look through cameras any more. Their owners are told why.
    pub fn forbid_programs(&self) {
        let entries = self.lock();
        for (path, entry) in entries.iter().filter(|(_, entry)| entry.hand == Hand::Other) {
            info!(path = path.as_str(), "no program may narrate any more");
            entry.session.close();
        }
    }

    /// Takes over into all narrations what was changed in the settings.
    pub async fn take_changes(&self, old: &Pace, new: &Pace) {
        if old == new {
            return;
        }
        let all: Vec<(OwnedObjectPath, Arc<Session>)> = {
            let entries = self.lock();
            entries.iter().map(|(path, entry)| (path.clone(), Arc::clone(&entry.session))).collect()
        };
        for (path, session) in all {
            let (before, after) = session.change_telling(|telling| telling.pace.take_changes(old, new));
            if let Err(error) = self.announce(&path, &before.pace, &after.pace).await {
                warn!(%error, "changed settings of a narration could not be announced");
            }
        }
    }

    /// Lets the person hear that a program begins to look.
    pub(super) fn tell_of_look(&self) {
        self.app.chime(Earcon::Captured);
    }

    /// Refuses while nothing may be looked at.
    pub(super) fn check_not_paused(&self) -> Result<(), Error> {
        if self.app.preferences().pause.holds() {
            Err(Error::of(&Failure::Paused, self.app.language()))
        } else {
            Ok(())
        }
    }

    /// Reads the options of `CreateNarration`. Keys that are not known are passed over.
    fn options(&self, options: &Dictionary) -> Result<(Option<String>, Telling), Error> {
        let mut pace = self.app.preferences().narration;
        let token: Option<String> = dictionary::get(options, "token", "a string")?;
        let is_element = |token: &str| {
            (1..=MAXIMUM_TOKEN).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if token.as_deref().is_some_and(|token| !is_element(token)) {
            let problem = format!("it must have 1 to {MAXIMUM_TOKEN} letters, digits and underscores");
            return Err(invalid("token", &problem));
        }
        if let Some(value) = dictionary::get(options, "minimum-interval", "an unsigned number")? {
            let value = number("the option minimum-interval", value, Pace::INTERVALS)?;
            pace.minimum_interval = Duration::from_millis(value.into());
        }
        if let Some(value) = dictionary::get(options, "change-threshold", "a double")? {
            pace.change_threshold = share("the option change-threshold", value)?;
        }
        if let Some(value) = dictionary::get(options, "maximum-per-minute", "an unsigned number")? {
            pace.maximum_per_minute = number("the option maximum-per-minute", value, Pace::PER_MINUTE)?;
        }
        let speak = dictionary::get(options, "speak", "true or false")?.unwrap_or(true);
        Ok((token, Telling { pace, speak }))
    }

    /// Counts a narration in, if there may be one more, and yields where it is.
    fn admit(
        &self,
        owner: &Caller,
        hand: Hand,
        token: Option<String>,
        session: &Arc<Session>,
    ) -> Result<OwnedObjectPath, Error> {
        let mut entries = self.lock();
        let own = entries.values().filter(|entry| entry.owner == *owner).count();
        if own >= MAXIMUM_PER_CALLER || entries.len() >= MAXIMUM {
            return Err(Error::RateLimited("there are too many narrations; close one first".to_owned()));
        }
        let token = token.unwrap_or_else(|| format!("descry{}", self.last.fetch_add(1, Ordering::Relaxed)));
        let path = format!("{PATH}/narration/{}/{token}", element(owner));
        let path = OwnedObjectPath::try_from(path)
            .map_err(|error| Error::Failed(format!("the narration has no path: {error}")))?;
        if entries.contains_key(&path) {
            return Err(invalid("token", "another narration of yours has it"));
        }
        entries.insert(path.clone(), Entry { owner: owner.clone(), hand, session: Arc::clone(session) });
        Ok(path)
    }

    /// Tells the owner what comes of a narration, and takes its object away when it is over.
    async fn follow(self, path: OwnedObjectPath, owner: Caller, mut events: UnboundedReceiver<Event>) {
        let end = loop {
            let told = match events.recv().await {
                Some(Event::Narrated(description)) => {
                    let spoken = self.lock().get(&path).is_some_and(|entry| entry.session.telling().speak);
                    let description = dictionary::description(&description, spoken);
                    self.tell(&path, &owner, async |emitter| Narration::narrated(&emitter, description).await)
                        .await
                }
                Some(Event::Active(_)) => self.announce_active(&path).await,
                Some(Event::Failed(failure)) => break End::Failed(failure),
                // Who closed it has taken it away; else it is because it may not go on.
                Some(Event::Closed) if self.lock().contains_key(&path) => break End::Forbidden,
                Some(Event::Closed) | None => break End::Closed,
            };
            if let Err(error) = told {
                warn!(%error, "the owner of a narration could not be told");
            }
        };
        self.lock().remove(&path);
        let details = details(&end, self.app.language());
        let told = self.tell(&path, &owner, async |emitter| Narration::closed(&emitter, details).await).await;
        let removed = self.connection.object_server().remove::<Narration, _>(path.as_ref()).await;
        if let Err(error) = told.and(removed) {
            warn!(%error, "the end of a narration could not be told");
        }
        info!(path = path.as_str(), "a narration is gone");
    }

    /// Sends a signal to the owner, and to nobody else.
    async fn tell(
        &self,
        path: &OwnedObjectPath,
        owner: &Caller,
        signal: impl AsyncFnOnce(SignalEmitter<'_>) -> zbus::Result<()>,
    ) -> zbus::Result<()> {
        let emitter = SignalEmitter::new(&self.connection, path.as_ref())?;
        match owner {
            Caller::Bus(name) => {
                let name = BusName::from(UniqueName::try_from(name.as_str())?);
                signal(emitter.set_destination(name)).await
            }
            // There is nobody else at the other end.
            Caller::Peer => signal(emitter).await,
            Caller::Command | Caller::Person | Caller::Narration(..) => Ok(()),
        }
    }

    async fn announce_active(&self, path: &OwnedObjectPath) -> zbus::Result<()> {
        let interface = self.connection.object_server().interface::<_, Narration>(path.as_ref()).await?;
        interface.get().await.active_changed(interface.signal_emitter()).await
    }

    async fn announce(&self, path: &OwnedObjectPath, before: &Pace, after: &Pace) -> zbus::Result<()> {
        let interface = self.connection.object_server().interface::<_, Narration>(path.as_ref()).await?;
        let (narration, emitter) = (interface.get().await, interface.signal_emitter());
        if before.minimum_interval != after.minimum_interval {
            narration.minimum_interval_changed(emitter).await?;
        }
        if before.change_threshold.to_bits() != after.change_threshold.to_bits() {
            narration.change_threshold_changed(emitter).await?;
        }
        if before.maximum_per_minute != after.maximum_per_minute {
            narration.maximum_per_minute_changed(emitter).await?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OwnedObjectPath, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller as an element of a path: its unique name without the colon, and with `_` for each dot.
fn element(caller: &Caller) -> String {
    match caller {
        Caller::Bus(name) => name.trim_start_matches(':').replace('.', "_"),
        Caller::Peer => "peer".to_owned(),
        Caller::Command | Caller::Person | Caller::Narration(..) => "person".to_owned(),
    }
}

fn details(end: &End, language: Language) -> Dictionary {
    let (reason, message) = match end {
        End::Closed => ("closed", message!("narration-closed")),
        End::Forbidden => ("forbidden", message!("narration-ended", reason = Eye::Camera.forbidden())),
        End::Failed(failure) => {
            let is_camera = matches!(failure, Failure::Source(SourceError::Camera(_)));
            let message = message!("narration-ended", reason = failure.message());
            (if is_camera { "camera" } else { "failed" }, message)
        }
    };
    let mut details = Dictionary::new();
    put(&mut details, "reason", reason);
    put(&mut details, "message", wording::words_in(&message, language));
    details
}
