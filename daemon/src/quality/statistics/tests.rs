//! What each number says of pictures that are drawn for it.

use image::Rgb;

use super::*;

fn number(statistics: &Statistics, name: &str) -> f32 {
    statistics[NAMES.iter().position(|other| *other == name).expect("a statistic of that name")]
}

fn drawn(pixel: impl Fn(u32, u32) -> u8) -> Statistics {
    of(&RgbImage::from_fn(96, 64, |x, y| Rgb([pixel(x, y); 3])))
}

/// Noise that is the same each time.
fn noise(x: u32, y: u32) -> u8 {
    (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503).wrapping_mul(x + 7)) >> 11) as u8
}

#[test]
fn every_picture_has_finite_numbers() {
    for (name, statistics) in [
        ("one level", drawn(|_, _| 90)),
        ("black", drawn(|_, _| 0)),
        ("white", drawn(|_, _| 255)),
        ("noise", drawn(noise)),
        ("stripes", drawn(|x, _| (x % 2 * 255) as u8)),
        ("the least", of(&RgbImage::new(32, 32))),
        ("a strip", of(&RgbImage::from_fn(224, 33, |x, y| Rgb([x as u8, y as u8, noise(x, y)])))),
    ] {
        for (number, name_of_number) in statistics.iter().zip(NAMES) {
            assert!(number.is_finite() && number.abs() < 50.0, "{name}: {name_of_number} is {number}");
        }
    }
}

#[test]
fn numbers_are_greater_for_what_they_are_named_after() {
    let page = |x: u32, y: u32| if y % 8 < 3 && noise(x, y / 8) > 90 && y > 8 { 20 } else { 250 };
    let soft = |x: u32, y: u32| ((f64::from(x) / 9.0).sin() * 50.0 + f64::from(y) + 90.0) as u8;
    let finger = |x: u32, y: u32| if x < 60 { 60 + (y / 4) as u8 } else { noise(x, y) };
    for (name, more, less) in [
        ("mean", drawn(|_, _| 200), drawn(|_, _| 100)),
        ("black", drawn(|x, _| if x < 40 { 3 } else { 99 }), drawn(soft)),
        ("white", drawn(page), drawn(soft)),
        ("range", drawn(noise), drawn(|_, _| 7)),
        ("entropy", drawn(noise), drawn(page)),
        ("main colour", drawn(page), drawn(noise)),
        ("equal neighbours", drawn(page), drawn(noise)),
        ("sharpness", drawn(noise), drawn(soft)),
        ("quarter sharpness", drawn(page), drawn(soft)),
        ("straight edges", drawn(|x, y| if x % 16 < 8 && y % 16 < 8 { 200 } else { 20 }), drawn(noise)),
        ("line rows", drawn(|_, y| if y % 16 == 0 { 0 } else { 250 }), drawn(noise)),
        ("flat blocks", drawn(|_, _| 3), drawn(page)),
        ("region", drawn(finger), drawn(noise)),
        ("correlation", drawn(soft), drawn(noise)),
    ] {
        let (more, less) = (number(&more, name), number(&less, name));
        assert!(more > less, "{name}: {more} is not above {less}");
    }
}
