//! Graphs for TensorRT: ranges that stay, weights that are made 8-bit in the graph, and what becomes float.

use super::*;

fn stored_bytes<'graph>(graph: &'graph GraphProto, name: &str) -> (DataType, &'graph [u8]) {
    let weight = graph.initializer.iter().find(|weight| weight.name == name).expect(name);
    (DataType::try_from(weight.data_type).expect("a type"), &weight.raw_data)
}

#[test]
fn activations_keep_their_range_with_steps_on_both_sides() {
    // Reaches: 255, 155 and 200 below, 128 below, 127 above.
    let cases = [
        (DataType::Uint8, 0, 255.0),
        (DataType::Uint8, 100, 155.0),
        (DataType::Uint8, 200, 200.0),
        (DataType::Int8, 0, 128.0),
        (DataType::Int8, 1, 129.0),
    ];
    for (kind, zero, reach) in cases {
        let mut graph = rounding_graph(kind, zero);
        symmetrise(&mut graph);
        assert_eq!(operators(&graph), ["QuantizeLinear", "DequantizeLinear", "Relu"], "{kind:?} {zero}");
        assert_eq!(graph.node[0].input, ["x", "q/scale", "q/zero"]);
        assert_eq!(graph.node[1].input, ["q", "q/scale", "q/zero"]);
        assert_eq!(stored(&graph, "q/scale"), (vec![], vec![reach * 0.25 / 127.0]));
        assert_eq!(stored_bytes(&graph, "q/zero"), (DataType::Int8, &[0][..]));
        assert_eq!(graph.initializer.len(), 2, "what nothing uses is gone");
    }
}

/// A layer with stored weights and a stored bias.
fn layer(kind: DataType, zeros: Option<Vec<u8>>, scales: &[f32]) -> GraphProto {
    let bias = [4_i32, -8].iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut inputs = vec!["w", "ws"];
    let mut weights = vec![
        tensor("w", kind, &[2, 2], vec![1, 2, 3, 0xff]),
        float_weight("ws", &[2], scales),
        tensor("b", DataType::Int32, &[2], bias),
        float_weight("bs", &[2], &[0.25, 0.5]),
    ];
    if let Some(zeros) = zeros {
        inputs.push("wz");
        weights.push(tensor("wz", kind, &[2], zeros));
    }
    let nodes = vec![
        on_axis(node("DequantizeLinear", &inputs, "wf"), 1),
        on_axis(node("DequantizeLinear", &["b", "bs"], "bf"), 0),
        node("MatMul", &["x", "wf"], "product"),
        node("Add", &["product", "bf"], "y"),
    ];
    graph(nodes, weights, &["y"])
}

#[test]
fn stored_weights_are_made_8_bit_in_the_graph_by_their_own_scales() {
    for zeros in [None, Some(vec![0, 0])] {
        let mut graph = layer(DataType::Int8, zeros, &[0.5, 2.0]);
        symmetrise(&mut graph);
        assert_eq!(operators(&graph), ["QuantizeLinear", "DequantizeLinear", "MatMul", "Add"]);
        assert_eq!(graph.node[0].input, ["wf/float", "wf/steps/scale", "wf/steps/zero"]);
        assert_eq!(graph.node[1].input, ["wf/steps", "wf/steps/scale", "wf/steps/zero"]);
        assert_eq!(graph.node[1].output, ["wf"]);
        for node in &graph.node[..2] {
            assert_eq!(attribute(node, "axis").i, 1);
        }
        assert_eq!(stored(&graph, "wf/float"), (vec![2, 2], vec![0.5, 4.0, 1.5, -2.0]));
        assert_eq!(stored(&graph, "wf/steps/scale"), (vec![2], vec![0.5, 2.0]));
        assert_eq!(stored_bytes(&graph, "wf/steps/zero"), (DataType::Int8, &[0, 0][..]));
        assert_eq!(stored(&graph, "bf"), (vec![2], vec![1.0, -4.0]), "the bias is float");
    }
}

#[test]
fn weights_of_another_kind_become_float() {
    for (case, mut graph) in [
        ("a zero point", layer(DataType::Int8, Some(vec![1, 0]), &[0.5, 2.0])),
        ("no sign", layer(DataType::Uint8, Some(vec![0, 0]), &[0.5, 2.0])),
        ("no scale", layer(DataType::Int8, None, &[0.0, 2.0])),
    ] {
        symmetrise(&mut graph);
        assert_eq!(operators(&graph), ["MatMul", "Add"], "{case}");
        assert!(graph.initializer.iter().any(|weight| weight.name == "wf"));
    }
}

#[test]
fn what_is_not_understood_is_left_as_it_is() {
    // Its scale comes with the picture.
    let mut graph = rounding_graph(DataType::Uint8, 0);
    graph.initializer.retain(|weight| weight.name != "s");
    let before = graph.clone();
    symmetrise(&mut graph);
    assert_eq!(graph.node, before.node);
}
