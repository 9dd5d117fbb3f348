//! The border between async and blocking: one thread, named `caption`, owns the network and takes one job at a time.

mod mailbox;
pub(crate) mod pulse;
mod worker;

use std::{io, sync::Arc, thread, time::Duration};

use descry_models::{Caption, Device};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use crate::{
    describer::{DescribeError, Load},
    failure::Failure,
    frame::Frame,
    request::{Caller, Cancel, RequestId},
};
use mailbox::Mailbox;
use pulse::Pulse;
use worker::Worker;

/// What the model is doing, as the bus tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not loaded: the next request loads it.
    Unloaded,
    /// Being loaded.
    Loading,
    /// Loaded, and idle.
    Ready,
    /// Describing a picture.
    Busy,
    /// It could not be loaded, or it ended while it described. The next request tries again.
    Failed,
}

impl State {
    /// The word for it on the bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unloaded => "unloaded",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

/// The room that a picture takes in memory: free for another one when the last clone is dropped.
pub type Room = Arc<OwnedSemaphorePermit>;

/// What the thread is asked for.
#[derive(Debug)]
pub struct Job {
    /// The request's number.
    pub id: RequestId,
    /// Who asks: a newer job of the same caller replaces one that still waits.
    pub caller: Caller,
    /// The picture.
    pub frame: Frame,
    /// How many sentences the search keeps side by side.
    pub beam_width: Option<usize>,
    /// Ends the work early.
    pub cancel: Cancel,
    /// Held as long as the picture is, if somebody counts.
    pub room: Option<Room>,
}

/// What the thread answers.
#[derive(Debug)]
pub struct Captioned {
    /// The caption.
    pub caption: Caption,
    /// How long it took, loading not counted.
    pub inference: Duration,
    /// The model's name.
    pub model: String,
    /// The engine's name.
    pub engine: String,
    /// The language of the caption, as in "en".
    pub language: String,
}

type Answer = oneshot::Sender<Result<Captioned, DescribeError>>;

/// The handle of the caption thread. The thread ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct CaptionThread {
    mailbox: Arc<Closing>,
    state: watch::Receiver<State>,
    pulse: Arc<Pulse>,
    device: watch::Receiver<Option<Device>>,
}

/// Closes the mailbox with the last handle.
#[derive(Debug)]
struct Closing(Arc<Mailbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl CaptionThread {
    /// Starts the thread. Nothing is loaded before the first job.
    pub fn start(load: Load) -> io::Result<Self> {
        let mailbox = Arc::new(Mailbox::default());
        let (state_sender, state) = watch::channel(State::Unloaded);
        let pulse = Arc::new(Pulse::default());
        let (device_sender, device) = watch::channel(None);
        let worker = Worker {
            mailbox: Arc::clone(&mailbox),
            load,
            describer: None,
            state: state_sender,
            pulse: Arc::clone(&pulse),
            device: device_sender,
        };
        thread::Builder::new().name("caption".to_owned()).spawn(move || worker.run())?;
        Ok(Self { mailbox: Arc::new(Closing(mailbox)), state, pulse, device })
    }

    /// Describes a frame, when the thread comes to it.
    pub async fn describe(&self, job: Job) -> Result<Captioned, Failure> {
        let (answer, received) = oneshot::channel();
        self.mailbox.0.put(job, answer).await;
        match received.await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Failure::Ending),
        }
    }

    /// Says that a job is about to come: the thread loads the model meanwhile, where it is not loaded. Should that fail, the
    /// job tries it again and is answered with the reason.
    pub fn expect(&self) {
        self.mailbox.0.expect();
    }

    /// Lets the model go when nothing was asked for that long, until it is needed again; never when absent.
    pub fn set_idle_limit(&self, limit: Option<Duration>) {
        self.mailbox.0.set_idle_limit(limit);
    }

    /// Whether the thread has been at one step for longer than any step takes.
    #[must_use]
    pub fn hangs(&self) -> bool {
        self.pulse.hangs()
    }

    #[cfg(test)]
    pub(crate) fn set_patience(&self, step: Duration) {
        self.pulse.set_step(step);
    }

    /// What the model is doing; it can be watched.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Where the model ran when it was loaded last; nothing before it is loaded.
    #[must_use]
    pub fn device(&self) -> Option<Device> {
        *self.device.borrow()
    }

    /// Waits until the thread is gone, which it never should be while this handle exists.
    pub async fn ended(&self) {
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}

#[cfg(test)]
pub(crate) mod tests;
