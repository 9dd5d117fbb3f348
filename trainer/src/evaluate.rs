//! `evaluate`: how good a bundle's captions are, run through `descry_models::Captioner`, exactly as the daemon runs it.

pub mod captioning;
pub mod report;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use descry_models::{CaptionError, CaptionOptions, Captioner, Engine, EngineChoice};

use crate::dataset::{Dataset, Picture, Tally};
use crate::metrics::{self, ptb};
use crate::{picture, progress};
use captioning::{Described, Outcome, caption_all};
use report::{Circumstances, Report};

/// Arguments of `descry-trainer evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// The bundle's folder, int8 or float32
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// The data set's folder: images/, captions.token.txt and `<NAME>Images.txt`
    #[arg(long, value_name = "DIR")]
    pub dataset: PathBuf,
    /// The split, such as dev
    #[arg(long, value_name = "NAME")]
    pub split: String,
    /// How many sentences the search keeps [default: the bundle's own]
    #[arg(long, value_name = "N")]
    pub beam_width: Option<NonZeroUsize>,
    /// tract or onnxruntime [default: onnxruntime where its library is found, else tract]
    #[arg(long)]
    pub engine: Option<Engine>,
    /// ONNX Runtime's library, such as libonnxruntime.so.1; means --engine onnxruntime
    #[arg(long, value_name = "LIBRARY")]
    pub onnxruntime: Option<PathBuf>,
    /// How many pictures are captioned at a time, each with a model of its own [default: the cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Also write every caption: a JSON object with `file` and `caption` on each line
    #[arg(long, value_name = "FILE")]
    pub captions: Option<PathBuf>,
}

/// Runs the command: prints the scores on standard output.
pub fn run(arguments: &EvaluateArguments) -> Result<()> {
    let report = evaluate(arguments)?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// Captions the split, writes the captions where that is asked for, and scores them. What was skipped is said on standard
/// error.
pub fn evaluate(arguments: &EvaluateArguments) -> Result<Report> {
    let choice = engine_choice(arguments.engine, arguments.onnxruntime.as_ref())?;
    let dataset = Dataset::open(&arguments.dataset, &arguments.split)?;
    if !dataset.skipped.is_empty() {
        eprintln!("skipped in {}: {}", arguments.dataset.display(), dataset.skipped);
    }
    // Made before the work, so that a wrong path is known before the wait.
    let captions_file = arguments.captions.as_ref().map(|path| {
        File::create(path).map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
    });
    let captions_file = captions_file.transpose()?;

    let threads = thread_count(arguments.threads, dataset.pictures.len());
    let captioners = open_captioners(&arguments.bundle, &choice, threads)?;
    let Some(first) = captioners.first() else { bail!("there is nothing to do") };
    let (manifest, engine) = (first.manifest().clone(), first.engine());
    let beam_width = arguments.beam_width.map_or(manifest.decoding.beam_width, usize::from);

    let bar = progress::bar(dataset.pictures.len() as u64, &manifest.name, "pictures");
    let workers = captioners.into_iter().map(|captioner| worker(captioner, beam_width)).collect();
    let outcomes = caption_all(&dataset.pictures, workers, || bar.inc(1));
    bar.finish_and_clear();
    let outcomes = outcomes.with_context(|| format!("the bundle {} failed", arguments.bundle.display()))?;

    let (pictures, captions) = usable(&dataset.pictures, outcomes);
    let unused = dataset.pictures.len() - pictures.len();
    ensure!(!pictures.is_empty(), "no picture of {} {} can be decoded", dataset.name, dataset.split);
    if let Some(mut file) = captions_file {
        for (picture, caption) in pictures.iter().zip(&captions) {
            let line = serde_json::json!({ "file": picture.name(), "caption": caption.text });
            writeln!(file, "{line}").context("cannot write the captions")?;
        }
        file.flush().context("cannot write the captions")?;
    }

    let candidates: Vec<_> = captions.iter().map(|caption| ptb::tokenise(&caption.text)).collect();
    let references: Vec<Vec<_>> = pictures
        .iter()
        .map(|picture| picture.captions.iter().map(|caption| ptb::tokenise(caption)).collect())
        .collect();
    let scores = metrics::score(&candidates, &references)?;
    let skipped = unused + dataset.skipped.pictures();
    let circumstances =
        Circumstances { manifest: &manifest, engine, beam_width, threads, dataset: &dataset, skipped };
    Ok(Report::new(&circumstances, scores, &captions))
}

/// The engine that the arguments ask for.
pub(crate) fn engine_choice(engine: Option<Engine>, library: Option<&PathBuf>) -> Result<EngineChoice> {
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
pub(crate) fn thread_count(asked: Option<NonZeroUsize>, pictures: usize) -> usize {
    let threads = asked.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    threads.min(pictures)
}

/// Opens the bundle once for each thread: an engine takes seconds to prepare its networks, so they do it side by side.
pub(crate) fn open_captioners(
    bundle: &Path,
    choice: &EngineChoice,
    threads: usize,
) -> Result<Vec<Captioner>> {
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
        match captioner.caption(&pixels, &CaptionOptions { beam_width: Some(beam_width), cancelled: None }) {
            Ok(caption) => {
                let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
                Ok(Ok(Described { text: caption.text, milliseconds }))
            }
            Err(CaptionError::Preprocess(error)) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// The pictures that have a caption, with it; the others are counted and named on standard error.
fn usable(pictures: &[Picture], outcomes: Vec<Outcome>) -> (Vec<&Picture>, Vec<Described>) {
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
mod end_to_end;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    /// The command's arguments alone, so that this file knows no other command.
    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: EvaluateArguments,
    }

    fn parse(extra: &[&str]) -> Result<EvaluateArguments, clap::Error> {
        let common = ["evaluate", "--bundle", "b", "--dataset", "d", "--split", "dev"];
        Line::try_parse_from(common.iter().chain(extra)).map(|line| line.arguments)
    }

    fn parsed(extra: &[&str]) -> EvaluateArguments {
        parse(extra).expect("right arguments")
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
            let parsed = parsed(extra);
            let choice = engine_choice(parsed.engine, parsed.onnxruntime.as_ref());
            assert_eq!(choice.ok(), expected, "{extra:?}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        let arguments = parsed(&["--beam-width", "3", "--threads", "2", "--json"]);
        assert_eq!(arguments.beam_width.map(usize::from), Some(3));
        assert_eq!(arguments.threads.map(usize::from), Some(2));
        assert!(arguments.json);
        for wrong in [["--beam-width", "0"], ["--threads", "0"], ["--engine", "cuda"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = run(&parsed(&[])).expect_err("no such data set").to_string();
        assert!(error.contains("cannot read d"), "{error}");
    }

    #[test]
    fn pictures_that_cannot_be_used_are_left_out_together_with_their_references() {
        let picture = |name: &str| Picture { file: name.into(), captions: vec![name.to_owned()] };
        let described = |text: &str| Described { text: text.to_owned(), milliseconds: 1.0 };
        let pictures = [picture("a"), picture("b"), picture("c")];
        let outcomes = vec![Ok(described("one")), Err("cut short".to_owned()), Ok(described("three"))];
        let (left, captions) = usable(&pictures, outcomes);
        assert_eq!(left, [&pictures[0], &pictures[2]]);
        assert_eq!(captions, [described("one"), described("three")]);
    }
}
