//! Where the pictures on a screen are: a pure search for rectangles that look like photographs.
//!
//! What a program draws has few colours, and one of them is the ground; a photograph has another colour at nearly each
//! pixel. So the screen is cut into squares, those with many colours and no ground are put together where they touch,
//! and each group that fills its rectangle is a picture, whose edges are then found to the pixel.

use std::collections::HashMap;

use image::{RgbImage, imageops};

use crate::frame::Area;

/// The side of the squares, in pixels: some hold no letter's edge even in a page full of text.
const TILE: u32 = 16;

/// Of the 256 pixels of a square of a photograph, at least so many have a colour of their own. Of letters with smooth
/// edges it is up to 30.
const FEWEST_COLOURS: usize = 40;

/// No colour of a photograph has more than this part of a square. Around letters the ground has more than half.
const LARGEST_SHARE: f32 = 0.35;

/// The part of a rectangle that must look like a photograph. Skies and walls have few colours.
const LEAST_FILLED: f32 = 0.55;

/// What is smaller, across or down, is an icon.
const SMALLEST_SIDE: u32 = 64;

/// A row or column in which one colour has this part is no row of a photograph.
const EVEN_SHARE: f32 = 0.95;

/// How wide the gap between two pictures must be, in pixels.
const NARROWEST_GAP: u32 = 2;

/// The rectangles that look like photographs, in the order in which one reads: from the top, then from the left.
#[must_use]
pub fn find(screen: &RgbImage) -> Vec<Area> {
    let grid = Grid::of(screen);
    let mut found = Vec::new();
    for group in grid.groups() {
        if let Some(area) = to_the_edges(screen, group) {
            split_at_gaps(screen, area, &mut found);
        }
    }
    found.sort_by_key(|area| (area.y / SMALLEST_SIDE as i32, area.x, area.y));
    found
}

/// The part of a screen whose squares must look like a photograph, for a photograph that fills it.
const LEAST_OF_SCREEN: f32 = 0.25;

/// Whether so much of a screen looks like a photograph that one may fill it, with a sky or a wall.
#[must_use]
pub fn may_be_filled(screen: &RgbImage) -> bool {
    let grid = Grid::of(screen);
    let count = grid.is_photo.iter().filter(|is_photo| **is_photo).count();
    count as f32 >= LEAST_OF_SCREEN * grid.is_photo.len().max(1) as f32
}

/// The pixels of an area, which must lie within the screen.
#[must_use]
pub fn crop(screen: &RgbImage, area: Area) -> RgbImage {
    imageops::crop_imm(screen, area.x.max(0) as u32, area.y.max(0) as u32, area.width, area.height).to_image()
}

/// Which squares look like a photograph.
struct Grid {
    columns: usize,
    is_photo: Vec<bool>,
}

impl Grid {
    fn of(screen: &RgbImage) -> Self {
        let (columns, rows) = ((screen.width() / TILE) as usize, (screen.height() / TILE) as usize);
        let mut colours = HashMap::new();
        let mut is_photo = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                colours.clear();
                for y in 0..TILE {
                    let start =
                        ((row as u32 * TILE + y) * screen.width() + column as u32 * TILE) as usize * 3;
                    for pixel in screen.as_raw()[start..start + TILE as usize * 3].chunks_exact(3) {
                        *colours.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0_u32) += 1;
                    }
                }
                let most = colours.values().copied().max().unwrap_or(0);
                let share = most as f32 / (TILE * TILE) as f32;
                is_photo.push(colours.len() >= FEWEST_COLOURS && share <= LARGEST_SHARE);
            }
        }
        Self { columns, is_photo }
    }

    /// Squares that touch, as the rectangles around them, where these are filled well enough.
    fn groups(&self) -> Vec<Area> {
        let mut seen = vec![false; self.is_photo.len()];
        let mut groups = Vec::new();
        for start in 0..self.is_photo.len() {
            if seen[start] || !self.is_photo[start] {
                continue;
            }
            seen[start] = true;
            let (mut waiting, mut count) = (vec![start], 0_u32);
            let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
            while let Some(at) = waiting.pop() {
                let (column, row) = (at % self.columns, at / self.columns);
                count += 1;
                (left, right) = (left.min(column), right.max(column));
                (top, bottom) = (top.min(row), bottom.max(row));
                let neighbours = [
                    (column > 0).then(|| at - 1),
                    (column + 1 < self.columns).then(|| at + 1),
                    at.checked_sub(self.columns),
                    Some(at + self.columns),
                ];
                for next in neighbours.into_iter().flatten() {
                    if self.is_photo.get(next) == Some(&true) && !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
            let (columns, rows) = ((right - left + 1) as u32, (bottom - top + 1) as u32);
            if count as f32 >= LEAST_FILLED * (columns * rows) as f32 {
                let (x, y) = (left as u32 * TILE, top as u32 * TILE);
                groups.push(Area { x: x as i32, y: y as i32, width: columns * TILE, height: rows * TILE });
            }
        }
        groups
    }
}

/// The edges of a rectangle, which can be moved one by one.
#[derive(Clone, Copy)]
struct Edges {
    left: u32,
    right: u32,
    top: u32,
    bottom: u32,
}

impl Edges {
    fn of(area: Area) -> Self {
        let (left, top) = (area.x.max(0) as u32, area.y.max(0) as u32);
        Self { left, right: left + area.width, top, bottom: top + area.height }
    }

    fn area(self) -> Option<Area> {
        let width = self.right.checked_sub(self.left)?;
        let height = self.bottom.checked_sub(self.top)?;
        (width >= SMALLEST_SIDE && height >= SMALLEST_SIDE).then_some(Area {
            x: self.left as i32,
            y: self.top as i32,
            width,
            height,
        })
    }

    /// Whether one colour has all but all of a row.
    fn row_is_even(self, screen: &RgbImage, y: u32) -> bool {
        is_even((self.left..self.right).map(|x| screen.get_pixel(x, y).0))
    }

    fn column_is_even(self, screen: &RgbImage, x: u32) -> bool {
        is_even((self.top..self.bottom).map(|y| screen.get_pixel(x, y).0))
    }
}

/// By how much two pixels differ where one picture ends and another begins, and in which part of their rows.
const SEAM_DIFFERENCE: u8 = 16;
const SEAM_SHARE: f32 = 0.8;

/// How much sharper the seam is than what is beside it. Within a photograph an edge is a few pixels wide.
const SEAM_SHARPNESS: u32 = 3;

impl Edges {
    /// The column at which a second picture begins that touches the first.
    fn seam_across(self, screen: &RgbImage) -> Option<u32> {
        let difference = |x: u32, y: u32| {
            let (left, right) = (screen.get_pixel(x - 1, y).0, screen.get_pixel(x, y).0);
            left.iter().zip(right).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
        };
        let total = |x: u32| (self.top..self.bottom).map(|y| u32::from(difference(x, y))).sum::<u32>();
        let columns = self.left + SMALLEST_SIDE..self.right.saturating_sub(SMALLEST_SIDE);
        columns.into_iter().find(|&x| {
            let rows = (self.top..self.bottom).filter(|y| difference(x, *y) >= SEAM_DIFFERENCE).count();
            rows as f32 >= SEAM_SHARE * (self.bottom - self.top) as f32
                && total(x) >= SEAM_SHARPNESS * total(x - 1).max(total(x + 1))
        })
    }
}

/// Whether one colour has all but all of a line of pixels. That colour is then the one that wins every vote.
fn is_even(pixels: impl Iterator<Item = [u8; 3]> + Clone) -> bool {
    let (mut candidate, mut lead, mut count) = ([0; 3], 0_usize, 0_usize);
    for pixel in pixels.clone() {
        count += 1;
        if lead == 0 {
            (candidate, lead) = (pixel, 1);
        } else if pixel == candidate {
            lead += 1;
        } else {
            lead -= 1;
        }
    }
    pixels.filter(|pixel| *pixel == candidate).count() as f32 >= EVEN_SHARE * count as f32
}

/// Moves the edges of a group of squares to those of the picture: inwards over even rows and columns, then outwards to
/// the next even ones, a square's side at most.
fn to_the_edges(screen: &RgbImage, group: Area) -> Option<Area> {
    let mut edges = Edges::of(group);
    edges.area()?;
    while edges.top < edges.bottom && edges.row_is_even(screen, edges.top) {
        edges.top += 1;
    }
    while edges.top < edges.bottom && edges.row_is_even(screen, edges.bottom - 1) {
        edges.bottom -= 1;
    }
    while edges.left < edges.right && edges.column_is_even(screen, edges.left) {
        edges.left += 1;
    }
    while edges.left < edges.right && edges.column_is_even(screen, edges.right - 1) {
        edges.right -= 1;
    }
    for _ in 0..TILE {
        if edges.top > 0 && !edges.row_is_even(screen, edges.top - 1) {
            edges.top -= 1;
        }
        if edges.bottom < screen.height() && !edges.row_is_even(screen, edges.bottom) {
            edges.bottom += 1;
        }
        if edges.left > 0 && !edges.column_is_even(screen, edges.left - 1) {
            edges.left -= 1;
        }
        if edges.right < screen.width() && !edges.column_is_even(screen, edges.right) {
            edges.right += 1;
        }
    }
    edges.area()
}

/// Splits a rectangle where an even gap goes all through it, again and again.
fn split_at_gaps(screen: &RgbImage, area: Area, found: &mut Vec<Area>) {
    let edges = Edges::of(area);
    let gap = |from: u32, to: u32, is_even: &dyn Fn(u32) -> bool| {
        let mut start = None;
        for at in from..to {
            match (is_even(at), start) {
                (true, None) => start = Some(at),
                (false, Some(first)) if at - first >= NARROWEST_GAP => return Some((first, at)),
                (false, _) => start = None,
                (true, Some(_)) => {}
            }
        }
        None
    };
    let parts = if let Some((first, after)) = gap(edges.top, edges.bottom, &|y| edges.row_is_even(screen, y))
    {
        [Edges { bottom: first, ..edges }, Edges { top: after, ..edges }]
    } else if let Some((first, after)) = gap(edges.left, edges.right, &|x| edges.column_is_even(screen, x)) {
        [Edges { right: first, ..edges }, Edges { left: after, ..edges }]
    } else if let Some(seam) = edges.seam_across(screen) {
        [Edges { right: seam, ..edges }, Edges { left: seam, ..edges }]
    } else {
        found.push(area);
        return;
    };
    for part in parts {
        if let Some(part) = part.area() {
            split_at_gaps(screen, part, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A picture with another colour at each pixel, as a photograph has.
    fn paint_photo(screen: &mut RgbImage, area: Area) {
        let mut state = 7_u32;
        for y in area.y as u32..area.y as u32 + area.height {
            for x in area.x as u32..area.x as u32 + area.width {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as u8 % 24;
                let wave = |at: u32| (at % 400).min(399 - at % 400) as u8;
                screen.put_pixel(x, y, Rgb([wave(x) + noise, wave(y) + noise, 90 + noise]));
            }
        }
    }

    /// Rows of small dark strokes.
    fn paint_text(screen: &mut RgbImage, area: Area) {
        for y in (area.y as u32..area.y as u32 + area.height).filter(|y| y % 18 < 11) {
            for x in (area.x as u32..area.x as u32 + area.width).filter(|x| (x * 7 + y * 3) % 5 < 2) {
                screen.put_pixel(x, y, Rgb([((x * y) % 90) as u8; 3]));
            }
        }
    }

    fn area(x: i32, y: i32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    #[test]
    fn pictures_are_found_to_the_pixel_and_text_is_not() {
        let photos = [area(101, 203, 190, 131), area(297, 203, 150, 131), area(611, 37, 97, 211)];
        let mut screen = RgbImage::from_pixel(800, 600, Rgb([250, 250, 245]));
        for photo in photos {
            paint_photo(&mut screen, photo);
        }
        paint_text(&mut screen, area(40, 60, 500, 100));
        paint_text(&mut screen, area(40, 400, 700, 180));
        assert_eq!(find(&screen), [photos[2], photos[0], photos[1]]);
    }

    #[test]
    fn pictures_that_touch_are_two() {
        let mut screen = RgbImage::from_pixel(500, 300, Rgb([255; 3]));
        let photos = [area(40, 50, 200, 150), area(240, 50, 180, 150)];
        for (photo, light) in photos.into_iter().zip([0, 110]) {
            for y in 50..200 {
                for x in photo.x as u32..photo.x as u32 + photo.width {
                    let wave = ((x * x / 40 + y * 3) % 60) as u8;
                    screen.put_pixel(
                        x,
                        y,
                        Rgb([light + wave, 30 + light + (y / 2) as u8 % 60, light + (x / 4) as u8 % 50]),
                    );
                }
            }
        }
        assert_eq!(find(&screen), photos);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let mut screen = RgbImage::from_pixel(640, 480, Rgb([30, 30, 30]));
        assert_eq!(find(&screen), []);
        paint_text(&mut screen, area(0, 0, 640, 480));
        assert_eq!(find(&screen), []);
        // An icon, and a gradient as programs draw it.
        paint_photo(&mut screen, area(300, 200, 48, 48));
        for y in 0..100 {
            for x in 0..640 {
                screen.put_pixel(x, y, Rgb([(y * 2) as u8, 100, 200]));
            }
        }
        assert_eq!(find(&screen), []);
        assert_eq!(find(&RgbImage::new(1, 1)), []);
        assert_eq!(find(&RgbImage::new(15, 700)), []);
    }

    #[test]
    fn a_picture_that_fills_the_screen_is_one() {
        let mut screen = RgbImage::new(320, 250);
        let whole = area(0, 0, 320, 250);
        paint_photo(&mut screen, whole);
        assert_eq!(find(&screen), [whole]);
        assert!(may_be_filled(&screen));
        assert_eq!(crop(&screen, area(10, 20, 30, 40)).dimensions(), (30, 40));
    }
}
