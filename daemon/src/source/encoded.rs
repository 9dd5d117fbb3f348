//! The bytes of an encoded picture, read with bounds: a file by position, or what a pipe gave.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
};

use super::{MAXIMUM_BYTES, SourceError};
use crate::request::Cancel;

/// A reader over an encoded picture that never yields more than [`MAXIMUM_BYTES`].
///
/// A file is read by position, so that its own offset, which others may share, plays no part; if it shrinks
/// meanwhile, it just ends. Each read asks whether the picture is still wanted.
#[derive(Debug)]
pub(super) struct Encoded {
    bytes: Bytes,
    position: u64,
    length: u64,
    cancel: Cancel,
}

#[derive(Debug)]
enum Bytes {
    File(File),
    Memory(Vec<u8>),
}

impl Encoded {
    /// Reads from a regular file or memory that is like one.
    pub(super) fn from_file(file: File, cancel: &Cancel) -> Result<Self, SourceError> {
        let length = file.metadata().map_err(SourceError::Unreadable)?.len();
        Self::new(Bytes::File(file), length, cancel)
    }

    /// Reads a pipe to its end, into memory.
    pub(super) fn from_stream(stream: impl Read, cancel: &Cancel) -> Result<Self, SourceError> {
        let mut bytes = Vec::new();
        let taken = stream.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes);
        let length = taken.map_err(SourceError::Unreadable)? as u64;
        // Growing by doubling may have left half of it unused.
        bytes.shrink_to_fit();
        Self::new(Bytes::Memory(bytes), length, cancel)
    }

    fn new(bytes: Bytes, length: u64, cancel: &Cancel) -> Result<Self, SourceError> {
        match length {
            0 => Err(SourceError::Empty),
            1..=MAXIMUM_BYTES => Ok(Self { bytes, position: 0, length, cancel: cancel.clone() }),
            _ => Err(SourceError::TooManyBytes),
        }
    }

    /// How many bytes of memory the encoded picture takes while it is decoded.
    pub(super) fn held(&self) -> u64 {
        match self.bytes {
            Bytes::File(_) => 0,
            Bytes::Memory(_) => self.length,
        }
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// To be asked, once this is with a decoder, whether reading was made to fail because nobody wants the picture.
    pub(super) fn cancel_probe(&self) -> Cancel {
        self.cancel.clone()
    }

    /// With a buffer, as decoders want it.
    pub(super) fn buffered(self) -> BufReader<Self> {
        BufReader::with_capacity(64 << 10, self)
    }
}

impl Read for Encoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("the request was called off"));
        }
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted == 0 {
            // Also behind positions that the system would refuse.
            return Ok(0);
        }
        let buffer = &mut buffer[..wanted];
        let read = match &self.bytes {
            Bytes::File(file) => file.read_at(buffer, self.position)?,
            Bytes::Memory(bytes) => {
                let start = usize::try_from(self.position).unwrap_or(usize::MAX).min(bytes.len());
                let rest = &bytes[start..];
                let read = rest.len().min(buffer.len());
                buffer[..read].copy_from_slice(&rest[..read]);
                read
            }
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Encoded {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let position = match target {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::request::Reason;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_file_and_a_stream_read_alike_and_from_the_start() {
        let cancel = Cancel::default();
        for mut encoded in [
            Encoded::from_file(file(b"0123456789"), &cancel).unwrap(),
            Encoded::from_stream(&b"0123456789"[..], &cancel).unwrap(),
        ] {
            let mut text = String::new();
            encoded.read_to_string(&mut text).unwrap();
            assert_eq!(text, "0123456789");
            encoded.seek(SeekFrom::End(-3)).unwrap();
            text.clear();
            encoded.read_to_string(&mut text).unwrap();
            assert_eq!(text, "789");
            encoded.seek(SeekFrom::Start(u64::MAX)).unwrap();
            assert_eq!(encoded.read(&mut [0; 4]).unwrap(), 0);
            assert!(encoded.seek(SeekFrom::Current(1)).is_err());
        }
    }

    #[test]
    fn a_file_that_shrinks_ends() {
        let shrinking = file(&[7; 100]);
        let mut encoded = Encoded::from_file(shrinking.try_clone().unwrap(), &Cancel::default()).unwrap();
        shrinking.set_len(10).unwrap();
        let mut bytes = Vec::new();
        assert_eq!(encoded.read_to_end(&mut bytes).unwrap(), 10);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let cancel = Cancel::default();
        assert!(matches!(Encoded::from_file(file(b""), &cancel), Err(SourceError::Empty)));
        let large = file(b"x");
        large.set_len(MAXIMUM_BYTES + 1).unwrap();
        assert!(matches!(Encoded::from_file(large, &cancel), Err(SourceError::TooManyBytes)));
        assert!(matches!(Encoded::from_stream(io::repeat(7), &cancel), Err(SourceError::TooManyBytes)));
    }

    #[test]
    fn a_cancelled_request_reads_no_further() {
        let cancel = Cancel::default();
        let mut encoded = Encoded::from_stream(&b"0123"[..], &cancel).unwrap();
        cancel.cancel(Reason::Asked);
        assert!(encoded.read(&mut [0; 4]).is_err());
    }
}
