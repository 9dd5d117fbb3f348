//! `evidence`: has a bundle's encoder say for each word whether the picture speaks for it, so that the confidence and the
//! search can ask.
//!
//! The means of the features of all training pictures are computed by the bundle itself, in an engine, as they will be; what
//! their captions have of the words is fitted to them ([`fit`]), and the layer becomes a further output of the encoder
//! ([`layer`]), in 4 bits where that is in 8. All of it goes into a copy of the bundle.

pub mod fit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use descry_models::evidence::{EvidenceFit, EvidenceSection};
use descry_models::manifest::{Manifest, TensorSection};
use descry_models::{Bundle, Network, NetworkError, TokenId, preprocess};
use ndarray::Array2;
use prost::Message as _;

use crate::dataset::{Dataset, Picture};
use crate::evaluate::{EngineArguments, captioning::caption_all};
use crate::export::folder;
use crate::metrics::ptb;
use crate::onnx::{self, Graph, layer, layer::Input};
use crate::{picture, progress, quantise, vocabulary::SPECIAL};
use fit::Layer;

/// The encoder's new output, and what the names of all that leads to it begin with.
pub const OUTPUT: &str = "evidence";

/// Arguments of `descry-trainer evidence`.
#[derive(Debug, Clone, Args)]
pub struct EvidenceArguments {
    /// The bundle, float32 or int8
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// The folder that the bundle with evidence is written into
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Data sets' folders
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    pub dataset: Vec<PathBuf>,
    /// The split of each to fit to
    #[arg(long, value_name = "NAME", default_value = "train")]
    pub split: String,
    /// The split of each to say what that is worth on; sets without it are passed over
    #[arg(long, value_name = "NAME", default_value = "dev")]
    pub held_out: String,
    /// Words in the captions of fewer pictures are left out
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub minimum_pictures: usize,
    /// What the search adds to a word's log probability for each nat of evidence
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub search_weight: f32,
    /// In which engine, and how many pictures at a time.
    #[command(flatten)]
    pub engine: EngineArguments,
}

/// What was found out, for people.
#[derive(Debug)]
pub struct Report {
    section: EvidenceSection,
    summary: String,
}

/// Runs the command: prints what the evidence is worth on standard output.
pub fn run(arguments: &EvidenceArguments) -> Result<()> {
    println!("{}", evidence(arguments)?);
    Ok(())
}

/// Writes a bundle with evidence.
pub fn evidence(arguments: &EvidenceArguments) -> Result<Report> {
    ensure!(arguments.bundle != arguments.output, "--output must name another folder than --bundle");
    let bundle = Bundle::open(&arguments.bundle)?;
    let features = bundle.manifest().encoder.outputs.first().context("the encoder gives nothing")?;
    ensure!(
        matches!(features.shape.as_slice(), [1, _, _]),
        "the encoder's {} have the shape {:?} where [1, places, channels] is due",
        features.name,
        features.shape
    );
    let (input, channels) = (features.name.clone(), features.shape[2]);

    let sets: Vec<Dataset> = arguments
        .dataset
        .iter()
        .map(|folder| Dataset::open(folder, &arguments.split))
        .collect::<Result<_, _>>()?;
    let (rows, captions) = means(&bundle, arguments, &sets, channels)?;
    let words = known_words(&bundle, &captions, arguments.minimum_pictures);
    ensure!(!words.is_empty(), "no word is in the captions of {} pictures", arguments.minimum_pictures);
    let bar = progress::bar(fit::STEPS.into(), "fitting", "steps");
    let fitted = Layer::fit(&rows, &has(&words, &captions), || bar.inc(1));
    bar.finish_and_clear();
    let is_packed = bundle.manifest().quantisation.is_some();
    // Features are not 0 in the mean: what is rounded off of many weights adds up.
    let fitted = if is_packed { Layer::with_weight(layer::rounded(&fitted.weight), &rows) } else { fitted };
    let others = held_out_sets(arguments);
    let roc_area = if others.is_empty() {
        None
    } else {
        let (held_out, their_captions) = means(&bundle, arguments, &others, channels)?;
        fitted.roc_area(&held_out, &has(&words, &their_captions))
    };

    let mut graph = onnx::decode(bundle.encoder_onnx())
        .with_context(|| format!("{} is no bundle of this trainer", arguments.bundle.display()))?;
    let mut manifest = bundle.manifest().clone();
    let input = Input { tensor: &input, axes: &[1] };
    layer::put(&mut graph, OUTPUT, input, (&fitted.weight, &fitted.bias), is_packed)?;
    manifest.encoder.outputs.retain(|output| output.name != OUTPUT);
    let shape = vec![1, words.len()];
    manifest.encoder.outputs.push(TensorSection { name: OUTPUT.to_owned(), shape });
    let section = EvidenceSection {
        output: OUTPUT.to_owned(),
        words,
        search_weight: arguments.search_weight,
        fit: EvidenceFit {
            datasets: sets.iter().map(|set| format!("{} {}", set.name, set.split)).collect(),
            pictures: rows.nrows(),
            roc_area: roc_area.map(|area| (area * 1e4).round() / 1e4),
        },
    };
    manifest.evidence = Some(section.clone());
    // What it was fitted to had no such number.
    manifest.calibration = None;
    let mut files = quantise::other_files(&bundle)?;
    files.insert(manifest.encoder.file.clone(), Graph::from(graph).into_model().encode_to_vec());
    files.insert(manifest.decoder.file.clone(), bundle.decoder_onnx().to_vec());
    let manifest: Manifest = folder::write(&arguments.output, manifest, &files)?;
    let summary = folder::summary(&arguments.output, &manifest);
    Ok(Report { section, summary })
}

/// The sets that have the split to say on what the evidence is worth; the others are named.
fn held_out_sets(arguments: &EvidenceArguments) -> Vec<Dataset> {
    let open = |folder: &PathBuf| {
        Dataset::open(folder, &arguments.held_out)
            .inspect_err(|error| eprintln!("nothing of {} is held out: {error}", folder.display()))
            .ok()
    };
    arguments.dataset.iter().filter_map(open).collect()
}

/// The words of a picture's captions.
type Said = HashSet<String>;

/// The mean features of the sets' pictures, `[pictures, channels]`, and what their captions say.
fn means(
    bundle: &Bundle,
    arguments: &EvidenceArguments,
    sets: &[Dataset],
    channels: usize,
) -> Result<(Array2<f32>, Vec<Said>)> {
    let pictures: Vec<Picture> = sets.iter().flat_map(|set| set.pictures.iter().cloned()).collect();
    let networks = arguments.engine.open_networks(bundle, pictures.len())?;
    let preprocessing = &bundle.manifest().preprocessing;
    let worker = |mut network: Box<dyn Network>| {
        move |picture: &Picture| -> Result<Result<Vec<f32>, String>, NetworkError> {
            let pixels = picture::open(&picture.file).map_err(|error| error.to_string());
            let pixels = pixels.and_then(|pixels| {
                preprocess::pixels(&pixels, preprocessing).map_err(|error| error.to_string())
            });
            match pixels {
                Ok(pixels) => {
                    let encoded = network.encode(&pixels)?;
                    Ok(Ok(encoded
                        .tensors
                        .first()
                        .map_or_else(Vec::new, |places| mean(&places.values, channels))))
                }
                Err(error) => Ok(Err(error)),
            }
        }
    };
    let bar = progress::bar(pictures.len() as u64, "looking", "pictures");
    let outcomes = caption_all(&pictures, networks.into_iter().map(worker).collect(), || bar.inc(1));
    bar.finish_and_clear();
    let outcomes = outcomes.with_context(|| format!("the bundle {} failed", bundle.directory().display()))?;
    let (mut values, mut captions) = (Vec::new(), Vec::new());
    for (picture, outcome) in pictures.iter().zip(outcomes) {
        match outcome {
            Ok(row) => {
                values.extend(row);
                captions.push(picture.captions.iter().flat_map(|caption| ptb::tokenise(caption)).collect());
            }
            Err(error) => eprintln!("{} is left out: {error}", picture.file.display()),
        }
    }
    Ok((Array2::from_shape_vec((captions.len(), channels), values)?, captions))
}

/// The mean of rows of `channels` values.
fn mean(values: &[f32], channels: usize) -> Vec<f32> {
    let mut sums = vec![0.0; channels];
    for row in values.chunks_exact(channels) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let places = (values.len() / channels).max(1) as f32;
    sums.iter().map(|sum| sum / places).collect()
}

/// The words that the bundle can say, but for small ones, in the captions of enough pictures and not of all; in order.
fn known_words(bundle: &Bundle, captions: &[Said], minimum_pictures: usize) -> Vec<String> {
    let small: HashSet<TokenId> = bundle.manifest().decoding.may_repeat.iter().flatten().copied().collect();
    let mut counts = BTreeMap::<&str, usize>::new();
    for word in captions.iter().flatten() {
        *counts.entry(word).or_default() += 1;
    }
    let is_kept = |word: &str, count: usize| {
        let token = bundle.vocabulary().id(word);
        (minimum_pictures.max(1)..captions.len()).contains(&count)
            && token.is_some_and(|token| !small.contains(&token) && !SPECIAL.contains(&word))
    };
    counts
        .into_iter()
        .filter(|(word, count)| is_kept(word, *count))
        .map(|(word, _)| word.to_owned())
        .collect()
}

/// Which pictures' captions have which words, `[pictures, words]` of 0 and 1.
fn has(words: &[String], captions: &[Said]) -> Array2<f32> {
    Array2::from_shape_fn((captions.len(), words.len()), |(picture, word)| {
        f32::from(u8::from(captions[picture].contains(&words[word])))
    })
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = &self.section.fit;
        writeln!(out, "{}", self.summary)?;
        writeln!(
            out,
            "{} words, fitted to {} pictures of {}",
            self.section.words.len(),
            fit.pictures,
            fit.datasets.join(", ")
        )?;
        match fit.roc_area {
            Some(area) => write!(out, "ROC area on pictures held out, the mean over the words: {area:.3}"),
            None => write!(out, "no picture with such words is held out: nobody knows what that is worth"),
        }
    }
}
