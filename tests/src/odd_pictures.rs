//! Pictures as they should not be, and pictures as they may be but seldom are.

use std::{fs::File, io::BufWriter, path::Path};

use anyhow::{Context, Result};
use image::{
    DynamicImage, Frame, ImageBuffer, ImageEncoder, Rgb, RgbImage,
    codecs::{gif::GifEncoder, jpeg::JpegEncoder},
    imageops::{flip_horizontal, rotate90, rotate180, rotate270},
};

/// The side of a picture that no memory is large enough for.
pub const HUGE: u32 = 60_000;

/// A valid PNG of 60,000 x 60,000 pixels in black and white: half a megabyte that unfolds to 450 MB at one bit, and to
/// 10.8 GB as RGB.
pub fn write_huge_png(path: &Path) -> Result<()> {
    let mut encoder = png::Encoder::new(create(path)?, HUGE, HUGE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    let mut rows = writer.stream_writer()?;
    let row = vec![0_u8; HUGE as usize / 8];
    for _ in 0..HUGE {
        std::io::Write::write_all(&mut rows, &row)?;
    }
    Ok(rows.finish()?)
}

/// A JPEG whose header says 60,000 x 60,000 pixels, made from a JPEG that has far fewer.
pub fn claim_to_be_huge(jpeg: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = jpeg.to_vec();
    // Start of frame: marker, length (2), bits (1), height (2), width (2).
    let frame =
        bytes.windows(2).position(|marker| matches!(marker, [0xFF, 0xC0..=0xC2])).context("no frame")?;
    let side = u16::try_from(HUGE)?.to_be_bytes();
    bytes[frame + 5..frame + 7].copy_from_slice(&side);
    bytes[frame + 7..frame + 9].copy_from_slice(&side);
    Ok(bytes)
}

/// The same picture as a PNG with 16 bits for each channel.
pub fn write_16_bit_png(path: &Path, picture: &RgbImage) -> Result<()> {
    // 257 takes 255 to 65535, so that nothing is lost or gained.
    let wide: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
            Rgb(picture.get_pixel(x, y).0.map(|value| u16::from(value) * 257))
        });
    Ok(DynamicImage::ImageRgb16(wide).save(path)?)
}

/// A GIF that shows one picture after another.
pub fn write_animated_gif(path: &Path, pictures: &[RgbImage]) -> Result<()> {
    let mut encoder = GifEncoder::new_with_speed(create(path)?, 10);
    for picture in pictures {
        encoder.encode_frame(Frame::new(DynamicImage::ImageRgb8(picture.clone()).into_rgba8()))?;
    }
    Ok(())
}

/// A JPEG as a telephone writes it that was held as EXIF's `orientation` says (1 to 8), and the picture as it was seen,
/// pixel for pixel what the JPEG holds.
pub fn write_rotated_photo(path: &Path, seen: &RgbImage, orientation: u8) -> Result<RgbImage> {
    let stored = unturned(seen, orientation);
    let mut writer = create(path)?;
    let mut encoder = JpegEncoder::new_with_quality(&mut writer, 90);
    encoder.set_exif_metadata(exif(orientation))?;
    encoder.write_image(stored.as_raw(), stored.width(), stored.height(), image::ExtendedColorType::Rgb8)?;
    drop(writer);
    // The JPEG loses a little; what it holds is the truth from here on. `image::open` does not turn it.
    let held = image::open(path)?.into_rgb8();
    Ok(turned(&held, orientation))
}

/// What is to be done to stored pixels for them to be upright, by EXIF 2.32, table "Orientation".
fn turned(stored: &RgbImage, orientation: u8) -> RgbImage {
    match orientation {
        2 => flip_horizontal(stored),
        3 => rotate180(stored),
        4 => flip_horizontal(&rotate180(stored)),
        5 => flip_horizontal(&rotate90(stored)),
        6 => rotate90(stored),
        7 => flip_horizontal(&rotate270(stored)),
        8 => rotate270(stored),
        _ => stored.clone(),
    }
}

/// The inverse of [`turned`]: the quarter turns are each other's, the rest are their own.
fn unturned(seen: &RgbImage, orientation: u8) -> RgbImage {
    match orientation {
        6 => turned(seen, 8),
        8 => turned(seen, 6),
        other => turned(seen, other),
    }
}

/// The least EXIF block with an orientation: a little-endian TIFF header and one entry.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0".to_vec();
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    block.extend([0; 4]);
    block
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_undoes_unturning() {
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 0]));
        for orientation in 1..=8 {
            assert_eq!(turned(&unturned(&picture, orientation), orientation), picture, "{orientation}");
        }
    }

    #[test]
    fn photos_carry_their_orientation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo.jpg");
        // The upper left corner as seen is red, the rest blue.
        let seen =
            RgbImage::from_fn(
                64,
                32,
                |x, y| if x < 16 && y < 16 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) },
            );
        for orientation in 1..=8 {
            let upright = write_rotated_photo(&path, &seen, orientation).unwrap();
            assert_eq!(upright.dimensions(), (64, 32), "{orientation}");
            assert!(
                upright.get_pixel(4, 4).0[0] > 200 && upright.get_pixel(60, 28).0[2] > 200,
                "{orientation}"
            );
            // Another reader of EXIF agrees on what was written.
            let mut decoder = image::ImageReader::open(&path).unwrap().into_decoder().unwrap();
            let read = image::ImageDecoder::orientation(&mut decoder).unwrap();
            let mut picture = image::open(&path).unwrap();
            picture.apply_orientation(read);
            assert_eq!(picture.into_rgb8(), upright, "{orientation}");
        }
    }
}
