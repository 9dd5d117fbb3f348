//! How many captions are the model's own: not word for word one that it learned from.

use std::collections::HashSet;

use anyhow::{Context as _, Result};

use super::EvaluateArguments;
use crate::dataset::Dataset;
use crate::metrics::ptb;

/// The captions that a model learned from, as words.
#[derive(Debug, Default)]
pub struct Training {
    captions: HashSet<Vec<String>>,
}

impl Training {
    /// Reads the training split of the data sets that are named; without any, of the one that is scored, and gives none if
    /// it has no such split.
    pub fn read(arguments: &EvaluateArguments) -> Result<Option<Training>> {
        let split = &arguments.train_split;
        let mut training = Training::default();
        if arguments.train_captions.is_empty() {
            let Ok(captions) = Dataset::captions(&arguments.dataset, arguments.format, split) else {
                return Ok(None);
            };
            training.add(&captions);
        }
        for folder in &arguments.train_captions {
            let captions = Dataset::captions(folder, None, split);
            training.add(&captions.context("cannot read the training captions")?);
        }
        Ok(Some(training))
    }

    fn add(&mut self, captions: &[String]) {
        self.captions.extend(captions.iter().map(|caption| ptb::tokenise(caption)));
    }

    /// How many different captions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.captions.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.captions.is_empty()
    }

    /// The share of captions, given as words, that are not among these: 0..=100.
    #[must_use]
    pub fn novel(&self, captions: &[Vec<String>]) -> f64 {
        let novel = captions.iter().filter(|caption| !self.captions.contains(*caption)).count();
        100.0 * novel as f64 / captions.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_is_novel_unless_every_word_was_there() {
        let mut training = Training::default();
        training.add(&["A dog runs .".to_owned(), "a dog runs".to_owned(), "Two cats".to_owned()]);
        assert_eq!((training.len(), training.is_empty()), (2, false));
        let captions = ["a dog runs", "a dog", "two cats", "a dog runs fast"].map(ptb::tokenise);
        assert!((training.novel(&captions) - 50.0).abs() < 1e-9);
        assert!(training.novel(&[]).abs() < 1e-9);
    }
}
