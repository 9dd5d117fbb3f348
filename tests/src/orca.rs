//! A screen reader of a test's own: it takes Orca's name on a bus and writes down what it was to present.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;
use zbus::interface;

use crate::private_bus::PrivateBus;

/// The name that Orca has from version 51 on.
const NAME: &str = "org.gnome.Orca1.Service";
const PATH: &str = "/org/gnome/Orca1/Service";

/// An Orca. It leaves the bus when this value is dropped.
#[derive(Debug)]
pub struct FakeOrca {
    presented: Arc<Mutex<Vec<String>>>,
    _leave: oneshot::Sender<()>,
}

struct Service(Arc<Mutex<Vec<String>>>);

#[interface(name = "org.gnome.Orca1.Service")]
impl Service {
    fn present_message(&self, message: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
        true
    }
}

impl FakeOrca {
    /// Takes the name on a bus.
    pub fn start(bus: &PrivateBus) -> Result<Self> {
        let presented = Arc::<Mutex<Vec<String>>>::default();
        let (leave, left) = oneshot::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let (address, service) = (bus.address().to_owned(), Service(Arc::clone(&presented)));
        thread::Builder::new().name("orca".into()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                let connection = async {
                    let builder = zbus::connection::Builder::address(address.as_str())?;
                    builder.name(NAME)?.serve_at(PATH, service)?.build().await
                };
                let connection = connection.await;
                // The test may have failed meanwhile.
                let _ = ready.send(connection.as_ref().map(|_| ()).map_err(ToString::to_string));
                let _ = left.await;
                drop(connection);
            });
        })?;
        let started = is_ready.recv().context("the thread of the screen reader ended")?;
        started.map_err(|error| anyhow::anyhow!("no screen reader on the bus: {error}"))?;
        Ok(Self { presented, _leave: leave })
    }

    /// What it was to present so far.
    #[must_use]
    pub fn presented(&self) -> Vec<String> {
        self.presented.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
