//! What Descry does: one request after another, along one path from a source to a voice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, oneshot},
    time::{sleep_until, timeout},
};
use tracing::{Instrument, info, info_span, warn};

use crate::{
    caption_thread::{CaptionThread, Job},
    description::Description,
    failure::Failure,
    frame::Frame,
    in_flight::InFlight,
    narrate::{self, Manner},
    request::{Caller, Cancel, Reason, Request},
    source::{Source, SourceError},
    speech::{Speaking, Urgency, Utterance, Voice},
};

/// How much longer than its request a reading that does not end may keep others from being read.
const READING_GRACE: Duration = Duration::from_secs(5);

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
    /// One picture is decoded at a time, which is what bounds the memory.
    decoding: Arc<Semaphore>,
    beam_width: Option<usize>,
    manner: Manner,
}

impl App {
    /// Puts the parts together. `beam_width` holds for requests that name none; without it, the model's own.
    #[must_use]
    pub fn new(caption_thread: CaptionThread, voice: Arc<dyn Voice>, beam_width: Option<usize>) -> Self {
        let (in_flight, decoding) = (InFlight::default(), Arc::new(Semaphore::new(1)));
        Self { caption_thread, voice, in_flight, decoding, beam_width, manner: Manner::default() }
    }

    /// The same parts, which word their answers in another manner.
    #[must_use]
    pub fn in_manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
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
        if speak {
            // What was asked before has been asked anew: its answer need not be heard to its end.
            self.voice.stop();
        }
        let result = tokio::select! {
            biased;
            reason = cancel.cancelled() => Err(Failure::Cancelled(reason)),
            () = sleep_until(deadline.into()) => {
                cancel.cancel(Reason::TimedOut);
                Err(Failure::TimedOut)
            }
            result = self.handle(request) => result,
        };
        match result {
            Ok((description, speaking)) => {
                let (capture, inference) = (description.capture, description.inference);
                info!(
                    capture_ms = capture.as_millis() as u64,
                    inference_ms = inference.as_millis() as u64,
                    "described"
                );
                Outcome { result: Ok(description), speaking }
            }
            Err(failure) => {
                warn!(%failure, detail = ?failure, "not described");
                let speaking = (speak && failure.is_spoken()).then(|| {
                    let text = narrate::word_failure(&failure);
                    self.voice.say(Utterance { text, urgency: Urgency::Fault })
                });
                Outcome { result: Err(failure), speaking }
            }
        }
    }

    /// The way of the data: source, frame, caption, wording, voice.
    async fn handle(&self, request: Request) -> Result<(Description, Option<Speaking>), Failure> {
        let Request { id, caller, source, options, deadline, cancel } = request;

        let (frame, capture) = self.capture(source, &cancel, deadline).await?;
        let captured_at = frame.captured_at;

        let job = Job { id, caller, frame, beam_width: options.beam_width.or(self.beam_width), cancel };
        let captioned = self.caption_thread.describe(job).await?;

        let wording = narrate::word(&captioned.caption, self.manner);

        let speaking = options
            .speak
            .then(|| self.voice.say(Utterance { text: wording.spoken.clone(), urgency: Urgency::Asked }));

        let description = Description {
            id,
            text: wording.text,
            spoken: wording.spoken,
            confidence: captioned.caption.confidence.value(),
            band: wording.band,
            alternatives: wording.alternatives,
            captured_at,
            capture,
            inference: captioned.inference,
            model: captioned.model,
            engine: captioned.engine,
            words: options.want_words.then_some(captioned.caption.words),
        };
        Ok((description, speaking))
    }

    /// Takes a picture on a thread of its own, where it may block, and where a decoder that panics harms nobody.
    async fn capture(
        &self,
        source: Box<dyn Source>,
        cancel: &Cancel,
        deadline: Instant,
    ) -> Result<(Frame, Duration), Failure> {
        let permit = Arc::clone(&self.decoding).acquire_owned().await.map_err(|_| Failure::Ending)?;
        let (sender, captured) = oneshot::channel();
        let cancel = cancel.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let frame = source.capture(&cancel);
            let _ = sender.send(frame.map(|frame| (frame, started.elapsed())));
        });
        // A request that is called off is answered at once, while its reading may take a moment to notice; the next
        // one waits for that, so that two large pictures are never in memory together. Only a file that cannot be
        // read at all is not waited for.
        tokio::spawn(async move {
            let _permit = permit;
            let patience = deadline.saturating_duration_since(Instant::now()) + READING_GRACE;
            if timeout(patience, reading).await.is_err() {
                warn!("a picture's file does not let itself be read");
            }
        });
        match captured.await {
            Ok(frame) => Ok(frame?),
            Err(_) => {
                Err(SourceError::Damaged { format: "given", detail: "the decoder panicked".to_owned() }
                    .into())
            }
        }
    }

    /// Stops what is being said.
    pub fn stop_speaking(&self) {
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
