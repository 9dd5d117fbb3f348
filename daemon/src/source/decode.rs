//! From encoded bytes to upright pixels, with the memory that it takes known before it is taken.

use std::{
    error::Error,
    io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom},
};

use image::{
    DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, Limits, RgbImage,
    codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, tiff::TiffDecoder, webp::WebPDecoder},
    metadata::Orientation,
};

use super::{
    DECODING_MEMORY, MAXIMUM_PIXELS, SourceError,
    encoded::Encoded,
    flatten::{Flat, flatten},
    jpeg,
    shrink::shrink,
    webp,
};

/// More than what the heap keeps after a network was run: 48 MB, as 16 megapixels take.
const MUCH_MEMORY: u64 = 48_000_000;

/// Bytes that the profiles and texts of a PNG may unpack to. Beyond it they are left out, or the file is refused.
const PNG_EXTRAS: u64 = 4 << 20;

/// A decoded picture before it is made small and upright.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) flat: Flat,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) orientation: Orientation,
}

/// Pixels of a picture that is kept as it is because it may be one of a screen: one of 5120 x 3200.
const READABLE_PIXELS: u64 = 5120 * 3200;

/// How large a picture may remain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// As it is.
    Whole,
    /// As it is, so that what is written in it can be read, unless it is larger than a screen; then small.
    Readable,
}

impl Size {
    /// Whether a picture remains as it is.
    fn keeps(self, width: u32, height: u32) -> bool {
        self == Self::Whole || u64::from(width) * u64::from(height) <= READABLE_PIXELS
    }
}

/// Decodes the first picture in `encoded`: eight bits per channel, RGB, upright, over white, and made smaller if it is
/// larger than it may remain and several times larger than a network looks at.
pub(super) fn decode(encoded: Encoded, size: Size) -> Result<RgbImage, SourceError> {
    let cancel_probe = encoded.cancel_probe();
    let decoded = decode_as_stored(encoded.buffered());
    // A decoder that was made to stop reports whatever the missing bytes looked like to it.
    if cancel_probe.is_cancelled() {
        return Err(SourceError::Cancelled);
    }
    let Decoded { flat: Flat { mut pixels, channels }, width, height, orientation } = decoded?;
    let (width, height) = if size.keeps(width, height) {
        (width, height)
    } else {
        shrink(&mut pixels, width, height, channels).ok_or(SourceError::NotAPicture)?
    };
    let picture = match channels {
        1 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let mut picture = picture.ok_or(SourceError::NotAPicture)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

fn decode_as_stored(mut reader: BufReader<Encoded>) -> Result<Decoded, SourceError> {
    let start = reader.fill_buf().map_err(SourceError::Unreadable)?;
    let format = image::guess_format(start).ok();
    if format.is_none() && is_heif(start) {
        return Err(SourceError::Unsupported("HEIC"));
    }
    let (held, length) = (reader.get_ref().held(), reader.get_ref().length());
    let budget = DECODING_MEMORY.saturating_sub(held);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(budget);
    match format.ok_or(SourceError::NotAPicture)? {
        ImageFormat::Jpeg => jpeg::decode(reader),
        ImageFormat::Png => {
            // The pixels are in memory of ours, so this bounds what else is in the file, unpacked: profiles and texts.
            limits.max_alloc = Some(PNG_EXTRAS);
            let decoder = PngDecoder::with_limits(reader, limits).map_err(|error| to_error(&error, "PNG"))?;
            let needed = held + decoder.total_bytes();
            read(decoder, "PNG", needed)
        }
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(reader).map_err(|error| to_error(&error, "GIF"))?;
            // Notes in the file are kept while it is decoded.
            let needed = held + length + decoder.total_bytes();
            // What remains bounds a first frame that does not fill the screen and is decoded on its own.
            limits.max_alloc = Some(budget.saturating_sub(decoder.total_bytes()));
            decoder.set_limits(limits).map_err(|error| to_error(&error, "GIF"))?;
            read(decoder, "GIF", needed)
        }
        ImageFormat::Tiff => {
            let mut decoder = TiffDecoder::new(reader).map_err(|error| to_error(&error, "TIFF"))?;
            // The decoder holds the picture once by itself, and a strip that may be the whole picture.
            let (width, height) = decoder.dimensions();
            let own = u64::from(decoder.original_color_type().bits_per_pixel()).div_ceil(8)
                * u64::from(width)
                * u64::from(height);
            let needed = held + decoder.total_bytes() + 2 * own;
            limits.max_alloc = Some(budget.saturating_sub(decoder.total_bytes()));
            decoder.set_limits(limits).map_err(|error| to_error(&error, "TIFF"))?;
            read(decoder, "TIFF", needed)
        }
        ImageFormat::WebP => {
            if !webp::is_whole(&mut reader).map_err(SourceError::Unreadable)? {
                return Err(SourceError::CutOff("WebP"));
            }
            // Its size has to be known before the frames inside can be held to it.
            let (width, height) = {
                let decoder = WebPDecoder::new(&mut reader).map_err(|error| to_error(&error, "WebP"))?;
                decoder.dimensions()
            };
            let needed = held + length + webp::memory(&mut reader, width, height)?;
            reader.seek(SeekFrom::Start(0)).map_err(SourceError::Unreadable)?;
            let decoder = WebPDecoder::new(reader).map_err(|error| to_error(&error, "WebP"))?;
            read(decoder, "WebP", needed)
        }
        ImageFormat::Bmp => {
            let decoder = BmpDecoder::new(reader).map_err(|error| to_error(&error, "BMP"))?;
            let needed = held + decoder.total_bytes();
            read(decoder, "BMP", needed)
        }
        ImageFormat::Avif => Err(SourceError::Unsupported("AVIF")),
        _ => Err(SourceError::NotAPicture),
    }
}

/// Reads all pixels, once `needed` bytes are known to be within the bounds.
fn read(mut decoder: impl ImageDecoder, format: &'static str, needed: u64) -> Result<Decoded, SourceError> {
    let (width, height) = decoder.dimensions();
    check_pixels(width, height)?;
    make_room(format, width, height, needed)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let color = decoder.color_type();
    let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels).map_err(|error| to_error(&error, format))?;
    let flat = flatten(pixels, color).ok_or(SourceError::Unsupported(format))?;
    Ok(Decoded { flat, width, height, orientation })
}

/// Refuses pictures without pixels and those with more than [`MAXIMUM_PIXELS`].
pub(super) fn check_pixels(width: u32, height: u32) -> Result<(), SourceError> {
    match u64::from(width) * u64::from(height) {
        0 => Err(SourceError::NotAPicture),
        1..=MAXIMUM_PIXELS => Ok(()),
        _ => Err(SourceError::TooManyPixels { width, height }),
    }
}

/// Makes room for a picture that needs so many bytes: where that is much, the heap gives back first what it keeps of what
/// came before. Refuses what would need more than [`DECODING_MEMORY`], and says how large such a picture may be.
pub(super) fn make_room(
    format: &'static str,
    width: u32,
    height: u32,
    needed: u64,
) -> Result<(), SourceError> {
    if needed <= DECODING_MEMORY {
        if needed > MUCH_MEMORY {
            descry_resident::give_back_heap();
        }
        return Ok(());
    }
    let pixels = u64::from(width) * u64::from(height);
    let allowed = pixels * (DECODING_MEMORY / 1000) / (needed / 1000).max(1);
    Err(SourceError::TooMuchMemory { format, width, height, megapixels: allowed / 1_000_000 })
}

/// Whether these are the first bytes of HEIF, which telephones write and no decoder here reads.
fn is_heif(start: &[u8]) -> bool {
    start.get(4..8) == Some(b"ftyp")
        && start.get(8..12).is_some_and(|brand| {
            [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"]
                .contains(&&[brand[0], brand[1], brand[2], brand[3]])
        })
}

/// What a decoder of the `image` crate said, in our words.
fn to_error(error: &ImageError, format: &'static str) -> SourceError {
    match error {
        ImageError::Unsupported(_) => SourceError::Unsupported(format),
        ImageError::Limits(_) => SourceError::TooMuchInside(format),
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => SourceError::CutOff(format),
        error if ends_early(error) => SourceError::CutOff(format),
        error => SourceError::Damaged { format, detail: error.to_string() },
    }
}

/// Whether an error, or a cause of it, is that the bytes came to an end.
fn ends_early(error: &ImageError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let words = error.to_string().to_lowercase();
        // Some decoders keep the kind to themselves.
        if kind == Some(ErrorKind::UnexpectedEof)
            || ["unexpected end", "unexpected eof", "truncated"].iter().any(|phrase| words.contains(phrase))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests;
