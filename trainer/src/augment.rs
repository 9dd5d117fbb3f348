//! Varies a training picture, so that an epoch never shows the same one twice: crop, mirror, brightness and contrast, and
//! the faults of pictures that blind people take.

mod faults;
pub mod sheet;

use image::RgbImage;
use image::imageops;
use rand::RngExt;
use rand::rngs::SmallRng;

use crate::experiment::Augmentation;

/// A variation of `picture`. Nothing in `augmentation` may mirror a picture whose captions say left or right: that is
/// `symmetric`.
#[must_use]
pub fn vary(
    picture: &RgbImage,
    augmentation: &Augmentation,
    symmetric: bool,
    random: &mut SmallRng,
) -> RgbImage {
    let area: f64 = random.random_range(augmentation.minimum_area..=1.0);
    // The two sides share the area unevenly, within a quarter.
    let aspect: f64 = random.random_range(0.8..=1.25_f64).sqrt();
    let side = |length: u32, factor: f64| {
        ((f64::from(length) * area.sqrt() * factor).round() as u32).clamp(1, length)
    };
    let (width, height) = (side(picture.width(), aspect), side(picture.height(), 1.0 / aspect));
    let left = random.random_range(0..=picture.width() - width);
    let top = random.random_range(0..=picture.height() - height);
    let mut varied = imageops::crop_imm(picture, left, top, width, height).to_image();
    if symmetric && random.random_bool(augmentation.flip) {
        imageops::flip_horizontal_in_place(&mut varied);
    }
    if augmentation.colour > 0.0 {
        let mut change = || random.random_range(-augmentation.colour..=augmentation.colour) as f32;
        let (contrast, brightness) = (1.0 + change(), 127.5 * change());
        for value in varied.iter_mut() {
            *value =
                ((f32::from(*value) - 127.5) * contrast + 127.5 + brightness).round().clamp(0.0, 255.0) as u8;
        }
    }
    faults::befall(varied, augmentation, random)
}

/// Whether a caption's words hold in the mirror too. A doubtful word, as in "has left the room", counts as one of sides.
#[must_use]
pub fn holds_mirrored(words: &[String]) -> bool {
    !words.iter().flat_map(|word| word.split('-')).any(is_of_a_side)
}

/// `left`, `rightmost`, `lefthanded`, `clockwise` …; what is written in a picture is turned round by a mirror too, and
/// nothing in a caption says so.
fn is_of_a_side(word: &str) -> bool {
    let word = word.to_lowercase();
    let is_side = word.starts_with("left") || word.starts_with("right");
    (is_side && !word.starts_with("leftover")) || word.ends_with("clockwise")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn nothing_asked_nothing_changed() {
        let picture = RgbImage::from_fn(8, 6, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let mut random = SmallRng::seed_from_u64(1);
        let varied = vary(&picture, &Augmentation::NONE, true, &mut random);
        assert!(varied.width() >= 7 && varied.height() >= 5, "the whole picture but for the aspect");
    }

    #[test]
    fn left_stays_left() {
        let picture = RgbImage::from_fn(2, 1, |x, _| image::Rgb([x as u8 * 255; 3]));
        let flip = Augmentation { flip: 1.0, ..Augmentation::NONE };
        for seed in 0..20 {
            let mut random = SmallRng::seed_from_u64(seed);
            let kept = vary(&picture, &flip, false, &mut random);
            assert!(kept.width() == 1 || kept.get_pixel(0, 0).0[0] == 0, "seed {seed}");
            let mut random = SmallRng::seed_from_u64(seed);
            let mirrored = vary(&picture, &flip, true, &mut random);
            assert!(mirrored.width() == 1 || mirrored.get_pixel(0, 0).0[0] == 255, "seed {seed}");
        }
    }

    #[test]
    fn a_seed_says_it_all() {
        let picture = RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8 * 6, y as u8 * 8, 7]));
        let often = |strength| crate::experiment::Fault { probability: 0.5, strength };
        let augmentation = Augmentation {
            flip: 0.5,
            minimum_area: 0.5,
            colour: 0.2,
            blur: often(0.05),
            dark: often(0.8),
            tilt: often(20.0),
            cover: often(0.3),
        };
        let with = |seed| vary(&picture, &augmentation, true, &mut SmallRng::seed_from_u64(seed));
        for seed in 0..10 {
            assert_eq!(with(seed), with(seed));
            assert_ne!(with(seed), with(seed + 1));
        }
    }

    #[test]
    fn words_of_side() {
        for (caption, holds) in [
            ("a dog to the left of a man", false),
            ("the right shoe", false),
            ("a bright dog", true),
            ("a left-handed player", false),
            ("the leftmost of three", false),
            ("a Right-Hand drive car", false),
            ("turned counter-clockwise", false),
            ("leftover pizza on an upright piano", true),
        ] {
            let words: Vec<String> = caption.split(' ').map(str::to_owned).collect();
            assert_eq!(holds_mirrored(&words), holds, "{caption}");
        }
    }
}
