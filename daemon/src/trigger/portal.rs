//! The keys of a desktop, from its portal `org.freedesktop.portal.GlobalShortcuts`: KDE 5.27, GNOME 48 and Hyprland have
//! it, and others on Wayland have nothing in its place.
//!
//! The desktop asks the person the first time, and lets them choose other keys. What it chose is what is told.

use std::pin::Pin;

use ashpd::{
    AppID, Error as PortalError,
    desktop::{
        ResponseError, Session,
        global_shortcuts::{BindShortcutsOptions, GlobalShortcuts, NewShortcut, Shortcut},
    },
};
use futures_util::StreamExt;
use tracing::{debug, info};
use zbus::{Connection, fdo::DBusProxy};

use crate::words::Language;

use super::{
    Action, Bound, Combination, Keys, KeysFrom, Notices, Problem, State, Trigger, TriggerError, Way,
};

/// The name under which desktops remember what was allowed; a desktop file of that name has to be installed.
const APPLICATION: &str = "org.descry.Descry1";

/// Who hands out keys.
const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// The keys of the desktop.
#[derive(Debug)]
pub struct PortalKeys {
    bindings: Vec<(Action, Combination)>,
    /// Whether the person wants them, and not only Descry.
    is_chosen: bool,
    /// In which the desktop lists them.
    language: Language,
}

/// How a session with the portal ended.
enum End {
    /// The portal is gone, and may be back already.
    Gone,
    /// The portal ended it, as where the person took the keys away. Asking anew at once would ask them again.
    Closed,
    /// It never began.
    Failed(TriggerError),
}

impl PortalKeys {
    /// These keys, of whoever has the portal.
    #[must_use]
    pub fn new(keys: &Keys, language: Language) -> Self {
        let bindings = keys.bindings.iter().map(|(action, combination)| (*action, *combination)).collect();
        Self { bindings, language, is_chosen: keys.from == KeysFrom::Portal || *keys != Keys::default() }
    }

    async fn watch(self, notices: Notices) {
        loop {
            let end = match connect().await {
                Ok((connection, bus)) => self.session(connection, &bus, &notices).await,
                Err(error) => End::Failed(TriggerError::Portal(error.to_string())),
            };
            let is_gone = matches!(end, End::Gone);
            match end {
                End::Closed => {
                    info!("the desktop ended the session for keys");
                    let problems = vec![Problem { error: TriggerError::NotAllowed, is_spoken: false }];
                    notices.state(State { bound: Vec::new(), problems }).await;
                }
                End::Gone => {
                    info!("the desktop's portal for keys is gone; it is asked again when it is back");
                }
                End::Failed(error) => {
                    // Nobody is told of what they just refused themselves, or never asked for.
                    let is_spoken = self.is_chosen && error != TriggerError::NotAllowed;
                    let problems = vec![Problem { error, is_spoken }];
                    notices.state(State { bound: Vec::new(), problems }).await;
                }
            }
            if !portal_comes(is_gone).await {
                return;
            }
        }
    }

    /// Asks for the keys, and tells of presses until the portal ends that.
    async fn session(&self, connection: Connection, bus: &DBusProxy<'_>, notices: &Notices) -> End {
        // From 1.21 on, xdg-desktop-portal wants to know who asks; older ones do not understand, which is as well.
        if let Ok(application) = AppID::try_from(APPLICATION)
            && let Err(error) =
                ashpd::register_host_app_with_connection(connection.clone(), application).await
        {
            debug!(%error, "the portal does not know Descry by name");
        }
        let asking = async {
            let portal = GlobalShortcuts::with_connection(connection.clone()).await?;
            let session = portal.create_session(ashpd::desktop::CreateSessionOptions::default()).await?;
            let pressed = portal.receive_activated().await?;
            let changed = portal.receive_shortcuts_changed().await?;
            let shortcuts: Vec<NewShortcut> = self
                .bindings
                .iter()
                .map(|(action, keys)| {
                    let keys = keys.for_portal();
                    NewShortcut::new(action.name(), action.message().in_language(self.language))
                        .preferred_trigger(keys.as_str())
                })
                .collect();
            let asked = portal.bind_shortcuts(&session, &shortcuts, None, BindShortcutsOptions::default());
            let bound = asked.await?.response()?;
            Ok((session, pressed, changed, bound))
        };
        let (session, pressed, changed, bound) = match asking.await {
            Ok(begun) => begun,
            Err(error) => return End::Failed(problem(&error)),
        };
        notices.state(self.state(bound.shortcuts())).await;
        let closed = match session.receive_closed().await {
            Ok(closed) => closed,
            Err(error) => return End::Failed(problem(&error)),
        };
        let Ok(owners) = bus.receive_name_owner_changed_with_args(&[(0, PORTAL)]).await else {
            return End::Gone;
        };
        let (mut pressed, mut changed) = (std::pin::pin!(pressed), std::pin::pin!(changed));
        let (mut closed, mut owners) = (std::pin::pin!(closed), owners);
        let own = session_path(&session);
        loop {
            tokio::select! {
                Some(press) = pressed.next() => {
                    if press.session_handle().as_str() == own
                        && let Ok(action) = Action::from_name(press.shortcut_id())
                    {
                        notices.press(action).await;
                    }
                }
                Some(change) = changed.next() => {
                    if change.session_handle().as_str() == own {
                        notices.state(self.state(change.shortcuts())).await;
                    }
                }
                _ = closed.next() => return End::Closed,
                _ = owners.next() => return End::Gone,
            }
        }
    }

    /// What came of the wishes.
    fn state(&self, given: &[Shortcut]) -> State {
        let (mut bound, mut missing) = (Vec::new(), Vec::new());
        for (action, wanted) in &self.bindings {
            let given = given.iter().find(|given| given.id() == action.name());
            match given.map(|given| given.trigger_description().trim()).filter(|keys| !keys.is_empty()) {
                Some(keys) => bound.push(Bound { trigger: keys.to_owned(), action: *action }),
                None => missing.push(wanted.to_string()),
            }
        }
        let mut problems = Vec::new();
        if !missing.is_empty() {
            // Whoever took a key away knows it.
            problems.push(Problem { error: TriggerError::NotAssigned(missing.join(", ")), is_spoken: false });
        }
        State { bound, problems }
    }
}

impl Trigger for PortalKeys {
    fn way(&self) -> Way {
        Way::Portal
    }

    fn watch(self: Box<Self>, notices: Notices) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin((*self).watch(notices))
    }
}

/// A connection of its own: the portal ends the session with it, and takes the first call over it for its owner's name.
async fn connect() -> zbus::Result<(Connection, DBusProxy<'static>)> {
    let connection = Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    Ok((connection, bus))
}

/// Waits until somebody begins to hand out keys; `false` when nobody ever can. Where the last one is gone, another may have
/// come already.
async fn portal_comes(is_gone: bool) -> bool {
    let wait = async {
        let (_connection, bus) = connect().await?;
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, PORTAL)]).await?;
        if is_gone && bus.name_has_owner(PORTAL.try_into()?).await? {
            return Ok(true);
        }
        while let Some(change) = owners.next().await {
            if change.args()?.new_owner().is_some() {
                return Ok(true);
            }
        }
        zbus::Result::Ok(false)
    };
    wait.await.unwrap_or(false)
}

/// Whether the desktop has such a portal, without asking it for anything.
pub async fn try_reach() -> Result<(), TriggerError> {
    let reach = async {
        let (connection, _) = connect().await?;
        let portal = zbus::Proxy::new(
            &connection,
            PORTAL,
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.GlobalShortcuts",
        );
        portal.await?.get_property::<u32>("version").await
    };
    reach.await.map(|_| ()).map_err(|error| {
        debug!(%error, "no portal for keys");
        TriggerError::NoPortal
    })
}

fn session_path(session: &Session<GlobalShortcuts>) -> String {
    // The library shows it in no other way.
    let shown = format!("{session:?}");
    shown.split('"').nth(1).unwrap_or_default().to_owned()
}

/// What an error means for the person.
fn problem(error: &PortalError) -> TriggerError {
    const ABSENT: [&str; 5] =
        ["ServiceUnknown", "UnknownMethod", "UnknownInterface", "UnknownObject", "NameHasNoOwner"];
    debug!(?error, "no keys from the portal");
    let words = format!("{error:?}");
    match error {
        PortalError::Response(ResponseError::Cancelled) => TriggerError::NotAllowed,
        PortalError::PortalNotFound(_) => TriggerError::NoPortal,
        _ if ABSENT.iter().any(|absent| words.contains(absent)) => TriggerError::NoPortal,
        error => TriggerError::Portal(error.to_string()),
    }
}
