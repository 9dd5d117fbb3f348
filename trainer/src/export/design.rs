//! What the export needs of an experiment, whatever else there is in it: which networks there are, and how they are fed.

use descry_models::manifest::Preprocessing;
use serde::Deserialize;

use crate::encoder::{Description, EncoderChoice};
use crate::experiment::{CellKind, DecoderKind, ImageInput, of_layer};

/// The part of a run's experiment that a bundle depends on.
#[derive(Debug, Clone, Deserialize)]
pub struct Design {
    /// The model's name.
    pub name: String,
    /// Captions are cut after so many words.
    pub maximum_words: usize,
    /// What was learnt from.
    pub datasets: Vec<Dataset>,
    /// How pictures come to the encoder, where it is not as the encoder's weights want it.
    #[serde(default)]
    pub preprocessing: Option<Preprocessing>,
    /// The network that sees.
    #[serde(default)]
    pub encoder: EncoderChoice,
    /// The network that speaks.
    #[serde(default)]
    pub decoder: Decoder,
}

/// A data set.
#[derive(Debug, Clone, Deserialize)]
pub struct Dataset {
    /// Its folder.
    pub directory: String,
}

/// Which decoder; its sizes are found in the weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Decoder {
    /// The decoder.
    pub kind: DecoderKind,
    /// Its cells.
    pub cell: CellKind,
    /// Layers of cells.
    pub layers: usize,
    /// How the picture comes into the cells of `inject`.
    pub image: Option<ImageInput>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { kind: DecoderKind::default(), cell: CellKind::default(), layers: 1, image: None }
    }
}

impl Design {
    /// How pictures come to the encoder.
    #[must_use]
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing.clone().unwrap_or_else(|| self.encoder.preprocessing())
    }

    /// Pixels across and down.
    #[must_use]
    pub fn side(&self) -> usize {
        self.preprocessing().width as usize
    }

    /// The encoder's layers.
    #[must_use]
    pub fn description(&self) -> Description {
        self.encoder.description(self.decoder.kind.features())
    }

    /// Names of the tensors that the encoder gives and the decoder reads at each word, with their shapes.
    #[must_use]
    pub fn context(&self, sizes: &super::sizes::Sizes) -> Vec<(&'static str, Vec<usize>)> {
        match self.decoder.kind {
            DecoderKind::Attend => vec![
                ("features", vec![1, sizes.places, sizes.feature]),
                ("keys", vec![1, sizes.places, sizes.attention]),
            ],
            DecoderKind::Inject => Vec::new(),
            DecoderKind::Merge => vec![("image", vec![1, sizes.embedding])],
        }
    }

    /// Names of the tensors that the cells remember, layer by layer: `hidden`, `cell`, `hidden_2`, …
    #[must_use]
    pub fn states(&self) -> Vec<String> {
        let of_cell =
            |layer: usize| self.decoder.cell.states().iter().map(move |state| of_layer(state, layer));
        (0..self.decoder.layers).flat_map(of_cell).collect()
    }
}
