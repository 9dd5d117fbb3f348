//! Whether the session is locked, as those say who lock it: the desktop's screen saver on the session bus, and logind.
//!
//! A locked screen shows a clock. Its description would be no use, and the person would not know why.

use std::time::Duration;

use tokio::{runtime::Handle, time::timeout};
use zbus::{Connection, Proxy, proxy::CacheProperties, proxy::MethodFlags};

/// How long all of them together may take to answer; they need a few milliseconds.
const LIMIT: Duration = Duration::from_millis(500);

/// Names on the session bus, and objects, that say whether a screen saver is active.
const SAVERS: [(&str, &str); 7] = [
    ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ("org.mate.ScreenSaver", "/"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
];

/// Whether somebody says that the session is locked. It blocks, on a thread that may.
pub(super) fn is_locked() -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    runtime.block_on(async {
        let ask =
            async { saver_is_active().await.unwrap_or(false) || login_is_locked().await.unwrap_or(false) };
        timeout(LIMIT, ask).await.unwrap_or(false)
    })
}

/// Nobody is started only to be asked.
async fn saver_is_active() -> zbus::Result<bool> {
    let session = Connection::session().await?;
    for (name, path) in SAVERS {
        let proxy = proxy(&session, name, path, name).await?;
        let active = proxy.call_with_flags("GetActive", MethodFlags::NoAutoStart.into(), &()).await;
        if matches!(active, Ok(Some(true))) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn login_is_locked() -> zbus::Result<bool> {
    let system = Connection::system().await?;
    let (name, path) = ("org.freedesktop.login1", "/org/freedesktop/login1/session/auto");
    proxy(&system, name, path, "org.freedesktop.login1.Session").await?.get_property("LockedHint").await
}

async fn proxy(
    connection: &Connection,
    name: &'static str,
    path: &'static str,
    interface: &'static str,
) -> zbus::Result<Proxy<'static>> {
    let builder =
        zbus::proxy::Builder::new(connection).destination(name)?.path(path)?.interface(interface)?;
    builder.cache_properties(CacheProperties::No).build().await
}
