//! The model in a process of its own, which ends when the model is let go.
//!
//! What an engine takes, it does not give back within a process: pages of its code, its libraries, what its heap keeps; a
//! GPU's context ends with its process alone. All of it comes back whole when the process ends. And a crash, whether of an
//! engine, of a driver, or of the system that has no memory left, takes one answer with it, of which the person hears,
//! and not the service with its name on the bus, its narrations and its history.
//!
//! The process is this same program, called with [`ARGUMENT`]; see [`server`] for what it does. Between the two is a pair of
//! sockets, over which messages go to and fro; see [`message`]. Where the system gives no such process, the model is loaded
//! into this one, as the command does, whose process ends anyway.

mod conversation;
mod line;
pub(crate) mod message;
pub mod server;
mod watch;

use std::{
    io,
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use descry_models::{Caption, CaptionError, Device, Opening, PreprocessError, preprocess::MAXIMUM_PIXELS};
use image::RgbImage;
use rustix::process::Signal;
use tracing::{debug, error, warn};

use super::{DescribeError, Describer, Load, open};
use crate::{
    caption_thread::pulse,
    memory::Threshold,
    request::DEFAULT_TIMEOUT,
    words::{Message, message as words, models},
};
use conversation::{Conversation, Patience};
use line::LineError;
use message::About;

/// What the program is called with when it is to hold a model.
pub const ARGUMENT: &str = "model-process";

/// Both are shorter than what the thread's own pulse allows, twice the first too, since a picture is sent and awaited: it is
/// this process that ends where something hangs, and not the service. And a step is shorter than a request usually may take,
/// so that whoever waits hears why; the slowest board that was thought of needs two seconds.
const PATIENCE: Patience = Patience {
    step: Duration::from_secs(25),
    loading: pulse::LOADING.saturating_sub(Duration::from_mins(1)),
    end: Duration::from_secs(2),
};

const _: () = {
    assert!(2 * PATIENCE.step.as_secs() < pulse::STEP.as_secs());
    assert!(PATIENCE.step.as_secs() < DEFAULT_TIMEOUT.as_secs());
};

/// Loads the model in a folder into a process of its own, as it is to be opened. `tell` is told what whoever waits should
/// hear.
#[must_use]
pub fn load(directory: PathBuf, opening: Opening, tell: impl Fn(&Message) + Send + 'static) -> Load {
    Box::new(move || match Running::start(own_program(), PATIENCE) {
        Ok(running) => Ok(Box::new(running.open(&directory, &opening, &tell)?)),
        Err(error) => {
            warn!(%error, "the model gets no process of its own, and is loaded into this one");
            open(&directory, &opening, &tell)
        }
    })
}

/// This very program, even where its file was replaced by a newer one since: what both ends say is of one version.
fn own_program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("descryd").arg(ARGUMENT);
    // What systemd wants to hear, it wants to hear of the service.
    command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").env_remove("WATCHDOG_PID");
    Threshold::NETWORK.set_for(&mut command);
    command
}

/// A process that waits for an order.
#[derive(Debug)]
struct Running {
    child: Child,
    conversation: Conversation,
}

impl Running {
    /// Starts it. An error means that there is none.
    fn start(mut command: Command, patience: Patience) -> Result<Self, LineError> {
        let (own, its) = UnixStream::pair()?;
        command.stdin(OwnedFd::from(its)).stdout(Stdio::from(io::stderr()));
        let child = command.spawn()?;
        // Its end of the line is open in it alone from now on, so that its end is noticed.
        drop(command);
        let mut running = Self { child, conversation: Conversation::new(own, patience)? };
        running.conversation.begin()?;
        Ok(running)
    }

    /// Has it open a model.
    fn open(
        mut self,
        directory: &Path,
        opening: &Opening,
        tell: &dyn Fn(&Message),
    ) -> Result<ModelProcess, DescribeError> {
        let about = self.conversation.open(directory, opening, tell);
        let about = about.map_err(|error| self.lost(&error))??;
        Ok(ModelProcess { running: self, about, is_gone: false })
    }

    /// Ends what cannot be talked to any more, and says what the person is told of it.
    fn lost(&mut self, error: &LineError) -> DescribeError {
        let is_silent = matches!(error, LineError::Silent);
        if is_silent {
            // It computes something without an end, or waits for a driver: it would not see that the line is closed.
            let _ = self.child.kill();
        }
        let status = self.end();
        error!(reason = %error, status = shown(status), "the process of the model is lost");
        let was_killed = status.and_then(|status| status.signal()) == Some(Signal::KILL.as_raw());
        DescribeError::Ended(if is_silent {
            words!("model-process-hangs")
        } else if was_killed {
            words!("model-process-killed")
        } else {
            words!("model-process-crashed")
        })
    }

    /// Lets it end, and sees to it that it does. Nothing when the system does not say how.
    fn end(&mut self) -> Option<ExitStatus> {
        self.conversation.end();
        // One that is about to end is not touched by this: how it ended stands already.
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it was waited for, this is nothing.
        let status = self.end();
        debug!(status = shown(status), "the process of the model has ended");
    }
}

fn shown(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

/// A model in a process of its own.
#[derive(Debug)]
struct ModelProcess {
    running: Running,
    about: About,
    is_gone: bool,
}

impl Describer for ModelProcess {
    fn describe(
        &mut self,
        picture: &RgbImage,
        beam_width: Option<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Caption, DescribeError> {
        let (width, height) = picture.dimensions();
        if !(1..=MAXIMUM_PIXELS).contains(&(u64::from(width) * u64::from(height))) {
            // As the model itself says it, which would take it for nonsense over the line.
            let error = PreprocessError::Size { width, height, limit: MAXIMUM_PIXELS };
            return Err(DescribeError::Failed(models::caption_error(&CaptionError::from(error))));
        }
        self.running.conversation.describe(picture, beam_width, cancelled).unwrap_or_else(|error| {
            self.is_gone = true;
            Err(self.running.lost(&error))
        })
    }

    fn model(&self) -> &str {
        &self.about.model
    }

    fn language(&self) -> &str {
        &self.about.language
    }

    fn engine(&self) -> &str {
        &self.about.engine
    }

    fn device(&self) -> Device {
        self.about.device
    }

    fn has_ended(&mut self) -> bool {
        if let (false, Ok(Some(status))) = (self.is_gone, self.running.child.try_wait()) {
            warn!(%status, "the process of the model has ended by itself");
            self.is_gone = true;
        }
        self.is_gone
    }

    fn when_ended(&mut self, told: Box<dyn FnOnce() + Send>) {
        // Without it an end is noticed at the next request, as late as anybody needs to know of it.
        if let Err(error) = watch::when_ended(&self.running.child, told) {
            warn!(%error, "the end of the model's process would not be noticed at once");
        }
    }
}

#[cfg(test)]
mod tests;
