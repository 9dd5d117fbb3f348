//! Frames that somebody put around a photo: even strips of one level along all four sides, one within the other.
//!
//! A mat within a frame is a rectangle with sharp edges, like those of windows, and yet what it holds is a photo. One even
//! strip alone is left where it is: it has no outer edge, and a desktop with an even wallpaper begins like that.

use image::RgbImage;

use super::drawn::{level, places};

/// The least breadth of a frame, in pixels.
const LEAST: u32 = 3;
/// The levels of a frame lie within this of its corner's: it may have been a JPEG.
const EVEN: u8 = 3;
/// So many pixels beside an edge may be blurred by a JPEG.
const BLUR: u32 = 8;
/// No more frames than these are looked for.
const MOST: usize = 4;

/// A part of a picture, in pixels: from the first to before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) x: (u32, u32),
    pub(super) y: (u32, u32),
}

/// What is within the frames of a picture, if there are two or more; else all of it.
pub(super) fn within_frames(picture: &RgbImage) -> Part {
    let whole = Part { x: (0, picture.width()), y: (0, picture.height()) };
    let (mut part, mut frames) = (whole, 0);
    while frames < MOST {
        // Behind a frame that was found, the next one may begin some blurred pixels further in.
        let blur = if frames == 0 { 0 } else { BLUR };
        let Some(inner) = (0..=blur).find_map(|by| within_frame(picture, shrunk(part, by)?)) else { break };
        part = inner;
        frames += 1;
    }
    if frames < 2 { whole } else { part }
}

/// The part less so many pixels on each side, if that leaves any.
fn shrunk(Part { x, y }: Part, by: u32) -> Option<Part> {
    let inner = Part { x: (x.0 + by, x.1.checked_sub(by)?), y: (y.0 + by, y.1.checked_sub(by)?) };
    (inner.x.0 < inner.x.1 && inner.y.0 < inner.y.1).then_some(inner)
}

/// What one frame leaves: each of its sides may be as broad as it likes, as on instant photos.
fn within_frame(picture: &RgbImage, Part { x, y }: Part) -> Option<Part> {
    let at = |x: u32, y: u32| level(&picture.get_pixel(x, y).0);
    let corner = at(x.0, y.0);
    let is_even = |level: u8| level.abs_diff(corner) <= EVEN;
    // A line is looked at in places: a photo shows in any of them, and a large even picture must not take long.
    let is_even_row = |row: &u32| places(x).all(|column| is_even(at(column as u32, *row)));
    let top = (y.0..y.1).take_while(is_even_row).count() as u32;
    if top < LEAST || top == y.1 - y.0 {
        return None;
    }
    let bottom = (y.0..y.1).rev().take_while(is_even_row).count() as u32;
    let y = (y.0 + top, y.1 - bottom);
    let is_even_column = |column: &u32| places(y).all(|row| is_even(at(*column, row as u32)));
    let left = (x.0..x.1).take_while(is_even_column).count() as u32;
    let right = (x.0..x.1).rev().take_while(is_even_column).count() as u32;
    let is_frame = [bottom, left, right].iter().all(|breadth| *breadth >= LEAST);
    is_frame.then_some(Part { x: (x.0 + left, x.1 - right), y })
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::{super::drawn::tests::grain, *};

    /// A surface with grain inside of frames: their breadths at the left, top, right and bottom, and their levels.
    fn framed(frames: &[([u32; 4], u8)]) -> RgbImage {
        RgbImage::from_fn(320, 240, |x, y| {
            let (mut low, mut high) = ((0, 0), (320, 240));
            for ([left, top, right, bottom], level) in frames {
                low = (low.0 + left, low.1 + top);
                high = (high.0 - right, high.1 - bottom);
                if x < low.0 || y < low.1 || x >= high.0 || y >= high.1 {
                    return Rgb([*level; 3]);
                }
            }
            Rgb([grain(x, y); 3])
        })
    }

    #[test]
    fn two_frames_are_taken_away_and_one_is_left() {
        let (black, mat) = (([10; 4], 0), ([20, 20, 20, 50], 250));
        for (frames, x, y) in [
            (&[][..], (0, 320), (0, 240)),
            (&[black], (0, 320), (0, 240)),
            (&[mat], (0, 320), (0, 240)),
            (&[black, mat], (30, 290), (30, 180)),
            (&[black, mat, black], (40, 280), (40, 170)),
            (&[black, ([0, 20, 0, 20], 250)], (0, 320), (0, 240)),
        ] {
            assert_eq!(within_frames(&framed(frames)), Part { x, y }, "{frames:?}");
        }
        for side in [0, 1, 9] {
            let even = RgbImage::new(side, side);
            assert_eq!(within_frames(&even), Part { x: (0, side), y: (0, side) }, "{side}");
        }
    }
}
