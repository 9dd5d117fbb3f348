//! Makes bad pictures of good ones, and pictures of nothing: what a camera gives in the dark, in motion, behind a finger.

use descry_daemon::quality::Class;
use image::{Rgb, RgbImage, imageops};

use super::chance::Chance;

/// The faults that are made out of a photo.
pub(super) const FAULTS: [Class; 4] = [Class::Dark, Class::Bright, Class::Blurred, Class::Covered];

/// A picture of the class, made of a photo where the class is a fault.
pub(super) fn spoilt(photo: &RgbImage, class: Class, chance: &mut Chance) -> RgbImage {
    match class {
        Class::Dark => dark(photo, chance),
        Class::Bright => bright(photo, chance),
        Class::Blurred => blurred(photo, chance),
        Class::Covered => covered(photo, chance),
        Class::Blank => blank(photo.dimensions(), chance),
        Class::Noise => noise(photo.dimensions(), chance),
        Class::Photo | Class::Screen | Class::Text => photo.clone(),
    }
}

/// Each level through a function, with noise of a deviation above it.
fn levels(photo: &RgbImage, noise: f32, chance: &mut Chance, level: impl Fn(f32) -> f32) -> RgbImage {
    let mut picture = photo.clone();
    for value in picture.iter_mut() {
        *value = (level(f32::from(*value)) + noise * chance.normal()).round().clamp(0.0, 255.0) as u8;
    }
    picture
}

fn to_linear(level: f32) -> f32 {
    (level / 255.0).powf(2.2)
}

fn from_linear(light: f32) -> f32 {
    255.0 * light.clamp(0.0, 1.0).powf(1.0 / 2.2)
}

fn dark(photo: &RgbImage, chance: &mut Chance) -> RgbImage {
    let noise = if chance.one_in(2) { 0.0 } else { chance.between(0.5, 5.0) };
    if chance.one_in(2) {
        let factor = chance.between(0.02_f32.ln(), 0.2_f32.ln()).exp();
        levels(photo, noise, chance, |level| level * factor)
    } else {
        let factor = chance.between(-9.0, -5.0).exp2();
        levels(photo, noise, chance, |level| from_linear(to_linear(level) * factor))
    }
}

fn bright(photo: &RgbImage, chance: &mut Chance) -> RgbImage {
    match chance.below(3) {
        0 => {
            let factor = chance.between(3.0, 10.0);
            levels(photo, 0.0, chance, |level| level * factor)
        }
        1 => {
            let factor = chance.between(3.5, 7.0).exp2();
            levels(photo, 0.0, chance, |level| from_linear(to_linear(level) * factor))
        }
        // Light that falls into the lens.
        _ => {
            let (veil, noise) = (chance.between(0.04, 0.22), chance.between(0.0, 1.5));
            levels(photo, noise, chance, |level| 255.0 - (255.0 - level) * veil)
        }
    }
}

fn blurred(photo: &RgbImage, chance: &mut Chance) -> RgbImage {
    let scale = photo.width().min(photo.height()) as f32 / 224.0;
    let noise = if chance.one_in(3) { chance.between(0.3, 2.0) } else { 0.0 };
    let soft = match chance.below(3) {
        0 => imageops::blur(photo, scale * chance.between(3.0, 11.0)),
        1 => {
            let (length, angle) =
                (scale * chance.between(18.0, 60.0), chance.between(0.0, std::f32::consts::PI));
            let (across, down) = (angle.cos() * length, angle.sin() * length);
            gathered(
                photo,
                (0..48).map(|step| step as f32 / 47.0 - 0.5).map(|part| (part * across, part * down)),
            )
        }
        // Out of focus: a disc.
        _ => {
            let radius = scale * chance.between(5.0, 16.0);
            gathered(
                photo,
                (0..64).map(|step| {
                    let (distance, angle) = ((step as f32 / 64.0).sqrt() * radius, step as f32 * 2.399_963);
                    (distance * angle.cos(), distance * angle.sin())
                }),
            )
        }
    };
    levels(&soft, noise, chance, |level| level)
}

/// The mean of shifted copies; the border goes on outside.
fn gathered(photo: &RgbImage, shifts: impl Iterator<Item = (f32, f32)>) -> RgbImage {
    let (width, height) = photo.dimensions();
    let mut sums = vec![0_u32; photo.as_raw().len()];
    let mut count = 0;
    for (across, down) in shifts {
        count += 1;
        for y in 0..height {
            let row = (i64::from(y) + down.round() as i64).clamp(0, i64::from(height) - 1) as u32;
            for x in 0..width {
                let column = (i64::from(x) + across.round() as i64).clamp(0, i64::from(width) - 1) as u32;
                let pixel = photo.get_pixel(column, row);
                let at = ((y * width + x) * 3) as usize;
                for (sum, value) in sums[at..].iter_mut().zip(pixel.0) {
                    *sum += u32::from(value);
                }
            }
        }
    }
    let bytes = sums.into_iter().map(|sum| ((sum + count / 2) / count.max(1)) as u8).collect();
    RgbImage::from_raw(width, height, bytes).unwrap_or_else(|| photo.clone())
}

/// Behind a finger, a hand, a lens cap or cloth: near the lens, so without any sharp detail.
fn covered(photo: &RgbImage, chance: &mut Chance) -> RgbImage {
    let cap = chance.one_in(4);
    let colour: [f32; 3] = match chance.below(5) {
        _ if cap => {
            let level = chance.between(0.0, 18.0);
            [level + chance.between(0.0, 4.0), level, level + chance.between(-2.0, 3.0)]
        }
        // Skin, from dark to light, in its own shadow.
        0..=2 => {
            let (red, light) = (chance.between(50.0, 235.0), chance.between(0.45, 0.8));
            [red, red * light, red * light * chance.between(0.6, 0.95)]
        }
        // Light that shines through a finger.
        3 => [chance.between(90.0, 220.0), chance.between(10.0, 60.0), chance.between(5.0, 50.0)],
        // Cloth, a bag, a case.
        _ => [chance.between(5.0, 120.0), chance.between(5.0, 120.0), chance.between(5.0, 120.0)],
    };
    let whole = cap || chance.one_in(3);
    loop {
        let (picture, share) = behind(photo, colour, (cap, whole), chance);
        // Less is a thumb at the edge, which a caption survives.
        if share > 0.4 {
            return picture;
        }
    }
}

/// Behind something of a colour, all of it or from one side, and how much of the picture that is.
fn behind(
    photo: &RgbImage,
    colour: [f32; 3],
    (cap, whole): (bool, bool),
    chance: &mut Chance,
) -> (RgbImage, f32) {
    let (width, height) = photo.dimensions();
    let (side_x, side_y) = (chance.between(-0.15, 1.15), chance.between(-0.15, 1.15));
    let (centre, radius) = if whole {
        ((0.5, 0.5), (9.0, 9.0))
    } else if chance.one_in(2) {
        // From one side or the other.
        (
            (if chance.one_in(2) { 0.0 } else { 1.0 }, side_y),
            (chance.between(0.55, 1.1), chance.between(0.5, 1.2)),
        )
    } else {
        (
            (side_x, if chance.one_in(2) { 0.0 } else { 1.0 }),
            (chance.between(0.5, 1.2), chance.between(0.55, 1.1)),
        )
    };
    let softness = chance.between(0.05, 0.3);
    let (slope_x, slope_y) =
        if cap { (0.0, 0.0) } else { (chance.between(-0.6, 0.6), chance.between(-0.6, 0.6)) };
    let noise = if chance.one_in(2) { chance.between(0.0, 1.0) } else { chance.between(0.5, 4.0) };
    let (mut picture, mut share) = (photo.clone(), 0.0);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (across, down) = (x as f32 / width as f32, y as f32 / height as f32);
        let distance =
            (((across - centre.0) / radius.0).powi(2) + ((down - centre.1) / radius.1).powi(2)).sqrt();
        let cover = ((1.0 + softness - distance) / (2.0 * softness)).clamp(0.0, 1.0);
        let cover = cover * cover * (3.0 - 2.0 * cover);
        share += cover / (width * height) as f32;
        let light = 1.0 + slope_x * (across - 0.5) + slope_y * (down - 0.5);
        for (value, colour) in pixel.0.iter_mut().zip(colour) {
            let level = f32::from(*value) * (1.0 - cover) + colour * light * cover;
            *value = (level + cover * noise * chance.normal()).round().clamp(0.0, 255.0) as u8;
        }
    }
    (picture, share)
}

/// Nothing: an empty page, a switched-off screen, perhaps with a little at its edge.
fn blank((width, height): (u32, u32), chance: &mut Chance) -> RgbImage {
    let colour = match chance.below(5) {
        0 | 1 => [255; 3],
        2 => [chance.below(256) as u8; 3],
        3 => [0; 3],
        _ => [chance.below(256) as u8, chance.below(256) as u8, chance.below(256) as u8],
    };
    let mut picture = RgbImage::from_pixel(width, height, Rgb(colour));
    if chance.one_in(3) {
        // A page's number, a cursor, a thin border.
        let ink = Rgb(colour.map(|level| if level > 127 { level / 4 } else { 255 - level / 2 }));
        let (left, top) =
            (chance.below(width as usize * 9 / 10) as u32, chance.below(height as usize * 9 / 10) as u32);
        let (across, down) =
            (1 + chance.below(width as usize / 10) as u32, 1 + chance.below(height as usize / 30) as u32);
        for y in top..(top + down).min(height) {
            for x in left..(left + across).min(width) {
                if !chance.one_in(3) {
                    picture.put_pixel(x, y, ink);
                }
            }
        }
    }
    let noise = if chance.one_in(2) { 0.0 } else { chance.between(0.1, 2.0) };
    levels(&picture, noise, chance, |level| level)
}

/// A television without a station, and its like in every grain.
fn noise((width, height): (u32, u32), chance: &mut Chance) -> RgbImage {
    let grain = 1 << chance.below(4) as u32;
    let (grey, even) = (chance.one_in(3), chance.one_in(2));
    let (middle, deviation) = (chance.between(60.0, 200.0), chance.between(25.0, 90.0));
    let (columns, rows) = (width.div_ceil(grain).max(2), height.div_ceil(grain).max(2));
    let mut value = || {
        let level = if even { chance.between(0.0, 256.0) } else { middle + deviation * chance.normal() };
        level.clamp(0.0, 255.0) as u8
    };
    let small = RgbImage::from_fn(columns, rows, |_, _| {
        let first = value();
        Rgb(if grey { [first; 3] } else { [first, value(), value()] })
    });
    let filter =
        if chance.one_in(2) { imageops::FilterType::Nearest } else { imageops::FilterType::Triangle };
    imageops::resize(&small, width, height, filter)
}
