//! An encoder that sees a picture once and a decoder that is stepped word by word, whatever engine runs them.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{NetworkError, Pixels, TokenId};

#[cfg(any(feature = "tract", feature = "onnxruntime"))]
mod checked;
#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod open;
mod opening;
#[cfg(any(feature = "tract", feature = "onnxruntime"))]
mod signature;
#[cfg(feature = "tract")]
mod tract;

pub use open::{open_network, open_network_as};
pub use opening::{Arithmetic, Device, DeviceChoice, NotUsed, Notice, Opening, UnknownDevice};

/// f32 values in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The axes; their product is the count of the values.
    pub shape: Vec<usize>,
    /// The values, the last axis fastest.
    pub values: Vec<f32>,
}

/// What the encoder saw: its outputs in the order of the manifest's `encoder.outputs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The first axis of each is 1.
    pub tensors: Vec<Tensor>,
}

/// What the decoder remembers of each sentence so far.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// How many sentences.
    pub rows: usize,
    /// In the order of the manifest's `decoder.state`; the first axis of each is `rows`.
    pub tensors: Vec<Tensor>,
}

/// What one more word of each sentence led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `[rows, vocabulary]`, before any softmax; nothing is left out or favoured.
    pub logits: Tensor,
    /// What the next step takes.
    pub state: State,
    /// `[rows, places]`, each row summing to 1, when the model gives it.
    pub attention: Option<Tensor>,
}

impl Tensor {
    /// One row of a tensor whose first axis counts rows; empty outside of it.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.shape.iter().skip(1).product::<usize>();
        row.checked_mul(width).and_then(|from| self.values.get(from..from.checked_add(width)?)).unwrap_or(&[])
    }

    /// The tensor made of these rows of this one, in this order; each must exist.
    #[must_use]
    fn gathered(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|row| self.row(*row)).copied().collect();
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = rows.len();
        }
        Self { shape, values }
    }
}

impl State {
    /// The state of these rows of this one, in this order and as often as they are named.
    ///
    /// Rows that do not exist are left out, so every row must.
    #[must_use]
    pub fn gathered(&self, rows: &[usize]) -> Self {
        Self { rows: rows.len(), tensors: self.tensors.iter().map(|tensor| tensor.gathered(rows)).collect() }
    }
}

/// A caption model that is ready to run.
///
/// Values that come back are finite and of the documented shapes: an implementation checks them, since a network
/// that gives anything else must end in an error and not in a caption.
pub trait Network: Send {
    /// Looks at a picture.
    fn encode(&mut self, pixels: &Pixels) -> Result<Encoded, NetworkError>;

    /// The state before the first word, for this many sentences.
    fn start(&self, encoded: &Encoded, rows: usize) -> Result<State, NetworkError>;

    /// Feeds each sentence's newest word: `tokens` has one for each row of `state`.
    fn step(&mut self, encoded: &Encoded, state: &State, tokens: &[TokenId]) -> Result<Step, NetworkError>;

    /// The engine's name: `tract` or `onnxruntime`; a fake may have its own.
    fn engine(&self) -> &'static str;

    /// Where it runs.
    fn device(&self) -> Device {
        Device::Cpu
    }

    /// What it computes in.
    fn arithmetic(&self) -> Arithmetic {
        Arithmetic::default()
    }

    /// The devices that were tried before, and why they are not used.
    fn not_used(&self) -> &[NotUsed] {
        &[]
    }
}

/// Who runs the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Compiled in: nothing to install.
    Tract,
    /// Microsoft's library, loaded when it is first used: about six times as fast on int8 models.
    OnnxRuntime,
}

impl Engine {
    /// The name as it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tract => "tract",
            Self::OnnxRuntime => "onnxruntime",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no engine has.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is no engine {0:?}; choose auto, tract or onnxruntime")]
pub struct UnknownEngine(pub String);

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        match name {
            "tract" => Ok(Self::Tract),
            "onnxruntime" => Ok(Self::OnnxRuntime),
            other => Err(UnknownEngine(other.to_owned())),
        }
    }
}

/// Which engine is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// ONNX Runtime where its library is found, else tract.
    #[default]
    Auto,
    /// tract.
    Tract,
    /// ONNX Runtime.
    OnnxRuntime {
        /// The library; without one it is looked for in the environment (`DESCRY_ONNXRUNTIME`, then
        /// `ORT_DYLIB_PATH`) and then by its usual names where the system's loader looks.
        library: Option<PathBuf>,
    },
}

impl FromStr for EngineChoice {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        if name == "auto" { Ok(Self::Auto) } else { name.parse().map(Engine::into) }
    }
}

impl From<Engine> for EngineChoice {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Tract => Self::Tract,
            Engine::OnnxRuntime => Self::OnnxRuntime { library: None },
        }
    }
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Tract => Engine::Tract.name(),
            Self::OnnxRuntime { .. } => Engine::OnnxRuntime.name(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
