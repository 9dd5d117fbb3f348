//! The change gate: what is new in a picture against the last one that was captioned, found out at a cost that a camera's
//! rate allows. `daemon/examples/gate_cost.rs` measures it.

use std::{collections::VecDeque, time::Duration};

use image::RgbImage;

use super::thumbnail::Thumbnail;
use crate::quality::{self, Fault, Quality};

/// How far back the picture lies with which one is compared to see whether the camera moves.
const MOTION_SPAN: Duration = Duration::from_millis(300);

/// How often it is judged what is wrong with the picture. It takes about a millisecond.
const JUDGED_EVERY: Duration = Duration::from_millis(500);

/// What is darker, in 0 to 1, and shows nothing, is not told from a lens that is covered.
const NIGHT: f32 = 0.1;

/// Whether there is anything to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// As far as is known.
    #[default]
    Clear,
    /// No light falls in: it is dark, or the lens is covered all over.
    Dark,
    /// Something lies on the lens.
    Covered,
}

impl View {
    /// What a picture's faults say of the view.
    #[must_use]
    pub fn of(quality: &Quality) -> Self {
        match quality.faults.first() {
            _ if quality.can_be_captioned => Self::Clear,
            Some(Fault::Dark) => Self::Dark,
            Some(Fault::Blank) if quality.faults.contains(&Fault::Dark) => Self::Dark,
            Some(Fault::Covered) => Self::Covered,
            _ => Self::Clear,
        }
    }
}

/// What the gate saw in one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// How much of it is another than when it was last captioned, in 0 to 1; 1 where it never was.
    pub change: f32,
    /// How much of it moves, in 0 to 1.
    pub motion: f32,
    /// Whether there is anything to see.
    pub view: View,
}

/// Remembers the little that it takes to see what is new.
#[derive(Debug, Default)]
pub struct Gate {
    /// What was captioned last.
    reference: Option<Thumbnail>,
    /// The newest pictures and when they came, oldest first; the first is the one to compare with.
    recent: VecDeque<(Duration, Thumbnail)>,
    /// When the view was judged last, and what it was.
    judged: Option<(Duration, View)>,
}

impl Gate {
    /// Looks at the picture of a time since the beginning.
    pub fn look(&mut self, at: Duration, picture: &RgbImage) -> Sight {
        let thumbnail = Thumbnail::of(picture);
        let change = self.reference.as_ref().map_or(1.0, |reference| reference.change(&thumbnail));
        while self.recent.get(1).is_some_and(|(when, _)| at.saturating_sub(*when) >= MOTION_SPAN) {
            self.recent.pop_front();
        }
        let motion = self.recent.front().map_or(0.0, |(_, before)| before.motion(&thumbnail));
        let lightness = thumbnail.lightness();
        self.recent.push_back((at, thumbnail));
        let view = match self.judged {
            Some((when, view)) if at.saturating_sub(when) < JUDGED_EVERY => view,
            _ => {
                // A sensor's noise in the dark has looks of its own.
                let view = match View::of(&quality::assess_looks(picture)) {
                    View::Covered if lightness < NIGHT => View::Dark,
                    view => view,
                };
                self.judged = Some((at, view));
                view
            }
        };
        Sight { change, motion, view }
    }

    /// The newest picture is the one that is captioned: change is counted from it on.
    pub fn remember(&mut self) {
        self.reference = self.recent.back().map(|(_, thumbnail)| thumbnail.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::{hint::black_box, path::Path};

    use image::imageops;

    use super::*;

    /// Pictures of one round: three seconds of a camera.
    const FRAMES: u32 = 30;
    const INTERVAL: Duration = Duration::from_millis(100);
    const ROUNDS: usize = 4;

    /// The share of one core, in 0 to 1, that the gate may take of a camera of ten pictures a second. It took 0.0027 of
    /// one of a server's.
    const MOST_OF_CORE: f64 = 0.03;

    /// How many times the work of reading each value of a picture once it may do, unoptimised: it did 16 times that when its
    /// share was measured, and at 40 it would take a quarter of the bound.
    const MOST_WORK: f64 = 40.0;

    /// What a camera sees that pans, with its noise: the dearest case.
    fn pictures() -> Vec<RgbImage> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/pictures/shore.jpg");
        let photo = image::open(file).unwrap().into_rgb8();
        let mut state = 1_u32;
        let picture = |frame| {
            let mut picture = imageops::crop_imm(&photo, frame * 3, 60, 320, 240).to_image();
            for value in picture.iter_mut() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *value = value.saturating_add((state >> 28) as u8);
            }
            picture
        };
        (0..FRAMES).map(picture).collect()
    }

    /// The processor time that this thread needs for something, as the kernel's scheduler counts it: what else runs on the
    /// machine does not count.
    fn processor_time(work: impl FnOnce()) -> Duration {
        let so_far = || {
            let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
            Duration::from_nanos(counted.split_whitespace().next().unwrap().parse().unwrap())
        };
        let before = so_far();
        work();
        so_far().saturating_sub(before)
    }

    fn gate(pictures: &[RgbImage]) {
        let mut gate = Gate::default();
        for (at, picture) in (0..).zip(pictures) {
            black_box(gate.look(INTERVAL * at, picture));
            gate.remember();
        }
    }

    fn read(pictures: &[RgbImage]) {
        for picture in pictures {
            black_box(picture.as_raw().iter().fold(0_u64, |sum, value| sum + u64::from(*value)));
        }
    }

    /// The share is what is promised, of an optimised program. These tests are commonly compiled as they are written, a few
    /// dozen times slower, so there its work is compared with other work that is compiled in the same way, in turn with it: a
    /// slow or busy machine slows both.
    #[test]
    fn its_work_is_bounded() {
        let pictures = pictures();
        let (mut of_gate, mut of_reading) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            of_gate = of_gate.min(processor_time(|| gate(&pictures)));
            of_reading = of_reading.min(processor_time(|| read(&pictures)));
        }
        let share = of_gate.as_secs_f64() / (INTERVAL * FRAMES).as_secs_f64();
        let work = of_gate.as_secs_f64() / of_reading.as_secs_f64();
        let found = format!("{share:.4} of one core, and {work:.1} times the work of reading");
        println!("{found}");
        assert!(if cfg!(debug_assertions) { work < MOST_WORK } else { share < MOST_OF_CORE }, "{found}");
    }
}
