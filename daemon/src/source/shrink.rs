//! Makes a large picture small where it lies: means over boxes of whole pixels, with no second picture in memory.
//!
//! The network sees at most a few hundred pixels across, and resizes by itself. This only spares the memory of
//! pictures that are several times larger; all others come through untouched.

/// The shorter side is never made smaller than this.
const SHORTEST_SIDE: u32 = 768;

/// The longer side is made no larger than this, at the cost of the picture's proportions if it must be.
const LONGEST_SIDE: u32 = 4096;

/// The size to which a picture of `width` x `height` is shrunk; the same size when it stays as it is.
pub(super) fn target(width: u32, height: u32) -> (u32, u32) {
    let factor = (width.min(height) / SHORTEST_SIDE).max(1);
    ((width / factor).min(LONGEST_SIDE), (height / factor).min(LONGEST_SIDE))
}

/// Shrinks `pixels`, which are `height` rows of `width` pixels of `channels` bytes, and yields the new size.
///
/// Each new pixel is the mean of a box of old ones; boxes differ by at most one pixel in width and height.
pub(super) fn shrink(pixels: &mut Vec<u8>, width: u32, height: u32, channels: usize) -> (u32, u32) {
    let (new_width, new_height) = target(width, height);
    if (new_width, new_height) == (width, height) {
        return (width, height);
    }
    let row_bytes = width as usize * channels;
    let mut sums = vec![0_u32; new_width as usize * channels];
    for new_row in 0..new_height {
        let rows = span(new_row, height, new_height);
        sums.fill(0);
        for row in rows.clone() {
            let line = &pixels[row as usize * row_bytes..][..row_bytes];
            for (column, sum) in (0..new_width).zip(sums.chunks_exact_mut(channels)) {
                let columns = span(column, width, new_width);
                let line_box = &line[columns.start as usize * channels..columns.end as usize * channels];
                for pixel in line_box.chunks_exact(channels) {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*value);
                    }
                }
            }
        }
        // Row `new_row` of the result ends where an old row ends that was read already, or before it.
        let out = &mut pixels[new_row as usize * sums.len()..][..sums.len()];
        for (column, (out, sum)) in
            (0..new_width).zip(out.chunks_exact_mut(channels).zip(sums.chunks_exact(channels)))
        {
            let area = (rows.len() * span(column, width, new_width).len()) as u32;
            for (out, sum) in out.iter_mut().zip(sum) {
                *out = ((sum + area / 2) / area) as u8;
            }
        }
    }
    pixels.truncate(new_height as usize * sums.len());
    pixels.shrink_to_fit();
    (new_width, new_height)
}

/// The old rows or columns that new one `index` is the mean of.
fn span(index: u32, old: u32, new: u32) -> std::ops::Range<u32> {
    let edge = |index: u32| (u64::from(index) * u64::from(old) / u64::from(new)) as u32;
    edge(index)..edge(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_pictures_get_smaller() {
        for (size, expected) in [
            ((1, 1), (1, 1)),
            ((640, 480), (640, 480)),
            ((1535, 1535), (1535, 1535)),
            ((1536, 1536), (768, 768)),
            ((4000, 3000), (1333, 1000)),
            ((8192, 8192), (819, 819)),
            ((65535, 1000), (4096, 1000)),
            ((700, 65535), (700, 4096)),
        ] {
            assert_eq!(target(size.0, size.1), expected, "{size:?}");
        }
    }

    #[test]
    fn a_box_becomes_its_mean() {
        // A gradient across: column x has the value x / 8 in the first channel and row y / 8 in the third.
        let (width, height) = (1600_u32, 1540_u32);
        let mut pixels: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [(x / 8) as u8, 100, (y / 8) as u8]))
            .collect();
        let (new_width, new_height) = shrink(&mut pixels, width, height, 3);
        assert_eq!((new_width, new_height), (800, 770));
        assert_eq!(pixels.len(), 800 * 770 * 3);
        for (x, y) in [(0, 0), (1, 3), (400, 400), (799, 769)] {
            let at = (y * 800 + x) * 3;
            assert_eq!(pixels[at..at + 3], [(x / 4) as u8, 100, (y / 4) as u8], "{x},{y}");
        }
    }

    #[test]
    fn every_old_pixel_counts_once() {
        for (old, new) in [(1601, 800), (4000, 1333), (65535, 4096), (5, 5)] {
            let mut next = 0;
            for index in 0..new {
                let span = span(index, old, new);
                assert_eq!(span.start, next);
                assert!(!span.is_empty());
                next = span.end;
            }
            assert_eq!(next, old);
        }
    }
}
