//! An operator of our own for tract: a depthwise convolution of features whose channels lie last.
//!
//! tract has a kernel for it on ARM alone, and elsewhere a loop that is as fast as ours only where tract is compiled for speed,
//! which makes the whole program 2.5 MB larger. And ours makes steps of the sums while they are near.

use descry_steps::{Along, Depthwise, Requantise};
use tract_onnx::{
    prelude::{DatumExt as _, DatumType, Tensor, TypedModel, TypedNode},
    tract_core::{
        as_op,
        internal::{
            EvalContext, EvalOp, IntoTValue as _, Op, StaticName, TValue, TVec, TractResult, TypedFact,
            TypedOp, anyhow, tvec,
        },
        op_as_typed_op, op_out_of_plan,
        ops::cnn::{Conv, KernelFormat},
    },
};

/// Takes `[1, rows, columns, channels]` and a bias for each channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DepthwiseOperator(Depthwise);

// tract compares operators; their numbers are never NaN.
impl Eq for DepthwiseOperator {}

impl DepthwiseOperator {
    /// The operator for a depthwise convolution in a graph that has channels first; nothing for one that it does not know:
    /// with holes in its kernel, with weights that are computed, or over pictures whose size is not known.
    pub(super) fn of(model: &TypedModel, node: &TypedNode, convolution: &Conv) -> TractResult<Option<Self>> {
        let facts = model.node_input_facts(node.id)?;
        let pool = &convolution.pool_spec;
        let [features, kernel, bias] = facts.as_slice() else { return Ok(None) };
        let known = (features.shape.as_concrete(), kernel.konst.as_deref().and_then(floats));
        let (Some(&[1, channels, rows, columns]), Some(kernel)) = known else { return Ok(None) };
        let has_holes = pool.dilations().iter().any(|dilation| *dilation != 1);
        let is_float = [features, bias].iter().all(|fact| fact.datum_type == DatumType::F32);
        let is_usual = pool.rank() == 2 && convolution.kernel_fmt == KernelFormat::OIHW && bias.rank() == 1;
        if has_holes || !is_float || !is_usual {
            return Ok(None);
        }
        let sizes = pool.computed_padding(&[rows, columns]);
        let along = |axis: usize, input: usize| Along {
            input,
            output: sizes[axis].convoluted,
            kernel: pool.kernel_shape[axis],
            stride: pool.stride(axis),
            padding: sizes[axis].pad_before,
        };
        Ok(Depthwise::new(along(0, rows), along(1, columns), channels, kernel).map(Self))
    }

    /// Has it make steps of its sums. It says whether it does.
    pub(super) fn requantise(&mut self, requantise: &Requantise) -> bool {
        self.0.requantise(requantise)
    }
}

fn floats(tensor: &Tensor) -> Option<&[f32]> {
    tensor.try_as_plain_ram().ok()?.as_slice::<f32>().ok()
}

/// One picture's.
fn of_one([rows, columns, channels]: [usize; 3]) -> [usize; 4] {
    [1, rows, columns, channels]
}

impl Op for DepthwiseOperator {
    fn name(&self) -> StaticName {
        "DescryDepthwise".into()
    }

    op_as_typed_op!();
}

impl EvalOp for DepthwiseOperator {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [features, bias] = inputs.as_slice() else {
            return Err(anyhow!("a depthwise convolution needs features and a bias"));
        };
        let shape = of_one(self.0.input_shape());
        if features.shape() != shape || bias.shape() != &shape[3..] {
            let (features, bias) = (features.shape(), bias.shape());
            return Err(anyhow!(
                "a depthwise convolution of {shape:?} cannot take {features:?} and a bias of {bias:?}"
            ));
        }
        let (features, bias) = (features.try_as_plain_ram()?, bias.try_as_plain_ram()?);
        let mut output = Tensor::zero::<f32>(&of_one(self.0.output_shape()))?;
        let mut values = output.try_as_plain_ram_mut()?;
        self.0.apply(features.as_slice::<f32>()?, bias.as_slice::<f32>()?, values.as_slice_mut::<f32>()?);
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for DepthwiseOperator {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(of_one(self.0.output_shape()))))
    }

    as_op!();
}
