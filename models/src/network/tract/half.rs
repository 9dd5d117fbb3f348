//! Weights of whole numbers in half the memory.
//!
//! The weights of a layer on steps are whole numbers of eight bits (see [`super::fold`]), which tract would keep as 32-bit
//! floats. 16-bit floats hold whole numbers up to 2048 exactly, and where tract has a kernel that widens them panel by panel as
//! it computes, it computes the very same numbers from half the memory: x86-64 with AVX2, FMA and F16C. Elsewhere, and where
//! a weight is not such a number, all stays as it is.

use half::{f16, slice::HalfFloatSliceExt as _};
use tract_onnx::{
    prelude::{DatumType, TypedModel, tract_linalg},
    tract_core::{
        internal::{InOut, IntoArcTensor as _, Tensor, TractResult, TypedModelPatch, TypedNode, tvec},
        model::{Rewriter, SpecialOps as _},
        ops::einsum::EinSum,
    },
};

use descry_steps::are_whole;

/// Below this a weight saves nothing that is worth a slower kernel.
const LEAST_VALUES: usize = 16 * 1024;
/// The greatest of the whole numbers of eight bits, signed or, from a zero point, unsigned.
const GREATEST_WHOLE: f32 = 255.0;

/// Stores the weights of the matrix products as 16-bit floats where that changes no number. For a model that is decluttered,
/// so that its products are there, and not optimised yet.
pub(super) fn halve_whole_weights(model: &mut TypedModel) -> TractResult<()> {
    if !can_widen() {
        return Ok(());
    }
    Rewriter::default().with_rule_for("halve-whole-weights", halve).rewrite(&(), model)
}

/// Whether this processor has a kernel for 16-bit weights and 32-bit values.
fn can_widen() -> bool {
    let query = tract_linalg::mmm::Query {
        weight: DatumType::F16.into(),
        activation: DatumType::F32,
        accumulators: tvec![DatumType::F32],
        store: Some(DatumType::F32),
        allow_extractor: true,
        m: None,
        k: None,
        n: None,
    };
    !tract_linalg::MmmDispatch::native().suitable(&query).is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a rule of tract's is called so")]
fn halve(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &EinSum,
) -> TractResult<Option<TypedModelPatch>> {
    let is_plain = product.q_params.is_none() && product.operating_dt == DatumType::F32;
    if !is_plain || node.inputs.len() != 2 {
        return Ok(None);
    }
    for slot in 0..2 {
        let Some(weight) = model.outlet_fact(node.inputs[slot])?.konst.clone() else { continue };
        if !becomes_left(model, node, product, slot)? {
            continue;
        }
        let Some(halved) = halved(&weight)? else { continue };
        let mut patch = TypedModelPatch::new("half the memory for whole weights");
        let mut inputs = patch.taps(model, &node.inputs)?;
        inputs[slot] = patch.add_const(format!("{name}.halved"), halved.into_arc_tensor())?;
        let output = patch.wire_node(name, product.clone(), &inputs)?;
        patch.shunt_outside(model, node.id.into(), output[0])?;
        return Ok(Some(patch));
    }
    Ok(None)
}

/// Whether tract will make the input at `slot` the left one of the product, whose panels alone it can widen: it is that of
/// more rows, where the other's are known. (`EinSumMatMul::codegen` in tract 0.23.)
fn becomes_left(model: &TypedModel, node: &TypedNode, product: &EinSum, slot: usize) -> TractResult<bool> {
    let facts = model.node_input_facts(node.id)?;
    // Rows of an input: those of its axes that the output has and the other input has not.
    let rows = |slot: usize| {
        let axes = product.axes.axes(InOut::In(slot)).filter(|axis| !axis.outputs[0].is_empty());
        let mut own = axes.filter(|axis| axis.inputs[1 - slot].is_empty());
        own.try_fold(1_i64, |rows, axis| rows.checked_mul(facts[slot].shape[axis.inputs[slot][0]].as_i64()?))
    };
    Ok(match (rows(slot), rows(1 - slot), slot) {
        (Some(own), Some(other), 0) => own >= other,
        (Some(own), Some(other), _) => own > other,
        (Some(own), None, _) => slot == 0 || own >= 8,
        (None, ..) => false,
    })
}

/// The weights as 16-bit floats, or nothing where they are not all whole numbers of eight bits, or few.
fn halved(weight: &Tensor) -> TractResult<Option<Tensor>> {
    if weight.datum_type() != DatumType::F32 || weight.len() < LEAST_VALUES {
        return Ok(None);
    }
    let values = weight.try_as_plain_ram()?.as_slice::<f32>()?;
    if !are_whole(values, GREATEST_WHOLE) {
        return Ok(None);
    }
    let mut halves = Tensor::zero::<f16>(weight.shape())?;
    halves.try_as_plain_ram_mut()?.as_slice_mut::<f16>()?.convert_from_f32_slice(values);
    Ok(Some(halves))
}

#[cfg(test)]
mod tests;
