//! The thread that looks through a camera: each picture passes the gate and the policy, and what they wish for is handed
//! over. It exists while a narration runs, and holds the camera as long.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    gate::{Gate, View},
    policy::{Moment, Policy, Step},
};
use crate::{
    app::App,
    board::{self, heat},
    frame::Frame,
    request::Cancel,
    source::{
        camera::{self, CameraError},
        live::Cameras,
    },
};

/// The least time from one picture that is looked at to the next: ten in a second, however many the camera gives.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long what is known of the board's heat and power holds.
const HEAT_INTERVAL: Duration = Duration::from_secs(10);

/// What the thread wishes for.
#[derive(Debug)]
pub(super) enum Wish {
    /// That this picture is captioned.
    Caption(Frame),
    /// That it is said that the view is blocked.
    Notice(View, Frame),
}

/// What the thread wishes for, and how it ends.
type Started = (mpsc::Receiver<Wish>, oneshot::Receiver<Result<(), CameraError>>);

/// What the thread and the tasks share of one look through a camera.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) app: App,
    pub(super) policy: Arc<Mutex<Policy>>,
    begin: Instant,
}

impl Look {
    pub(super) fn new(app: App, policy: Policy) -> Self {
        Self { app, policy: Arc::new(Mutex::new(policy)), begin: Instant::now() }
    }

    /// Has the policy decide something now.
    pub(super) fn decide<T>(&self, decide: impl FnOnce(&mut Policy, Moment) -> T) -> T {
        let moment = Moment { at: self.begin.elapsed(), answering: self.app.is_answering() };
        decide(&mut self.policy.lock().unwrap_or_else(PoisonError::into_inner), moment)
    }

    /// Starts the thread that looks through the camera that `wanted` names. It ends when `cancel` is raised, with what is
    /// yielded second; then the camera has been let go.
    pub(super) fn start(
        &self,
        cameras: Arc<dyn Cameras>,
        wanted: Option<String>,
        cancel: Cancel,
    ) -> std::io::Result<Started> {
        let (wishes, received) = mpsc::channel(1);
        let (end, ended) = oneshot::channel();
        let look = self.clone();
        thread::Builder::new().name("narration".to_owned()).spawn(move || {
            let result = look.through(&*cameras, wanted.as_deref(), &wishes, &cancel);
            drop(wishes);
            // Who waits for it may be gone.
            let _ = end.send(result);
        })?;
        Ok((received, ended))
    }

    fn through(
        &self,
        cameras: &dyn Cameras,
        wanted: Option<&str>,
        wishes: &mpsc::Sender<Wish>,
        cancel: &Cancel,
    ) -> Result<(), CameraError> {
        let camera = camera::choose(&cameras.list()?, wanted)?.id.clone();
        let live = cameras.open(&camera)?;
        let (mut gate, mut after) = (Gate::default(), 0);
        let mut felt: Option<Instant> = None;
        while !cancel.is_cancelled() {
            let started = Instant::now();
            if felt.is_none_or(|felt| started.duration_since(felt) >= HEAT_INTERVAL) {
                // Fewer captions keep a board from slowing itself down, which would slow the answers too.
                let stretch = heat::read(&board::sysfs()).stretch();
                self.decide(|policy, _| policy.spare(stretch));
                felt = Some(started);
            }
            let shown = match live.next_frame(after, cancel) {
                Ok(shown) => shown,
                Err(CameraError::Cancelled) => return Ok(()),
                Err(error) if error.is_final() => return Err(error),
                // The next one may be whole.
                Err(_) => continue,
            };
            after = shown.sequence;
            let sight = gate.look(self.begin.elapsed(), &shown.frame.pixels);
            let wish = match self.decide(|policy, moment| policy.see(moment, sight)) {
                Step::Nothing => None,
                Step::Ask => {
                    gate.remember();
                    Some(Wish::Caption(shown.frame))
                }
                Step::Say(view) => Some(Wish::Notice(view, shown.frame)),
            };
            if let Some(wish) = wish
                && wishes.blocking_send(wish).is_err()
            {
                return Ok(());
            }
            thread::sleep(INTERVAL.saturating_sub(started.elapsed()));
        }
        Ok(())
    }
}
