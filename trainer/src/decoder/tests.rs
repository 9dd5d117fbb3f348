//! Every decoder with every cell: teacher forcing is what the steps say, and all of it learns.

use tch::Device;

use super::*;
use crate::experiment::{CellKind, DecoderKind, ImageInput};
use crate::model::alone;

/// Each way in for the picture, with both cells, of one layer and of three.
fn choices() -> Vec<DecoderChoice> {
    let ways = [
        (DecoderKind::Attend, None),
        (DecoderKind::Inject, Some(ImageInput::FirstInput)),
        (DecoderKind::Inject, Some(ImageInput::InitialState)),
        (DecoderKind::Merge, None),
    ];
    let mut choices = Vec::new();
    for (kind, image) in ways {
        for (cell, layers) in
            [(CellKind::Lstm, 1), (CellKind::Lstm, 3), (CellKind::Gru, 1), (CellKind::Gru, 3)]
        {
            let attention_size = if kind == DecoderKind::Attend { 6 } else { 0 };
            let [feature_size, embedding_size, hidden_size] = [12, 8, 10];
            choices.push(DecoderChoice {
                kind,
                cell,
                layers,
                image,
                feature_size,
                embedding_size,
                hidden_size,
                attention_size,
                word_vectors: None,
            });
        }
    }
    choices
}

fn decoder(choice: &DecoderChoice) -> (nn::VarStore, Decoder) {
    tch::manual_seed(3);
    let weights = nn::VarStore::new(Device::Cpu);
    let decoder = Decoder::new(&weights.root(), 16, 9, choice);
    // Biases too, which are zero in a new one and would hide what is added where.
    for (name, mut weight) in weights.variables() {
        if name.contains("bias") {
            tch::no_grad(|| drop(weight.uniform_(-0.3, 0.3)));
        }
    }
    (weights, decoder)
}

fn features(choice: &DecoderChoice, pictures: i64) -> Tensor {
    let places = if choice.kind == DecoderKind::Attend { 4 } else { 1 };
    Tensor::randn([pictures, places, 16], (Kind::Float, Device::Cpu))
}

/// The cross-entropy of given captions, in nats a word.
fn loss(decoder: &Decoder, context: &Context, inputs: &Tensor, targets: &Tensor, lengths: &[i64]) -> Tensor {
    let forced = decoder.forced(context, inputs, targets, lengths, (0.0, 0.0));
    forced.logits.cross_entropy_for_logits(&forced.wanted)
}

/// Teacher forcing over rows of unlike lengths, which it narrows, is the same as saying each caption word by word.
#[test]
fn loss_is_what_the_steps_say() {
    let _alone = alone();
    for choice in choices() {
        let (_weights, decoder) = decoder(&choice);
        let features = features(&choice, 2);
        let captions: [(i64, &[i64]); 4] = [(1, &[5, 6, 7, 8, 5]), (0, &[4, 5, 6]), (0, &[8]), (1, &[7])];
        let (start, end, pad, width) = (1, 2, 0, 6);
        let mut summed = 0.0;
        let mut words = 0;
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for (picture, caption) in captions {
            let mut context = decoder.context(&features.narrow(0, picture, 1), 0.0, false);
            let said: Vec<i64> = [&[start], caption].concat();
            let wanted: Vec<i64> = [caption, &[end]].concat();
            for (token, wanted) in said.iter().zip(&wanted) {
                let step = decoder.step(&context, &Tensor::from_slice(&[*token]));
                summed -= step.logits.log_softmax(-1, Kind::Float).double_value(&[0, *wanted]);
                words += 1;
                assert_eq!(step.attention.is_some(), choice.kind == DecoderKind::Attend);
                if let Some(attention) = &step.attention {
                    assert!((attention.sum(Kind::Float).double_value(&[]) - 1.0).abs() < 1e-5);
                }
                context.state = step.state;
            }
            let padding = vec![pad; width - said.len()];
            inputs.extend([said, padding.clone()].concat());
            targets.extend([wanted, padding].concat());
        }
        let pictures = Tensor::from_slice(&captions.map(|(picture, _)| picture));
        let lengths = captions.map(|(_, caption)| caption.len() as i64 + 1);
        let rows = decoder.context(&features, 0.0, true).rows(&pictures);
        let shape = [captions.len() as i64, width as i64];
        let [inputs, targets] = [&inputs, &targets].map(|tokens| Tensor::from_slice(tokens).view(shape));
        let found = loss(&decoder, &rows, &inputs, &targets, &lengths).double_value(&[]);
        let wanted = summed / f64::from(words);
        assert!((found - wanted).abs() < 1e-5, "{choice:?}: {found} is not {wanted}");
    }
}

#[test]
fn every_weight_learns() {
    let _alone = alone();
    for choice in choices() {
        let (weights, decoder) = decoder(&choice);
        let context = decoder.context(&features(&choice, 1), 0.0, true);
        let inputs = Tensor::from_slice(&[1i64, 5, 6]).view([1, 3]);
        let targets = Tensor::from_slice(&[5i64, 6, 2]).view([1, 3]);
        loss(&decoder, &context, &inputs, &targets, &[3]).backward();
        for (name, weight) in weights.variables() {
            let norm = weight.grad().norm().double_value(&[]);
            assert!(norm > 0.0, "{choice:?}: {name} has no gradient");
        }
    }
}

/// One layer of cells is libtorch's own LSTM and GRU, gate for gate.
#[test]
fn cells_are_those_of_libtorch() {
    let _alone = alone();
    for choice in
        choices().into_iter().filter(|choice| choice.kind == DecoderKind::Merge && choice.layers == 1)
    {
        let (weights, decoder) = decoder(&choice);
        let named = weights.variables();
        let weight = |name: &str| named[&format!("cell.{name}")].shallow_clone();
        let words = Tensor::randn([2, 8], (Kind::Float, Device::Cpu));
        let state = decoder.cells.zeros(2, Device::Cpu).iter().map(|zeros| zeros + 0.3).collect::<Vec<_>>();
        let own = decoder.cells.step(&decoder.cells.gates_of(&words), &state);
        let [input, hidden, bias] = ["weight_input", "weight_hidden", "bias"].map(weight);
        let theirs = if choice.cell == CellKind::Lstm {
            let (hidden, cell) = words.lstm_cell(&state, &input, &hidden, Some(bias), None);
            vec![hidden, cell]
        } else {
            vec![words.gru_cell(&state[0], &input, &hidden, Some(bias), Some(weight("bias_hidden")))]
        };
        for (own, theirs) in own.iter().zip(&theirs) {
            let distance = (own - theirs).abs().max().double_value(&[]);
            assert!(distance < 1e-6, "{:?}: {distance}", choice.cell);
        }
    }
}
