//! Just enough of ONNX to write a caption model and to read back what was written.
//!
//! [`messages`] is a subset of the protobuf messages of `onnx.proto`; [`Graph`] builds a graph out of named nodes. The
//! files are of operator set 17, which both ONNX Runtime and tract run whole.

pub mod graph;
pub mod layer;
pub mod messages;
mod packed;

pub use graph::{
    Dimension, Element, Graph, ReadError, decode, int_attribute, ints_attribute, node, signed, tensor_f32,
    tensor_i8, tensor_u8, value, values_f32,
};
