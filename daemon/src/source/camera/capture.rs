//! The thread that takes a camera's pictures and keeps the newest, for as long as somebody looks.

#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tracing::{debug, warn};

use super::{
    CameraError,
    convert::{Layout, to_rgb},
    format::PixelFormat,
    mounting::MountingNow,
    warm_up::{WarmUp, brightness},
};
use crate::{
    frame::{Frame, Origin},
    request::Cancel,
    source::{
        live::{Live, LiveFrame},
        shrunk,
    },
};

/// How often the thread looks whether anybody still looks, and a wait whether it was called off.
const TICK: Duration = Duration::from_millis(50);

/// How long a camera may take until its first picture: some have to wake up.
const FIRST_PICTURE: Duration = Duration::from_secs(5);

/// How long a camera that runs may show nothing new.
const NEXT_PICTURE: Duration = Duration::from_secs(3);

/// How long opening and closing may take. A driver can hang.
const OPENING: Duration = Duration::from_secs(8);

/// How many damaged pictures are passed over while one waits.
const DAMAGED_IN_A_ROW: u64 = 10;

/// What a camera's driver gives.
pub(super) trait Feed {
    /// How its pictures lie in their bytes.
    fn layout(&self) -> Layout;

    /// Waits up to `tick` for the next picture. What is wrong with the whole camera is an error.
    fn next(&mut self, tick: Duration) -> Result<Fed<'_>, CameraError>;
}

/// What came of waiting.
pub(super) enum Fed<'a> {
    /// Nothing yet.
    Nothing,
    /// A picture.
    Picture(&'a [u8]),
    /// A picture that the driver itself calls damaged.
    Damaged,
}

/// What the thread and those who look share.
#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The newest picture's number, time and layout; its bytes are in `bytes`.
    newest: Option<(u64, SystemTime, Layout)>,
    bytes: Vec<u8>,
    /// How many pictures the driver has called damaged.
    damaged: u64,
    is_running: bool,
    /// Nobody looks any more.
    is_unwanted: bool,
    /// Why the thread is ending or has ended, and whether the device is closed.
    failure: Option<CameraError>,
    is_closed: bool,
}

/// Pictures stay out of debug output.
impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.newest.as_ref().map(|(sequence, ..)| sequence);
        let mut shown = formatter.debug_struct("State");
        shown.field("newest", &newest).field("failure", &self.failure).finish_non_exhaustive()
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits for a change, or a moment.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, moment: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, moment);
        waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state)
    }

    /// Waits until there is an answer, up to `limit`.
    fn wait_until<T>(&self, limit: Duration, answer: impl Fn(&State) -> Option<T>) -> Option<T> {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if let Some(answer) = answer(&state) {
                return Some(answer);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.wait(state, left);
        }
    }
}

/// A camera that runs. When the last holder lets it go, the thread closes it.
pub(super) struct Running {
    name: String,
    slot: Arc<Slot>,
    mounting: MountingNow,
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Running").field("name", &self.name).finish_non_exhaustive()
    }
}

/// To be asked whether the device of a camera that was let go is closed.
#[derive(Debug, Clone)]
pub(super) struct Closing(Arc<Slot>);

impl Closing {
    /// Waits until the device is closed; whether it is.
    pub(super) fn wait(&self) -> bool {
        self.0.wait_until(OPENING, |state| state.is_closed.then_some(())).is_some()
    }
}

impl Running {
    /// Opens a camera with `open` on a thread of its own, and waits until it runs. `closed` is called when it is closed.
    pub(super) fn start<F: Feed>(
        name: String,
        mounting: MountingNow,
        open: impl FnOnce() -> Result<F, CameraError> + Send + 'static,
        closed: impl FnOnce() + Send + 'static,
    ) -> Result<Self, CameraError> {
        let slot = Arc::new(Slot::default());
        let thread = Capture { slot: Arc::clone(&slot), name: name.clone(), closed: Some(Box::new(closed)) };
        let spawned = thread::Builder::new().name("camera".to_owned()).spawn(move || thread.run(open));
        spawned.map_err(|error: io::Error| CameraError::Driver {
            name: name.clone(),
            reason: error.to_string(),
        })?;
        let running = Self { name, slot, mounting };
        let started = running.slot.wait_until(OPENING, |state| {
            if let Some(error) = &state.failure {
                return Some(Err(error.clone()));
            }
            state.is_running.then_some(Ok(()))
        });
        started.unwrap_or_else(|| Err(CameraError::Stalled(running.name.clone())))?;
        Ok(running)
    }

    /// To be asked later whether it is closed.
    pub(super) fn closing(&self) -> Closing {
        Closing(Arc::clone(&self.slot))
    }

    /// Whether it still shows pictures.
    pub(super) fn works(&self) -> bool {
        self.slot.lock().failure.is_none()
    }

    /// The newest picture after `after` as it came, with its number, time and layout.
    fn newest(&self, after: u64, cancel: &Cancel) -> Result<(u64, SystemTime, Layout, Vec<u8>), CameraError> {
        let mut state = self.slot.lock();
        let damaged_before = state.damaged;
        loop {
            if cancel.is_cancelled() {
                return Err(CameraError::Cancelled);
            }
            if let Some((sequence, captured_at, layout)) =
                state.newest.filter(|(sequence, ..)| *sequence > after)
            {
                return Ok((sequence, captured_at, layout, state.bytes.clone()));
            }
            if let Some(error) = &state.failure {
                return Err(error.clone());
            }
            if state.damaged - damaged_before >= DAMAGED_IN_A_ROW {
                return Err(CameraError::Damaged(self.name.clone()));
            }
            state = self.slot.wait(state, TICK);
        }
    }
}

impl Live for Running {
    fn next_frame(&self, after: u64, cancel: &Cancel) -> Result<LiveFrame, CameraError> {
        let mut after = after;
        for _ in 0..DAMAGED_IN_A_ROW {
            let (sequence, captured_at, layout, bytes) = self.newest(after, cancel)?;
            if let Ok(picture) = to_rgb(&layout, &bytes, cancel) {
                let pixels = (self.mounting)().upright(shrunk(&picture).unwrap_or(picture));
                let frame = Frame { pixels, origin: Origin::Camera, captured_at };
                return Ok(LiveFrame { sequence, frame });
            }
            debug!(sequence, "a damaged picture is passed over");
            after = sequence;
        }
        if cancel.is_cancelled() {
            Err(CameraError::Cancelled)
        } else {
            Err(CameraError::Damaged(self.name.clone()))
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.slot.change(|state| state.is_unwanted = true);
    }
}

/// The thread.
struct Capture {
    slot: Arc<Slot>,
    name: String,
    closed: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for Capture {
    fn drop(&mut self) {
        // Also when the thread ends by a panic, as of the library when a driver says what it does not know.
        let reason = "its driver does what nobody expects".to_owned();
        let panicked = CameraError::Driver { name: self.name.clone(), reason };
        self.slot.change(|state| {
            state.failure.get_or_insert(panicked);
            state.is_closed = true;
        });
        if let Some(closed) = self.closed.take() {
            closed();
        }
    }
}

impl Capture {
    fn run<F: Feed>(self, open: impl FnOnce() -> Result<F, CameraError>) {
        // Closed before this thread says that it is.
        let ended = open().and_then(|mut feed| self.follow(&mut feed));
        let error = match ended {
            Ok(()) => CameraError::Cancelled,
            Err(error) => {
                warn!(%error, "a camera failed");
                error
            }
        };
        self.slot.change(|state| state.failure = Some(error));
    }

    /// Takes pictures until nobody looks any more.
    fn follow(&self, feed: &mut impl Feed) -> Result<(), CameraError> {
        self.slot.change(|state| state.is_running = true);
        let (layout, started) = (feed.layout(), Instant::now());
        let (mut last, mut limit) = (started, FIRST_PICTURE);
        let mut warm_up = WarmUp::default();
        let mut first = None;
        let mut spare = Vec::new();
        let mut sequence = 0;
        while !self.slot.lock().is_unwanted {
            match feed.next(TICK)? {
                Fed::Nothing if last.elapsed() > limit => {
                    return Err(CameraError::Stalled(self.name.clone()));
                }
                Fed::Nothing => {}
                Fed::Damaged => {
                    last = Instant::now();
                    self.slot.change(|state| state.damaged += 1);
                }
                Fed::Picture(bytes) => {
                    (last, limit) = (Instant::now(), NEXT_PICTURE);
                    let since_first = first.get_or_insert(last).elapsed();
                    let brightness = brightness(bytes, layout.format == PixelFormat::MotionJpeg);
                    if !warm_up.is_over(brightness, since_first) {
                        continue;
                    }
                    spare.clear();
                    spare.extend_from_slice(bytes);
                    sequence += 1;
                    self.slot.change(|state| {
                        std::mem::swap(&mut state.bytes, &mut spare);
                        state.newest = Some((sequence, SystemTime::now(), layout));
                    });
                }
            }
        }
        Ok(())
    }
}
