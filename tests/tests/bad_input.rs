//! Whatever is given to be described is either described rightly or answered with one clear sentence, in little memory.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::{Descry, Outcome},
    odd_pictures, shipped,
    surroundings::Surroundings,
};
use image::RgbImage;

/// No picture may take more: 300 MB.
const MEMORY: u64 = 300_000_000;

/// Something that is no picture, or none that can be taken.
struct Refused {
    name: &'static str,
    /// Writes it to a path.
    make: fn(&Path) -> Result<()>,
    /// What the sentence must say of it.
    said: &'static str,
}

const REFUSED: [Refused; 13] = [
    Refused { name: "missing", make: |_| Ok(()), said: "no such file" },
    Refused { name: "empty", make: |path| write(path, b""), said: "empty" },
    Refused {
        name: "text",
        make: |path| write(path, b"A dog runs through the snow.\n"),
        said: "not a picture",
    },
    Refused { name: "a program", make: |path| write(path, &fs::read("/bin/true")?), said: "not a picture" },
    Refused { name: "only a signature", make: |path| write(path, b"\x89PNG\r\n\x1a\n"), said: "PNG" },
    Refused { name: "an empty folder", make: |path| Ok(fs::create_dir(path)?), said: "folder" },
    Refused {
        name: "a JPEG that stops halfway",
        make: |path| write(path, &part_of_jpeg(2)?),
        said: "cut off",
    },
    Refused {
        name: "a JPEG that stops in its header",
        make: |path| write(path, &part_of_jpeg(100)?),
        said: "JPEG",
    },
    Refused { name: "a PNG that stops halfway", make: write_half_png, said: "cut off" },
    Refused { name: "a PNG of 60,000 x 60,000", make: odd_pictures::write_huge_png, said: "too large" },
    Refused { name: "a JPEG that says 60,000 x 60,000", make: write_huge_jpeg, said: "too large" },
    Refused { name: "more bytes than are read", make: write_too_many_bytes, said: "too large" },
    Refused {
        name: "a device",
        make: |path| Ok(std::os::unix::fs::symlink("/dev/zero", path)?),
        said: "regular file",
    },
];

#[test]
fn what_is_no_picture_is_refused_in_one_sentence() -> Result<()> {
    shipped::bundle()?;
    for Refused { name, make, said } in REFUSED {
        let surroundings = Surroundings::new()?;
        let path = surroundings.path("input");
        make(&path).with_context(|| format!("cannot make {name}"))?;
        let outcome = describe(&surroundings).arg(&path).run()?;
        refused(&outcome, said)
            .and_then(|sentence| {
                ensure!(sentence.contains("input"), "it does not say which file: {sentence}");
                Ok(())
            })
            .context(name)?;

        // The same by standard input, where that can be.
        if path.is_file() {
            let outcome = describe(&surroundings).arg("-").input(&path).run()?;
            refused(&outcome, said).with_context(|| format!("{name}, by standard input"))?;
        }
    }
    Ok(())
}

fn refused<'outcome>(outcome: &'outcome Outcome, said: &str) -> Result<&'outcome str> {
    let sentence = outcome.expect_code(1)?.only_complaint()?;
    ensure!(sentence.contains(said), "it does not say {said:?}: {sentence}");
    in_bounds(outcome)?;
    Ok(sentence)
}

#[test]
fn standard_input_may_be_empty() -> Result<()> {
    shipped::bundle()?;
    let surroundings = Surroundings::new()?;
    let outcome = describe(&surroundings).arg("-").run()?;
    outcome.expect_code(1)?.only_complaint()?;
    Ok(())
}

/// Something that is a picture, if an odd one, and the ordinary picture that it must be described like.
struct Odd {
    name: &'static str,
    /// Writes it to a path, given an ordinary picture, and returns that which it must be like.
    make: fn(&Path, &RgbImage) -> Result<RgbImage>,
    ending: &'static str,
    /// How far the confidence may be off: nothing where the pixels are the same.
    tolerance: f64,
}

const ODD: [Odd; 11] = [
    Odd { name: "an animated GIF", ending: "gif", tolerance: 0.0, make: animated_gif },
    Odd {
        name: "a PNG of 16 bits",
        ending: "png",
        tolerance: 0.0,
        make: |path, picture| odd_pictures::write_16_bit_png(path, picture).map(|()| picture.clone()),
    },
    // Two decoders of JPEG differ in the last bit.
    Odd { name: "a JPEG for printing", ending: "jpg", tolerance: 0.1, make: cmyk_jpeg },
    Odd {
        name: "held upright",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 1),
    },
    Odd {
        name: "mirrored",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 2),
    },
    Odd {
        name: "upside down",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 3),
    },
    Odd {
        name: "upside down and mirrored",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 4),
    },
    Odd {
        name: "transposed",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 5),
    },
    Odd {
        name: "held to the left",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 6),
    },
    Odd {
        name: "transposed the other way",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 7),
    },
    Odd {
        name: "held to the right",
        ending: "jpg",
        tolerance: 0.0,
        make: |path, seen| odd_pictures::write_rotated_photo(path, seen, 8),
    },
];

#[test]
fn odd_pictures_are_described_like_their_ordinary_twins() -> Result<()> {
    shipped::bundle()?;
    let surroundings = Surroundings::new()?;
    let picture = image::open(shipped::picture("coffee.jpg"))?.into_rgb8();
    let mut files: Vec<PathBuf> = Vec::new();
    for (number, odd) in ODD.iter().enumerate() {
        let file = surroundings.path(&format!("{number}-odd.{}", odd.ending));
        let twin = (odd.make)(&file, &picture).with_context(|| format!("cannot make {}", odd.name))?;
        let twin_file = surroundings.path(&format!("{number}-twin.png"));
        twin.save(&twin_file)?;
        files.extend([file, twin_file]);
    }
    let outcome = describe(&surroundings).arg("--json").args(&files).run()?;
    outcome.expect_code(0)?;
    in_bounds(&outcome)?;
    let lines = outcome.json_lines()?;
    assert_eq!(lines.len(), files.len());
    for (odd, pair) in ODD.iter().zip(lines.chunks_exact(2)) {
        assert_eq!(pair[0]["text"], pair[1]["text"], "{}", odd.name);
        // The confidence tells what the text may hide: pictures that differ have different ones.
        let [found, expected] = [0, 1].map(|index| pair[index]["confidence"].as_f64().unwrap_or(f64::NAN));
        ensure!((found - expected).abs() <= odd.tolerance, "{}: {found} is not {expected}", odd.name);
    }
    // That it does tell: the same picture, lying on its side, is another one.
    let sideways = surroundings.path("sideways.png");
    image::imageops::rotate90(&picture).save(&sideways)?;
    let lying = describe(&surroundings).arg("--json").arg(sideways).run()?.json_lines()?;
    assert_ne!(lying[0]["confidence"], lines[7]["confidence"]);
    Ok(())
}

#[test]
fn the_largest_picture_that_is_taken_stays_within_the_memory() -> Result<()> {
    shipped::bundle()?;
    let surroundings = Surroundings::new()?;
    // 64 megapixels, as telephones make, once the model is loaded and others have come and gone: of the second, all of
    // its 19 MB of pixels is left until it has its caption.
    let picture = image::open(shipped::picture("coffee.jpg"))?;
    let mut files = vec![shipped::picture("coffee.jpg")];
    for (width, height) in [(1535, 4096), (3600, 2700), (8000, 8000)] {
        let path = surroundings.path(&format!("{width}.jpg"));
        picture.resize_exact(width, height, image::imageops::FilterType::Nearest).save(&path)?;
        files.push(path);
    }
    let outcome = describe(&surroundings).args(files).run()?;
    outcome.expect_code(0)?;
    in_bounds(&outcome)
}

fn describe(surroundings: &Surroundings) -> Descry<'_> {
    Descry::describe(surroundings).arg("--no-speech")
}

fn in_bounds(outcome: &Outcome) -> Result<()> {
    ensure!(outcome.peak_memory < MEMORY, "it took {} MB", outcome.peak_memory / 1_000_000);
    Ok(())
}

fn write(path: &Path, contents: &[u8]) -> Result<()> {
    Ok(fs::write(path, contents)?)
}

fn part_of_jpeg(divisor: usize) -> Result<Vec<u8>> {
    let mut bytes = fs::read(shipped::picture("coffee.jpg"))?;
    bytes.truncate(bytes.len() / divisor);
    Ok(bytes)
}

fn write_half_png(path: &Path) -> Result<()> {
    image::open(shipped::picture("coffee.jpg"))?.save_with_format(path, image::ImageFormat::Png)?;
    let bytes = fs::read(path)?;
    write(path, &bytes[..bytes.len() / 2])
}

fn write_huge_jpeg(path: &Path) -> Result<()> {
    write(path, &odd_pictures::claim_to_be_huge(&fs::read(shipped::picture("coffee.jpg"))?)?)
}

/// A picture with 33 MiB of something behind it; the file has holes and takes no room.
fn write_too_many_bytes(path: &Path) -> Result<()> {
    fs::copy(shipped::picture("coffee.jpg"), path)?;
    Ok(fs::File::options().write(true).open(path)?.set_len(33 << 20)?)
}

fn animated_gif(path: &Path, picture: &RgbImage) -> Result<RgbImage> {
    let other = image::open(shipped::picture("cat.jpg"))?.into_rgb8();
    let small = |picture: &RgbImage| image::imageops::thumbnail(picture, 200, 150);
    odd_pictures::write_animated_gif(path, &[small(picture), small(&other)])?;
    // The first of its pictures, with the few colours that a GIF has.
    Ok(image::open(path)?.into_rgb8())
}

fn cmyk_jpeg(path: &Path, _picture: &RgbImage) -> Result<RgbImage> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fs::copy(fixtures.join("cmyk.jpg"), path)?;
    Ok(image::open(fixtures.join("cmyk-as-rgb.png"))?.into_rgb8())
}
