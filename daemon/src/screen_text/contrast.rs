//! Makes a screen easy to read: dark letters on white whatever the colours were, twice as large.
//!
//! Tesseract was made for paper. Of coloured words on a dark ground, as in an editor, it misses half, and of letters as
//! small as a screen's many; both were tried. A window's ground has exactly one colour, so each pixel's distance from
//! the most frequent colour around it says how much it belongs to a letter.

use std::{cmp::Reverse, collections::HashMap};

use image::RgbImage;

use super::lines;

/// The side of the squares in which a ground is looked for, in pixels: higher than the strokes of a heading are wide.
const TILE: u32 = 16;

/// The part of a square that one colour must have to be its ground.
const GROUND_SHARE: f32 = 0.3;

/// The part of a square that one colour must have to be its ground whatever is around it.
const EVEN_SHARE: f32 = 0.85;

/// The part of a square that a colour must have for being the ground around it.
const LEAST_OWN_SHARE: f32 = 0.08;

/// How many colours of a square are remembered.
const KEPT_COLOURS: usize = 6;

/// From here on all is white: the shades between two grounds, and the palest edges of letters.
const WHITE: u8 = 225;

/// By how much a distance is enlarged, as a fraction: letters of two thirds of the possible contrast become black. Without
/// it faint letters are lost, with more of it thin ones run together.
const GAIN: (u32, u32) = (3, 2);

/// A picture that is made twice as large has at most this many pixels then: a screen of 2560 x 1600. On a larger one the
/// letters are larger too.
const MAXIMUM_PIXELS: u64 = 4 * 2560 * 1600;

/// A picture for Tesseract.
pub(super) struct Prepared {
    /// A file in memory, of the format PGM.
    pub(super) file: Vec<u8>,
    /// How many times larger it is than the screen.
    pub(super) scale: u32,
}

/// Prepares a picture of at least one pixel.
pub(super) fn prepare(picture: &RgbImage) -> Prepared {
    let (width, height) = picture.dimensions();
    let mut grey = dark_on_white(picture);
    lines::remove(&mut grey, width as usize);
    let scale = if u64::from(width) * u64::from(height) * 4 <= MAXIMUM_PIXELS { 2 } else { 1 };
    let mut file = format!("P5\n{} {}\n255\n", width * scale, height * scale).into_bytes();
    if scale == 2 {
        double(&grey, width as usize, &mut file);
    } else {
        file.extend_from_slice(&grey);
    }
    Prepared { file, scale }
}

/// One byte for each pixel: white for the ground, the darker the further from it.
fn dark_on_white(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut grey = vec![255; width as usize * height as usize];
    let grounds = Grounds::of(picture);
    for (y, row) in picture.as_raw().chunks_exact(width as usize * 3).enumerate() {
        let out = &mut grey[y * width as usize..][..width as usize];
        for (x, (pixel, out)) in row.chunks_exact(3).zip(out).enumerate() {
            let value = match grounds.at(x, y) {
                Some(ground) => {
                    let distance = pixel.iter().zip(ground).map(|(a, b)| u32::from(a.abs_diff(b))).max();
                    255 - (distance.unwrap_or(0) * GAIN.0 / GAIN.1).min(255) as u8
                }
                // A photograph or a gradient: as bright as it is.
                None => luminance(pixel),
            };
            *out = if value >= WHITE { 255 } else { value };
        }
    }
    grey
}

/// The colours that letters stand on, one for each square.
struct Grounds {
    columns: usize,
    colours: Vec<Option<[u8; 3]>>,
}

/// The most frequent colours of a square, with how many pixels have them, and how many pixels there are.
struct Tile {
    colours: Vec<([u8; 3], u32)>,
    pixels: u32,
}

impl Tile {
    fn count(&self, colour: [u8; 3]) -> u32 {
        self.colours.iter().find(|(other, _)| *other == colour).map_or(0, |(_, count)| *count)
    }
}

impl Grounds {
    fn of(picture: &RgbImage) -> Self {
        let (width, height) = picture.dimensions();
        let (columns, rows) = (width.div_ceil(TILE) as usize, height.div_ceil(TILE) as usize);
        let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
        let mut tiles = Vec::with_capacity(columns * rows);
        for top in (0..height).step_by(TILE as usize) {
            for left in (0..width).step_by(TILE as usize) {
                let (right, bottom) = ((left + TILE).min(width), (top + TILE).min(height));
                counts.clear();
                for y in top..bottom {
                    let row =
                        &picture.as_raw()[(y * width + left) as usize * 3..(y * width + right) as usize * 3];
                    for pixel in row.chunks_exact(3) {
                        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
                    }
                }
                let mut colours: Vec<_> = counts.iter().map(|(colour, count)| (*colour, *count)).collect();
                colours.sort_unstable_by_key(|(colour, count)| (Reverse(*count), Reverse(*colour)));
                colours.truncate(KEPT_COLOURS);
                tiles.push(Tile { colours, pixels: (right - left) * (bottom - top) });
            }
        }
        let colours = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let colours = colours.map(|(row, column)| ground(&tiles, columns, rows, row, column)).collect();
        Self { columns, colours }
    }

    fn at(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        self.colours[y / TILE as usize * self.columns + x / TILE as usize]
    }
}

/// The ground of a square. One with a part of a thick letter may hold more of the letter than of the ground, so those
/// around it are asked as well, unless all but all of it has one colour.
fn ground(tiles: &[Tile], columns: usize, rows: usize, row: usize, column: usize) -> Option<[u8; 3]> {
    let own = &tiles[row * columns + column];
    let (first, count) = own.colours.first().copied()?;
    if count as f32 >= EVEN_SHARE * own.pixels as f32 {
        return Some(first);
    }
    let (mut sums, mut pixels): (HashMap<[u8; 3], u32>, u32) = (HashMap::new(), 0);
    for row in row.saturating_sub(1)..(row + 2).min(rows) {
        for column in column.saturating_sub(1)..(column + 2).min(columns) {
            let tile = &tiles[row * columns + column];
            pixels += tile.pixels;
            for (colour, count) in &tile.colours {
                *sums.entry(*colour).or_default() += count;
            }
        }
    }
    let around = sums.into_iter().max_by_key(|(colour, count)| (*count, *colour));
    let around = around.filter(|(colour, count)| {
        *count as f32 >= GROUND_SHARE * pixels as f32
            && own.count(*colour) as f32 >= LEAST_OWN_SHARE * own.pixels as f32
    });
    match around {
        Some((colour, _)) => Some(colour),
        None => (count as f32 >= GROUND_SHARE * own.pixels as f32).then_some(first),
    }
}

/// The brightness of a pixel, as BT.601 weighs its colours.
fn luminance(pixel: &[u8]) -> u8 {
    ((u32::from(pixel[0]) * 77 + u32::from(pixel[1]) * 150 + u32::from(pixel[2]) * 29) >> 8) as u8
}

/// Appends the picture at twice its size; between two pixels lies their mean.
fn double(grey: &[u8], width: usize, out: &mut Vec<u8>) {
    out.reserve(grey.len() * 4);
    let mut rows = grey.chunks_exact(width).peekable();
    while let Some(row) = rows.next() {
        let below = rows.peek().copied().unwrap_or(row);
        for y in 0..2 {
            for x in 0..width {
                let next = (x + 1).min(width - 1);
                let mean = |a: u8, b: u8| (u16::from(a) + u16::from(b)).div_ceil(2) as u8;
                let at = |x: usize| if y == 0 { row[x] } else { mean(row[x], below[x]) };
                out.push(at(x));
                out.push(mean(at(x), at(next)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn letters_are_dark_on_white_whatever_their_colours() {
        for (ground, letter) in [
            ([255; 3], [0; 3]),
            ([30, 30, 30], [86, 156, 214]),
            ([0, 0, 128], [255, 255, 0]),
            ([200; 3], [60, 80, 60]),
        ] {
            let mut picture = RgbImage::from_pixel(40, 40, Rgb(ground));
            for y in 10..20 {
                picture.put_pixel(12, y, Rgb(letter));
            }
            let grey = dark_on_white(&picture);
            for (at, (x, y, _)) in picture.enumerate_pixels().enumerate() {
                let is_letter = x == 12 && (10..20).contains(&y);
                assert_eq!(grey[at] < 80, is_letter, "{ground:?} {letter:?} at {x},{y}: {}", grey[at]);
                assert!(is_letter || grey[at] == 255);
            }
        }
    }

    #[test]
    fn a_picture_is_doubled_and_headed() {
        let mut picture = RgbImage::from_pixel(2, 1, Rgb([0; 3]));
        picture.put_pixel(1, 0, Rgb([100; 3]));
        let Prepared { file, scale } = prepare(&picture);
        assert_eq!(scale, 2);
        let header = b"P5\n4 2\n255\n";
        assert_eq!(&file[..header.len()], header);
        // Black and grey are even; the greater colour is taken for the ground.
        assert_eq!(file[header.len()..], [105, 180, 255, 255, 105, 180, 255, 255]);
    }

    #[test]
    fn a_large_screen_keeps_its_size() {
        let Prepared { file, scale } = prepare(&RgbImage::new(3840, 2160));
        assert_eq!((scale, file.len()), (1, 3840 * 2160 + b"P5\n3840 2160\n255\n".len()));
    }
}
