//! Whether numbers are whole: asked of all weights each time a model is opened.

use fearless_simd::{Level, dispatch, prelude::*};

use crate::{all_rounded, rounded};

/// Between two looks at what was found: what is not whole shows early.
const PIECE: usize = 1024;

/// More values than any processor's vector has.
const MOST_LANES: usize = 64;

/// Whether all of the values are whole numbers from `-greatest` to `greatest`, which is below 2^22. Minus zero is one, NaN is not.
#[must_use]
pub fn are_whole(values: &[f32], greatest: f32) -> bool {
    are_whole_at(Level::new(), values, greatest)
}

/// With the instructions of that level.
fn are_whole_at(level: Level, values: &[f32], greatest: f32) -> bool {
    dispatch!(level, simd => values.chunks(PIECE).all(|piece| is_whole_piece(simd, piece, greatest)))
}

#[inline(always)]
fn is_whole_piece<S: Simd>(simd: S, piece: &[f32], greatest: f32) -> bool {
    let zero = S::f32s::splat(simd, 0.0);
    // Sums of magnitudes: they are 0 where all are whole, and NaN or more where one is not.
    let (mut fractions, mut most) = (zero, zero);
    let mut vectors = piece.chunks_exact(S::f32s::LEN);
    for vector in &mut vectors {
        let values = S::f32s::from_slice(simd, vector);
        fractions += (values - all_rounded(simd, values)).abs();
        most = most.max(values.abs());
    }
    let mut lanes = [0.0; MOST_LANES];
    fractions.store_slice(&mut lanes[..S::f32s::LEN]);
    let has_none = lanes[..S::f32s::LEN].iter().all(|sum| *sum == 0.0);
    most.store_slice(&mut lanes[..S::f32s::LEN]);
    let is_within = lanes[..S::f32s::LEN].iter().all(|most| *most <= greatest);
    let is_whole = |value: &f32| (value - rounded(*value)).abs() == 0.0 && value.abs() <= greatest;
    has_none && is_within && vectors.remainder().iter().all(is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::levels;

    #[test]
    fn one_that_is_not_whole_or_too_large_is_found_wherever_it_lies() {
        let whole: Vec<f32> = (0..3000_i16).map(|at| f32::from(at % 511 - 255)).collect();
        for level in levels() {
            assert!(are_whole_at(level, &whole, 255.0), "{level:?}");
            assert!(are_whole_at(level, &[], 255.0));
            for odd in [0.5, -254.999, 256.0, -256.0, 1e30, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40]
            {
                for at in [0, 1, 7, 1023, 1024, 2047, 2990, 2999] {
                    let mut values = whole.clone();
                    values[at] = odd;
                    assert!(!are_whole_at(level, &values, 255.0), "{odd} at {at} with {level:?}");
                    assert!(!are_whole_at(level, &values[at..=at], 255.0), "{odd} alone with {level:?}");
                }
            }
            assert!(are_whole_at(level, &[-0.0; 99], 255.0), "{level:?}");
        }
    }
}
