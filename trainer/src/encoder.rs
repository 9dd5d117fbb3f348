//! Encoders: networks that turn pixels into features at places of the picture, or of all of it.
//!
//! Each is one [`Description`], a list of layers, and everything else is derived from that: the module that learns
//! (`network`), the graph that is exported ([`crate::export::encoder`]), the names under which torchvision publishes
//! weights, and the groups that are fine-tuned or left alone.

use serde::{Deserialize, Serialize};

use descry_models::manifest::{Preprocessing, Resize};

pub mod description;
mod efficientnet_lite;
mod inception_v3;
mod inverted_residual;
mod mobilenet_v2;
#[cfg(feature = "torch")]
pub mod network;
#[cfg(feature = "torch")]
pub mod pickled;
#[cfg(feature = "torch")]
pub mod pretrained;
mod resnet50;
#[cfg(feature = "torch")]
pub mod rounding;
mod vgg16;

pub use description::Description;

use efficientnet_lite::Scale;

/// Means and deviations of `ImageNet`'s channels, by which torchvision's weights want pictures normalised.
const IMAGENET: ([f32; 3], [f32; 3]) = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]);
/// What takes 0..=255 nearly to -1..=1, as EfficientNet-Lite learned to see.
const NEARLY_CENTRED: ([f32; 3], [f32; 3]) = ([127.0; 3], [128.0; 3]);
/// What takes 0..=255 to -1..=1.
const CENTRED: ([f32; 3], [f32; 3]) = ([127.5; 3], [127.5; 3]);

/// The networks that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// `MobileNetV2` 1.0 (Sandler et al. 2018): 2.2 million weights, 1280 channels, 7 x 7 places at 224.
    #[default]
    #[serde(rename = "mobilenet_v2")]
    MobileNetV2,
    /// ResNet-50 (He et al. 2016, with torchvision's stride on the 3 x 3 convolution): 23.5 million weights, 2048 channels,
    /// 7 x 7 places at 224.
    Resnet50,
    /// Inception v3 (Szegedy et al. 2016): 21.8 million weights, 2048 channels, 8 x 8 places at 299.
    InceptionV3,
    /// EfficientNet-Lite 0 (Tan and Le 2019): 3.3 million weights, 1280 channels, 7 x 7 places at 224.
    #[serde(rename = "efficientnet_lite0")]
    EfficientNetLite0,
    /// EfficientNet-Lite 1, deeper: 4.1 million weights.
    #[serde(rename = "efficientnet_lite1")]
    EfficientNetLite1,
    /// EfficientNet-Lite 2, deeper and wider: 4.8 million weights.
    #[serde(rename = "efficientnet_lite2")]
    EfficientNetLite2,
    /// VGG-16 (Simonyan and Zisserman 2015): 14.7 million weights without the classifier, 512 channels, 14 x 14 places at 224,
    /// those before the last pooling, as Xu et al. (2015) look at them.
    Vgg16,
}

/// Whose padding the weights were trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaddingStyle {
    /// SAME: where a side cannot be padded evenly, the bottom and the right get one more than the top and the left.
    TensorFlow,
    /// Even on all sides, whatever the stride.
    Torchvision,
}

/// Which encoder a model has; without one in an experiment, `MobileNetV2` as the shared weights want it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderChoice {
    /// The network.
    #[serde(default)]
    pub architecture: Architecture,
    /// Of `MobileNetV2` alone, whose weights there are for both: `tensorflow` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding: Option<PaddingStyle>,
    /// Share of the channels that each layer has of those published, above 0 and up to 1. Pretrained weights have all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Groups of layers that learn in a stage whose `encoder_learning_rate` is above 0; without it, all. The others stay as
    /// they came. Names as [`Description::groups`] gives them, such as `layer4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine_tuned: Option<Vec<String>>,
}

/// What the decoder gets of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Features {
    /// A vector for each place.
    Spatial,
    /// One vector: the mean of all places.
    Global,
}

impl Architecture {
    /// Every network, in the order of their documentation.
    pub const ALL: [Self; 7] = [
        Self::MobileNetV2,
        Self::Resnet50,
        Self::InceptionV3,
        Self::EfficientNetLite0,
        Self::EfficientNetLite1,
        Self::EfficientNetLite2,
        Self::Vgg16,
    ];

    /// The name that an experiment has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MobileNetV2 => "mobilenet_v2",
            Self::Resnet50 => "resnet50",
            Self::InceptionV3 => "inception_v3",
            Self::EfficientNetLite0 => "efficientnet_lite0",
            Self::EfficientNetLite1 => "efficientnet_lite1",
            Self::EfficientNetLite2 => "efficientnet_lite2",
            Self::Vgg16 => "vgg16",
        }
    }

    /// The smallest side of a picture that leaves a place to look at.
    #[must_use]
    pub fn minimum_side(self) -> u32 {
        if self == Self::InceptionV3 { 75 } else { 32 }
    }
}

impl EncoderChoice {
    /// The padding that holds, of `MobileNetV2`.
    #[must_use]
    pub fn padding(&self) -> PaddingStyle {
        self.padding.unwrap_or(PaddingStyle::TensorFlow)
    }

    /// The network's layers. `features` matters to [`Architecture::Vgg16`], whose last pooling only the global vector sees.
    #[must_use]
    pub fn description(&self, features: Features) -> Description {
        let width = self.width.unwrap_or(1.0);
        match self.architecture {
            Architecture::MobileNetV2 => mobilenet_v2::description(width, self.padding()),
            Architecture::Resnet50 => resnet50::description(width),
            Architecture::InceptionV3 => inception_v3::description(width),
            Architecture::EfficientNetLite0 => efficientnet_lite::description(Scale::LITE_0, width),
            Architecture::EfficientNetLite1 => efficientnet_lite::description(Scale::LITE_1, width),
            Architecture::EfficientNetLite2 => efficientnet_lite::description(Scale::LITE_2, width),
            Architecture::Vgg16 => vgg16::description(width, features),
        }
    }

    /// How its pretrained weights want pictures: 224 x 224 with `ImageNet`'s mean and deviation; -1..=1 for
    /// `TensorFlow`'s `MobileNetV2`, and for Inception v3, which sees 299 x 299. (torchvision's Inception takes pictures
    /// normalised the other way and makes them -1..=1 itself, by its `transform_input`.)
    #[must_use]
    pub fn preprocessing(&self) -> Preprocessing {
        let (side, (mean, scale)) = match self.architecture {
            Architecture::MobileNetV2 if self.padding() == PaddingStyle::TensorFlow => (224, CENTRED),
            Architecture::MobileNetV2 | Architecture::Resnet50 | Architecture::Vgg16 => (224, IMAGENET),
            Architecture::InceptionV3 => (299, CENTRED),
            // Its larger ones were trained on larger pictures; 224 is what the data sets here have.
            Architecture::EfficientNetLite0
            | Architecture::EfficientNetLite1
            | Architecture::EfficientNetLite2 => (224, NEARLY_CENTRED),
        };
        Preprocessing { width: side, height: side, resize: Resize::Squeeze, mean, scale }
    }
}
