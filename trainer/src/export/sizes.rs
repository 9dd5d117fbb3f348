//! The sizes of a model, found in its weights: nothing has to be told, and nothing can be told wrongly.

use super::design::Design;
use super::weights::{Weights, WeightsError};
use crate::experiment::{DecoderKind, ImageInput};

/// The decoder's table of words' vectors, which also gives the logits.
pub const TABLE: &str = "decoder.embedding.weight";

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Places of a picture that the decoder looks at; 1 where it gets one vector.
    pub places: usize,
    /// Numbers that describe a place, or the picture.
    pub feature: usize,
    /// Numbers by which a place and the state are compared; 0 without attention.
    pub attention: usize,
    /// Numbers of a state of the cells.
    pub hidden: usize,
    /// Numbers of a word's vector.
    pub embedding: usize,
    /// Words.
    pub vocabulary: usize,
}

impl Sizes {
    /// Reads them off the weights of a model of this design.
    pub fn of(weights: &Weights, design: &Design) -> Result<Self, WeightsError> {
        let feature = weights.matrix("decoder.feature_projection.weight", None, None)?.nrows();
        let (vocabulary, embedding) = weights.matrix(TABLE, None, None)?.dim();
        let looks = design.decoder.kind == DecoderKind::Attend;
        let attention =
            if looks { weights.matrix("decoder.key.weight", None, Some(feature))?.nrows() } else { 0 };
        let [rows, columns] = design.description().places(design.side());
        Ok(Self {
            places: if looks { rows * columns } else { 1 },
            feature,
            attention,
            hidden: weights.matrix("decoder.cell.weight_hidden", None, None)?.ncols(),
            embedding,
            vocabulary,
        })
    }

    /// Numbers of the picture in what the first layer of cells reads beside a word.
    #[must_use]
    pub fn seen(&self, design: &Design) -> usize {
        if design.decoder.kind == DecoderKind::Attend { self.feature } else { 0 }
    }

    /// Numbers of the picture in what the dense layer before the logits reads beside the hidden state.
    #[must_use]
    pub fn beside(&self, design: &Design) -> usize {
        if design.decoder.kind == DecoderKind::Inject { 0 } else { self.feature }
    }
}

impl Design {
    /// Whether the picture is the first input of the cells, rather than what they start from.
    #[must_use]
    pub fn first_input(&self) -> bool {
        self.decoder.kind == DecoderKind::Inject && self.decoder.image != Some(ImageInput::InitialState)
    }
}
