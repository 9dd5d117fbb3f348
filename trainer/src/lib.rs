//! What makes Descry's caption models and says how good they are: data sets, training, export, metrics, evaluation. The
//! command `descry-trainer` is a thin layer over it.

pub mod calibrate;
pub mod caption;
#[cfg(feature = "torch")]
pub mod checkpoint;
pub mod cli;
#[cfg(feature = "torch")]
pub mod corpus;
pub mod dataset;
#[cfg(feature = "torch")]
pub mod decoder;
pub mod encoder;
pub mod evaluate;
pub mod experiment;
pub mod export;
pub mod import;
pub mod metrics;
#[cfg(feature = "torch")]
pub mod model;
pub mod onnx;
pub mod picture;
#[cfg(feature = "torch")]
pub mod prepare;
pub mod progress;
pub mod quantise;
pub mod seal;
pub mod show;
#[cfg(feature = "torch")]
pub mod train;
pub mod vocabulary;
#[cfg(feature = "torch")]
pub mod word_vectors;
