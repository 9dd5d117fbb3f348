//! The model that captions many pictures: which one, in which engine, and on how many threads.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use descry_models::manifest::Manifest;
use descry_models::{CaptionError, CaptionOptions, Captioner, Diversity, Engine, EngineChoice};

use super::captioning::{Described, Outcome, caption_all};
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
    /// tract or onnxruntime [default: onnxruntime where its library is found, else tract]
    #[arg(long)]
    pub engine: Option<Engine>,
    /// ONNX Runtime's library, such as libonnxruntime.so.1; means --engine onnxruntime
    #[arg(long, value_name = "LIBRARY")]
    pub onnxruntime: Option<PathBuf>,
    /// Part the beam into so many groups of sentences that differ (diverse beam search)
    #[arg(long, value_name = "N")]
    pub diverse_groups: Option<NonZeroUsize>,
    /// How much groups avoid each other's words, in nats for each sentence that has just said one
    #[arg(long, value_name = "X", default_value_t = 0.5, requires = "diverse_groups")]
    pub diversity_strength: f32,
    /// How many pictures are captioned at a time, each with a model of its own [default: the cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
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
    /// The engine that the arguments ask for.
    pub fn engine_choice(&self) -> Result<EngineChoice> {
        engine_choice(self.engine, self.onnxruntime.as_ref())
    }

    /// Opens the bundle for so many pictures.
    pub fn open(&self, pictures: usize) -> Result<Model> {
        let threads = thread_count(self.threads, pictures);
        let mut captioners = open_captioners(&self.bundle, &self.engine_choice()?, threads)?;
        let strength = self.diversity_strength;
        let diversity = self.diverse_groups.map(|groups| Diversity { groups: groups.into(), strength });
        for captioner in &mut captioners {
            captioner.set_diversity(diversity);
        }
        let Some(first) = captioners.first() else { bail!("there is nothing to do") };
        let (manifest, engine) = (first.manifest().clone(), first.engine());
        let beam_width = self.beam_width.map_or(manifest.decoding.beam_width, usize::from);
        Ok(Model { bundle: self.bundle.clone(), captioners, manifest, engine, beam_width, threads })
    }
}

/// The engine that the arguments ask for.
pub fn engine_choice(engine: Option<Engine>, library: Option<&PathBuf>) -> Result<EngineChoice> {
    Ok(match (engine, library) {
        (Some(Engine::Tract), Some(_)) => {
            bail!("--onnxruntime names a library that --engine tract does not use")
        }
        (Some(Engine::Tract), None) => EngineChoice::Tract,
        (None, None) => EngineChoice::Auto,
        (Some(Engine::OnnxRuntime) | None, library) => {
            EngineChoice::OnnxRuntime { library: library.cloned() }
        }
    })
}

/// As many threads as are asked for, or else as there are cores; none without a picture.
#[must_use]
pub fn thread_count(asked: Option<NonZeroUsize>, pictures: usize) -> usize {
    let threads = asked.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    threads.min(pictures)
}

/// Opens the bundle once for each thread: an engine takes seconds to prepare its networks, so they do it side by side.
pub fn open_captioners(bundle: &Path, choice: &EngineChoice, threads: usize) -> Result<Vec<Captioner>> {
    let open = || Captioner::open(bundle, choice);
    let opened: Vec<Result<Captioner, CaptionError>> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(open)).collect();
        let others = others.into_iter().map(thread::ScopedJoinHandle::join);
        std::iter::once(open())
            .chain(others.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
            .collect()
    });
    let opened: Result<Vec<_>, _> = opened.into_iter().collect();
    opened.with_context(|| format!("cannot open the bundle {}", bundle.display()))
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
    fn the_engine_that_is_asked_for() {
        let library = || Some(PathBuf::from("lib.so"));
        let cases: [(&[&str], Option<EngineChoice>); 6] = [
            (&[], Some(EngineChoice::Auto)),
            (&["--engine", "tract"], Some(EngineChoice::Tract)),
            (&["--engine", "onnxruntime"], Some(EngineChoice::OnnxRuntime { library: None })),
            (&["--onnxruntime", "lib.so"], Some(EngineChoice::OnnxRuntime { library: library() })),
            (
                &["--engine", "onnxruntime", "--onnxruntime", "lib.so"],
                Some(EngineChoice::OnnxRuntime { library: library() }),
            ),
            (&["--engine", "tract", "--onnxruntime", "lib.so"], None),
        ];
        for (extra, expected) in cases {
            let arguments = parse(extra).expect("right arguments");
            assert_eq!(arguments.engine_choice().ok(), expected, "{extra:?}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        let arguments = parse(&["--beam-width", "3", "--threads", "2"]).expect("right arguments");
        assert_eq!(arguments.beam_width.map(usize::from), Some(3));
        assert_eq!(arguments.threads.map(usize::from), Some(2));
        for wrong in [["--beam-width", "0"], ["--threads", "0"], ["--engine", "cuda"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
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
