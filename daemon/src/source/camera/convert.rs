//! From the bytes of a frame to red, green and blue.

use image::RgbImage;

use super::{format::PixelFormat, motion_jpeg};
use crate::request::Cancel;

/// How a frame lies in its bytes, as the driver said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) format: PixelFormat,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes from one row to the next; 0 where the rows follow each other without a gap.
    pub(super) stride: u32,
    /// Whether black is 0 and white 255, and not 16 and 235. Only for YUYV and NV12.
    pub(super) is_full_range: bool,
}

/// A frame whose bytes do not hold what was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

impl Layout {
    fn row_bytes(&self) -> usize {
        let width = self.width as usize;
        match self.format {
            // Pixels come in pairs.
            PixelFormat::Yuyv => width.div_ceil(2) * 4,
            PixelFormat::Nv12 => width,
            PixelFormat::Rgb3 => width * 3,
            PixelFormat::MotionJpeg => 0,
        }
    }

    fn stride(&self) -> usize {
        (self.stride as usize).max(self.row_bytes())
    }

    /// How many bytes a frame has at least; the gap after the last row may be missing.
    pub(super) fn least_bytes(&self) -> usize {
        let rows = match self.format {
            PixelFormat::MotionJpeg => return 4,
            PixelFormat::Nv12 => self.height as usize + (self.height as usize).div_ceil(2),
            PixelFormat::Yuyv | PixelFormat::Rgb3 => self.height as usize,
        };
        let last_row = match self.format {
            // Colours come in pairs.
            PixelFormat::Nv12 => (self.width as usize).div_ceil(2) * 2,
            _ => self.row_bytes(),
        };
        rows.saturating_sub(1) * self.stride() + last_row
    }
}

/// Converts a frame. Motion JPEG is decoded, within the bounds of every picture, and has the size that it says itself.
pub(super) fn to_rgb(layout: &Layout, bytes: &[u8], cancel: &Cancel) -> Result<RgbImage, Damaged> {
    if bytes.len() < layout.least_bytes() {
        return Err(Damaged);
    }
    if layout.format == PixelFormat::MotionJpeg {
        return motion_jpeg::decode(bytes, cancel).ok_or(Damaged);
    }
    let (width, stride) = (layout.width as usize, layout.stride());
    let matrix = if layout.is_full_range { &FULL } else { &LIMITED };
    let mut pixels = vec![0; width * layout.height as usize * 3];
    let colours = layout.height as usize * stride;
    for (y, out) in pixels.chunks_exact_mut(width * 3).enumerate() {
        let row = &bytes[y * stride..];
        match layout.format {
            PixelFormat::Rgb3 => out.copy_from_slice(&row[..width * 3]),
            PixelFormat::Yuyv => {
                for (pair, four) in out.chunks_mut(6).zip(row.chunks_exact(4)) {
                    for (pixel, luma) in pair.chunks_exact_mut(3).zip([four[0], four[2]]) {
                        pixel.copy_from_slice(&matrix.to_rgb(luma, four[1], four[3]));
                    }
                }
            }
            PixelFormat::Nv12 => {
                let chroma = &bytes[colours + y / 2 * stride..];
                for ((pair, lumas), uv) in out.chunks_mut(6).zip(row.chunks(2)).zip(chroma.chunks_exact(2)) {
                    for (pixel, luma) in pair.chunks_exact_mut(3).zip(lumas) {
                        pixel.copy_from_slice(&matrix.to_rgb(*luma, uv[0], uv[1]));
                    }
                }
            }
            PixelFormat::MotionJpeg => {}
        }
    }
    RgbImage::from_raw(layout.width, layout.height, pixels).ok_or(Damaged)
}

/// The weights of ITU-R BT.601, times 65536: what cameras use unless they say otherwise.
struct Matrix {
    black: i32,
    luma: i32,
    red_from_v: i32,
    green_from_u: i32,
    green_from_v: i32,
    blue_from_u: i32,
}

/// Black is 16, white is 235, colours go from 16 to 240.
const LIMITED: Matrix = Matrix {
    black: 16,
    luma: 76309,
    red_from_v: 104_597,
    green_from_u: 25675,
    green_from_v: 53279,
    blue_from_u: 132_201,
};

/// Black is 0, white is 255.
const FULL: Matrix = Matrix {
    black: 0,
    luma: 65536,
    red_from_v: 91881,
    green_from_u: 22553,
    green_from_v: 46802,
    blue_from_u: 116_130,
};

impl Matrix {
    fn to_rgb(&self, luma: u8, u: u8, v: u8) -> [u8; 3] {
        let luma = (i32::from(luma) - self.black) * self.luma + 32768;
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        [
            luma + self.red_from_v * v,
            luma - self.green_from_u * u - self.green_from_v * v,
            luma + self.blue_from_u * u,
        ]
        .map(|channel| (channel >> 16).clamp(0, 255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(format: PixelFormat, width: u32, height: u32, stride: u32) -> Layout {
        Layout { format, width, height, stride, is_full_range: false }
    }

    fn rgb(layout: &Layout, bytes: &[u8]) -> Result<Vec<u8>, Damaged> {
        to_rgb(layout, bytes, &Cancel::default()).map(RgbImage::into_raw)
    }

    #[test]
    fn colours_are_those_of_the_standard() {
        // As its real numbers have it: 255/219 and 255/224 stretch what is limited.
        for (full, stretch, colour_stretch, black) in
            [(false, 255.0 / 219.0, 255.0 / 224.0, 16.0), (true, 1.0, 1.0, 0.0)]
        {
            let matrix = if full { FULL } else { LIMITED };
            for y in (0..=255).step_by(5) {
                for u in (0..=255).step_by(15) {
                    for v in (0..=255).step_by(15) {
                        let luma = (f64::from(y) - black) * stretch;
                        let (blue, red) = (
                            (f64::from(u) - 128.0) * colour_stretch,
                            (f64::from(v) - 128.0) * colour_stretch,
                        );
                        let expected = [
                            luma + 1.402 * red,
                            luma - 0.344_136 * blue - 0.714_136 * red,
                            luma + 1.772 * blue,
                        ];
                        let found = matrix.to_rgb(y as u8, u as u8, v as u8);
                        for (found, expected) in found.into_iter().zip(expected) {
                            let off = (f64::from(found) - expected.clamp(0.0, 255.0)).abs();
                            assert!(off <= 0.51, "{y} {u} {v}: {found} for {expected}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_format_gives_the_pixels_in_their_places() {
        // Greys, so that what is tested is where they are: brightness 16 is black, 235 white, 126 in between.
        let yuyv = [16, 128, 235, 128, 126, 128, 16, 128, 9, 9, 235, 128, 16, 128, 16, 128, 235, 128, 9, 9];
        let grey = |values: &[u8]| values.iter().flat_map(|value| [*value; 3]).collect::<Vec<u8>>();
        assert_eq!(
            rgb(&layout(PixelFormat::Yuyv, 4, 2, 10), &yuyv).unwrap(),
            grey(&[0, 255, 128, 0, 255, 0, 0, 255])
        );
        // An odd width: the last pair has one pixel that counts.
        assert_eq!(rgb(&layout(PixelFormat::Yuyv, 3, 1, 0), &yuyv).unwrap(), grey(&[0, 255, 128]));
        let nv12 =
            [16, 235, 126, 0, 235, 16, 16, 0, 126, 126, 126, 0, 128, 128, 128, 128, 128, 128, 128, 128];
        let found = rgb(&layout(PixelFormat::Nv12, 3, 3, 4), &nv12).unwrap();
        assert_eq!(found, grey(&[0, 255, 128, 255, 0, 0, 128, 128, 128]));
        let rgb3 = [1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12];
        assert_eq!(
            rgb(&layout(PixelFormat::Rgb3, 2, 2, 7), &rgb3).unwrap(),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        );
    }

    #[test]
    fn a_frame_that_is_too_short_is_damaged() {
        for (format, width, height, stride, least) in [
            (PixelFormat::Yuyv, 4, 2, 0, 16),
            (PixelFormat::Yuyv, 4, 2, 10, 18),
            (PixelFormat::Yuyv, 3, 2, 0, 16),
            (PixelFormat::Nv12, 4, 2, 0, 12),
            (PixelFormat::Nv12, 3, 3, 4, 20),
            (PixelFormat::Rgb3, 5, 3, 16, 47),
        ] {
            let layout = layout(format, width, height, stride);
            assert_eq!(layout.least_bytes(), least, "{layout:?}");
            assert!(rgb(&layout, &vec![0; least]).is_ok(), "{layout:?}");
            assert_eq!(rgb(&layout, &vec![0; least - 1]), Err(Damaged), "{layout:?}");
        }
        assert_eq!(rgb(&layout(PixelFormat::MotionJpeg, 4, 2, 0), &[0xFF, 0xD8, 0xFF]), Err(Damaged));
        assert_eq!(rgb(&layout(PixelFormat::MotionJpeg, 4, 2, 0), &[7; 4000]), Err(Damaged));
    }
}
