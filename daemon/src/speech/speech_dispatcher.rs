//! The voice that speaks through speech-dispatcher: one task owns the connection, opens it when something is to be
//! said, and opens it anew when it was lost.

mod task;

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tracing::warn;

use super::{Progress, Script, Speaking, VoiceError, address::Address};
use crate::preferences::Preferences;
use task::Task;

/// How many orders wait at most.
const QUEUE: usize = 64;

/// What the task is told.
#[derive(Debug)]
enum Order {
    Say(Script, watch::Sender<Progress>),
    Begin(Script, watch::Sender<Progress>),
    Finish(EndingScript, watch::Sender<Progress>),
    Stop,
}

/// The end of an utterance that was begun, as it is to be said.
#[derive(Debug)]
pub struct EndingScript {
    /// Follows what was begun.
    pub begun: Speaking,
    /// What comes after that.
    pub rest: Script,
    /// All of it.
    pub whole: Script,
}

/// A voice over a connection to speech-dispatcher.
#[derive(Debug, Clone)]
pub struct SpeechDispatcher {
    orders: mpsc::Sender<Order>,
}

impl SpeechDispatcher {
    /// Starts the task that speaks. It connects with the first utterance, not before. The task ends when every
    /// clone of this voice is dropped.
    #[must_use]
    pub fn start(
        address: Result<Address, VoiceError>,
        preferences: watch::Receiver<Preferences>,
    ) -> (Self, JoinHandle<()>) {
        let (orders, received) = mpsc::channel(QUEUE);
        let task = Task::new(address, preferences);
        (Self { orders }, tokio::spawn(task.run(received)))
    }

    /// Says an utterance, and reports how far it has come.
    pub fn order(&self, script: Script, progress: watch::Sender<Progress>) {
        self.send(Order::Say(script, progress));
    }

    /// Says the begin of an utterance, and reports how far that has come.
    pub fn begin(&self, begin: Script, progress: watch::Sender<Progress>) {
        self.send(Order::Begin(begin, progress));
    }

    /// Says its rest, and reports how far that has come.
    pub fn finish(&self, ending: EndingScript, progress: watch::Sender<Progress>) {
        self.send(Order::Finish(ending, progress));
    }

    fn send(&self, order: Order) {
        if let Err(error) = self.orders.try_send(order) {
            let (order, reason) = match error {
                mpsc::error::TrySendError::Full(order) => (order, VoiceError::Busy),
                mpsc::error::TrySendError::Closed(order) => (order, VoiceError::Ended),
            };
            if let Order::Say(_, progress) | Order::Begin(_, progress) | Order::Finish(_, progress) = order {
                progress.send_replace(Progress::Failed(reason));
            }
        }
    }

    /// Stops what is being said and forgets what was about to be said.
    pub fn stop(&self) {
        if let Err(error) = self.orders.try_send(Order::Stop) {
            warn!(%error, "the voice could not be told to stop");
        }
    }
}

#[cfg(test)]
pub(super) mod fake;

#[cfg(test)]
mod tests;
