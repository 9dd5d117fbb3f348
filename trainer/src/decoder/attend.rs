//! The soft-attention LSTM decoder of "Show, Attend and Tell" (Xu et al. 2015), with the vector gate of its reference
//! implementations, one matrix for the words' vectors and the output (Press and Wolf 2017), and a tanh layer before it.

use tch::{Kind, Tensor, nn};

use crate::experiment::{DecoderSizes, Regularisation};

/// The network; its weights' names and formulas are the ones that the export reads.
#[derive(Debug)]
pub struct Attend {
    sizes: DecoderSizes,
    feature_projection: Linear,
    key: Linear,
    initial_hidden: Linear,
    initial_cell: Linear,
    embedding: Tensor,
    query: Linear,
    energy: Tensor,
    gate: Linear,
    weight_input: Tensor,
    weight_hidden: Tensor,
    bias: Tensor,
    deep: Linear,
    output_bias: Tensor,
}

/// What a picture gives the decoder: computed once, used at each word.
#[derive(Debug)]
pub struct Context {
    /// `[rows, places, feature_size]`.
    pub features: Tensor,
    /// `[rows, places, attention_size]`.
    pub keys: Tensor,
    /// `[rows, hidden_size]`, before the first word.
    pub hidden: Tensor,
    /// `[rows, hidden_size]`, before the first word.
    pub cell: Tensor,
}

impl Context {
    /// The context with row `rows[i]` as its row i: one row for each caption of a picture.
    #[must_use]
    pub fn rows(&self, rows: &Tensor) -> Self {
        let select = |tensor: &Tensor| tensor.index_select(0, rows);
        Self {
            features: select(&self.features),
            keys: select(&self.keys),
            hidden: select(&self.hidden),
            cell: select(&self.cell),
        }
    }

    fn narrow(&self, rows: i64) -> Self {
        let narrow = |tensor: &Tensor| tensor.narrow(0, 0, rows);
        Self {
            features: narrow(&self.features),
            keys: narrow(&self.keys),
            hidden: narrow(&self.hidden),
            cell: narrow(&self.cell),
        }
    }
}

/// What was thought of each word of given captions: first of every caption's first word, then of the second, and so on.
#[derive(Debug)]
pub struct Forced {
    /// `[words, vocabulary]`, before any softmax.
    pub logits: Tensor,
    /// `[words]`: the word that was given.
    pub wanted: Tensor,
    /// `[words]`: the row of the caption that it belongs to.
    pub rows: Tensor,
    /// `[rows, places]`: how much each place was looked at in all; rows in no order that matters.
    pub looked: Tensor,
}

/// What one step of the LSTM gives.
struct Moment {
    hidden: Tensor,
    cell: Tensor,
    context: Tensor,
    attention: Tensor,
}

impl Attend {
    /// Declares the weights below `path`. `input_size`: channels of the encoder's features.
    #[must_use]
    pub fn new(path: &nn::Path<'_>, input_size: i64, vocabulary_size: i64, sizes: DecoderSizes) -> Self {
        let DecoderSizes { feature_size, embedding_size, hidden_size, attention_size } = sizes;
        let linear = |name: &str, input, output| Linear::new(&(path / name), input, output);
        let cell = path / "cell";
        let input_width = embedding_size + feature_size;
        let bound = 1.0 / (hidden_size as f64).sqrt();
        Self {
            sizes,
            feature_projection: linear("feature_projection", input_size, feature_size),
            key: linear("key", feature_size, attention_size),
            initial_hidden: linear("initial_hidden", feature_size, hidden_size),
            initial_cell: linear("initial_cell", feature_size, hidden_size),
            embedding: (path / "embedding").randn("weight", &[vocabulary_size, embedding_size], 0.0, 0.08),
            query: linear("query", hidden_size, attention_size),
            energy: (path / "attention").uniform("weight", &[1, attention_size], -0.06, 0.06),
            gate: linear("gate", hidden_size, feature_size),
            weight_input: cell.uniform("weight_input", &[4 * hidden_size, input_width], -bound, bound),
            weight_hidden: cell.uniform("weight_hidden", &[4 * hidden_size, hidden_size], -bound, bound),
            bias: cell.zeros("bias", &[4 * hidden_size]),
            deep: linear("deep", hidden_size + feature_size, embedding_size),
            output_bias: (path / "output").zeros("bias", &[vocabulary_size]),
        }
    }

    /// The encoder's features, ready for the words.
    ///
    /// `features`: `[pictures, places, input_size]`; `dropout` is that of the projected features.
    #[must_use]
    pub fn context(&self, features: &Tensor, dropout: f64, train: bool) -> Context {
        let features = self.feature_projection.forward(features).relu().dropout(dropout, train);
        let mean = features.mean_dim(1i64, false, Kind::Float);
        Context {
            keys: self.key.forward(&features),
            hidden: self.initial_hidden.forward(&mean).tanh(),
            cell: self.initial_cell.forward(&mean).tanh(),
            features,
        }
    }

    /// Logits of the next word.
    ///
    /// `context.hidden` and `context.cell` are the state; `tokens`: `[rows]`, the words last said.
    /// Result: logits `[rows, vocabulary]`, new hidden and cell, attention `[rows, places]` that sums to 1.
    pub fn step(&self, context: &Context, tokens: &Tensor) -> (Tensor, Tensor, Tensor, Tensor) {
        let words =
            self.embedding.index_select(0, tokens).matmul(&self.input_weight_of_words().tr()) + &self.bias;
        let moment = self.moment(context, &context.hidden, &context.cell, &words);
        let logits = self.logits(&Tensor::cat(&[&moment.hidden, &moment.context], 1), 0.0, false);
        (logits, moment.hidden, moment.cell, moment.attention)
    }

    /// The loss of captions under teacher forcing: cross-entropy a word, and how evenly the places were looked at.
    ///
    /// `inputs` and `targets`: `[rows, words]`, rows sorted by falling length; `lengths` of the rows in words, end
    /// included. Result: (what to minimise, cross-entropy without smoothing or regularisation, in nats a word).
    pub fn loss(
        &self,
        context: &Context,
        inputs: &Tensor,
        targets: &Tensor,
        lengths: &[i64],
        regularisation: &Regularisation,
    ) -> (Tensor, Tensor) {
        let dropout = (regularisation.embedding_dropout, regularisation.output_dropout);
        let Forced { logits, wanted, looked, .. } = self.forced(context, inputs, targets, lengths, dropout);
        let none = None::<Tensor>;
        let smoothed = logits.cross_entropy_loss(
            &wanted,
            none.as_ref(),
            tch::Reduction::Mean,
            -100,
            regularisation.label_smoothing,
        );
        let plain = tch::no_grad(|| {
            logits.cross_entropy_loss(&wanted, none.as_ref(), tch::Reduction::Mean, -100, 0.0)
        });
        let unevenness = (looked - 1.0).square().mean(Kind::Float);
        (smoothed + unevenness * regularisation.attention, plain)
    }

    /// Says given captions, word for word, and gives what was thought of each word.
    ///
    /// `inputs`, `targets` and `lengths` as for [`Attend::loss`]; `dropout` is that of the words' vectors and that before
    /// the logits.
    #[must_use]
    pub fn forced(
        &self,
        context: &Context,
        inputs: &Tensor,
        targets: &Tensor,
        lengths: &[i64],
        (embedding_dropout, output_dropout): (f64, f64),
    ) -> Forced {
        let words = inputs.size()[1];
        let embedded = self
            .embedding
            .index_select(0, &inputs.flatten(0, 1))
            .dropout(embedding_dropout, true)
            .matmul(&self.input_weight_of_words().tr())
            + &self.bias;
        let embedded = embedded.view([inputs.size()[0], words, 4 * self.sizes.hidden_size]);
        let mut current = context.narrow(lengths.len() as i64);
        let (mut hidden, mut cell) = (current.hidden.shallow_clone(), current.cell.shallow_clone());
        let mut looked = current.features.select(2, 0).zeros_like();
        let (mut outputs, mut wanted, mut rows_said, mut looks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for position in 0..words {
            let alive = lengths.iter().filter(|length| **length > position).count() as i64;
            let rows = current.features.size()[0];
            // Narrowing costs a copy in the backward pass: do it when a good part of the rows is done.
            if alive * 5 <= rows * 4 {
                looks.push(looked.narrow(0, alive, rows - alive));
                looked = looked.narrow(0, 0, alive);
                current = current.narrow(alive);
                hidden = hidden.narrow(0, 0, alive);
                cell = cell.narrow(0, 0, alive);
            }
            let rows = current.features.size()[0];
            let moment =
                self.moment(&current, &hidden, &cell, &embedded.select(1, position).narrow(0, 0, rows));
            let numbers = Tensor::arange(rows, (Kind::Int64, inputs.device()));
            let heard = numbers.lt(alive).unsqueeze(1);
            looked += &moment.attention * heard;
            outputs.push(Tensor::cat(&[&moment.hidden, &moment.context], 1).narrow(0, 0, alive));
            wanted.push(targets.select(1, position).narrow(0, 0, alive));
            rows_said.push(numbers.narrow(0, 0, alive));
            hidden = moment.hidden;
            cell = moment.cell;
        }
        looks.push(looked);
        Forced {
            logits: self.logits(&Tensor::cat(&outputs, 0), output_dropout, true),
            wanted: Tensor::cat(&wanted, 0),
            rows: Tensor::cat(&rows_said, 0),
            looked: Tensor::cat(&looks, 0),
        }
    }

    fn input_weight_of_words(&self) -> Tensor {
        self.weight_input.narrow(1, 0, self.sizes.embedding_size)
    }

    /// One step of attention and LSTM. `words`: the words' part of the gates, `[rows, 4 * hidden_size]`.
    fn moment(&self, context: &Context, hidden: &Tensor, cell: &Tensor, words: &Tensor) -> Moment {
        let query = self.query.forward(hidden).unsqueeze(1);
        let energy = (&context.keys + query).tanh().matmul(&self.energy.view([-1]));
        let attention = energy.softmax(-1, Kind::Float);
        let seen = attention.unsqueeze(1).bmm(&context.features).squeeze_dim(1);
        let seen = self.gate.forward(hidden).sigmoid() * seen;
        let weight_seen = self.weight_input.narrow(1, self.sizes.embedding_size, self.sizes.feature_size);
        let gates = words + seen.matmul(&weight_seen.tr()) + hidden.matmul(&self.weight_hidden.tr());
        let gates = gates.chunk(4, 1);
        let cell = gates[1].sigmoid() * cell + gates[0].sigmoid() * gates[2].tanh();
        let hidden = gates[3].sigmoid() * cell.tanh();
        Moment { hidden, cell, context: seen, attention }
    }

    fn logits(&self, moment: &Tensor, dropout: f64, train: bool) -> Tensor {
        let deep = self.deep.forward(&moment.dropout(dropout, train)).tanh().dropout(dropout, train);
        deep.matmul(&self.embedding.tr()) + &self.output_bias
    }
}

#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn new(path: &nn::Path<'_>, input: i64, output: i64) -> Self {
        let bound = 1.0 / (input as f64).sqrt();
        Self {
            weight: path.uniform("weight", &[output, input], -bound, bound),
            bias: path.zeros("bias", &[output]),
        }
    }

    fn forward(&self, input: &Tensor) -> Tensor {
        input.linear(&self.weight, Some(&self.bias))
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    const SIZES: DecoderSizes =
        DecoderSizes { feature_size: 12, embedding_size: 8, hidden_size: 10, attention_size: 6 };
    const NO_DROPOUT: Regularisation = Regularisation {
        label_smoothing: 0.0,
        feature_dropout: 0.0,
        embedding_dropout: 0.0,
        output_dropout: 0.0,
        attention: 0.0,
        weight_decay: 0.0,
        gradient_norm: 1.0,
    };

    fn attend() -> (nn::VarStore, Attend) {
        tch::manual_seed(3);
        let weights = nn::VarStore::new(Device::Cpu);
        let attend = Attend::new(&weights.root(), 16, 9, SIZES);
        (weights, attend)
    }

    /// Teacher forcing over rows of unlike lengths, which it narrows, is the same as saying each caption word by word.
    #[test]
    fn loss_is_what_the_steps_say() {
        let (_weights, attend) = attend();
        let features = Tensor::randn([2, 4, 16], (Kind::Float, Device::Cpu));
        let captions: [(i64, &[i64]); 4] = [(1, &[5, 6, 7, 8, 5]), (0, &[4, 5, 6]), (0, &[8]), (1, &[7])];
        let (start, end, pad, width) = (1, 2, 0, 6);
        let mut summed = 0.0;
        let mut words = 0;
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for (picture, caption) in captions {
            let mut context = attend.context(&features.narrow(0, picture, 1), 0.0, false);
            let said: Vec<i64> = [&[start], caption].concat();
            let wanted: Vec<i64> = [caption, &[end]].concat();
            for (token, wanted) in said.iter().zip(&wanted) {
                let (logits, hidden, cell, attention) = attend.step(&context, &Tensor::from_slice(&[*token]));
                summed -= logits.log_softmax(-1, Kind::Float).double_value(&[0, *wanted]);
                words += 1;
                assert!((attention.sum(Kind::Float).double_value(&[]) - 1.0).abs() < 1e-5);
                (context.hidden, context.cell) = (hidden, cell);
            }
            let padding = vec![pad; width - said.len()];
            inputs.extend([said, padding.clone()].concat());
            targets.extend([wanted, padding].concat());
        }
        let pictures = Tensor::from_slice(&captions.map(|(picture, _)| picture));
        let lengths = captions.map(|(_, caption)| caption.len() as i64 + 1);
        let rows = attend.context(&features, 0.0, true).rows(&pictures);
        let shape = [captions.len() as i64, width as i64];
        let (loss, nats) = attend.loss(
            &rows,
            &Tensor::from_slice(&inputs).view(shape),
            &Tensor::from_slice(&targets).view(shape),
            &lengths,
            &NO_DROPOUT,
        );
        let wanted = summed / f64::from(words);
        assert!((loss.double_value(&[]) - wanted).abs() < 1e-5, "{loss:?} is not {wanted}");
        assert!((nats.double_value(&[]) - wanted).abs() < 1e-5, "{nats:?} is not {wanted}");
    }

    #[test]
    fn every_weight_learns() {
        let (weights, attend) = attend();
        let context = attend.context(&Tensor::randn([1, 4, 16], (Kind::Float, Device::Cpu)), 0.0, true);
        let inputs = Tensor::from_slice(&[1i64, 5, 6]).view([1, 3]);
        let targets = Tensor::from_slice(&[5i64, 6, 2]).view([1, 3]);
        let (loss, _) = attend.loss(&context, &inputs, &targets, &[3], &NO_DROPOUT);
        loss.backward();
        for (name, weight) in weights.variables() {
            let norm = weight.grad().norm().double_value(&[]);
            assert!(norm > 0.0, "{name} has no gradient");
        }
    }
}
