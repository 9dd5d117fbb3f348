//! Operators of our own for tract: 8-bit numbers, held in f32 as whole steps from the zero point.
//!
//! `QuantizeLinear` gives `saturate(round(x / scale) + zero point)`; its steps are that without the zero point. Sums of
//! products of steps with int8 weights stay far below 2^24, so f32 holds them exactly and tract's fast float operators
//! compute what integer ones would. What follows the sums is done here, each rounding as ONNX Runtime does it.

use tract_onnx::{
    Onnx,
    model::ParsingContext,
    pb::NodeProto,
    tract_hir::internal::{InferenceOp, TractResult, anyhow, expand},
};

use self::operator::{Operator, Steps};

mod operator;

/// [`Round`]'s name in a graph that was rewritten; see [`super::fold`].
pub(super) const ROUND: &str = "DescryRound";
/// [`Requantise`]'s name in a graph that was rewritten.
pub(super) const REQUANTISE: &str = "DescryRequantise";
/// [`Sum`]'s name in a graph that was rewritten.
pub(super) const SUM: &str = "DescrySum";

/// Values to steps: `round(x / scale)`, limited.
#[derive(Clone, Debug, PartialEq)]
struct Round {
    scale: f32,
    low: f32,
    high: f32,
}

/// A convolution's sums `[1, channels, …]` to the steps of its output: `round(x * multiplier)`, limited.
///
/// tract would work a `Mul` into the convolution's weights, and with it the rounding of each product into the sums.
#[derive(Clone, Debug, PartialEq)]
struct Requantise {
    /// One for each channel.
    multipliers: Vec<f32>,
    low: f32,
    high: f32,
}

/// The steps of `a + b` from the steps of both: `round(a * ratio_a + (b * ratio_b + zero))`, limited.
///
/// The products are not rounded before they are added, and the zero point of the sum takes part in the rounding: this
/// is how ONNX Runtime's `QLinearAdd` does it on x86-64 with AVX2, to the bit.
#[derive(Clone, Debug, PartialEq)]
struct Sum {
    ratio_a: f32,
    ratio_b: f32,
    zero_a: f32,
    zero_b: f32,
    zero: f32,
    low: f32,
    high: f32,
}

/// To the nearest whole number, halves to the even one.
///
/// Adding and taking away 1.5 * 2^23 rounds where |value| < 2^22: two vector instructions, where
/// `f32::round_ties_even` is a call for each value on a plain x86-64.
pub(super) fn rounded(value: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    (value + SHIFT) - SHIFT
}

impl Steps for Round {
    const NAME: &'static str = ROUND;
    const INPUTS: usize = 1;

    fn apply(&self, values: &mut [f32], _: &[usize], _: &[f32]) {
        for value in values {
            *value = rounded((*value / self.scale).max(self.low).min(self.high));
        }
    }
}

impl Steps for Requantise {
    const NAME: &'static str = REQUANTISE;
    const INPUTS: usize = 1;

    fn apply(&self, sums: &mut [f32], shape: &[usize], _: &[f32]) {
        let places = shape.iter().skip(2).product::<usize>().max(1);
        for (channel, multiplier) in sums.chunks_mut(places).zip(self.multipliers.iter().cycle()) {
            for sum in channel {
                *sum = rounded((*sum * multiplier).max(self.low).min(self.high));
            }
        }
    }

    fn fits(&self, shape: &[usize]) -> bool {
        shape.get(1) == Some(&self.multipliers.len())
    }
}

impl Steps for Sum {
    const NAME: &'static str = SUM;
    const INPUTS: usize = 2;

    fn apply(&self, a: &mut [f32], _: &[usize], b: &[f32]) {
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
            *a = rounded(sum.max(low).min(high)) - self.zero;
        }
    }
}

/// Teaches tract's reader the operators.
pub(super) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert(ROUND, build_round);
    onnx.op_register.insert(REQUANTISE, build_requantise);
    onnx.op_register.insert(SUM, build_sum);
}

type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

fn build_round(_: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let round =
        Round { scale: node.get_attr("scale")?, low: node.get_attr("low")?, high: node.get_attr("high")? };
    let valid = round.scale.is_normal() && are_limits(round.low, round.high);
    built(round, valid)
}

fn build_requantise(_: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let requantise = Requantise {
        multipliers: node.get_attr_vec("multipliers")?,
        low: node.get_attr("low")?,
        high: node.get_attr("high")?,
    };
    let finite = requantise.multipliers.iter().all(|multiplier| multiplier.is_finite());
    let valid = finite && are_limits(requantise.low, requantise.high);
    built(requantise, valid)
}

fn build_sum(_: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let sum = Sum {
        ratio_a: node.get_attr("ratio_a")?,
        ratio_b: node.get_attr("ratio_b")?,
        zero_a: node.get_attr("zero_a")?,
        zero_b: node.get_attr("zero_b")?,
        zero: node.get_attr("zero")?,
        low: node.get_attr("low")?,
        high: node.get_attr("high")?,
    };
    let finite =
        [sum.ratio_a, sum.ratio_b, sum.zero_a, sum.zero_b, sum.zero].iter().all(|value| value.is_finite());
    let valid = finite && are_limits(sum.low, sum.high);
    built(sum, valid)
}

fn built<S: Steps>(steps: S, valid: bool) -> Built {
    if valid { Ok((expand(Operator(steps)), vec![])) } else { Err(anyhow!("cannot compute {steps:?}")) }
}

/// Limits of 8-bit numbers, around any zero point.
fn are_limits(low: f32, high: f32) -> bool {
    (-255.0..=0.0).contains(&low) && (0.0..=255.0).contains(&high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_quantising_does() {
        let unsigned = Round { scale: 0.5, low: -10.0, high: 245.0 };
        let signed = Round { scale: 0.02, low: -128.0, high: 127.0 };
        for round in [unsigned, signed] {
            for tenth in -3000..3000 {
                let value = tenth as f32 * 0.05;
                let mut found = [value];
                round.apply(&mut found, &[1], &[]);
                let due = (value / round.scale).round_ties_even().clamp(round.low, round.high);
                assert!((found[0] - due).abs() < f32::EPSILON, "{round:?} of {value}");
            }
        }
    }

    #[test]
    fn requantises_each_channel_by_its_own_multiplier() {
        let requantise = Requantise { multipliers: vec![0.5, 0.001], low: -10.0, high: 245.0 };
        let mut values = vec![3.0, 5.0, 1e6, -7.0, 2500.0, -2500.0, 500.0, 1e9];
        requantise.apply(&mut values, &[1, 2, 2, 2], &[]);
        // Halves to the even number.
        assert_eq!(values, [2.0, 2.0, 245.0, -4.0, 2.0, -2.0, 0.0, 245.0]);
        assert!(requantise.fits(&[1, 2, 2, 2]));
        assert!(!requantise.fits(&[1, 3, 2, 2]));
        assert!(!requantise.fits(&[]));
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
                sum.apply(&mut found, &[1], &[b]);
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
