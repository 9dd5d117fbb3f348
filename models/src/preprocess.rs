//! The only resize and normalise: a picture of 8-bit RGB, rows of pixels, becomes f32 planes.
//!
//! | | layout | range |
//! |---|---|---|
//! | in | `[height, width, 3]`, sRGB as it was decoded, upright | 0..=255 |
//! | resized | `[manifest height, manifest width, 3]`, rounded to whole levels | 0..=255 |
//! | out | `[1, 3, manifest height, manifest width]` | `(pixel - mean) / scale`; -1..=1 with mean and scale 127.5 |
//!
//! The resize is a bilinear convolution whose kernel grows with the reduction, so that each output pixel weighs every
//! input pixel under it (as Pillow's `BILINEAR` does); a picture that already has the size is taken as it is, bit for
//! bit. Trainer and engines share this function, so what is scored is what is run.

use std::error::Error;

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::RgbImage;

use crate::{
    PreprocessError,
    manifest::{Preprocessing, Resize},
};

/// The most pixels that a picture may have: 64 megapixels, 192 MiB as 8-bit RGB.
pub const MAXIMUM_PIXELS: u64 = 64 << 20;

/// The encoder's input: `[1, 3, height, width]`, the red plane first.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    /// `3 * height * width` values, `(pixel - mean) / scale`.
    pub values: Vec<f32>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Pixels {
    /// `[1, 3, height, width]`.
    #[must_use]
    pub fn shape(&self) -> [usize; 4] {
        [1, 3, self.height as usize, self.width as usize]
    }
}

/// Makes a picture into what the encoder takes.
///
/// The preprocessing is taken as checked, as it is in every manifest that was read.
pub fn pixels(picture: &RgbImage, preprocessing: &Preprocessing) -> Result<Pixels, PreprocessError> {
    let (width, height) = picture.dimensions();
    if !(1..=MAXIMUM_PIXELS).contains(&(u64::from(width) * u64::from(height))) {
        return Err(PreprocessError::Size { width, height, limit: MAXIMUM_PIXELS });
    }
    if (width, height) == (preprocessing.width, preprocessing.height) {
        return Ok(normalised(picture.as_raw(), preprocessing));
    }
    let resized = match preprocessing.resize {
        Resize::Squeeze => squeezed(picture, preprocessing.width, preprocessing.height)?,
    };
    Ok(normalised(resized.as_raw(), preprocessing))
}

/// The whole picture at another size, whatever its proportions; neither picture may be empty.
pub fn squeezed(picture: &RgbImage, width: u32, height: u32) -> Result<RgbImage, PreprocessError> {
    let bytes = resized(picture.as_raw(), picture.dimensions(), (width, height), FilterType::Bilinear)?;
    RgbImage::from_raw(width, height, bytes)
        .ok_or_else(|| PreprocessError::Resize("the result has another size".to_owned()))
}

/// Rows of RGB pixels made fewer and shorter, so that each new pixel is the mean of a box of old ones, which count once and
/// whole: for a picture that is too large to be squeezed at once, part by part. Sizes are across and down, and none is 0.
pub fn averaged(pixels: &[u8], size: (u32, u32), new_size: (u32, u32)) -> Result<Vec<u8>, PreprocessError> {
    resized(pixels, size, new_size, FilterType::Box)
}

fn resized(
    pixels: &[u8],
    size: (u32, u32),
    new_size: (u32, u32),
    filter: FilterType,
) -> Result<Vec<u8>, PreprocessError> {
    let mut bytes = vec![0; new_size.0 as usize * new_size.1 as usize * 3];
    let failed = |error: &dyn Error| PreprocessError::Resize(error.to_string());
    // Of one pixel type: the library's untyped calls would compile every type's resize into this crate.
    let source = TypedImageRef::<U8x3>::from_buffer(size.0, size.1, pixels);
    let target = TypedImage::<U8x3>::from_buffer(new_size.0, new_size.1, &mut bytes);
    let (source, mut target) =
        (source.map_err(|error| failed(&error))?, target.map_err(|error| failed(&error))?);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(|error| failed(&error))?;
    Ok(bytes)
}

/// Rows of pixels to planes, each `(pixel - mean) / scale`.
fn normalised(bytes: &[u8], preprocessing: &Preprocessing) -> Pixels {
    let mut values = Vec::with_capacity(bytes.len());
    for channel in 0..3 {
        let (mean, scale) = (preprocessing.mean[channel], preprocessing.scale[channel]);
        values.extend(bytes.chunks_exact(3).map(|pixel| (f32::from(pixel[channel]) - mean) / scale));
    }
    Pixels { values, width: preprocessing.width, height: preprocessing.height }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn to(width: u32, height: u32) -> Preprocessing {
        Preprocessing { width, height, resize: Resize::Squeeze, mean: [127.5; 3], scale: [127.5; 3] }
    }

    /// What the level was before it was normalised.
    fn level(value: f32) -> f32 {
        value * 127.5 + 127.5
    }

    #[test]
    fn a_picture_of_the_right_size_passes_bit_for_bit() {
        let picture =
            RgbImage::from_fn(5, 3, |x, y| Rgb([(x * 50) as u8, (y * 100) as u8, (x * 7 + y * 31) as u8]));
        let pixels = pixels(&picture, &to(5, 3)).expect("pixels");
        assert_eq!(pixels.shape(), [1, 3, 3, 5]);
        for (x, y, pixel) in picture.enumerate_pixels() {
            for channel in 0..3 {
                let value = pixels.values[channel * 15 + (y * 5 + x) as usize];
                let due = (f32::from(pixel[channel]) - 127.5) / 127.5;
                assert_eq!(value.to_bits(), due.to_bits(), "{x} {y} {channel}");
            }
        }
    }

    #[test]
    fn each_channel_has_its_own_mean_and_scale() {
        let picture = RgbImage::from_pixel(1, 1, Rgb([10, 20, 30]));
        let preprocessing = Preprocessing { mean: [0.0, 10.0, 40.0], scale: [1.0, 2.0, 0.5], ..to(1, 1) };
        assert_eq!(pixels(&picture, &preprocessing).expect("pixels").values, [10.0, 5.0, -20.0]);
    }

    #[test]
    fn a_reduction_weighs_every_pixel() {
        // One white pixel of 64: a resize that only looked at the four pixels nearest to the middle would miss it.
        let mut picture = RgbImage::new(8, 8);
        picture.put_pixel(1, 6, Rgb([255, 255, 255]));
        let small = pixels(&picture, &to(1, 1)).expect("pixels");
        assert!(small.values.iter().all(|value| (1.0..8.0).contains(&level(*value))), "{:?}", small.values);
        // A checkerboard becomes grey.
        let board = RgbImage::from_fn(64, 64, |x, y| Rgb([if (x + y) % 2 == 0 { 0 } else { 255 }; 3]));
        let small = pixels(&board, &to(8, 8)).expect("pixels");
        assert!(small.values.iter().all(|value| (level(*value) - 127.5).abs() < 3.0));
    }

    #[test]
    fn the_whole_picture_is_squeezed() {
        // Left half black, right half white, three times as wide as high.
        let picture = RgbImage::from_fn(300, 100, |x, _| Rgb([if x < 150 { 0 } else { 255 }; 3]));
        let pixels = pixels(&picture, &to(4, 4)).expect("pixels");
        for row in pixels.values.chunks_exact(4) {
            assert!(level(row[0]) < 1.0 && level(row[3]) > 254.0, "{row:?}");
        }
    }

    #[test]
    fn a_flat_colour_stays_flat_at_any_size() {
        for (width, height) in [(1, 1), (1, 900), (900, 1), (223, 225), (640, 480)] {
            let picture = RgbImage::from_pixel(width, height, Rgb([200, 100, 50]));
            let pixels = pixels(&picture, &to(224, 224)).expect("pixels");
            for (plane, due) in pixels.values.chunks_exact(224 * 224).zip([200.0, 100.0, 50.0]) {
                assert!(plane.iter().all(|value| (level(*value) - due).abs() < 0.01), "{width} x {height}");
            }
        }
    }

    #[test]
    fn a_mean_has_every_old_pixel_once_and_whole() {
        let (width, narrow) = (41, 13);
        let mut counts = vec![0; narrow as usize];
        for light in 0..width {
            // One column is light. It is in one of the means, of three pixels or four.
            let picture = RgbImage::from_fn(width, 6, |x, _| Rgb([if x == light { 240 } else { 0 }; 3]));
            let small = averaged(picture.as_raw(), (width, 6), (narrow, 2)).unwrap();
            let (first, last) = small.split_at(small.len() / 2);
            assert_eq!(first, last);
            let found: Vec<_> = first.chunks_exact(3).map(|pixel| pixel[1]).collect();
            assert!(found.iter().all(|level| [0, 60, 80].contains(level)), "{light}: {found:?}");
            let [at] = (0..found.len()).filter(|at| found[*at] > 0).collect::<Vec<_>>()[..] else {
                panic!("{light}: {found:?}")
            };
            counts[at] += 1;
        }
        assert!(counts.iter().all(|count| (3..=4).contains(count)), "{counts:?}");
    }

    #[test]
    fn refuses_pictures_without_pixels() {
        for (width, height) in [(0, 0), (0, 7), (7, 0)] {
            let error = pixels(&RgbImage::new(width, height), &to(4, 4)).expect_err("no pixels");
            assert!(error.to_string().contains(&format!("{width} x {height}")), "{error}");
        }
    }
}
