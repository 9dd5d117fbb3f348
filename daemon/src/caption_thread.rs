//! The border between async and blocking: one thread, named `caption`, owns the network and takes one job at a time.

mod mailbox;
pub(crate) mod pulse;

use std::{
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use descry_models::{Caption, Device};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tracing::{info, warn};

use crate::{
    describer::{DescribeError, Describer, Load},
    failure::Failure,
    frame::Frame,
    request::{Caller, Cancel, RequestId},
};
use mailbox::{Mailbox, Taken};
use pulse::Pulse;

/// What the model is doing, as the bus tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not loaded: the next request loads it.
    Unloaded,
    /// Being loaded.
    Loading,
    /// Loaded, and idle.
    Ready,
    /// Describing a picture.
    Busy,
    /// It could not be loaded, or it ended while it described. The next request tries again.
    Failed,
}

impl State {
    /// The word for it on the bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unloaded => "unloaded",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

/// The room that a picture takes in memory: free for another one when the last clone is dropped.
pub type Room = Arc<OwnedSemaphorePermit>;

/// What the thread is asked for.
#[derive(Debug)]
pub struct Job {
    /// The request's number.
    pub id: RequestId,
    /// Who asks: a newer job of the same caller replaces one that still waits.
    pub caller: Caller,
    /// The picture.
    pub frame: Frame,
    /// How many sentences the search keeps side by side.
    pub beam_width: Option<usize>,
    /// Ends the work early.
    pub cancel: Cancel,
    /// Held as long as the picture is, if somebody counts.
    pub room: Option<Room>,
}

/// What the thread answers.
#[derive(Debug)]
pub struct Captioned {
    /// The caption.
    pub caption: Caption,
    /// How long it took, loading not counted.
    pub inference: Duration,
    /// The model's name.
    pub model: String,
    /// The engine's name.
    pub engine: String,
    /// The language of the caption, as in "en".
    pub language: String,
}

type Answer = oneshot::Sender<Result<Captioned, DescribeError>>;

/// The handle of the caption thread. The thread ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct CaptionThread {
    mailbox: Arc<Closing>,
    state: watch::Receiver<State>,
    pulse: Arc<Pulse>,
    device: watch::Receiver<Option<Device>>,
}

/// Closes the mailbox with the last handle.
#[derive(Debug)]
struct Closing(Arc<Mailbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl CaptionThread {
    /// Starts the thread. Nothing is loaded before the first job.
    pub fn start(load: Load) -> io::Result<Self> {
        let mailbox = Arc::new(Mailbox::default());
        let (state_sender, state) = watch::channel(State::Unloaded);
        let pulse = Arc::new(Pulse::default());
        let (device_sender, device) = watch::channel(None);
        let worker = Worker {
            mailbox: Arc::clone(&mailbox),
            load,
            describer: None,
            state: state_sender,
            pulse: Arc::clone(&pulse),
            device: device_sender,
        };
        thread::Builder::new().name("caption".to_owned()).spawn(move || worker.run())?;
        Ok(Self { mailbox: Arc::new(Closing(mailbox)), state, pulse, device })
    }

    /// Describes a frame, when the thread comes to it.
    pub async fn describe(&self, job: Job) -> Result<Captioned, Failure> {
        let (answer, received) = oneshot::channel();
        self.mailbox.0.put(job, answer).await;
        match received.await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Failure::Ending),
        }
    }

    /// Says that a job is about to come: the thread loads the model meanwhile, where it is not loaded. Should that fail, the
    /// job tries it again and is answered with the reason.
    pub fn expect(&self) {
        self.mailbox.0.expect();
    }

    /// Lets the model go when nothing was asked for that long, until it is needed again; never when absent.
    pub fn set_idle_limit(&self, limit: Option<Duration>) {
        self.mailbox.0.set_idle_limit(limit);
    }

    /// Whether the thread has been at one step for longer than any step takes.
    #[must_use]
    pub fn hangs(&self) -> bool {
        self.pulse.hangs()
    }

    #[cfg(test)]
    pub(crate) fn set_patience(&self, step: Duration) {
        self.pulse.set_step(step);
    }

    /// What the model is doing; it can be watched.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Where the model ran when it was loaded last; nothing before it is loaded.
    #[must_use]
    pub fn device(&self) -> Option<Device> {
        *self.device.borrow()
    }

    /// Waits until the thread is gone, which it never should be while this handle exists.
    pub async fn ended(&self) {
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}

struct Worker {
    mailbox: Arc<Mailbox>,
    load: Load,
    describer: Option<Box<dyn Describer>>,
    state: watch::Sender<State>,
    pulse: Arc<Pulse>,
    device: watch::Sender<Option<Device>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Also when the thread ends by a panic: whoever waits for an answer is told.
        self.mailbox.close();
    }
}

impl Worker {
    fn run(mut self) {
        let mut last_asked = Instant::now();
        loop {
            match self.mailbox.take(self.describer.is_some().then_some(last_asked)) {
                Taken::Job(job, answer) => self.answer(*job, answer),
                Taken::Expected => {
                    self.describer = self.loaded().ok();
                    self.pulse.rests();
                }
                Taken::Idle => {
                    self.describer = None;
                    // Nobody waits now, and what pictures have left in the heap is of no use, nor anybody's business.
                    descry_resident::give_back_heap();
                    descry_resident::give_back_code();
                    info!("the model is let go until it is needed");
                    self.state.send_replace(State::Unloaded);
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
            Ok(describer) => {
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

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::SystemTime,
    };

    use image::RgbImage;

    use super::*;
    use crate::{
        describer::fake::{Conduct, load},
        frame::Origin,
        request::Reason,
        words::message,
    };

    pub(crate) fn job(caller: Caller) -> Job {
        let frame =
            Frame { pixels: RgbImage::new(4, 3), origin: Origin::File, captured_at: SystemTime::UNIX_EPOCH };
        let cancel = Cancel::default();
        Job { id: RequestId::next(), caller, frame, beam_width: None, cancel, room: None }
    }

    #[tokio::test]
    async fn the_model_is_loaded_by_the_first_job() {
        let thread = CaptionThread::start(load(Conduct::Describe)).unwrap();
        assert_eq!((*thread.state().borrow(), thread.device()), (State::Unloaded, None));
        let captioned = thread.describe(job(Caller::Command)).await.unwrap();
        assert_eq!(captioned.caption.text, "a picture of 4 by 3");
        assert_eq!((captioned.model.as_str(), captioned.engine.as_str()), ("fake-model", "fake"));
        assert_eq!((*thread.state().borrow(), thread.device()), (State::Ready, Some(Device::Cuda)));
    }

    #[tokio::test]
    async fn a_model_that_nobody_needs_is_let_go_and_comes_back() {
        let thread = CaptionThread::start(load(Conduct::Describe)).unwrap();
        let mut state = thread.state();
        thread.describe(job(Caller::Command)).await.unwrap();
        assert_eq!(*state.borrow_and_update(), State::Ready);
        // A limit that is set later holds for what is loaded already.
        thread.set_idle_limit(Some(Duration::from_millis(1)));
        state.wait_for(|state| *state == State::Unloaded).await.unwrap();
        thread.set_idle_limit(Some(Duration::MAX));
        assert!(thread.describe(job(Caller::Command)).await.is_ok());
        assert_eq!(*thread.state().borrow(), State::Ready);
    }

    /// Loads nothing at first, and a fake from the second time on.
    fn flaky() -> Load {
        let mut attempts = 0;
        Box::new(move || {
            attempts += 1;
            if attempts == 1 {
                Err(DescribeError::Unavailable(message!("model-other", detail = "not yet")))
            } else {
                load(Conduct::Describe)()
            }
        })
    }

    #[tokio::test]
    async fn a_model_is_loaded_while_its_job_is_only_expected() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let counting: Load = Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            load(Conduct::Describe)()
        });
        let thread = CaptionThread::start(counting).unwrap();
        let mut state = thread.state();
        thread.expect();
        state.wait_for(|state| *state == State::Ready).await.unwrap();
        assert!(!thread.hangs());
        // Of one that is loaded already nothing more comes, and the job finds it.
        thread.expect();
        assert!(thread.describe(job(Caller::Command)).await.is_ok());
        assert_eq!(loads.load(Ordering::Relaxed), 1);
        // A job that does not come keeps it no longer than one that did.
        thread.set_idle_limit(Some(Duration::from_millis(1)));
        state.wait_for(|state| *state == State::Unloaded).await.unwrap();
        thread.expect();
        state.wait_for(|state| *state == State::Ready).await.unwrap();
        state.wait_for(|state| *state == State::Unloaded).await.unwrap();
    }

    #[tokio::test]
    async fn a_load_that_failed_ahead_is_tried_again_by_the_job() {
        let thread = CaptionThread::start(flaky()).unwrap();
        let mut state = thread.state();
        thread.expect();
        state.wait_for(|state| *state == State::Failed).await.unwrap();
        assert!(thread.describe(job(Caller::Command)).await.is_ok());
    }

    #[tokio::test]
    async fn a_load_that_failed_is_tried_again() {
        let thread = CaptionThread::start(flaky()).unwrap();
        let first = thread.describe(job(Caller::Command)).await;
        assert!(matches!(first, Err(Failure::ModelUnavailable(_))), "{first:?}");
        assert_eq!(*thread.state().borrow(), State::Failed);
        assert!(thread.describe(job(Caller::Command)).await.is_ok());
    }

    #[tokio::test]
    async fn a_job_ends_when_it_is_called_off() {
        let thread = CaptionThread::start(load(Conduct::Endless)).unwrap();
        let job = job(Caller::Command);
        let cancel = job.cancel.clone();
        let mut state = thread.state();
        let describing = tokio::spawn(async move { thread.describe(job).await });
        state.wait_for(|state| *state == State::Busy).await.unwrap();
        cancel.cancel(Reason::Asked);
        assert!(matches!(describing.await.unwrap(), Err(Failure::Cancelled(_))));
    }

    #[tokio::test]
    async fn a_newer_job_takes_the_place_of_one_that_waits() {
        let thread = CaptionThread::start(load(Conduct::Endless)).unwrap();
        let running = job(Caller::Bus(":1.1".into()));
        let stop = running.cancel.clone();
        let mut state = thread.state();
        let describe = |job| {
            tokio::spawn({
                let thread = thread.clone();
                async move { thread.describe(job).await }
            })
        };
        let running = describe(running);
        state.wait_for(|state| *state == State::Busy).await.unwrap();

        let older = describe(job(Caller::Bus(":1.2".into())));
        tokio::task::yield_now().await;
        let newer = job(Caller::Bus(":1.2".into()));
        newer.cancel.cancel(Reason::Asked);
        let newer = describe(newer);
        // The older one is answered while the first still runs.
        assert!(matches!(older.await.unwrap(), Err(Failure::Cancelled(_))));
        stop.cancel(Reason::Asked);
        assert!(matches!(running.await.unwrap(), Err(Failure::Cancelled(_))));
        assert!(matches!(newer.await.unwrap(), Err(Failure::Cancelled(_))));
    }

    #[tokio::test]
    async fn the_end_of_the_thread_is_seen_and_answered() {
        let thread = CaptionThread::start(load(Conduct::Panic)).unwrap();
        assert!(matches!(thread.describe(job(Caller::Command)).await, Err(Failure::Ending)));
        thread.ended().await;
        assert!(matches!(thread.describe(job(Caller::Command)).await, Err(Failure::Ending)));
    }
}
