//! A depthwise convolution of features whose channels lie last: each channel is convolved by itself.

use std::{array, ops::Range};

use fearless_simd::{Level, dispatch, prelude::*};

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
    /// A convolution with a kernel of `[channels, rows, columns]`; nothing where the kernel is of another size, and where
    /// nothing would come out.
    #[must_use]
    pub fn new(rows: Along, columns: Along, channels: usize, kernel: &[f32]) -> Option<Self> {
        let window = rows.kernel.checked_mul(columns.kernel)?;
        let count = window.checked_mul(channels)?;
        if [rows.output, columns.output, channels].contains(&0) {
            return None;
        }
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
        self.apply_at(Level::new(), input, bias, output);
    }

    /// With the instructions of that level.
    fn apply_at(&self, level: Level, input: &[f32], bias: &[f32], output: &mut [f32]) {
        dispatch!(level, simd => self.apply_with(simd, input, bias, output));
    }

    #[inline(always)]
    fn apply_with<S: Simd>(&self, simd: S, input: &[f32], bias: &[f32], output: &mut [f32]) {
        let channels = self.channels;
        for first in (0..channels).step_by(BLOCK) {
            let block = channels.min(first + BLOCK);
            for (row, output) in output.chunks_mut(self.columns.output * channels).enumerate() {
                let rows = self.rows.window(row);
                for (column, output) in output.chunks_mut(channels).enumerate() {
                    let window = Window { input, bias, rows: &rows, columns: &self.columns.window(column) };
                    let mut channel = first;
                    while channel < block {
                        let left = block - channel;
                        channel += if left >= 4 * S::f32s::LEN {
                            self.convolve::<S, 4>(simd, &window, channel, output)
                        } else if left >= S::f32s::LEN {
                            self.convolve::<S, 1>(simd, &window, channel, output)
                        } else {
                            self.convolve_one(&window, channel, output)
                        };
                    }
                }
            }
        }
    }

    /// Some vectors of channels of one place, whose sums stay in registers while all weights pass. It says how many channels.
    #[inline(always)]
    fn convolve<S: Simd, const VECTORS: usize>(
        &self,
        simd: S,
        window: &Window<'_>,
        channel: usize,
        output: &mut [f32],
    ) -> usize {
        let width = VECTORS * S::f32s::LEN;
        let vector = |values: &[f32], index: usize| {
            S::f32s::from_slice(simd, &values[index * S::f32s::LEN..][..S::f32s::LEN])
        };
        let bias = &window.bias[channel..channel + width];
        let mut sums: [S::f32s; VECTORS] = array::from_fn(|index| vector(bias, index));
        self.each_pair(window, channel, width, |values, weights| {
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum = vector(values, index) * vector(weights, index) + *sum;
            }
        });
        if let Some(requantise) = &self.after {
            let multipliers = &requantise.multipliers[channel..channel + width];
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum = requantise.steps(simd, *sum, vector(multipliers, index));
            }
        }
        let places = output[channel..channel + width].chunks_exact_mut(S::f32s::LEN);
        for (sum, place) in sums.into_iter().zip(places) {
            sum.store_slice(place);
        }
        width
    }

    /// One channel of one place.
    #[inline(always)]
    fn convolve_one(&self, window: &Window<'_>, channel: usize, output: &mut [f32]) -> usize {
        let mut sum = window.bias[channel];
        self.each_pair(window, channel, 1, |values, weights| sum += values[0] * weights[0]);
        if let Some(requantise) = &self.after {
            sum = requantise.step(sum, requantise.multipliers[channel]);
        }
        output[channel] = sum;
        1
    }

    /// The values of some channels and their weights, one after another.
    #[inline(always)]
    fn each_pair(
        &self,
        window: &Window<'_>,
        channel: usize,
        width: usize,
        mut take: impl FnMut(&[f32], &[f32]),
    ) {
        let (first_row, kernel_rows) = window.rows;
        let (first_column, kernel_columns) = window.columns;
        for (row, kernel_row) in (*first_row..).zip(kernel_rows.clone()) {
            let mut value = (row * self.columns.input + first_column) * self.channels + channel;
            let mut weight =
                (kernel_row * self.columns.kernel + kernel_columns.start) * self.channels + channel;
            for _ in kernel_columns.clone() {
                take(&window.input[value..value + width], &self.weights[weight..weight + width]);
                value += self.channels;
                weight += self.channels;
            }
        }
    }
}

/// What one place that comes out is made of.
struct Window<'values> {
    input: &'values [f32],
    bias: &'values [f32],
    rows: &'values (usize, Range<usize>),
    columns: &'values (usize, Range<usize>),
}

#[cfg(test)]
mod tests;
