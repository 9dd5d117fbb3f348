//! A runner that misbehaves in every way, and what the wrapper makes of it.

use super::*;
use crate::network::tests::manifest;

/// Gives what it is told to, whatever it is fed.
struct Told {
    encoded: Vec<Tensor>,
    stepped: fn(usize) -> Result<Vec<Tensor>, String>,
}

impl Runner for Told {
    fn encode(&mut self, _: &Pixels) -> Result<Vec<Tensor>, String> {
        Ok(self.encoded.clone())
    }

    fn step(&mut self, tokens: &[i64], context: &[&Tensor], state: &[Tensor]) -> Result<Vec<Tensor>, String> {
        assert_eq!((context.len(), state.len()), (1, 1));
        (self.stepped)(tokens.len())
    }
}

fn tensor(shape: &[usize]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: vec![0.5; shape.iter().product()] }
}

fn encoded() -> Vec<Tensor> {
    vec![tensor(&[1, 2, 3]), tensor(&[1, 5])]
}

/// Logits, state, attention.
fn stepped(rows: usize) -> Vec<Tensor> {
    vec![tensor(&[rows, 6]), tensor(&[rows, 5]), tensor(&[rows, 2])]
}

fn checked(encoded: Vec<Tensor>, stepped: fn(usize) -> Result<Vec<Tensor>, String>) -> Checked<Told> {
    Checked::new(Engine::Tract, Told { encoded, stepped }, &manifest())
}

fn pixels() -> Pixels {
    Pixels { values: vec![0.0; 24], width: 4, height: 2 }
}

#[test]
fn what_is_right_passes() {
    let mut network = checked(encoded(), |rows| Ok(stepped(rows)));
    let seen = network.encode(&pixels()).expect("encoded");
    for rows in [1, 4] {
        let state = network.start(&seen, rows).expect("a state");
        assert_eq!((state.rows, state.tensors[0].shape.as_slice()), (rows, &[rows, 5][..]));
        let step = network.step(&seen, &state, &vec![TokenId(5); rows]).expect("a step");
        assert_eq!(step.logits.shape, [rows, 6]);
        assert_eq!(step.attention.expect("an attention").shape, [rows, 2]);
        assert_eq!(step.state.gathered(&[rows - 1, 0]).rows, 2);
    }
}

#[test]
fn what_the_encoder_gives_wrong_is_named() {
    let spoiled = |spoil: fn(&mut Vec<Tensor>)| {
        let mut tensors = encoded();
        spoil(&mut tensors);
        tensors
    };
    let cases = [
        (spoiled(Vec::clear), "comes from another encoder"),
        (spoiled(|all| all.push(tensor(&[1]))), "comes from another encoder"),
        (
            spoiled(|all| all[0] = tensor(&[1, 3, 2])),
            "gave features the shape [1, 3, 2] where [1, 2, 3] is due",
        ),
        (spoiled(|all| all[0].values.truncate(2)), "gave features the shape"),
        (spoiled(|all| all[1].values[3] = f32::NAN), "gave a value in hidden that is not a number"),
        (spoiled(|all| all[1].values[3] = f32::INFINITY), "gave a value in hidden that is not a number"),
    ];
    for (tensors, message) in cases {
        let error = checked(tensors, |rows| Ok(stepped(rows))).encode(&pixels()).expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn what_the_decoder_gives_wrong_is_named() {
    type Case = (fn(usize) -> Result<Vec<Tensor>, String>, &'static str);
    let cases: [Case; 8] = [
        (|_| Ok(vec![]), "tract failed in the decoder: it gave too few tensors"),
        (|rows| Ok(stepped(rows)[..2].to_vec()), "it gave too few tensors"),
        (|rows| Ok(stepped(rows + 1)), "gave logits the shape [3, 6] where [2, 6] is due"),
        (
            |rows| Ok(vec![tensor(&[rows, 6]), tensor(&[rows, 4]), tensor(&[rows, 2])]),
            "gave next_hidden the shape [2, 4] where [2, 5] is due",
        ),
        (
            |rows| Ok(vec![tensor(&[rows, 6]), tensor(&[rows, 5]), tensor(&[1, 2])]),
            "gave attention the shape [1, 2] where [2, 2] is due",
        ),
        (
            |rows| {
                let mut all = stepped(rows);
                all[0].values[7] = f32::NAN;
                Ok(all)
            },
            "gave a value in logits that is not a number",
        ),
        (|_| Err("out of memory".to_owned()), "tract failed in the decoder: out of memory"),
        (|rows| panic!("an engine's assertion about {rows} rows"), "an engine's assertion about 2 rows"),
    ];
    for (stepped, message) in cases {
        let mut network = checked(encoded(), stepped);
        let seen = network.encode(&pixels()).expect("encoded");
        let state = network.start(&seen, 2).expect("a state");
        let error = network.step(&seen, &state, &[TokenId(1); 2]).expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn an_engines_words_stay_on_one_short_line() {
    assert_eq!(one_line("a\n  b\t c\n"), "a b c");
    let long = one_line(&"ä".repeat(1000));
    assert_eq!(long.chars().count(), 402);
}
