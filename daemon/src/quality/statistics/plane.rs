//! One channel of a picture, and what its neighbouring values say of sharpness and noise.

use image::RgbImage;

/// Rows of levels; at least 4 across and down.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<u8>,
}

impl Plane {
    /// The luminance of sRGB's levels as they are, by the weights of ITU-R BT.601.
    pub(super) fn luma(picture: &RgbImage) -> Self {
        let luma = |pixel: &[u8]| {
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            ((77 * red + 150 * green + 29 * blue + 128) >> 8) as u8
        };
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            values: picture.as_raw().chunks_exact(3).map(luma).collect(),
        }
    }

    /// Means of two by two.
    pub(super) fn half(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut values = Vec::with_capacity(width * height);
        for rows in self.values.chunks_exact(self.width * 2).take(height) {
            let (above, below) = rows.split_at(self.width);
            let pairs = above.chunks_exact(2).zip(below.chunks_exact(2));
            values.extend(pairs.map(|(one, other)| {
                let sum = u16::from(one[0]) + u16::from(one[1]) + u16::from(other[0]) + u16::from(other[1]);
                ((sum + 2) / 4) as u8
            }));
        }
        Self { width, height, values }
    }

    /// The second derivative at one place that is not on the border.
    pub(super) fn laplacian(&self, x: usize, y: usize) -> i32 {
        let at = y * self.width + x;
        let value = |at: usize| i32::from(self.values[at]);
        4 * value(at) - value(at - 1) - value(at + 1) - value(at - self.width) - value(at + self.width)
    }

    /// The mean square of the second derivative: its variance, since its mean is nearly 0.
    pub(super) fn laplacian_energy(&self) -> f32 {
        let mut sum = 0_u64;
        for y in 1..self.height - 1 {
            let row: u32 = (1..self.width - 1).map(|x| self.laplacian(x, y).pow(2) as u32).sum();
            sum += u64::from(row);
        }
        sum as f32 / ((self.width - 2) * (self.height - 2)) as f32
    }

    /// The share of neighbours across that differ by one level at most.
    pub(super) fn near_neighbours(&self) -> f32 {
        let near = |row: &[u8]| row.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
        let count: usize = self.values.chunks_exact(self.width).map(near).sum();
        count as f32 / ((self.width - 1) * self.height) as f32
    }

    /// How much neighbours two columns apart are alike, in -1..=1; 1 for what is all one level.
    pub(super) fn correlation(&self) -> f32 {
        let mean =
            self.values.iter().map(|value| u64::from(*value)).sum::<u64>() as f32 / self.values.len() as f32;
        let (mut product, mut square) = (0.0_f32, 0.0_f32);
        for row in self.values.chunks_exact(self.width) {
            for (one, other) in row.iter().zip(&row[2..]) {
                let (one, other) = (f32::from(*one) - mean, f32::from(*other) - mean);
                product += one * other;
                square += f32::midpoint(one * one, other * other);
            }
        }
        (product + 1.0) / (square + 1.0)
    }
}
