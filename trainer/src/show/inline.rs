//! Pictures inside the page, as `data:` addresses.

use std::io::Cursor;

use anyhow::Result;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageEncoder as _, RgbImage, RgbaImage};

/// No side of a picture in the page is longer, in pixels: twice as wide as it is shown, for fine screens.
const LONGEST_SIDE: u32 = 480;
/// Of JPEG's 1..=100.
const QUALITY: u8 = 80;

/// A picture, made smaller where it is large.
pub(super) fn jpeg(picture: &RgbImage) -> Result<String> {
    let (width, height) = picture.dimensions();
    let picture = DynamicImage::ImageRgb8(picture.clone());
    let smaller = width.max(height) > LONGEST_SIDE;
    let picture = if smaller { picture.thumbnail(LONGEST_SIDE, LONGEST_SIDE) } else { picture };
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(Cursor::new(&mut bytes), QUALITY))?;
    Ok(format!("data:image/jpeg;base64,{}", base64(&bytes)))
}

/// A small picture with transparency, exactly.
pub(super) fn png(picture: &RgbaImage) -> Result<String> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut bytes).write_image(picture, width, height, image::ExtendedColorType::Rgba8)?;
    Ok(format!("data:image/png;base64,{}", base64(&bytes)))
}

/// RFC 4648's base64, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = bits >> (18 - 6 * place) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648.
    #[test]
    fn base64_as_it_is_defined() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn large_pictures_become_small() {
        let address = jpeg(&RgbImage::new(2000, 10)).expect("a JPEG");
        assert!(address.starts_with("data:image/jpeg;base64,/9j/"), "{}", &address[..60]);
        assert!(address.len() < 4000, "{} bytes", address.len());
    }
}
