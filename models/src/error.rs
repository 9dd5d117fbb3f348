//! Every way in which a bundle, a network or a decoding can fail, in words that say what to do.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a text is not a manifest that this Descry understands.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The text is not TOML, or a field is missing, unknown or of another type.
    #[error("it does not read as a manifest: {0}")]
    Syntax(String),
    /// The text is TOML, but of something else.
    #[error("it has no format_version, so it is not the manifest of a Descry model")]
    Foreign,
    /// The bundle was made for a newer Descry.
    #[error(
        "it has format version {found} and this Descry reads up to version {supported}; update Descry to use this model"
    )]
    NewerFormat {
        /// The version that the manifest names.
        found: i64,
        /// The newest version that this crate reads: [`crate::manifest::FORMAT_VERSION`].
        supported: u32,
    },
    /// The manifest reads well, but contradicts itself or leaves the bounds that are kept here.
    #[error("{field} {problem}")]
    Invalid {
        /// The field, as a path of TOML keys.
        field: String,
        /// What is wrong with it, beginning with a verb.
        problem: String,
    },
}

/// Why a text is not a vocabulary.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// A line is no word: empty, or with white space or control characters in it.
    #[error("line {line} is not one word")]
    NotAWord {
        /// Counted from 1.
        line: usize,
    },
    /// A word stands there twice, so that its token would not be known.
    #[error("the word {word:?} stands on line {first} and again on line {second}")]
    Repeated {
        /// The word.
        word: String,
        /// Counted from 1.
        first: usize,
        /// Counted from 1.
        second: usize,
    },
    /// One of the four special tokens has no line.
    #[error("the special token {0} is missing")]
    NoSpecialToken(&'static str),
    /// There are more words than any captioner has.
    #[error("it has more than {0} words")]
    TooLarge(usize),
}

/// Why a text does not name the classes of an encoder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TagNamesError {
    /// A line holds an empty name, one with odd characters, a long one, or more names than are taken.
    #[error("line {line} does not hold names with tabs between them")]
    NotNames {
        /// Counted from 1.
        line: usize,
    },
    /// Two names are each said to be a kind of the other.
    #[error("{one:?} and {other:?} are each said to be a kind of the other")]
    Circle {
        /// One name.
        one: String,
        /// The other; the same where it is said to be a kind of itself.
        other: String,
    },
    /// There are more classes than any encoder has.
    #[error("it names more than {0} classes")]
    TooMany(usize),
}

/// Why a folder cannot be used as a model.
///
/// Nothing in a bundle is used before all of it was verified, so there is no partly opened bundle.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BundleError {
    /// There is no such folder.
    #[error("there is no model at {}: the folder does not exist; check the path, or fetch the model again", .directory.display())]
    NoDirectory {
        /// The folder that was asked for.
        directory: PathBuf,
    },
    /// The path names something else than a folder.
    #[error("{} is not a folder; name the folder that holds the model's manifest.toml", .path.display())]
    NotADirectory {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A folder without a manifest.
    #[error("{} holds no manifest.toml, so it is not a model; name the folder that holds it", .directory.display())]
    NoManifest {
        /// The folder that was asked for.
        directory: PathBuf,
    },
    /// The manifest is not one, contradicts itself or is too new.
    #[error("the manifest {} cannot be used: {source}", .file.display())]
    Manifest {
        /// The manifest.
        file: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A file that the manifest lists is not there.
    #[error("{} is missing from the model; fetch the model again", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// A file is something that cannot be read as one: a folder, a device, a pipe.
    #[error("{} is not a regular file; fetch the model again", .file.display())]
    NotAFile {
        /// The file.
        file: PathBuf,
    },
    /// A file is shorter than recorded, as after a broken copy.
    #[error("{} is cut short: it has {found} bytes of {expected}; fetch the model again", .file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Bytes that the manifest records.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A file is longer than recorded.
    #[error("{} was altered: it has {found} bytes where the manifest records {expected}; fetch the model again", .file.display())]
    Lengthened {
        /// The file.
        file: PathBuf,
        /// Bytes that the manifest records.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A file has the right size and other content.
    #[error("{} was altered: its sha256 is {found} where the manifest records {expected}; fetch the model again", .file.display())]
    Altered {
        /// The file.
        file: PathBuf,
        /// The digest that the manifest records, in lower-case hexadecimal digits.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// A file is larger than any file of a bundle may be.
    #[error("{} has {found} bytes; no more than {limit} are read", .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Bytes that are there.
        found: u64,
        /// The bound.
        limit: u64,
    },
    /// The system would not let the file be read.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The vocabulary's file is what the manifest records, but is not a vocabulary.
    #[error("{} is not a vocabulary: {source}", .file.display())]
    Vocabulary {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: VocabularyError,
    },
    /// The file of the tags' names is what the manifest records, but does not hold such names.
    #[error("{} does not name tags: {source}", .file.display())]
    TagNames {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: TagNamesError,
    },
    /// The tags' names and the manifest come from different models.
    #[error("{} does not belong to this manifest: {problem}", .file.display())]
    ForeignTagNames {
        /// The file.
        file: PathBuf,
        /// Where the two disagree.
        problem: String,
    },
    /// The vocabulary and the manifest come from different models.
    #[error("{} does not belong to this manifest: {problem}", .file.display())]
    ForeignVocabulary {
        /// The file.
        file: PathBuf,
        /// Where the two disagree.
        problem: String,
    },
}

/// Why a picture cannot be made into the network's input.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PreprocessError {
    /// A picture without pixels, or with more than are taken.
    #[error(
        "the picture has {width} x {height} pixels; it must have at least one and at most {limit} in all"
    )]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The bound: [`crate::preprocess::MAXIMUM_PIXELS`].
        limit: u64,
    },
    /// The resizing library refused.
    #[error("the picture could not be resized: {0}")]
    Resize(String),
}

/// Why a network cannot be opened or did not answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// This build was made without the engine.
    #[error("this build of Descry does not hold the engine {engine}; choose another engine")]
    NotBuilt {
        /// The engine's name.
        engine: &'static str,
    },
    /// No library of ONNX Runtime was found.
    #[error(
        "ONNX Runtime was not found (looked for {}); install libonnxruntime, name its library in DESCRY_ONNXRUNTIME, or use the engine tract",
        .tried.join(", ")
    )]
    NoLibrary {
        /// What was looked for, in order.
        tried: Vec<String>,
    },
    /// A library was found, but is not an ONNX Runtime that can be used.
    #[error("{} cannot be used as ONNX Runtime: {reason}; name another library in DESCRY_ONNXRUNTIME, or use the engine tract", .library.display())]
    UnusableLibrary {
        /// The library.
        library: PathBuf,
        /// What the loader or the library said.
        reason: String,
    },
    /// A process can hold one ONNX Runtime only, and another one is in use.
    #[error(
        "ONNX Runtime was already loaded from {}, so {} cannot be loaded; start Descry anew to change the library",
        .loaded.display(), .asked.display()
    )]
    OtherLibrary {
        /// The library in use.
        loaded: PathBuf,
        /// The library that was asked for now.
        asked: PathBuf,
    },
    /// The device that was asked for cannot run the model.
    #[error("the model cannot run on {device}: {reason}; set the setting device to auto or cpu")]
    NoDevice {
        /// The device.
        device: crate::Device,
        /// Why.
        reason: String,
    },
    /// The file is not an ONNX model, or not one that the engine can run.
    #[error("{file} is not a model that {engine} can run: {reason}; fetch the model again, or update Descry")]
    Foreign {
        /// The file's name in the bundle.
        file: String,
        /// The engine that refused it.
        engine: &'static str,
        /// What the engine said.
        reason: String,
    },
    /// The ONNX model is not the one that the manifest describes.
    #[error("{file} does not belong to its manifest: {problem}; fetch the model again")]
    Mismatch {
        /// The file's name in the bundle.
        file: String,
        /// Where the two disagree.
        problem: String,
    },
    /// What was given to the network does not fit it: a fault of the caller.
    #[error("the network cannot take this input: {0}")]
    Input(String),
    /// The engine failed while it ran.
    #[error("{engine} failed in the {stage}: {reason}")]
    Run {
        /// The engine.
        engine: &'static str,
        /// "encoder" or "decoder".
        stage: &'static str,
        /// What the engine said.
        reason: String,
    },
    /// The network answered with a tensor of another shape than the manifest says.
    #[error(
        "the {stage} gave {tensor} the shape {found:?} where {expected:?} is due; the model is damaged or foreign"
    )]
    Shape {
        /// "encoder" or "decoder".
        stage: &'static str,
        /// The tensor's name.
        tensor: String,
        /// The shape that is due.
        expected: Vec<usize>,
        /// The shape that came.
        found: Vec<usize>,
    },
    /// The network answered with a value that is no number.
    #[error("the {stage} gave a value in {tensor} that is not a number; the model is damaged or foreign")]
    NotFinite {
        /// "encoder" or "decoder".
        stage: &'static str,
        /// The tensor's name.
        tensor: String,
    },
}

/// Why there is no sentence.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The caller asked for an end.
    #[error("the description was cancelled")]
    Cancelled,
    /// A setting leaves its bounds.
    #[error("{setting} is {found}; it must lie between {minimum} and {maximum}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// What was asked for.
        found: String,
        /// The least allowed.
        minimum: usize,
        /// The most allowed.
        maximum: usize,
    },
    /// The vocabulary has no word to say besides the special tokens.
    #[error("the model's vocabulary holds no word to say besides its special tokens")]
    NoWords,
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// Why a picture has no caption.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptionError {
    /// The model cannot be opened.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The picture cannot be taken.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// The network cannot be opened, or failed on this picture.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The decoding failed, or was cancelled.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl CaptionError {
    /// Whether the caller's own cancel flag ended it, which is no fault.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Decode(DecodeError::Cancelled))
    }
}
