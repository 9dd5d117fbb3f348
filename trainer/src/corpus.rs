//! What a run learns from and is measured on: the pictures of its data sets, their captions as tokens.

use std::path::Path;

use anyhow::{Context as _, Result};
use descry_models::Vocabulary;

use crate::dataset::Dataset;
use crate::experiment::{DatasetChoice, Experiment};
use crate::metrics::cider::Cider;
use crate::metrics::ptb;
use crate::train::augment;
use crate::train::batch::Example;

/// Training pictures of all data sets, one after the other, and the dev split of each.
#[derive(Debug)]
pub struct Corpus {
    /// What is learnt from.
    pub train: Vec<Example>,
    /// What is measured on.
    pub dev: Vec<DevSet>,
}

/// The dev split of one data set.
#[derive(Debug)]
pub struct DevSet {
    /// The data set's name.
    pub name: String,
    /// Its share in the score that chooses the best epoch.
    pub weight: f64,
    /// Its pictures.
    pub examples: Vec<Example>,
    /// The scorer, with the document frequencies of this split.
    pub cider: Cider,
}

/// Tokenised captions of every picture of a split.
type Tokenised = Vec<(std::path::PathBuf, Vec<Vec<String>>)>;

/// The training captions of all data sets of an experiment, as words: what a vocabulary is built from.
pub fn training_captions(experiment: &Experiment, datasets: &Path) -> Result<Vec<Vec<String>>> {
    let mut captions = Vec::new();
    for choice in &experiment.datasets {
        captions.extend(tokenised(choice, datasets, "train")?.into_iter().flat_map(|(_, captions)| captions));
    }
    Ok(captions)
}

/// The training captions of each data set of an experiment, by picture, as words: the references of a caption's score.
pub fn training_references(experiment: &Experiment, datasets: &Path) -> Result<Vec<Vec<Vec<Vec<String>>>>> {
    let captions =
        |choice| Ok(tokenised(choice, datasets, "train")?.into_iter().map(|(_, captions)| captions));
    experiment.datasets.iter().map(|choice| captions(choice).map(Iterator::collect)).collect()
}

impl Corpus {
    /// Reads the data sets of `experiment` in the folder `datasets`.
    pub fn open(experiment: &Experiment, datasets: &Path, vocabulary: &Vocabulary) -> Result<Self> {
        let (mut train, mut dev) = (Vec::new(), Vec::new());
        for choice in &experiment.datasets {
            for (file, captions) in tokenised(choice, datasets, "train")? {
                train.push(example(
                    file,
                    &captions,
                    vocabulary,
                    experiment.maximum_words,
                    choice.captions_per_picture,
                ));
            }
            if choice.dev_weight > 0.0 {
                let split = tokenised(choice, datasets, "dev")?;
                let references: Vec<_> = split.iter().map(|(_, captions)| captions.clone()).collect();
                let examples = split
                    .into_iter()
                    .map(|(file, captions)| example(file, &captions, vocabulary, experiment.maximum_words, 1))
                    .collect();
                let cider = Cider::new(&references);
                dev.push(DevSet {
                    name: choice.directory.clone(),
                    weight: choice.dev_weight,
                    examples,
                    cider,
                });
            }
        }
        Ok(Self { train, dev })
    }
}

fn tokenised(choice: &DatasetChoice, datasets: &Path, split: &str) -> Result<Tokenised> {
    let folder = datasets.join(&choice.directory);
    let dataset = Dataset::open(&folder, split)
        .with_context(|| format!("cannot use the data set {}", folder.display()))?;
    if !dataset.skipped.is_empty() {
        tracing::warn!("{}, {split}: {}", choice.directory, dataset.skipped);
    }
    let words = |caption: &String| ptb::tokenise(caption);
    Ok(dataset
        .pictures
        .into_iter()
        .map(|picture| {
            (picture.file, picture.captions.iter().map(words).filter(|words| !words.is_empty()).collect())
        })
        .collect())
}

fn example(
    file: std::path::PathBuf,
    captions: &[Vec<String>],
    vocabulary: &Vocabulary,
    maximum_words: usize,
    captions_per_step: usize,
) -> Example {
    let unknown = vocabulary.special().unknown;
    let token = |word: &String| i64::from(vocabulary.id(word).unwrap_or(unknown).0);
    Example {
        file,
        symmetric: captions.iter().all(|caption| augment::holds_mirrored(caption)),
        captions: captions
            .iter()
            .map(|caption| caption.iter().take(maximum_words).map(token).collect())
            .collect(),
        captions_per_step,
    }
}
