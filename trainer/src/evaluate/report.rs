//! What is said about a bundle's captions, for people and for programs.

use std::collections::BTreeSet;
use std::fmt;

use descry_models::manifest::{Manifest, Precision};
use serde::{Deserialize, Serialize};

use super::captioning::Described;
use super::novelty::Training;
use crate::dataset::Dataset;
use crate::metrics::Scores;
use crate::metrics::meteor::{Meteor, Variant};

/// A bundle's scores, and under which circumstances they were measured. As JSON it is one flat object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The scores, and how many pictures they are of.
    #[serde(flatten)]
    pub scores: Scores,
    /// METEOR as others publish it, 0..=100; only with Meteor's own data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meteor: Option<f64>,
    /// METEOR with exact and stem matches alone, 0..=100; only without that data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meteor_exact_stem: Option<f64>,
    /// The bundle's name.
    pub model: String,
    /// Whether its weights are quantised.
    pub precision: Precision,
    /// Which engine ran it.
    pub engine: String,
    /// How many sentences the search kept.
    pub beam_width: usize,
    /// Into how many groups a diverse search parted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse_groups: Option<usize>,
    /// The name of the data set.
    pub dataset: String,
    /// The name of its split.
    pub split: String,
    /// How many pictures of the split could not be used.
    pub skipped: usize,
    /// How many pictures were captioned at a time.
    pub threads: usize,
    /// The mean time from decoded pixels to the caption, on one of the threads.
    pub milliseconds_per_picture: f64,
    /// The mean number of words of a caption.
    pub mean_words: f64,
    /// How many different captions there are.
    pub distinct_captions: usize,
    /// How many different words the captions use.
    pub words_used: usize,
    /// How many tokens the model's vocabulary has, special ones included.
    pub vocabulary: usize,
    /// The share of captions that are not word for word among those that were learned from, 0..=100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novel_captions: Option<f64>,
    /// How many different captions they were compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training_captions: Option<usize>,
}

/// The circumstances that the captions themselves do not show.
pub struct Circumstances<'a> {
    /// What the bundle says of itself.
    pub manifest: &'a Manifest,
    /// Which engine ran it.
    pub engine: &'a str,
    /// How many sentences the search kept.
    pub beam_width: usize,
    /// Into how many groups a diverse search parted them.
    pub diverse_groups: Option<usize>,
    /// How many pictures were captioned at a time.
    pub threads: usize,
    /// The data set.
    pub dataset: &'a Dataset,
    /// How many pictures of the split could not be used.
    pub skipped: usize,
    /// What the model learned from, where that is at hand.
    pub training: Option<&'a Training>,
}

impl Report {
    /// Describes captions, and the same as `words`, whose scores are known.
    #[must_use]
    pub fn new(
        circumstances: &Circumstances<'_>,
        scores: Scores,
        meteor: &Meteor,
        captions: &[Described],
        words: &[Vec<String>],
    ) -> Report {
        let meteor_of = |variant| (meteor.variant == variant).then(|| rounded(meteor.score));
        let mean = |sum: f64| if captions.is_empty() { 0.0 } else { rounded(sum / captions.len() as f64) };
        Report {
            scores: Scores {
                images: scores.images,
                bleu1: rounded(scores.bleu1),
                bleu2: rounded(scores.bleu2),
                bleu3: rounded(scores.bleu3),
                bleu4: rounded(scores.bleu4),
                rouge_l: rounded(scores.rouge_l),
                cider: rounded(scores.cider),
                cider_plain: rounded(scores.cider_plain),
            },
            meteor: meteor_of(Variant::Full),
            meteor_exact_stem: meteor_of(Variant::ExactStem),
            model: circumstances.manifest.name.clone(),
            precision: match circumstances.manifest.quantisation {
                Some(_) => Precision::Int8,
                None => Precision::Float32,
            },
            engine: circumstances.engine.to_owned(),
            beam_width: circumstances.beam_width,
            diverse_groups: circumstances.diverse_groups,
            dataset: circumstances.dataset.name.clone(),
            split: circumstances.dataset.split.clone(),
            skipped: circumstances.skipped,
            threads: circumstances.threads,
            milliseconds_per_picture: mean(captions.iter().map(|caption| caption.milliseconds).sum()),
            mean_words: mean(words.iter().map(Vec::len).sum::<usize>() as f64),
            distinct_captions: captions.iter().map(|caption| &caption.text).collect::<BTreeSet<_>>().len(),
            words_used: words.iter().flatten().collect::<BTreeSet<_>>().len(),
            vocabulary: circumstances.manifest.vocabulary.size,
            novel_captions: circumstances.training.map(|training| rounded(training.novel(words))),
            training_captions: circumstances.training.map(Training::len),
        }
    }
}

/// Four decimals: more would be noise.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scores = &self.scores;
        writeln!(
            formatter,
            "{} ({}) on {} {}, {} pictures, {}, beam {}",
            self.model,
            self.precision.name(),
            self.dataset,
            self.split,
            scores.images,
            self.engine,
            self.beam_width
        )?;
        for (name, value) in [
            ("BLEU-1", Some(scores.bleu1)),
            ("BLEU-2", Some(scores.bleu2)),
            ("BLEU-3", Some(scores.bleu3)),
            ("BLEU-4", Some(scores.bleu4)),
            (Variant::Full.name(), self.meteor),
            (Variant::ExactStem.name(), self.meteor_exact_stem),
            ("ROUGE-L", Some(scores.rouge_l)),
            ("CIDEr-D", Some(scores.cider)),
            ("CIDEr, plain", Some(scores.cider_plain)),
        ] {
            if let Some(value) = value {
                writeln!(formatter, "{name:38}{value:7.2}")?;
            }
        }
        if let (Some(novel), Some(training)) = (self.novel_captions, self.training_captions) {
            writeln!(
                formatter,
                "{novel:.1}% of the captions are not among the {training} different ones of training"
            )?;
        }
        write!(
            formatter,
            "{:.0} ms a picture on each of {} threads; {:.1} words a caption, {} different captions, {} of {} words used",
            self.milliseconds_per_picture,
            self.threads,
            self.mean_words,
            self.distinct_captions,
            self.words_used,
            self.vocabulary
        )
    }
}
