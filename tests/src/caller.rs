//! A program on the bus that asks for descriptions: every call waits for its answer.

use std::{collections::HashMap, future::Future, os::fd::BorrowedFd, time::Duration};

use anyhow::{Context, Result};
use futures_util::StreamExt;
use tokio::{runtime::Runtime, time::timeout};
use zbus::{
    Connection, Message,
    fdo::{DBusProxy, IntrospectableProxy, PropertiesProxy},
    names::InterfaceName,
    zvariant::{DynamicDeserialize, Fd, OwnedValue, Value},
};

use crate::{private_bus::PrivateBus, waiting::PATIENCE};

/// The name of the service.
pub const NAME: &str = "org.descry.Descry1";
/// The one object.
pub const PATH: &str = "/org/descry/Descry1";
/// The interface that describes pictures.
pub const MANAGER: &str = "org.descry.Descry1.Manager";
/// The interface that tells what can be pressed.
pub const TRIGGERS: &str = "org.descry.Descry1.Triggers";

/// How long to look for more of what has come already.
const MOMENT: Duration = Duration::from_secs(1);

/// A description, as the service gives it.
pub type Description = HashMap<String, OwnedValue>;

/// What an answer was: a description, or the name of the D-Bus error and its words.
pub type Answer = Result<Description, (String, String)>;

/// A connection with its own runtime, so that tests read from top to bottom.
#[derive(Debug)]
pub struct Caller {
    connection: Connection,
    runtime: Runtime,
}

impl Caller {
    /// Connects to a bus.
    pub fn connect(bus: &PrivateBus) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(async {
            zbus::connection::Builder::address(bus.address())?
                .build()
                .await
                .context("cannot connect to the private bus")
        })?;
        Ok(Self { connection, runtime })
    }

    /// Whether somebody owns the service's name. Starts nobody.
    pub fn is_served(&self) -> Result<bool> {
        self.is_there(NAME)
    }

    /// Whether somebody owns a name. Starts nobody.
    pub fn is_there(&self, name: &str) -> Result<bool> {
        self.patiently(async {
            let bus = DBusProxy::new(&self.connection).await?;
            Ok(bus.name_has_owner(name.try_into()?).await?)
        })
    }

    /// Calls a method without arguments of anybody on the bus.
    pub fn call<T: for<'answer> DynamicDeserialize<'answer>>(
        &self,
        name: &str,
        path: &str,
        interface: &str,
        method: &str,
    ) -> Result<T> {
        self.patiently(async {
            let reply = self.connection.call_method(Some(name), path, Some(interface), method, &()).await?;
            Ok(reply.body().deserialize()?)
        })
    }

    /// Calls `DescribeImage` with an encoded picture.
    pub fn describe_image(
        &self,
        image: BorrowedFd<'_>,
        options: &HashMap<&str, Value<'_>>,
    ) -> Result<Answer> {
        self.patiently(async {
            let body = (Fd::from(image), options);
            let reply =
                self.connection.call_method(Some(NAME), PATH, Some(MANAGER), "DescribeImage", &body).await;
            answer(reply)
        })
    }

    /// Sends a call of `DescribeImage`, and waits for no answer.
    pub fn begin_to_describe(&self, image: BorrowedFd<'_>, options: &HashMap<&str, Value<'_>>) -> Result<()> {
        self.patiently(async {
            let call = Message::method_call(PATH, "DescribeImage")?.destination(NAME)?.interface(MANAGER)?;
            Ok(self.connection.send(&call.build(&(Fd::from(image), options))?).await?)
        })
    }

    /// The sentences of the caller's history, newest first.
    pub fn history(&self) -> Result<Vec<String>> {
        self.patiently(async {
            let body = (0_u32, 100_u32);
            let reply =
                self.connection.call_method(Some(NAME), PATH, Some(MANAGER), "GetHistory", &body).await?;
            let entries: Vec<Description> = reply.body().deserialize()?;
            let text = |entry: &Description| {
                let text = entry.get("text").context("a description has a text")?;
                Ok(String::try_from(text.try_clone()?)?)
            };
            entries.iter().map(text).collect()
        })
    }

    /// Sets a property of the manager.
    pub fn set_property(&self, name: &str, value: Value<'_>) -> Result<()> {
        self.patiently(async {
            let set = self.properties().await?.set(InterfaceName::try_from(MANAGER)?, name, value).await;
            set.with_context(|| format!("cannot set the property {name}"))
        })
    }

    /// A property of the manager.
    pub fn property(&self, name: &str) -> Result<OwnedValue> {
        self.patiently(async {
            let properties = self.properties().await?;
            let value = properties.get(InterfaceName::try_from(MANAGER)?, name).await;
            value.with_context(|| format!("cannot read the property {name}"))
        })
    }

    /// What can be pressed: pairs of what it is and what it does.
    pub fn triggers(&self) -> Result<Vec<(String, String)>> {
        self.patiently(async {
            let value = self.properties().await?.get(InterfaceName::try_from(TRIGGERS)?, "Bound").await?;
            let entries = Vec::<HashMap<String, OwnedValue>>::try_from(value)?;
            let text = |entry: &HashMap<String, OwnedValue>, key: &str| {
                let value = entry.get(key).with_context(|| format!("a trigger has {key}"))?;
                anyhow::Ok(String::try_from(value.try_clone()?)?)
            };
            entries.iter().map(|entry| Ok((text(entry, "trigger")?, text(entry, "action")?))).collect()
        })
    }

    /// A property of the manager that is text.
    pub fn text_property(&self, name: &str) -> Result<String> {
        let value = self.property(name)?;
        String::try_from(value).with_context(|| format!("the property {name} is not a string"))
    }

    /// The XML that the object says of itself.
    pub fn introspection(&self) -> Result<String> {
        self.patiently(async {
            let object =
                IntrospectableProxy::builder(&self.connection).destination(NAME)?.path(PATH)?.build().await?;
            Ok(object.introspect().await?)
        })
    }

    /// Has pictures described by `action`, and returns with its result the values that the `State` property took from
    /// its beginning until the model was idle again.
    pub fn states_during<T>(&self, action: impl FnOnce() -> Result<T>) -> Result<(T, Vec<String>)> {
        // A stream that is dropped tells the bus so, for which it needs the runtime.
        let _entered = self.runtime.enter();
        let mut changes = self.patiently(async {
            let properties = self.properties().await?;
            Ok(properties.receive_properties_changed().await?)
        })?;
        let result = action()?;
        let states = self.patiently(async {
            let mut states = Vec::new();
            // After the first end of work a moment more, because there may have been several pieces of it.
            loop {
                let next = match states.last().map(String::as_str) {
                    Some("ready" | "failed") => timeout(MOMENT, changes.next()).await.ok(),
                    _ => Some(changes.next().await),
                };
                let Some(change) = next else { return Ok(states) };
                let change = change.context("the bus is gone")?;
                if let Some(state) = change.args()?.changed_properties().get("State") {
                    states.push(String::try_from(state.try_clone()?)?);
                }
            }
        })?;
        Ok((result, states))
    }

    /// The process id of the service.
    pub fn service_id(&self) -> Result<u32> {
        self.patiently(async {
            let bus = DBusProxy::new(&self.connection).await?;
            Ok(bus.get_connection_unix_process_id(NAME.try_into()?).await?)
        })
    }

    async fn properties(&self) -> Result<PropertiesProxy<'_>> {
        Ok(PropertiesProxy::builder(&self.connection).destination(NAME)?.path(PATH)?.build().await?)
    }

    fn patiently<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(async { timeout(PATIENCE, work).await.context("nobody answered on the bus")? })
    }
}

/// An error that the service named is an answer; anything else is a failure of the test.
fn answer(reply: zbus::Result<Message>) -> Result<Answer> {
    match reply {
        Ok(message) => Ok(Ok(message.body().deserialize().context("the description is not a{sv}")?)),
        Err(zbus::Error::MethodError(name, words, _)) => {
            Ok(Err((name.to_string(), words.unwrap_or_default())))
        }
        Err(error) => Err(error.into()),
    }
}
