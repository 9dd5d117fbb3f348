//! Who makes and who uses each value of a graph, and what of it is 8-bit.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, tensor_proto::DataType};

use crate::network::tract::tensors::{floats, integers};

/// A graph, by the names of its values.
pub(super) struct Lookup<'graph> {
    stored: HashMap<&'graph str, &'graph TensorProto>,
    makers: HashMap<&'graph str, &'graph NodeProto>,
    users: HashMap<&'graph str, Vec<&'graph NodeProto>>,
    outputs: HashSet<&'graph str>,
}

/// A value that is made 8-bit, with one scale.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    /// The name of its steps in the rewritten graph.
    pub(super) steps: String,
    pub(super) scale: f32,
    /// The zero point.
    pub(super) zero: f32,
    /// The least and the greatest count of steps.
    pub(super) low: f32,
    pub(super) high: f32,
}

/// Stored int8 weights with a scale for each place of an axis and zero points of 0.
pub(super) struct Weights<'graph> {
    pub(super) stored: &'graph TensorProto,
    /// As many as the axis is long.
    pub(super) scales: Vec<f32>,
}

/// A layer that can be computed on whole numbers.
pub(super) struct Product<'graph> {
    pub(super) activation: Activation,
    pub(super) weights: Weights<'graph>,
    /// In units of both scales: whole numbers.
    pub(super) bias: Option<Vec<f32>>,
    /// The 8-bit numbers that its output becomes at once, if it does.
    pub(super) requantised: Option<Activation>,
}

impl<'graph> Lookup<'graph> {
    pub(super) fn of(graph: &'graph GraphProto) -> Self {
        let mut users: HashMap<_, Vec<_>> = HashMap::new();
        let mut makers = HashMap::new();
        for node in &graph.node {
            for input in &node.input {
                users.entry(input.as_str()).or_default().push(node);
            }
            makers.extend(node.output.iter().map(|output| (output.as_str(), node)));
        }
        Self {
            stored: graph.initializer.iter().map(|weight| (weight.name.as_str(), weight)).collect(),
            makers,
            users,
            outputs: graph.output.iter().map(|output| output.name.as_str()).collect(),
        }
    }

    pub(super) fn stored(&self, name: &str) -> Option<&'graph TensorProto> {
        self.stored.get(name).copied()
    }

    pub(super) fn users(&self, name: &str) -> &[&'graph NodeProto] {
        self.users.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one node that uses a value, which is no output either.
    fn only_user(&self, name: &str) -> Option<&'graph NodeProto> {
        match self.users(name) {
            [user] if !self.outputs.contains(name) => Some(user),
            _ => None,
        }
    }

    pub(super) fn maker(&self, name: &str, op_type: &str) -> Option<&'graph NodeProto> {
        self.makers.get(name).copied().filter(|node| node.op_type == op_type)
    }

    /// The one scale and zero point of a `QuantizeLinear` or `DequantizeLinear`, and the type.
    fn parameters(&self, node: &NodeProto) -> Option<(f32, i32, DataType)> {
        let (_, scales) = floats(self.stored(node.input.get(1)?)?)?;
        let zero_point = self.stored(node.input.get(2)?)?;
        let (_, zeros) = integers(zero_point)?;
        match (scales.as_slice(), zeros.as_slice()) {
            ([scale], [zero]) if scale.is_normal() => {
                Some((*scale, *zero, DataType::try_from(zero_point.data_type).ok()?))
            }
            _ => None,
        }
    }

    /// What a `QuantizeLinear` makes, if only `DequantizeLinear`s with its own parameters use it.
    pub(super) fn quantised(&self, node: &NodeProto) -> Option<Activation> {
        let output = node.output.first()?;
        let (scale, zero, kind) = self.parameters(node)?;
        let undone = |user: &&NodeProto| {
            user.op_type == "DequantizeLinear"
                && user.input.first() == Some(output)
                && self.parameters(user) == Some((scale, zero, kind))
        };
        if self.outputs.contains(output.as_str()) || !self.users(output).iter().all(undone) {
            return None;
        }
        let (least, greatest) = match kind {
            DataType::Uint8 => (0, 255),
            DataType::Int8 => (-128, 127),
            _ => return None,
        };
        Some(Activation {
            steps: format!("{output}/steps"),
            scale,
            zero: zero as f32,
            low: (least - zero) as f32,
            high: (greatest - zero) as f32,
        })
    }

    /// The activation that a `DequantizeLinear` of this output makes float again.
    pub(super) fn activation(&self, dequantised: &str) -> Option<Activation> {
        let node = self.maker(dequantised, "DequantizeLinear")?;
        self.quantised(self.maker(node.input.first()?, "QuantizeLinear")?)
    }

    /// The float value that a `QuantizeLinear` made 8-bit and this `DequantizeLinear` makes float again.
    #[cfg(feature = "onnxruntime")]
    pub(super) fn before(&self, dequantiser: &NodeProto) -> Option<&'graph String> {
        let quantiser = self.maker(dequantiser.input.first()?, "QuantizeLinear")?;
        self.quantised(quantiser)?;
        quantiser.input.first()
    }

    /// The two activations whose sum a `QuantizeLinear` makes 8-bit.
    pub(super) fn addends(&self, quantiser: &NodeProto) -> Option<[Activation; 2]> {
        let sum = quantiser.input.first()?;
        self.only_user(sum)?;
        match self.maker(sum, "Add")?.input.as_slice() {
            [a, b] => Some([self.activation(a)?, self.activation(b)?]),
            _ => None,
        }
    }

    /// A `Conv` or `MatMul` of an activation and stored weights.
    ///
    /// A `Conv` only if its output becomes 8-bit at once: int8 engines leave the others in float.
    pub(super) fn product(&self, node: &NodeProto) -> Option<Product<'graph>> {
        let is_convolution = match node.op_type.as_str() {
            "Conv" => true,
            "MatMul" => false,
            _ => return None,
        };
        let requantised = if is_convolution { Some(self.requantised(node.output.first()?)?) } else { None };
        let activation = self.activation(node.input.first()?)?;
        let weights = self.weights(node.input.get(1)?, is_convolution)?;
        let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
            Some(bias) => Some(self.whole_bias(bias, activation.scale, &weights.scales)?),
            None => None,
        };
        Some(Product { activation, weights, bias, requantised })
    }

    fn weights(&self, dequantised: &str, is_convolution: bool) -> Option<Weights<'graph>> {
        let node = self.maker(dequantised, "DequantizeLinear")?;
        let stored = self.stored(node.input.first()?)?;
        // Their values are left packed here, since this is asked several times.
        let shape = &stored.dims;
        let rank_fits = if is_convolution { shape.len() >= 3 } else { shape.len() == 2 };
        if !rank_fits || DataType::try_from(stored.data_type) != Ok(DataType::Int8) {
            return None;
        }
        let axis = usize::from(!is_convolution);
        let (_, scales) = floats(self.stored(node.input.get(1)?)?)?;
        if let Some(zero_point) = node.input.get(2).filter(|name| !name.is_empty()) {
            integers(self.stored(zero_point)?)?.1.iter().all(|zero| *zero == 0).then_some(())?;
        }
        let length = usize::try_from(shape[axis]).ok().filter(|length| *length <= stored.raw_data.len())?;
        let scales = match scales.as_slice() {
            [scale] => vec![*scale; length],
            _ if self::axis(node, shape.len())? == axis && scales.len() == length => scales,
            _ => return None,
        };
        Some(Weights { stored, scales })
    }

    /// A bias in units of `scale * scales`, rounded to whole numbers; stored so, or in float.
    fn whole_bias(&self, name: &str, scale: f32, scales: &[f32]) -> Option<Vec<f32>> {
        if let Some(node) = self.maker(name, "DequantizeLinear") {
            let (_, bias) = integers(self.stored(node.input.first()?)?)?;
            let (_, units) = floats(self.stored(node.input.get(1)?)?)?;
            let same = |(unit, other): (&f32, &f32)| (unit - scale * other).abs() <= unit.abs() * 1e-6;
            let fits = units.len() == scales.len() && bias.len() == scales.len();
            return (fits && units.iter().zip(scales).all(same))
                .then(|| bias.iter().map(|value| *value as f32).collect());
        }
        let (_, bias) = floats(self.stored(name)?)?;
        let whole = |(value, other): (&f32, &f32)| (value / (scale * other)).round_ties_even();
        (bias.len() == scales.len()).then(|| bias.iter().zip(scales).map(whole).collect())
    }

    /// The 8-bit numbers that a value becomes, with nothing in between that changes what they will be.
    fn requantised(&self, value: &str) -> Option<Activation> {
        let mut name = value;
        loop {
            let user = self.only_user(name)?;
            match user.op_type.as_str() {
                "QuantizeLinear" => return self.quantised(user),
                "Reshape" | "Transpose" => {}
                "Relu" | "Clip" if self.is_kept_by_rounding(user) => {}
                _ => return None,
            }
            // As data, and not as the shape of a Reshape or the limit of a Clip.
            (user.input.first().map(String::as_str) == Some(name)).then_some(())?;
            name = user.output.first()?;
        }
    }

    /// Whether a `Relu` or `Clip` cuts off only what the 8-bit numbers behind it cannot hold.
    pub(super) fn is_kept_by_rounding(&self, node: &NodeProto) -> bool {
        let kept = || {
            let activation = self.activation_behind(node.output.first()?)?;
            let limit = |place: usize| -> Option<f32> {
                let (_, values) = floats(self.stored(node.input.get(place)?)?)?;
                values.first().copied()
            };
            let (least, greatest) = match node.op_type.as_str() {
                "Relu" => (0.0, f32::INFINITY),
                _ => (limit(1)?, limit(2)?),
            };
            // The last step may pass the limit by the rounding of its own scale.
            let slack = activation.scale * 1e-3;
            let holds = least <= activation.low * activation.scale + slack
                && greatest >= activation.high * activation.scale - slack;
            Some(holds)
        };
        kept().unwrap_or(false)
    }

    /// The activation that a value becomes after nothing but another order of its numbers.
    fn activation_behind(&self, value: &str) -> Option<Activation> {
        let mut name = value;
        loop {
            let user = self.only_user(name)?;
            match user.op_type.as_str() {
                "QuantizeLinear" => return self.quantised(user),
                "Reshape" | "Transpose" => name = user.output.first()?,
                _ => return None,
            }
        }
    }

    /// The convolution whose output a `QuantizeLinear` makes 8-bit at once.
    pub(super) fn product_behind(&self, quantiser: &NodeProto) -> Option<Product<'graph>> {
        let mut name = quantiser.input.first()?;
        loop {
            let node = self.makers.get(name.as_str())?;
            match node.op_type.as_str() {
                "Conv" | "MatMul" => {
                    return self.product(node).filter(|product| product.requantised.is_some());
                }
                "Relu" | "Clip" | "Reshape" | "Transpose" => name = node.input.first()?,
                _ => return None,
            }
        }
    }
}

/// The axis of a node's scales, 1 where it names none, within so many axes.
pub(super) fn axis(node: &NodeProto, rank: usize) -> Option<usize> {
    let named = node.attribute.iter().find(|attribute| attribute.name == "axis");
    let axis = named.map_or(1, |attribute| attribute.i);
    let axis = if axis < 0 { axis.checked_add(i64::try_from(rank).ok()?)? } else { axis };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}
