//! What Descry does: one request after another, along one path from a source to a voice.

mod capture;
mod feedback;
mod preferences;
mod screen;
mod voice;

use std::sync::{Arc, Mutex};

use tokio::{sync::Semaphore, time::sleep_until};
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    caption_thread::{CaptionThread, Job},
    description::Description,
    earcon::{Chime, Earcon},
    failure::Failure,
    frame::{Frame, Origin, Screen, View},
    history::History,
    in_flight::InFlight,
    preferences::{Detail, Shared},
    quality::{self, Kind, Quality},
    request::{Caller, Reason, Request},
    screen_text::Reader,
    source,
    speech::{Speaking, Urgency, Voice},
    wording,
};
use screen::Asked;

/// What a request came to, and what is being said about it.
#[derive(Debug)]
pub struct Outcome {
    /// The description, or why there is none.
    pub result: Result<Description, Failure>,
    /// Follows what is said; absent when nothing is.
    pub speaking: Option<Speaking>,
}

/// The parts that a request passes through.
#[derive(Clone)]
pub struct App {
    caption_thread: CaptionThread,
    voice: Arc<dyn Voice>,
    in_flight: InFlight,
    /// There is room for one picture at a time, from before it is decoded until it has its caption: pictures of many
    /// callers, or one that is decoded while another waits, would add up.
    room: Arc<Semaphore>,
    beam_width: Option<usize>,
    loads_ahead: bool,
    preferences: Shared,
    history: History,
    reader: Reader,
    chime: Option<Arc<dyn Chime>>,
    /// The newest answer that was asked for, while it is said.
    answer: Arc<Mutex<Option<Speaking>>>,
}

impl App {
    /// Puts the parts together. `beam_width` holds for requests that name none; without it, the model's own.
    #[must_use]
    pub fn new(caption_thread: CaptionThread, voice: Arc<dyn Voice>, beam_width: Option<usize>) -> Self {
        let (in_flight, room) = (InFlight::default(), Arc::new(Semaphore::new(1)));
        let (preferences, history, reader) = (Shared::default(), History::default(), Reader::default());
        let (chime, answer) = (None, Arc::default());
        Self {
            caption_thread,
            voice,
            in_flight,
            room,
            beam_width,
            loads_ahead: false,
            preferences,
            history,
            reader,
            chime,
            answer,
        }
    }

    /// The same parts, which read the text on screens with another reader.
    #[must_use]
    pub fn with_reader(self, reader: Reader) -> Self {
        Self { reader, ..self }
    }

    /// The same parts, which also give signs.
    #[must_use]
    pub fn with_chime(self, chime: Arc<dyn Chime>) -> Self {
        Self { chime: Some(chime), ..self }
    }

    /// The thread that describes.
    #[must_use]
    pub fn caption_thread(&self) -> &CaptionThread {
        &self.caption_thread
    }

    /// Answers a request within its time, unless it is called off. What ends a person's request without a
    /// description is said aloud and logged; neither captions nor pictures are ever logged.
    pub async fn serve(&self, request: Request) -> Outcome {
        let span = info_span!("request", id = %request.id);
        self.serve_in_span(request).instrument(span).await
    }

    async fn serve_in_span(&self, request: Request) -> Outcome {
        let _admitted = match self.in_flight.admit(&request) {
            Ok(admitted) => admitted,
            Err(failure) => return Outcome { result: Err(failure), speaking: None },
        };
        let (cancel, deadline, speak) = (request.cancel.clone(), request.deadline, request.options.speak);
        let caller = request.caller.clone();
        let (is_asked, is_followed) = (caller.is_waiting(), request.is_followed());
        if speak && is_asked {
            // What was asked before has been asked anew: its answer need not be heard to its end.
            self.voice.stop();
        }
        let result = tokio::select! {
            biased;
            () = std::future::ready(()), if self.preferences.now().pause.holds() => Err(Failure::Paused),
            reason = cancel.cancelled() => Err(Failure::Cancelled(reason)),
            () = sleep_until(deadline.into()) => {
                cancel.cancel(Reason::TimedOut);
                Err(Failure::TimedOut)
            }
            result = self.handle(request) => result,
            never = self.ask_for_patience(), if is_followed => never,
        };
        match result {
            Ok((description, speaking)) => {
                let (capture, inference) = (description.capture, description.inference);
                info!(
                    capture_ms = capture.as_millis() as u64,
                    inference_ms = inference.as_millis() as u64,
                    "described"
                );
                if let Err(error) = self.history.record(caller.owner().clone(), description.clone()) {
                    self.complain_of_history(&error);
                }
                Outcome { result: Ok(description), speaking }
            }
            Err(failure @ Failure::KeptBack(_)) => {
                debug!(%failure, "not said");
                Outcome { result: Err(failure), speaking: None }
            }
            Err(failure) => {
                warn!(%failure, detail = ?failure, "not described");
                if is_followed && failure.is_spoken() {
                    self.chime(Earcon::Failed);
                }
                // Whose narration it is hears of it when it ends for that.
                let speaking = (speak && is_asked && failure.is_spoken())
                    .then(|| self.say(wording::word_failure(&failure, self.language()), Urgency::Fault));
                Outcome { result: Err(failure), speaking }
            }
        }
    }

    /// The way of the data: source, frame, quality, caption, wording, voice.
    async fn handle(&self, request: Request) -> Result<(Description, Option<Speaking>), Failure> {
        let is_heard = request.is_heard();
        let Request { id, caller, source, options, deadline, cancel, tact } = request;
        let urgency = if caller.is_waiting() { Urgency::Asked } else { Urgency::Ambient };
        let beam_width = options.beam_width.or(self.beam_width);

        // A narration's picture is there already.
        if caller.is_waiting() && source.is_for_the_network() {
            self.load_ahead();
        }
        let (frame, capture, room) = self.capture(source, &cancel, deadline).await?;
        debug!("captured");
        if is_heard {
            self.chime(Earcon::Captured);
        }
        let captured_at = frame.captured_at;

        if let Origin::Screen(screen) = &frame.origin {
            let screen = screen.clone();
            let asked = Asked { id, caller, options, beam_width, deadline, cancel, capture };
            return self.describe_screen(frame, screen, Kind::Screen, asked).await;
        }

        let (frame, quality) = assess(frame).await?;
        debug!("assessed");

        // A narration reads nothing aloud: a page in sight would silence it for as long as its text takes.
        if let Some(view) = written(quality.kind).filter(|_| tact.is_none()) {
            let asked = Asked { id, caller, options, beam_width, deadline, cancel, capture };
            return self.describe_screen(frame, Screen::unnamed(view), quality.kind, asked).await;
        }

        let captioned = if quality.can_be_captioned {
            let job = Job { id, caller, frame, beam_width, cancel, room: Some(room) };
            Some(self.caption_thread.describe(job).await?)
        } else {
            None
        };
        debug!("captioned");

        let caption = captioned.as_ref().map(|found| &found.caption);
        let in_its_language = captioned.as_ref().map(|found| (&found.caption, found.language.as_str()));
        let preferences = self.preferences.now();
        let wording = wording::word(&quality, in_its_language, preferences.manner());
        let spoken = match tact {
            Some(tact) => tact.words(&wording, &quality)?,
            None if options.detail.unwrap_or(preferences.detail) == Detail::Full => wording.in_full,
            None => wording.spoken,
        };

        let confidence = caption.map_or(0.0, |caption| caption.confidence.value());
        let words =
            options.want_words.then(|| caption.map(|caption| caption.words.clone()).unwrap_or_default());
        let tags = caption.map(|caption| caption.tags.clone()).unwrap_or_default();
        let (inference, model, engine) =
            captioned.map(|found| (found.inference, found.model, found.engine)).unwrap_or_default();
        let description = Description {
            id,
            text: wording.text,
            language: wording.language,
            spoken,
            confidence,
            band: wording.band,
            kind: quality.kind,
            quality: quality.faults,
            alternatives: wording.alternatives,
            tags,
            captured_at,
            capture,
            inference,
            model,
            engine,
            words,
            screen: None,
        };
        let speaking = options.speak.then(|| self.say_of(&description, urgency));
        Ok((description, speaking))
    }

    /// Is silent: stops what is being said, and calls off what a caller has under way, which would be said later.
    pub fn stop(&self, caller: &Caller) {
        self.in_flight.cancel_caller(caller, Reason::Asked);
        self.voice.stop();
    }

    /// Calls off a caller's own requests of that token.
    pub fn cancel(&self, caller: &Caller, token: &str) {
        let count = self.in_flight.cancel_token(caller, token);
        info!(count, "called off");
    }

    /// Calls off all that a caller has under way: it has left.
    pub fn caller_left(&self, caller: &Caller) {
        self.in_flight.cancel_caller(caller, Reason::CallerGone);
    }
}

/// What a picture is read as, where it is one of something written.
fn written(kind: Kind) -> Option<View> {
    match kind {
        Kind::Screen => Some(View::Picture),
        Kind::Text => Some(View::Page),
        Kind::Photo | Kind::Blank | Kind::Unknown => None,
    }
}

/// Judges a picture on a thread where that may take its time. A photograph is small afterwards; what may be read keeps
/// its size.
async fn assess(frame: Frame) -> Result<(Frame, Quality), Failure> {
    let assess = move || {
        let Frame { pixels, origin, captured_at } = frame;
        let small = source::shrunk(&pixels);
        let seen = small.as_ref().unwrap_or(&pixels);
        // What only programs draw no camera sees as it is; what looks so there is something else.
        let quality = match origin {
            Origin::Camera => quality::assess_looks(seen),
            Origin::File | Origin::Screen(_) => quality::assess(seen),
        };
        let is_read = written(quality.kind).is_some();
        let pixels = small.filter(|_| !is_read).unwrap_or(pixels);
        (Frame { pixels, origin, captured_at }, quality)
    };
    tokio::task::spawn_blocking(assess).await.map_err(|_| Failure::Ending)
}
