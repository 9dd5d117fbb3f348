//! The score of a drawn caption by the captions that people wrote for its picture.

use std::path::Path;

use anyhow::{Context as _, Result};
use descry_models::{TokenId, Vocabulary, vocabulary::END};

use super::Drawn;
use crate::corpus::Source;
use crate::experiment::SelfCritical;
use crate::metrics::cider::Cider;
use crate::metrics::meteor;

/// Judges captions of training pictures.
pub(super) struct Judges {
    words: Vec<String>,
    /// Of each data set, in their order: its training pictures' written captions.
    of_sets: Vec<Cider>,
    /// Of each training picture: its judge, and its place in that one's data set.
    places: Vec<(usize, usize)>,
    /// Of all data sets, where METEOR is part of the score.
    meteor: Option<meteor::Judge>,
    meteor_weight: f64,
}

impl Judges {
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
        let (mut of_sets, mut places) = (Vec::new(), Vec::new());
        for mut references in sets {
            places.extend((0..references.len()).map(|place| (of_sets.len(), place)));
            references.iter_mut().flatten().for_each(|caption| caption.push(END.to_owned()));
            of_sets.push(Cider::new(&references));
        }
        Ok(Self { words, of_sets, places, meteor, meteor_weight: settings.meteor })
    }

    /// How many pictures it can judge captions of.
    pub(super) fn pictures(&self) -> usize {
        self.places.len()
    }

    /// The scores of captions, `samples` of each of the training pictures at these places of the corpus, on every core.
    pub(super) fn scores(&self, samples: usize, batch: &[usize], drawn: &[Drawn]) -> Result<Vec<f64>> {
        let score = |row: usize, caption: &Drawn| {
            let picture = batch.get(row / samples).context("a caption without a picture")?;
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
        Ok(self.of_sets[*judge].score_one(*place, &words) + self.meteor_weight * meteor)
    }
}
