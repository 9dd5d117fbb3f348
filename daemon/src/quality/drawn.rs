//! What is drawn and no camera gives: rectangles of one even colour whose edges are as sharp as a pixel and straight.
//!
//! A lens and a sensor spread every edge over some pixels, grain roughens every surface, and hardly an edge of the world
//! stands exactly upright; windows, their bars and buttons, and the gaps between their lines do. They are looked for at the
//! picture's own size, where a desktop shows them however much of it is a photo; once it is shrunk they soon are lost.

use image::RgbImage;

use super::frames::{Part, within_frames};

/// So many rows and so many columns are looked at, at even distances: a bar of a few pixels must not be missed.
const STRIPS: usize = 128;
/// The least length of an even run, in pixels.
const RUN: usize = 12;
/// The side of a JPEG's blocks: in a poor one blocks of a photo are rectangles as well, but all of them in this grid.
const BLOCK: usize = 8;
/// The levels of an even run lie within this of its first: a JPEG of a screen is still found.
const EVEN: u8 = 1;
/// The step from one pixel to the next that ends a run, in levels.
const STEP: u8 = 16;

/// The share of the looked-at pixels that lie in a run with a step at both its ends, which has just the same ends in the
/// row or column before: in 0..=1.
pub(super) fn rectangles(picture: &RgbImage) -> f32 {
    let part = within_frames(picture);
    let (rows, columns) = (rows(picture, part), columns(picture, part));
    let pixels: usize = rows.iter().chain(&columns).map(Vec::len).sum();
    (repeated(&rows) + repeated(&columns)) as f32 / pixels.max(1) as f32
}

fn rows(picture: &RgbImage, part: Part) -> Vec<Vec<u8>> {
    let bytes = picture.width() as usize * 3;
    let within = part.x.0 as usize * 3..part.x.1 as usize * 3;
    let row = |y: usize| picture.as_raw()[y * bytes..][within.clone()].chunks_exact(3).map(level).collect();
    places(part.y).map(row).collect()
}

/// Row by row, as the picture lies in memory.
fn columns(picture: &RgbImage, part: Part) -> Vec<Vec<u8>> {
    let bytes = (picture.width() as usize * 3).max(3);
    // Once, and not in each row: they take divisions.
    let places: Vec<usize> = places(part.x).map(|x| x * 3).collect();
    let (first, count) = (part.y.0 as usize, (part.y.1 - part.y.0) as usize);
    let mut columns = vec![Vec::with_capacity(count); places.len()];
    for row in picture.as_raw().chunks_exact(bytes).skip(first).take(count) {
        for (column, x) in columns.iter_mut().zip(&places) {
            column.push(level(&row[*x..][..3]));
        }
    }
    columns
}

/// Up to [`STRIPS`] places along a side.
pub(super) fn places((from, to): (u32, u32)) -> impl Iterator<Item = usize> {
    let (from, side) = (from as usize, (to - from) as usize);
    let count = side.min(STRIPS);
    (0..count).map(move |strip| from + (2 * strip + 1) * side / (2 * count))
}

pub(super) fn level(pixel: &[u8]) -> u8 {
    ((u16::from(pixel[0]) + 2 * u16::from(pixel[1]) + u16::from(pixel[2])) / 4) as u8
}

/// The pixels in runs that the strip before has at the same place.
fn repeated(strips: &[Vec<u8>]) -> usize {
    let (mut pixels, mut before, mut runs) = (0, Vec::new(), Vec::new());
    for strip in strips {
        std::mem::swap(&mut before, &mut runs);
        runs.clear();
        ended_runs(strip, &mut runs);
        let mut candidates = before.iter().peekable();
        for run in &runs {
            while candidates.next_if(|other: &&(usize, usize)| other.0 < run.0).is_some() {}
            if candidates.peek() == Some(&run) {
                pixels += run.1 - run.0;
            }
        }
    }
    pixels
}

/// The even runs of a strip that end in a step on both sides, from left to right; the picture's border is no step.
fn ended_runs(strip: &[u8], runs: &mut Vec<(usize, usize)>) {
    let is_step = |at: usize| strip[at].abs_diff(strip[at - 1]) >= STEP;
    for start in (1..strip.len()).filter(|at| is_step(*at)) {
        let first = strip[start];
        let length = strip[start..].iter().take_while(|level| level.abs_diff(first) <= EVEN).count();
        let end = start + length;
        let is_block = start % BLOCK == 0 && end % BLOCK == 0;
        if length >= RUN && !is_block && end < strip.len() && is_step(end) {
            runs.push((start, end));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use image::Rgb;

    use super::*;

    /// A level of a surface with grain.
    pub(in crate::quality) fn grain(x: u32, y: u32) -> u8 {
        60 + (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503 * (x + 7))) >> 27) as u8
    }

    /// A surface with grain, and on it something of one level.
    fn drawn(width: u32, height: u32, is_on: impl Fn(u32, u32) -> bool) -> f32 {
        rectangles(&RgbImage::from_fn(width, height, |x, y| {
            Rgb([if is_on(x, y) { 200 } else { grain(x, y) }; 3])
        }))
    }

    #[test]
    fn what_is_drawn_has_rectangles_and_nothing_else_has() {
        let window = |x: u32, y: u32| (300..900).contains(&x) && (200..500).contains(&y);
        for (name, share, is_drawn) in [
            ("a window", drawn(1920, 1080, window), true),
            (
                "a bar of twenty pixels",
                drawn(1920, 1080, |x, y| (40..600).contains(&x) && y % 400 > 379),
                true,
            ),
            (
                "a small picture with a box",
                drawn(96, 64, |x, y| (20..50).contains(&x) && (9..30).contains(&y)),
                true,
            ),
            ("nothing", drawn(1920, 1080, |_, _| false), false),
            ("blocks of a JPEG", drawn(640, 480, |x, y| x / 16 % 3 == 1 && y / 8 % 5 == 1), false),
            ("a frame all around", drawn(640, 480, |x, y| x < 30 || y < 30 || x >= 610 || y >= 450), false),
            ("a leaning edge", drawn(640, 480, |x, y| (100..300).contains(&(x + y / 3)) && y > x / 3), false),
            ("one level", drawn(640, 480, |_, _| true), false),
            ("the least", drawn(1, 1, |_, _| true), false),
            ("no pixel", rectangles(&RgbImage::new(0, 0)), false),
        ] {
            assert_eq!(share > 0.001, is_drawn, "{name}: {share}");
        }
    }

    #[test]
    fn a_photo_in_a_mat_and_a_frame_is_no_window_and_one_with_a_window_is() {
        for (has_window, is_drawn) in [(false, false), (true, true)] {
            let share = rectangles(&RgbImage::from_fn(640, 480, |x, y| {
                let within = |by: u32| (by..640 - by).contains(&x) && (by..480 - by).contains(&y);
                Rgb([match (within(14), within(54)) {
                    (false, _) => 0,
                    (true, false) => 250,
                    _ if has_window && (100..500).contains(&x) && (100..300).contains(&y) => 200,
                    _ => grain(x, y),
                }; 3])
            }));
            assert_eq!(share > 0.001, is_drawn, "{has_window}: {share}");
        }
    }
}
