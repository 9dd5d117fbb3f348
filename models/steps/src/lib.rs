//! The arithmetic of a network of 8-bit numbers, held in f32 as whole steps from the zero point.
//!
//! `QuantizeLinear` gives `saturate(round(x / scale) + zero point)`; its steps are that without the zero point. Sums of
//! products of steps with int8 weights stay far below 2^24, so f32 holds them exactly, in any order, and fast float
//! instructions compute what integer ones would. What follows the sums is done here, each rounding as ONNX Runtime does it.
//!
//! It is in vector instructions, by `fearless_simd`: the compiler makes none by itself for a program that is to be small, as the
//! one in the packages is. And it is a crate of its own, so that a build for tests, which compiles the rest as it is, compiles
//! this for speed.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into a dispatch is not compiled for the processor that it found"
)]

mod depthwise;
mod whole;

use fearless_simd::{Level, dispatch, prelude::*};

pub use depthwise::{Along, Depthwise};
pub use whole::are_whole;

/// Values to steps: `round(x / scale)`, limited.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// What one step is worth; a normal number.
    pub scale: f32,
    /// The least step, of -255 to 0.
    pub low: f32,
    /// The greatest step, of 0 to 255.
    pub high: f32,
}

/// A layer's sums to the steps of its output: `round(x * multiplier)`, limited.
#[derive(Clone, Debug, PartialEq)]
pub struct Requantise {
    /// One for each channel; finite.
    pub multipliers: Vec<f32>,
    /// The least step, of -255 to 0.
    pub low: f32,
    /// The greatest step, of 0 to 255.
    pub high: f32,
}

/// The steps of `a + b` from the steps of both: `round(a * ratio_a + (b * ratio_b + zero))`, limited.
///
/// The products are not rounded before they are added, and the zero point of the sum takes part in the rounding: this
/// is how ONNX Runtime's `QLinearAdd` does it on x86-64 with AVX2, to the bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// The scale of `a` by that of the sum.
    pub ratio_a: f32,
    /// The scale of `b` by that of the sum.
    pub ratio_b: f32,
    /// The zero point of `a`.
    pub zero_a: f32,
    /// The zero point of `b`.
    pub zero_b: f32,
    /// The zero point of the sum.
    pub zero: f32,
    /// The least step, of -255 to 0.
    pub low: f32,
    /// The greatest step, of 0 to 255.
    pub high: f32,
}

/// 1.5 * 2^23, next to which f32 holds whole numbers alone.
const SHIFT: f32 = 12_582_912.0;

/// To the nearest whole number, halves to the even one, where |value| < 2^22.
///
/// Adding and taking away [`SHIFT`] rounds: two vector instructions, where `f32::round_ties_even` is a call for each value on a
/// plain x86-64.
#[inline]
fn rounded(value: f32) -> f32 {
    (value + SHIFT) - SHIFT
}

/// A value within limits; NaN, which a damaged model makes, is the least.
fn limited(value: f32, low: f32, high: f32) -> f32 {
    value.max(low).min(high)
}

/// Many values within limits and rounded, as [`limited`] and [`rounded`] do it.
#[inline(always)]
fn limited_and_rounded<S: Simd>(simd: S, values: S::f32s, low: f32, high: f32) -> S::f32s {
    let (low, high) = (S::f32s::splat(simd, low), S::f32s::splat(simd, high));
    // Only the first may meet NaN, and gives the other value on every processor.
    all_rounded(simd, values.max_precise(low).min(high))
}

/// Many values rounded, as [`rounded`] does it.
#[inline(always)]
fn all_rounded<S: Simd>(simd: S, values: S::f32s) -> S::f32s {
    let shift = S::f32s::splat(simd, SHIFT);
    (values + shift) - shift
}

impl Round {
    /// Makes steps of the values, in place.
    pub fn apply(&self, values: &mut [f32]) {
        self.apply_at(Level::new(), values);
    }

    /// With the instructions of that level.
    fn apply_at(&self, level: Level, values: &mut [f32]) {
        dispatch!(level, simd => self.apply_with(simd, values));
    }

    #[inline(always)]
    fn apply_with<S: Simd>(&self, simd: S, values: &mut [f32]) {
        let scale = S::f32s::splat(simd, self.scale);
        let mut vectors = values.chunks_exact_mut(S::f32s::LEN);
        for vector in &mut vectors {
            let scaled = S::f32s::from_slice(simd, vector) / scale;
            limited_and_rounded(simd, scaled, self.low, self.high).store_slice(vector);
        }
        for value in vectors.into_remainder() {
            *value = rounded(limited(*value / self.scale, self.low, self.high));
        }
    }
}

impl Requantise {
    /// Makes steps of the sums, in place, where all of a channel lie side by side: `[channels, places]`.
    pub fn apply_channels_first(&self, sums: &mut [f32], places: usize) {
        self.apply_channels_first_at(Level::new(), sums, places);
    }

    fn apply_channels_first_at(&self, level: Level, sums: &mut [f32], places: usize) {
        dispatch!(level, simd => {
            for (channel, multiplier) in sums.chunks_mut(places.max(1)).zip(self.multipliers.iter().cycle()) {
                self.apply_channel(simd, channel, *multiplier);
            }
        });
    }

    /// Makes steps of the sums, in place, where all of a place lie side by side: `[places, channels]`.
    pub fn apply_channels_last(&self, sums: &mut [f32]) {
        self.apply_channels_last_at(Level::new(), sums);
    }

    fn apply_channels_last_at(&self, level: Level, sums: &mut [f32]) {
        dispatch!(level, simd => {
            for place in sums.chunks_mut(self.multipliers.len().max(1)) {
                self.apply_place(simd, place);
            }
        });
    }

    #[inline(always)]
    fn apply_channel<S: Simd>(&self, simd: S, sums: &mut [f32], multiplier: f32) {
        let multipliers = S::f32s::splat(simd, multiplier);
        let mut vectors = sums.chunks_exact_mut(S::f32s::LEN);
        for vector in &mut vectors {
            self.steps(simd, S::f32s::from_slice(simd, vector), multipliers).store_slice(vector);
        }
        for sum in vectors.into_remainder() {
            *sum = self.step(*sum, multiplier);
        }
    }

    #[inline(always)]
    fn apply_place<S: Simd>(&self, simd: S, sums: &mut [f32]) {
        let mut vectors = sums.chunks_exact_mut(S::f32s::LEN);
        let mut multipliers = self.multipliers.chunks_exact(S::f32s::LEN);
        for (vector, multipliers) in (&mut vectors).zip(&mut multipliers) {
            let multipliers = S::f32s::from_slice(simd, multipliers);
            self.steps(simd, S::f32s::from_slice(simd, vector), multipliers).store_slice(vector);
        }
        for (sum, multiplier) in vectors.into_remainder().iter_mut().zip(multipliers.remainder()) {
            *sum = self.step(*sum, *multiplier);
        }
    }

    #[inline(always)]
    fn steps<S: Simd>(&self, simd: S, sums: S::f32s, multipliers: S::f32s) -> S::f32s {
        limited_and_rounded(simd, sums * multipliers, self.low, self.high)
    }

    fn step(&self, sum: f32, multiplier: f32) -> f32 {
        rounded(limited(sum * multiplier, self.low, self.high))
    }
}

impl Sum {
    /// Adds the steps of `b` to those of `a`, in place; both are as long.
    pub fn apply(&self, a: &mut [f32], b: &[f32]) {
        // f64 holds each product and each sum below exactly, so that one rounding to f32 is left, as in a fused
        // multiply-add.
        let (ratio_a, ratio_b) = (f64::from(self.ratio_a), f64::from(self.ratio_b));
        let (zero_a, zero_b) = (f64::from(self.zero_a), f64::from(self.zero_b));
        let fixed_b = f64::from(self.ratio_b * self.zero_b);
        let fixed = f64::from(self.zero - (ratio_a * zero_a + fixed_b) as f32);
        let (low, high) = (self.low + self.zero, self.high + self.zero);
        for (a, b) in a.iter_mut().zip(b) {
            let partial = ((f64::from(*b) + zero_b) * ratio_b + fixed) as f32;
            let sum = ((f64::from(*a) + zero_a) * ratio_a + f64::from(partial)) as f32;
            *a = rounded(limited(sum, low, high)) - self.zero;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this processor has at best, and what each of its kind has.
    pub(crate) fn levels() -> [Level; 2] {
        [Level::new(), Level::baseline()]
    }

    /// A step as `QuantizeLinear` defines it.
    fn step(value: f32, low: f32, high: f32) -> f32 {
        value.max(low).min(high).round_ties_even()
    }

    #[test]
    fn rounds_as_quantising_does() {
        let unsigned = Round { scale: 0.5, low: -10.0, high: 245.0 };
        let signed = Round { scale: 0.02, low: -128.0, high: 127.0 };
        // Many at once, with some left over at the end, and each by itself.
        let mut values: Vec<f32> = (-3000..3000).map(|tenth| tenth as f32 * 0.05).collect();
        values.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.25, 0.75, f32::NAN]);
        for (round, level) in
            [&unsigned, &signed].into_iter().flat_map(|round| levels().map(|level| (round, level)))
        {
            let due: Vec<f32> =
                values.iter().map(|value| step(value / round.scale, round.low, round.high)).collect();
            let mut found = values.clone();
            round.apply_at(level, &mut found);
            assert_eq!(found, due, "{round:?} with {level:?}");
            for (value, due) in values.iter().zip(due) {
                let mut found = [*value];
                round.apply_at(level, &mut found);
                assert!((found[0] - due).abs() < f32::EPSILON, "{round:?} of {value} with {level:?}");
            }
        }
    }

    #[test]
    fn requantises_each_channel_by_its_own_multiplier() {
        // More channels and more places than one vector has, and some left over of both.
        let (channels, places) = (37, 21);
        let multipliers: Vec<f32> = (0..channels).map(|channel| 0.5 / (1.0 + channel as f32)).collect();
        let requantise = Requantise { multipliers, low: -10.0, high: 245.0 };
        let sum = |channel: usize, place: usize| (channel * 977 + place * 61) as f32 % 2000.0 - 700.0;
        let due = |channel: usize, place: usize| {
            step(sum(channel, place) * requantise.multipliers[channel], requantise.low, requantise.high)
        };
        let first = |value: &dyn Fn(usize, usize) -> f32| -> Vec<f32> {
            (0..channels * places).map(|at| value(at / places, at % places)).collect()
        };
        let last = |value: &dyn Fn(usize, usize) -> f32| -> Vec<f32> {
            (0..channels * places).map(|at| value(at % channels, at / channels)).collect()
        };
        for level in levels() {
            let mut found = first(&sum);
            requantise.apply_channels_first_at(level, &mut found, places);
            assert_eq!(found, first(&due), "{level:?}");
            let mut found = last(&sum);
            requantise.apply_channels_last_at(level, &mut found);
            assert_eq!(found, last(&due), "{level:?}");
        }
    }

    #[test]
    fn adds_as_dequantising_adding_and_quantising_does() {
        let sum = Sum {
            ratio_a: 0.75,
            ratio_b: 0.3,
            zero_a: 12.0,
            zero_b: 100.0,
            zero: 30.0,
            low: -30.0,
            high: 225.0,
        };
        for a in 0..=255_u8 {
            for b in (0..=255_u8).step_by(3) {
                let (a, b) = (f32::from(a) - sum.zero_a, f32::from(b) - sum.zero_b);
                let mut found = [a];
                sum.apply(&mut found, &[b]);
                let exact = (f64::from(a) * 0.75 + f64::from(b) * 0.3).clamp(-30.0, 225.0);
                // A whole number, and the nearest one; a half may go either way here.
                assert!((found[0].round() - found[0]).abs() < f32::EPSILON);
                assert!(
                    (f64::from(found[0]) - exact).abs() <= 0.5 + 1e-4,
                    "{a} and {b}: {} for {exact}",
                    found[0]
                );
            }
        }
    }
}
