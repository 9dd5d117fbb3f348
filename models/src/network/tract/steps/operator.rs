//! What tract asks of every operator, once for all of ours: f32 in, f32 out, the shape of the first input.

use std::fmt;

use tract_onnx::{
    prelude::{IntoTensor, SpecialOps},
    tract_core::{as_op, op_as_typed_op, op_out_of_plan},
    tract_hir::internal::{
        DatumType, EvalContext, EvalOp, Expansion, InferenceResult, IntoTValue, Op, OutletId, Solver,
        StaticName, TValue, TVec, TensorProxy, TractResult, TypedFact, TypedModel, TypedOp, anyhow,
        check_input_arity, check_output_arity, tvec,
    },
};

/// A computation on values, which [`Operator`] makes known to tract.
pub(super) trait Steps: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The operator's name.
    const NAME: &'static str;
    /// How many inputs it takes, of one shape: one or two.
    const INPUTS: usize;

    /// Computes in place of the first input's values; the second input's values are empty where it has one only.
    fn apply(&self, values: &mut [f32], shape: &[usize], others: &[f32]);

    /// Whether it can be applied to this shape.
    fn fits(&self, _shape: &[usize]) -> bool {
        true
    }
}

/// A computation as tract's operator, in a graph that is being read as in one that runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operator<S>(pub(super) S);

// tract compares operators; their numbers are never NaN.
impl<S: Steps> Eq for Operator<S> {}

impl<S: Steps> Expansion for Operator<S> {
    fn name(&self) -> StaticName {
        S::NAME.into()
    }

    fn rules<'rules, 'proxies: 'rules, 'this: 'rules>(
        &'this self,
        solver: &mut Solver<'rules>,
        inputs: &'proxies [TensorProxy],
        outputs: &'proxies [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, S::INPUTS)?;
        check_output_arity(outputs, 1)?;
        for proxy in inputs.iter().chain(outputs) {
            solver.equals(&proxy.datum_type, DatumType::F32)?;
            solver.equals(&inputs[0].shape, &proxy.shape)?;
        }
        Ok(())
    }

    fn wire(
        &self,
        prefix: &str,
        target: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        target.wire_node(prefix, self.clone(), inputs)
    }
}

impl<S: Steps> Op for Operator<S> {
    fn name(&self) -> StaticName {
        S::NAME.into()
    }

    op_as_typed_op!();
}

impl<S: Steps> EvalOp for Operator<S> {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut inputs = inputs.into_iter();
        let first = inputs.next().ok_or_else(|| anyhow!("{} needs {} inputs", S::NAME, S::INPUTS))?;
        let second = inputs.next();
        let shape: TVec<usize> = first.shape().into();
        let same = second.as_ref().is_none_or(|second| second.shape() == shape.as_slice());
        if second.is_some() != (S::INPUTS == 2) || !same || !self.0.fits(&shape) {
            return Err(anyhow!("{} cannot take {shape:?}", S::NAME));
        }
        // Copies only where another operator still needs the values.
        let mut first = first.into_tensor();
        let mut values = first.try_as_plain_ram_mut()?;
        let values = values.as_slice_mut::<f32>()?;
        match &second {
            Some(second) => self.0.apply(values, &shape, second.try_as_plain_ram()?.as_slice::<f32>()?),
            None => self.0.apply(values, &shape, &[]),
        }
        Ok(tvec!(first.into_tvalue()))
    }
}

impl<S: Steps> TypedOp for Operator<S> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let first = inputs.first().ok_or_else(|| anyhow!("{} needs {} inputs", S::NAME, S::INPUTS))?;
        Ok(tvec!((*first).clone().without_value()))
    }

    as_op!();
}
