//! Pictures from files: by a path that the person named, from standard input, or from a descriptor that came over
//! the bus.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{FileTypeExt, MetadataExt},
    },
    path::{Path, PathBuf},
    time::SystemTime,
};

use image::RgbImage;
use rustix::fs::{MemfdFlags, SealFlags};

use super::{
    MAXIMUM_BYTES, Source, SourceError,
    decode::{Size, decode},
    encoded::Encoded,
};
use crate::{
    frame::{Frame, Origin},
    request::Cancel,
};

/// A picture's file, not yet opened or read.
#[derive(Debug)]
pub enum FileSource {
    /// A path of the person's own; never one that came over the bus.
    Path(PathBuf),
    /// Standard input of this process.
    StandardInput,
    /// A descriptor from another program: a regular file, or sealed memory.
    Descriptor(OwnedFd),
}

impl Source for FileSource {
    fn capture(self: Box<Self>, cancel: &Cancel) -> Result<Frame, SourceError> {
        let captured_at = SystemTime::now();
        let encoded = match *self {
            Self::Path(path) => from_any(open_file(&path)?, cancel)?,
            Self::StandardInput => from_any(standard_input()?, cancel)?,
            Self::Descriptor(descriptor) => from_descriptor(descriptor, cancel)?,
        };
        Ok(Frame { pixels: decode(encoded, Size::Readable)?, origin: Origin::File, captured_at })
    }
}

/// Reads a picture's file in all its pixels.
pub(super) fn read_whole(path: &Path, cancel: &Cancel) -> Result<RgbImage, SourceError> {
    decode(Encoded::from_file(open_file(path)?, cancel)?, Size::Whole)
}

/// A descriptor of our own, without the buffer of `io::Stdin`, which others may hold.
fn standard_input() -> Result<File, SourceError> {
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(SourceError::Unreadable)?;
    Ok(File::from(input))
}

fn open_file(path: &Path) -> Result<File, SourceError> {
    let to_error = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => SourceError::NoSuchFile,
        _ => SourceError::Unreadable(error),
    };
    // Before it is opened: opening a pipe waits for its other end, and a device may act on it.
    let kind = path.metadata().map_err(to_error)?.file_type();
    if !kind.is_file() && !kind.is_fifo() {
        return Err(if kind.is_dir() { SourceError::Folder } else { SourceError::NotAFile });
    }
    File::open(path).map_err(to_error)
}

/// A file by position, a pipe to its end.
fn from_any(file: File, cancel: &Cancel) -> Result<Encoded, SourceError> {
    let kind = file.metadata().map_err(SourceError::Unreadable)?.file_type();
    if kind.is_file() {
        Encoded::from_file(file, cancel)
    } else if kind.is_dir() {
        Err(SourceError::Folder)
    } else {
        Encoded::from_stream(Interruptible { stream: file, cancel }, cancel)
    }
}

/// A stream whose reading ends when the request is called off.
struct Interruptible<'a, R> {
    stream: R,
    cancel: &'a Cancel,
}

impl<R: Read> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("the request was called off"));
        }
        self.stream.read(buffer)
    }
}

/// Checks what another program sent, which may be anything that a descriptor can be.
fn from_descriptor(descriptor: OwnedFd, cancel: &Cancel) -> Result<Encoded, SourceError> {
    let file = File::from(descriptor);
    let metadata = file.metadata().map_err(SourceError::Unreadable)?;
    if !metadata.file_type().is_file() {
        return Err(SourceError::NotAFile);
    }
    // Memory made by memfd_create looks like a regular file that no folder holds, on a file system that knows seals.
    // Regular files on such a file system answer too, but a folder holds them.
    if let Ok(seals) = rustix::fs::fcntl_get_seals(&file)
        && metadata.nlink() == 0
        && !seals.contains(SealFlags::SHRINK | SealFlags::WRITE)
    {
        return Err(SourceError::NotSealed);
    }
    Encoded::from_file(file, cancel)
}

impl FileSource {
    /// The picture as a descriptor that another program can be given: the file itself, or sealed memory with what a
    /// pipe gave. It blocks.
    pub fn into_descriptor(self) -> Result<OwnedFd, SourceError> {
        let file = match self {
            Self::Path(path) => open_file(&path)?,
            Self::StandardInput => standard_input()?,
            Self::Descriptor(descriptor) => return Ok(descriptor),
        };
        let kind = file.metadata().map_err(SourceError::Unreadable)?.file_type();
        if kind.is_file() {
            return Ok(file.into());
        }
        if kind.is_dir() {
            return Err(SourceError::Folder);
        }
        Self::sealed_stream(file).map_err(SourceError::Unreadable)
    }

    /// Memory with all that a stream gives, up to a byte more than is taken, so that too much is seen as such.
    pub(crate) fn sealed_stream(stream: File) -> io::Result<OwnedFd> {
        let memory =
            rustix::fs::memfd_create("descry-picture", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut file = File::from(memory);
        io::copy(&mut stream.take(MAXIMUM_BYTES + 1), &mut file)?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        Ok(file.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(source: FileSource) -> Result<Frame, SourceError> {
        Box::new(source).capture(&Cancel::default())
    }

    #[test]
    fn what_is_named_is_looked_at_before_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, sentence) in [
            (folder.path().join("none"), "there is no such file"),
            (folder.path().to_owned(), "it is a folder, not a picture"),
            (socket, "it is not a regular file"),
            ("/dev/zero".into(), "it is not a regular file"),
        ] {
            assert_eq!(
                capture(FileSource::Path(path.clone())).unwrap_err().to_string(),
                sentence,
                "{path:?}"
            );
            let error = FileSource::Path(path.clone()).into_descriptor().unwrap_err();
            assert_eq!(error.to_string(), sentence, "{path:?}");
        }
    }

    #[test]
    fn a_picture_is_upright_and_dated() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rotated.jpg");
        let before = SystemTime::now();
        let frame = capture(FileSource::Path(path)).unwrap();
        assert_eq!(frame.pixels.dimensions(), (48, 32));
        assert_eq!(frame.origin, Origin::File);
        assert!(frame.captured_at >= before);
    }
}
