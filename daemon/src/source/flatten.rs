//! Turns what decoders yield into grey or RGB of 8 bits over white, where it lies: no second picture in memory.

use image::ColorType;

/// Pixels of one (grey) or three (RGB) bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flat {
    /// Row after row, without gaps.
    pub(super) pixels: Vec<u8>,
    /// Bytes for one pixel: 1 or 3.
    pub(super) channels: usize,
}

/// Flattens pixels of `color`: 16 bits and floating point (0 to 1) become 8 bits, transparency lets white through.
/// `None` for a colour type that no decoder here yields.
pub(super) fn flatten(mut pixels: Vec<u8>, color: ColorType) -> Option<Flat> {
    match color {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {}
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            narrow(&mut pixels, |bytes: [u8; 2]| ((u32::from(u16::from_ne_bytes(bytes)) + 128) / 257) as u8);
        }
        ColorType::Rgb32F | ColorType::Rgba32F => {
            // `as` takes what is no number, or too small, to 0 and what is too large to 255.
            narrow(&mut pixels, |bytes: [u8; 4]| (f32::from_ne_bytes(bytes) * 255.0).round() as u8);
        }
        _ => return None,
    }
    let channels = match color.channel_count() {
        2 => {
            over_white::<2>(&mut pixels);
            1
        }
        4 => {
            over_white::<4>(&mut pixels);
            3
        }
        channels => usize::from(channels),
    };
    Some(Flat { pixels, channels })
}

/// Replaces each group of `N` bytes by one.
fn narrow<const N: usize>(bytes: &mut Vec<u8>, to_byte: impl Fn([u8; N]) -> u8) {
    let count = bytes.len() / N;
    for index in 0..count {
        let mut group = [0; N];
        group.copy_from_slice(&bytes[index * N..][..N]);
        bytes[index] = to_byte(group);
    }
    bytes.truncate(count);
}

/// Puts each pixel of `N` bytes, the last of which is opacity, over white, and drops the opacity.
fn over_white<const N: usize>(bytes: &mut Vec<u8>) {
    let count = bytes.len() / N;
    for index in 0..count {
        let opacity = u32::from(bytes[index * N + N - 1]);
        for channel in 0..N - 1 {
            let value = u32::from(bytes[index * N + channel]);
            let blended = (value * opacity + 255 * (255 - opacity) + 127) / 255;
            bytes[index * (N - 1) + channel] = blended as u8;
        }
    }
    bytes.truncate(count * (N - 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    #[test]
    fn every_kind_becomes_grey_or_rgb() {
        for (pixels, color, expected, channels) in [
            (vec![1, 2], ColorType::L8, vec![1, 2], 1),
            (vec![10, 255, 10, 0, 0, 128], ColorType::La8, vec![10, 255, 127], 1),
            (vec![1, 2, 3], ColorType::Rgb8, vec![1, 2, 3], 3),
            (vec![1, 2, 3, 255, 1, 2, 3, 0], ColorType::Rgba8, vec![1, 2, 3, 255, 255, 255], 3),
            (native(&[0, 65535, 32768]), ColorType::L16, vec![0, 255, 128], 1),
            (native(&[0, 65535]), ColorType::La16, vec![0], 1),
            (native(&[0, 257, 65535]), ColorType::Rgb16, vec![0, 1, 255], 3),
            (native(&[0, 257, 65535, 0]), ColorType::Rgba16, vec![255, 255, 255], 3),
            (floats(&[-1.0, 0.5, f32::NAN]), ColorType::Rgb32F, vec![0, 128, 0], 3),
            (floats(&[0.0, 2.0, 1.0, 1.0]), ColorType::Rgba32F, vec![0, 255, 255], 3),
        ] {
            assert_eq!(flatten(pixels, color), Some(Flat { pixels: expected, channels }), "{color:?}");
        }
    }
}
