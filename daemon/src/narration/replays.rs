//! Recorded sequences go through the gate and the policy: what exactly is said of each, and when.

use std::time::Duration;

use descry_models::{Band, Caption, Confidence};
use image::RgbImage;

use super::{
    gate::Gate,
    policy::{KeptBack, Moment, Pace, Policy, Step},
    scenes::{Chance, SIZE, finger, lit, photo},
};
use crate::{
    preferences::Detail,
    quality,
    wording::{self, Manner},
    words::Language,
};

/// Time from one picture to the next: ten in a second.
const FRAME: u32 = 100;
/// How long a caption takes, in pictures.
const LATENCY: usize = 2;

/// What a camera shows over a time, and the caption that a model gives of each moment.
struct Scene {
    frames: usize,
    show: Box<dyn Fn(usize) -> RgbImage>,
    caption: Box<dyn Fn(usize) -> (&'static str, Band)>,
}

/// What came of a scene: each utterance with the tenth of a second, how many captions were made, and why those that were
/// not said were not.
#[derive(Debug, Default)]
struct Outcome {
    said: Vec<(usize, String)>,
    captions: usize,
    kept_back: Vec<KeptBack>,
}

fn replay(scene: &Scene) -> Outcome {
    let (mut gate, mut policy) = (Gate::default(), Policy::new(Pace::default()));
    let mut outcome = Outcome::default();
    let mut asked = None;
    let mut chance = Chance::new(7);
    for frame in 0..scene.frames {
        let at = Duration::from_millis(u64::from(FRAME) * frame as u64);
        let moment = Moment { at, answering: false };
        if let Some(from) = asked.take_if(|from| *from + LATENCY <= frame) {
            let picture = (scene.show)(from);
            let quality = quality::assess_looks(&picture);
            let (text, band) = (scene.caption)(from);
            let caption = Caption {
                text: text.to_owned(),
                tokens: Vec::new(),
                confidence: Confidence::new(0.5),
                band,
                alternatives: vec!["something else".to_owned()],
                words: Vec::new(),
                tags: Vec::new(),
            };
            let caption = quality.can_be_captioned.then_some((&caption, "en"));
            let wording = wording::word(&quality, caption, Manner::default());
            match policy.hear(moment, &wording, &quality, Detail::Normal) {
                Ok(text) => outcome.said.push((frame, text)),
                Err(reason) => outcome.kept_back.push(reason),
            }
        }
        let picture = chance.noise(&(scene.show)(frame), 4.0);
        let sight = gate.look(at, &picture);
        match policy.see(moment, sight) {
            Step::Nothing => {}
            Step::Ask => {
                gate.remember();
                outcome.captions += 1;
                asked = Some(frame);
            }
            Step::Say(view) => {
                outcome.said.push((frame, wording::words_in(&wording::word_view(view), Language::English)));
            }
        }
    }
    outcome
}

const CAT: (&str, Band) = ("a black and white cat sits on a bed", Band::Middle);
const MAN: (&str, Band) = ("a man in a blue shirt is climbing a rock", Band::High);
const MOOSE: (&str, Band) = ("a brown dog is in the grass", Band::Middle);

/// One picture with one caption, changed by `change`.
fn still(
    name: &str,
    frames: usize,
    caption: (&'static str, Band),
    change: impl Fn(usize, RgbImage) -> RgbImage + 'static,
) -> Scene {
    let photo = photo(name);
    Scene {
        frames,
        show: Box::new(move |frame| change(frame, photo.at(0, 0))),
        caption: Box::new(move |_| caption),
    }
}

/// From one picture to another in no time.
fn cut(at: usize) -> Scene {
    let (cat, shore) = (photo("cat"), photo("shore"));
    Scene {
        frames: 100,
        show: Box::new(move |frame| if frame < at { cat.at(0, 0) } else { shore.at(0, 0) }),
        caption: Box::new(move |frame| if frame < at { CAT } else { MAN }),
    }
}

/// Pictures one beside the other, past which the camera looks: `path` is how many pixels to the right it looks at a time.
fn pan(frames: usize, path: impl Fn(usize) -> i64 + 'static) -> Scene {
    let wide = photo("cat").beside(&["shore", "moose"]);
    let path = std::rc::Rc::new(path);
    let shown = std::rc::Rc::clone(&path);
    // The pictures are 181, 160 and 180 pixels wide.
    let caption = move |frame: usize| match path(frame) + i64::from(SIZE.0) / 2 {
        ..181 => CAT,
        181..341 => MAN,
        _ => MOOSE,
    };
    Scene { frames, show: Box::new(move |frame| wide.at(shown(frame), 0)), caption: Box::new(caption) }
}

/// Light that goes out within a second from the fourth on, and comes on again after the tenth.
fn light(frame: usize) -> f32 {
    match frame {
        40..50 => 1.0 - (frame - 39) as f32 / 10.0,
        50..100 => 0.0,
        _ => 1.0,
    }
}

/// A street on which forty people walk to and fro, in front of a camera that stands.
fn crowd(frames: usize) -> Scene {
    let (street, people) = (photo("photographer"), photo("astronaut"));
    let show = move |frame: usize| {
        let mut picture = street.at(0, 0);
        let mut chance = Chance::new(3);
        for person in 0..40 {
            let (x, y, speed) = (chance.next(), chance.next(), 1.5 * chance.next());
            let look = person * 7 % 100;
            let clothes = image::imageops::crop_imm(&people.at(look, look / 2), 40, 10, 9, 18).to_image();
            let across = (1.0 + x) * 80.0 + speed * frame as f32;
            let at = (across.rem_euclid(170.0) as i64 - 10, 30 + ((1.0 + y) * 35.0) as i64);
            image::imageops::replace(&mut picture, &clothes, at.0, at.1);
        }
        picture
    };
    let caption = |frame: usize| {
        if (frame / 30).is_multiple_of(2) {
            ("a crowd of people walk on a street", Band::Middle)
        } else {
            ("a crowd of people walk down a street", Band::Middle)
        }
    };
    Scene { frames, show: Box::new(show), caption: Box::new(caption) }
}

/// What is said, with the tenth of a second.
type Said = &'static [(usize, &'static str)];

#[test]
fn what_is_said_of_recorded_sequences() {
    const SEEN_CAT: &str = "Possibly a black and white cat sits on a bed.";
    const SEEN_MAN: &str = "A man in a blue shirt is climbing a rock.";
    const SEEN_MOOSE: &str = "Possibly a brown dog is in the grass.";
    let flicker = |frame: usize, picture| lit(picture, [0.6, 1.0, 1.4, 0.8][frame % 4]);
    let covered = |times: std::ops::Range<usize>| {
        move |frame, picture| if times.contains(&frame) { finger() } else { picture }
    };
    let fast = |frame: usize| (frame.saturating_sub(30).min(85) * 4) as i64;
    let cases: [(&str, Scene, Said, usize); 8] = [
        ("a still scene", still("cat", 100, CAT, |_, picture| picture), &[(7, SEEN_CAT)], 1),
        ("a lamp that flickers", still("cat", 100, CAT, flicker), &[(7, SEEN_CAT)], 1),
        ("a cut", cut(50), &[(7, SEEN_CAT), (59, SEEN_MAN)], 2),
        (
            "a pan",
            pan(150, fast),
            &[(7, SEEN_CAT), (70, "A man."), (102, "Possibly a brown dog."), (134, SEEN_MOOSE)],
            5,
        ),
        (
            "lights out",
            still("cat", 120, CAT, |frame, picture| lit(picture, light(frame))),
            &[(7, SEEN_CAT), (60, "It is dark: the light is off, or the lens is covered."), (109, SEEN_CAT)],
            2,
        ),
        (
            "a covered lens",
            still("cat", 110, CAT, covered(40..80)),
            &[(7, SEEN_CAT), (50, "Something covers the lens."), (89, SEEN_CAT)],
            2,
        ),
        ("a hand that passes", still("cat", 100, CAT, covered(40..48)), &[(7, SEEN_CAT)], 1),
        ("a crowd", crowd(150), &[(7, "Possibly a crowd of people walk on a street.")], 7),
    ];
    let mut wrong = Vec::new();
    for (name, scene, expected, captions) in cases {
        let outcome = replay(&scene);
        let said: Vec<(usize, &str)> = outcome.said.iter().map(|(at, text)| (*at, text.as_str())).collect();
        if said != expected || outcome.captions > captions {
            wrong.push(format!("{name}: {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
