//! Learning from the score of whole captions (Rennie et al. 2017, "Self-critical Sequence Training for Image Captioning"),
//! each judged against the others that were drawn for its picture (Luo 2020, "A Better Variant of Self-Critical Sequence
//! Training").
//!
//! The score is CIDEr-D against the written captions, over the training split of the picture's own data set. The end of a
//! caption counts as a word of it, or captions that break off before "a" and "with" would score best. METEOR may be added,
//! which asks how much of a written caption was said: CIDEr-D alone leaves out what is said in many ways, and likes what
//! is rare. A caption that repeats a word or a pair of words at once scores 0.

mod judges;

use std::path::Path;

use anyhow::Result;
use descry_models::{SpecialTokens, Vocabulary};
use tch::{Device, Kind, Tensor, no_grad};

use self::judges::Judges;
use super::loss::Sums;
use crate::corpus::{Corpus, Source};
use crate::decoder::Context;
use crate::experiment::SelfCritical;
use crate::model::Model;

/// What a score is divided by, so that one is the score of a very good caption.
const SCALE: f64 = 100.0;

/// Draws captions and judges them.
pub(super) struct SelfCritic {
    settings: SelfCritical,
    maximum_words: usize,
    special: SpecialTokens,
    judges: Judges,
}

/// A drawn caption.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Drawn {
    /// Words, without start and end.
    tokens: Vec<i64>,
    /// Whether it ended by itself, before the maximum of words.
    ended: bool,
}

impl Drawn {
    /// Steps that it took, the end included where it was drawn.
    fn steps(&self) -> usize {
        self.tokens.len() + usize::from(self.ended)
    }

    fn repeats(&self) -> bool {
        let pairs: Vec<&[i64]> = self.tokens.windows(2).collect();
        pairs.iter().any(|pair| pair[0] == pair[1])
            || self.tokens.windows(4).any(|four| four[..2] == four[2..])
    }
}

impl SelfCritic {
    /// Weighs the written captions of the experiment's data sets. `meteor_data`: the folder of Meteor's own files.
    pub(super) fn new(
        settings: &SelfCritical,
        source: &Source<'_>,
        vocabulary: &Vocabulary,
        meteor_data: Option<&Path>,
    ) -> Result<Self> {
        Ok(Self {
            settings: settings.clone(),
            maximum_words: source.experiment.maximum_words,
            special: vocabulary.special(),
            judges: Judges::new(settings, source, vocabulary, meteor_data)?,
        })
    }

    /// How far the kept weights lie towards those learnt in the stage.
    pub(super) fn share(&self) -> f64 {
        self.settings.share
    }

    /// Draws captions of a batch's pictures, and makes those likelier that score above the others of their picture.
    pub(super) fn loss(
        &self,
        model: &Model,
        corpus: &Corpus,
        batch: &[usize],
        features: &Tensor,
    ) -> Result<Sums> {
        debug_assert_eq!(corpus.train.len(), self.judges.pictures());
        let samples = self.settings.samples;
        let device = features.device();
        let context = model.decoder.context(features, self.settings.feature_dropout, true);
        let pictures: Vec<i64> =
            (0..batch.len() as i64).flat_map(|picture| std::iter::repeat_n(picture, samples)).collect();
        let drawn = no_grad(|| {
            self.draw(model, context.rows(&Tensor::from_slice(&pictures).to_device(device)), pictures.len())
        });
        let scores = self.judges.scores(samples, batch, &drawn)?;
        let advantages = advantages(&scores, samples);

        let mut order: Vec<usize> = (0..drawn.len()).collect();
        order.sort_by_key(|row| std::cmp::Reverse(drawn[*row].steps()));
        let [inputs, targets] = self.rows(&drawn, &order).map(|rows| rows.to_device(device));
        let of_rows: Vec<i64> = order.iter().map(|row| pictures[*row]).collect();
        let of_rows = Tensor::from_slice(&of_rows).to_device(device);
        let lengths: Vec<i64> = order.iter().map(|row| drawn[*row].steps() as i64).collect();
        let forced = model.decoder.forced(&context.rows(&of_rows), &inputs, &targets, &lengths, (0.0, 0.0));
        let log_probabilities = self
            .masked(&forced.logits)
            .log_softmax(-1, Kind::Float)
            .gather(1, &forced.wanted.unsqueeze(1), false)
            .squeeze_dim(1);
        let weights: Vec<f32> = order.iter().map(|row| advantages[*row] as f32).collect();
        let weights = Tensor::from_slice(&weights).to_device(device).index_select(0, &forced.rows);
        Ok(Sums::drawn(&log_probabilities, &weights, &scores))
    }

    /// One caption for each row of `context`, each word drawn by its probability.
    fn draw(&self, model: &Model, mut context: Context, rows: usize) -> Vec<Drawn> {
        let device = model.weights.device();
        let [start, end] = [self.special.start, self.special.end].map(|token| i64::from(token.0));
        let mut drawn = vec![Drawn { tokens: Vec::new(), ended: false }; rows];
        let mut tokens = Tensor::full([rows as i64], start, (Kind::Int64, device));
        for position in 0..self.maximum_words {
            let step = model.decoder.step(&context, &tokens);
            let mut logits = self.masked(&step.logits);
            if position == 0 {
                let _ = logits.select(1, end).fill_(f64::NEG_INFINITY);
            }
            logits = logits.softmax(-1, Kind::Float);
            tokens = logits.multinomial(1, true).squeeze_dim(1);
            context.state = step.state;
            let said = Vec::<i64>::try_from(&tokens.to_device(Device::Cpu)).unwrap_or_default();
            for (caption, token) in drawn.iter_mut().zip(said) {
                if token == end {
                    caption.ended = true;
                } else if !caption.ended {
                    caption.tokens.push(token);
                }
            }
            if drawn.iter().all(|caption| caption.ended) {
                break;
            }
        }
        drawn
    }

    /// Logits of what is never said made as small as can be.
    fn masked(&self, logits: &Tensor) -> Tensor {
        let special = &self.special;
        let never = [special.pad, special.start, special.unknown].map(|token| i64::from(token.0));
        let device = logits.device();
        logits.index_fill(1, &Tensor::from_slice(&never).to_device(device), f64::NEG_INFINITY)
    }

    /// Inputs and targets of teacher forcing, `[rows, steps]`, in the order of `order`, which falls in length.
    fn rows(&self, drawn: &[Drawn], order: &[usize]) -> [Tensor; 2] {
        let [start, end, pad] =
            [self.special.start, self.special.end, self.special.pad].map(|token| i64::from(token.0));
        let width = order.first().map_or(1, |row| drawn[*row].steps());
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for row in order {
            let caption = &drawn[*row];
            let ending = caption.ended.then_some(end);
            let words = caption.tokens.iter().copied();
            let filled = |steps: usize| std::iter::repeat_n(pad, width.saturating_sub(steps));
            let said = std::iter::once(start).chain(words.clone()).take(caption.steps());
            inputs.extend(said.chain(filled(caption.steps())));
            targets.extend(words.chain(ending).chain(filled(caption.steps())));
        }
        let shape = [order.len() as i64, width as i64];
        [inputs, targets].map(|values| Tensor::from_slice(&values).view(shape))
    }
}

/// How much better each caption scores than the others of its picture do on average, in units of [`SCALE`].
fn advantages(scores: &[f64], samples: usize) -> Vec<f64> {
    let judged = |group: &[f64]| {
        let sum: f64 = group.iter().sum();
        let others = group.len().saturating_sub(1).max(1) as f64;
        group.iter().map(|score| (score - (sum - score) / others) / SCALE).collect::<Vec<_>>()
    };
    scores.chunks(samples).flat_map(judged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_is_judged_against_its_picture_others() {
        let found = advantages(&[30.0, 60.0, 90.0, 10.0, 10.0, 10.0], 3);
        for (found, due) in found.iter().zip([-0.45, 0.0, 0.45, 0.0, 0.0, 0.0]) {
            assert!((found - due).abs() < 1e-12, "{found} is not {due}");
        }
    }

    #[test]
    fn repetition_is_seen() {
        for (tokens, repeats) in [
            (vec![], false),
            (vec![4, 5, 6, 4, 5], false),
            (vec![4, 4], true),
            (vec![4, 5, 4, 5], true),
            (vec![7, 4, 5, 6, 4, 5, 6], false),
        ] {
            assert_eq!(Drawn { tokens: tokens.clone(), ended: true }.repeats(), repeats, "{tokens:?}");
        }
    }
}
