//! Which matrices with 4 bits for each weight are taken apart.

use super::*;

fn cast(input: &str, to: DataType, output: &str) -> NodeProto {
    let mut cast = node("Cast", &[input], output);
    cast.attribute.push(AttributeProto { name: "to".to_owned(), i: to as i64, ..Default::default() });
    cast
}

/// What the trainer writes for a matrix with 4 bits for each weight (`trainer/src/onnx/packed.rs`).
fn unpacking() -> GraphProto {
    let weights = vec![
        // -7 * 16 + (-7 + 8), 7 * 16 + (7 + 8), 0 * 16 + (0 + 8), -1 * 16 + (3 + 8)
        tensor("packed", DataType::Int8, &[2, 2], [-111_i8, 127, 8, -5].map(i8::cast_unsigned).to_vec()),
        float_weight("sixteenth", &[], &[1.0 / 16.0]),
        float_weight("sixteen", &[], &[16.0]),
        float_weight("shift", &[], &[8.0]),
    ];
    let nodes = vec![
        cast("packed", DataType::Float, "bytes"),
        node("Mul", &["bytes", "sixteenth"], "sixteenths"),
        node("Floor", &["sixteenths"], "upper"),
        node("Mul", &["upper", "sixteen"], "without"),
        node("Sub", &["bytes", "without"], "shifted"),
        node("Sub", &["shifted", "shift"], "lower"),
        on_axis(node("Concat", &["upper", "lower"], "matrix"), 0),
        node("MatMul", &["x", "matrix"], "y"),
    ];
    graph(nodes, weights, &["y"])
}

#[test]
fn four_bits_are_taken_apart() {
    let mut graph = unpacking();
    fold(&mut graph);
    assert_eq!(operators(&graph), ["MatMul"]);
    assert_eq!(graph.initializer.len(), 1, "what nothing uses is gone");
    let due = vec![-7.0, 7.0, 0.0, -1.0, -7.0, 7.0, 0.0, 3.0];
    assert_eq!(stored(&graph, "matrix"), (vec![4, 2], due));
}

#[test]
fn what_is_not_understood_stays() {
    let cases: [(&str, Damage<'_, GraphProto>); 12] = [
        ("an input of the graph", &|graph| graph.node[0].input[0] = "x".to_owned()),
        ("another type", &|graph| graph.node[0].attribute[0].i = DataType::Double as i64),
        ("no type", &|graph| graph.node[0].attribute.clear()),
        ("bytes without a sign", &|graph| graph.initializer[0].data_type = DataType::Uint8 as i32),
        ("a damaged weight", &|graph| graph.initializer[0].dims[0] = 3),
        ("a lone weight", &|graph| graph.initializer[0].dims.clear()),
        ("eighths", &|graph| graph.initializer[1] = float_weight("sixteenth", &[], &[0.125])),
        ("fifteen", &|graph| graph.initializer[2] = float_weight("sixteen", &[], &[15.0])),
        ("a shift for each column", &|graph| {
            graph.initializer[3] = float_weight("shift", &[2], &[8.0, 8.0]);
        }),
        ("halves of two matrices", &|graph| graph.node[4].input[0] = "other".to_owned()),
        ("all of the byte in the place of its upper half", &|graph| {
            graph.node[3].input[0] = "bytes".to_owned();
        }),
        ("another axis", &|graph| graph.node[6].attribute[0].i = 1),
    ];
    for (what, damage) in cases {
        let mut graph = unpacking();
        damage(&mut graph);
        let due = graph.node.clone();
        fold(&mut graph);
        assert_eq!(graph.node, due, "{what}");
    }
}
