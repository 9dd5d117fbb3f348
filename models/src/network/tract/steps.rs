//! Operators of our own for tract: 8-bit numbers, held in f32 as whole steps from the zero point; see [`descry_steps`].

use descry_steps::{Requantise, Round, Sum};
use tract_onnx::{
    Onnx,
    model::ParsingContext,
    pb::NodeProto,
    prelude::TypedNode,
    tract_hir::internal::{InferenceOp, TractResult, TypedOp, anyhow, expand},
};

use self::operator::{Operator, Steps};

mod operator;

/// [`Round`]'s name in a graph that was rewritten; see [`super::fold`].
pub(super) const ROUND: &str = "DescryRound";
/// [`Requantise`]'s name in a graph that was rewritten.
pub(super) const REQUANTISE: &str = "DescryRequantise";
/// [`Sum`]'s name in a graph that was rewritten.
pub(super) const SUM: &str = "DescrySum";

/// A convolution's sums `[1, channels, …]` to the steps of its output.
///
/// tract would work a `Mul` into the convolution's weights, and with it the rounding of each product into the sums.
#[derive(Clone, Debug, PartialEq)]
struct ChannelsFirst(Requantise);

/// The same of `[1, …, channels]`.
#[derive(Clone, Debug, PartialEq)]
struct ChannelsLast(Requantise);

impl Steps for Round {
    const NAME: &'static str = ROUND;
    const INPUTS: usize = 1;

    fn apply(&self, values: &mut [f32], _: &[usize], _: &[f32]) {
        self.apply(values);
    }
}

impl Steps for ChannelsFirst {
    const NAME: &'static str = REQUANTISE;
    const INPUTS: usize = 1;

    fn apply(&self, sums: &mut [f32], shape: &[usize], _: &[f32]) {
        self.0.apply_channels_first(sums, shape.iter().skip(2).product());
    }

    fn fits(&self, shape: &[usize]) -> bool {
        shape.get(1) == Some(&self.0.multipliers.len())
    }
}

impl Steps for ChannelsLast {
    const NAME: &'static str = REQUANTISE;
    const INPUTS: usize = 1;

    fn apply(&self, sums: &mut [f32], _: &[usize], _: &[f32]) {
        self.0.apply_channels_last(sums);
    }

    fn fits(&self, shape: &[usize]) -> bool {
        shape.last() == Some(&self.0.multipliers.len())
    }
}

impl Steps for Sum {
    const NAME: &'static str = SUM;
    const INPUTS: usize = 2;

    fn apply(&self, a: &mut [f32], _: &[usize], b: &[f32]) {
        self.apply(a, b);
    }
}

/// What makes steps of a convolution's sums, as a graph has it that was read.
#[cfg(test)]
pub(super) fn requantising(requantise: Requantise) -> Box<dyn TypedOp> {
    Box::new(Operator(ChannelsFirst(requantise)))
}

/// What makes steps of a convolution's sums, where a node does.
pub(super) fn requantise(node: &TypedNode) -> Option<&Requantise> {
    node.op_as::<Operator<ChannelsFirst>>().map(|Operator(ChannelsFirst(requantise))| requantise)
}

/// One of these operators for values whose channels lie last, or nothing where it is none of them.
pub(super) fn with_channels_last(node: &TypedNode) -> Option<Box<dyn TypedOp>> {
    if let Some(requantise) = requantise(node) {
        return Some(Box::new(Operator(ChannelsLast(requantise.clone()))));
    }
    let has_no_axes = node.op_is::<Operator<Round>>() || node.op_is::<Operator<Sum>>();
    has_no_axes.then(|| node.op.clone())
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
    built(ChannelsFirst(requantise), valid)
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
    fn a_multiplier_is_needed_for_each_channel() {
        let requantise = Requantise { multipliers: vec![0.5, 0.001], low: -10.0, high: 245.0 };
        let (first, last) = (ChannelsFirst(requantise.clone()), ChannelsLast(requantise));
        assert!(first.fits(&[1, 2, 9, 9]) && last.fits(&[1, 9, 9, 2]));
        for shape in [&[1, 3, 2, 3][..], &[]] {
            assert!(!first.fits(shape) && !last.fits(shape), "{shape:?}");
        }
    }
}
