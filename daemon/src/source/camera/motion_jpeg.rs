//! Motion JPEG: each frame a JPEG picture, often with the rest of its buffer after it, and often without the tables that
//! all cameras share.

use image::RgbImage;

use crate::{
    request::Cancel,
    source::{decode, encoded::Encoded},
};

/// Decodes a frame; `None` where it is cut off or damaged, or nobody wants it any more.
pub(super) fn decode(frame: &[u8], cancel: &Cancel) -> Option<RgbImage> {
    let whole = with_tables(trim(frame)?);
    decode::decode(Encoded::from_stream(whole.as_slice(), cancel).ok()?, decode::Size::Whole).ok()
}

/// The picture without what lies before its start and after its end.
///
/// The kernel's count of bytes cannot be relied on: v4l2loopback says of the first frame that its whole buffer is used.
/// What follows may be left of an older, larger frame, an end-of-image marker of its own included, so the first marker
/// after the start of the scan counts. Nothing but a marker has FF before another byte than 00 in there.
fn trim(frame: &[u8]) -> Option<&[u8]> {
    let start = frame.windows(3).position(|bytes| bytes == [0xFF, 0xD8, 0xFF])?;
    let picture = &frame[start..];
    let scan = segments(picture).find(|(marker, _)| *marker == SCAN)?.1;
    let end = picture[scan..].windows(2).position(|bytes| bytes == [0xFF, 0xD9])?;
    Some(&picture[..scan + end + 2])
}

/// The marker of the compressed pixels, of Huffman tables, and of a picture's end.
const SCAN: u8 = 0xDA;
const TABLES: u8 = 0xC4;

/// The segments of a picture with the place of their first byte after the marker, up to the first scan.
fn segments(picture: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let mut at = 2;
    let mut is_done = false;
    std::iter::from_fn(move || {
        if is_done {
            return None;
        }
        while picture.get(at) == Some(&0xFF) && picture.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let [0xFF, marker, high, low] = *picture.get(at..at + 4)? else { return None };
        let found = (marker, at + 2);
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        is_done = marker == SCAN;
        Some(found)
    })
}

/// The picture with the tables of the standard's Annex K where it brings none.
fn with_tables(picture: &[u8]) -> Vec<u8> {
    let mut scan = None;
    for (marker, at) in segments(picture) {
        match marker {
            TABLES => return picture.to_vec(),
            SCAN => scan = Some(at - 2),
            _ => {}
        }
    }
    let (before, after) = picture.split_at(scan.unwrap_or(picture.len()));
    [before, &standard_tables(), after].concat()
}

/// The segment with the four tables: of brightness and of colour, for the mean of a block and for its details.
fn standard_tables() -> Vec<u8> {
    let mut content = Vec::new();
    for (class, lengths, values) in [
        (0x00, &LUMA_MEAN, &MEANS[..]),
        (0x10, &LUMA_DETAIL, &LUMA_DETAILS[..]),
        (0x01, &COLOUR_MEAN, &MEANS[..]),
        (0x11, &COLOUR_DETAIL, &COLOUR_DETAILS[..]),
    ] {
        content.push(class);
        content.extend_from_slice(lengths);
        content.extend_from_slice(values);
    }
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xFF, TABLES], &length[..], &content].concat()
}

/// How many codes there are of each length from 1 to 16 bits.
const LUMA_MEAN: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const COLOUR_MEAN: [u8; 16] = [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
const LUMA_DETAIL: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
const COLOUR_DETAIL: [u8; 16] = [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77];

/// What they stand for, from the shortest code on.
const MEANS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
#[rustfmt::skip]
const LUMA_DETAILS: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
    0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
    0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
    0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];
#[rustfmt::skip]
const COLOUR_DETAILS: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
    0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
    0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
    0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
    0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
    0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

#[cfg(test)]
mod tests {
    use image::{Rgb, codecs::jpeg::JpegEncoder};

    use super::*;

    /// A picture as the encoder makes it, with the standard's tables, each in a segment of its own.
    fn picture() -> Vec<u8> {
        let pixels = RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8 * 4, y as u8 * 5, (x * y) as u8]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&pixels).unwrap();
        bytes
    }

    fn decoded(frame: &[u8]) -> Option<RgbImage> {
        decode(frame, &Cancel::default())
    }

    /// The same without its tables.
    fn bare(picture: &[u8]) -> Vec<u8> {
        let mut bytes = picture[..2].to_vec();
        for (marker, at) in segments(picture) {
            let length = usize::from(u16::from_be_bytes([picture[at], picture[at + 1]]));
            match marker {
                TABLES => {}
                SCAN => bytes.extend_from_slice(&picture[at - 2..]),
                _ => bytes.extend_from_slice(&picture[at - 2..at + length]),
            }
        }
        bytes
    }

    #[test]
    fn tables_that_all_cameras_share_are_put_in() {
        let (whole, bare) = (picture(), bare(&picture()));
        assert!(bare.len() + 300 < whole.len());
        assert_eq!(decoded(&bare).unwrap(), decoded(&whole).unwrap());
        assert_eq!(with_tables(&whole), whole);
    }

    #[test]
    fn what_lies_around_a_picture_is_left_out() {
        let whole = picture();
        let expected = decoded(&whole).unwrap();
        let padded = [&[0, 0, 0xFF, 0][..], &whole, &[0; 5000]].concat();
        assert_eq!(decoded(&padded).unwrap(), expected);
        // The tail of an older, larger frame, with its end.
        let older = [&whole[..], &whole[whole.len() / 2..]].concat();
        assert_eq!(trim(&older).unwrap(), whole);
    }

    #[test]
    fn a_picture_that_is_cut_off_is_none() {
        let whole = picture();
        for length in (0..whole.len() - 1).step_by(7) {
            assert_eq!(decoded(&whole[..length]), None, "{length}");
        }
        assert_eq!(decoded(&[]), None);
    }

    #[test]
    fn any_bytes_end_in_an_answer() {
        let whole = picture();
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for round in 0..3000 {
            let mut bytes = whole.clone();
            for _ in 0..=round % 8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            let _ = with_tables(trim(&bytes).unwrap_or_default());
        }
    }
}
