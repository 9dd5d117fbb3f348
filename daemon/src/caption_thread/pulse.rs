//! Signs of life of the caption thread: by when it has to give the next one, so that a hang can be told from work.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long one step of describing may take: preparing a picture, looking at it, finding one more word. The slowest
/// board that was thought of needs two seconds.
pub(crate) const STEP: Duration = Duration::from_mins(1);

/// How long loading may take. A GPU's engines are built on the first start, which takes minutes.
pub(crate) const LOADING: Duration = Duration::from_mins(30);

/// When the thread has to give its next sign of life.
#[derive(Debug)]
pub(super) struct Pulse(Mutex<Beat>);

#[derive(Debug)]
struct Beat {
    step: Duration,
    due: Option<Instant>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self(Mutex::new(Beat { step: STEP, due: None }))
    }
}

impl Pulse {
    /// The thread begins to load.
    pub(super) fn loads(&self) {
        self.with(|beat| beat.due = Instant::now().checked_add(LOADING));
    }

    /// The thread begins a step.
    pub(super) fn beats(&self) {
        self.with(|beat| beat.due = Instant::now().checked_add(beat.step));
    }

    /// The thread has nothing to do, and may have nothing for ever.
    pub(super) fn rests(&self) {
        self.with(|beat| beat.due = None);
    }

    /// Whether a sign of life is overdue.
    pub(super) fn hangs(&self) -> bool {
        let mut is_late = false;
        self.with(|beat| is_late = beat.due.is_some_and(|due| due < Instant::now()));
        is_late
    }

    #[cfg(test)]
    pub(super) fn set_step(&self, step: Duration) {
        self.with(|beat| beat.step = step);
    }

    fn with(&self, change: impl FnOnce(&mut Beat)) {
        // A panic while it was held left nothing half done.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_can_be_late() {
        let pulse = Pulse::default();
        assert!(!pulse.hangs());
        pulse.beats();
        assert!(!pulse.hangs());
        pulse.set_step(Duration::ZERO);
        pulse.beats();
        while !pulse.hangs() {
            std::hint::spin_loop();
        }
        pulse.loads();
        assert!(!pulse.hangs());
        pulse.rests();
        assert!(!pulse.hangs());
    }
}
