//! A desktop that hands out keys, as far as programs can tell: the portal `org.freedesktop.portal.GlobalShortcuts`, with
//! its requests, sessions and signals, on the private bus.
//!
//! Real ones ask the person in a window of their own; this one answers as the test says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use zbus::{
    Connection, interface,
    message::Header,
    zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value},
};

use crate::{private_bus::PrivateBus, waiting::wait_for};

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";

/// A dictionary, as D-Bus has it.
type Dictionary = HashMap<String, OwnedValue>;

/// How the person at the desktop answers when keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Gives what is wanted, but for one action.
    Allows,
    /// Closes the window.
    Refuses,
}

/// What was asked of the portal so far.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The names under which programs registered.
    pub registered: Vec<String>,
    /// The keys that were wanted: the action, what it is for people, and the keys.
    pub wanted: Vec<(String, String, String)>,
    /// The newest session.
    pub session: Option<OwnedObjectPath>,
}

type Shared = Arc<Mutex<Asked>>;

fn lock(asked: &Shared) -> MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The portal. It is gone when this value is dropped.
#[derive(Debug)]
pub struct ShortcutsPortal {
    connection: Connection,
    runtime: Runtime,
    asked: Shared,
}

impl ShortcutsPortal {
    /// Starts on a bus. `without` gets no key.
    pub fn start(bus: &PrivateBus, person: Person, without: &str) -> Result<Self> {
        Self::start_at(bus.address(), person, without)
    }

    /// The same, on the bus at an address.
    pub fn start_at(address: &str, person: Person, without: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let asked = Shared::default();
        let portal = Portal { asked: Arc::clone(&asked), person, without: without.to_owned() };
        let registry = Registry(Arc::clone(&asked));
        let connection = runtime.block_on(async {
            zbus::connection::Builder::address(address)?
                .serve_at(PATH, portal)?
                .serve_at(PATH, registry)?
                .name(NAME)?
                .build()
                .await
                .context("the portal cannot start")
        })?;
        Ok(Self { connection, runtime, asked })
    }

    /// What was asked of it.
    #[must_use]
    pub fn asked(&self) -> Asked {
        lock(&self.asked).clone()
    }

    /// Has somebody press what a desktop has for an action.
    pub fn press(&self, action: &str) -> Result<()> {
        let session = wait_for("a session", || Ok(lock(&self.asked).session.clone()))?;
        let (time, options) = (0_u64, HashMap::<&str, Value<'_>>::new());
        self.signal(
            PATH,
            "org.freedesktop.portal.GlobalShortcuts",
            "Activated",
            &(&session, action, time, &options),
        )?;
        self.signal(
            PATH,
            "org.freedesktop.portal.GlobalShortcuts",
            "Deactivated",
            &(session, action, time, options),
        )
    }

    /// Tells of a press in somebody else's session.
    pub fn press_for_another(&self, action: &str) -> Result<()> {
        let session = ObjectPath::try_from("/org/freedesktop/portal/desktop/session/other/1")?;
        let body = (session, action, 0_u64, HashMap::<&str, Value<'_>>::new());
        self.signal(PATH, "org.freedesktop.portal.GlobalShortcuts", "Activated", &body)
    }

    /// Ends the session, as a desktop does that starts anew.
    pub fn end_session(&self) -> Result<()> {
        let session = wait_for("a session", || Ok(lock(&self.asked).session.take()))?;
        let details = HashMap::<&str, Value<'_>>::new();
        self.signal(session.as_str(), "org.freedesktop.portal.Session", "Closed", &(details,))
    }

    fn signal<B>(&self, path: &str, interface: &str, name: &str, body: &B) -> Result<()>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        Ok(self.runtime.block_on(self.connection.emit_signal(None::<&str>, path, interface, name, body))?)
    }
}

struct Registry(Shared);

// The library's own arguments come by value, and a method that needs no more of them takes part all the same.
#[allow(clippy::needless_pass_by_value)]
#[interface(name = "org.freedesktop.host.portal.Registry")]
impl Registry {
    fn register(&self, application: String, options: Dictionary) {
        drop(options);
        lock(&self.0).registered.push(application);
    }
}

struct Portal {
    asked: Shared,
    person: Person,
    without: String,
}

/// A session. Closing it is all that it can do.
struct PortalSession;

#[allow(clippy::unused_self)]
#[interface(name = "org.freedesktop.portal.Session")]
impl PortalSession {
    fn close(&self) {}
}

/// The path that the portal's documentation prescribes for a caller's request or session.
fn path(
    kind: &str,
    header: &Header<'_>,
    options: &Dictionary,
    token: &str,
) -> zbus::fdo::Result<OwnedObjectPath> {
    let sender =
        header.sender().map(|name| name.trim_start_matches(':').replace('.', "_")).unwrap_or_default();
    let token = options.get(token).and_then(|token| String::try_from(token.try_clone().ok()?).ok());
    let token = token.unwrap_or_else(|| "none".to_owned());
    let path = format!("{PATH}/{kind}/{sender}/{token}");
    OwnedObjectPath::try_from(path).map_err(|error| zbus::fdo::Error::InvalidArgs(error.to_string()))
}

/// Answers a request a moment after its call has been answered, as portals do.
fn respond(
    connection: &Connection,
    header: &Header<'_>,
    request: OwnedObjectPath,
    code: u32,
    results: Dictionary,
) {
    let (connection, caller) = (connection.clone(), header.sender().map(ToString::to_string));
    tokio::spawn(async move {
        let body = (code, results);
        let emitted = connection.emit_signal(
            caller.as_deref(),
            &request,
            "org.freedesktop.portal.Request",
            "Response",
            &body,
        );
        if let Err(error) = emitted.await {
            println!("the portal could not respond: {error}");
        }
    });
}

#[allow(clippy::unused_self, clippy::needless_pass_by_value)]
#[interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Portal {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        1
    }

    async fn create_session(
        &self,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        let request = path("request", &header, &options, "handle_token")?;
        let session = path("session", &header, &options, "session_handle_token")?;
        connection.object_server().at(&session, PortalSession).await?;
        lock(&self.asked).session = Some(session.clone());
        let handle = Value::from(session.to_string()).try_to_owned().map_err(zbus::Error::from)?;
        let results = Dictionary::from([("session_handle".to_owned(), handle)]);
        respond(connection, &header, request.clone(), 0, results);
        Ok(request)
    }

    fn bind_shortcuts(
        &self,
        session: ObjectPath<'_>,
        shortcuts: Vec<(String, Dictionary)>,
        parent: String,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        // There is one session at a time, and no window.
        drop((session, parent));
        let request = path("request", &header, &options, "handle_token")?;
        let text = |entry: &Dictionary, key: &str| {
            entry
                .get(key)
                .and_then(|value| String::try_from(value.try_clone().ok()?).ok())
                .unwrap_or_default()
        };
        let wanted: Vec<(String, String, String)> = shortcuts
            .iter()
            .map(|(id, entry)| (id.clone(), text(entry, "description"), text(entry, "preferred_trigger")))
            .collect();
        let given: Vec<(String, HashMap<&str, Value<'_>>)> = wanted
            .iter()
            .map(|(id, description, keys)| {
                let keys = if *id == self.without { String::new() } else { format!("Press {keys}") };
                let entry = [("description", description.clone()), ("trigger_description", keys)];
                (id.clone(), entry.into_iter().map(|(key, value)| (key, Value::from(value))).collect())
            })
            .collect();
        lock(&self.asked).wanted = wanted;
        if self.person == Person::Refuses {
            respond(connection, &header, request.clone(), 1, Dictionary::new());
        } else {
            let given = Value::from(given).try_to_owned().map_err(zbus::Error::from)?;
            let results = Dictionary::from([("shortcuts".to_owned(), given)]);
            respond(connection, &header, request.clone(), 0, results);
        }
        Ok(request)
    }
}
