//! A picture as a grid of blocks: which are sharp, and how large a smooth region reaches in from the border, as a finger
//! on the lens does.

use image::RgbImage;

use super::plane::Plane;

/// Blocks across and down.
const GRID: usize = 16;
/// Neighbouring blocks of a region differ by less, in levels.
const STEP: f32 = 22.0;
/// The root mean square of the second derivative at half the size, below which a block is smooth.
const SMOOTH: f32 = 2.5;

#[derive(Clone, Copy, Default)]
struct Block {
    pixels: f32,
    sum: f32,
    squares: f32,
    red: f32,
    blue: f32,
    energy: f32,
    half_energy: f32,
    half_pixels: f32,
}

impl Block {
    fn level(&self) -> f32 {
        self.sum / self.pixels
    }

    fn deviation(&self) -> f32 {
        (self.squares / self.pixels - self.level().powi(2)).max(0.0).sqrt()
    }

    fn sharpness(&self) -> f32 {
        self.energy / self.pixels
    }

    fn is_smooth(&self) -> bool {
        self.half_energy < SMOOTH * SMOOTH * self.half_pixels
    }
}

/// The largest smooth region that touches the border.
pub(super) struct Region {
    /// Of the whole picture, in 0..=1.
    pub(super) share: f32,
    /// How much redder than blue it is, in -1..=1.
    pub(super) warmth: f32,
    /// How light it is, in 0..=1.
    pub(super) level: f32,
    /// How much lighter than the rest, in -1..=1.
    pub(super) contrast: f32,
    /// How much less sharp the blocks around it are than the rest, as a logarithm: what is near the lens has no edge.
    pub(super) softness: f32,
}

/// The grid, row by row.
pub(super) struct Blocks([Block; GRID * GRID]);

impl Blocks {
    pub(super) fn of(picture: &RgbImage, luma: &Plane, half: &Plane) -> Self {
        let mut blocks = [Block { pixels: 1e-6, half_pixels: 1e-6, ..Block::default() }; GRID * GRID];
        let place =
            |x: usize, y: usize, plane: &Plane| (y * GRID / plane.height) * GRID + x * GRID / plane.width;
        let columns: Vec<usize> = (0..luma.width).map(|x| x * GRID / luma.width).collect();
        for y in 1..luma.height - 1 {
            let row = (y * GRID / luma.height) * GRID;
            for x in 1..luma.width - 1 {
                let block = &mut blocks[row + columns[x]];
                let level = f32::from(luma.values[y * luma.width + x]);
                let pixel = &picture.as_raw()[(y * luma.width + x) * 3..][..3];
                block.pixels += 1.0;
                block.sum += level;
                block.squares += level * level;
                block.red += f32::from(pixel[0]);
                block.blue += f32::from(pixel[2]);
                block.energy += (luma.laplacian(x, y) as f32).powi(2);
            }
        }
        for y in 1..half.height - 1 {
            for x in 1..half.width - 1 {
                let block = &mut blocks[place(x, y, half)];
                block.half_pixels += 1.0;
                block.half_energy += (half.laplacian(x, y) as f32).powi(2);
            }
        }
        Self(blocks)
    }

    /// The sharpness below which a share of the blocks lies.
    pub(super) fn sharpness(&self, share: f32) -> f32 {
        let mut all = self.0.map(|block| block.sharpness());
        all.sort_unstable_by(f32::total_cmp);
        all[((GRID * GRID - 1) as f32 * share) as usize]
    }

    /// The share of blocks that are all but one level.
    pub(super) fn flat(&self) -> f32 {
        self.share(|block| block.deviation() < 1.5)
    }

    /// The share of blocks without detail.
    pub(super) fn smooth(&self) -> f32 {
        self.share(Block::is_smooth)
    }

    fn share(&self, is: impl Fn(&Block) -> bool) -> f32 {
        self.0.iter().filter(|block| is(block)).count() as f32 / (GRID * GRID) as f32
    }

    /// The mean sharpness of the blocks along the border.
    pub(super) fn border_texture(&self) -> f32 {
        self.texture(is_border)
    }

    /// The mean sharpness of the middle quarter.
    pub(super) fn centre_texture(&self) -> f32 {
        let middle = GRID / 4..GRID - GRID / 4;
        self.texture(|x, y| middle.contains(&x) && middle.contains(&y))
    }

    fn texture(&self, is_in: impl Fn(usize, usize) -> bool) -> f32 {
        let chosen = self.0.iter().enumerate().filter(|(at, _)| is_in(at % GRID, at / GRID));
        let (count, sum) =
            chosen.fold((0.0, 0.0), |(count, sum), (_, block)| (count + 1.0, sum + block.sharpness()));
        sum / f32::max(count, 1.0)
    }

    pub(super) fn border_region(&self) -> Region {
        let mut seen = [false; GRID * GRID];
        let mut largest: Vec<usize> = Vec::new();
        for start in (0..GRID * GRID).filter(|at| is_border(at % GRID, at / GRID)) {
            let region = self.fill(start, &mut seen);
            if region.len() > largest.len() {
                largest = region;
            }
        }
        let mut within = [false; GRID * GRID];
        for at in &largest {
            within[*at] = true;
        }
        let mean = |of: &dyn Fn(&Block) -> f32, inside: bool| {
            let chosen = self.0.iter().zip(&within).filter(|(_, within)| **within == inside);
            let (count, sum) =
                chosen.fold((0.0_f32, 0.0), |(count, sum), (block, _)| (count + 1.0, sum + of(block)));
            sum / count.max(1.0) / 255.0
        };
        let level = mean(&Block::level, true);
        let rest = if largest.len() == GRID * GRID { level } else { mean(&Block::level, false) };
        Region {
            share: largest.len() as f32 / (GRID * GRID) as f32,
            warmth: mean(&|block| (block.red - block.blue) / block.pixels, true),
            level,
            contrast: level - rest,
            softness: self.softness(&within),
        }
    }

    /// The mean logarithm of the sharpness of the blocks outside, less that of the blocks along the region.
    fn softness(&self, within: &[bool; GRID * GRID]) -> f32 {
        let (mut along, mut beyond) = ((0.0_f32, 0.0_f32), (0.0_f32, 0.0_f32));
        for (at, block) in self.0.iter().enumerate().filter(|(at, _)| !within[*at]) {
            let is_along = neighbours(at).any(|next| within[next]);
            let (count, sum) = if is_along { &mut along } else { &mut beyond };
            *count += 1.0;
            *sum += block.sharpness().ln_1p();
        }
        if along.0 < 1.0 || beyond.0 < 1.0 { 0.0 } else { (beyond.1 / beyond.0 - along.1 / along.0) / 4.0 }
    }

    /// The smooth blocks that hang together with one, each like its neighbour.
    fn fill(&self, start: usize, seen: &mut [bool; GRID * GRID]) -> Vec<usize> {
        let (mut region, mut open) = (Vec::new(), vec![start]);
        if seen[start] || !self.0[start].is_smooth() {
            return region;
        }
        seen[start] = true;
        while let Some(at) = open.pop() {
            region.push(at);
            for next in neighbours(at) {
                let like = (self.0[next].level() - self.0[at].level()).abs() < STEP;
                if !seen[next] && self.0[next].is_smooth() && like {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
        region
    }
}

/// The blocks beside, above and below one.
fn neighbours(at: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % GRID, at / GRID);
    let neighbours = [
        (x > 0).then(|| at - 1),
        (x + 1 < GRID).then(|| at + 1),
        (y > 0).then(|| at - GRID),
        (y + 1 < GRID).then(|| at + GRID),
    ];
    neighbours.into_iter().flatten()
}

fn is_border(x: usize, y: usize) -> bool {
    x == 0 || y == 0 || x + 1 == GRID || y + 1 == GRID
}
