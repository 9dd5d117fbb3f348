//! Graphs that declare what their manifest promises, and graphs that do not.

use super::*;
use crate::network::tests::manifest;

fn declared(name: &str, kind: Kind, axes: &[Option<usize>]) -> Declared {
    Declared { name: name.to_owned(), kind: Some(kind), axes: Some(axes.to_vec()) }
}

/// The decoder's inputs and outputs as its manifest promises them.
fn decoder() -> (Vec<Declared>, Vec<Declared>) {
    let inputs = vec![
        declared("features", Kind::Float32, &[Some(1), Some(2), Some(3)]),
        declared("token", Kind::Int64, &[None]),
        declared("hidden", Kind::Float32, &[None, Some(5)]),
    ];
    let outputs = vec![
        declared("attention", Kind::Float32, &[None, Some(2)]),
        declared("logits", Kind::Float32, &[None, Some(6)]),
        declared("next_hidden", Kind::Float32, &[None, Some(5)]),
    ];
    (inputs, outputs)
}

#[test]
fn takes_what_is_promised_in_any_order() {
    let manifest = manifest();
    let pixels = declared("pixels", Kind::Float32, &[Some(1), Some(3), Some(2), Some(4)]);
    let features = declared("features", Kind::Float32, &[Some(1), Some(2), Some(3)]);
    let hidden = declared("hidden", Kind::Float32, &[Some(1), None]);
    let extra = declared("classes", Kind::Int64, &[]);
    let encoder = Signature::of_encoder(&manifest);
    encoder.check(&[pixels], &[extra, hidden, features]).expect("the encoder");
    let (inputs, outputs) = decoder();
    Signature::of_decoder(&manifest).check(&inputs, &outputs).expect("the decoder");
    let names: Vec<_> = Signature::of_decoder(&manifest).output_names().map(str::to_owned).collect();
    assert_eq!(names, ["logits", "next_hidden", "attention"]);
}

#[test]
fn leaves_open_what_a_graph_leaves_open() {
    let (mut inputs, mut outputs) = decoder();
    inputs[0].axes = None;
    outputs[1].axes = Some(vec![None, None]);
    Signature::of_decoder(&manifest()).check(&inputs, &outputs).expect("the decoder");
}

#[test]
fn names_what_differs() {
    type Spoil = fn(&mut Vec<Declared>, &mut Vec<Declared>);
    let cases: [(Spoil, &str); 8] = [
        (|inputs, _| drop(inputs.remove(0)), "it has no input named \"features\""),
        (|_, outputs| drop(outputs.remove(2)), "it has no output named \"next_hidden\""),
        (|inputs, _| inputs[1].kind = None, "its input \"token\" does not hold 64-bit integers"),
        (
            |_, outputs| outputs[1].kind = Some(Kind::Int64),
            "its output \"logits\" does not hold 32-bit floats",
        ),
        (
            |_, outputs| outputs[1].axes = Some(vec![None, Some(7)]),
            "its output \"logits\" has the shape [any, 7] where [rows, 6] is due",
        ),
        (
            |inputs, _| inputs[2].axes = Some(vec![Some(1), Some(5)]),
            "its input \"hidden\" has the shape [1, 5] where [rows, 5] is due",
        ),
        (|_, outputs| outputs[0].axes = Some(vec![None]), "has the shape [any] where [rows, any] is due"),
        (
            |inputs, _| inputs.push(declared("length", Kind::Int64, &[])),
            "it has an input \"length\", which nothing feeds",
        ),
    ];
    for (spoil, message) in cases {
        let (mut inputs, mut outputs) = decoder();
        spoil(&mut inputs, &mut outputs);
        let error = Signature::of_decoder(&manifest()).check(&inputs, &outputs).expect_err(message);
        assert!(error.to_string().contains("decoder.onnx does not belong to its manifest"), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}
