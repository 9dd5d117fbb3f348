//! A desktop's portal of a test's own, which takes a picture, refuses to, or wants to ask first.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use tokio::runtime::Runtime;
use zbus::{
    Connection,
    message::Header,
    zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value},
};

use crate::private_bus::PrivateBus;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";

/// What the portal answers, with the numbers of its protocol.
#[derive(Debug, Clone)]
pub enum Conduct {
    /// It takes the picture in this file. Where it must ask first, only in a dialog.
    Takes {
        /// What it hands over, which is copied to where it says that its picture is.
        picture: PathBuf,
        /// Where that is.
        to: PathBuf,
        /// Whether it fails without a dialog.
        asks: bool,
    },
    /// The person says no.
    Refuses,
    /// It fails.
    Fails,
}

/// A portal. It leaves the bus when this value is dropped.
#[derive(Debug)]
pub struct DesktopPortal {
    asked: Arc<Mutex<Vec<Asked>>>,
    _connection: Connection,
    _runtime: Runtime,
}

/// How the portal was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Whether a dialog may be shown.
    pub interactive: bool,
    /// Which part of the screen was wanted, as the portal numbers them.
    pub target: Option<u32>,
}

struct Screenshot {
    conduct: Conduct,
    targets: u32,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[zbus::interface(name = "org.freedesktop.portal.Screenshot")]
impl Screenshot {
    async fn screenshot(
        &self,
        parent: &str,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        fn option<T: TryFrom<OwnedValue>>(options: &HashMap<String, OwnedValue>, key: &str) -> Option<T> {
            options.get(key).and_then(|value| T::try_from(value.try_clone().ok()?).ok())
        }
        // The window that a dialog would belong to.
        let _ = parent;
        let interactive = option(&options, "interactive").unwrap_or(false);
        let target = option(&options, "target");
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { interactive, target });
        let mut results: HashMap<&str, Value<'_>> = HashMap::new();
        let code: u32 = match &self.conduct {
            Conduct::Takes { asks: true, .. } if !interactive => 2,
            Conduct::Takes { picture, to, .. } => {
                std::fs::copy(picture, to).map_err(|error| zbus::fdo::Error::Failed(error.to_string()))?;
                results.insert("uri", format!("file://{}", to.display()).into());
                0
            }
            Conduct::Refuses => 1,
            Conduct::Fails => 2,
        };
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let token: String = option(&options, "handle_token").unwrap_or_default();
        let sender = sender.trim_start_matches(':').replace('.', "_");
        let handle =
            ObjectPath::try_from(format!("{PATH}/request/{sender}/{token}")).map_err(zbus::Error::from)?;
        let to = header.sender().map(ToOwned::to_owned);
        let interface = "org.freedesktop.portal.Request";
        connection.emit_signal(to, &handle, interface, "Response", &(code, results)).await?;
        Ok(handle.into())
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        if self.targets == 0 { 2 } else { 3 }
    }

    #[zbus(property)]
    fn available_targets(&self) -> u32 {
        self.targets
    }
}

impl DesktopPortal {
    /// Takes the name on a bus. `targets` are the parts of the screen that it can take by themselves, as the sum of the
    /// portal's numbers; 0 for a portal that is too old to choose.
    pub fn start(bus: &PrivateBus, conduct: Conduct, targets: u32) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let object = Screenshot { conduct, targets, asked: Arc::clone(&asked) };
        let connection = runtime.block_on(async {
            let builder = zbus::connection::Builder::address(bus.address())?;
            builder.serve_at(PATH, object)?.name(NAME)?.build().await
        })?;
        Ok(Self { asked, _connection: connection, _runtime: runtime })
    }

    /// How it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
