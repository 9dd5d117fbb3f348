//! What a run learns from and is measured on: the pictures of its data sets, their captions as tokens.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use descry_models::Vocabulary;

use crate::augment;
use crate::dataset::Dataset;
use crate::experiment::{DatasetChoice, Experiment};
use crate::metrics::cider::Cider;
use crate::metrics::ptb;
use crate::train::batch::Example;
use crate::unusable::Unusable;

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

/// Where the data of a run lies, and which of its pictures cannot be used.
#[derive(Debug, Clone)]
pub struct Source<'run> {
    /// What says which data sets.
    pub experiment: &'run Experiment,
    /// The folder that holds them.
    pub datasets: &'run Path,
    /// What is left out of them.
    pub unusable: Unusable,
}

impl<'run> Source<'run> {
    /// The data of a run that is about to begin: every picture is decoded once, and what fails is left out.
    pub fn check(experiment: &'run Experiment, datasets: &'run Path) -> Result<Self> {
        let mut files = Vec::new();
        for choice in &experiment.datasets {
            let folder = datasets.join(&choice.directory);
            let splits = if choice.dev_weight > 0.0 { &["train", "dev"][..] } else { &["train"] };
            for split in splits {
                let dataset = Dataset::listed(&folder, split)
                    .with_context(|| format!("cannot use the data set {}", folder.display()))?;
                if !dataset.skipped.is_empty() {
                    eprintln!("skipped in {}, {split}: {}", choice.directory, dataset.skipped);
                }
                files.extend(dataset.pictures.into_iter().map(|picture| picture.file));
            }
        }
        let unusable = Unusable::find(&files, datasets);
        ensure!(
            unusable.count() < files.len(),
            "none of the {} pictures can be used: {}",
            files.len(),
            unusable.summary().unwrap_or_default()
        );
        if let Some(summary) = unusable.summary() {
            eprintln!("{summary}");
        }
        Ok(Self { experiment, datasets, unusable })
    }

    /// The training captions of all data sets, as words: what a vocabulary is built from.
    pub fn training_captions(&self) -> Result<Vec<Vec<String>>> {
        Ok(self.training_references()?.into_iter().flatten().flatten().collect())
    }

    /// The training captions of each data set, by picture, as words: the references of a caption's score.
    pub fn training_references(&self) -> Result<Vec<Vec<Vec<Vec<String>>>>> {
        let captions =
            |choice| Ok(self.tokenised(choice, "train")?.into_iter().map(|(_, captions)| captions).collect());
        self.experiment.datasets.iter().map(captions).collect()
    }

    fn tokenised(&self, choice: &DatasetChoice, split: &str) -> Result<Tokenised> {
        let folder = self.datasets.join(&choice.directory);
        let dataset = Dataset::listed(&folder, split)
            .with_context(|| format!("cannot use the data set {}", folder.display()))?;
        if !dataset.skipped.is_empty() {
            tracing::info!("{}, {split}: {}", choice.directory, dataset.skipped);
        }
        let words = |caption: &String| ptb::tokenise(caption);
        let usable =
            dataset.pictures.into_iter().filter(|picture| !self.unusable.holds(&picture.file, self.datasets));
        Ok(usable
            .map(|picture| {
                let captions = picture.captions.iter().map(words).filter(|words| !words.is_empty());
                (picture.file, captions.collect())
            })
            .collect())
    }
}

impl Corpus {
    /// Reads the data sets of a run.
    pub fn open(source: &Source<'_>, vocabulary: &Vocabulary) -> Result<Self> {
        let experiment = source.experiment;
        let (mut train, mut dev) = (Vec::new(), Vec::new());
        for choice in &experiment.datasets {
            for (file, captions) in source.tokenised(choice, "train")? {
                train.push(example(
                    file,
                    &captions,
                    vocabulary,
                    experiment.maximum_words,
                    choice.captions_per_picture,
                ));
            }
            if choice.dev_weight > 0.0 {
                let split = source.tokenised(choice, "dev")?;
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
