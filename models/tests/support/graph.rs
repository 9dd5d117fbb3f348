//! Writes small ONNX graphs (opset 17), their layers in float32 or quantised as the trainer's exporter does.

use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, attribute_proto::AttributeType, tensor_proto::DataType,
    tensor_shape_proto::Dimension, tensor_shape_proto::dimension, type_proto,
};

/// A graph that is being written.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) proto: GraphProto,
    quantised: bool,
    names: usize,
    random: u64,
}

/// A node's attributes.
pub(crate) struct Attributes(Vec<AttributeProto>);

impl Attributes {
    pub(crate) fn integer(self, name: &str, value: i64) -> Self {
        self.with(AttributeProto { r#type: AttributeType::Int as i32, i: value, ..named(name) })
    }

    pub(crate) fn integers(self, name: &str, values: &[i64]) -> Self {
        self.with(AttributeProto { r#type: AttributeType::Ints as i32, ints: values.to_vec(), ..named(name) })
    }

    fn with(mut self, attribute: AttributeProto) -> Self {
        self.0.push(attribute);
        self
    }
}

fn named(name: &str) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ..AttributeProto::default() }
}

impl Graph {
    pub(crate) fn new(seed: u64, quantised: bool) -> Self {
        let proto = GraphProto { name: "tiny".to_owned(), ..GraphProto::default() };
        Self { proto, quantised, names: 0, random: seed }
    }

    /// The file.
    pub(crate) fn onnx(&self) -> Vec<u8> {
        let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
        let model = ModelProto {
            ir_version: 8,
            opset_import: vec![opset],
            graph: Some(self.proto.clone()),
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }

    pub(crate) fn input(&mut self, name: &str, shape: &[&str]) {
        self.proto.input.push(info(name, DataType::Float, shape));
    }

    pub(crate) fn input_of_tokens(&mut self, name: &str) {
        self.proto.input.push(info(name, DataType::Int64, &["batch"]));
    }

    /// Makes a value an output of this name.
    pub(crate) fn output(&mut self, value: &str, name: &str, shape: &[&str]) {
        self.proto.node.push(NodeProto {
            input: vec![value.to_owned()],
            output: vec![name.to_owned()],
            op_type: "Identity".to_owned(),
            ..NodeProto::default()
        });
        self.proto.output.push(info(name, DataType::Float, shape));
    }

    /// Adds a node with one output and gives the output's name.
    pub(crate) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: impl FnOnce(Attributes) -> Attributes,
    ) -> String {
        let [output] = self.node_of(operator, inputs, attributes);
        output
    }

    fn node_of<const OUTPUTS: usize>(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: impl FnOnce(Attributes) -> Attributes,
    ) -> [String; OUTPUTS] {
        let outputs = std::array::from_fn(|_| self.name(operator));
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: outputs.to_vec(),
            name: format!("node of {}", outputs[0]),
            op_type: operator.to_owned(),
            attribute: attributes(Attributes(Vec::new())).0,
            ..NodeProto::default()
        });
        outputs
    }

    pub(crate) fn split_in_four(&mut self, value: &str, axis: i64) -> [String; 4] {
        self.node_of("Split", &[value], |node| node.integer("axis", axis))
    }

    /// Between 0 and 6, as `ReLU6`.
    pub(crate) fn clip(&mut self, value: &str) -> String {
        let (least, greatest) = (self.floats(&[], &[0.0]), self.floats(&[], &[6.0]));
        self.node("Clip", &[value, &least, &greatest], |node| node)
    }

    /// A convolution with a bias and padding that keeps the size but for the stride.
    pub(crate) fn convolution(
        &mut self,
        value: &str,
        range: (f32, f32),
        shape: [usize; 4],
        stride: i64,
    ) -> String {
        let value = self.activation(value, range);
        let values = self.random_values(shape.iter().product(), 3.0 / ((shape[1] * shape[2]) as f32));
        let weight = self.weight(&shape, &values, 0);
        let bias = self.random_values(shape[0], 0.5);
        let bias = self.floats(&[shape[0]], &bias);
        let pad = (shape[2] as i64 - 1) / 2;
        self.node("Conv", &[&value, &weight, &bias], |node| {
            node.integers("strides", &[stride, stride]).integers("pads", &[pad; 4])
        })
    }

    /// A matrix product with a bias, of values that lie in this range.
    pub(crate) fn linear(&mut self, value: &str, range: (f32, f32), inputs: usize, outputs: usize) -> String {
        let value = self.activation(value, range);
        let values = self.random_values(inputs * outputs, 2.0 / (inputs as f32).sqrt());
        let weight = self.weight(&[inputs, outputs], &values, 1);
        let product = self.node("MatMul", &[&value, &weight], |node| node);
        let bias = self.random_values(outputs, 0.3);
        let bias = self.floats(&[outputs], &bias);
        self.node("Add", &[&product, &bias], |node| node)
    }

    /// The rows of a table that the tokens name; an int8 table has a scale for each row.
    pub(crate) fn embedding(&mut self, tokens: &str, rows: usize, width: usize) -> String {
        let values = self.random_values(rows * width, 1.5);
        if !self.quantised {
            let table = self.floats(&[rows, width], &values);
            return self.node("Gather", &[&table, tokens], |node| node);
        }
        let (bytes, scales) = quantised(&values, width, 1, rows);
        let table = self.tensor(DataType::Int8, &[rows, width], bytes);
        let scales = self.floats(&[rows, 1], &scales);
        let row = self.node("Gather", &[&table, tokens], |node| node);
        let row = self.node("Cast", &[&row], |node| node.integer("to", 1));
        let scale = self.node("Gather", &[&scales, tokens], |node| node);
        self.node("Mul", &[&row, &scale], |node| node)
    }

    /// Rounds an activation to 8 bits over a range, in a quantised graph.
    fn activation(&mut self, value: &str, (least, greatest): (f32, f32)) -> String {
        if !self.quantised {
            return value.to_owned();
        }
        let scale = (greatest - least) / 255.0;
        let zero = (-least / scale).round().clamp(0.0, 255.0) as u8;
        let scale = self.floats(&[], &[scale]);
        let zero = self.tensor(DataType::Uint8, &[], vec![zero]);
        let rounded = self.node("QuantizeLinear", &[value, &scale, &zero], |node| node);
        self.node("DequantizeLinear", &[&rounded, &scale, &zero], |node| node)
    }

    /// Weights, in a quantised graph int8 with a scale for each place of an axis.
    fn weight(&mut self, shape: &[usize], values: &[f32], axis: usize) -> String {
        if !self.quantised {
            return self.floats(shape, values);
        }
        let run = shape[axis + 1..].iter().product();
        let (bytes, scales) = quantised(values, run, 1, shape[axis]);
        let weight = self.tensor(DataType::Int8, shape, bytes);
        let zeros = self.tensor(DataType::Int8, &[shape[axis]], vec![0; shape[axis]]);
        let scales = self.floats(&[shape[axis]], &scales);
        self.node("DequantizeLinear", &[&weight, &scales, &zeros], |node| node.integer("axis", axis as i64))
    }

    pub(crate) fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(DataType::Float, shape, bytes)
    }

    pub(crate) fn integers(&mut self, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(DataType::Int64, &[values.len()], bytes)
    }

    fn tensor(&mut self, kind: DataType, shape: &[usize], bytes: Vec<u8>) -> String {
        let name = self.name("weight");
        self.proto.initializer.push(TensorProto {
            name: name.clone(),
            dims: shape.iter().map(|axis| *axis as i64).collect(),
            data_type: kind as i32,
            raw_data: bytes,
            ..TensorProto::default()
        });
        name
    }

    fn name(&mut self, what: &str) -> String {
        self.names += 1;
        format!("{what}_{}", self.names)
    }

    /// Values between plus and minus the bound (splitmix64).
    fn random_values(&mut self, count: usize, bound: f32) -> Vec<f32> {
        let mut next = || {
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.random;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
        };
        (0..count).map(|_| (next() * 2.0 - 1.0) * bound).collect()
    }
}

/// Values as int8 with one scale for each of `count` places; neighbours in runs of `run` share a place.
fn quantised(values: &[f32], run: usize, first: usize, count: usize) -> (Vec<u8>, Vec<f32>) {
    let place = |index: usize| index / run / first % count;
    let mut scales = vec![f32::MIN_POSITIVE; count];
    for (index, value) in values.iter().enumerate() {
        scales[place(index)] = scales[place(index)].max(value.abs() / 127.0);
    }
    let byte = |(index, value): (usize, &f32)| ((value / scales[place(index)]).round() as i8).cast_unsigned();
    (values.iter().enumerate().map(byte).collect(), scales)
}

fn info(name: &str, kind: DataType, shape: &[&str]) -> ValueInfoProto {
    let axis = |axis: &&str| {
        let value = match axis.parse() {
            Ok(length) => dimension::Value::DimValue(length),
            Err(_) => dimension::Value::DimParam((*axis).to_owned()),
        };
        Dimension { value: Some(value), ..Dimension::default() }
    };
    let shape = TensorShapeProto { dim: shape.iter().map(axis).collect() };
    let tensor = type_proto::Tensor { elem_type: kind as i32, shape: Some(shape) };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(kind), ..ValueInfoProto::default() }
}
