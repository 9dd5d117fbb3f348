//! Teacher forcing: given captions are said word for word, many side by side, and what was thought of each word is kept.

use tch::{Kind, Tensor};

use super::{Context, Decoder};

/// What was thought of each word of given captions: first of every caption's first word, then of the second, and so on.
#[derive(Debug)]
pub struct Forced {
    /// `[words, vocabulary]`, before any softmax.
    pub logits: Tensor,
    /// `[words]`: the word that was given.
    pub wanted: Tensor,
    /// `[words]`: the row of the caption that it belongs to.
    pub rows: Tensor,
    /// `[rows, places]`: how much each place was looked at in all; rows in no order that matters. Of `attend` alone.
    pub looked: Option<Tensor>,
}

impl Decoder {
    /// Says given captions, word for word, and gives what was thought of each word.
    ///
    /// `inputs` and `targets`: `[rows, words]`, rows sorted by falling length; `lengths` of the rows in words, end included.
    /// The dropouts are that of the words' vectors and that before the logits.
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
        let embedded = self.embedding.index_select(0, &inputs.flatten(0, 1)).dropout(embedding_dropout, true);
        let embedded = self.cells.gates_of(&embedded).view([inputs.size()[0], words, -1]);
        let mut current = context.narrow(lengths.len() as i64);
        let mut rows = lengths.len() as i64;
        let mut looked: Option<Tensor> = None;
        let mut looks = Vec::new();
        let (mut outputs, mut pictures) = (Vec::new(), Vec::new());
        let (mut wanted, mut rows_said) = (Vec::new(), Vec::new());
        for position in 0..words {
            let alive = lengths.iter().filter(|length| **length > position).count() as i64;
            // Narrowing costs a copy in the backward pass: do it when a good part of the rows is done.
            if alive * 5 <= rows * 4 {
                if let Some(all) = looked.take() {
                    looks.push(all.narrow(0, alive, rows - alive));
                    looked = Some(all.narrow(0, 0, alive));
                }
                current = current.narrow(alive);
                rows = alive;
            }
            let moment =
                self.moment(&current.given, &current.state, &embedded.select(1, position).narrow(0, 0, rows));
            let numbers = Tensor::arange(rows, (Kind::Int64, inputs.device()));
            if let Some(attention) = &moment.attention {
                let heard = attention * numbers.lt(alive).unsqueeze(1);
                looked = Some(match looked {
                    Some(looked) => looked + heard,
                    None => heard,
                });
            }
            outputs.push(moment.output.narrow(0, 0, alive));
            pictures.extend(self.picture(&current.given).map(|picture| picture.narrow(0, 0, alive)));
            wanted.push(targets.select(1, position).narrow(0, 0, alive));
            rows_said.push(numbers.narrow(0, 0, alive));
            current.state = moment.state;
        }
        looks.extend(looked);
        let pictures = (!pictures.is_empty()).then(|| Tensor::cat(&pictures, 0));
        Forced {
            logits: self.logits(&Tensor::cat(&outputs, 0), pictures.as_ref(), output_dropout, true),
            wanted: Tensor::cat(&wanted, 0),
            rows: Tensor::cat(&rows_said, 0),
            looked: (!looks.is_empty()).then(|| Tensor::cat(&looks, 0)),
        }
    }
}
