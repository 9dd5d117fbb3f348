//! What a narration does while it runs: it looks, has captions made and said, rests while everything is paused, and
//! outlives a camera that comes back.

use std::{fmt, sync::Arc, time::Duration};

use descry_models::Band;
use tokio::{sync::watch, time::timeout};
use tracing::{info, warn};

use super::{Event, Inner};
use crate::{
    app::Outcome,
    description::Description,
    failure::Failure,
    frame::Frame,
    narration::{
        gate::View,
        looking::{Look, Wish},
        policy::{KeptBack, Policy},
    },
    preferences::Preferences,
    quality::{Fault, Kind, Quality},
    request::{Cancel, Options, Reason, Request, RequestId, Tact},
    source::{Source, SourceError, camera::CameraError},
    wording::{self, Wording},
    words::message,
};

/// How long a camera that was unplugged may be away.
const AWAY_LIMIT: Duration = Duration::from_mins(1);

/// How many captions may fail one after the other.
const MOST_FAILURES: u32 = 3;

/// Why nobody looks through the camera any more.
enum Left {
    Stopped,
    Paused,
    Failed(Failure),
}

impl Inner {
    /// Looks and tells until `cancel` is raised, or until it cannot go on, which is told.
    pub(super) async fn run(&self, cancel: Cancel) {
        info!("begun");
        let Some(failure) = self.look_until_stopped(&cancel).await else {
            info!("ended");
            return;
        };
        if cancel.is_cancelled() {
            return;
        }
        warn!(%failure, "ended by itself");
        let speak = {
            let mut state = self.lock();
            state.running = None;
            state.telling.speak
        };
        if speak {
            let speaking = self.app.speak_fault(&message!("narration-ended", reason = failure.message()));
            self.lock().speaking = Some(speaking);
        }
        self.tell(Event::Active(false));
        self.tell(Event::Failed(failure));
    }

    /// Looks as long as nobody stops it, and yields why it cannot go on, if it cannot.
    async fn look_until_stopped(&self, cancel: &Cancel) -> Option<Failure> {
        let mut preferences = self.app.watch_preferences();
        // Whether the camera has shown anything since it was last in trouble.
        let mut works = false;
        loop {
            // While it is paused nothing is awake but this.
            tokio::select! {
                _ = cancel.cancelled() => return None,
                going_on = preferences.wait_for(|preferences| !preferences.pause.holds()) => { going_on.ok()?; }
            }
            let came_and_went = self.cameras.watch();
            match self.look(cancel, &mut preferences, &mut works).await {
                Left::Stopped => return None,
                Left::Paused => {}
                Left::Failed(Failure::Source(SourceError::Camera(error))) if works => {
                    works = false;
                    match error {
                        CameraError::Unplugged(_) => {
                            if let Err(failure) = self.await_camera(error, came_and_went, cancel).await {
                                return failure;
                            }
                        }
                        // Opening it anew may be all that it needs.
                        CameraError::Stalled(_) | CameraError::Driver { .. } => {
                            warn!(%error, "the camera is opened anew");
                        }
                        error => return Some(Failure::Source(SourceError::Camera(error))),
                    }
                }
                Left::Failed(failure) => return Some(failure),
            }
        }
    }

    /// Waits until a camera that went away may be back; fails when it is not in time, or, with nothing, when nobody waits.
    async fn await_camera(
        &self,
        error: CameraError,
        mut came_and_went: watch::Receiver<u64>,
        cancel: &Cancel,
    ) -> Result<(), Option<Failure>> {
        warn!(%error, "the camera is away");
        self.say(&message!("narration-away"));
        let back = async {
            while came_and_went.changed().await.is_ok() {
                let (cameras, wanted) = (Arc::clone(&self.cameras), self.wanted.clone());
                let look = move || {
                    let list = cameras.list()?;
                    crate::source::camera::choose(&list, wanted.as_deref()).map(|_| ())
                };
                if tokio::task::spawn_blocking(look).await.is_ok_and(|found| found.is_ok()) {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = cancel.cancelled() => Err(None),
            back = timeout(AWAY_LIMIT, back) => match back {
                Ok(()) => Ok(()),
                Err(_) => Err(Some(Failure::Source(SourceError::Camera(error)))),
            }
        }
    }

    /// Looks through the camera until that ends, for whatever reason. When it returns the camera has been let go.
    /// `works` becomes true with the first picture that was worth a word.
    async fn look(
        &self,
        cancel: &Cancel,
        preferences: &mut watch::Receiver<Preferences>,
        works: &mut bool,
    ) -> Left {
        let watching = Cancel::default();
        let look = Look::new(self.app.clone(), Policy::new(self.lock().telling.pace));
        let (cameras, wanted) = (Arc::clone(&self.cameras), self.wanted.clone());
        let (mut wished, ended) = match look.start(cameras, wanted, watching.clone()) {
            Ok(started) => started,
            Err(error) => {
                warn!(%error, "the system gives no thread");
                return Left::Failed(Failure::Ending);
            }
        };
        self.lock().look = Some(look.clone());
        let mut failures = 0;
        let left = loop {
            let wish = tokio::select! {
                biased;
                _ = cancel.cancelled() => break Some(Left::Stopped),
                paused = preferences.wait_for(|preferences| preferences.pause.holds()) => {
                    break Some(if paused.is_ok() { Left::Paused } else { Left::Stopped });
                }
                wish = wished.recv() => wish,
            };
            *works |= wish.is_some();
            match wish {
                None => break None,
                Some(Wish::Notice(view, frame)) => self.tell_view(view, &frame),
                Some(Wish::Caption(frame)) => match self.caption(&look, frame, cancel).await {
                    Ok(()) => failures = 0,
                    Err(Failure::KeptBack(_) | Failure::Cancelled(_) | Failure::Paused) => {}
                    Err(failure @ (Failure::ModelUnavailable(_) | Failure::Ending)) => {
                        break Some(Left::Failed(failure));
                    }
                    Err(failure) => {
                        failures += 1;
                        if failures == MOST_FAILURES {
                            break Some(Left::Failed(failure));
                        }
                    }
                },
            }
        };
        watching.cancel(Reason::Asked);
        drop(wished);
        self.lock().look = None;
        let end = ended.await;
        left.unwrap_or(match end {
            Ok(Ok(())) => Left::Stopped,
            Ok(Err(error)) => Left::Failed(SourceError::from(error).into()),
            // The thread has panicked.
            Err(_) => Left::Failed(Failure::Ending),
        })
    }

    /// Has a picture captioned and said, if it is worth it.
    async fn caption(&self, look: &Look, frame: Frame, cancel: &Cancel) -> Result<(), Failure> {
        let telling = self.lock().telling;
        let options = Options { speak: telling.speak, ..Options::default() };
        let request = Request::new(self.caller.clone(), Box::new(Seen(frame)), options)
            .with_tact(Arc::new(Judgement(look.clone())));
        let call_off = request.cancel.clone();
        let outcome = tokio::select! {
            outcome = self.app.serve(request) => outcome,
            reason = cancel.cancelled() => {
                call_off.cancel(reason);
                return Err(Failure::Cancelled(reason));
            }
        };
        match outcome {
            Outcome { result: Ok(description), speaking } => {
                self.lock().speaking = speaking;
                self.tell(Event::Narrated(Box::new(description)));
                Ok(())
            }
            Outcome { result: Err(failure), .. } => {
                look.decide(|policy, moment| policy.miss(moment.at));
                Err(failure)
            }
        }
    }

    /// Says that the view is blocked.
    fn tell_view(&self, view: View, frame: &Frame) {
        let language = self.app.language();
        let words = wording::word_view(view);
        let text = wording::words_in(&words, language);
        self.say(&words);
        let quality = match view {
            View::Dark => vec![Fault::Dark],
            View::Covered => vec![Fault::Covered],
            View::Clear => Vec::new(),
        };
        let description = Description {
            id: RequestId::next(),
            spoken: text.clone(),
            text,
            language: language.tag().to_owned(),
            confidence: 0.0,
            band: Band::None,
            kind: Kind::Unknown,
            quality,
            alternatives: Vec::new(),
            tags: Vec::new(),
            captured_at: frame.captured_at,
            capture: Duration::ZERO,
            inference: Duration::ZERO,
            model: String::new(),
            engine: String::new(),
            words: None,
            screen: None,
        };
        self.tell(Event::Narrated(Box::new(description)));
    }
}

/// A picture that was seen already.
#[derive(Debug)]
struct Seen(Frame);

impl Source for Seen {
    fn capture(self: Box<Self>, _cancel: &Cancel) -> Result<Frame, SourceError> {
        Ok(self.0)
    }
}

/// Asks the policy what is said of a caption.
struct Judgement(Look);

impl fmt::Debug for Judgement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Judgement")
    }
}

impl Tact for Judgement {
    fn words(&self, wording: &Wording, quality: &Quality) -> Result<String, KeptBack> {
        let detail = self.0.app.preferences().detail;
        self.0.decide(|policy, moment| policy.hear(moment, wording, quality, detail))
    }
}
