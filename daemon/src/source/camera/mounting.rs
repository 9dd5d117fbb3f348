//! How a camera is mounted: on its side, upside down, or behind a mirror.

use std::sync::Arc;

use image::{RgbImage, imageops};

/// How a camera is mounted, asked for each picture: the person may change it at any time.
pub type MountingNow = Arc<dyn Fn() -> Mounting + Send + Sync>;

/// What turns a camera's picture upright.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mounting {
    /// By how much it is turned clockwise.
    pub rotation: Rotation,
    /// Whether left and right are exchanged, after it was turned.
    pub is_mirrored: bool,
}

/// Quarters of a turn, clockwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rotation {
    /// It is upright.
    #[default]
    None,
    /// 90 degrees.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees.
    ThreeQuarters,
}

impl Rotation {
    /// The rotation of so many degrees clockwise: 0, 90, 180 or 270.
    #[must_use]
    pub fn from_degrees(degrees: u16) -> Option<Self> {
        match degrees {
            0 => Some(Self::None),
            90 => Some(Self::Quarter),
            180 => Some(Self::Half),
            270 => Some(Self::ThreeQuarters),
            _ => None,
        }
    }
}

impl Mounting {
    /// The picture, upright.
    #[must_use]
    pub fn upright(self, picture: RgbImage) -> RgbImage {
        let mut turned = match self.rotation {
            Rotation::None => picture,
            Rotation::Quarter => imageops::rotate90(&picture),
            Rotation::Half => imageops::rotate180(&picture),
            Rotation::ThreeQuarters => imageops::rotate270(&picture),
        };
        if self.is_mirrored {
            imageops::flip_horizontal_in_place(&mut turned);
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_go_where_they_belong() {
        // 1 2 3
        // 4 5 6
        let picture = RgbImage::from_fn(3, 2, |x, y| image::Rgb([(y * 3 + x + 1) as u8; 3]));
        for (degrees, is_mirrored, width, expected) in [
            (0, false, 3, [1, 2, 3, 4, 5, 6]),
            (90, false, 2, [4, 1, 5, 2, 6, 3]),
            (180, false, 3, [6, 5, 4, 3, 2, 1]),
            (270, false, 2, [3, 6, 2, 5, 1, 4]),
            (0, true, 3, [3, 2, 1, 6, 5, 4]),
            (90, true, 2, [1, 4, 2, 5, 3, 6]),
        ] {
            let rotation = Rotation::from_degrees(degrees).unwrap();
            let upright = Mounting { rotation, is_mirrored }.upright(picture.clone());
            assert_eq!(upright.width(), width, "{degrees} {is_mirrored}");
            let found: Vec<u8> = upright.pixels().map(|pixel| pixel.0[0]).collect();
            assert_eq!(found, expected, "{degrees} {is_mirrored}");
        }
        assert_eq!(Rotation::from_degrees(45), None);
    }
}
