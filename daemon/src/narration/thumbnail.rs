//! Pictures made so small that two of them can be compared thirty times a second, and how far two differ. Pure.
//!
//! A thumbnail holds lightness alone. What is compared is its structure, in blocks of four by four cells: each block
//! without its mean and over the strength of all of them. So a lamp that flickers or an exposure that adapts changes
//! nothing, and noise, which the averaging has taken out, next to nothing. Two pictures that are shifted against one another by
//! less than a tenth, as by a trembling hand, are compared where they overlap best.

use image::RgbImage;

/// Cells across.
pub const COLUMNS: usize = 32;
/// Cells down.
pub const ROWS: usize = 24;

/// Cells across and down of what is compared as one.
const BLOCK: usize = 4;
/// How far apart two pictures may lie and still be laid over one another, in cells.
const SHIFT: isize = 2;
/// Pictures with less structure than this, in lightness of 0 to 1, are not made to look as if they had more: it is noise.
const LEAST_STRENGTH: f32 = 0.02;
/// What a block may differ by for nothing, beside its own structure of about 1.
const TOLERANCE: f32 = 0.08;
/// A block with more structure than this shows something.
const TEXTURED: f32 = 0.3;
/// From this difference on, in 0 to 1, a block that shows something has moved.
const MOVED: f32 = 0.15;
/// Below this change no better overlap is looked for.
const ALIKE: f32 = 0.1;

/// A picture's lightness, small.
#[derive(Debug, Clone, PartialEq)]
pub struct Thumbnail {
    /// Row by row, in 0 to 1.
    cells: Vec<f32>,
    /// How much structure there is: the root of its mean square, in lightness.
    strength: f32,
}

impl Thumbnail {
    /// The thumbnail of a picture of any size but an empty one.
    #[must_use]
    pub fn of(picture: &RgbImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let bytes = picture.as_raw();
        let mut cells = vec![0.0; COLUMNS * ROWS];
        for row in 0..ROWS {
            let rows = range(row, ROWS, height);
            // Eight lines of a cell say as much as all of those of a large picture.
            let step = rows.len().div_ceil(8).max(1);
            let mut sums = [0_u32; COLUMNS];
            let mut lines = 0;
            for line in rows.step_by(step) {
                lines += 1;
                let line = &bytes[line * width * 3..(line + 1) * width * 3];
                for (column, sum) in sums.iter_mut().enumerate() {
                    let columns = range(column, COLUMNS, width);
                    for pixel in line[columns.start * 3..columns.end * 3].chunks_exact(3) {
                        *sum +=
                            77 * u32::from(pixel[0]) + 150 * u32::from(pixel[1]) + 29 * u32::from(pixel[2]);
                    }
                }
            }
            for (column, sum) in sums.into_iter().enumerate() {
                let count = range(column, COLUMNS, width).len() * lines;
                cells[row * COLUMNS + column] = sum as f32 / (count as f32 * 255.0 * 256.0);
            }
        }
        let mut thumbnail = Self { cells: softened(&cells), strength: 0.0 };
        let blocks = Blocks { one: &thumbnail, other: &thumbnail, shift: (0, 0) };
        let (sum, count) =
            blocks.of(1.0, 1.0).fold((0.0, 0), |(sum, count), block| (sum + block.one, count + 1));
        thumbnail.strength = (sum / f32::max(count as f32, 1.0)).sqrt();
        thumbnail
    }

    /// How much of what there is to see is another in a second picture, in 0 to 1, where the two overlap best.
    #[must_use]
    pub fn change(&self, other: &Self) -> f32 {
        let change = self.compare(other, (0, 0)).0;
        if change < ALIKE {
            return change;
        }
        let shifts = (-SHIFT..=SHIFT).flat_map(|down| (-SHIFT..=SHIFT).map(move |across| (across, down)));
        shifts.map(|shift| self.compare(other, shift).0).fold(change, f32::min)
    }

    /// How light it is, in 0 to 1.
    #[must_use]
    pub fn lightness(&self) -> f32 {
        self.cells.iter().sum::<f32>() / self.cells.len() as f32
    }

    /// How many of the blocks with something in them are another in a second picture, as a share of 0 to 1.
    #[must_use]
    pub fn motion(&self, other: &Self) -> f32 {
        self.compare(other, (0, 0)).1
    }

    /// Change and motion of another picture that is shifted by cells across and down.
    fn compare(&self, other: &Self, shift: (isize, isize)) -> (f32, f32) {
        let blocks = Blocks { one: self, other, shift };
        let scale = |strength: f32| 1.0 / strength.max(LEAST_STRENGTH);
        let (mut changed, mut moved, mut textured, mut count) = (0.0, 0.0, 0.0_f32, 0.0_f32);
        for Block { one, other, residue } in blocks.of(scale(self.strength), scale(other.strength)) {
            let difference = (residue / (one + other + TOLERANCE)).min(1.0);
            count += 1.0;
            changed += difference;
            if one.max(other) > TEXTURED {
                textured += 1.0;
                moved += f32::from(u8::from(difference > MOVED));
            }
        }
        // Where next to nothing is to be seen, a little of it is not all.
        let change = changed / textured.max(count / 4.0).max(1.0);
        (change.min(1.0), moved / textured.max(count / 8.0).max(1.0))
    }
}

/// The pixels that a cell takes in: never none.
fn range(cell: usize, cells: usize, pixels: usize) -> std::ops::Range<usize> {
    let start = (cell * pixels / cells).min(pixels.saturating_sub(1));
    start..((cell + 1) * pixels / cells).max(start + 1).min(pixels)
}

/// The cells, each mixed with its neighbours: what moves by half a cell then looks nearly the same.
fn softened(cells: &[f32]) -> Vec<f32> {
    let mix = |before: f32, own: f32, after: f32| (before + 2.0 * own + after) / 4.0;
    let mut across = vec![0.0; cells.len()];
    for row in 0..ROWS {
        let line = &cells[row * COLUMNS..(row + 1) * COLUMNS];
        for column in 0..COLUMNS {
            let (before, after) = (column.saturating_sub(1), (column + 1).min(COLUMNS - 1));
            across[row * COLUMNS + column] = mix(line[before], line[column], line[after]);
        }
    }
    let mut both = vec![0.0; cells.len()];
    for row in 0..ROWS {
        let (before, after) = (row.saturating_sub(1), (row + 1).min(ROWS - 1));
        for column in 0..COLUMNS {
            let cell = |row: usize| across[row * COLUMNS + column];
            both[row * COLUMNS + column] = mix(cell(before), cell(row), cell(after));
        }
    }
    both
}

/// Two thumbnails laid over one another.
struct Blocks<'a> {
    one: &'a Thumbnail,
    other: &'a Thumbnail,
    shift: (isize, isize),
}

/// What two blocks that lie over one another hold: the mean square of the structure of each and of their difference.
struct Block {
    one: f32,
    other: f32,
    residue: f32,
}

impl<'a> Blocks<'a> {
    /// The blocks where both are, with each thumbnail's lightness multiplied.
    fn of(self, scale: f32, other_scale: f32) -> impl Iterator<Item = Block> + 'a {
        let (across, down) = self.shift;
        let overlap = |cells: usize, shift: isize| (cells - shift.unsigned_abs()) / BLOCK;
        let (columns, rows) = (overlap(COLUMNS, across), overlap(ROWS, down));
        let begin = |shift: isize| shift.max(0) as usize;
        let (start, other_start) = ((begin(across), begin(down)), (begin(-across), begin(-down)));
        (0..rows * columns).map(move |index| {
            let (x, y) = (index % columns * BLOCK, index / columns * BLOCK);
            let (mut sum, mut other_sum, mut square, mut other_square, mut product) =
                (0.0, 0.0, 0.0, 0.0, 0.0);
            for row in 0..BLOCK {
                let at = (start.1 + y + row) * COLUMNS + start.0 + x;
                let other_at = (other_start.1 + y + row) * COLUMNS + other_start.0 + x;
                let line = &self.one.cells[at..at + BLOCK];
                let other_line = &self.other.cells[other_at..other_at + BLOCK];
                for (one, other) in line.iter().zip(other_line) {
                    let (one, other) = (one * scale, other * other_scale);
                    sum += one;
                    other_sum += other;
                    square += one * one;
                    other_square += other * other;
                    product += one * other;
                }
            }
            let count = (BLOCK * BLOCK) as f32;
            let (mean, other_mean) = (sum / count, other_sum / count);
            let one = (square / count - mean * mean).max(0.0);
            let other = (other_square / count - other_mean * other_mean).max(0.0);
            let residue = (one + other - 2.0 * (product / count - mean * other_mean)).max(0.0);
            Block { one, other, residue }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::narration::scenes::{Chance, lit, photo};

    fn differ(one: &RgbImage, other: &RgbImage) -> f32 {
        Thumbnail::of(one).change(&Thumbnail::of(other))
    }

    #[test]
    fn light_and_noise_are_no_change_and_another_scene_is_all_of_it() {
        let mut chance = Chance::new(1);
        let names = ["cat", "coffee", "moose", "photographer", "shore", "tulips"];
        for name in names {
            let picture = photo(name).at(0, 0);
            for (by, noise, most) in
                [(1.0, 4.0, 0.01), (1.0, 16.0, 0.05), (0.6, 4.0, 0.02), (1.4, 4.0, 0.15), (0.3, 4.0, 0.15)]
            {
                let other = chance.noise(&lit(picture.clone(), by), noise);
                let found = differ(&chance.noise(&picture, noise), &other);
                assert!(found < most, "{name}, light {by}, noise {noise}: {found}");
            }
            for other in names.into_iter().filter(|other| *other != name) {
                let found = differ(&picture, &photo(other).at(0, 0));
                assert!(found > 0.6, "{name} and {other}: {found}");
            }
        }
    }

    #[test]
    fn a_trembling_hand_is_little_and_a_turned_head_is_much() {
        for name in ["cat", "coffee", "moose", "shore"] {
            let photo = photo(name);
            let first = Thumbnail::of(&photo.at(0, 0));
            let [still, tremble, shifted, far, gone] = [0, 2, 5, 10, 30].map(|pixels| {
                let second = Thumbnail::of(&photo.at(pixels, 0));
                (first.change(&second), first.motion(&second))
            });
            assert!(still.0 < 0.001 && still.1 < 0.001, "{name}: {still:?}");
            assert!(tremble.0 < 0.15 && tremble.1 < 0.5, "{name}: {tremble:?}");
            assert!(shifted.0 < 0.15 && shifted.1 > 0.5, "{name}: {shifted:?}");
            assert!(far.0 < 0.3 && far.1 > 0.7, "{name}: {far:?}");
            assert!(gone.0 > 0.5, "{name}: {gone:?}");
        }
    }

    #[test]
    fn pictures_of_any_size_and_of_nothing_are_compared() {
        for (width, height) in [(1, 1), (31, 500), (33, 25), (640, 480), (1921, 3)] {
            let grey = RgbImage::from_pixel(width, height, image::Rgb([90; 3]));
            let found = Thumbnail::of(&grey);
            assert!(found.cells.iter().all(|cell| (cell - 90.0 / 255.0).abs() < 0.01), "{width} x {height}");
            let black = Thumbnail::of(&RgbImage::new(width, height));
            assert!(found.change(&black) < 0.01, "neither shows anything");
        }
        let wall = Thumbnail::of(&RgbImage::from_pixel(320, 240, image::Rgb([90; 3])));
        assert!(wall.change(&Thumbnail::of(&photo("cat").at(0, 0))) > 0.7);
    }
}
