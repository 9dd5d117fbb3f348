//! What a graph becomes, as tables of small graphs.

use tract_onnx::pb::{ValueInfoProto, tensor_proto::DataType};

use super::*;

mod packed;
#[cfg(feature = "onnxruntime")]
mod symmetric;

/// What is done to a sound graph or its weights.
type Damage<'case, Whole> = &'case dyn Fn(&mut Whole);

fn tensor(name: &str, kind: DataType, dims: &[i64], raw_data: Vec<u8>) -> TensorProto {
    let (name, dims) = (name.to_owned(), dims.to_vec());
    TensorProto { name, dims, data_type: kind as i32, raw_data, ..TensorProto::default() }
}

fn float_weight(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    tensor(name, DataType::Float, dims, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

fn node(op_type: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn on_axis(mut node: NodeProto, axis: i64) -> NodeProto {
    let (name, r#type) = ("axis".to_owned(), AttributeType::Int as i32);
    node.attribute.push(AttributeProto { name, r#type, i: axis, ..AttributeProto::default() });
    node
}

fn graph(node: Vec<NodeProto>, initializer: Vec<TensorProto>, outputs: &[&str]) -> GraphProto {
    let output = |name: &&str| ValueInfoProto { name: (*name).to_owned(), ..ValueInfoProto::default() };
    GraphProto { node, initializer, output: outputs.iter().map(output).collect(), ..GraphProto::default() }
}

fn operators(graph: &GraphProto) -> Vec<&str> {
    graph.node.iter().map(|node| node.op_type.as_str()).collect()
}

/// Kind, scales, zero points, axis, what comes out.
type StoredWeights<'case> = (DataType, &'case [f32], Option<Vec<u8>>, Option<i64>, [f32; 6]);

#[test]
fn stored_weights_become_floats() {
    let bytes = || vec![1, 2, 3, 0xff, 0x80, 0x7f];
    let one = [1.0, 2.0, 3.0, -1.0, -128.0, 127.0];
    let by_row = [0.5, 1.0, 1.5, -2.0, -256.0, 254.0];
    let by_column = [1.0, 20.0, 300.0, -1.0, -1280.0, 12700.0];
    let cases: [StoredWeights<'_>; 8] = [
        (DataType::Int8, &[1.0], None, None, one),
        (DataType::Int8, &[1.0], Some(vec![0]), None, one),
        (DataType::Int8, &[0.5, 2.0], Some(vec![0, 0]), Some(0), by_row),
        (DataType::Int8, &[0.5, 2.0], None, Some(-2), by_row),
        (DataType::Int8, &[1.0, 10.0, 100.0], Some(vec![0; 3]), Some(1), by_column),
        // The axis of ONNX is 1 where none is named.
        (DataType::Int8, &[1.0, 10.0, 100.0], None, None, by_column),
        (DataType::Uint8, &[1.0], Some(vec![128]), None, [-127.0, -126.0, -125.0, 127.0, 0.0, -1.0]),
        (DataType::Int8, &[2.0], Some(vec![1]), None, [0.0, 2.0, 4.0, -4.0, -258.0, 252.0]),
    ];
    for (kind, scales, zeros, axis, due) in cases {
        let shape: &[i64] = if scales.len() == 1 { &[] } else { &[scales.len() as i64] };
        let mut weights = vec![tensor("w", kind, &[2, 3], bytes()), float_weight("s", shape, scales)];
        let mut inputs = vec!["w", "s"];
        if let Some(zeros) = zeros {
            weights.push(tensor("z", kind, shape, zeros));
            inputs.push("z");
        }
        let dequantise = node("DequantizeLinear", &inputs, "float");
        let dequantise = axis.map_or(dequantise.clone(), |axis| on_axis(dequantise, axis));
        let mut graph = graph(vec![dequantise, node("MatMul", &["x", "float"], "y")], weights, &["y"]);
        fold(&mut graph);
        assert_eq!(operators(&graph), ["MatMul"]);
        assert_eq!(graph.initializer.len(), 1, "what nothing uses is gone");
        assert_eq!(graph.initializer[0].name, "float");
        let (shape, values) = floats(&graph.initializer[0]).expect("floats");
        assert_eq!((shape, values), (vec![2, 3], due.to_vec()), "{kind:?} {scales:?} {axis:?}");
    }
}

#[test]
fn a_stored_bias_becomes_float() {
    let bias = [1_000_000_i32, -7].iter().flat_map(|value| value.to_le_bytes()).collect();
    let weights = vec![tensor("b", DataType::Int32, &[2], bias), float_weight("s", &[2], &[0.25, 0.5])];
    let dequantise = on_axis(node("DequantizeLinear", &["b", "s"], "float"), 0);
    let mut graph = graph(vec![dequantise, node("Add", &["x", "float"], "y")], weights, &["y"]);
    fold(&mut graph);
    assert_eq!(floats(&graph.initializer[0]).expect("floats").1, [250_000.0, -3.5]);
}

/// An activation made 8-bit before a Relu.
fn rounding_graph(kind: DataType, zero: u8) -> GraphProto {
    let weights = vec![float_weight("s", &[], &[0.25]), tensor("z", kind, &[], vec![zero])];
    let nodes = vec![
        node("QuantizeLinear", &["x", "s", "z"], "q"),
        node("DequantizeLinear", &["q", "s", "z"], "d"),
        node("Relu", &["d"], "y"),
    ];
    graph(nodes, weights, &["y"])
}

fn attribute<'node>(node: &'node NodeProto, name: &str) -> &'node AttributeProto {
    node.attribute.iter().find(|attribute| attribute.name == name).expect(name)
}

fn stored(graph: &GraphProto, name: &str) -> (Vec<usize>, Vec<f32>) {
    floats(graph.initializer.iter().find(|weight| weight.name == name).expect(name)).expect(name)
}

#[test]
fn activations_become_steps() {
    let cases = [
        (DataType::Uint8, 0, 0.0, 255.0),
        (DataType::Uint8, 100, -100.0, 155.0),
        (DataType::Int8, 0, -128.0, 127.0),
        (DataType::Int8, 0xff, -127.0, 128.0),
    ];
    for (kind, zero, low, high) in cases {
        let mut graph = rounding_graph(kind, zero);
        fold(&mut graph);
        assert_eq!(operators(&graph), [steps::ROUND, "Mul", "Relu"]);
        assert_eq!((graph.node[0].input[0].as_str(), graph.node[1].output[0].as_str()), ("x", "d"));
        let value = |name: &str| attribute(&graph.node[0], name).f;
        assert_eq!((value("scale"), value("low"), value("high")), (0.25, low, high), "{kind:?} {zero}");
        assert_eq!(stored(&graph, &graph.node[1].input[1]), (vec![], vec![0.25]));
        assert_eq!(graph.initializer.len(), 1);
    }
}

/// A convolution of two channels on an 8-bit activation, then these nodes from "c" to "o", made 8-bit again.
fn convolution_graph(between: Vec<NodeProto>, output_scale: f32) -> GraphProto {
    let weights = vec![
        float_weight("s", &[], &[0.5]),
        tensor("z", DataType::Uint8, &[], vec![10]),
        tensor("w", DataType::Int8, &[2, 1, 1, 2], vec![1, 0xff, 3, 0x80]),
        float_weight("ws", &[2], &[0.25, 0.125]),
        float_weight("b", &[2], &[1.1, -0.9]),
        float_weight("os", &[], &[output_scale]),
        tensor("oz", DataType::Uint8, &[], vec![0]),
        float_weight("low", &[], &[0.0]),
        float_weight("high", &[], &[6.0]),
    ];
    let mut nodes = vec![
        node("QuantizeLinear", &["x", "s", "z"], "q"),
        node("DequantizeLinear", &["q", "s", "z"], "d"),
        on_axis(node("DequantizeLinear", &["w", "ws"], "wd"), 0),
        node("Conv", &["d", "wd", "b"], "c"),
    ];
    nodes.extend(between);
    nodes.push(node("QuantizeLinear", &["o", "os", "oz"], "oq"));
    nodes.push(node("DequantizeLinear", &["oq", "os", "oz"], "y"));
    graph(nodes, weights, &["y"])
}

#[test]
fn a_quantised_convolution_is_computed_on_whole_numbers() {
    let clip = node("Clip", &["c", "low", "high"], "o");
    let relu = node("Relu", &["c"], "o");
    let moved = vec![node("Relu", &["c"], "r"), node("Transpose", &["r"], "o")];
    let exact = 6.0 / 255.0;
    let cases: [(Vec<NodeProto>, f32, &[&str]); 4] = [
        (vec![clip.clone()], exact, &["Identity", "Identity", "Mul"]),
        (vec![clip], exact / 2.0, &["Identity", "Identity", "Mul"]),
        (vec![relu], 1.0, &["Identity", "Identity", "Mul"]),
        (moved, 1.0, &["Identity", "Transpose", "Identity", "Mul"]),
    ];
    for (between, scale, rest) in cases {
        let mut graph = convolution_graph(between, scale);
        fold(&mut graph);
        assert_eq!(operators(&graph)[..3], [steps::ROUND, "Conv", steps::REQUANTISE]);
        assert_eq!(operators(&graph)[3..], *rest);
        let convolution = &graph.node[1];
        assert_eq!(stored(&graph, &convolution.input[1]), (vec![2, 1, 1, 2], vec![1.0, -1.0, 3.0, -128.0]));
        // 1.1 / (0.5 * 0.25) and -0.9 / (0.5 * 0.125), rounded.
        assert_eq!(stored(&graph, &convolution.input[2]), (vec![2], vec![9.0, -14.0]));
        let requantise = &graph.node[2];
        assert_eq!(requantise.output, ["c"]);
        assert_eq!(attribute(requantise, "multipliers").floats, [0.125 / scale, 0.0625 / scale]);
        assert_eq!((attribute(requantise, "low").f, attribute(requantise, "high").f), (0.0, 255.0));
    }
}

#[test]
fn a_convolution_that_stays_float_keeps_its_float_weights() {
    // The limit cuts off what the 8-bit numbers could hold; the sum is used twice; nothing is made 8-bit.
    let clipped = convolution_graph(vec![node("Clip", &["c", "low", "high"], "o")], 1.0);
    let mut used_twice = convolution_graph(vec![node("Relu", &["c"], "o")], 1.0);
    used_twice.output.push(ValueInfoProto { name: "c".to_owned(), ..ValueInfoProto::default() });
    let mut float = convolution_graph(vec![], 1.0);
    float.output[0].name = "c".to_owned();
    let computed_bias = convolution_graph(vec![node("Relu", &["c"], "o")], 1.0);
    let computed_bias = GraphProto {
        initializer: computed_bias.initializer.into_iter().filter(|weight| weight.name != "b").collect(),
        ..computed_bias
    };
    for mut graph in [clipped, used_twice, float, computed_bias] {
        fold(&mut graph);
        assert_eq!(operators(&graph)[..3], [steps::ROUND, "Mul", "Conv"]);
        assert_eq!(graph.node[2].input, ["d", "wd", "b"]);
        assert_eq!(stored(&graph, "wd"), (vec![2, 1, 1, 2], vec![0.25, -0.25, 0.375, -16.0]));
    }
}

#[test]
fn a_stored_whole_bias_is_taken_as_it_is() {
    let mut graph = convolution_graph(vec![node("Relu", &["c"], "o")], 1.0);
    let bias = [7_i32, -8].iter().flat_map(|value| value.to_le_bytes()).collect();
    graph.initializer.push(tensor("bw", DataType::Int32, &[2], bias));
    graph.initializer.push(float_weight("bs", &[2], &[0.125, 0.0625]));
    graph.node.insert(0, on_axis(node("DequantizeLinear", &["bw", "bs"], "bias"), 0));
    let convolution = graph.node.iter_mut().find(|node| node.op_type == "Conv").expect("the convolution");
    convolution.input[2] = "bias".to_owned();
    fold(&mut graph);
    let convolution = graph.node.iter().find(|node| node.op_type == "Conv").expect("the convolution");
    assert_eq!(stored(&graph, &convolution.input[2]), (vec![2], vec![7.0, -8.0]));
}

#[test]
fn a_product_is_computed_on_whole_numbers_and_made_float() {
    let weights = vec![
        float_weight("s", &[], &[0.5]),
        tensor("z", DataType::Uint8, &[], vec![10]),
        tensor("w", DataType::Int8, &[2, 3], vec![1, 2, 3, 4, 5, 6]),
        float_weight("ws", &[3], &[1.0, 2.0, 4.0]),
        tensor("wz", DataType::Int8, &[3], vec![0; 3]),
    ];
    let nodes = vec![
        node("QuantizeLinear", &["x", "s", "z"], "q"),
        node("DequantizeLinear", &["q", "s", "z"], "d"),
        node("DequantizeLinear", &["w", "ws", "wz"], "wd"),
        node("MatMul", &["d", "wd"], "y"),
    ];
    let mut graph = graph(nodes, weights, &["y"]);
    fold(&mut graph);
    assert_eq!(operators(&graph), [steps::ROUND, "MatMul", "Mul"]);
    assert_eq!(stored(&graph, &graph.node[1].input[1]), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(stored(&graph, &graph.node[2].input[1]), (vec![3], vec![0.5, 1.0, 2.0]));
}

#[test]
fn a_sum_of_activations_becomes_one_operator() {
    let mut weights = vec![float_weight("one", &[], &[1.0]), tensor("zero", DataType::Uint8, &[], vec![0])];
    let mut nodes = Vec::new();
    for (name, scale, zero) in [("a", 0.5, 3), ("b", 0.25, 5)] {
        let parameters = [format!("{name} scale"), format!("{name} zero")];
        weights.push(float_weight(&parameters[0], &[], &[scale]));
        weights.push(tensor(&parameters[1], DataType::Uint8, &[], vec![zero]));
        let quantised = format!("{name} q");
        nodes.push(node("QuantizeLinear", &[name, &parameters[0], &parameters[1]], &quantised));
        let inputs = [quantised.as_str(), &parameters[0], &parameters[1]];
        nodes.push(node("DequantizeLinear", &inputs, &format!("{name} d")));
    }
    nodes.push(node("Add", &["a d", "b d"], "sum"));
    nodes.push(node("QuantizeLinear", &["sum", "one", "zero"], "q"));
    nodes.push(node("DequantizeLinear", &["q", "one", "zero"], "y"));
    let mut graph = graph(nodes, weights, &["y"]);
    fold(&mut graph);
    assert_eq!(operators(&graph), [steps::ROUND, steps::ROUND, steps::SUM, "Mul"]);
    let names = ["ratio_a", "ratio_b", "zero_a", "zero_b", "zero", "low", "high"];
    let values: Vec<_> = names.iter().map(|name| attribute(&graph.node[2], name).f).collect();
    assert_eq!(values, [0.5, 0.25, 3.0, 5.0, 0.0, 0.0, 255.0]);
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let two_scales = |graph: &mut GraphProto| {
        graph.initializer[0] = float_weight("s", &[2], &[0.25, 0.5]);
        graph.initializer[1] = tensor("z", DataType::Uint8, &[2], vec![0; 2]);
    };
    let other_scale = |graph: &mut GraphProto| {
        graph.initializer.push(float_weight("t", &[], &[0.5]));
        graph.node[1].input[1] = "t".to_owned();
    };
    let other_kind = |graph: &mut GraphProto| graph.initializer[1].data_type = DataType::Int32 as i32;
    let computed_scale = |graph: &mut GraphProto| graph.initializer[0].name = "elsewhere".to_owned();
    let no_zero_point = |graph: &mut GraphProto| graph.node[1].input.truncate(2);
    let nothing_at_all = |graph: &mut GraphProto| graph.node[1].input.clear();
    let cases: [(&str, Damage<'_, GraphProto>); 6] = [
        ("two scales", &two_scales),
        ("another scale", &other_scale),
        ("another type", &other_kind),
        ("a computed scale", &computed_scale),
        ("no zero point", &no_zero_point),
        ("no inputs", &nothing_at_all),
    ];
    for (name, spoil) in cases {
        let mut graph = rounding_graph(DataType::Uint8, 0);
        spoil(&mut graph);
        fold(&mut graph);
        assert!(operators(&graph).contains(&"DequantizeLinear"), "{name}");
        assert!(!operators(&graph).contains(&steps::ROUND), "{name}");
    }
}

#[test]
fn damaged_weights_are_left_alone() {
    let good = || vec![tensor("w", DataType::Int8, &[2, 3], vec![0; 6]), float_weight("s", &[3], &[1.0; 3])];
    let cases: [(&str, Damage<'_, Vec<TensorProto>>); 7] = [
        ("too few values", &|weights| weights[0].raw_data.truncate(5)),
        ("a negative axis", &|weights| weights[0].dims = vec![-2, -3]),
        ("a huge shape", &|weights| weights[0].dims = vec![i64::MAX, i64::MAX]),
        ("no such type", &|weights| weights[0].data_type = 99),
        ("scales of another count", &|weights| weights[1] = float_weight("s", &[2], &[1.0; 2])),
        ("no scales", &|weights| weights[1] = float_weight("s", &[0], &[])),
        ("half a scale", &|weights| weights[1].raw_data.truncate(10)),
    ];
    for (name, spoil) in cases {
        let mut weights = good();
        spoil(&mut weights);
        let nodes =
            vec![node("DequantizeLinear", &["w", "s"], "float"), node("MatMul", &["x", "float"], "y")];
        let mut graph = graph(nodes, weights, &["y"]);
        fold(&mut graph);
        assert_eq!(operators(&graph), ["DequantizeLinear", "MatMul"], "{name}");
    }
}

#[test]
fn what_leads_nowhere_is_removed() {
    let nodes = vec![
        node("Relu", &["x"], "a"),
        node("Mul", &["a", "unused weight"], "nowhere"),
        node("Add", &["a", "weight"], "y"),
    ];
    let weights = vec![float_weight("weight", &[], &[1.0]), float_weight("unused weight", &[], &[1.0])];
    let mut graph = graph(nodes, weights, &["y"]);
    fold(&mut graph);
    assert_eq!(operators(&graph), ["Relu", "Add"]);
    assert_eq!(graph.initializer.len(), 1);
}

#[test]
fn graphs_with_branches_are_left_alone() {
    let mut graph = rounding_graph(DataType::Uint8, 0);
    let branch = AttributeProto { g: Some(GraphProto::default()), ..AttributeProto::default() };
    graph.node[2].attribute.push(branch);
    let before = graph.clone();
    fold(&mut graph);
    assert_eq!(graph, before);
}

#[cfg(feature = "onnxruntime")]
#[test]
fn a_float_graph_is_left_when_8_bit_numbers_go() {
    let weights = tensor("w8", DataType::Int8, &[1, 2], vec![2, 0xff]);
    let (scale, zero) = (float_weight("s", &[], &[0.5]), tensor("z", DataType::Uint8, &[], vec![128]));
    let weight_scale = float_weight("ws", &[], &[0.25]);
    let mut graph = graph(
        vec![
            node("QuantizeLinear", &["x", "s", "z"], "x8"),
            node("DequantizeLinear", &["x8", "s", "z"], "xf"),
            node("DequantizeLinear", &["w8", "ws"], "wf"),
            node("MatMul", &["xf", "wf"], "y"),
        ],
        vec![weights, scale, zero, weight_scale],
        &["y"],
    );
    unquantise(&mut graph);
    assert_eq!(operators(&graph), ["Identity", "MatMul"]);
    assert_eq!(graph.node[0].input, ["x"]);
    assert_eq!(graph.initializer.len(), 1);
    assert_eq!(floats(&graph.initializer[0]), Some((vec![1, 2], vec![0.5, -0.25])));
}
