//! The cells that remember the words: one or more layers of LSTM or GRU, each reading the hidden state of the one before.

use tch::{Device, Kind, Tensor, nn};

use crate::experiment::{CellKind, DecoderChoice, of_layer};

/// Layers of cells.
#[derive(Debug)]
pub(super) struct Cells {
    kind: CellKind,
    layers: Vec<Layer>,
    hidden_size: i64,
    /// Of a word's vector, which comes first in what the first layer reads.
    word_size: i64,
}

/// Gates lie one after the other: input, forget, candidate, output of an LSTM; reset, update, candidate of a GRU.
#[derive(Debug)]
struct Layer {
    /// `[gates * hidden_size, inputs]`
    weight_input: Tensor,
    /// `[gates * hidden_size, hidden_size]`
    weight_hidden: Tensor,
    /// `[gates * hidden_size]`
    bias: Tensor,
    /// Of a GRU, whose reset gate also meets the bias of the state's product: `[gates * hidden_size]`.
    bias_hidden: Option<Tensor>,
}

impl Cells {
    /// Declares the weights below `path`: `cell`, `cell_2`, … `input_size`: what the first layer reads, word and sight.
    pub(super) fn new(path: &nn::Path<'_>, choice: &DecoderChoice, input_size: i64) -> Self {
        let hidden_size = choice.hidden_size;
        let width = choice.cell.gates() as i64 * hidden_size;
        let bound = 1.0 / (hidden_size as f64).sqrt();
        let layer = |layer: usize| {
            let cell = path / of_layer("cell", layer).as_str();
            let input = if layer == 0 { input_size } else { hidden_size };
            Layer {
                weight_input: cell.uniform("weight_input", &[width, input], -bound, bound),
                weight_hidden: cell.uniform("weight_hidden", &[width, hidden_size], -bound, bound),
                bias: cell.zeros("bias", &[width]),
                bias_hidden: (choice.cell == CellKind::Gru).then(|| cell.zeros("bias_hidden", &[width])),
            }
        };
        Self {
            kind: choice.cell,
            layers: (0..choice.layers).map(layer).collect(),
            hidden_size,
            word_size: choice.embedding_size,
        }
    }

    /// What the first layer's gates get of words' vectors, `[…, embedding_size]`, bias included.
    pub(super) fn gates_of(&self, words: &Tensor) -> Tensor {
        words.matmul(&self.layers[0].weight_input.narrow(1, 0, self.word_size).tr()) + &self.layers[0].bias
    }

    /// What the first layer's gates get of what is seen at each word, `[rows, feature_size]`.
    pub(super) fn gates_of_seen(&self, seen: &Tensor) -> Tensor {
        seen.matmul(&self.layers[0].weight_input.narrow(1, self.word_size, seen.size()[1]).tr())
    }

    /// The hidden state of the last layer.
    pub(super) fn top<'state>(&self, state: &'state [Tensor]) -> &'state Tensor {
        &state[(self.layers.len() - 1) * self.kind.states().len()]
    }

    /// A state that remembers nothing.
    pub(super) fn zeros(&self, rows: i64, device: Device) -> Vec<Tensor> {
        let count = self.layers.len() * self.kind.states().len();
        (0..count).map(|_| Tensor::zeros([rows, self.hidden_size], (Kind::Float, device))).collect()
    }

    /// The state after one more input. `gates`: what the first layer's gates get of it, `[rows, gates * hidden_size]`.
    pub(super) fn step(&self, gates: &Tensor, state: &[Tensor]) -> Vec<Tensor> {
        let mut gates = gates.shallow_clone();
        let mut next: Vec<Tensor> = Vec::with_capacity(state.len());
        for (number, (layer, state)) in
            self.layers.iter().zip(state.chunks(self.kind.states().len())).enumerate()
        {
            if number > 0 {
                let below = &next[(number - 1) * self.kind.states().len()];
                gates = below.matmul(&layer.weight_input.tr()) + &layer.bias;
            }
            next.extend(layer.step(&gates, state));
        }
        next
    }
}

impl Layer {
    fn step(&self, gates: &Tensor, state: &[Tensor]) -> Vec<Tensor> {
        let hidden = &state[0];
        let remembered = hidden.matmul(&self.weight_hidden.tr());
        if let Some(bias) = &self.bias_hidden {
            let (gates, remembered) = (gates.chunk(3, 1), (remembered + bias).chunk(3, 1));
            let reset = (&gates[0] + &remembered[0]).sigmoid();
            let update = (&gates[1] + &remembered[1]).sigmoid();
            let candidate = (&gates[2] + reset * &remembered[2]).tanh();
            // As `(1 - update) * candidate + update * hidden`, with one product less.
            return vec![&candidate + update * (hidden - &candidate)];
        }
        let gates = (gates + remembered).chunk(4, 1);
        let cell = gates[1].sigmoid() * &state[1] + gates[0].sigmoid() * gates[2].tanh();
        let hidden = gates[3].sigmoid() * cell.tanh();
        vec![hidden, cell]
    }
}
