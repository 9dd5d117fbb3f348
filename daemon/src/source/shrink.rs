//! Makes a large picture small: means over boxes of whole pixels, some rows at a time.
//!
//! The network sees at most a few hundred pixels across, and resizes by itself. This only spares the memory of
//! pictures that are several times larger, and the time of all that looks at them; all others stay as they are.

use std::ops::Range;

use descry_models::preprocess;
use image::RgbImage;

/// The shorter side is never made smaller than this.
const SHORTEST_SIDE: u32 = 768;

/// The longer side is made no larger than this, at the cost of the picture's proportions if it must be.
const LONGEST_SIDE: u32 = 4096;

/// The size to which a picture of `width` x `height` is shrunk; nothing when it stays as it is.
fn target(width: u32, height: u32) -> Option<(u32, u32)> {
    let factor = (width.min(height) / SHORTEST_SIDE).max(1);
    let size = ((width / factor).min(LONGEST_SIDE), (height / factor).min(LONGEST_SIDE));
    (size != (width, height) && width.min(height) > 0).then_some(size)
}

/// So many new rows are made at a time: what is half done of them stays in the processor's cache, and the memory of a huge
/// picture is not needed twice.
const BAND: u32 = 64;

/// A picture that is several times larger than a network looks at, made smaller; nothing for any other.
#[must_use]
pub(crate) fn shrunk(picture: &RgbImage) -> Option<RgbImage> {
    let size = picture.dimensions();
    let new_size = target(size.0, size.1)?;
    let mut pixels = Vec::with_capacity(new_size.0 as usize * new_size.1 as usize * 3);
    for (old, new) in bands(size.1, new_size.1) {
        let row_bytes = size.0 as usize * 3;
        let band = &picture.as_raw()[old.start * row_bytes..old.end * row_bytes];
        pixels.extend_from_slice(&averaged(band, (size.0, old.len() as u32), (new_size.0, new))?);
    }
    RgbImage::from_raw(new_size.0, new_size.1, pixels)
}

/// The same where the picture lies, so that a huge one is the only one in memory: `pixels` are `height` rows of `width` pixels of
/// one byte or three. Yields the new size; nothing is left of the picture when it yields none.
pub(super) fn shrink(pixels: &mut Vec<u8>, width: u32, height: u32, channels: usize) -> Option<(u32, u32)> {
    let Some((new_width, new_height)) = target(width, height) else { return Some((width, height)) };
    let row_bytes = width as usize * channels;
    let mut end = 0;
    for (old, new) in bands(height, new_height) {
        let band = &pixels[old.start * row_bytes..old.end * row_bytes];
        let (size, new_size) = ((width, old.len() as u32), (new_width, new));
        let band = match channels {
            1 => {
                let coloured: Vec<u8> = band.iter().flat_map(|level| [*level; 3]).collect();
                averaged(&coloured, size, new_size)?.into_iter().step_by(3).collect()
            }
            _ => averaged(band, size, new_size)?,
        };
        // It ends where an old row ends that was read already, or before it.
        pixels[end..][..band.len()].copy_from_slice(&band);
        end += band.len();
    }
    pixels.truncate(end);
    pixels.shrink_to_fit();
    Some((new_width, new_height))
}

/// Of sizes that there are the resize has no error.
fn averaged(pixels: &[u8], size: (u32, u32), new_size: (u32, u32)) -> Option<Vec<u8>> {
    preprocess::averaged(pixels, size, new_size).ok()
}

/// Which old rows become how many new ones, band by band.
fn bands(old: u32, new: u32) -> impl Iterator<Item = (Range<usize>, u32)> {
    let edge = move |row: u32| (u64::from(row) * u64::from(old) / u64::from(new)) as usize;
    (0..new).step_by(BAND as usize).map(move |first| {
        let last = (first + BAND).min(new);
        (edge(first)..edge(last), last - first)
    })
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb};

    use super::*;

    #[test]
    fn only_large_pictures_get_smaller() {
        for (size, expected) in [
            ((1, 1), None),
            ((0, 9000), None),
            ((640, 480), None),
            ((1535, 1535), None),
            ((1536, 1536), Some((768, 768))),
            ((4000, 3000), Some((1333, 1000))),
            ((8192, 8192), Some((819, 819))),
            ((65535, 1000), Some((4096, 1000))),
            ((700, 65535), Some((700, 4096))),
        ] {
            assert_eq!(target(size.0, size.1), expected, "{size:?}");
        }
    }

    #[test]
    fn a_box_becomes_its_mean() {
        // A gradient across: column x has the value x / 8 in the first channel and row y / 8 in the third.
        let picture = RgbImage::from_fn(1600, 1540, |x, y| Rgb([(x / 8) as u8, 100, (y / 8) as u8]));
        let small = shrunk(&picture).unwrap();
        assert_eq!(small.dimensions(), (800, 770));
        for (x, y) in [(0, 0), (1, 3), (400, 400), (799, 769)] {
            assert_eq!(small.get_pixel(x, y).0, [(x / 4) as u8, 100, (y / 4) as u8], "{x},{y}");
        }
    }

    #[test]
    fn every_old_row_is_in_one_band() {
        for (old, new) in [(1601, 800), (4000, 1333), (65535, 4096), (5, 5), (1, 1)] {
            let (mut old_end, mut new_end) = (0, 0);
            for (rows, count) in bands(old, new) {
                assert_eq!(rows.start, old_end);
                assert!(rows.len() >= count as usize && (1..=BAND).contains(&count));
                (old_end, new_end) = (rows.end, new_end + count);
            }
            assert_eq!((old_end, new_end), (old as usize, new));
        }
    }

    #[test]
    fn it_is_the_same_where_the_picture_lies_and_without_colours() {
        let level = |x: u32, y: u32| (x * 7 + y * 3) as u8;
        for (width, height) in [(1700, 1600), (5000, 1), (1, 9000)] {
            let coloured =
                RgbImage::from_fn(width, height, |x, y| Rgb([level(x, y), level(y, x), level(x, y)]));
            let small = shrunk(&coloured).unwrap();
            let mut pixels = coloured.into_raw();
            let size = shrink(&mut pixels, width, height, 3).unwrap();
            assert_eq!((size, &pixels), (small.dimensions(), small.as_raw()));

            let mut grey = GrayImage::from_fn(width, height, |x, y| Luma([level(x, y)])).into_raw();
            assert_eq!(shrink(&mut grey, width, height, 1), Some(size));
            assert_eq!(grey, small.pixels().map(|pixel| pixel.0[0]).collect::<Vec<_>>());
        }
        let mut few = vec![1, 2, 3];
        assert_eq!((shrink(&mut few, 1, 1, 3), few), (Some((1, 1)), vec![1, 2, 3]));
    }
}
