//! What programs tell assistive technology of themselves (AT-SPI): which window is active, what it and its program are
//! called, where the focus is, and where passwords are typed.
//!
//! AT-SPI is a D-Bus bus of its own, and a few calls of two of its interfaces are all that is needed, so they are made
//! as they are. A program that does not answer in time is passed over: a picture without these names is still worth
//! having. Nobody is started to be asked.

mod search;

use std::time::Duration;

use futures_util::future::join_all;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{runtime::Handle, time::timeout};
use tracing::debug;
use zbus::{
    Connection,
    fdo::DBusProxy,
    proxy::{CacheProperties, MethodFlags},
    zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type},
};

use super::window::{LONGEST_NAME, readable};
use crate::frame::Area;

/// How long all programs together may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How long one call may take; a program that hangs answers none.
const CALL_LIMIT: Duration = Duration::from_millis(400);

/// Programs and windows that are asked at most.
const MOST: usize = 100;

const REGISTRY: &str = "org.a11y.atspi.Registry";
const ROOT: &str = "/org/a11y/atspi/accessible/root";
const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const COMPONENT: &str = "org.a11y.atspi.Component";

/// Bits of an object's state.
const ACTIVE: u64 = 1 << 1;
const FOCUSED: u64 = 1 << 12;
const ICONIFIED: u64 = 1 << 15;
const SHOWING: u64 = 1 << 25;

/// What coordinates are relative to.
const OF_SCREEN: u32 = 0;
const OF_WINDOW: u32 = 1;

/// An object of a program: whose it is, and its path.
type Object = (String, OwnedObjectPath);

/// A window as its program tells of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) application: Option<String>,
    pub(super) title: Option<String>,
    pub(super) process: Option<u32>,
    /// Whether the person works in it.
    pub(super) is_active: bool,
    /// Where it is on the screen, as far as its program knows: on Wayland none does.
    pub(super) area: Option<Area>,
    /// What has the focus in it: its name, and what it is.
    pub(super) focus: Option<String>,
    /// The fields in it that are shown and hide what is typed.
    pub(super) passwords: Vec<Field>,
}

/// A field that hides what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Where it is on the screen, as far as its program knows.
    pub(super) on_screen: Area,
    /// Where it is in its window.
    pub(super) in_window: Area,
}

/// The bus of AT-SPI.
struct Bus(Connection);

/// All windows that programs tell of; `None` where nobody can be asked. It blocks, on a thread that may.
pub(super) fn windows() -> Option<Vec<Window>> {
    Handle::try_current().ok()?.block_on(async {
        timeout(LIMIT, async { Bus::connect().await?.windows().await }).await.ok().flatten()
    })
}

/// How many programs tell of themselves; `None` where nobody can be asked.
pub(super) async fn programs() -> Option<usize> {
    let count = async { Some(Bus::connect().await?.programs().await?.len()) };
    timeout(LIMIT, count).await.ok().flatten()
}

impl Bus {
    async fn connect() -> Option<Self> {
        let session = Connection::session().await.ok()?;
        let proxy = zbus::proxy::Builder::new(&session)
            .destination("org.a11y.Bus")
            .and_then(|builder| builder.path("/org/a11y/bus"))
            .and_then(|builder| builder.interface("org.a11y.Bus"));
        let proxy: zbus::Proxy<'_> = proxy.ok()?.cache_properties(CacheProperties::No).build().await.ok()?;
        let address = proxy.call_with_flags("GetAddress", MethodFlags::NoAutoStart.into(), &()).await;
        let address: String = address.ok().flatten()?;
        let built = zbus::connection::Builder::address(address.as_str()).ok()?.build().await;
        built.inspect_err(|error| debug!(%error, "the bus of AT-SPI cannot be reached")).ok().map(Self)
    }

    async fn programs(&self) -> Option<Vec<Object>> {
        let root = (REGISTRY.to_owned(), OwnedObjectPath::try_from(ROOT).ok()?);
        let mut programs = self.children(&root).await?;
        programs.truncate(MOST);
        Some(programs)
    }

    async fn windows(&self) -> Option<Vec<Window>> {
        let of_program = async |program: Object| self.windows_of(&program).await.unwrap_or_default();
        let found = join_all(self.programs().await?.into_iter().map(of_program)).await;
        Some(found.into_iter().flatten().collect())
    }

    async fn windows_of(&self, program: &Object) -> Option<Vec<Window>> {
        let windows = self.children(program).await?;
        let states = join_all(windows.iter().take(MOST).map(|window| self.state(window))).await;
        let mut shown = windows
            .iter()
            .zip(states)
            .filter_map(|(window, state)| {
                let state = state?;
                (state & SHOWING != 0 && state & ICONIFIED == 0).then_some((window, state & ACTIVE != 0))
            })
            .peekable();
        shown.peek()?;
        let application = self.name(program).await;
        let process = self.process(&program.0).await;
        let tell = async |(window, is_active): (&Object, bool)| Window {
            application: application.clone(),
            title: self.name(window).await,
            process,
            is_active,
            area: self.area(window, OF_SCREEN).await,
            focus: if is_active { self.focus(window).await } else { None },
            passwords: self.passwords(window).await,
        };
        Some(join_all(shown.map(tell)).await)
    }

    async fn process(&self, program: &str) -> Option<u32> {
        let bus = DBusProxy::new(&self.0).await.ok()?;
        bus.get_connection_unix_process_id(program.try_into().ok()?).await.ok()
    }

    async fn children(&self, object: &Object) -> Option<Vec<Object>> {
        self.ask(object, ACCESSIBLE, "GetChildren", &()).await
    }

    async fn state(&self, object: &Object) -> Option<u64> {
        let bits: Vec<u32> = self.ask(object, ACCESSIBLE, "GetState", &()).await?;
        let bit = |index: usize| bits.get(index).copied().map_or(0, u64::from);
        Some(bit(0) | bit(1) << 32)
    }

    async fn name(&self, object: &Object) -> Option<String> {
        let body = (ACCESSIBLE, "Name");
        let name: OwnedValue = self.ask(object, "org.freedesktop.DBus.Properties", "Get", &body).await?;
        readable(&String::try_from(name).ok()?, LONGEST_NAME)
    }

    /// An object's rectangle, if it has any pixels.
    async fn area(&self, object: &Object, relative_to: u32) -> Option<Area> {
        let (x, y, width, height): (i32, i32, i32, i32) =
            self.ask(object, COMPONENT, "GetExtents", &relative_to).await?;
        let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
        (width > 0 && height > 0).then_some(Area { x, y, width, height })
    }

    async fn ask<B, R>(&self, object: &Object, interface: &str, method: &str, body: &B) -> Option<R>
    where
        B: Serialize + DynamicType,
        R: DeserializeOwned + Type,
    {
        let (program, path) = object;
        let call = self.0.call_method(Some(program.as_str()), path, Some(interface), method, body);
        let reply = timeout(CALL_LIMIT, call).await.ok()?.ok()?;
        reply.body().deserialize().ok()
    }
}
