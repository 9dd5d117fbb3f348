//! `manifest.toml`: what a bundle holds, how its networks are fed and read, and where it came from.
//!
//! The manifest is the contract between the trainer, which writes it, and the engines, which check the networks
//! against it: nothing about a model is known from anywhere else.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    Engine, ManifestError, TokenId, calibration::Calibration, evidence::EvidenceSection, tags::TagsSection,
};

mod check;

/// The newest version of the format that this crate reads, and the one that it writes.
pub const FORMAT_VERSION: u32 = 1;
/// The manifest's own file name.
pub const MANIFEST_FILE: &str = "manifest.toml";
/// The widest beam that is searched.
pub const MAXIMUM_BEAM_WIDTH: usize = 64;
/// The most words that a caption may have.
pub const MAXIMUM_WORDS: usize = 256;
/// The most words that a vocabulary may have.
pub const MAXIMUM_VOCABULARY: usize = 1 << 20;
/// The most values that one tensor may have (64 MiB of f32).
pub const MAXIMUM_VALUES: usize = 1 << 24;
/// The most pixels across or down that a network may take.
pub const MAXIMUM_SIDE: u32 = 4096;

/// All that `manifest.toml` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The model's name, such as `descry-attend-9`.
    pub name: String,
    /// One sentence for people.
    pub description: String,
    /// The language of the captions, as a BCP 47 tag such as `en`.
    pub language: String,
    /// The licence of the weights: an SPDX expression, or words.
    pub licence: String,
    /// The day on which the bundle was made, as `YYYY-MM-DD`.
    pub created: String,
    /// Size and digest of every file of the bundle, by file name.
    pub files: BTreeMap<String, FileRecord>,
    /// How a picture becomes the encoder's input.
    pub preprocessing: Preprocessing,
    /// The words.
    pub vocabulary: VocabularySection,
    /// The network that runs once for each picture.
    pub encoder: EncoderSection,
    /// The network that runs once for each word.
    pub decoder: DecoderSection,
    /// How a sentence is searched for.
    pub decoding: DecodingSection,
    /// How the weights were made small; absent where they are float32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<Quantisation>,
    /// How the confidence is calibrated; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// What the encoder's classes are called and worth; absent where it gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagsSection>,
    /// For which words the encoder says how much the picture speaks for them; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceSection>,
    /// What the bundle scored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// What a file must be, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// How a picture becomes the encoder's input; see [`crate::preprocess`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Pixels across that the encoder takes.
    pub width: u32,
    /// Pixels down that the encoder takes.
    pub height: u32,
    /// How a picture of another size comes to this one.
    pub resize: Resize,
    /// Taken from each channel (red, green, blue) of a pixel in 0..=255, before the division.
    pub mean: [f32; 3],
    /// What each channel is divided by; never zero.
    pub scale: [f32; 3],
}

/// How a picture of any size comes to the encoder's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// The whole picture is squeezed to the size, whatever its proportions: nothing is cut off.
    Squeeze,
}

/// The words, and which of them are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VocabularySection {
    /// The file that holds one word a line.
    pub file: String,
    /// How many words, the special tokens among them; also the width of the logits.
    pub size: usize,
    /// The token `<pad>`, which fills up short sentences in training.
    pub pad: TokenId,
    /// The token `<start>`, which is fed before the first word.
    pub start: TokenId,
    /// The token `<end>`, which follows the last word.
    pub end: TokenId,
    /// The token `<unk>`, which stood for rare words in training.
    pub unknown: TokenId,
}

/// A tensor's name in the ONNX graph, and its shape there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorSection {
    /// The name of the graph's input or output.
    pub name: String,
    /// All axes, the batch among them.
    pub shape: Vec<usize>,
}

/// The network that runs once for each picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSection {
    /// The ONNX file.
    pub file: String,
    /// The pixels: f32 `[1, 3, height, width]`.
    pub input: TensorSection,
    /// What it gives: f32, the first axis 1.
    pub outputs: Vec<TensorSection>,
}

/// The network that runs once for each word.
///
/// Its batch axis counts the rows of a beam and is symbolic in the graph; the context has batch 1 and is broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderSection {
    /// The ONNX file.
    pub file: String,
    /// The input that takes each row's last token: i64 `[rows]`.
    pub token: String,
    /// The inputs that take the encoder's outputs of the same names; none where the picture is in the first state.
    pub context: Vec<String>,
    /// What goes from one step to the next.
    pub state: Vec<StateSection>,
    /// The output with each row's scores of the next word: f32 `[rows, vocabulary.size]`, before any softmax.
    pub logits: String,
    /// The output with each row's weights over the places of the picture, which sum to 1: f32 `[rows, places]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<String>,
}

/// One tensor that goes from step to step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSection {
    /// The decoder's input; also the name of the encoder's output that the first step starts from.
    pub input: String,
    /// The decoder's output that the next step's input is taken from.
    pub output: String,
    /// The shape without the rows: f32 `[rows, shape…]`.
    pub shape: Vec<usize>,
}

/// How a sentence is searched for, where nothing else is asked for; see [`crate::decode`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecodingSection {
    /// Sentences held side by side; 1 to [`MAXIMUM_BEAM_WIDTH`].
    pub beam_width: usize,
    /// Words after which a sentence ends anyhow; 1 to [`MAXIMUM_WORDS`].
    pub maximum_words: usize,
    /// The power of the length that a sentence's log probability is divided by; 0 to 10, 0 for none.
    pub length_penalty: f32,
    /// Whether a word or a pair of words is kept from following itself at once; absent means no.
    #[serde(default)]
    pub repetition_guard: bool,
    /// The words that a sentence may hold more than once; any other is said once at most. Where it is absent any word may be
    /// said again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_repeat: Option<Vec<TokenId>>,
}

/// How the weights were made small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantisation {
    /// Such as `qdq-static`.
    pub scheme: String,
    /// Such as `int8-per-channel`.
    pub weights: String,
    /// Such as `uint8-per-tensor`.
    pub activations: String,
    /// How many pictures the ranges of the activations were found on.
    pub calibration_pictures: usize,
}

/// The precision that a score was measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Before the quantisation.
    Float32,
    /// What the bundle holds when it has a [`Quantisation`].
    Int8,
}

impl Precision {
    /// The name as it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Int8 => "int8",
        }
    }
}

/// What the model scored on one split of one data set; all scores from 0 to 100, `CIDEr` times 100.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The data set's name.
    pub dataset: String,
    /// The split's name.
    pub split: String,
    /// The precision of the weights.
    pub precision: Precision,
    /// The engine that ran it.
    pub engine: Engine,
    /// The width of the beam.
    pub beam_width: usize,
    /// How many pictures; `CIDEr` depends on the set it is computed over.
    pub images: usize,
    /// BLEU-1.
    pub bleu1: f64,
    /// BLEU-2.
    pub bleu2: f64,
    /// BLEU-3.
    pub bleu3: f64,
    /// BLEU-4.
    pub bleu4: f64,
    /// METEOR with all of its data; absent where that was not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meteor: Option<f64>,
    /// ROUGE-L.
    pub rouge_l: f64,
    /// `CIDEr`-D times 100.
    pub cider: f64,
}

/// Where the model comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The program that made it, with its version.
    pub trainer: String,
    /// The data sets that it learned from.
    pub datasets: Vec<String>,
    /// The weights that its training started from.
    pub weights: String,
    /// The file of the bundle that holds the run's configuration, when it holds one; listed under `files` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
}

impl Manifest {
    /// Reads and checks a manifest: what it returns keeps every bound and contradicts itself nowhere.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let table: toml::Table = text.parse().map_err(|error| syntax(&error))?;
        // Before the rest: a newer format has fields that this one would call unknown.
        match table.get("format_version").and_then(toml::Value::as_integer) {
            None => return Err(ManifestError::Foreign),
            Some(found) if found > i64::from(FORMAT_VERSION) => {
                return Err(ManifestError::NewerFormat { found, supported: FORMAT_VERSION });
            }
            Some(_) => {}
        }
        // From the text again, so that an error names its line.
        let manifest: Self = toml::from_str(text).map_err(|error| syntax(&error))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Writes the manifest, refusing what [`Manifest::from_toml`] would refuse.
    pub fn to_toml(&self) -> Result<String, ManifestError> {
        self.check()?;
        toml::to_string(self).map_err(|error| ManifestError::Syntax(error.to_string()))
    }

    /// What the encoder's output of this name looks like.
    #[must_use]
    pub fn encoder_output(&self, name: &str) -> Option<&TensorSection> {
        self.encoder.outputs.iter().find(|output| output.name == name)
    }
}

/// Whether a name is a file's own, so that joining it to the bundle's folder cannot lead out of it.
pub(crate) fn is_plain_file_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let first = components.next();
    let plain = matches!(first, Some(std::path::Component::Normal(part)) if part == name);
    plain && components.next().is_none() && !name.contains(['/', '\\', '\0']) && name.len() <= 255
}

/// Whether a field is as it is where the file does not have it.
pub(crate) fn is_default<Value: Default + PartialEq>(value: &Value) -> bool {
    *value == Value::default()
}

fn syntax(error: &toml::de::Error) -> ManifestError {
    ManifestError::Syntax(error.to_string().trim_end().to_owned())
}

#[cfg(test)]
mod tests;
