//! When something is said of what a camera sees, and what not: a machine that is told of sights and captions, and answers
//! with what is to be done. Pure: it knows no clock, no camera and no voice.
//!
//! A caption is made only when the scene is another, and it has come to rest, or goes on moving for a while. What is no
//! longer true when its caption comes is not said, nor what was said just now. While the camera moves only the subject is
//! said; once it rests, all of it.

mod memory;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, ops::RangeInclusive, time::Duration};

use descry_models::Band;
use thiserror::Error;

use super::gate::{Sight, View};
use crate::{preferences::Detail, quality::Quality, wording::Wording};
use memory::{Memory, content};

/// From this share of the picture on that moves, the camera moves, and not only what it sees.
const MOVING: f32 = 0.5;
/// How long nothing may have moved before the camera counts as still.
const STILL_AFTER: Duration = Duration::from_millis(500);
/// How long a scene may be another while the camera goes on moving before it is told all the same.
const MOVING_PATIENCE: Duration = Duration::from_millis(1500);
/// How soon after something was told in short the rest is told.
const REST_AFTER: Duration = Duration::from_millis(1500);
/// The least time between two captions.
const CAPTION_INTERVAL: Duration = Duration::from_secs(1);
/// What has changed by this much while it was captioned is gone.
const GONE: f32 = 0.6;
/// How long the view must be blocked before that is said, and clear before it counts as clear.
const BLOCKED_AFTER: Duration = Duration::from_secs(1);
const CLEAR_AFTER: Duration = Duration::from_millis(500);
/// How soon a blocked view is said again.
const BLOCKED_AGAIN: Duration = Duration::from_secs(30);
/// The time over which utterances are counted.
const MINUTE: Duration = Duration::from_mins(1);

/// How a person wants to be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The least time from the beginning of one utterance to that of the next.
    pub minimum_interval: Duration,
    /// How much of the picture must be another before it is captioned anew, in 0 to 1.
    pub change_threshold: f32,
    /// How many utterances there are in a minute at most.
    pub maximum_per_minute: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { minimum_interval: Duration::from_secs(3), change_threshold: 0.4, maximum_per_minute: 10 }
    }
}

impl Pace {
    /// What the least interval may be, in milliseconds: up to an hour.
    pub const INTERVALS: RangeInclusive<u32> = 500..=3_600_000;
    /// How many utterances in a minute can be meant.
    pub const PER_MINUTE: RangeInclusive<u32> = 1..=60;

    /// Takes over what differs between two versions of the settings, and leaves the rest as it is.
    pub fn take_changes(&mut self, old: &Self, new: &Self) {
        if old.minimum_interval != new.minimum_interval {
            self.minimum_interval = new.minimum_interval;
        }
        if old.change_threshold.to_bits() != new.change_threshold.to_bits() {
            self.change_threshold = new.change_threshold;
        }
        if old.maximum_per_minute != new.maximum_per_minute {
            self.maximum_per_minute = new.maximum_per_minute;
        }
    }
}

/// When it is, and what else goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Time since the beginning.
    pub at: Duration,
    /// Whether a person is being answered, who has asked for it.
    pub answering: bool,
}

/// What is to be done after a sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Have this picture captioned.
    Ask,
    /// Say that the view is blocked, in this way.
    Say(View),
}

/// Why a caption is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeptBack {
    /// What it tells of is gone.
    #[error("what it tells of is gone")]
    Gone,
    /// It says nothing new.
    #[error("it says nothing new")]
    Known,
    /// It is not sure enough, or there is none.
    #[error("it is not sure enough")]
    Unsure,
    /// The view is blocked.
    #[error("the view is blocked")]
    Blocked,
    /// A person who asked is being answered.
    #[error("a person who asked is being answered")]
    Answering,
}

/// The state of one narration.
#[derive(Debug, Default)]
pub struct Policy {
    pace: Pace,
    /// How many times longer than the pace's the pauses are, where the board has to be spared.
    stretch: Option<f32>,
    /// The newest change and view.
    change: f32,
    view: View,
    /// Since when the view is as blocked, or as clear, as it is.
    view_since: Duration,
    /// Whether it is known, or was said, that the view is blocked, and when that was said last.
    blocked: bool,
    blocked_said: Option<Duration>,
    /// When the camera moved last; absent before the first sight.
    moved: Option<Duration>,
    /// Since when the scene is another than the one that was captioned.
    changed_since: Option<Duration>,
    /// From when on a caption is wanted though nothing has changed.
    due: Option<Duration>,
    /// Whether a caption is on its way, and when one was asked for last.
    waiting: bool,
    asked: Option<Duration>,
    /// When the newest caption came, if it was not worth saying.
    fruitless: Option<Duration>,
    /// When something was said in the last minute, oldest first.
    spoken: VecDeque<Duration>,
    /// What was said since the view was last clear.
    said: Memory,
}

impl Policy {
    /// A narration that has seen nothing yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace, ..Self::default() }
    }

    /// Heeds another pace from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Leaves pauses this many times longer than the pace has them, from 1 up: the board is hot, or its power is low.
    pub fn spare(&mut self, stretch: f32) {
        self.stretch = Some(stretch.max(1.0));
    }

    /// Takes in what the gate saw in a picture.
    pub fn see(&mut self, moment: Moment, sight: Sight) -> Step {
        let at = moment.at;
        self.change = sight.change;
        if (sight.view == View::Clear) != (self.view == View::Clear) {
            self.view_since = at;
        }
        self.view = sight.view;
        if self.moved.is_none() || sight.motion >= MOVING {
            self.moved = Some(at);
        }
        self.changed_since =
            (sight.change >= self.pace.change_threshold).then(|| self.changed_since.unwrap_or(at));
        if moment.answering {
            return Step::Nothing;
        }
        if let Some(step) = self.heed_view(at) {
            return step;
        }
        if self.waiting || !self.is_wanted(at) || !self.may_speak(at) {
            return Step::Nothing;
        }
        self.waiting = true;
        self.asked = Some(at);
        self.due = None;
        // From now on change is counted from this picture.
        self.change = 0.0;
        self.changed_since = None;
        Step::Ask
    }

    /// Takes in a caption that was asked for, and says what is to be said of it, or why nothing is.
    pub fn hear(
        &mut self,
        moment: Moment,
        wording: &Wording,
        quality: &Quality,
        detail: Detail,
    ) -> Result<String, KeptBack> {
        self.waiting = false;
        let result = self.judge(moment, wording, quality, detail);
        if matches!(result, Err(KeptBack::Answering | KeptBack::Blocked | KeptBack::Gone)) {
            self.due = Some(moment.at + REST_AFTER);
        }
        result
    }

    /// There will be no caption: it was called off, or failed. The next one comes when something changes, or in a while.
    pub fn miss(&mut self, at: Duration) {
        if !std::mem::take(&mut self.waiting) {
            return;
        }
        self.due = Some(at + REST_AFTER);
    }

    fn judge(
        &mut self,
        Moment { at, answering }: Moment,
        wording: &Wording,
        quality: &Quality,
        detail: Detail,
    ) -> Result<String, KeptBack> {
        if self.view != View::Clear || View::of(quality) != View::Clear {
            return Err(KeptBack::Blocked);
        }
        if answering {
            return Err(KeptBack::Answering);
        }
        if self.change >= GONE.max(self.pace.change_threshold) {
            return Err(KeptBack::Gone);
        }
        let moving = self.is_moving(at);
        let least = if moving { Band::Middle } else { Band::Low };
        if !is_at_least(wording.band, least) {
            self.fruitless = Some(at);
            if is_at_least(wording.band, Band::Low) {
                // It is worth saying once the camera rests.
                self.due = Some(at + REST_AFTER);
            }
            return Err(KeptBack::Unsure);
        }
        let subject = content(&wording.subject);
        let subject_only = match detail {
            Detail::Brief => true,
            Detail::Normal => moving,
            Detail::Full => false,
        };
        let content = if subject_only { subject.clone() } else { content(&wording.text) };
        if self.said.knows(at, &content, &subject) {
            self.fruitless = Some(at);
            return Err(KeptBack::Known);
        }
        self.fruitless = None;
        let in_short = subject_only && wording.subject != wording.text;
        if in_short && detail == Detail::Normal {
            self.due = Some(at + REST_AFTER);
        }
        self.said.keep(at, content, in_short);
        self.spoken.push_back(at);
        Ok(if subject_only {
            wording.in_short.clone()
        } else if detail == Detail::Full && !moving {
            wording.in_full.clone()
        } else {
            wording.spoken.clone()
        })
    }

    /// What the view asks for, if it is not as it should be or was not.
    fn heed_view(&mut self, at: Duration) -> Option<Step> {
        let lasts = at.saturating_sub(self.view_since);
        if self.view == View::Clear {
            if !self.blocked {
                return None;
            }
            if lasts < CLEAR_AFTER {
                return Some(Step::Nothing);
            }
            // What is seen is told anew: by that a person knows that the view is clear.
            self.blocked = false;
            self.said = Memory::default();
            self.due = Some(at);
            return None;
        }
        if self.blocked || lasts < BLOCKED_AFTER {
            return Some(Step::Nothing);
        }
        self.blocked = true;
        if self.blocked_said.is_some_and(|said| at.saturating_sub(said) < BLOCKED_AGAIN) {
            return Some(Step::Nothing);
        }
        self.blocked_said = Some(at);
        self.spoken.push_back(at);
        Some(Step::Say(self.view))
    }

    fn is_moving(&self, at: Duration) -> bool {
        self.moved.is_none_or(|moved| at.saturating_sub(moved) < STILL_AFTER)
    }

    fn is_wanted(&self, at: Duration) -> bool {
        if self.is_moving(at) {
            return self.changed_since.is_some_and(|since| at.saturating_sub(since) >= MOVING_PATIENCE);
        }
        self.changed_since.is_some() || self.due.is_some_and(|due| at >= due)
    }

    fn may_speak(&mut self, at: Duration) -> bool {
        while self.spoken.front().is_some_and(|spoken| at.saturating_sub(*spoken) >= MINUTE) {
            self.spoken.pop_front();
        }
        let passed =
            |since: Option<Duration>, least| since.is_none_or(|since| at.saturating_sub(since) >= least);
        // Where things move about and are the same things, as in a crowd, they need not be looked at every second.
        let is_calm = self.change < GONE;
        let stretch = self.stretch.unwrap_or(1.0);
        let interval = self.pace.minimum_interval.mul_f32(stretch);
        passed(self.spoken.back().copied(), interval)
            && passed(self.asked, CAPTION_INTERVAL.mul_f32(stretch))
            && (!is_calm || passed(self.fruitless, interval))
            && self.spoken.len() < self.pace.maximum_per_minute as usize
    }
}

/// Whether a band is that sure, or surer.
fn is_at_least(band: Band, least: Band) -> bool {
    (band as u8) <= (least as u8)
}
