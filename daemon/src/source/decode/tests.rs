//! Every kind of picture that people have, and what is wrong with some of them.

use std::io::Cursor;

use image::{
    DynamicImage, Frame, Rgb, Rgba, RgbaImage,
    codecs::{gif::GifEncoder, jpeg::JpegEncoder},
};

use super::*;
use crate::request::{Cancel, Reason};

const CMYK: &[u8] = include_bytes!("../../../tests/fixtures/cmyk.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../../tests/fixtures/progressive.jpg");
const GREY: &[u8] = include_bytes!("../../../tests/fixtures/grey.jpg");
const ROTATED: &[u8] = include_bytes!("../../../tests/fixtures/rotated.jpg");
const LOSSY: &[u8] = include_bytes!("../../../tests/fixtures/lossy.webp");
const TRANSPARENT: &[u8] = include_bytes!("../../../tests/fixtures/transparent.webp");
const ANIMATED: &[u8] = include_bytes!("../../../tests/fixtures/animated.webp");

fn open(bytes: &[u8]) -> Result<RgbImage, SourceError> {
    decode(Encoded::from_stream(bytes, &Cancel::default())?, Size::Readable)
}

/// The picture of the fixtures: 48 x 32, left half red, right half blue, top left quarter white.
fn expected(x: u32, y: u32) -> [u8; 3] {
    match (x < 24, y < 16) {
        (true, true) => [255, 255, 255],
        (true, false) => [255, 0, 0],
        (false, _) => [0, 0, 255],
    }
}

fn sample() -> DynamicImage {
    RgbImage::from_fn(48, 32, |x, y| Rgb(expected(x, y))).into()
}

/// As the sample, where the white is nothing at all.
fn see_through() -> DynamicImage {
    let pixel = |x, y| {
        let [red, green, blue] = expected(x, y);
        if (red, green) == (255, 255) { Rgba([0, 0, 0, 0]) } else { Rgba([red, green, blue, 255]) }
    };
    RgbaImage::from_fn(48, 32, pixel).into()
}

fn write(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn gif() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.encode_frame(Frame::new(see_through().into_rgba8())).unwrap();
    encoder.encode_frame(Frame::new(RgbaImage::from_pixel(48, 32, Rgba([0, 255, 0, 255])))).unwrap();
    drop(encoder);
    bytes
}

#[test]
fn every_format_gives_the_same_picture() {
    let deep = |picture: &DynamicImage| DynamicImage::from(picture.to_rgb16());
    for (name, bytes) in [
        ("PNG", write(&sample(), ImageFormat::Png)),
        ("PNG, 16 bits", write(&deep(&sample()), ImageFormat::Png)),
        ("PNG, 16 bits, transparent", write(&see_through().to_rgba16().into(), ImageFormat::Png)),
        ("PNG, transparent", write(&see_through(), ImageFormat::Png)),
        ("GIF, animated", gif()),
        ("TIFF", write(&sample(), ImageFormat::Tiff)),
        ("TIFF, 16 bits", write(&deep(&sample()), ImageFormat::Tiff)),
        ("TIFF, floating point", write(&sample().to_rgb32f().into(), ImageFormat::Tiff)),
        ("BMP", write(&sample(), ImageFormat::Bmp)),
        ("WebP, lossless", write(&sample(), ImageFormat::WebP)),
        ("WebP, lossy", LOSSY.to_vec()),
        ("WebP, transparent", TRANSPARENT.to_vec()),
        ("WebP, animated", ANIMATED.to_vec()),
        ("JPEG", write(&sample(), ImageFormat::Jpeg)),
        ("JPEG, progressive", PROGRESSIVE.to_vec()),
        ("JPEG, four inks", CMYK.to_vec()),
        ("JPEG, on its side", ROTATED.to_vec()),
    ] {
        let picture = open(&bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(picture.dimensions(), (48, 32), "{name}");
        for (x, y) in [(4, 4), (4, 27), (43, 4), (43, 27), (12, 8), (36, 16)] {
            let (found, expected) = (picture.get_pixel(x, y).0, expected(x, y));
            let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 40);
            assert!(near, "{name} at {x},{y}: {found:?} where {expected:?} is due");
        }
    }
}

#[test]
fn grey_pictures_become_rgb() {
    for (name, bytes) in [
        ("JPEG", GREY.to_vec()),
        ("PNG", write(&sample().to_luma8().into(), ImageFormat::Png)),
        ("PNG, 16 bits", write(&sample().to_luma16().into(), ImageFormat::Png)),
    ] {
        let picture = open(&bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let [red, green, blue] = picture.get_pixel(4, 4).0;
        assert!(red > 240 && red == green && green == blue, "{name}: {red} {green} {blue}");
        assert!(picture.get_pixel(40, 20).0[0] < 100, "{name}");
    }
}

#[test]
fn a_picture_keeps_its_size_unless_it_is_larger_than_a_screen() {
    for (size, width, height, is_kept) in [
        (Size::Readable, 2400, 1600, true),
        (Size::Readable, 5120, 3200, true),
        (Size::Readable, 5121, 3200, false),
        (Size::Whole, 8000, 8000, true),
    ] {
        assert_eq!(size.keeps(width, height), is_kept, "{size:?} {width} x {height}");
    }
    let mut bytes = Vec::new();
    let picture = RgbImage::from_fn(1600, 1536, |x, y| Rgb(expected(x / 34, y / 48)));
    JpegEncoder::new(&mut bytes).encode_image(&picture).unwrap();
    let picture = open(&bytes).unwrap();
    assert_eq!(picture.dimensions(), (1600, 1536));
    // A photograph is small from the moment that it is known to be one.
    let small = crate::source::shrunk(&picture).unwrap();
    assert_eq!(small.dimensions(), (800, 768));
    assert!(small.get_pixel(100, 600).0[0] > 240 && small.get_pixel(100, 600).0[2] < 20);
}

/// All samples that are stored with their sizes known, by format.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let noise =
        RgbImage::from_fn(96, 64, |x, y| Rgb([(x * 31 + y * 17) as u8, (x * y) as u8, (x ^ y) as u8]));
    let noise = DynamicImage::from(noise);
    vec![
        ("PNG", write(&noise, ImageFormat::Png)),
        ("GIF", gif()),
        ("TIFF", write(&noise, ImageFormat::Tiff)),
        ("BMP", write(&noise, ImageFormat::Bmp)),
        ("WebP", write(&noise, ImageFormat::WebP)),
        ("WebP", LOSSY.to_vec()),
        ("WebP", ANIMATED.to_vec()),
        ("JPEG", write(&noise, ImageFormat::Jpeg)),
        ("JPEG", PROGRESSIVE.to_vec()),
        ("JPEG", CMYK.to_vec()),
    ]
}

#[test]
fn a_picture_that_is_cut_off_says_so() {
    for (format, bytes) in samples() {
        for part in [30, 50, 70] {
            let cut = &bytes[..bytes.len() * part / 100];
            // The first frame of an animation may be whole.
            match open(cut) {
                Ok(_) => assert!(["GIF", "WebP"].contains(&format), "{format} of {part} % is a picture"),
                Err(SourceError::CutOff(found)) => assert_eq!(found, format),
                Err(error) => panic!("{format} of {part} %: {error:?}"),
            }
        }
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    for (bytes, sentence) in [
        (&b""[..], "the file is empty"),
        (
            b"just some words",
            "this is not a picture that Descry can read (JPEG, PNG, GIF, WebP, TIFF or BMP)",
        ),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "this kind of HEIC picture cannot be read: save it as JPEG or PNG",
        ),
        (
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
            "this kind of AVIF picture cannot be read: save it as JPEG or PNG",
        ),
        (b"\xff\xd8\xff", "the JPEG picture is cut off: its end is missing"),
        (b"\x89PNG\r\n\x1a\n", "the PNG picture is cut off: its end is missing"),
        (b"GIF89a", "the GIF picture is cut off: its end is missing"),
    ] {
        let error = open(bytes).unwrap_err();
        assert_eq!(error.to_string(), sentence, "{error:?}");
    }
}

/// Puts a size into a picture's header.
fn resized(format: &str, side: u32) -> Vec<u8> {
    let small = side as u16;
    match format {
        "JPEG" => {
            let mut bytes = write(&sample(), ImageFormat::Jpeg);
            let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
            bytes[frame + 5..frame + 7].copy_from_slice(&small.to_be_bytes());
            bytes[frame + 7..frame + 9].copy_from_slice(&small.to_be_bytes());
            bytes
        }
        "PNG" => {
            let mut bytes = write(&sample(), ImageFormat::Png);
            bytes[16..20].copy_from_slice(&side.to_be_bytes());
            bytes[20..24].copy_from_slice(&side.to_be_bytes());
            let checksum = crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
            bytes
        }
        "GIF" => {
            let mut bytes = gif();
            bytes[6..8].copy_from_slice(&small.to_le_bytes());
            bytes[8..10].copy_from_slice(&small.to_le_bytes());
            bytes
        }
        _ => {
            let mut bytes = write(&sample(), ImageFormat::Bmp);
            bytes[18..22].copy_from_slice(&side.to_le_bytes());
            bytes[22..26].copy_from_slice(&side.to_le_bytes());
            bytes
        }
    }
}

/// The checksum of PNG's chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |checksum, byte| {
        (0..8).fold(checksum ^ u32::from(*byte), |value, _| {
            (value >> 1) ^ (0xEDB8_8320 & (value & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_picture_of_60000_by_60000_is_too_large() {
    for format in ["JPEG", "PNG", "GIF", "BMP"] {
        let error = open(&resized(format, 60_000)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture is too large: 60000 x 60000 pixels, where at most 64 megapixels are taken",
            "{format}: {error:?}"
        );
    }
}

#[test]
fn a_format_that_needs_more_memory_is_allowed_fewer_pixels() {
    // 7,500 x 7,500 at four bytes each, for GIF.
    let error = open(&resized("GIF", 7_500)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the picture is too large: 7500 x 7500 pixels, where at most 49 megapixels are taken of this kind of GIF"
    );
    let mut progressive = PROGRESSIVE.to_vec();
    let frame = progressive.windows(2).position(|pair| pair == [0xFF, 0xC2]).unwrap();
    progressive[frame + 5..frame + 9].copy_from_slice(&[0x1D, 0x4C, 0x1D, 0x4C]);
    assert!(matches!(
        open(&progressive),
        Err(SourceError::TooMuchMemory { format: "progressive JPEG", width: 7_500, .. })
    ));
}

#[test]
fn a_png_full_of_notes_is_refused_by_name() {
    let picture = write(&sample(), ImageFormat::Png);
    let mut note = b"tEXtComment\0".to_vec();
    note.resize(5 << 20, b'x');
    let length = (note.len() as u32 - 4).to_be_bytes();
    let checksum = crc32(&note).to_be_bytes();
    let bytes = [&picture[..33], &length[..], &note, &checksum, &picture[33..]].concat();
    let error = open(&bytes).unwrap_err();
    assert!(matches!(error, SourceError::TooMuchInside("PNG")), "{error:?}");
}

#[test]
fn bytes_that_were_changed_end_in_an_answer() {
    let mut state = 7_u64;
    for (_, whole) in samples() {
        for _ in 0..200 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = (state >> 25) as u8;
            }
            // A decoder that panics would be caught where it runs; none of these does.
            let _ = open(&bytes).map(|picture| picture.dimensions());
        }
    }
}

#[test]
fn a_request_that_was_called_off_is_not_a_damaged_picture() {
    let cancel = Cancel::default();
    let bytes = write(&sample(), ImageFormat::Png);
    let encoded = Encoded::from_stream(bytes.as_slice(), &cancel).unwrap();
    cancel.cancel(Reason::Asked);
    assert!(matches!(decode(encoded, Size::Readable), Err(SourceError::Cancelled)));
}
