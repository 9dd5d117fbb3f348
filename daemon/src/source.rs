//! Where pictures come from: a source yields one frame, within bounds, or says in a sentence why not.

pub mod camera;
mod decode;
mod encoded;
pub mod file;
mod flatten;
mod jpeg;
pub mod live;
pub mod screen;
mod shrink;
mod webp;

use std::{fmt, io};

use thiserror::Error;

use crate::{
    frame::Frame,
    request::Cancel,
    words::{Message, message},
};
use camera::CameraError;
use screen::ScreenError;
pub(crate) use shrink::shrunk;

/// Bytes of an encoded picture that are read at most: 32 MiB.
pub const MAXIMUM_BYTES: u64 = 32 << 20;

/// Pixels of a picture that are decoded at most: 64 megapixels, as the makers of telephones count, whose sensors of
/// that name have up to 64.2 million.
pub const MAXIMUM_PIXELS: u64 = 65_000_000;

/// Bytes that decoding one picture may need at most, the decoder's own buffers included.
///
/// With this, and about 95 MB for the program and its network, the whole stays under 300 MB whatever comes.
/// It is just enough for [`MAXIMUM_PIXELS`] of three bytes each.
pub const DECODING_MEMORY: u64 = 197_000_000;

/// Something that yields a picture.
pub trait Source: Send + fmt::Debug {
    /// Takes the picture. It may block, so it is called outside the async tasks; when `cancel` is raised it
    /// ends early with [`SourceError::Cancelled`].
    fn capture(self: Box<Self>, cancel: &Cancel) -> Result<Frame, SourceError>;

    /// Whether its picture is one for the network, as far as that can be known before it is taken. Most of what is on a
    /// screen is read.
    fn is_for_the_network(&self) -> bool {
        true
    }

    /// Whether it looks at what is there now, as a camera does, so that a person wants to know when it looked.
    fn is_live(&self) -> bool {
        false
    }
}

impl From<ScreenError> for SourceError {
    fn from(error: ScreenError) -> Self {
        if matches!(error, ScreenError::Cancelled) { Self::Cancelled } else { Self::Screen(error) }
    }
}

/// Why there is no picture. Each is one sentence that begins in lower case and has no full stop, in English for the log;
/// [`SourceError::message`] is for people.
#[derive(Debug, Error)]
pub enum SourceError {
    /// Nobody wants the picture any more.
    #[error("the request was called off")]
    Cancelled,
    /// There is no picture of the screen.
    #[error(transparent)]
    Screen(ScreenError),
    /// There is no picture of the camera.
    #[error(transparent)]
    Camera(CameraError),
    /// The path, or what standard input is connected to, does not exist.
    #[error("there is no such file")]
    NoSuchFile,
    /// A folder stands where a picture is due.
    #[error("it is a folder, not a picture")]
    Folder,
    /// A device, a socket, or memory that its owner can still change.
    #[error("it is not a regular file")]
    NotAFile,
    /// Shared memory without the seals that forbid its owner to change it.
    #[error("the shared memory with the picture is not sealed against writing and shrinking")]
    NotSealed,
    /// The system did not let it be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// More bytes than [`MAXIMUM_BYTES`].
    #[error("the file is too large: at most {} MiB are read", MAXIMUM_BYTES >> 20)]
    TooManyBytes,
    /// Not any of the formats that are read.
    #[error("this is not a picture that Descry can read (JPEG, PNG, GIF, WebP, TIFF or BMP)")]
    NotAPicture,
    /// A picture of a kind that is not read.
    #[error("this kind of {0} picture cannot be read: save it as JPEG or PNG")]
    Unsupported(&'static str),
    /// Notes or a frame inside that need more memory than is given to a picture.
    #[error("the {0} picture needs too much memory for what it holds besides its pixels: save it anew")]
    TooMuchInside(&'static str),
    /// The end is missing.
    #[error("the {0} picture is cut off: its end is missing")]
    CutOff(&'static str),
    /// The decoder found a contradiction.
    #[error("the {format} picture is damaged")]
    Damaged {
        /// The format's name.
        format: &'static str,
        /// What the decoder said, for the log.
        detail: String,
    },
    /// The decoder ended without an answer.
    #[error("the picture is damaged: its decoder broke off")]
    DecoderEnded,
    /// More pixels than are taken of any picture.
    #[error("the picture is too large: {width} x {height} pixels, where at most 64 megapixels are taken")]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// More memory would be needed than is given to a picture.
    #[error(
        "the picture is too large: {width} x {height} pixels, where at most {megapixels} megapixels are taken of \
         this kind of {format}"
    )]
    TooMuchMemory {
        /// The format's name.
        format: &'static str,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// How many millions of pixels a picture of this kind can have.
        megapixels: u64,
    },
}

impl SourceError {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Cancelled => message!("failure-cancelled"),
            Self::Screen(error) => error.message(),
            Self::Camera(error) => error.message(),
            Self::NoSuchFile => message!("source-no-such-file"),
            Self::Folder => message!("source-folder"),
            Self::NotAFile => message!("source-not-a-file"),
            Self::NotSealed => message!("source-not-sealed"),
            Self::Unreadable(reason) => message!("source-unreadable", reason = reason.to_string()),
            Self::Empty => message!("source-empty"),
            Self::TooManyBytes => message!("source-too-many-bytes", mebibytes = MAXIMUM_BYTES >> 20),
            Self::NotAPicture => message!("source-not-a-picture"),
            Self::Unsupported(format) => message!("source-unsupported", format = *format),
            Self::TooMuchInside(format) => message!("source-too-much-inside", format = *format),
            Self::CutOff(format) => message!("source-cut-off", format = *format),
            Self::Damaged { format, .. } => message!("source-damaged", format = *format),
            Self::DecoderEnded => message!("source-damaged-unknown"),
            // As the makers of telephones count.
            Self::TooManyPixels { width, height } => {
                message!("source-too-many-pixels", width = *width, height = *height, megapixels = 64)
            }
            Self::TooMuchMemory { format, width, height, megapixels } => message!(
                "source-too-much-memory",
                format = *format,
                width = *width,
                height = *height,
                megapixels = *megapixels
            ),
        }
    }
}
