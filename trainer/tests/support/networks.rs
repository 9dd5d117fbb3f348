//! What tests of every network have in common: the engines that run it, and random weights that let pictures through.

use std::path::PathBuf;

use descry_models::EngineChoice;
use descry_trainer::encoder::Architecture;

/// Both engines; ONNX Runtime must be there.
pub(crate) fn engines() -> [EngineChoice; 2] {
    let library = std::env::var_os("DESCRY_ONNXRUNTIME").map(PathBuf::from);
    assert!(library.is_some(), "DESCRY_ONNXRUNTIME must name libonnxruntime.so: this test runs both engines");
    [EngineChoice::Tract, EngineChoice::OnnxRuntime { library }]
}

/// What an encoder's random weights are multiplied by, so that pictures are neither lost on the way nor drowned in what
/// grows block by block.
pub(crate) fn weight_factor(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::MobileNetV2
        | Architecture::EfficientNetLite0
        | Architecture::EfficientNetLite1
        | Architecture::EfficientNetLite2 => 0.9,
        Architecture::Resnet50 => 0.8,
        Architecture::InceptionV3 | Architecture::Vgg16 => 1.0,
    }
}
