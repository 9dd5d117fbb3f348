//! The model that captions many pictures: which one, in which engine, and on how many threads.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use descry_models::manifest::Manifest;
use descry_models::{CaptionError, CaptionOptions, Captioner, Diversity};

use super::captioning::{Described, Outcome, caption_all};
use super::engine::EngineArguments;
use crate::dataset::{Picture, Tally};
use crate::{picture, progress};

/// Arguments of every command that captions pictures.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// The bundle's folder, int8 or float32
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// How many sentences the search keeps [default: the bundle's own]
    #[arg(long, value_name = "N")]
    pub beam_width: Option<NonZeroUsize>,
    /// In which engine, and how many pictures at a time.
    #[command(flatten)]
    pub engine: EngineArguments,
    /// Part the beam into so many groups of sentences that differ (diverse beam search)
    #[arg(long, value_name = "N")]
    pub diverse_groups: Option<NonZeroUsize>,
    /// How much groups avoid each other's words, in nats for each sentence that has just said one
    #[arg(long, value_name = "X", default_value_t = 0.5, requires = "diverse_groups")]
    pub diversity_strength: f32,
}

/// A model that is open once for each thread.
pub struct Model {
    bundle: PathBuf,
    captioners: Vec<Captioner>,
    /// What the bundle says of itself.
    pub manifest: Manifest,
    /// The name of the engine that runs it.
    pub engine: &'static str,
    /// How many sentences the search keeps.
    pub beam_width: usize,
    /// How many pictures are captioned at a time.
    pub threads: usize,
}

impl ModelArguments {
    /// Opens the bundle for so many pictures.
    pub fn open(&self, pictures: usize) -> Result<Model> {
        let mut captioners = self.engine.open(&self.bundle, pictures)?;
        let strength = self.diversity_strength;
        let diversity = self.diverse_groups.map(|groups| Diversity { groups: groups.into(), strength });
        for captioner in &mut captioners {
            captioner.set_diversity(diversity);
        }
        let Some(first) = captioners.first() else { bail!("there is nothing to do") };
        let (manifest, engine) = (first.manifest().clone(), first.engine());
        let beam_width = self.beam_width.map_or(manifest.decoding.beam_width, usize::from);
        let threads = captioners.len();
        Ok(Model { bundle: self.bundle.clone(), captioners, manifest, engine, beam_width, threads })
    }
}

impl Model {
    /// Captions all pictures, in their order, with a progress bar.
    pub fn caption(self, pictures: &[Picture]) -> Result<Vec<Outcome>> {
        let bar = progress::bar(pictures.len() as u64, &self.manifest.name, "pictures");
        let workers =
            self.captioners.into_iter().map(|captioner| worker(captioner, self.beam_width)).collect();
        let outcomes = caption_all(pictures, workers, || bar.inc(1));
        bar.finish_and_clear();
        outcomes.with_context(|| format!("the bundle {} failed", self.bundle.display()))
    }
}

/// Describes one picture after another; a picture that cannot be read is the picture's fault, all else the model's.
fn worker(
    mut captioner: Captioner,
    beam_width: usize,
) -> impl FnMut(&Picture) -> Result<Outcome, CaptionError> {
    move |picture| {
        let pixels = match picture::open(&picture.file) {
            Ok(pixels) => pixels,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let start = Instant::now();
        let options = CaptionOptions { beam_width: Some(beam_width), ..CaptionOptions::default() };
        match captioner.caption(&pixels, &options) {
            Ok(caption) => Ok(Ok(Described {
                milliseconds: start.elapsed().as_secs_f64() * 1000.0,
                confidence: caption.confidence.value(),
                band: caption.band,
                text: caption.text,
                tokens: caption.tokens,
                alternatives: caption.alternatives,
            })),
            Err(CaptionError::Preprocess(error)) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// The pictures that have a caption, with it; the others are counted and named on standard error.
#[must_use]
pub fn usable(pictures: &[Picture], outcomes: Vec<Outcome>) -> (Vec<&Picture>, Vec<Described>) {
    let mut broken = Tally::default();
    let mut usable = (Vec::new(), Vec::new());
    for (picture, outcome) in pictures.iter().zip(outcomes) {
        match outcome {
            Ok(described) => {
                usable.0.push(picture);
                usable.1.push(described);
            }
            Err(reason) => broken.add(format!("{} ({reason})", picture.name())),
        }
    }
    if broken.count > 0 {
        eprintln!("{} pictures cannot be used: {broken}", broken.count);
    }
    usable
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    /// The arguments alone, so that this file knows no command.
    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: ModelArguments,
    }

    fn parse(extra: &[&str]) -> Result<ModelArguments, clap::Error> {
        let common = ["command", "--bundle", "b"];
        Line::try_parse_from(common.iter().chain(extra)).map(|line| line.arguments)
    }

    #[test]
    fn arguments_are_checked() {
        let arguments = parse(&["--beam-width", "3", "--threads", "2"]).expect("right arguments");
        assert_eq!(arguments.beam_width.map(usize::from), Some(3));
        assert_eq!(arguments.engine.threads.map(usize::from), Some(2));
        assert!(parse(&["--beam-width", "0"]).is_err());
    }

    #[test]
    fn pictures_that_cannot_be_used_are_left_out_together_with_their_references() {
        let picture = |name: &str| Picture { file: name.into(), id: None, captions: vec![name.to_owned()] };
        let described = Described::for_test;
        let pictures = [picture("a"), picture("b"), picture("c")];
        let outcomes = vec![Ok(described("one")), Err("cut short".to_owned()), Ok(described("three"))];
        let (left, captions) = usable(&pictures, outcomes);
        assert_eq!(left, [&pictures[0], &pictures[2]]);
        assert_eq!(captions, [described("one"), described("three")]);
    }
}
