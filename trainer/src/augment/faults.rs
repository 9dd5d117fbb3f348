//! What is wrong with pictures that blind people take: blurred, dark, held askew, a finger before the lens.
//!
//! (Gurari et al. 2020, "Captioning Images Taken by People Who Are Blind", counts them.) Each fault draws how bad it is
//! between half of its strength and all of it.

use image::imageops;
use image::{Rgb, RgbImage};
use rand::RngExt;
use rand::rngs::SmallRng;

use crate::experiment::{Augmentation, Fault};

/// The picture's longer side while faults are made: they are slow in large pictures, and the network sees small ones.
const WORKING: u32 = 512;
/// Largest noise of a picture without any light, in grey levels.
const NOISE: f32 = 24.0;
/// What a finger looks like: dark to light skin, out of focus.
const FINGERS: [[f32; 3]; 2] = [[40.0, 24.0, 20.0], [214.0, 150.0, 130.0]];

/// The picture with the faults that befall it.
pub(super) fn befall(picture: RgbImage, augmentation: &Augmentation, random: &mut SmallRng) -> RgbImage {
    if !augmentation.has_faults() {
        return picture;
    }
    let mut picture = shrunk(picture);
    let mut drawn = |fault: Fault| {
        let strikes = !fault.is_never() && random.random_bool(fault.probability);
        strikes.then(|| fault.strength * random.random_range(0.5..=1.0))
    };
    let [tilt, cover, blur, dark] =
        [augmentation.tilt, augmentation.cover, augmentation.blur, augmentation.dark].map(&mut drawn);
    if let Some(degrees) = tilt {
        let side = if random.random_bool(0.5) { 1.0 } else { -1.0 };
        picture = tilted(&picture, side * degrees.to_radians());
    }
    if let Some(share) = cover {
        covered(&mut picture, share, random);
    }
    if let Some(share) = blur {
        let radius = share * f64::from(picture.width().min(picture.height()));
        picture = if random.random_bool(0.5) {
            imageops::fast_blur(&picture, radius as f32)
        } else {
            shaken(&picture, radius * 2.0, random.random_range(0.0..std::f64::consts::PI))
        };
    }
    if let Some(share) = dark {
        darkened(&mut picture, share as f32, random);
    }
    picture
}

fn shrunk(picture: RgbImage) -> RgbImage {
    let longer = picture.width().max(picture.height());
    if longer <= WORKING {
        return picture;
    }
    let side = |length: u32| (length * WORKING / longer).max(1);
    imageops::thumbnail(&picture, side(picture.width()), side(picture.height()))
}

/// Turned about its middle, and enlarged so that no corner is empty: what a camera that is held askew sees.
fn tilted(picture: &RgbImage, angle: f64) -> RgbImage {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let (sine, cosine) = angle.sin_cos();
    let fits = (width * cosine.abs() + height * sine.abs()) / width;
    let scale = 1.0 / fits.max((width * sine.abs() + height * cosine.abs()) / height);
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (x, y) = (f64::from(x) + 0.5 - width / 2.0, f64::from(y) + 0.5 - height / 2.0);
        let across = (x * cosine - y * sine) * scale + width / 2.0 - 0.5;
        let down = (x * sine + y * cosine) * scale + height / 2.0 - 0.5;
        between(picture, across, down)
    })
}

/// The colour at a place between pixels.
fn between(picture: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let (x, y) = (x.clamp(0.0, f64::from(right)), y.clamp(0.0, f64::from(bottom)));
    let (left, top) = (x as u32, y as u32);
    let (across, down) = (x - f64::from(left), y - f64::from(top));
    let corner = |x: u32, y: u32| picture.get_pixel(x.min(right), y.min(bottom)).0;
    let corners =
        [corner(left, top), corner(left + 1, top), corner(left, top + 1), corner(left + 1, top + 1)];
    let shares = [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down];
    Rgb(std::array::from_fn(|channel| {
        let mixed = corners.iter().zip(shares).map(|(corner, share)| f64::from(corner[channel]) * share);
        mixed.sum::<f64>().round() as u8
    }))
}

/// A finger reaches in from an edge: half an ellipse with a soft rim that covers about `share` of the picture.
fn covered(picture: &mut RgbImage, share: f64, random: &mut SmallRng) {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let edge = random.random_range(0..4);
    let along: f64 = random.random_range(0.0..=1.0);
    let (x, y) = match edge {
        0 => (along * width, 0.0),
        1 => (along * width, height),
        2 => (0.0, along * height),
        _ => (width, along * height),
    };
    // Half of an ellipse: its area is pi * a * b / 2. It reaches further in than it is wide, or the other way round.
    let slender: f64 = random.random_range(0.6..=1.6);
    let radius = (2.0 * share * width * height / std::f64::consts::PI).sqrt();
    let (across, down) = (radius * slender.sqrt(), radius / slender.sqrt());
    let light: f32 = random.random_range(0.0..=1.0);
    let colour: [f32; 3] = std::array::from_fn(|channel| {
        FINGERS[0][channel] + light * (FINGERS[1][channel] - FINGERS[0][channel])
    });
    for (column, row, pixel) in picture.enumerate_pixels_mut() {
        let (to_side, to_top) = ((f64::from(column) - x) / across, (f64::from(row) - y) / down);
        let distance = to_side.hypot(to_top);
        // Far too near to be sharp: its rim is half as wide as its radius.
        let opacity = ((1.25 - distance) / 0.5).clamp(0.0, 1.0) as f32;
        for (value, finger) in pixel.0.iter_mut().zip(colour) {
            *value = (f32::from(*value) * (1.0 - opacity) + finger * opacity).round() as u8;
        }
    }
}

/// Moved along a line of `length` pixels while the shutter was open.
fn shaken(picture: &RgbImage, length: f64, angle: f64) -> RgbImage {
    let steps = (length.ceil() as u32).clamp(2, 64);
    let (sine, cosine) = angle.sin_cos();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let mut sums = [0u32; 3];
        for step in 0..steps {
            let at = (f64::from(step) / f64::from(steps - 1) - 0.5) * length;
            let moved = between(picture, f64::from(x) + at * cosine, f64::from(y) + at * sine);
            for (sum, value) in sums.iter_mut().zip(moved.0) {
                *sum += u32::from(value);
            }
        }
        Rgb(sums.map(|sum| (sum / steps) as u8))
    })
}

/// With less light, and with the noise that a sensor then shows.
fn darkened(picture: &mut RgbImage, lost: f32, random: &mut SmallRng) {
    for value in picture.iter_mut() {
        let noise = random.random_range(-NOISE..=NOISE) * lost;
        *value =
            (f32::from(*value) * (1.0 - lost) + noise * (1.0 - lost).sqrt()).round().clamp(0.0, 255.0) as u8;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn only(kind: &str, strength: f64) -> Augmentation {
        let fault = Fault { probability: 1.0, strength };
        let mut augmentation = Augmentation::NONE;
        match kind {
            "blur" => augmentation.blur = fault,
            "dark" => augmentation.dark = fault,
            "tilt" => augmentation.tilt = fault,
            _ => augmentation.cover = fault,
        }
        augmentation
    }

    /// Stripes of white and black, four pixels wide.
    fn striped() -> RgbImage {
        RgbImage::from_fn(64, 48, |x, _| Rgb([if x / 4 % 2 == 0 { 255 } else { 0 }; 3]))
    }

    fn mean(picture: &RgbImage) -> f64 {
        picture.iter().map(|value| f64::from(*value)).sum::<f64>() / picture.as_raw().len() as f64
    }

    /// How much neighbours differ from left to right: little in a blurred picture.
    fn contrast(picture: &RgbImage) -> f64 {
        let pairs = picture.rows().flat_map(|row| {
            let row: Vec<f64> = row.map(|pixel| f64::from(pixel.0[0])).collect();
            row.windows(2).map(|pair| (pair[0] - pair[1]).abs()).collect::<Vec<_>>()
        });
        pairs.sum::<f64>()
    }

    #[test]
    fn each_fault_does_what_it_says() {
        let picture = striped();
        for seed in 0..10 {
            let befallen = |kind: &str, strength| {
                befall(picture.clone(), &only(kind, strength), &mut SmallRng::seed_from_u64(seed))
            };
            let dark = mean(&befallen("dark", 0.8)) / mean(&picture);
            assert!((0.15..0.75).contains(&dark), "seed {seed}: {dark} of the light is left");
            let grey = RgbImage::from_pixel(60, 60, Rgb([250; 3]));
            let covered = befall(grey, &only("cover", 0.3), &mut SmallRng::seed_from_u64(seed));
            let hidden = covered.pixels().filter(|pixel| pixel.0[2] < 200).count() as f64 / 3600.0;
            assert!((0.06..0.36).contains(&hidden), "seed {seed}: {hidden} is covered");
            let tilted = befallen("tilt", 30.0);
            assert_ne!(tilted, picture, "seed {seed}");
            assert_eq!(tilted.dimensions(), picture.dimensions());
            let blurred = befallen("blur", 0.1);
            assert_ne!(blurred, picture, "seed {seed}");
            assert!(contrast(&blurred) < contrast(&picture) * 1.01, "seed {seed}");
        }
    }

    #[test]
    fn a_tilt_leaves_no_empty_corner() {
        let white = RgbImage::from_pixel(40, 30, Rgb([255; 3]));
        assert_eq!(tilted(&white, 0.5), white);
    }

    #[test]
    fn one_pixel_survives_everything() {
        let every = Fault { probability: 1.0, strength: 0.1 };
        let augmentation =
            Augmentation { blur: every, dark: every, tilt: every, cover: every, ..Augmentation::NONE };
        for size in [(1, 1), (1, 9), (700, 1)] {
            let picture = RgbImage::from_pixel(size.0, size.1, Rgb([9; 3]));
            let _ = befall(picture, &augmentation, &mut SmallRng::seed_from_u64(3));
        }
    }
}
