//! Builds a graph of named nodes: every operation names its one or more results, and the name is how it is read.

use prost::Message;
use thiserror::Error;

use super::messages::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Who wrote the files; the quantiser rewrites no others.
pub const PRODUCER: &str = "descry-trainer";
/// The file format that came with operator set 17 (ONNX 1.12); later runtimes read it too.
const IR_VERSION: i64 = 8;
const OPERATOR_SET: i64 = 17;

/// Element types, with the numbers of `TensorProto.DataType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Element {
    /// `float`
    F32 = 1,
    /// `uint8`
    U8 = 2,
    /// `int8`
    I8 = 3,
    /// `int64`
    I64 = 7,
}

/// One length of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Known when the model is written.
    Fixed(usize),
    /// Chosen by the caller, the same wherever the name stands.
    Named(&'static str),
}

impl From<usize> for Dimension {
    fn from(length: usize) -> Self {
        Self::Fixed(length)
    }
}

/// A graph being built. Nodes are added in the order in which they are computed.
#[derive(Debug)]
pub struct Graph {
    graph: GraphProto,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { graph: GraphProto { name: name.to_owned(), ..GraphProto::default() } }
    }

    /// Declares an input, and gives its name back.
    pub fn input(&mut self, name: &str, element: Element, shape: &[Dimension]) -> String {
        self.graph.input.push(value(name, element, Some(shape)));
        name.to_owned()
    }

    /// Adds a float constant, and gives its name back.
    pub fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.graph.initializer.push(tensor_f32(name, shape, values));
        name.to_owned()
    }

    /// Adds a one-dimensional constant of whole numbers, such as axes, and gives its name back.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.graph.initializer.push(tensor_i64(name, values));
        name.to_owned()
    }

    /// Adds an operation with one result, and gives the result's name back.
    pub fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.graph.node.push(node(operator, inputs, output, attributes));
        output.to_owned()
    }

    /// Adds an operation with several results, and gives their names back.
    pub fn node_with_outputs(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        self.graph.node.push(NodeProto {
            input: names(inputs),
            output: names(outputs),
            name: outputs.first().map(|&name| name.to_owned()).unwrap_or_default(),
            op_type: operator.to_owned(),
            attribute: attributes,
        });
        names(outputs)
    }

    /// Declares a float result of the graph; a node of that name makes it.
    pub fn output(&mut self, name: &str, shape: &[Dimension]) {
        self.graph.output.push(value(name, Element::F32, Some(shape)));
    }

    /// The finished model.
    #[must_use]
    pub fn into_model(self) -> ModelProto {
        ModelProto {
            ir_version: IR_VERSION,
            producer_name: PRODUCER.to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: OPERATOR_SET }],
        }
    }
}

/// Why bytes are not a model that this crate wrote.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The bytes are no protobuf message of this kind.
    #[error("not an ONNX file: {0}")]
    Decode(#[from] prost::DecodeError),
    /// Someone else's ONNX file: parts of it would be lost.
    #[error("was not written by {PRODUCER} but by {0:?}; export it again from its run")]
    Foreign(String),
    /// There is no graph inside.
    #[error("holds no graph")]
    Empty,
}

/// Reads a graph that this crate wrote.
pub fn decode(bytes: &[u8]) -> Result<GraphProto, ReadError> {
    let model = ModelProto::decode(bytes)?;
    if model.producer_name != PRODUCER {
        return Err(ReadError::Foreign(model.producer_name));
    }
    model.graph.ok_or(ReadError::Empty)
}

impl From<GraphProto> for Graph {
    fn from(graph: GraphProto) -> Self {
        Self { graph }
    }
}

/// Name and type of an input or output; without a shape, any.
#[must_use]
pub fn value(name: &str, element: Element, shape: Option<&[Dimension]>) -> ValueInfoProto {
    let dimension = |dimension: &Dimension| match *dimension {
        Dimension::Fixed(length) => DimensionProto { dim_value: Some(signed(length)), dim_param: None },
        Dimension::Named(name) => DimensionProto { dim_value: None, dim_param: Some(name.to_owned()) },
    };
    let shape = shape.map(|shape| TensorShapeProto { dim: shape.iter().map(dimension).collect() });
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { tensor_type: Some(TensorTypeProto { elem_type: element as i32, shape }) }),
    }
}

/// A length as ONNX stores it.
#[must_use]
pub fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A setting that is one number.
#[must_use]
pub fn int_attribute(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i: Some(value),
        r#type: AttributeProto::INT,
        ..AttributeProto::default()
    }
}

/// A setting that is a list of numbers.
#[must_use]
pub fn ints_attribute(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: values.to_vec(),
        r#type: AttributeProto::INTS,
        ..AttributeProto::default()
    }
}

/// An operation with one result, whose name it has.
#[must_use]
pub fn node(operator: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        name: output.to_owned(),
        op_type: operator.to_owned(),
        attribute: attributes,
    }
}

/// A float constant.
#[must_use]
pub fn tensor_f32(name: &str, shape: &[usize], values: &[f32]) -> TensorProto {
    tensor(name, Element::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// A constant of bytes with sign.
#[must_use]
pub fn tensor_i8(name: &str, shape: &[usize], values: &[i8]) -> TensorProto {
    tensor(name, Element::I8, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// A constant of bytes.
#[must_use]
pub fn tensor_u8(name: &str, shape: &[usize], values: &[u8]) -> TensorProto {
    tensor(name, Element::U8, shape, values.to_vec())
}

/// A one-dimensional constant of whole numbers.
#[must_use]
pub fn tensor_i64(name: &str, values: &[i64]) -> TensorProto {
    tensor(name, Element::I64, &[values.len()], values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// The values of a float constant; `None` for another element type.
#[must_use]
pub fn values_f32(tensor: &TensorProto) -> Option<Vec<f32>> {
    let (values, rest) = tensor.raw_data.as_chunks::<4>();
    (tensor.data_type == Element::F32 as i32 && rest.is_empty())
        .then(|| values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}

fn tensor(name: &str, element: Element, shape: &[usize], raw_data: Vec<u8>) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|&length| signed(length)).collect(),
        data_type: element as i32,
        name: name.to_owned(),
        raw_data,
    }
}
