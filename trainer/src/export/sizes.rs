//! The sizes of a model, found in its weights: nothing has to be told, and nothing can be told wrongly.

use super::weights::{Weights, WeightsError};

/// The decoder's table of words' vectors, which also gives the logits.
pub const TABLE: &str = "decoder.embedding.weight";

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Pixels across and down that the encoder takes.
    pub side: usize,
    /// Places of a picture that the decoder looks at: the encoder halves each side five times.
    pub places: usize,
    /// Numbers that describe a place.
    pub feature: usize,
    /// Numbers by which a place and the state are compared.
    pub attention: usize,
    /// Numbers of the LSTM's state.
    pub hidden: usize,
    /// Numbers of a word's vector.
    pub embedding: usize,
    /// Words.
    pub vocabulary: usize,
}

impl Sizes {
    /// Reads them off the weights of a model for square pictures of `side` pixels.
    pub fn of(weights: &Weights, side: usize) -> Result<Self, WeightsError> {
        let across = (0..5).fold(side, |side, _| side.div_ceil(2));
        let feature = weights.matrix("decoder.feature_projection.weight", None, None)?.nrows();
        let (vocabulary, embedding) = weights.matrix(TABLE, None, None)?.dim();
        Ok(Self {
            side,
            places: across * across,
            feature,
            attention: weights.matrix("decoder.key.weight", None, Some(feature))?.nrows(),
            hidden: weights.matrix("decoder.initial_hidden.weight", None, Some(feature))?.nrows(),
            embedding,
            vocabulary,
        })
    }
}
