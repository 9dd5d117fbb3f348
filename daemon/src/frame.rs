//! One picture in memory, and where it came from.

use std::time::SystemTime;

use image::RgbImage;

/// What a picture was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A picture's file: named, given as a descriptor, or read from standard input.
    File,
}

/// A picture, upright, over white where it was transparent, and small enough to be kept during inference.
#[derive(Debug, Clone)]
pub struct Frame {
    /// 8 bits per channel, sRGB as it is in nearly every file; colour profiles are not applied.
    pub pixels: RgbImage,
    /// What it was taken from.
    pub origin: Origin,
    /// When it was taken: for a file, when it was read.
    pub captured_at: SystemTime,
}
