//! Has a picture's features lie with their channels last in memory: `[1, rows, columns, channels]`.
//!
//! A depthwise convolution looks at each channel by itself. Where channels come first, tract goes along the rows of a channel,
//! which are short in most of a network, and its borders value by value: more than half of the time that a picture takes.
//! Where they come last, many channels are computed at once, everywhere; see [`super::depthwise`].
//!
//! Sums of whole steps (see [`descry_steps`]) are exact in any order, so that the numbers stay what they were.

use std::collections::HashMap;

use tract_onnx::{
    prelude::{OutletId, TypedModel, TypedNode},
    tract_core::{
        internal::{AxisOp, TVec, TractResult, TypedOp, tvec},
        model::SpecialOps as _,
        ops::{
            binary::TypedBinOp,
            cnn::{Conv, PoolSpec},
            element_wise::ElementWiseOp,
            identity::Identity,
            nn::DataFormat,
            source::TypedSource,
        },
    },
};

use super::{depthwise::DepthwiseOperator, steps};

/// The axes of features, the first of which is always 1 here.
const RANK: usize = 4;
/// Where channels come in ONNX, and where they come last.
const FIRST: usize = 1;
const LAST: usize = RANK - 1;

/// The same graph with channels last between its inputs and outputs, or nothing where it has no depthwise convolution, so that
/// nothing would become faster. For a model whose operators are still ONNX's.
pub(super) fn with_channels_last(model: &TypedModel) -> TractResult<Option<TypedModel>> {
    if !model.nodes.iter().any(|node| node.op_as().is_some_and(is_depthwise)) {
        return Ok(None);
    }
    let empty = TypedModel { symbols: model.symbols.clone(), ..TypedModel::default() };
    let mut turned = Turned { model: empty, places: HashMap::new() };
    for id in model.eval_order()? {
        turned.take(model, model.node(id))?;
    }
    let inputs = turned.all_at(&model.inputs, Layout::First)?;
    let outputs = turned.all_at(&model.outputs, Layout::First)?;
    turned.model.set_input_outlets(&inputs)?;
    turned.model.select_output_outlets(&outputs)?;
    Ok(Some(turned.model))
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// As ONNX has it, and what has other axes.
    First,
    Last,
}

/// Where an outlet of the old graph is in the new one.
struct Place {
    /// How its operator gives it.
    given: (Layout, OutletId),
    /// What it was turned into, where somebody needs it the other way.
    turned: Option<OutletId>,
}

/// The graph as it comes out.
struct Turned {
    model: TypedModel,
    places: HashMap<OutletId, Place>,
}

impl Turned {
    /// Writes a node into the new graph.
    fn take(&mut self, old: &TypedModel, node: &TypedNode) -> TractResult<()> {
        let (layout, outlets) = if node.op_is::<TypedSource>() {
            (Layout::First, tvec!(self.model.add_source(&node.name, node.outputs[0].fact.clone())?))
        } else if let Some(depthwise) = depthwise(old, node)? {
            let inputs = [self.at(node.inputs[0], Layout::Last)?, self.at(node.inputs[2], Layout::First)?];
            (Layout::Last, self.model.wire_node(&node.name, depthwise, &inputs)?)
        } else if let Some(outlet) = self.requantise_before(old, node) {
            (Layout::Last, tvec!(outlet))
        } else if let Some(convolution) = node.op_as::<Conv>().and_then(turned_convolution) {
            // Only the features have channels to turn.
            let mut inputs = self.all_at(&node.inputs, Layout::First)?;
            inputs[0] = self.at(node.inputs[0], Layout::Last)?;
            (Layout::Last, self.model.wire_node(&node.name, convolution, &inputs)?)
        } else if let Some(operator) = turned_operator(node).filter(|_| self.comes_last(old, node)) {
            let inputs = self.all_at(&node.inputs, Layout::Last)?;
            (Layout::Last, self.model.wire_node(&node.name, operator, &inputs)?)
        } else {
            let inputs = self.all_at(&node.inputs, Layout::First)?;
            (Layout::First, self.model.wire_node(&node.name, node.op.clone(), &inputs)?)
        };
        for (slot, outlet) in outlets.into_iter().enumerate() {
            let place = Place { given: (layout, outlet), turned: None };
            self.places.insert(OutletId::new(node.id, slot), place);
        }
        Ok(())
    }

    /// Has a depthwise convolution do what the node is for, where it is for nobody else.
    fn requantise_before(&mut self, old: &TypedModel, node: &TypedNode) -> Option<OutletId> {
        let requantise = steps::requantise(node)?;
        let &[input] = node.inputs.as_slice() else { return None };
        let (Layout::Last, outlet) = self.places.get(&input)?.given else { return None };
        let is_its_own = old.outlet_successors(input).len() == 1 && !old.outputs.contains(&input);
        let depthwise =
            self.model.node_mut(outlet.node).op_as_mut::<DepthwiseOperator>().filter(|_| is_its_own)?;
        depthwise.requantise(requantise).then_some(outlet)
    }

    /// Whether an operator that takes its inputs value by value has one with channels last, and all can be so.
    fn comes_last(&self, old: &TypedModel, node: &TypedNode) -> bool {
        let is_last =
            |input: &OutletId| self.places.get(input).is_some_and(|place| place.given.0 == Layout::Last);
        let has_axes = |input: &OutletId| old.outlet_fact(*input).is_ok_and(|fact| fact.rank() == RANK);
        node.inputs.iter().any(is_last) && node.inputs.iter().all(has_axes)
    }

    fn all_at(&mut self, outlets: &[OutletId], layout: Layout) -> TractResult<TVec<OutletId>> {
        outlets.iter().map(|outlet| self.at(*outlet, layout)).collect()
    }

    /// An outlet of the old graph in the new one, turned once for all who need it so.
    fn at(&mut self, outlet: OutletId, layout: Layout) -> TractResult<OutletId> {
        let place = &self.places[&outlet];
        let (given, found) = place.given;
        if let Some(found) = (given == layout).then_some(found).or(place.turned) {
            return Ok(found);
        }
        let (from, to, what) = match layout {
            Layout::First => (LAST, FIRST, "first"),
            Layout::Last => (FIRST, LAST, "last"),
        };
        let name = format!("{}.{}.channels-{what}", self.model.node(found.node).name, found.slot);
        let turned = self.model.wire_node(name, AxisOp::Move(from, to), &[found])?[0];
        if let Some(place) = self.places.get_mut(&outlet) {
            place.turned = Some(turned);
        }
        Ok(turned)
    }
}

fn is_depthwise(convolution: &Conv) -> bool {
    let group = convolution.group;
    group > 1 && group == convolution.input_channels() && group == convolution.output_channels()
}

/// Our own operator for a depthwise convolution.
fn depthwise(old: &TypedModel, node: &TypedNode) -> TractResult<Option<DepthwiseOperator>> {
    match node.op_as::<Conv>().filter(|convolution| is_depthwise(convolution)) {
        Some(convolution) if is_of_onnx(convolution) => DepthwiseOperator::of(old, node, convolution),
        _ => Ok(None),
    }
}

/// Whether a convolution is one of two axes, as ONNX has it.
fn is_of_onnx(convolution: &Conv) -> bool {
    let pool = &convolution.pool_spec;
    convolution.q_params.is_none() && pool.data_format == DataFormat::NCHW && pool.rank() == 2
}

/// A convolution with channels last, where it is as fast so: one that looks at each place by itself, which is a product of two
/// matrices. For others, such as the first of a network with its three channels, tract's kernels want the rows.
fn turned_convolution(convolution: &Conv) -> Option<Conv> {
    let pool_spec = &convolution.pool_spec;
    let is_pointwise = convolution.group == 1 && pool_spec.kernel_shape.iter().all(|length| *length == 1);
    if !is_of_onnx(convolution) || !is_pointwise {
        return None;
    }
    let pool_spec = PoolSpec { data_format: DataFormat::NHWC, ..pool_spec.clone() };
    Some(Conv { pool_spec, ..convolution.clone() })
}

/// The same computation value by value with channels last.
fn turned_operator(node: &TypedNode) -> Option<Box<dyn TypedOp>> {
    if node.op_is::<Identity>() || node.op_is::<TypedBinOp>() || node.op_is::<ElementWiseOp>() {
        return Some(node.op.clone());
    }
    steps::with_channels_last(node)
}

#[cfg(test)]
mod tests;
