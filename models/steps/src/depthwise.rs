//! A depthwise convolution of features whose channels lie last: each channel is convolved by itself.

use std::{array, ops::Range};

use crate::Requantise;

/// Channels that are computed at once, so that what they need stays near the processor.
const BLOCK: usize = 256;

/// How the window goes along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Along {
    /// How many places there are.
    pub input: usize,
    /// How many places come out.
    pub output: usize,
    /// How many places the window is over.
    pub kernel: usize,
    /// How far it goes each time.
    pub stride: usize,
    /// Zeros before the first place. Those behind the last one follow from the others.
    pub padding: usize,
}

impl Along {
    /// The first place that the window is over for an output, and which of its weights are over places and not over zeros;
    /// there may be none.
    fn window(&self, output: usize) -> (usize, Range<usize>) {
        let start = output.saturating_mul(self.stride);
        let end = self.kernel.min(self.input.saturating_add(self.padding).saturating_sub(start));
        let begin = self.padding.saturating_sub(start).min(end);
        ((start + begin).saturating_sub(self.padding), begin..end)
    }
}

/// Convolves each channel of `[rows, columns, channels]` by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Depthwise {
    rows: Along,
    columns: Along,
    /// `[weight, channel]`, weights row by row.
    weights: Vec<f32>,
    channels: usize,
    /// What is made of the sums.
    after: Option<Requantise>,
}

impl Depthwise {
    /// A convolution with a kernel of `[channels, rows, columns]`; nothing where the kernel is of another size.
    #[must_use]
    pub fn new(rows: Along, columns: Along, channels: usize, kernel: &[f32]) -> Option<Self> {
        let window = rows.kernel.checked_mul(columns.kernel)?;
        let count = window.checked_mul(channels)?;
        let weights = || (0..count).map(|at| kernel[at % channels * window + at / channels]).collect();
        (kernel.len() == count).then(|| Self { rows, columns, weights: weights(), channels, after: None })
    }

    /// Has the sums made steps while they are near. It says whether it does, which it does once.
    pub fn requantise(&mut self, requantise: &Requantise) -> bool {
        let does = self.after.is_none() && requantise.multipliers.len() == self.channels;
        if does {
            self.after = Some(requantise.clone());
        }
        does
    }

    /// The shape of what it takes: rows, columns, channels.
    #[must_use]
    pub fn input_shape(&self) -> [usize; 3] {
        [self.rows.input, self.columns.input, self.channels]
    }

    /// The shape of what it gives: rows, columns, channels.
    #[must_use]
    pub fn output_shape(&self) -> [usize; 3] {
        [self.rows.output, self.columns.output, self.channels]
    }

    /// Convolves values and adds a bias for each channel. What comes out takes the place of what is in `output`.
    ///
    /// # Panics
    ///
    /// Where a slice is shorter than its shape asks for.
    pub fn apply(&self, input: &[f32], bias: &[f32], output: &mut [f32]) {
        let channels = self.channels;
        for first in (0..channels).step_by(BLOCK) {
            let block = first..channels.min(first + BLOCK);
            for (row, output) in output.chunks_mut(self.columns.output * channels).enumerate() {
                let (first_row, kernel_rows) = self.rows.window(row);
                for (column, output) in output.chunks_mut(channels).enumerate() {
                    let (first_column, kernel_columns) = self.columns.window(column);
                    let sums = &mut output[block.clone()];
                    sums.copy_from_slice(&bias[block.clone()]);
                    for (row, kernel_row) in (first_row..).zip(kernel_rows.clone()) {
                        let place = row * self.columns.input + first_column;
                        let weight = kernel_row * self.columns.kernel + kernel_columns.start;
                        let (values, weights) = (place * channels + first, weight * channels + first);
                        let count = kernel_columns.len();
                        add_products(sums, (input, values), (&self.weights, weights), channels, count);
                    }
                    if let Some(requantise) = &self.after {
                        requantise.apply_place(sums, first);
                    }
                }
            }
        }
    }
}

/// Adds the products of `count` places and their weights to the sums of some channels. Of both it is said where the first is;
/// each next one is `channels` further on.
fn add_products(
    sums: &mut [f32],
    (values, mut value): (&[f32], usize),
    (weights, mut weight): (&[f32], usize),
    channels: usize,
    mut count: usize,
) {
    while count > 0 {
        let taken = count.min(5);
        let (values, weights) = (&values[value..], &weights[weight..]);
        match taken {
            1 => add_products_of::<1>(sums, values, weights, channels),
            2 => add_products_of::<2>(sums, values, weights, channels),
            3 => add_products_of::<3>(sums, values, weights, channels),
            4 => add_products_of::<4>(sums, values, weights, channels),
            _ => add_products_of::<5>(sums, values, weights, channels),
        }
        count -= taken;
        value += taken * channels;
        weight += taken * channels;
    }
}

/// As many places at once as the compiler was told, so that each sum is loaded and stored once for them. It makes vector
/// instructions of this where it knows that the sums are apart from the rest, as it does for the arguments of a call.
#[inline(never)]
fn add_products_of<const COUNT: usize>(sums: &mut [f32], values: &[f32], weights: &[f32], channels: usize) {
    let width = sums.len();
    let values: [&[f32]; COUNT] = array::from_fn(|place| &values[place * channels..][..width]);
    let weights: [&[f32]; COUNT] = array::from_fn(|place| &weights[place * channels..][..width]);
    for (channel, sum) in sums.iter_mut().enumerate() {
        let mut total = *sum;
        for place in 0..COUNT {
            total += values[place][channel] * weights[place][channel];
        }
        *sum = total;
    }
}

#[cfg(test)]
mod tests;
