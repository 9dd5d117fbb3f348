//! `descry-trainer export`: a run's weights become a float32 bundle, its encoder and decoder written as ONNX graphs.
//!
//! Nothing here needs a tensor library: the graphs are written from the formulas, and a test holds them to the modules
//! that were trained.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use descry_models::{
    TokenId, Vocabulary, VocabularyError,
    manifest::{
        DecoderSection, DecodingSection, EncoderSection, FORMAT_VERSION, Manifest, Provenance, StateSection,
        TensorSection, VocabularySection,
    },
};
use prost::Message as _;
use thiserror::Error;

pub mod cells;
pub mod context;
pub mod decoder;
pub mod design;
pub mod encoder;
pub mod folder;
pub mod layers;
pub mod sizes;
pub mod weights;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod reference;
#[cfg(test)]
pub(crate) mod tests;

use decoder::decoder;
use design::Design;
use encoder::encoder;
use folder::{FolderError, today, write};
use sizes::Sizes;
use weights::{Weights, WeightsError};

use crate::encoder::{Architecture, EncoderChoice, PaddingStyle};
use crate::experiment::DecoderKind;

/// What a run's folder holds.
const EXPERIMENT: &str = "experiment.toml";
const VOCABULARY: &str = "vocabulary.txt";
const BEST: &str = "best.safetensors";
/// What the bundle that the run goes on from says of where it comes from. A run that goes on from none has no such file.
pub const ORIGIN: &str = "origin.toml";

/// Arguments of `export`.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArguments {
    /// The run's folder, with experiment.toml, vocabulary.txt and best.safetensors
    #[arg(long)]
    pub run: PathBuf,
    /// Other runs with the same words and the same networks that went on from where this one was: the mean of the best
    /// weights of all is exported (Wortsman et al. 2022, "Model soups")
    #[arg(long, value_name = "RUN", num_args = 1..)]
    pub mean_with: Vec<PathBuf>,
    /// The folder that the bundle is written into
    #[arg(long)]
    pub bundle: PathBuf,
    /// The model's name, when it is not the experiment's
    #[arg(long)]
    pub name: Option<String>,
    /// One sentence about the model
    #[arg(long, default_value = "Says in one English sentence what a photograph shows.")]
    pub description: String,
    /// The licence of the weights, when they did not start from the shared ones
    #[arg(long)]
    pub licence: Option<String>,
    /// The weights that the training started from, when they are not the shared ones
    #[arg(long)]
    pub weights: Option<String>,
    /// Sentences that are searched side by side, unless the caller asks otherwise
    #[arg(long, default_value_t = 3)]
    pub beam_width: usize,
    /// The power of its length that a sentence's log probability is divided by
    #[arg(long, default_value_t = 0.7)]
    pub length_penalty: f32,
    /// Keep a word or a pair of words from following itself at once
    #[arg(long)]
    pub repetition_guard: bool,
    /// Words that a sentence may hold more than once, with commas between; where they are named, any other word is said once
    /// at most
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub may_repeat: Option<Vec<String>>,
}

/// The command: exports, and says what was written.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    let manifest = export(arguments)?;
    println!("{}", folder::summary(&arguments.bundle, &manifest));
    Ok(())
}

/// Writes the bundle of a run.
pub fn export(arguments: &ExportArguments) -> Result<Manifest, ExportError> {
    let experiment_text = read(&arguments.run.join(EXPERIMENT))?;
    let vocabulary_text = read(&arguments.run.join(VOCABULARY))?;
    let design: Design = toml::from_str(&experiment_text)
        .map_err(|source| ExportError::Experiment { path: arguments.run.join(EXPERIMENT), source })?;
    let vocabulary = Vocabulary::from_text(&vocabulary_text)
        .map_err(|source| ExportError::Vocabulary { path: arguments.run.join(VOCABULARY), source })?;
    let others = arguments.mean_with.iter();
    let others = others.map(|run| same_words(run, &vocabulary_text)).collect::<Result<Vec<_>, _>>()?;
    let weights = Weights::open(&arguments.run.join(BEST))?.mean_with(&others)?;
    let sizes = Sizes::of(&weights, &design)?;
    if sizes.vocabulary != vocabulary.len() {
        return Err(ExportError::OtherVocabulary { weights: sizes.vocabulary, words: vocabulary.len() });
    }
    let may_repeat = arguments.may_repeat.as_deref();
    let may_repeat = may_repeat.map(|words| numbers(words, &vocabulary)).transpose()?;
    let mut manifest = manifest(arguments, &design, &vocabulary, &sizes);
    manifest.decoding.may_repeat = may_repeat;
    if let Some(origin) = started_from(&arguments.run)? {
        // What it learned from once it still knows.
        let own = std::mem::replace(&mut manifest.provenance.datasets, origin.datasets);
        let all = &mut manifest.provenance.datasets;
        for set in own {
            if !all.contains(&set) {
                all.push(set);
            }
        }
    }
    let files = BTreeMap::from([
        (manifest.encoder.file.clone(), encoder(&weights, &design, &sizes)?.encode_to_vec()),
        (manifest.decoder.file.clone(), decoder(&weights, &design, &sizes)?.encode_to_vec()),
        (VOCABULARY.to_owned(), vocabulary_text.into_bytes()),
        (EXPERIMENT.to_owned(), experiment_text.into_bytes()),
    ]);
    Ok(write(&arguments.bundle, manifest, &files)?)
}

/// Where the bundle comes from that a run goes on from, where it goes on from one.
fn started_from(run: &Path) -> Result<Option<Provenance>, ExportError> {
    let path = run.join(ORIGIN);
    if !path.exists() {
        return Ok(None);
    }
    let origin = toml::from_str(&read(&path)?);
    origin.map(Some).map_err(|source| ExportError::Origin { path, source })
}

/// Words by their numbers.
fn numbers(words: &[String], vocabulary: &Vocabulary) -> Result<Vec<TokenId>, ExportError> {
    let number =
        |word: &String| vocabulary.id(word).ok_or_else(|| ExportError::NoWord { word: word.clone() });
    words.iter().map(number).collect()
}

/// The best weights of a run that has this vocabulary.
fn same_words(run: &Path, vocabulary: &str) -> Result<Weights, ExportError> {
    if read(&run.join(VOCABULARY))? != vocabulary {
        return Err(ExportError::OtherWords { run: run.to_owned() });
    }
    Ok(Weights::open(&run.join(BEST))?)
}

fn read(path: &Path) -> Result<String, ExportError> {
    std::fs::read_to_string(path).map_err(|source| ExportError::Read { path: path.to_owned(), source })
}

/// The manifest, all but its list of files.
fn manifest(
    arguments: &ExportArguments,
    design: &Design,
    vocabulary: &Vocabulary,
    sizes: &Sizes,
) -> Manifest {
    let preprocessing = design.preprocessing();
    let [height, width] = [preprocessing.height, preprocessing.width].map(|side| side as usize);
    let context = design.context(sizes);
    let states = design.states();
    let tensor = |name: &str, shape: &[usize]| TensorSection { name: name.to_owned(), shape: shape.to_vec() };
    let state = |name: &str| StateSection {
        input: name.to_owned(),
        output: format!("next_{name}"),
        shape: vec![sizes.hidden],
    };
    let special = vocabulary.special();
    let (weights, licence) = origin(&design.encoder);
    Manifest {
        format_version: FORMAT_VERSION,
        name: arguments.name.clone().unwrap_or_else(|| design.name.clone()),
        description: arguments.description.clone(),
        language: "en".to_owned(),
        licence: arguments.licence.clone().unwrap_or_else(|| licence.to_owned()),
        created: today(),
        files: BTreeMap::new(),
        preprocessing,
        vocabulary: VocabularySection {
            file: VOCABULARY.to_owned(),
            size: vocabulary.len(),
            pad: special.pad,
            start: special.start,
            end: special.end,
            unknown: special.unknown,
        },
        encoder: EncoderSection {
            file: "encoder.onnx".to_owned(),
            input: tensor("pixels", &[1, 3, height, width]),
            outputs: context
                .iter()
                .map(|(name, shape)| tensor(name, shape))
                .chain(states.iter().map(|state| tensor(state, &[1, sizes.hidden])))
                .collect(),
        },
        decoder: DecoderSection {
            file: "decoder.onnx".to_owned(),
            token: "token".to_owned(),
            context: context.iter().map(|(name, _)| (*name).to_owned()).collect(),
            state: states.iter().map(|name| state(name)).collect(),
            logits: "logits".to_owned(),
            attention: (design.decoder.kind == DecoderKind::Attend).then(|| "attention".to_owned()),
        },
        decoding: DecodingSection {
            beam_width: arguments.beam_width,
            maximum_words: design.maximum_words,
            length_penalty: arguments.length_penalty,
            repetition_guard: arguments.repetition_guard,
            may_repeat: None,
        },
        quantisation: None,
        calibration: None,
        tags: None,
        evidence: None,
        scores: Vec::new(),
        provenance: Provenance {
            trainer: concat!("descry-trainer ", env!("CARGO_PKG_VERSION")).to_owned(),
            datasets: design.datasets.iter().map(|dataset| dataset.directory.clone()).collect(),
            weights: arguments.weights.clone().unwrap_or(weights),
            experiment: Some(EXPERIMENT.to_owned()),
        },
    }
}

/// What the encoder's weights start from and their licence, as far as its architecture tells: there are shared weights for
/// one of them.
fn origin(encoder: &EncoderChoice) -> (String, &'static str) {
    let name = encoder.architecture.name();
    match (encoder.architecture, encoder.padding()) {
        (Architecture::MobileNetV2, PaddingStyle::TensorFlow) => (
            "MobileNetV2 1.0 at 224, ImageNet (google-coral/test_data, Apache-2.0)".to_owned(),
            "Apache-2.0 (encoder's initial weights); for research, see CARD.md",
        ),
        _ => (format!("{name}, see CARD.md"), "for research, see CARD.md"),
    }
}

/// Why a run cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A file of the run cannot be read.
    #[error("cannot read {}: {source}; name the folder of a run", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The run's configuration is not one.
    #[error("{} is not an experiment: {source}", path.display())]
    Experiment {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
    /// What the run keeps of the bundle that it goes on from cannot be understood.
    #[error("{} does not say what the run goes on from: {source}; prepare the run anew", path.display())]
    Origin {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
    /// The run's vocabulary is not one.
    #[error("{} is not a vocabulary: {source}", path.display())]
    Vocabulary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: VocabularyError,
    },
    /// The vocabulary belongs to other weights.
    #[error("the weights know {weights} words and the vocabulary has {words}: they are of different runs")]
    OtherVocabulary {
        /// Rows of the table.
        weights: usize,
        /// Lines of the file.
        words: usize,
    },
    /// A run whose weights were to be part of the mean has other words.
    #[error("{} has another vocabulary: only runs of the same words have a mean", run.display())]
    OtherWords {
        /// The run.
        run: PathBuf,
    },
    /// A word that may be said more than once is none of the model's.
    #[error("the model does not know the word {word:?}, which --may-repeat names")]
    NoWord {
        /// The word.
        word: String,
    },
    /// The weights do not fit the model.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The bundle cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
}
