//! What speaks in the place of a speech-dispatcher that is not there, and who gives way to whom among what it says: with the
//! feature `tts` the voice of the system, and where there is none, or without that feature, espeak-ng.
//!
//! It speaks only there: who set a speech-dispatcher up, or named another machine's, has chosen who speaks. A narration is
//! left out while anything is said, an answer replaces the one before it, and a failure is said to its end, as with
//! speech-dispatcher.

use std::collections::VecDeque;

use tokio::sync::{mpsc, watch};
use tracing::debug;

#[cfg(feature = "tts")]
use super::system_voice::SystemVoice;
use super::{Progress, Script, Urgency, VoiceError, espeak::Espeak};
use crate::preferences::{Preferences, VoiceSettings};

/// How many orders wait at most.
const QUEUE: usize = 64;

/// One utterance, and who wants to know of it.
struct Job {
    script: Script,
    progress: watch::Sender<Progress>,
    /// Why speech-dispatcher did not say it: what is told where nothing else is there either.
    instead_of: VoiceError,
}

enum Order {
    Say(Job),
    Stop,
}

/// A voice in the place of speech-dispatcher.
#[derive(Clone)]
pub(super) struct InPlace {
    orders: mpsc::Sender<Order>,
}

/// Who speaks, in turn: the next where the one before cannot.
struct Speakers {
    #[cfg(feature = "tts")]
    system: Option<SystemVoice>,
    espeak: Espeak,
}

/// How a voice is to sound, and in which language.
struct Sound {
    language: String,
    voice: VoiceSettings,
}

impl Speakers {
    /// Says all of it; dropping what this returns ends that at once.
    async fn say(&mut self, job: &Job, sound: &Sound) -> Progress {
        #[cfg(feature = "tts")]
        if let Some(system) = &mut self.system {
            match system.say(&job.script.text(), &sound.voice).await {
                Ok(progress) => return progress,
                Err(reason) => tracing::info!(reason, "the voice of the system does not speak"),
            }
        }
        match self.espeak.say(&job.script, &sound.language, &sound.voice).await {
            Ok(progress) => progress,
            // It is not there.
            Err(_) => Progress::Failed(job.instead_of.clone()),
        }
    }
}

/// Which of them is there, by its name for the log and for people; `None` where none is.
pub(crate) async fn who() -> Option<Who> {
    #[cfg(feature = "tts")]
    if super::system_voice::is_there().await {
        return Some(Who::System);
    }
    super::espeak::is_there().await.then_some(Who::Espeak)
}

/// Who speaks in the place of speech-dispatcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The voice of the system.
    #[cfg(feature = "tts")]
    System,
    /// The program espeak-ng.
    Espeak,
}

impl InPlace {
    /// Starts the task that speaks. It ends when every clone of this voice is dropped.
    pub(super) fn start(preferences: watch::Receiver<Preferences>) -> Self {
        let speakers = Speakers {
            #[cfg(feature = "tts")]
            system: Some(SystemVoice::start()),
            espeak: Espeak::default(),
        };
        Self::start_with(speakers, preferences)
    }

    fn start_with(speakers: Speakers, preferences: watch::Receiver<Preferences>) -> Self {
        let (orders, received) = mpsc::channel(QUEUE);
        tokio::spawn(Task { preferences, waiting: VecDeque::new() }.run(speakers, received));
        Self { orders }
    }

    /// Says an utterance that speech-dispatcher did not say, and reports how far it has come.
    pub(super) fn order(&self, script: Script, progress: watch::Sender<Progress>, instead_of: VoiceError) {
        if let Err(error) = self.orders.try_send(Order::Say(Job { script, progress, instead_of })) {
            let (order, reason) = match error {
                mpsc::error::TrySendError::Full(order) => (order, VoiceError::Busy),
                mpsc::error::TrySendError::Closed(order) => (order, VoiceError::Ended),
            };
            if let Order::Say(job) = order {
                job.progress.send_replace(Progress::Failed(reason));
            }
        }
    }

    /// Stops what is being said and forgets what was about to be said.
    pub(super) fn stop(&self) {
        if let Err(error) = self.orders.try_send(Order::Stop) {
            debug!(%error, "the voice could not be told to stop");
        }
    }
}

struct Task {
    preferences: watch::Receiver<Preferences>,
    /// Failures, which are said one after the other, and an answer behind them.
    waiting: VecDeque<Job>,
}

impl Task {
    async fn run(mut self, mut speakers: Speakers, mut orders: mpsc::Receiver<Order>) {
        loop {
            let job = match self.waiting.pop_front() {
                Some(job) => job,
                None => match orders.recv().await {
                    Some(Order::Say(job)) => job,
                    Some(Order::Stop) => continue,
                    None => return,
                },
            };
            let end = self.say(&job, &mut speakers, &mut orders).await;
            job.progress.send_replace(end);
        }
    }

    /// Says it, unless something comes that it gives way to. Dropping what says it ends that.
    async fn say(
        &mut self,
        job: &Job,
        speakers: &mut Speakers,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Progress {
        let sound = {
            let preferences = self.preferences.borrow();
            Sound { language: preferences.language_tag().to_owned(), voice: preferences.voice.clone() }
        };
        job.progress.send_replace(Progress::Begun);
        let mut saying = std::pin::pin!(speakers.say(job, &sound));
        loop {
            tokio::select! {
                progress = &mut saying => return progress,
                order = orders.recv() => match order {
                    Some(Order::Say(new)) => {
                        if new.script.urgency == Urgency::Ambient {
                            new.progress.send_replace(Progress::Stopped);
                            continue;
                        }
                        self.forget(|waiting| waiting.script.urgency == Urgency::Fault);
                        self.waiting.push_back(new);
                        if job.script.urgency != Urgency::Fault {
                            return Progress::Stopped;
                        }
                    }
                    Some(Order::Stop) => {
                        self.forget(|_| false);
                        return Progress::Stopped;
                    }
                    None => return Progress::Stopped,
                }
            }
        }
    }

    /// Forgets what waits, but for what is to be kept.
    fn forget(&mut self, is_kept: impl Fn(&Job) -> bool) {
        let (kept, forgotten): (VecDeque<Job>, VecDeque<Job>) = self.waiting.drain(..).partition(is_kept);
        self.waiting = kept;
        for job in forgotten {
            job.progress.send_replace(Progress::Stopped);
        }
    }
}

#[cfg(test)]
mod tests;
