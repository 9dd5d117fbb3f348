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
                let view = match View::of(&quality::assess(picture)) {
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
