//! What an experiment says of the decoder: which there is, of what cells, and how wide.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::encoder::Features;

/// The decoders that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecoderKind {
    /// Looks at the places of the picture anew for each word (Xu et al. 2015, "Show, Attend and Tell").
    #[default]
    Attend,
    /// Sees one vector of the picture before the first word, in the cells that hold the words too (Vinyals et al. 2015, "Show
    /// and Tell").
    Inject,
    /// Keeps the picture out of the cells: one vector of it meets what they say in a dense layer before each word (Tanti et
    /// al. 2018, "Where to put the Image in an Image Caption Generator").
    Merge,
}

/// Cells that remember the words so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// Long short-term memory (Hochreiter and Schmidhuber 1997; with a forget gate, Gers et al. 2000).
    #[default]
    Lstm,
    /// Gated recurrent units (Cho et al. 2014), the reset gate after the product, as libtorch has it.
    Gru,
}

/// How the picture comes into the cells of [`DecoderKind::Inject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageInput {
    /// As a word before the first one.
    FirstInput,
    /// As what the cells start from.
    InitialState,
}

/// Words' vectors that were learnt elsewhere: a text file of `GloVe` (Pennington et al. 2014) or fastText (Bojanowski et al. 2017).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordVectors {
    /// The file, below the folder of the data sets.
    pub file: PathBuf,
    /// Whether they go on learning. If not, words that the file lacks keep the random vectors that they got.
    pub tuned: bool,
}

/// Which decoder a model has, and the widths of its layers in units of one number each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderChoice {
    /// The decoder.
    #[serde(default)]
    pub kind: DecoderKind,
    /// Its cells.
    #[serde(default)]
    pub cell: CellKind,
    /// Layers of cells, each of which reads the one before; 1 to [`DecoderChoice::MAXIMUM_LAYERS`].
    #[serde(default = "one")]
    pub layers: usize,
    /// Of [`DecoderKind::Inject`] alone; without it, [`ImageInput::FirstInput`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageInput>,
    /// Of the projected features, at each place or of the whole picture.
    pub feature_size: i64,
    /// Of a word's vector, which is also its row of output weights.
    pub embedding_size: i64,
    /// Of the state of each layer of cells.
    pub hidden_size: i64,
    /// Of the space in which places and the state are compared: of [`DecoderKind::Attend`] alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attention_size: i64,
    /// What words' vectors start from; without it, random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_vectors: Option<WordVectors>,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(size: &i64) -> bool {
    *size == 0
}

impl DecoderKind {
    /// What it gets of a picture.
    #[must_use]
    pub fn features(self) -> Features {
        if self == Self::Attend { Features::Spatial } else { Features::Global }
    }

    /// The name that an experiment has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Attend => "attend",
            Self::Inject => "inject",
            Self::Merge => "merge",
        }
    }
}

impl CellKind {
    /// Gates of a cell, the candidate among them.
    #[must_use]
    pub fn gates(self) -> usize {
        if self == Self::Lstm { 4 } else { 3 }
    }

    /// Tensors that it remembers: hidden state, and the memory of an LSTM.
    #[must_use]
    pub fn states(self) -> &'static [&'static str] {
        if self == Self::Lstm { &["hidden", "cell"] } else { &["hidden"] }
    }
}

impl DecoderChoice {
    /// Each layer costs time at every word.
    pub const MAXIMUM_LAYERS: usize = 4;

    /// How the picture comes into the cells of [`DecoderKind::Inject`].
    #[must_use]
    pub fn image(&self) -> ImageInput {
        self.image.unwrap_or(ImageInput::FirstInput)
    }
}

/// What the tensors and weights of a layer of cells are called: `name` in the first, `name_2` in the second, and so on.
#[must_use]
pub fn of_layer(name: &str, layer: usize) -> String {
    if layer == 0 { name.to_owned() } else { format!("{name}_{}", layer + 1) }
}
