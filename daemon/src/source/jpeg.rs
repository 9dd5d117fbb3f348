//! JPEG, decoded straight from the file, after a walk over its segments that tells what decoding will cost and
//! whether its end is there.
//!
//! The decoder fills what is missing with grey and says nothing, so a picture that was cut off has to be found out
//! beforehand. Progressive pictures, and those whose components come one after the other, are held in memory as
//! coefficients until their last scan; they are allowed fewer pixels.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{colorspace::ColorSpace, options::DecoderOptions},
};

use super::{
    SourceError,
    decode::{Decoded, check_pixels, make_room},
    encoded::Encoded,
    flatten::Flat,
};

const FORMAT: &str = "JPEG";

/// What a JPEG's segments say about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Outline {
    width: u16,
    height: u16,
    /// Horizontal and vertical sampling factors of each component.
    sampling: Vec<(u8, u8)>,
    progressive: bool,
    /// How many components the first scan holds.
    first_scan: u8,
    /// Bytes of notes, profiles and previews, which the decoder keeps, and some of them twice.
    extras: u64,
}

impl Outline {
    /// Bytes of one pixel of the result: grey stays grey.
    fn channels(&self) -> usize {
        if self.sampling.len() == 1 { 1 } else { 3 }
    }

    /// Bytes that the decoder needs, its result included.
    fn memory(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let result = pixels * self.channels() as u64 + 2 * self.extras;
        let buffered = self.progressive || usize::from(self.first_scan) < self.sampling.len();
        if !buffered {
            return result;
        }
        let factor = |axis: fn(&(u8, u8)) -> u8| {
            self.sampling.iter().map(axis).max().map_or(1, |factor| u64::from(factor.max(1)))
        };
        let (widest, highest) = (factor(|sampling| sampling.0), factor(|sampling| sampling.1));
        let units = u64::from(self.width).div_ceil(8 * widest) * u64::from(self.height).div_ceil(8 * highest);
        let blocks: u64 = self.sampling.iter().map(|(x, y)| units * u64::from(*x) * u64::from(*y)).sum();
        // 64 coefficients of two bytes for each block.
        result + blocks * 128
    }

    fn name(&self) -> &'static str {
        if self.progressive { "progressive JPEG" } else { FORMAT }
    }
}

/// Decodes a JPEG of any colour space to grey or RGB.
pub(super) fn decode(mut reader: BufReader<Encoded>) -> Result<Decoded, SourceError> {
    let outline = outline(&mut reader)?;
    let (width, height) = (u32::from(outline.width), u32::from(outline.height));
    check_pixels(width, height)?;
    make_room(outline.name(), width, height, outline.memory() + reader.get_ref().held())?;
    reader.seek(SeekFrom::Start(0)).map_err(SourceError::Unreadable)?;

    let channels = outline.channels();
    let colors = if channels == 1 { ColorSpace::Luma } else { ColorSpace::RGB };
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(colors);
    let mut decoder = JpegDecoder::new_with_options(reader, options);
    decoder.decode_headers().map_err(to_error)?;
    let mut pixels = vec![0; width as usize * height as usize * channels];
    if decoder.output_buffer_size() != Some(pixels.len()) {
        return Err(damaged("its headers contradict each other"));
    }
    decoder.decode_into(&mut pixels).map_err(to_error)?;
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    Ok(Decoded {
        flat: Flat { pixels, channels },
        width,
        height,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
    })
}

/// Walks over all segments to the end-of-image marker.
///
/// Previews lie inside segments and are passed over with them, so the marker found is the picture's own; what
/// follows it (other pictures, notes of a camera) is not looked at.
fn outline(reader: &mut (impl BufRead + Seek)) -> Result<Outline, SourceError> {
    let mut outline = Outline::default();
    if (byte(reader)?, byte(reader)?) != (0xFF, 0xD8) {
        return Err(SourceError::NotAPicture);
    }
    loop {
        match next_marker(reader)? {
            // Stand-alone: nothing follows them.
            0x01 | 0xD0..=0xD8 => {}
            0xD9 if outline.first_scan == 0 => return Err(damaged("it ends before its first scan")),
            0xD9 => return Ok(outline),
            marker => {
                let length = u64::from(byte(reader)?) << 8 | u64::from(byte(reader)?);
                let length = length.checked_sub(2).ok_or_else(|| damaged("a segment has no length"))?;
                segment(marker, &mut reader.by_ref().take(length), &mut outline)?;
            }
        }
    }
}

/// Reads one segment, to its end.
fn segment(
    marker: u8,
    content: &mut std::io::Take<impl BufRead>,
    outline: &mut Outline,
) -> Result<(), SourceError> {
    match marker {
        0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if outline.sampling.is_empty() => {
            let mut head = [0; 6];
            content.read_exact(&mut head).map_err(to_read_error)?;
            outline.progressive = matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE);
            outline.height = u16::from_be_bytes([head[1], head[2]]);
            outline.width = u16::from_be_bytes([head[3], head[4]]);
            for _ in 0..head[5] {
                let mut component = [0; 3];
                content.read_exact(&mut component).map_err(to_read_error)?;
                outline.sampling.push((component[1] >> 4, component[1] & 15));
            }
            if outline.width == 0 || outline.height == 0 || outline.sampling.is_empty() {
                return Err(damaged("it has no pixels"));
            }
        }
        0xE0..=0xEF => outline.extras += content.limit(),
        0xDA if outline.first_scan == 0 => outline.first_scan = byte(content)?,
        _ => {}
    }
    while content.limit() > 0 {
        let available = content.fill_buf().map_err(to_read_error)?.len();
        if available == 0 {
            return Err(SourceError::CutOff(FORMAT));
        }
        content.consume(available);
    }
    Ok(())
}

/// The next marker, past compressed data, stuffed zeros, restart markers and fill bytes.
fn next_marker(reader: &mut impl BufRead) -> Result<u8, SourceError> {
    loop {
        loop {
            let available = reader.fill_buf().map_err(to_read_error)?;
            if available.is_empty() {
                return Err(SourceError::CutOff(FORMAT));
            }
            let (found, used) = match available.iter().position(|byte| *byte == 0xFF) {
                Some(index) => (true, index + 1),
                None => (false, available.len()),
            };
            reader.consume(used);
            if found {
                break;
            }
        }
        let mut marker = byte(reader)?;
        while marker == 0xFF {
            marker = byte(reader)?;
        }
        if marker != 0 && !(0xD0..=0xD7).contains(&marker) {
            return Ok(marker);
        }
    }
}

fn byte(reader: &mut impl Read) -> Result<u8, SourceError> {
    let mut byte = [0];
    reader.read_exact(&mut byte).map_err(to_read_error)?;
    Ok(byte[0])
}

fn to_read_error(error: std::io::Error) -> SourceError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => SourceError::CutOff(FORMAT),
        _ => SourceError::Unreadable(error),
    }
}

fn to_error(error: DecodeErrors) -> SourceError {
    match error {
        DecodeErrors::Unsupported(_) => SourceError::Unsupported(FORMAT),
        error => damaged(&format!("{error:?}")),
    }
}

fn damaged(detail: &str) -> SourceError {
    SourceError::Damaged { format: FORMAT, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Start, an application segment with a whole small JPEG's end inside, frame, scan, data, end, and a tail.
    fn sample(frame_marker: u8, components: &[u8], scan_components: u8) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9];
        bytes.extend([0xFF, frame_marker, 0, 8 + 3 * components.len() as u8, 8, 0, 16, 0, 32]);
        bytes.push(components.len() as u8);
        for (index, sampling) in components.iter().enumerate() {
            bytes.extend([index as u8 + 1, *sampling, 0]);
        }
        bytes.extend([
            0xFF,
            0xDA,
            0,
            3,
            scan_components,
            1,
            2,
            0xFF,
            0,
            3,
            0xFF,
            0xD0,
            4,
            0xFF,
            0xFF,
            0xD9,
            9,
            9,
        ]);
        bytes
    }

    #[test]
    fn the_outline_tells_what_decoding_costs() {
        for (marker, components, scan, progressive, memory) in [
            (0xC0, &[0x11][..], 1, false, 32 * 16),
            (0xC0, &[0x22, 0x11, 0x11], 3, false, 32 * 16 * 3),
            // One component after the other: all coefficients wait, 1.5 for each pixel at 4:2:0.
            (0xC0, &[0x22, 0x11, 0x11], 1, false, 32 * 16 * 3 + 32 * 16 * 3),
            (0xC2, &[0x11, 0x11, 0x11], 3, true, 32 * 16 * 3 + 32 * 16 * 6),
        ] {
            let outline = outline(&mut Cursor::new(sample(marker, components, scan))).unwrap();
            assert_eq!((outline.width, outline.height), (32, 16));
            assert_eq!(outline.progressive, progressive);
            assert_eq!(outline.memory(), memory + 2 * 4, "{marker:x} {components:?} {scan}");
        }
    }

    #[test]
    fn every_shorter_file_is_cut_off() {
        let whole = sample(0xC0, &[0x22, 0x11, 0x11], 3);
        for length in 2..whole.len() - 2 {
            let result = outline(&mut Cursor::new(&whole[..length]));
            assert!(matches!(result, Err(SourceError::CutOff(_))), "{length}: {result:?}");
        }
    }

    #[test]
    fn any_bytes_end_in_an_answer() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for round in 0..20_000 {
            let mut bytes = sample(0xC0, &[0x22, 0x11, 0x11], 3);
            for _ in 0..=round % 8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            let _ = outline(&mut Cursor::new(bytes));
        }
    }
}
