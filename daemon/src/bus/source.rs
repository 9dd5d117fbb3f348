//! `org.descry.Descry1.Source`: an object for each camera, that comes and goes with it and can be reserved.

mod claimed;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use tracing::{info, warn};
use zbus::{Connection, interface, message::Header, object_server::InterfaceRef};

use super::{PATH, dictionary::Dictionary, error::Error, permission::Eye, person::caller};
use crate::{
    preferences,
    request::Caller,
    source::{
        camera::{Camera, CameraId},
        live::Cameras,
    },
    words::{Message, message},
};
use claimed::CamerasFor;

/// The interface of a camera's object.
pub const SOURCE: &str = "org.descry.Descry1.Source";

/// Under which the objects are.
fn root() -> String {
    format!("{PATH}/source/")
}

/// The object of a camera. Paths hold letters and digits only: every other byte is `_` and its two hexadecimal digits.
#[must_use]
pub fn path(camera: &CameraId) -> String {
    let mut path = root();
    for byte in camera.as_str().bytes() {
        // Writing into text cannot fail.
        let _ = if byte.is_ascii_alphanumeric() {
            write!(path, "{}", char::from(byte))
        } else {
            write!(path, "_{byte:02x}")
        };
    }
    path
}

/// The camera of an object, whether it is there or not; `None` where the path is none of a camera.
fn camera(path: &str) -> Option<CameraId> {
    let mut rest = path.strip_prefix(&root())?.as_bytes();
    let mut id = Vec::new();
    while let [first, others @ ..] = rest {
        rest = if *first == b'_' {
            let (code, others) = others.split_first_chunk::<2>()?;
            id.push(u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?);
            others
        } else {
            id.push(*first);
            others
        };
    }
    let id = String::from_utf8(id).ok().filter(|id| !id.is_empty())?;
    Some(CameraId::new(&id))
}

/// The camera that a caller names by its object, or by a path that is none of a camera and that no camera will be found by;
/// `None` for `/`, which leaves the choice to the service.
pub(super) fn wanted(path: &str) -> Option<String> {
    (path != "/").then(|| camera(path).map_or_else(|| path.to_owned(), |id| id.to_string()))
}

/// The cameras as programs see them: which there are, and who has reserved one.
#[derive(Debug, Clone)]
pub struct Sources(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cameras: Arc<dyn Cameras>,
    /// Which know the language.
    preferences: preferences::Shared,
    claims: Mutex<HashMap<CameraId, Caller>>,
    /// What the objects tell.
    shown: Mutex<HashMap<CameraId, Shown>>,
    changes: watch::Sender<u64>,
}

/// What an object tells of its camera.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    name: String,
    is_present: bool,
    is_in_use: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sources {
    /// Objects for these cameras. What is said of them is in the language of the preferences.
    #[must_use]
    pub fn new(cameras: Arc<dyn Cameras>, preferences: preferences::Shared) -> Self {
        let (claims, shown, changes) = (Mutex::default(), Mutex::default(), watch::Sender::new(0));
        Self(Arc::new(Shared { cameras, preferences, claims, shown, changes }))
    }

    fn words(&self, message: &Message) -> String {
        message.in_language(self.0.preferences.now().words())
    }

    /// The cameras as a caller has them, be it a program or the person: all are there, and one that another has reserved
    /// cannot be opened, and shows nothing more if it was open already.
    #[must_use]
    pub fn cameras_for(&self, caller: Caller) -> Arc<dyn Cameras> {
        Arc::new(CamerasFor::new(self.clone(), caller))
    }

    /// Whether nobody else has reserved a camera.
    fn may_look(&self, id: &CameraId, caller: &Caller) -> bool {
        lock(&self.0.claims).get(id).is_none_or(|owner| owner == caller)
    }

    /// Ends all that a caller has reserved: it has left.
    pub fn caller_left(&self, caller: &Caller) {
        self.end_claims(|owner| owner == caller);
    }

    /// Ends all reservations: programs, who alone make them, may not look through cameras any more.
    pub fn forbid_programs(&self) {
        self.end_claims(|_| true);
    }

    fn end_claims(&self, is_over: impl Fn(&Caller) -> bool) {
        let mut claims = lock(&self.0.claims);
        let before = claims.len();
        claims.retain(|_, owner| !is_over(owner));
        if claims.len() != before {
            self.0.changes.send_modify(|count| *count += 1);
        }
    }

    fn claim(&self, id: &CameraId, caller: Caller) -> Result<(), Error> {
        let mut claims = lock(&self.0.claims);
        match claims.get(id) {
            Some(owner) if *owner != caller => {
                Err(Error::AlreadyInUse(self.words(&message!("camera-reserved-already"))))
            }
            _ => {
                claims.insert(id.clone(), caller);
                self.0.changes.send_modify(|count| *count += 1);
                Ok(())
            }
        }
    }

    fn release(&self, id: &CameraId, caller: &Caller) -> Result<(), Error> {
        let mut claims = lock(&self.0.claims);
        if claims.get(id) != Some(caller) {
            return Err(Error::NotClaimed(self.words(&message!("camera-not-reserved"))));
        }
        claims.remove(id);
        self.0.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    fn shown(&self, id: &CameraId) -> Option<Shown> {
        lock(&self.0.shown).get(id).cloned()
    }

    /// Brings the objects up to date, and tells everyone who listens what changed.
    pub async fn refresh(&self, connection: &Connection) -> zbus::Result<()> {
        let cameras = Arc::clone(&self.0.cameras);
        let listed = tokio::task::spawn_blocking(move || cameras.list()).await;
        let connected = match listed {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => {
                warn!(%error, "the cameras cannot be listed");
                Vec::new()
            }
            Err(_) => return Ok(()),
        };
        for Change { id, before, after } in self.changes(&connected) {
            let path = path(&id);
            let server = connection.object_server();
            match (before, after) {
                (None, Some(_)) => {
                    info!(camera = %id, "a camera came");
                    server.at(path, Source { id, sources: self.clone() }).await?;
                }
                (Some(_), None) => {
                    info!(camera = %id, "a camera went");
                    server.remove::<Source, _>(path).await?;
                }
                (Some(before), Some(after)) => {
                    let interface: InterfaceRef<Source> = server.interface(path).await?;
                    let (object, emitter) = (interface.get().await, interface.signal_emitter());
                    if before.is_present != after.is_present {
                        object.present_changed(emitter).await?;
                    }
                    if before.is_in_use != after.is_in_use {
                        object.in_use_changed(emitter).await?;
                    }
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// What is different now that these are connected, and from now on is so. One that is gone but reserved stays, so that
    /// who reserved it has it again when it is back.
    fn changes(&self, connected: &[Camera]) -> Vec<Change> {
        let (claims, mut shown) = (lock(&self.0.claims), lock(&self.0.shown));
        let mut now = HashMap::new();
        for camera in connected {
            let is_in_use = claims.contains_key(&camera.id) || self.0.cameras.is_in_use(&camera.id);
            let name = camera.name.clone();
            now.insert(camera.id.clone(), Shown { name, is_present: true, is_in_use });
        }
        for (id, before) in shown.iter().filter(|(id, _)| claims.contains_key(*id)) {
            let gone = || Shown { is_present: false, is_in_use: true, ..before.clone() };
            now.entry(id.clone()).or_insert_with(gone);
        }
        let mut changes: Vec<Change> = now
            .iter()
            .map(|(id, after)| (id, shown.get(id), Some(after)))
            .chain(
                shown
                    .iter()
                    .filter(|(id, _)| !now.contains_key(*id))
                    .map(|(id, before)| (id, Some(before), None)),
            )
            .filter(|(_, before, after)| before != after)
            .map(|(id, before, after)| Change {
                id: id.clone(),
                before: before.cloned(),
                after: after.cloned(),
            })
            .collect();
        changes.sort_by(|one, other| one.id.cmp(&other.id));
        *shown = now;
        changes
    }

    /// Follows cameras and reservations until the connection ends. It sleeps until something changes.
    pub async fn follow(&self, connection: Connection) -> zbus::Result<()> {
        let (mut cameras, mut claims) = (self.0.cameras.watch(), self.0.changes.subscribe());
        loop {
            let changed = tokio::select! {
                changed = cameras.changed() => changed,
                changed = claims.changed() => changed,
            };
            if changed.is_err() {
                return Ok(());
            }
            self.refresh(&connection).await?;
        }
    }
}

/// What became of one camera's object.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    id: CameraId,
    before: Option<Shown>,
    after: Option<Shown>,
}

/// A camera's object.
struct Source {
    id: CameraId,
    sources: Sources,
}

// A property is a method to zbus, even one that is the same for every object, and what it fills in comes by value.
#[allow(clippy::unused_self, clippy::needless_pass_by_value)]
#[interface(name = "org.descry.Descry1.Source", introspection_docs = false)]
impl Source {
    /// Reserves the camera for the caller until it releases it or leaves the bus.
    async fn claim(
        &self,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        // There are none yet; those that are not known are passed over.
        drop(options);
        let preferences = self.sources.0.preferences.now();
        let _hand = Eye::Camera.check(&preferences, connection, &header).await?;
        self.sources.claim(&self.id, caller(&header))
    }

    /// Ends the caller's reservation.
    fn release(&self, #[zbus(header)] header: Header<'_>) -> Result<(), Error> {
        self.sources.release(&self.id, &caller(&header))
    }

    /// What its maker calls it.
    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> String {
        self.sources.shown(&self.id).map(|shown| shown.name).unwrap_or_default()
    }

    /// What it is: camera.
    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> String {
        "camera".to_owned()
    }

    /// Whether it is connected.
    #[zbus(property)]
    fn present(&self) -> bool {
        self.sources.shown(&self.id).is_some_and(|shown| shown.is_present)
    }

    /// Whether a program has reserved it or the service looks through it.
    #[zbus(property)]
    fn in_use(&self) -> bool {
        self.sources.shown(&self.id).is_some_and(|shown| shown.is_in_use)
    }
}
