//! Rewrites a quantised graph (QDQ) into the kind that TensorRT runs in 8 bits: numbers with a sign, and zero points of 0.
//!
//! - An activation keeps its range and gets wider steps: 127 of them reach as far as the further of its two ends did. What
//!   begins at 0, as most of them do behind a `Relu` or `Clip`, has half as many steps as before.
//! - Stored int8 weights become float and go through a `QuantizeLinear` with their own scales, which gives the same numbers:
//!   TensorRT looks for both nodes before the weights of a layer.
//! - Whatever else is stored in whole numbers, such as a bias, becomes float.
//!
//! Source: NVIDIA's TensorRT Developer Guide, "Working with Quantized Types" (explicit quantisation).

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, tensor_proto::DataType};

use super::{Rewritten, dequantised, lookup::Lookup, rewrite};
use crate::network::tract::tensors::{float_tensor, floats, integers};

/// The steps on either side of 0.
const STEPS: f32 = 127.0;

/// Rewrites the graph; see the module's documentation.
pub(in super::super) fn symmetrise(graph: &mut GraphProto) {
    rewrite(graph, |rewritten, node, lookup| match node.op_type.as_str() {
        "QuantizeLinear" => rewritten.quantise_symmetrically(node, lookup),
        "DequantizeLinear" => rewritten.dequantise_symmetrically(node, lookup),
        _ => None,
    });
}

impl Rewritten {
    fn quantise_symmetrically(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        let activation = lookup.quantised(node)?;
        let output = node.output.first()?;
        let reach = activation.high.max(-activation.low) * activation.scale;
        let parameters = self.parameters(output, &[], &[reach / STEPS]);
        self.convert(node, node.input.first()?, &parameters, output);
        Some(())
    }

    fn dequantise_symmetrically(&mut self, node: &NodeProto, lookup: &Lookup<'_>) -> Option<()> {
        let (input, output) = (node.input.first()?, node.output.first()?);
        if lookup.before(node).is_some() {
            // Its `QuantizeLinear` stands before it, and has left its parameters.
            self.convert(node, input, &names(input), output);
            return Some(());
        }
        let mut float = dequantised(node, lookup)?;
        let Some((shape, scales)) = symmetric_scales(node, lookup) else {
            self.weights.push(float);
            return Some(());
        };
        float.name = format!("{output}/float");
        let (float_name, steps) = (float.name.clone(), format!("{output}/steps"));
        self.weights.push(float);
        let parameters = self.parameters(&steps, &shape, &scales);
        self.convert(
            &NodeProto { op_type: "QuantizeLinear".to_owned(), ..node.clone() },
            &float_name,
            &parameters,
            &steps,
        );
        self.convert(node, &steps, &parameters, output);
        Some(())
    }

    /// Stores scales and zero points for the 8-bit form of this name, and gives their names.
    fn parameters(&mut self, name: &str, shape: &[usize], scales: &[f32]) -> [String; 2] {
        let names = names(name);
        let scales = float_tensor(&names[0], shape, scales.iter().copied());
        let zeros = vec![0; scales.raw_data.len() / size_of::<f32>()];
        self.weights.push(TensorProto {
            name: names[1].clone(),
            data_type: DataType::Int8 as i32,
            raw_data: zeros,
            ..scales.clone()
        });
        self.weights.push(scales);
        names
    }

    /// A node as this one, with other inputs and another output.
    fn convert(&mut self, node: &NodeProto, input: &str, parameters: &[String; 2], output: &str) {
        let [scale, zero] = parameters.clone();
        self.nodes.push(NodeProto {
            input: vec![input.to_owned(), scale, zero],
            output: vec![output.to_owned()],
            name: format!("{output}/{}", node.op_type),
            ..node.clone()
        });
    }
}

/// What the scale and the zero point of an 8-bit value are called.
fn names(value: &str) -> [String; 2] {
    [format!("{value}/scale"), format!("{value}/zero")]
}

/// The scales of stored weights that are int8 with zero points of 0 already, and their shape.
fn symmetric_scales(node: &NodeProto, lookup: &Lookup<'_>) -> Option<(Vec<usize>, Vec<f32>)> {
    let weight = |place: usize| node.input.get(place).and_then(|name| lookup.stored(name));
    let is_int8 = DataType::try_from(weight(0)?.data_type) == Ok(DataType::Int8);
    let has_no_zeros = match node.input.get(2).map(String::as_str) {
        None | Some("") => true,
        Some(_) => integers(weight(2)?)?.1.iter().all(|zero| *zero == 0),
    };
    let scales = floats(weight(1)?)?;
    // Of a scale of 0 nothing can be made steps again.
    let are_normal = scales.1.iter().all(|scale| scale.is_normal());
    (is_int8 && has_no_zeros && are_normal).then_some(scales)
}
