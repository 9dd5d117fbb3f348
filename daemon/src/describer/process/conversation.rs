//! The service's side of a conversation with the process of a model: what it asks, what it answers, how long it waits.

use std::{
    io::{self, Read},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use descry_models::{Caption, Opening};
use image::RgbImage;

use super::{
    line::{Line, LineError},
    message::{About, Open, Order, Reply},
};
use crate::{describer::DescribeError, words::Message};

/// How long the process may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// To start, and from one sign of life to the next.
    pub(super) step: Duration,
    /// To load, from one sign of life to the next.
    pub(super) loading: Duration,
    /// To end, once it is told to.
    pub(super) end: Duration,
}

/// What is read at most of a process that is to end.
const LAST_WORDS: u64 = 1 << 20;

/// A line, and who waits at it. After an error it is of no use any more.
#[derive(Debug)]
pub(super) struct Conversation {
    line: Line<UnixStream>,
    patience: Patience,
}

impl Conversation {
    pub(super) fn new(stream: UnixStream, patience: Patience) -> Result<Self, LineError> {
        stream.set_read_timeout(Some(patience.step))?;
        stream.set_write_timeout(Some(patience.step))?;
        Ok(Self { line: Line(stream), patience })
    }

    /// Waits until the process runs.
    pub(super) fn begin(&mut self) -> Result<(), LineError> {
        match self.line.receive()? {
            Reply::Started => Ok(()),
            reply => Err(out_of_turn(&reply)),
        }
    }

    /// Has it open a model.
    pub(super) fn open(
        &mut self,
        directory: &Path,
        opening: &Opening,
        tell: &dyn Fn(&Message),
    ) -> Result<Result<About, DescribeError>, LineError> {
        self.line.0.set_read_timeout(Some(self.patience.loading))?;
        self.line.send(&Order::Open(Open::new(directory, opening)))?;
        loop {
            match self.line.receive()? {
                Reply::Tell(message) => tell(&message),
                Reply::Opened(about) => {
                    self.line.0.set_read_timeout(Some(self.patience.step))?;
                    return Ok(Ok(about));
                }
                Reply::Failed(error) => return Ok(Err(error)),
                reply => return Err(out_of_turn(&reply)),
            }
        }
    }

    /// Has it describe a picture, which must have pixels and no more than are taken.
    ///
    /// The picture goes as it is, not squeezed to what the network takes: all that is done to a picture is done in one
    /// place so, and the way of one of 1280 x 800 pixels takes less than a millisecond.
    pub(super) fn describe(
        &mut self,
        picture: &RgbImage,
        beam_width: Option<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Result<Caption, DescribeError>, LineError> {
        let (width, height) = picture.dimensions();
        self.line.send(&Order::Describe { width, height, beam_width })?;
        self.line.send_pixels(picture.as_raw(), self.patience.step)?;
        loop {
            match self.line.receive()? {
                Reply::Asks => self.line.send(&Order::GoOn(!cancelled()))?,
                Reply::Described(caption) => return Ok(Ok(caption.into())),
                Reply::Failed(error) => return Ok(Err(error)),
                reply => return Err(out_of_turn(&reply)),
            }
        }
    }

    /// Closes the line, at which the process ends, and waits for that as long as is due.
    pub(super) fn end(&mut self) {
        let line = &self.line.0;
        // A line that is closed already, or a process that does not end, is not this one's business.
        let _ = line.shutdown(Shutdown::Write);
        let _ = line.set_read_timeout(Some(self.patience.end));
        // What it still says is of no interest, but its end of the line is closed when it ends.
        let _ = io::copy(&mut line.take(LAST_WORDS), &mut io::sink());
    }
}

fn out_of_turn(reply: &Reply) -> LineError {
    // What else it says may be of what was seen, which is not for the log.
    let kind = match reply {
        Reply::Started => "Started",
        Reply::Tell(_) => "Tell",
        Reply::Opened(_) => "Opened",
        Reply::Asks => "Asks",
        Reply::Described(_) => "Described",
        Reply::Failed(_) => "Failed",
    };
    LineError::Foreign(format!("it is not the turn of {kind}"))
}
