//! What is wrong with a picture, and whether it is a photograph at all: known before anything is captioned, so that no
//! blank page becomes a surfer.
//!
//! A picture is shrunk to at most [`SIDE`] pixels across and down, some statistics are counted in it ([`statistics`]),
//! and a fitted table (a multinomial logistic regression, [`table`]) says how probable each [`Class`] is. A desktop whose
//! wallpaper is a photo looks like one then: what is drawn on it is found before it is shrunk ([`drawn`]). All of it is
//! pure. `daemon/examples/fit_quality` makes the table and measures what comes of it; README.md there has the numbers.

use std::fmt;

use descry_models::preprocess;
use image::RgbImage;

mod drawn;
mod frames;
pub mod statistics;
pub mod table;

use statistics::Statistics;
use table::{COEFFICIENTS, OFFSETS};

/// The size that statistics are counted at.
pub const SIDE: u32 = 224;
/// What is smaller, across or down, cannot be judged and is taken as a photo without faults.
pub const MINIMUM_SIDE: u32 = 32;

/// What a picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A photograph, or what looks like one.
    Photo,
    /// Windows, a web page, a desktop.
    Screen,
    /// All but text: a document, code, a table.
    Text,
    /// Nothing.
    Blank,
    /// None of them: noise, or a picture too small to judge.
    Unknown,
}

impl Kind {
    /// `photo`, `screen`, `text`, `blank` or `unknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Screen => "screen",
            Self::Text => "text",
            Self::Blank => "blank",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What is wrong with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Too little light.
    Dark,
    /// Too much light.
    Bright,
    /// Out of focus, or moved.
    Blurred,
    /// Something lies on the lens, or close before it.
    Covered,
    /// There is nothing on it.
    Blank,
}

impl Fault {
    /// `dark`, `bright`, `blurred`, `covered` or `blank`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Bright => "bright",
            Self::Blurred => "blurred",
            Self::Covered => "covered",
            Self::Blank => "blank",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What the table tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An ordinary photo.
    Photo,
    /// A screen with more on it than text.
    Screen,
    /// A page or a window of text.
    Text,
    /// Nothing.
    Blank,
    /// Noise.
    Noise,
    /// A photo with too little light.
    Dark,
    /// A photo with too much light.
    Bright,
    /// A photo that is out of focus or moved.
    Blurred,
    /// A photo of what covers the lens.
    Covered,
}

impl Class {
    /// All of them, in the table's order.
    pub const ALL: [Self; 9] = [
        Self::Photo,
        Self::Screen,
        Self::Text,
        Self::Blank,
        Self::Noise,
        Self::Dark,
        Self::Bright,
        Self::Blurred,
        Self::Covered,
    ];
}

/// How probable each class is, in the order of [`Class::ALL`]; they sum to 1.
pub type Probabilities = [f32; Class::ALL.len()];

/// What was found out about a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quality {
    /// What it is of.
    pub kind: Kind,
    /// What is wrong with it, the likeliest first.
    pub faults: Vec<Fault>,
    /// Whether it is worth a caption: it is a photo, and its faults leave enough of it.
    pub can_be_captioned: bool,
}

impl Quality {
    /// A photo without faults, or what cannot be told from one.
    #[must_use]
    pub fn good(kind: Kind) -> Self {
        Self { kind, faults: Vec::new(), can_be_captioned: true }
    }
}

/// How probable screen, text, blank and noise together must be before a picture is taken for no photo.
const NOT_A_PHOTO: f32 = 0.6;
/// How probable the faults together must be before the likeliest is named.
const NAMED: f32 = 0.5;
/// The same where the likeliest is a blur: a photo with a sharp flower before a soft meadow is good.
const NAMED_BLURRED: f32 = 0.7;
/// A further fault is named from here.
const ALSO_NAMED: f32 = 0.1;
/// Where an ordinary photo is less probable than this, the fault leaves too little of it for a caption.
const REFUSED: f32 = 0.1;
/// Where more of a picture than this lies in rectangles that no camera gives, it is a screen however much it looks like a
/// photo. Of 2,706 photos two have any at all, one of them more: the panes of a white window.
const DRAWN: f32 = 0.0004;
/// Where too much light is more probable than this, rectangles say nothing: what is white all over ends at once too.
const GLARING: f32 = 0.1;
/// The statistic `range` of pictures whose levels lie within five of one another.
const UNIFORM: f32 = 0.4;

/// Judges a picture. It computes for about a millisecond: not for an async thread.
#[must_use]
pub fn assess(picture: &RgbImage) -> Quality {
    assess_with(picture, is_drawn)
}

/// Judges a picture by its looks as a whole, for where nothing on it can be drawn or where that does not matter: what a camera
/// sees, and a screen that a photo fills, which is a photo with whatever lies over it.
#[must_use]
pub fn assess_looks(picture: &RgbImage) -> Quality {
    assess_with(picture, |_, _| false)
}

fn assess_with(picture: &RgbImage, is_drawn: impl Fn(&RgbImage, &Probabilities) -> bool) -> Quality {
    let Some(statistics) = statistics_of(picture) else { return Quality::good(Kind::Unknown) };
    let probabilities = probabilities(&statistics);
    judge(&statistics, &probabilities, is_drawn(picture, &probabilities))
}

/// Whether there is on a picture what only a program draws.
#[must_use]
pub fn is_drawn(picture: &RgbImage, probabilities: &Probabilities) -> bool {
    probabilities[Class::Bright as usize] < GLARING && drawn::rectangles(picture) > DRAWN
}

/// The statistics of a picture of any size; none where it is too small.
#[must_use]
pub fn statistics_of(picture: &RgbImage) -> Option<Statistics> {
    let (width, height) = picture.dimensions();
    if width.min(height) < MINIMUM_SIDE {
        return None;
    }
    if width.max(height) <= SIDE {
        return Some(statistics::of(picture));
    }
    let small = preprocess::squeezed(picture, width.min(SIDE), height.min(SIDE)).ok()?;
    Some(statistics::of(&small))
}

/// How probable each class is by the table.
#[must_use]
pub fn probabilities(statistics: &Statistics) -> Probabilities {
    let inputs = table::inputs(statistics);
    let mut scores = OFFSETS;
    for (score, coefficients) in scores.iter_mut().zip(&COEFFICIENTS) {
        *score +=
            inputs.iter().zip(coefficients).map(|(input, coefficient)| input * coefficient).sum::<f32>();
    }
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = scores.map(|score| (score - most).exp());
    let total: f32 = weights.iter().sum();
    weights.map(|weight| weight / total)
}

/// What follows from the statistics, the probabilities, and whether something on the picture is drawn.
fn judge(statistics: &Statistics, probabilities: &Probabilities, is_drawn: bool) -> Quality {
    let [mean, range] = [statistics[statistics::MEAN], statistics[statistics::RANGE]];
    let of = |class: Class| probabilities[class as usize];
    if range < UNIFORM {
        return uniform(mean);
    }
    let no_photo = [
        (Kind::Screen, of(Class::Screen)),
        (Kind::Text, of(Class::Text)),
        (Kind::Blank, of(Class::Blank)),
        (Kind::Unknown, of(Class::Noise)),
    ];
    if no_photo.iter().map(|(_, probability)| probability).sum::<f32>() > NOT_A_PHOTO {
        let likeliest = no_photo.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let kind = likeliest.map_or(Kind::Unknown, |(kind, _)| kind);
        let faults = if kind == Kind::Blank { vec![Fault::Blank] } else { Vec::new() };
        return Quality { kind, faults, can_be_captioned: false };
    }
    if is_drawn {
        let kind = if of(Class::Text) > of(Class::Screen) { Kind::Text } else { Kind::Screen };
        return Quality { kind, faults: Vec::new(), can_be_captioned: false };
    }
    let mut faults = [
        (Fault::Dark, of(Class::Dark)),
        (Fault::Bright, of(Class::Bright)),
        (Fault::Blurred, of(Class::Blurred)),
        (Fault::Covered, of(Class::Covered)),
    ];
    faults.sort_by(|one, other| other.1.total_cmp(&one.1));
    let bound = if faults[0].0 == Fault::Blurred { NAMED_BLURRED } else { NAMED };
    if faults.iter().map(|(_, probability)| probability).sum::<f32>() < bound {
        return Quality::good(Kind::Photo);
    }
    let named =
        faults.iter().enumerate().filter(|(at, (_, probability))| *at == 0 || *probability > ALSO_NAMED);
    let named: Vec<Fault> = named.map(|(_, (fault, _))| *fault).collect();
    Quality { kind: Kind::Photo, faults: named, can_be_captioned: of(Class::Photo) > REFUSED }
}

/// A picture that is one level all over: a wall, an empty page, a screen that is off, a lens under its cap.
fn uniform(mean: f32) -> Quality {
    let faults = match mean {
        mean if mean < 0.12 => vec![Fault::Blank, Fault::Dark, Fault::Covered],
        mean if mean > 0.97 => vec![Fault::Blank, Fault::Bright],
        _ => vec![Fault::Blank],
    };
    Quality { kind: Kind::Blank, faults, can_be_captioned: false }
}
