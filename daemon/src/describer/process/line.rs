//! The line between the service and the process of its model: frames of JSON, each after its length, and pixels as they are.
//!
//! | part of a frame | bytes |
//! |---|---|
//! | length of the message | 4, the lowest first; at most [`LONGEST`] |
//! | the message, as JSON | so many |
//! | after a message that announces a picture: its pixels, row by row, red, green and blue | as that message says |
//!
//! Neither end trusts the other with its memory: a process that writes over its own, as a faulty driver makes it do, must
//! not bring the service down with it. What is no message ends the line.

use std::{
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// The most bytes of a message. A caption with 64 others of 40 words each has some 20 thousand.
const LONGEST: usize = 1 << 20;

/// Why there is no message, or why it could not be sent. The line is of no use any more.
#[derive(Debug, Error)]
pub(super) enum LineError {
    /// The process at the other end is gone, or ends.
    #[error("the line was closed at the other end")]
    Closed,
    /// Nothing came in time.
    #[error("nothing came in time")]
    Silent,
    /// What came, or was to be sent, is not what is sent here.
    #[error("that is no message: {0}")]
    Foreign(String),
    /// The system refused.
    #[error(transparent)]
    System(io::Error),
}

impl From<io::Error> for LineError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock};
        match error.kind() {
            UnexpectedEof | BrokenPipe | ConnectionReset => Self::Closed,
            // A socket's time limit is told as the former.
            WouldBlock | TimedOut => Self::Silent,
            _ => Self::System(error),
        }
    }
}

impl From<serde_json::Error> for LineError {
    fn from(error: serde_json::Error) -> Self {
        Self::Foreign(error.to_string())
    }
}

/// One end of the line.
#[derive(Debug)]
pub(super) struct Line<S>(pub(super) S);

impl<S: Read + Write> Line<S> {
    /// Sends a message.
    pub(super) fn send(&mut self, message: &impl Serialize) -> Result<(), LineError> {
        let message = serde_json::to_vec(message)?;
        if message.len() > LONGEST {
            return Err(LineError::Foreign(format!("it has {} bytes", message.len())));
        }
        let mut frame = Vec::with_capacity(4 + message.len());
        frame.extend((message.len() as u32).to_le_bytes());
        frame.extend(message);
        Ok(self.0.write_all(&frame)?)
    }

    /// Waits for a message.
    pub(super) fn receive<M: DeserializeOwned>(&mut self) -> Result<M, LineError> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(LineError::Foreign(format!("it has {length} bytes")));
        }
        let mut message = vec![0; length];
        self.0.read_exact(&mut message)?;
        Ok(serde_json::from_slice(&message)?)
    }

    /// Sends the pixels that the message before announced.
    ///
    /// A socket's own time limit is for one piece of them: it counts as none where a piece of the piece was taken, so the
    /// whole has a limit as well.
    pub(super) fn send_pixels(&mut self, mut pixels: &[u8], limit: Duration) -> Result<(), LineError> {
        let begin = Instant::now();
        while !pixels.is_empty() {
            match self.0.write(pixels) {
                Ok(0) => return Err(LineError::Closed),
                Ok(taken) => pixels = &pixels[taken..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            if !pixels.is_empty() && begin.elapsed() >= limit {
                return Err(LineError::Silent);
            }
        }
        Ok(())
    }

    /// Waits for pixels, so many bytes of them, which the caller has held to a bound.
    pub(super) fn receive_pixels(&mut self, length: usize) -> Result<Vec<u8>, LineError> {
        let mut pixels = vec![0; length];
        self.0.read_exact(&mut pixels)?;
        Ok(pixels)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn received(bytes: &[u8]) -> Result<Vec<String>, LineError> {
        Line(Cursor::new(bytes.to_vec())).receive()
    }

    #[test]
    fn what_is_sent_is_received() {
        let mut line = Line(Cursor::new(Vec::new()));
        let messages = [vec![], vec!["a".to_owned(), "\u{0}\n".to_owned()], vec!["x".repeat(LONGEST - 4)]];
        line.send(&messages[0]).unwrap();
        line.send_pixels(&[1, 2, 255], Duration::MAX).unwrap();
        line.send(&messages[1]).unwrap();
        line.send(&messages[2]).unwrap();
        line.0.set_position(0);
        assert_eq!(line.receive::<Vec<String>>().unwrap(), messages[0]);
        assert_eq!(line.receive_pixels(3).unwrap(), [1, 2, 255]);
        assert_eq!(line.receive::<Vec<String>>().unwrap(), messages[1]);
        assert_eq!(line.receive::<Vec<String>>().unwrap(), messages[2]);
        assert!(matches!(line.receive::<Vec<String>>(), Err(LineError::Closed)));
        let too_long = vec!["x".repeat(LONGEST - 3)];
        assert!(matches!(line.send(&too_long), Err(LineError::Foreign(_))));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "closed"),
            (b"\x02\0\0", "closed"),
            (b"\x03\0\0\0[]", "closed"),
            (b"\0\0\0\0", "no message"),
            (b"\x02\0\0\0{}", "no message"),
            (b"\x02\0\0\0\xff\xff", "no message"),
            (b"\x01\0\x10\0[]", "1048577 bytes"),
            (b"\xff\xff\xff\xff[]", "4294967295 bytes"),
        ];
        for (bytes, expected) in cases {
            let error = received(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{bytes:?}: {error}");
        }
        // A message within messages, deeper than anything is sent.
        let deep = "[".repeat(100_000);
        let frame = [&(deep.len() as u32).to_le_bytes(), deep.as_bytes()].concat();
        assert!(matches!(received(&frame), Err(LineError::Foreign(_))));
    }
}
