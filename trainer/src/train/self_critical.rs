//! Learning from the score of whole captions (Rennie et al. 2017, "Self-critical Sequence Training for Image Captioning"),
//! each judged against the others that were drawn for its picture (Luo 2020, "A Better Variant of Self-Critical Sequence
//! Training").
//!
//! The score is CIDEr-D against the written captions, over the training split of the picture's own data set. The end of a
//! caption counts as a word of it, or captions that break off before "a" and "with" would score best. METEOR may be added,
//! which asks how much of a written caption was said: CIDEr-D alone leaves out what is said in many ways, and likes what
//! is rare. A caption that repeats a word or a pair of words at once scores 0.

use std::path::Path;

use anyhow::{Context as _, Result};
use descry_models::{SpecialTokens, TokenId, Vocabulary, vocabulary::END};
use tch::{Device, Kind, Tensor, no_grad};

use super::loss::Sums;
use crate::corpus::{Corpus, Source};
use crate::decoder::Context;
use crate::experiment::SelfCritical;
use crate::metrics::cider::Cider;
use crate::metrics::meteor;
use crate::model::Model;

/// What a score is divided by, so that one is the score of a very good caption.
const SCALE: f64 = 100.0;

/// Draws captions and judges them.
pub(super) struct SelfCritic {
    settings: SelfCritical,
    maximum_words: usize,
    words: Vec<String>,
    special: SpecialTokens,
    /// Of each data set, in their order: its training pictures' written captions.
    judges: Vec<Cider>,
    /// Of each training picture: its judge, and its place in that one's data set.
    places: Vec<(usize, usize)>,
    /// Of all data sets, where METEOR is part of the score.
    meteor: Option<meteor::Judge>,
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
        let words: Vec<String> =
            (0u32..).map_while(|token| vocabulary.word(TokenId(token)).map(str::to_owned)).collect();
        let sets = source.training_references()?;
        let meteor = if settings.meteor > 0.0 {
            let judge = meteor::Judge::new(meteor_data, &sets.concat(), &words)?;
            eprintln!("captions are judged by CIDEr-D and by {}", judge.variant().name());
            Some(judge)
        } else {
            None
        };
        let (mut judges, mut places) = (Vec::new(), Vec::new());
        for mut references in sets {
            places.extend((0..references.len()).map(|place| (judges.len(), place)));
            references.iter_mut().flatten().for_each(|caption| caption.push(END.to_owned()));
            judges.push(Cider::new(&references));
        }
        Ok(Self {
            settings: settings.clone(),
            maximum_words: source.experiment.maximum_words,
            words,
            special: vocabulary.special(),
            judges,
            places,
            meteor,
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
        debug_assert_eq!(corpus.train.len(), self.places.len());
        let samples = self.settings.samples;
        let device = features.device();
        let context = model.decoder.context(features, self.settings.feature_dropout, true);
        let pictures: Vec<i64> =
            (0..batch.len() as i64).flat_map(|picture| std::iter::repeat_n(picture, samples)).collect();
        let drawn = no_grad(|| {
            self.draw(model, context.rows(&Tensor::from_slice(&pictures).to_device(device)), pictures.len())
        });
        let scores = self.scores(batch, &drawn)?;
        let advantages = advantages(&scores, samples);

        let mut order: Vec<usize> = (0..drawn.len()).collect();
        order.sort_by_key(|row| std::cmp::Reverse(drawn[*row].steps()));
        let [inputs, targets] = self.rows(&drawn, &order).map(|rows| rows.to_device(device));
        let of_rows: Vec<i64> = order.iter().map(|row| pictures[*row]).collect();
        let lengths: Vec<i64> = order.iter().map(|row| drawn[*row].steps() as i64).collect();
        let forced = model.decoder.forced(
            &context.rows(&Tensor::from_slice(&of_rows).to_device(device)),
            &inputs,
            &targets,
            &lengths,
            (0.0, 0.0),
        );
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

    /// The scores of captions, as many of each of the training pictures at these places of the corpus, on every core.
    fn scores(&self, batch: &[usize], drawn: &[Drawn]) -> Result<Vec<f64>> {
        let score = |row: usize, caption: &Drawn| {
            let picture = batch.get(row / self.settings.samples).context("a caption without a picture")?;
            self.score(*picture, caption)
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let each = drawn.len().div_ceil(cores).max(1);
        std::thread::scope(|scope| {
            let parts: Vec<_> = (drawn.chunks(each).enumerate())
                .map(|(part, captions)| {
                    let rows = part * each..;
                    scope
                        .spawn(move || rows.zip(captions).map(|(row, caption)| score(row, caption)).collect())
                })
                .collect();
            let mut scores = Vec::with_capacity(drawn.len());
            for part in parts {
                let part: Result<Vec<f64>> =
                    part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                scores.extend(part?);
            }
            Ok(scores)
        })
    }

    /// CIDEr-D (0 to 1000), with METEOR (0 to 100) by its weight, of a caption of the training picture at this place of
    /// the corpus.
    fn score(&self, picture: usize, caption: &Drawn) -> Result<f64> {
        if caption.repeats() {
            return Ok(0.0);
        }
        let (judge, place) = self.places.get(picture).context("a picture outside the corpus")?;
        let mut words: Vec<String> = caption
            .tokens
            .iter()
            .filter_map(|token| usize::try_from(*token).ok().and_then(|token| self.words.get(token)).cloned())
            .collect();
        let meteor = self.meteor.as_ref().map_or(0.0, |judge| judge.score_one(picture, &words));
        if caption.ended {
            words.push(END.to_owned());
        }
        Ok(self.judges[*judge].score_one(*place, &words) + self.settings.meteor * meteor)
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
