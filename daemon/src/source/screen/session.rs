//! Which graphical session there is, and by which way its screen can be seen.

use std::{collections::HashMap, env, path::PathBuf, time::Duration};

use tokio::time::timeout;
use zbus::{
    Connection, Proxy,
    proxy::{CacheProperties, MethodFlags},
    zvariant::OwnedValue,
};

use super::ScreenError;

/// How long systemd may take to tell its environment.
const SYSTEMD_LIMIT: Duration = Duration::from_secs(1);

/// The graphical session, as the environment names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The X server: `DISPLAY`.
    pub display: Option<String>,
    /// Whether a Wayland compositor shows the screen. An X server beside it sees its own windows only.
    pub is_wayland: bool,
    /// Where the compositor sway tells which window is where: `SWAYSOCK`.
    pub sway: Option<PathBuf>,
}

/// How a screen is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// As a client of the X server of that name.
    X11(&'a str),
    /// By asking the desktop's portal.
    Portal,
}

impl Session {
    /// The session of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// The session that these variables name.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is_wayland =
            text("WAYLAND_DISPLAY").is_some() || text("XDG_SESSION_TYPE").as_deref() == Some("wayland");
        Self { display: text("DISPLAY"), is_wayland, sway: text("SWAYSOCK").map(PathBuf::from) }
    }

    /// The session whose screen the service looks at: that of its own environment, else the one that the caller means,
    /// else the one that the desktop has told systemd of after the service began.
    ///
    /// A caller of another session is refused: what it would be told is on a screen that it does not see.
    pub async fn of_service(bus: &Connection, callers: Option<Self>) -> Result<Self, ScreenError> {
        let own = Self::from_environment();
        if own.has_screen() {
            return match callers {
                Some(callers) if !own.is_same(&callers) => Err(ScreenError::OtherSession),
                _ => Ok(own),
            };
        }
        match callers {
            Some(callers) => Ok(callers),
            None => Ok(Self::of_systemd(bus).await.unwrap_or_default()),
        }
    }

    /// Whether it is shown by the same X server or compositor.
    fn is_same(&self, other: &Self) -> bool {
        if self.is_wayland || other.is_wayland {
            // There is one compositor for a session bus.
            self.is_wayland == other.is_wayland
        } else {
            self.display == other.display
        }
    }

    /// The session that the desktop has told systemd of.
    async fn of_systemd(bus: &Connection) -> Option<Self> {
        let proxy = zbus::proxy::Builder::new(bus)
            .destination("org.freedesktop.systemd1")
            .and_then(|builder| builder.path("/org/freedesktop/systemd1"))
            .and_then(|builder| builder.interface("org.freedesktop.DBus.Properties"));
        let proxy: Proxy<'_> = proxy.ok()?.cache_properties(CacheProperties::No).build().await.ok()?;
        let body = ("org.freedesktop.systemd1.Manager", "Environment");
        let asked = proxy.call_with_flags("Get", MethodFlags::NoAutoStart.into(), &body);
        let variables: Option<OwnedValue> = timeout(SYSTEMD_LIMIT, asked).await.ok()?.ok()?;
        let variables = Vec::<String>::try_from(variables?).ok()?;
        Some(Self::from_variables(|name| {
            let value = variables.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.map(str::to_owned)
        }))
    }

    /// The variables that name it.
    #[must_use]
    pub(crate) fn to_variables(&self) -> HashMap<String, String> {
        let wayland = self.is_wayland.then(|| "wayland".to_owned());
        let sway = self.sway.as_ref().and_then(|socket| socket.to_str()).map(str::to_owned);
        let all = [("DISPLAY", self.display.clone()), ("XDG_SESSION_TYPE", wayland), ("SWAYSOCK", sway)];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// Whether it has a screen.
    #[must_use]
    pub fn has_screen(&self) -> bool {
        self.is_wayland || self.display.is_some()
    }

    /// How its screen is looked at.
    pub(super) fn way(&self) -> Result<Way<'_>, ScreenError> {
        match &self.display {
            _ if self.is_wayland => Ok(Way::Portal),
            Some(display) => Ok(Way::X11(display)),
            None => Err(ScreenError::NoSession),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_session_offers_chooses_the_way() {
        for (variables, expected) in [
            (&[][..], None),
            (&[("DISPLAY", "")][..], None),
            (&[("DISPLAY", ":1")], Some(Way::X11(":1"))),
            (&[("XDG_SESSION_TYPE", "x11"), ("DISPLAY", ":1")], Some(Way::X11(":1"))),
            (&[("WAYLAND_DISPLAY", "wayland-1"), ("DISPLAY", ":1")], Some(Way::Portal)),
            (&[("XDG_SESSION_TYPE", "wayland")], Some(Way::Portal)),
        ] {
            let session = Session::from_variables(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(session.way().ok(), expected, "{variables:?}");
            assert_eq!(session.has_screen(), expected.is_some());
            let told = session.to_variables();
            assert_eq!(Session::from_variables(|name| told.get(name).cloned()), session, "{variables:?}");
        }
    }
}
