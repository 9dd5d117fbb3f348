//! Pictures with what they are, as statistics; each is varied as cameras, files and senders vary pictures.

use std::{error::Error, fs, path::PathBuf, thread, time::Instant};

use descry_daemon::quality::{self, Class, Quality, statistics::Statistics};
use image::{RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType};

use super::{
    Pictures,
    chance::Chance,
    spoil::{FAULTS, spoilt},
};

/// One picture.
pub(super) struct Sample {
    pub(super) class: Class,
    /// Of which set, for the results.
    pub(super) set: String,
    pub(super) name: String,
    pub(super) statistics: Statistics,
    /// Whether there is on it what only a program draws.
    pub(super) is_drawn: bool,
    /// What the built-in table makes of it, and in how many milliseconds.
    pub(super) judged: Option<(Quality, f64)>,
}

/// A photo's set, its file, and its place in the set.
type Photo = (String, PathBuf, u64);
/// The same of a screen, with what it is.
type Screen = (String, PathBuf, Class, u64);

/// What is to be made.
struct Task {
    file: PathBuf,
    set: String,
    class: Class,
    seed: u64,
    vary: bool,
    /// At the size of a camera's picture or a screen's: the photos of most sets are small.
    enlarge: bool,
}

/// The pictures to fit: each photo as it is, varied, and with one fault; each second screen four times.
pub(super) fn for_fitting(pictures: &Pictures) -> Result<Vec<Sample>, Box<dyn Error>> {
    let mut tasks = Vec::new();
    for (set, file, index) in photos(pictures)? {
        let mut task = |class, vary| {
            let seed = index ^ 0x5eed;
            tasks.push(Task { file: file.clone(), set: set.clone(), class, seed, vary, enlarge: false });
        };
        task(Class::Photo, false);
        task(Class::Photo, true);
        task(FAULTS[index as usize % 4], false);
        match index % 8 {
            0 => task(Class::Blank, true),
            1 => task(Class::Noise, true),
            _ => {}
        }
    }
    for (set, file, class, index) in
        screens(&pictures.screens)?.into_iter().filter(|screen| screen.3 % 2 == 0)
    {
        for variant in 0..4 {
            let (seed, vary) = (index * 4 + variant, variant > 0);
            tasks.push(Task { file: file.clone(), set: set.clone(), class, seed, vary, enlarge: false });
        }
    }
    Ok(made(&tasks, false))
}

/// The pictures to measure: each photo as it is and with a fault, some enlarged, the other screens as they are and varied.
pub(super) fn for_measuring(pictures: &Pictures) -> Result<Vec<Sample>, Box<dyn Error>> {
    let mut tasks = Vec::new();
    for (set, file, index) in photos(pictures)? {
        let mut task = |class| {
            tasks.push(Task {
                file: file.clone(),
                set: set.clone(),
                class,
                seed: index ^ 0xfa17,
                vary: class != Class::Photo,
                enlarge: false,
            });
        };
        task(Class::Photo);
        task(FAULTS[index as usize % 4]);
        match index % 8 {
            0 => task(Class::Blank),
            1 => task(Class::Noise),
            _ => {}
        }
        if index % 5 == 0 {
            let (set, seed) = (format!("{set}, enlarged"), index ^ 0x1a96e);
            tasks.push(Task { file, set, class: Class::Photo, seed, vary: false, enlarge: true });
        }
    }
    let own = screens(&pictures.screens)?.into_iter().filter(|screen| screen.3 % 2 == 1);
    for (set, file, class, index) in own.chain(screens(&pictures.other_screens)?) {
        for (variant, vary) in [(0, false), (1, true)] {
            tasks.push(Task {
                file: file.clone(),
                set: set.clone(),
                class,
                seed: index * 2 + variant + 77,
                vary,
                enlarge: false,
            });
        }
    }
    Ok(made(&tasks, true))
}

fn photos(pictures: &Pictures) -> Result<Vec<Photo>, Box<dyn Error>> {
    let mut all = Vec::new();
    for list in &pictures.photos {
        let set = list.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (index, line) in (0..).zip(fs::read_to_string(list)?.lines()) {
            all.push((set.clone(), PathBuf::from(line), index));
        }
    }
    Ok(all)
}

fn screens(folders: &[PathBuf]) -> Result<Vec<Screen>, Box<dyn Error>> {
    let mut all = Vec::new();
    for folder in folders {
        let set = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (name, class) in [("text", Class::Text), ("screen", Class::Screen)] {
            let mut files: Vec<PathBuf> = fs::read_dir(folder.join(name))?
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<_, std::io::Error>>()?;
            files.sort();
            all.extend((0..).zip(files).map(|(index, file)| (set.clone(), file, class, index)));
        }
    }
    Ok(all)
}

/// Makes them, on all cores.
fn made(tasks: &[Task], judge: bool) -> Vec<Sample> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = tasks.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = tasks
            .chunks(share)
            .map(|part| {
                scope.spawn(move || part.iter().filter_map(|task| make(task, judge)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

fn make(task: &Task, judge: bool) -> Option<Sample> {
    let mut chance = Chance::new(task.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ task.class as u64);
    let found = image::open(&task.file).ok()?.into_rgb8();
    let spoilt = spoilt(&found, task.class, &mut chance);
    let spoilt = if task.enlarge { enlarged(&spoilt, &mut chance) } else { spoilt };
    let picture = if task.vary { varied(&spoilt, task.class, &mut chance) } else { spoilt };
    let statistics = quality::statistics_of(&picture)?;
    let name = format!("{} ({:?})", task.file.display(), task.class);
    let judged = judge.then(|| {
        let start = Instant::now();
        let quality = quality::assess(&picture);
        (quality, start.elapsed().as_secs_f64() * 1000.0)
    });
    let is_drawn = quality::is_drawn(&picture, &quality::probabilities(&statistics));
    Some(Sample { class: task.class, set: task.set.clone(), name, statistics, is_drawn, judged })
}

/// Another size, a part of it, other tones, a JPEG's losses; only what leaves it what it is.
fn varied(picture: &RgbImage, class: Class, chance: &mut Chance) -> RgbImage {
    let mut picture = picture.clone();
    match class {
        Class::Photo => {
            if chance.one_in(3) {
                let side = chance.between(110.0, 224.0) as u32;
                picture = resized(&picture, side, side);
            }
            match chance.below(12) {
                0 => picture = cut_out(&picture, chance),
                1 | 2 => picture = shallow(&picture, chance),
                3 => picture = framed(&picture, chance),
                _ => {}
            }
            let (gamma, grey) = (chance.between(0.7, 1.4), chance.one_in(12));
            for pixel in picture.pixels_mut() {
                pixel.0 = pixel.0.map(|level| (255.0 * (f32::from(level) / 255.0).powf(gamma)).round() as u8);
                if grey {
                    pixel.0 = [((u32::from(pixel.0[0]) + u32::from(pixel.0[1]) * 2 + u32::from(pixel.0[2]))
                        / 4) as u8; 3];
                }
            }
        }
        Class::Screen | Class::Text => {
            if chance.one_in(3) {
                let (width, height) = picture.dimensions();
                let (across, down) = (
                    (width as f32 * chance.between(0.4, 1.0)) as u32,
                    (height as f32 * chance.between(0.4, 1.0)) as u32,
                );
                let (left, top) = (
                    chance.below((width - across + 1) as usize) as u32,
                    chance.below((height - down + 1) as usize) as u32,
                );
                picture = image::imageops::crop_imm(&picture, left, top, across, down).to_image();
            }
            match chance.below(3) {
                0 => picture = resized(&picture, 224, 224),
                1 => {
                    let scale = chance.between(0.3, 0.9);
                    let size = |side: u32| ((side as f32 * scale) as u32).max(quality::MINIMUM_SIDE);
                    picture = resized(&picture, size(picture.width()), size(picture.height()));
                }
                _ => {}
            }
        }
        _ => {}
    }
    if chance.one_in(3) { picture } else { through_jpeg(&picture, chance.between(55.0, 96.0) as u8) }
}

/// How far a pixel lies outside a round, uneven shape around the middle: below 1 within.
fn outside(picture: &RgbImage, chance: &mut Chance) -> impl Fn(u32, u32) -> f32 {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let (radius_x, radius_y) = (chance.between(0.2, 0.45), chance.between(0.2, 0.45));
    let waves = [2.0, 3.0, 5.0, 7.0]
        .map(|wave: f32| (wave, chance.between(0.0, 0.5) / wave, chance.between(0.0, 6.3)));
    move |x, y| {
        let (across, down) = ((x as f32 / width - 0.5) / radius_x, (y as f32 / height - 0.5) / radius_y);
        let angle = down.atan2(across);
        let edge: f32 = waves.iter().map(|(wave, height, phase)| height * (wave * angle + phase).sin()).sum();
        across.hypot(down) / (1.0 + edge)
    }
}

/// As in a catalogue: one thing before nothing.
fn cut_out(picture: &RgbImage, chance: &mut Chance) -> RgbImage {
    let ground =
        if chance.one_in(4) { chance.between(0.0, 20.0) } else { chance.between(235.0, 256.0) } as u8;
    let outside = outside(picture, chance);
    let mut picture = picture.clone();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if outside(x, y) > 1.0 {
            pixel.0 = [ground; 3];
        }
    }
    picture
}

/// As with a wide lens: sharp in the middle only.
fn shallow(picture: &RgbImage, chance: &mut Chance) -> RgbImage {
    let soft = image::imageops::blur(picture, chance.between(2.0, 7.0));
    let outside = outside(picture, chance);
    let mut picture = picture.clone();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let share = ((outside(x, y) - 0.9) * 5.0).clamp(0.0, 1.0);
        for (value, soft) in pixel.0.iter_mut().zip(soft.get_pixel(x, y).0) {
            *value = (f32::from(*value) * (1.0 - share) + f32::from(soft) * share).round() as u8;
        }
    }
    picture
}

/// With an even border all around.
fn framed(picture: &RgbImage, chance: &mut Chance) -> RgbImage {
    let (width, height) = picture.dimensions();
    let border = (width.min(height) as f32 * chance.between(0.02, 0.1)) as u32;
    let colour = image::Rgb([*[0, 255, 255, 240].get(chance.below(4)).unwrap_or(&0); 3]);
    let mut whole = RgbImage::from_pixel(width, height, colour);
    let inner = resized(picture, width - 2 * border, height - 2 * border);
    image::imageops::replace(&mut whole, &inner, border.into(), border.into());
    whole
}

/// At the size of a screen or of a camera's picture: soft as a small picture is then, or as sharp as a camera makes it, with
/// its grain.
fn enlarged(picture: &RgbImage, chance: &mut Chance) -> RgbImage {
    let (width, height) = picture.dimensions();
    let scale = chance.between(500.0, 1600.0) / width.max(height) as f32;
    let size = |side: u32| (side as f32 * scale) as u32;
    let filter = [FilterType::Triangle, FilterType::CatmullRom, FilterType::Lanczos3][chance.below(3)];
    let mut large = image::imageops::resize(picture, size(width), size(height), filter);
    if chance.one_in(3) {
        return large;
    }
    let soft = image::imageops::fast_blur(&large, chance.between(0.8, 3.0));
    let (amount, grain) = (chance.between(0.0, 4.0), chance.between(0.3, 6.0));
    for (value, soft) in large.iter_mut().zip(soft.as_raw()) {
        let (sharp, soft) = (f32::from(*value), f32::from(*soft));
        *value = (sharp + amount * (sharp - soft) + grain * chance.normal()).round().clamp(0.0, 255.0) as u8;
    }
    if chance.one_in(4) { large } else { through_jpeg(&large, chance.between(70.0, 97.0) as u8) }
}

fn resized(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    image::imageops::resize(picture, width, height, FilterType::Triangle)
}

fn through_jpeg(picture: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    if JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).is_err() {
        return picture.clone();
    }
    image::load_from_memory(&bytes).map_or_else(|_| picture.clone(), image::DynamicImage::into_rgb8)
}

/// Where a class stands in the table.
pub(super) fn place(class: Class) -> usize {
    Class::ALL.iter().position(|other| *other == class).unwrap_or(0)
}
