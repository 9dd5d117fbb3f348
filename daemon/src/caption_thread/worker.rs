//! The thread's side: it holds the model, describes one picture after the other, and lets the model go.

use std::{sync::Arc, time::Instant};

use descry_models::Device;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    Answer, Captioned, Job, State,
    mailbox::{Mailbox, Taken},
    pulse::Pulse,
};
use crate::{
    describer::{DescribeError, Describer, Load},
    frame::Frame,
    request::Cancel,
};

/// What the thread owns.
pub(super) struct Worker {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) load: Load,
    /// What is loaded; not while it describes.
    pub(super) describer: Option<Box<dyn Describer>>,
    pub(super) state: watch::Sender<State>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) device: watch::Sender<Option<Device>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Also when the thread ends by a panic: whoever waits for an answer is told.
        self.mailbox.close();
    }
}

impl Worker {
    pub(super) fn run(mut self) {
        let mut last_asked = Instant::now();
        loop {
            match self.mailbox.take(self.describer.is_some().then_some(last_asked)) {
                Taken::Job(job, answer) => self.answer(*job, answer),
                Taken::Expected => {
                    self.describer = self.loaded().ok();
                    self.pulse.rests();
                }
                Taken::Ended => {
                    if self.describer.as_mut().is_some_and(|describer| describer.has_ended()) {
                        self.let_go();
                    }
                    // That nobody asked for anything is still true.
                    continue;
                }
                Taken::Idle => {
                    self.let_go();
                    info!("the model is let go until it is needed");
                }
                Taken::Closed => return,
            }
            last_asked = Instant::now();
        }
    }

    fn answer(&mut self, job: Job, answer: Answer) {
        let Job { id, frame, beam_width, cancel, room, .. } = job;
        let _span = tracing::info_span!("caption", request = %id).entered();
        let result = if cancel.is_cancelled() {
            Err(DescribeError::Cancelled)
        } else {
            self.work(&frame, beam_width, &cancel)
        };
        self.pulse.rests();
        drop((frame, room));
        // Who asked may have gone.
        let _ = answer.send(result);
    }

    fn work(
        &mut self,
        frame: &Frame,
        beam_width: Option<usize>,
        cancel: &Cancel,
    ) -> Result<Captioned, DescribeError> {
        let mut describer = self.loaded()?;
        self.pulse.beats();
        self.state.send_replace(State::Busy);
        let started = Instant::now();
        let pulse = &self.pulse;
        let result = describer.describe(&frame.pixels, beam_width, &|| {
            pulse.beats();
            cancel.is_cancelled()
        });
        let inference = started.elapsed();
        if let Err(error @ DescribeError::Ended(_)) = result {
            self.state.send_replace(State::Failed);
            return Err(error);
        }
        self.state.send_replace(State::Ready);
        let describer = self.describer.insert(describer);
        Ok(Captioned {
            caption: result?,
            inference,
            model: describer.model().to_owned(),
            engine: describer.engine().to_owned(),
            language: describer.language().to_owned(),
        })
    }

    fn let_go(&mut self) {
        self.describer = None;
        // Nobody waits now, and what pictures have left in the heap is of no use, nor anybody's business.
        descry_resident::give_back_heap();
        descry_resident::give_back_code();
        self.state.send_replace(State::Unloaded);
    }

    /// Takes out what is loaded, or loads it.
    fn loaded(&mut self) -> Result<Box<dyn Describer>, DescribeError> {
        if let Some(mut describer) = self.describer.take() {
            // Where it has ended nobody has lost an answer by that, and nobody has to hear of it.
            if !describer.has_ended() {
                return Ok(describer);
            }
        }
        self.pulse.loads();
        self.state.send_replace(State::Loading);
        let started = Instant::now();
        match (self.load)() {
            Ok(mut describer) => {
                let mailbox = Arc::clone(&self.mailbox);
                describer.when_ended(Box::new(move || mailbox.ended()));
                self.device.send_replace(Some(describer.device()));
                self.state.send_replace(State::Ready);
                info!(milliseconds = started.elapsed().as_millis() as u64, "the model is loaded");
                Ok(describer)
            }
            Err(error) => {
                warn!(%error, "the model could not be loaded");
                self.state.send_replace(State::Failed);
                Err(error)
            }
        }
    }
}
