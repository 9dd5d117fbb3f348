//! Moving pictures for tests: composed of the shipped ones, with changes that are known.

use std::path::Path;

use image::{RgbImage, imageops};

/// The size of a camera's picture: small, because the tests are not optimised.
pub(crate) const SIZE: (u32, u32) = (160, 120);

/// A wide picture, of which a camera sees a part.
#[derive(Debug, Clone)]
pub(crate) struct Photo(RgbImage);

/// A shipped picture, by its name without the ending, as high as a camera's.
pub(crate) fn photo(name: &str) -> Photo {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/pictures/{name}.jpg"));
    let picture = image::open(path).unwrap().into_rgb8();
    let scale = f64::max(
        f64::from(SIZE.0) / f64::from(picture.width()),
        f64::from(SIZE.1) / f64::from(picture.height()),
    );
    let size = |pixels: u32, least: u32| ((f64::from(pixels) * scale).ceil() as u32).max(least);
    Photo(imageops::thumbnail(&picture, size(picture.width(), SIZE.0), size(picture.height(), SIZE.1)))
}

impl Photo {
    /// This picture with others to its right.
    pub(crate) fn beside(self, others: &[&str]) -> Self {
        let pictures: Vec<RgbImage> =
            std::iter::once(self.0).chain(others.iter().map(|name| photo(name).0)).collect();
        let width = pictures.iter().map(RgbImage::width).sum();
        let mut all = RgbImage::new(width, SIZE.1);
        let mut at = 0;
        for picture in pictures {
            imageops::replace(&mut all, &picture, at, 0);
            at += i64::from(picture.width());
        }
        Self(all)
    }

    /// What a camera sees that looks this far to the right and down; the picture begins anew at its ends.
    pub(crate) fn at(&self, right: i64, down: i64) -> RgbImage {
        let (width, height) = (self.0.width() as usize, self.0.height() as usize);
        let bytes = self.0.as_raw();
        let start = right.rem_euclid(width as i64) as usize;
        let mut pixels = Vec::with_capacity(SIZE.0 as usize * SIZE.1 as usize * 3);
        for row in 0..SIZE.1 as usize {
            let row = (row as i64 + down).rem_euclid(height as i64) as usize;
            let line = &bytes[row * width * 3..(row + 1) * width * 3];
            pixels.extend(line[start * 3..].iter().chain(line).take(SIZE.0 as usize * 3));
        }
        RgbImage::from_raw(SIZE.0, SIZE.1, pixels).unwrap()
    }
}

/// A picture as it is with this much of its light.
pub(crate) fn lit(mut picture: RgbImage, light: f32) -> RgbImage {
    picture.iter_mut().for_each(|value| *value = (f32::from(*value) * light).clamp(0.0, 255.0) as u8);
    picture
}

/// What a camera sees through a finger on its lens.
pub(crate) fn finger() -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let light = 0.8 + 0.3 * (x + y) as f32 / (SIZE.0 + SIZE.1) as f32;
        image::Rgb([150.0, 95.0, 80.0].map(|level: f32| (level * light) as u8))
    })
}

/// Numbers by chance, the same from the same seed.
#[derive(Debug)]
pub(crate) struct Chance(u32);

impl Chance {
    /// Begins with a seed.
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// The next number, in -1 to 1.
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// A picture with a sensor's noise of this deviation, in levels of 255.
    pub(crate) fn noise(&mut self, picture: &RgbImage, deviation: f32) -> RgbImage {
        let mut picture = picture.clone();
        for value in picture.iter_mut() {
            // Evenly spread numbers with that deviation.
            let noise = self.next() * deviation * 1.732;
            *value = (f32::from(*value) + noise + 0.5) as u8;
        }
        picture
    }
}
