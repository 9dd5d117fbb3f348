//! How a stage varies its pictures: what always happens to a photograph, and what happens to those that blind people take.

use serde::{Deserialize, Serialize};

/// How a training picture is varied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Probability of a mirror image, where no caption of the picture speaks of left or right.
    pub flip: f64,
    /// Smallest share of the area that a crop keeps. 1 keeps the whole picture.
    pub minimum_area: f64,
    /// Largest relative change of brightness and contrast.
    pub colour: f64,
    /// Out of focus or shaken. Its strength is the largest radius, as a share of the picture's shorter side: up to 0.1.
    #[serde(default, skip_serializing_if = "Fault::is_never")]
    pub blur: Fault,
    /// Taken in the dark, with the noise that this brings. Its strength is the largest share of the light that is lost:
    /// up to 0.95.
    #[serde(default, skip_serializing_if = "Fault::is_never")]
    pub dark: Fault,
    /// Held askew. Its strength is the largest angle in degrees: up to 45.
    #[serde(default, skip_serializing_if = "Fault::is_never")]
    pub tilt: Fault,
    /// Partly covered by a finger. Its strength is the largest share of the picture that is covered: up to 0.5.
    #[serde(default, skip_serializing_if = "Fault::is_never")]
    pub cover: Fault,
}

/// Something that is wrong with some pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The share of pictures that have it.
    pub probability: f64,
    /// How bad it is at worst, in the unit of its kind; each picture draws from half of this to all of it.
    pub strength: f64,
}

impl Fault {
    /// Whether no picture has it.
    #[must_use]
    pub fn is_never(&self) -> bool {
        self.probability <= 0.0
    }
}

impl Augmentation {
    /// Pictures as they are.
    pub const NONE: Self = Self {
        flip: 0.0,
        minimum_area: 1.0,
        colour: 0.0,
        blur: Fault { probability: 0.0, strength: 0.0 },
        dark: Fault { probability: 0.0, strength: 0.0 },
        tilt: Fault { probability: 0.0, strength: 0.0 },
        cover: Fault { probability: 0.0, strength: 0.0 },
    };

    /// Whether any picture has something wrong with it.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        [self.blur, self.dark, self.tilt, self.cover].iter().any(|fault| !fault.is_never())
    }
}
