//! The dev score that chooses an epoch: CIDEr of greedy captions, of each data set and weighted over all.

use std::fmt;

use anyhow::Result;
use descry_models::{TokenId, Vocabulary};
use tch::{Kind, Tensor, no_grad};

use super::cache::Cache;
use super::loader::{self, Failures, Reading};
use crate::corpus::{Corpus, DevSet};
use crate::experiment::Experiment;
use crate::model::Model;

/// Pictures of one forward pass.
const BATCH: usize = 50;

/// CIDEr (0 to about 100) on the dev splits.
#[derive(Debug)]
pub(super) struct DevScore {
    /// Name and score of each data set.
    pub(super) sets: Vec<(String, f64)>,
    /// Their mean by the experiment's weights.
    pub(super) weighted: f64,
}

impl fmt::Display for DevScore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.1}", self.weighted)?;
        self.sets.iter().try_for_each(|(name, score)| write!(formatter, ", {name} {score:.1}"))
    }
}

impl DevScore {
    /// As numbers, the same number of them for the same data sets: what one process tells others.
    pub(super) fn numbers(&self) -> Vec<f64> {
        std::iter::once(self.weighted).chain(self.sets.iter().map(|(_, score)| *score)).collect()
    }

    /// The score that these numbers tell.
    pub(super) fn of_numbers(numbers: &[f64], corpus: &Corpus) -> Self {
        let (weighted, scores) = numbers.split_first().map_or((0.0, &[][..]), |(first, rest)| (*first, rest));
        let sets = corpus.dev.iter().zip(scores).map(|(set, score)| (set.name.clone(), *score)).collect();
        Self { sets, weighted }
    }
}

/// Measures `model` on every dev split; its features come from `cache`, or through the encoder as it is now.
pub(super) fn dev(
    model: &Model,
    corpus: &Corpus,
    vocabulary: &Vocabulary,
    experiment: &Experiment,
    cache: Option<&Cache>,
) -> Result<DevScore> {
    let mut sets = Vec::new();
    let (mut sum, mut weights) = (0.0, 0.0);
    for set in &corpus.dev {
        let captions = captions(model, set, vocabulary, experiment, cache)?;
        let (score, _) = set.cider.score(&captions);
        sum += set.weight * score;
        weights += set.weight;
        sets.push((set.name.clone(), score));
    }
    Ok(DevScore { sets, weighted: sum / weights })
}

fn captions(
    model: &Model,
    set: &DevSet,
    vocabulary: &Vocabulary,
    experiment: &Experiment,
    cache: Option<&Cache>,
) -> Result<Vec<Vec<String>>> {
    let indices: Vec<usize> = (0..set.examples.len()).collect();
    let batches: Vec<Vec<usize>> = indices.chunks(BATCH).map(<[usize]>::to_vec).collect();
    let cached = cache.and_then(|cache| cache.dev(&set.name));
    let reading = Reading::as_they_are(&experiment.preprocessing());
    let mut pixels =
        cached.is_none().then(|| loader::pixels(&set.examples, batches.clone(), &reading).into_iter());
    let special = vocabulary.special();
    let number = |token: TokenId| i64::from(token.0);
    let forbidden = [special.pad, special.start, special.unknown].map(number);
    let device = model.weights.device();
    let mut captions = Vec::new();
    let mut failed = Failures::default();
    for batch in batches {
        let features = match (cached, pixels.as_mut().and_then(Iterator::next)) {
            (Some(cached), _) => cached
                .narrow(0, captions.len() as i64, batch.len() as i64)
                .to_kind(Kind::Float)
                .to_device(device),
            (None, Some(loaded)) => {
                let compute = |pixels: &Tensor| model.encoder.features(&pixels.to_device(device));
                let Some(features) = no_grad(|| loaded.whole(&mut failed, compute)) else {
                    // Nothing of this batch is there: it says nothing.
                    captions.extend(batch.iter().map(|_| Vec::new()));
                    continue;
                };
                features
            }
            (None, None) => anyhow::bail!("the reader of pictures ended early"),
        };
        for tokens in model.caption(
            &features,
            number(special.start),
            number(special.end),
            &forbidden,
            experiment.maximum_words,
        ) {
            let word = |token: i64| vocabulary.word(TokenId(token as u32)).map(str::to_owned);
            captions.push(tokens.into_iter().filter_map(word).collect());
        }
    }
    failed.say(&set.name);
    Ok(captions)
}
