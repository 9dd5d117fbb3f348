//! What the shipped pictures, their spoilt copies, and pictures that are no photos are taken for.
//!
//! The pages and windows in `fixtures/no_photos` were drawn by `examples/fit_quality/make_screens.py`, and not fitted to.

use std::path::{Path, PathBuf};

use descry_daemon::quality::{Fault, Kind, Quality, assess, assess_looks};
use image::{Rgb, RgbImage, imageops};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn pictures(name: &str) -> Vec<(String, RgbImage)> {
    let entries =
        std::fs::read_dir(folder(name)).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|ending| ending == "jpg" || ending == "png"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has pictures");
    let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    files.iter().map(|file| (name(file), image::open(file).expect("a picture").into_rgb8())).collect()
}

fn photos() -> Vec<(String, RgbImage)> {
    pictures("../tests/pictures")
}

fn levels(picture: &RgbImage, level: impl Fn(u8) -> f32) -> RgbImage {
    let mut picture = picture.clone();
    for value in picture.iter_mut() {
        *value = level(*value).clamp(0.0, 255.0) as u8;
    }
    picture
}

#[test]
fn shipped_photos_are_photos_without_faults() {
    for (name, picture) in photos() {
        assert_eq!(assess(&picture), Quality::good(Kind::Photo), "{name}");
    }
}

#[test]
fn what_is_wrong_is_named_instead_of_captioned() {
    for (name, photo) in photos() {
        // Small, because the tests are not optimised.
        let photo = imageops::thumbnail(&photo, 224, 224);
        let (width, height) = photo.dimensions();
        let small = imageops::thumbnail(&photo, 24, 24);
        let skin = RgbImage::from_fn(width, height, |x, y| {
            let light = 0.8 + 0.3 * (x + y) as f32 / (width + height) as f32;
            Rgb([150.0, 95.0, 80.0].map(|level: f32| (level * light) as u8))
        });
        for (fault, picture) in [
            (Fault::Dark, levels(&photo, |level| f32::from(level) * 0.06)),
            (Fault::Bright, levels(&photo, |level| 255.0 - (255.0 - f32::from(level)) * 0.07)),
            (Fault::Blurred, imageops::resize(&small, width, height, imageops::FilterType::CatmullRom)),
            (Fault::Covered, skin),
        ] {
            let quality = assess(&picture);
            assert!(
                quality.faults.contains(&fault) && !quality.can_be_captioned,
                "{name}, {fault}: {quality:?}"
            );
        }
    }
}

#[test]
fn a_photo_with_a_window_over_it_is_a_screen_that_looks_like_a_photo() {
    for (name, photo) in photos() {
        let mut desktop = photo.clone();
        let (width, height) = (photo.width() / 3, photo.height() / 4);
        let window =
            RgbImage::from_fn(width, height, |_, y| Rgb(if y < 20 { [40, 60, 90] } else { [238; 3] }));
        imageops::replace(&mut desktop, &window, i64::from(width), i64::from(height));
        let quality = assess(&desktop);
        assert!(matches!(quality.kind, Kind::Screen | Kind::Text), "{name}: {quality:?}");
        assert!(!quality.can_be_captioned, "{name}: {quality:?}");
        assert_eq!(assess_looks(&desktop).kind, Kind::Photo, "{name}");
    }
}

#[test]
fn pages_and_windows_are_no_photos() {
    for (name, picture) in pictures("tests/fixtures/no_photos") {
        let quality = assess(&picture);
        assert!(matches!(quality.kind, Kind::Screen | Kind::Text), "{name}: {quality:?}");
        assert!(!quality.can_be_captioned, "{name}: {quality:?}");
    }
}

#[test]
fn what_shows_nothing_is_blank_and_noise_is_not_known() {
    for (name, picture, faults) in [
        ("white", RgbImage::from_pixel(640, 480, Rgb([255; 3])), &[Fault::Blank, Fault::Bright][..]),
        ("black", RgbImage::new(640, 480), &[Fault::Blank, Fault::Dark, Fault::Covered]),
        ("grey", RgbImage::from_pixel(300, 900, Rgb([120; 3])), &[Fault::Blank]),
        ("blue", RgbImage::from_pixel(33, 33, Rgb([10, 20, 200])), &[Fault::Blank]),
    ] {
        let quality = assess(&picture);
        assert_eq!((quality.kind, quality.faults.as_slice()), (Kind::Blank, faults), "{name}");
        assert!(!quality.can_be_captioned, "{name}");
    }
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(300, 200, |_, _| {
        Rgb([0; 3].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let quality = assess(&noise);
    assert_eq!((quality.kind, quality.can_be_captioned), (Kind::Unknown, false), "{quality:?}");
}

#[test]
fn a_picture_of_any_size_is_judged() {
    for (width, height) in [(1, 1), (4, 3), (31, 500), (32, 32), (2000, 40), (40, 4096), (225, 224)] {
        let picture =
            RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 3) as u8, (x * y) as u8]));
        let quality = assess(&picture);
        if width.min(height) < 32 {
            assert_eq!(quality, Quality::good(Kind::Unknown), "{width} x {height}");
        }
    }
}
