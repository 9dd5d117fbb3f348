//! Decoders: networks that turn features and the words so far into the next word.
//!
//! All have cells that remember the words, one matrix for the words' vectors and the output (Press and Wolf 2017), and a
//! tanh layer before it. They differ in how the picture comes in ([`crate::experiment::DecoderKind`]): `sight` says how.

use tch::{Kind, Tensor, nn};

use crate::experiment::DecoderChoice;

mod cells;
mod forced;
mod linear;
mod sight;
#[cfg(test)]
mod tests;

use cells::Cells;
pub use forced::Forced;
use linear::Linear;
use sight::Sight;

/// The network; its weights' names and formulas are the ones that the export reads.
#[derive(Debug)]
pub struct Decoder {
    choice: DecoderChoice,
    sight: Sight,
    /// `[vocabulary, embedding_size]`
    embedding: Tensor,
    cells: Cells,
    deep: Linear,
    output_bias: Tensor,
}

/// What a picture gives the decoder: computed once, used at each word. The tensors, in their order, are those that a
/// bundle's encoder gives as `decoder.context` and `decoder.state` of its manifest.
#[derive(Debug)]
pub struct Context {
    /// Of `attend`: features `[rows, places, feature_size]` and keys `[rows, places, attention_size]`. Of `merge`: the
    /// picture's part of the dense layer, `[rows, embedding_size]`. Of `inject`: none.
    pub given: Vec<Tensor>,
    /// `[rows, hidden_size]` each, before the first word: of each layer its hidden state, and its memory if it is an LSTM.
    pub state: Vec<Tensor>,
}

/// What one more word led to.
#[derive(Debug)]
pub struct Step {
    /// `[rows, vocabulary]`, before any softmax.
    pub logits: Tensor,
    /// As [`Context::state`].
    pub state: Vec<Tensor>,
    /// `[rows, places]`, each row summing to 1, of `attend`.
    pub attention: Option<Tensor>,
}

impl Context {
    /// The context with row `rows[i]` as its row i: one row for each caption of a picture.
    #[must_use]
    pub fn rows(&self, rows: &Tensor) -> Self {
        self.map(|tensor| tensor.index_select(0, rows))
    }

    /// The first rows.
    fn narrow(&self, rows: i64) -> Self {
        self.map(|tensor| tensor.narrow(0, 0, rows))
    }

    fn map(&self, change: impl Fn(&Tensor) -> Tensor) -> Self {
        Self {
            given: self.given.iter().map(&change).collect(),
            state: self.state.iter().map(&change).collect(),
        }
    }
}

/// What one step of the cells gives, before the logits.
struct Moment {
    state: Vec<Tensor>,
    /// What the dense layer reads: `[rows, hidden_size]`, with the attended features behind it where there is attention.
    output: Tensor,
    attention: Option<Tensor>,
}

impl Decoder {
    /// Declares the weights below `path`. `input_size`: channels of the encoder's features.
    #[must_use]
    pub fn new(path: &nn::Path<'_>, input_size: i64, vocabulary_size: i64, choice: &DecoderChoice) -> Self {
        let sight = Sight::new(path, input_size, choice);
        let embedding =
            (path / "embedding").randn("weight", &[vocabulary_size, choice.embedding_size], 0.0, 0.08);
        let learns = choice.word_vectors.as_ref().is_none_or(|vectors| vectors.tuned);
        let seen = sight.size_at_each_word();
        Self {
            embedding: embedding.set_requires_grad(learns),
            cells: Cells::new(path, choice, choice.embedding_size + seen),
            deep: Linear::new(
                &(path / "deep"),
                choice.hidden_size + seen.max(sight.size_of_picture()),
                choice.embedding_size,
            ),
            output_bias: (path / "output").zeros("bias", &[vocabulary_size]),
            sight,
            choice: choice.clone(),
        }
    }

    /// The encoder's features, ready for the words.
    ///
    /// `features`: `[pictures, places, input_size]`; `dropout` is that of the projected features.
    #[must_use]
    pub fn context(&self, features: &Tensor, dropout: f64, train: bool) -> Context {
        let features = self.sight.project(features).dropout(dropout, train);
        match &self.sight {
            Sight::Attend(attend) => attend.context(features),
            Sight::Inject(inject) => {
                let image = features.mean_dim(1i64, false, Kind::Float);
                Context { given: Vec::new(), state: inject.state(&image, &self.cells) }
            }
            Sight::Merge(_) => {
                let image = features.mean_dim(1i64, false, Kind::Float);
                let rows = image.size()[0];
                let part =
                    image.matmul(&self.deep.weight.narrow(1, self.choice.hidden_size, image.size()[1]).tr());
                Context { given: vec![part], state: self.cells.zeros(rows, image.device()) }
            }
        }
    }

    /// Logits of the next word.
    ///
    /// `context.state` is the state; `tokens`: `[rows]`, the words last said.
    #[must_use]
    pub fn step(&self, context: &Context, tokens: &Tensor) -> Step {
        let words = self.cells.gates_of(&self.embedding.index_select(0, tokens));
        let moment = self.moment(&context.given, &context.state, &words);
        let logits = self.logits(&moment.output, self.picture(&context.given), 0.0, false);
        Step { logits, state: moment.state, attention: moment.attention }
    }

    /// The words' vectors, `[vocabulary, embedding_size]`.
    pub fn words(&self) -> &Tensor {
        &self.embedding
    }

    /// One step of sight and cells. `words`: the words' part of the first layer's gates.
    fn moment(&self, given: &[Tensor], state: &[Tensor], words: &Tensor) -> Moment {
        match &self.sight {
            Sight::Attend(attend) => {
                let (seen, attention) = attend.look(given, self.cells.top(state));
                let state = self.cells.step(&(words + self.cells.gates_of_seen(&seen)), state);
                let output = Tensor::cat(&[self.cells.top(&state), &seen], 1);
                Moment { state, output, attention: Some(attention) }
            }
            Sight::Inject(_) | Sight::Merge(_) => {
                let state = self.cells.step(words, state);
                let output = self.cells.top(&state).shallow_clone();
                Moment { state, output, attention: None }
            }
        }
    }

    /// The picture's part of the dense layer, of `merge`.
    fn picture<'context>(&self, given: &'context [Tensor]) -> Option<&'context Tensor> {
        given.first().filter(|_| matches!(self.sight, Sight::Merge(_)))
    }

    fn logits(&self, output: &Tensor, picture: Option<&Tensor>, dropout: f64, train: bool) -> Tensor {
        let weight = self.deep.weight.narrow(1, 0, output.size()[1]);
        let mut deep = output.dropout(dropout, train).linear(&weight, Some(&self.deep.bias));
        if let Some(picture) = picture {
            deep += picture;
        }
        deep.tanh().dropout(dropout, train).matmul(&self.embedding.tr()) + &self.output_bias
    }
}
