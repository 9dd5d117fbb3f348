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
#[cfg(feature = "torch")]
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

/// How every model of this trainer sees a picture: squeezed to 224 x 224, RGB in -1..=1, as the shared `MobileNetV2` does.
#[must_use]
pub fn preprocessing() -> descry_models::manifest::Preprocessing {
    descry_models::manifest::Preprocessing {
        width: 224,
        height: 224,
        resize: descry_models::manifest::Resize::Squeeze,
        mean: [127.5; 3],
        scale: [127.5; 3],
    }
}
