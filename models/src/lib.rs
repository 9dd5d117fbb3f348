//! What a Descry caption model *is* on disk, and the engines that run it: the contract between trainer and daemon.
//!
//! # On disk
//!
//! A model is a folder, called a bundle:
//!
//! | file | what it is |
//! |---|---|
//! | `manifest.toml` | what all the rest is; see [`manifest::Manifest`] for each field |
//! | `encoder.onnx` | runs once for a picture: f32 pixels `[1, 3, height, width]` to any number of f32 tensors `[1, …]` |
//! | `decoder.onnx` | runs once for a word: i64 tokens `[rows]`, the context and the state, to f32 logits `[rows, vocabulary]` and the next state |
//! | `vocabulary.txt` | one word a line, the line's number from 0 its token; `<pad>`, `<start>`, `<end>` and `<unk>` are lines like others |
//! | `tags.txt` | what the encoder's classes are called, where it has such an output; see [`TagNames`] |
//! | `golden.json` | captions of the shipped pictures, which every engine must give |
//! | `CARD.md` | for people: where data and weights come from, what the model knows, what it scores |
//!
//! [`Bundle::open`] reads the manifest, then every file that it lists, and compares size and SHA-256 before anything is
//! looked into. Missing, truncated, altered and foreign files are each a [`BundleError`] of their own.
//!
//! # Through a model
//!
//! ```text
//! RgbImage u8 [height, width, 3], upright, sRGB
//!   preprocess::pixels      squeezed to the manifest's size, (pixel - mean) / scale
//! Pixels f32 [1, 3, height, width]
//!   Network::encode
//! Encoded f32             the manifest's encoder.outputs, once for a picture
//!   Network::start, Network::step*     one row for each sentence of the beam
//! Step f32 [rows, vocabulary]          logits, before any softmax, nothing masked
//!   evidence               what the picture speaks for, by the manifest's [evidence]: a bias for each word
//!   decode::beam_search     log-softmax with that bias; never says <pad>, <start>, <unk>; normalised by length
//! Hypothesis              tokens without <start> and <end>, best first
//!   calibration::confidence  the search's own numbers, by the manifest's [calibration]
//!   Vocabulary::text
//! Caption                 text, alternatives, confidence in 0..=1, words with their probabilities, tags
//! ```
//!
//! [`Captioner`] is all of it in one call. Tags are made of the encoder's output that the manifest's `[tags]` names.
//! The rows of a [`State`] and the tokens of a step go together; the encoder's
//! outputs that the manifest calls context go into each step as they are, with batch 1, and the graph broadcasts them.
//! The state before the first word is the encoder's output of the same name, repeated for each row.
//!
//! # What is guaranteed
//!
//! - No byte of a bundle is used unless its manifest records it; no bytes lead to a panic.
//! - A network is held to the manifest when it is opened, and each answer to its shape and to finite numbers: a model
//!   that is not what its manifest says ends in a [`NetworkError`], never in a caption.
//! - The same bundle, picture, engine and options give the same caption.
//!
//! # What is not
//!
//! - The manifest is not signed: who can replace all files of a bundle can replace the model.
//! - Engines round differently: two of them may part where two words are all but equally likely.
//! - A confidence is calibrated only where the manifest has a `[calibration]`, and for pictures like those of its fit.
//!
//! # Features
//!
//! `tract` (default) compiles an engine in; `onnxruntime` (default) loads Microsoft's library when it is first used.

pub mod bundle;
pub mod calibration;
pub mod caption;
pub mod captioner;
pub mod decode;
pub mod environment;
mod error;
pub mod evidence;
pub mod manifest;
pub mod network;
pub mod preprocess;
mod side_by_side;
pub mod tags;
pub mod vocabulary;

pub use bundle::{Bundle, sha256_hex};
pub use calibration::Calibration;
pub use caption::{Band, Caption, Confidence};
pub use captioner::{CaptionOptions, Captioner};
pub use decode::{Decoding, Diversity, Doubt, Hypothesis};
pub use error::{
    BundleError, CaptionError, DecodeError, ManifestError, NetworkError, PreprocessError, TagNamesError,
    VocabularyError,
};
pub use manifest::Manifest;
pub use network::{
    Arithmetic, Device, DeviceChoice, Encoded, Engine, EngineChoice, Network, NotUsed, Notice, Opening,
    State, Step, Tensor, UnknownDevice, UnknownEngine, open_network, open_network_as,
};
pub use preprocess::Pixels;
pub use tags::{Tag, TagNames};
pub use vocabulary::{SpecialTokens, TokenId, Vocabulary};
