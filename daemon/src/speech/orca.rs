//! The Orca screen reader, asked over the session bus to present a text in speech and braille.
//!
//! Orca answers under two names: `org.gnome.Orca1.Service` from version 51 on, `org.gnome.Orca.Service` in 49 and 50. It
//! says whether it took a text, not when it has said it. It is never started from here.
//!
//! Orca 51.1 says one text after the other, so the one that is out of date has to be interrupted, and takes every text,
//! be its speech switched off or not.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use tracing::debug;
use zbus::{Connection, Proxy, proxy::CacheProperties, proxy::MethodFlags, zvariant::DynamicType};

/// How long Orca may take to answer. It is one thread, which may be busy with a slow application.
const LIMIT: Duration = Duration::from_secs(2);

/// One of the two ways in which Orca is spoken to.
struct Dialect {
    /// The name, and the interface with `PresentMessage`.
    service: &'static str,
    path: &'static str,
    /// Where it is told to be silent: paths, of which one is there, and the interface.
    speech_paths: &'static [&'static str],
    speech_interface: &'static str,
    /// Whether a command is named in an argument, and not by the method.
    commands_by_name: bool,
}

/// The newer first, since a version might have both names for a while; 51.1 has only its own.
static DIALECTS: [Dialect; 2] = [
    Dialect {
        service: "org.gnome.Orca1.Service",
        path: "/org/gnome/Orca1/Service",
        speech_paths: &["/org/gnome/Orca1/Service/SpeechManager"],
        speech_interface: "org.gnome.Orca1.SpeechManager",
        commands_by_name: false,
    },
    Dialect {
        service: "org.gnome.Orca.Service",
        path: "/org/gnome/Orca/Service",
        speech_paths: &[
            "/org/gnome/Orca/Service/SpeechManager",
            "/org/gnome/Orca/Service/SpeechAndVerbosityManager",
        ],
        speech_interface: "org.gnome.Orca.Module",
        commands_by_name: true,
    },
];

/// Why Orca did not take a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OrcaError {
    /// It does not run, or is too old to be asked.
    NotThere,
    /// It runs, and did not do it.
    Failed(String),
}

/// Orca, as far as it is there.
#[derive(Default)]
pub(super) struct Orca {
    /// Opened when something is first to be said.
    bus: Option<Connection>,
    /// Where the last text went.
    spoke: Option<&'static Dialect>,
}

impl Orca {
    /// Orca at the other end of a connection that is there already.
    #[cfg(test)]
    pub(super) fn over(connection: Connection) -> Self {
        Self { bus: Some(connection), spoke: None }
    }

    /// Has a text presented.
    pub(super) async fn present(&mut self, text: &str) -> Result<(), OrcaError> {
        let bus = self.bus().await?;
        for dialect in &DIALECTS {
            let words = (text,);
            let asked = call(&bus, dialect.service, dialect.path, dialect.service, "PresentMessage", &words);
            match asked.await {
                Ok(true) => {
                    self.spoke = Some(dialect);
                    return Ok(());
                }
                Ok(false) => return Err(OrcaError::Failed("it did not take the text".to_owned())),
                Err(OrcaError::NotThere) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(OrcaError::NotThere)
    }

    /// Whether it is there to be asked.
    pub(super) async fn is_there(&mut self) -> bool {
        let Ok(bus) = self.bus().await else { return false };
        for Dialect { service, path, .. } in &DIALECTS {
            // The bus answers for who is not there; what comes back else is a text, which is no truth value.
            let asked = call(&bus, service, path, "org.freedesktop.DBus.Introspectable", "Introspect", &());
            if asked.await != Err(OrcaError::NotThere) {
                return true;
            }
        }
        false
    }

    /// Has it stop what it says, when the last text went to it.
    pub(super) async fn interrupt(&mut self) {
        let (Some(dialect), Some(bus)) = (self.spoke.take(), self.bus.clone()) else { return };
        for path in dialect.speech_paths {
            let (service, interface) = (dialect.service, dialect.speech_interface);
            // The last argument is whether Orca says so.
            let asked = if dialect.commands_by_name {
                call(&bus, service, path, interface, "ExecuteCommand", &("InterruptSpeech", false)).await
            } else {
                call(&bus, service, path, interface, "InterruptSpeech", &(false,)).await
            };
            match asked {
                Ok(_) => return,
                Err(error) => debug!(?error, path, "Orca was not interrupted here"),
            }
        }
    }

    async fn bus(&mut self) -> Result<Connection, OrcaError> {
        if let Some(bus) = self.bus.take_if(|bus| !bus.is_closed()) {
            return Ok(self.bus.insert(bus).clone());
        }
        match timeout(LIMIT, Connection::session()).await {
            Ok(Ok(bus)) => Ok(self.bus.insert(bus).clone()),
            // Without a session bus there is no Orca that could be asked.
            Ok(Err(_)) | Err(_) => Err(OrcaError::NotThere),
        }
    }
}

async fn call<B: Serialize + DynamicType>(
    bus: &Connection,
    service: &'static str,
    path: &'static str,
    interface: &'static str,
    method: &'static str,
    body: &B,
) -> Result<bool, OrcaError> {
    let failed = |error: zbus::Error| OrcaError::Failed(error.to_string());
    let call = async {
        let proxy = zbus::proxy::Builder::<Proxy<'_>>::new(bus).destination(service)?.path(path)?;
        let proxy = proxy.interface(interface)?.cache_properties(CacheProperties::No).build().await?;
        proxy.call_with_flags::<_, _, bool>(method, MethodFlags::NoAutoStart.into(), body).await
    };
    match timeout(LIMIT, call).await {
        Ok(Ok(taken)) => Ok(taken.unwrap_or(false)),
        Ok(Err(zbus::Error::MethodError(name, words, _))) => {
            let kind = name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or_default();
            let absent =
                ["ServiceUnknown", "NameHasNoOwner", "UnknownObject", "UnknownInterface", "UnknownMethod"];
            Err(if absent.contains(&kind) {
                OrcaError::NotThere
            } else {
                OrcaError::Failed(words.unwrap_or_else(|| name.to_string()))
            })
        }
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(OrcaError::Failed("it did not answer in time".to_owned())),
    }
}

#[cfg(test)]
pub(super) mod fake {
    //! An Orca over a socket, which remembers what it was asked.

    use std::sync::{Arc, Mutex};

    use tokio::net::UnixStream;
    use zbus::{Connection, Guid, connection::Builder, interface};

    /// What the fake was asked, in order.
    pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

    /// The newer or the older Orca.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Version {
        New,
        Old,
    }

    struct New(Asked, bool);
    struct NewSpeech(Asked);
    struct Old(Asked);
    struct OldSpeech(Asked);

    #[interface(name = "org.gnome.Orca1.Service")]
    impl New {
        fn present_message(&self, message: &str) -> bool {
            self.0.lock().unwrap().push(message.to_owned());
            self.1
        }
    }

    #[interface(name = "org.gnome.Orca1.SpeechManager")]
    impl NewSpeech {
        fn interrupt_speech(&self, notify: bool) -> bool {
            self.0.lock().unwrap().push("(interrupted)".to_owned());
            !notify
        }
    }

    #[interface(name = "org.gnome.Orca.Service")]
    impl Old {
        fn present_message(&self, message: &str) -> bool {
            self.0.lock().unwrap().push(message.to_owned());
            true
        }
    }

    #[interface(name = "org.gnome.Orca.Module")]
    impl OldSpeech {
        fn execute_command(&self, command: &str, notify: bool) -> bool {
            self.0.lock().unwrap().push(format!("({command})"));
            !notify
        }
    }

    /// The client's end, the fake's end, and what it was asked. Without a version nothing is there.
    pub(crate) async fn orca(version: Option<Version>, takes: bool) -> (Connection, Connection, Asked) {
        let (near, far) = UnixStream::pair().unwrap();
        let server = Builder::unix_stream(far).server(Guid::generate()).unwrap().p2p().build();
        let client = Builder::unix_stream(near).p2p().build();
        let (server, client) = tokio::try_join!(server, client).unwrap();
        let asked = Asked::default();
        let objects = server.object_server();
        match version {
            Some(Version::New) => {
                objects.at("/org/gnome/Orca1/Service", New(asked.clone(), takes)).await.unwrap();
                let speech = NewSpeech(asked.clone());
                objects.at("/org/gnome/Orca1/Service/SpeechManager", speech).await.unwrap();
            }
            Some(Version::Old) => {
                objects.at("/org/gnome/Orca/Service", Old(asked.clone())).await.unwrap();
                let speech = OldSpeech(asked.clone());
                objects.at("/org/gnome/Orca/Service/SpeechAndVerbosityManager", speech).await.unwrap();
            }
            None => {}
        }
        (client, server, asked)
    }
}

#[cfg(test)]
mod tests {
    use super::{fake::Version, *};

    #[tokio::test]
    async fn both_names_are_tried() {
        for (version, stopped) in [(Version::New, "(interrupted)"), (Version::Old, "(InterruptSpeech)")] {
            let (client, _server, asked) = fake::orca(Some(version), true).await;
            let mut orca = Orca::over(client);
            orca.interrupt().await;
            assert_eq!(orca.present("A dog.").await, Ok(()), "{version:?}");
            orca.interrupt().await;
            orca.interrupt().await;
            assert_eq!(
                *asked.lock().unwrap(),
                ["A dog.", stopped],
                "it is stopped once, and only what it says"
            );
        }
    }

    #[tokio::test]
    async fn an_orca_that_is_not_there_or_refuses_is_told() {
        let (client, _server, _) = fake::orca(None, true).await;
        assert_eq!(Orca::over(client).present("A dog.").await, Err(OrcaError::NotThere));
        let (client, _server, _) = fake::orca(Some(Version::New), false).await;
        let refused = Orca::over(client).present("A dog.").await;
        assert!(matches!(refused, Err(OrcaError::Failed(_))), "{refused:?}");
    }
}
