//! What can be counted in a small picture, cheaply: how light, how sharp, how colourful, how rectangular it is.
//!
//! Nothing here decides anything: the numbers are the inputs of the fitted table. Each lies roughly within -1..=1 or is
//! a logarithm, so that no unit drowns the others.

mod blocks;
mod plane;

use image::RgbImage;

use blocks::{Blocks, Region};
use plane::Plane;

/// How many numbers there are.
pub const COUNT: usize = 40;

/// Their names, in their order.
pub const NAMES: [&str; COUNT] = [
    "mean",
    "deviation",
    "dark tenth",
    "median",
    "light tenth",
    "black",
    "white",
    "range",
    "entropy",
    "main level",
    "main colour",
    "four colours",
    "colours",
    "equal neighbours",
    "near neighbours",
    "sharpness",
    "half sharpness",
    "quarter sharpness",
    "sharpest blocks",
    "median block",
    "strong edges",
    "weak edges",
    "straight edges",
    "lines",
    "line rows",
    "saturation",
    "grey",
    "warm",
    "flat blocks",
    "smooth blocks",
    "region",
    "region warmth",
    "region darkness",
    "region contrast",
    "region softness",
    "soft region",
    "correlation",
    "texture share",
    "border texture",
    "centre texture",
];

/// The place of `mean`.
pub(super) const MEAN: usize = 0;
/// The place of `range`.
pub(super) const RANGE: usize = 7;

/// The numbers of one picture.
pub type Statistics = [f32; COUNT];

/// A step between neighbours that is surely an edge, in levels.
const STRONG: i32 = 48;
/// A step between neighbours that a line needs.
const LINE: i32 = 20;

/// Counts. The picture has at least [`super::MINIMUM_SIDE`] pixels across and down.
#[must_use]
pub fn of(picture: &RgbImage) -> Statistics {
    let luma = Plane::luma(picture);
    let half = luma.half();
    let quarter = half.half();
    let levels = Levels::of(&luma);
    let colours = Colours::of(picture);
    let edges = Edges::of(&luma);
    let blocks = Blocks::of(picture, &luma, &half);
    let region = blocks.border_region();
    let (texture, variance) = (luma.laplacian_energy(), levels.deviation * levels.deviation);
    let Region { share, warmth, level, contrast, softness } = region;
    [
        levels.mean / 255.0,
        levels.deviation / 128.0,
        levels.at(0.1) / 255.0,
        levels.at(0.5) / 255.0,
        levels.at(0.9) / 255.0,
        levels.share(0, 16),
        levels.share(244, 256),
        log(levels.at(0.99) - levels.at(0.01)),
        levels.entropy(),
        levels.main(),
        colours.main,
        colours.four,
        log(colours.count) / 2.0,
        colours.equal,
        luma.near_neighbours(),
        log(texture),
        log(half.laplacian_energy()),
        log(quarter.laplacian_energy()),
        log(blocks.sharpness(0.9)),
        log(blocks.sharpness(0.5)),
        edges.strong,
        edges.weak,
        edges.straight,
        edges.lines,
        edges.rows,
        colours.saturation,
        colours.grey,
        colours.warm,
        blocks.flat(),
        blocks.smooth(),
        share,
        share * warmth,
        share * (1.0 - level),
        share * contrast,
        softness,
        share * softness,
        luma.correlation(),
        log(texture / (variance + 1.0) * 100.0),
        log(blocks.border_texture()),
        log(blocks.centre_texture()),
    ]
}

/// A logarithm that is 0 at 0 and about 1 at 100.
fn log(value: f32) -> f32 {
    value.max(0.0).ln_1p() / 4.6
}

/// How often each of the 256 levels of luminance occurs.
struct Levels {
    counts: [u32; 256],
    total: f32,
    mean: f32,
    deviation: f32,
}

impl Levels {
    fn of(luma: &Plane) -> Self {
        let mut counts = [0_u32; 256];
        for level in &luma.values {
            counts[usize::from(*level)] += 1;
        }
        let total = luma.values.len() as f32;
        let moment = |power: i32| {
            let weighed =
                (0_u16..).zip(&counts).map(|(level, count)| f64::from(level).powi(power) * f64::from(*count));
            (weighed.sum::<f64>() / f64::from(total)) as f32
        };
        let mean = moment(1);
        let deviation = (moment(2) - mean * mean).max(0.0).sqrt();
        Self { counts, total, mean, deviation }
    }

    /// The level below which a share of the pixels lies.
    fn at(&self, share: f32) -> f32 {
        let mut left = share * self.total;
        for (level, count) in (0_u16..).zip(&self.counts) {
            left -= *count as f32;
            if left < 0.0 {
                return f32::from(level);
            }
        }
        255.0
    }

    fn share(&self, from: usize, to: usize) -> f32 {
        self.counts[from..to].iter().sum::<u32>() as f32 / self.total
    }

    /// Of 64 bins, in 0..=1.
    fn entropy(&self) -> f32 {
        let shares = self.counts.chunks_exact(4).map(|bin| bin.iter().sum::<u32>() as f32 / self.total);
        shares.filter(|share| *share > 0.0).map(|share| -share * share.log2()).sum::<f32>() / 6.0
    }

    /// The share of the commonest level and its two neighbours.
    fn main(&self) -> f32 {
        let most = self.counts.windows(3).map(|three| three.iter().sum::<u32>()).max().unwrap_or(0);
        most as f32 / self.total
    }
}

/// What colours say.
struct Colours {
    main: f32,
    four: f32,
    count: f32,
    equal: f32,
    saturation: f32,
    grey: f32,
    warm: f32,
}

impl Colours {
    fn of(picture: &RgbImage) -> Self {
        let (width, bytes) = (picture.width() as usize, picture.as_raw());
        let mut counts = vec![0_u16; 1 << 15];
        let (mut saturation, mut grey, mut warm, mut equal) = (0_u32, 0_u32, 0_u32, 0_u32);
        for pixel in bytes.chunks_exact(3) {
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]];
            let spread = red.max(green).max(blue) - red.min(green).min(blue);
            let bin = usize::from(red >> 3) << 10 | usize::from(green >> 3) << 5 | usize::from(blue >> 3);
            counts[bin] = counts[bin].saturating_add(1);
            saturation += u32::from(spread);
            grey += u32::from(spread <= 3);
            warm += u32::from(red > green && green >= blue && red - blue > 16);
        }
        for row in bytes.chunks_exact(width * 3) {
            equal += row
                .chunks_exact(3)
                .zip(row[3..].chunks_exact(3))
                .map(|(a, b)| u32::from(a == b))
                .sum::<u32>();
        }
        let below = &bytes[(width * 3).min(bytes.len())..];
        equal +=
            bytes.chunks_exact(3).zip(below.chunks_exact(3)).map(|(a, b)| u32::from(a == b)).sum::<u32>();

        let total = (bytes.len() / 3) as f32;
        let mut most = [0_u16; 4];
        let mut count = 0_u32;
        for bin in counts.into_iter().filter(|bin| *bin > 0) {
            count += 1;
            if bin > most[3] {
                most[3] = bin;
                most.sort_unstable_by(|one, other| other.cmp(one));
            }
        }
        let share = |count: u32| count as f32 / total;
        Self {
            main: f32::from(most[0]) / total,
            four: most.iter().map(|bin| f32::from(*bin)).sum::<f32>() / total,
            count: count as f32,
            equal: share(equal) / 2.0,
            saturation: share(saturation) / 255.0,
            grey: share(grey),
            warm: share(warm),
        }
    }
}

/// What steps between neighbours say.
struct Edges {
    strong: f32,
    weak: f32,
    /// Of all edges, those that are level or upright.
    straight: f32,
    /// How full of such edges the fullest rows and columns are.
    lines: f32,
    /// How much the rows differ in that, as lines of text do.
    rows: f32,
}

impl Edges {
    fn of(luma: &Plane) -> Self {
        let (width, height) = (luma.width, luma.height);
        let (mut rows, mut columns) = (vec![0_u32; height], vec![0_u32; width]);
        let (mut strong, mut weak, mut edges, mut straight) = (0_u32, 0_u32, 0_u32, 0_u32);
        for (y, level_edges) in rows.iter_mut().enumerate().take(height - 1).skip(1) {
            let [above, row, below] = [y - 1, y, y + 1].map(|y| &luma.values[y * width..][..width]);
            let mut in_row = 0;
            for x in 1..width - 1 {
                let across = (i32::from(row[x + 1]) - i32::from(row[x - 1])).abs();
                let down = (i32::from(below[x]) - i32::from(above[x])).abs();
                let (most, least) = (across.max(down), across.min(down));
                strong += u32::from(most >= STRONG);
                weak += u32::from((8..LINE).contains(&most));
                if most >= LINE {
                    edges += 1;
                    if least * 6 < most {
                        straight += 1;
                        if down > across {
                            in_row += 1;
                        } else {
                            columns[x] += 1;
                        }
                    }
                }
            }
            *level_edges = in_row;
        }
        let total = (width * height) as f32;
        let mean = rows.iter().sum::<u32>() as f32 / height as f32;
        let spread = rows.iter().map(|count| (*count as f32 - mean).abs()).sum::<f32>() / height as f32;
        let fullest = |counts: &mut Vec<u32>, length: usize| {
            counts.sort_unstable_by(|one, other| other.cmp(one));
            counts.iter().take(8).sum::<u32>() as f32 / (8 * length) as f32
        };
        Self {
            strong: strong as f32 / total,
            weak: weak as f32 / total,
            straight: straight as f32 / (edges as f32 + 50.0),
            rows: spread / (mean + 2.0),
            lines: fullest(&mut rows, width) + fullest(&mut columns, height),
        }
    }
}

#[cfg(test)]
mod tests;
