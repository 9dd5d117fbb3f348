//! `tags`: gives a bundle's encoder the classes that it told apart before it learned to caption, by names that people use.
//!
//! The classes' own layer, as it was published with the encoder's weights, is put behind the last map of the bundle's
//! encoder, in 4 bits where that is in 8 ([`head`], [`onnx::layer`]); what the encoder gives for captions stays as it is, bit for bit. Pictures
//! with a labelled class give the temperature of the softmax, and tags of photographs that were looked at the curve that
//! makes probabilities of it ([`fit`]). All of it goes into a copy of the bundle, with the names.

pub mod fit;
pub mod head;
pub mod lists;
pub mod published;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use descry_models::manifest::{Manifest, TensorSection};
use descry_models::tags::{TagNames, TagsFit, TagsSection};
use descry_models::{Bundle, Engine, EngineChoice, Network, open_network, preprocess};
use prost::Message as _;

use crate::export::folder;
use crate::onnx::{self, Graph};
use crate::{picture, progress, quantise};
use fit::{Curve, Judged, Labelled};
use published::Published;

/// The encoder's new output, and what the names of all that leads to it begin with.
pub const OUTPUT: &str = "tags";
/// The file of the names.
const NAMES: &str = "tags.txt";

/// Arguments of `descry-trainer tags`.
#[derive(Debug, Clone, Args)]
pub struct TagsArguments {
    /// The bundle, float32 or int8
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// The folder that the bundle with tags is written into
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// The published weights of its encoder, with the layer for their classes: safetensors or .pth
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// What to call these weights [default: as the bundle calls those that its encoder started from]
    #[arg(long, value_name = "WORDS")]
    pub weights_name: Option<String>,
    /// The classes' names, a line for each: its own, and after tabs what it is a kind of; `-` is never named
    #[arg(long, value_name = "FILE", default_value = "trainer/tags/imagenet.tsv")]
    pub names: PathBuf,
    /// A folder with labels.txt, `picture.jpg<TAB>class` on each line, and images/
    #[arg(long, value_name = "DIR")]
    pub labelled: PathBuf,
    /// Tags that were looked at: `set/images/picture.jpg<TAB>tag<TAB>1` on each line, or 0 where the thing is not to be seen
    #[arg(long, value_name = "FILE", default_value = "trainer/tags/judged.tsv")]
    pub judged: PathBuf,
    /// The folder that holds the data sets of the judged pictures
    #[arg(long, value_name = "DIR")]
    pub datasets: PathBuf,
    /// Tags less probable than this are not given
    #[arg(long, default_value_t = 0.3)]
    pub least: f32,
    /// tract or onnxruntime [default: onnxruntime where its library is found, else tract]
    #[arg(long)]
    pub engine: Option<Engine>,
}

/// What was found out, for people.
#[derive(Debug)]
pub struct Report {
    manifest: Manifest,
    section: TagsSection,
    summary: String,
    labelled: fit::LabelledReport,
    judged: fit::JudgedReport,
}

/// Runs the command: prints what the tags are worth on standard output.
pub fn run(arguments: &TagsArguments) -> Result<()> {
    println!("{}", tags(arguments)?);
    Ok(())
}

/// Writes a bundle with tags.
pub fn tags(arguments: &TagsArguments) -> Result<Report> {
    ensure!(arguments.bundle != arguments.output, "--output must name another folder than --bundle");
    let bundle = Bundle::open(&arguments.bundle)?;
    let Published { weight, bias, names, text, before } =
        published::read(&arguments.weights, &arguments.names)?;
    let labelled = lists::labelled(&arguments.labelled, before..before + names.classes())?;
    let judged = lists::judged(&arguments.judged, &arguments.datasets, &names)?;

    let mut graph = onnx::decode(bundle.encoder_onnx())
        .with_context(|| format!("{} is no bundle of this trainer", arguments.bundle.display()))?;
    head::put(&mut graph, &weight, &bias)?;
    let mut manifest = bundle.manifest().clone();
    manifest.encoder.outputs.retain(|output| output.name != OUTPUT);
    let shape = vec![1, names.classes()];
    manifest.encoder.outputs.push(TensorSection { name: OUTPUT.to_owned(), shape });
    let origin = arguments.weights_name.clone().unwrap_or_else(|| manifest.provenance.weights.clone());
    manifest.tags = Some(unfitted(origin, arguments.least));
    let mut files = quantise::other_files(&bundle)?;
    files.insert(manifest.encoder.file.clone(), Graph::from(graph).into_model().encode_to_vec());
    files.insert(manifest.decoder.file.clone(), bundle.decoder_onnx().to_vec());
    files.insert(NAMES.to_owned(), text.into_bytes());

    // Once to be run, and once more with what came of it.
    folder::write(&arguments.output, manifest.clone(), &files)?;
    let mut seen = Looking::open(&arguments.output, arguments.engine, labelled.len() + judged.len())?;
    let labelled = labelled
        .iter()
        .map(|(file, class)| Ok(Labelled { scores: seen.scores(file)?, class: class - before }))
        .collect::<Result<Vec<_>>>()?;
    let labelled = fit::labelled(&labelled);
    let section = manifest.tags.get_or_insert_with(|| unfitted(String::new(), arguments.least));
    section.temperature = labelled.temperature;
    let judged = judge(&mut seen, section, &names, &judged)?;
    seen.bar.finish_and_clear();
    let judged = fit::judged(&judged)?;
    let Curve { intercept, slope } = judged.curve;
    (section.intercept, section.slope) = (intercept as f32, slope as f32);
    section.sure = judged.sure.max(section.least);
    section.fit = TagsFit {
        labelled: labelled.count,
        top1: rounded(labelled.top1),
        top5: rounded(labelled.top5),
        judged: judged.count,
        right: rounded(judged.right),
        expected_calibration_error: rounded(judged.error),
        right_when_sure: rounded(judged.right_when_sure),
        ..section.fit.clone()
    };
    let section = section.clone();
    let manifest = folder::write(&arguments.output, manifest, &files)?;
    let summary = folder::summary(&arguments.output, &manifest);
    Ok(Report { manifest, section, summary, labelled, judged })
}

/// A section that only says where the classes are.
fn unfitted(weights: String, least: f32) -> TagsSection {
    TagsSection {
        output: OUTPUT.to_owned(),
        names: NAMES.to_owned(),
        temperature: 1.0,
        intercept: 0.0,
        slope: 1.0,
        least,
        sure: 1.5,
        fit: TagsFit { weights, ..TagsFit::default() },
    }
}

/// The log odds of each tag that was looked at.
fn judge(
    seen: &mut Looking,
    section: &TagsSection,
    names: &TagNames,
    looked_at: &[lists::LookedAt],
) -> Result<Vec<Judged>> {
    let mut judged = Vec::new();
    for (picture, looked_at) in looked_at.iter().enumerate() {
        let shares = section.shares(names, &seen.scores(&looked_at.file)?);
        judged.extend(looked_at.tags.iter().map(|(place, right)| Judged {
            picture,
            log_odds: f64::from(descry_models::tags::log_odds(shares[*place])),
            right: *right,
        }));
    }
    Ok(judged)
}

/// An encoder that is shown pictures.
struct Looking {
    network: Box<dyn Network>,
    manifest: Manifest,
    bar: progress::Bar,
}

impl Looking {
    fn open(directory: &Path, engine: Option<Engine>, pictures: usize) -> Result<Self> {
        let bundle = Bundle::open(directory)?;
        let network = open_network(&bundle, &engine.map_or(EngineChoice::Auto, EngineChoice::from))?;
        let (manifest, ..) = bundle.into_parts();
        Ok(Self { network, manifest, bar: progress::bar(pictures as u64, "looking", "pictures") })
    }

    /// The scores of the classes.
    fn scores(&mut self, file: &Path) -> Result<Vec<f32>> {
        let failed = || format!("cannot look at {}", file.display());
        let picture = picture::open(file).with_context(failed)?;
        let pixels = preprocess::pixels(&picture, &self.manifest.preprocessing).with_context(failed)?;
        let encoded = self.network.encode(&pixels)?;
        self.bar.inc(1);
        // It is the last of the manifest's outputs.
        Ok(encoded.tensors.into_iter().next_back().context("the encoder gives nothing")?.values)
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { manifest, section, summary, labelled, judged } = self;
        writeln!(out, "{summary}")?;
        writeln!(out, "{labelled}")?;
        writeln!(out, "{judged}")?;
        write!(out, "{}: tags from {} on, told from {:.3} on", manifest.name, section.least, section.sure)
    }
}
