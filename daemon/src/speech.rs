//! What is said aloud: utterances with an urgency, and voices that say them or say why they cannot.

pub mod address;
pub mod clean;
mod espeak;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod in_place;
mod orca;
pub mod passage;
pub mod probe;
pub mod router;
pub mod speech_dispatcher;
pub mod ssip;
#[cfg(feature = "tts")]
mod system_voice;

use std::time::Duration;

use thiserror::Error;
use tokio::{sync::watch, time::timeout};

use crate::words::{Language, Message, message};
use passage::{Passage, Quote};

/// How an utterance stands towards others that are being said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// The answer to what a person asked just now.
    Asked,
    /// Narration, which gives way by itself.
    Ambient,
    /// Something is wrong and has to be known.
    Fault,
}

/// One thing to say, whole: no other speaker comes between its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// The words.
    pub text: String,
    /// How it stands towards others.
    pub urgency: Urgency,
    /// What of the words is in another language than the person's, where that is known.
    pub quotes: Vec<Quote>,
}

impl Utterance {
    /// Words in the person's language.
    #[must_use]
    pub fn new(text: impl Into<String>, urgency: Urgency) -> Self {
        Self { text: text.into(), urgency, quotes: Vec::new() }
    }

    /// The same words, of which some are in another language.
    #[must_use]
    pub fn quoting(self, quotes: Vec<Quote>) -> Self {
        Self { quotes, ..self }
    }
}

/// An utterance as a synthesiser is to say it: cleaned, and parted where its language changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What is said, one after the other, as one utterance. There is always one.
    pub passages: Vec<Passage>,
    /// How it stands towards others.
    pub urgency: Urgency,
}

impl Script {
    /// What is to be said of an utterance to a person of this language. What is shown and logged stays as it is.
    #[must_use]
    pub fn of(utterance: &Utterance, language: Language) -> Self {
        let passages = passage::passages(&utterance.text, &utterance.quotes, language);
        Self { passages, urgency: utterance.urgency }
    }

    /// All of it, for who cannot be told of languages.
    #[must_use]
    pub fn text(&self) -> String {
        self.passages.iter().map(|passage| passage.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Why something was not said. Each is one sentence that begins in lower case and has no full stop, in English for the
/// log; [`VoiceError::message`] is for people.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VoiceError {
    /// Nothing listens where speech-dispatcher should be.
    #[error(
        "speech-dispatcher does not answer at {address} ({reason}); install and start speech-dispatcher, or use --no-speech"
    )]
    NotReachable {
        /// Where it was looked for.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The address that the environment gives is not one.
    #[error("SPEECHD_ADDRESS is {0:?}, which is neither unix_socket:PATH nor inet_socket:HOST:PORT")]
    Address(String),
    /// The connection ended while something was to be said.
    #[error("speech-dispatcher closed the connection")]
    Lost,
    /// A reply did not come.
    #[error("speech-dispatcher did not answer in time")]
    Late,
    /// A reply that no speech-dispatcher gives.
    #[error("what answers is not speech-dispatcher: {0}")]
    Malformed(String),
    /// A command was refused.
    #[error("speech-dispatcher refused to speak: {0}")]
    Refused(String),
    /// There is no speech-dispatcher, and espeak-ng cannot speak in its place.
    #[error("speech-dispatcher does not answer, and espeak-ng failed in its place: {0}")]
    Espeak(String),
    /// Only Orca may speak, and it cannot be asked.
    #[error("Orca does not run, or is older than version 49; start it, or set the setting speech to auto")]
    NoOrca,
    /// Orca did not present it.
    #[error("Orca did not speak: {0}")]
    Orca(String),
    /// More is waiting to be said than is ever waited for.
    #[error("too much is waiting to be said")]
    Busy,
    /// The task that speaks is gone.
    #[error("the voice has ended")]
    Ended,
}

impl VoiceError {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NotReachable { address, reason } => {
                message!("voice-not-reachable", address = address, reason = reason)
            }
            Self::Address(address) => message!("voice-address", address = format!("{address:?}")),
            Self::Lost => message!("voice-lost"),
            Self::Late => message!("voice-late"),
            Self::Malformed(reason) => message!("voice-malformed", reason = reason),
            Self::Refused(reason) => message!("voice-refused", reason = reason),
            Self::Espeak(reason) => message!("voice-espeak", reason = reason),
            Self::NoOrca => message!("voice-no-orca"),
            Self::Orca(reason) => message!("voice-orca", reason = reason),
            Self::Busy => message!("voice-busy"),
            Self::Ended => message!("voice-ended"),
        }
    }
}

/// How far an utterance has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not yet with the synthesiser.
    Waiting,
    /// The synthesiser has it.
    Accepted,
    /// It is being said.
    Begun,
    /// It was said to its end, or taken by a screen reader that does not tell when it ends.
    Finished,
    /// It was stopped, or gave way.
    Stopped,
    /// It was not said, or not to its end.
    Failed(VoiceError),
}

impl Progress {
    fn is_end(&self) -> bool {
        matches!(self, Self::Finished | Self::Stopped | Self::Failed(_))
    }
}

/// Follows an utterance while it is said. Dropping it changes nothing about the saying.
#[derive(Debug, Clone)]
pub struct Speaking(watch::Receiver<Progress>);

impl Speaking {
    /// An utterance's follower, and what the voice reports to it through.
    #[must_use]
    pub fn new() -> (watch::Sender<Progress>, Self) {
        let (sender, receiver) = watch::channel(Progress::Waiting);
        (sender, Self(receiver))
    }

    /// Follows what is reported through a sender that is there already.
    #[must_use]
    pub fn of(progress: &watch::Sender<Progress>) -> Self {
        Self(progress.subscribe())
    }

    /// Whether it was said, stopped, or failed: nothing more comes of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.borrow().is_end() || self.0.has_changed().is_err()
    }

    /// Whether it was said to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        *self.0.borrow() == Progress::Finished
    }

    /// Whether something can follow it: it was said to its end, or may still be.
    #[must_use]
    pub fn may_go_on(&self) -> bool {
        self.is_finished() || !self.is_over()
    }

    /// Whether both follow the same utterance.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }

    /// Waits until the synthesiser has the utterance, at most `limit`.
    pub async fn accepted(&mut self, limit: Duration) -> Result<(), VoiceError> {
        self.wait(limit, |progress| *progress != Progress::Waiting).await.map(|_| ())
    }

    /// Waits until the utterance was said or stopped, at most `limit`. `true` when it was said to its end.
    pub async fn ended(&mut self, limit: Duration) -> Result<bool, VoiceError> {
        self.wait(limit, Progress::is_end).await.map(|progress| progress == Progress::Finished)
    }

    async fn wait(&mut self, limit: Duration, until: fn(&Progress) -> bool) -> Result<Progress, VoiceError> {
        let progress = match timeout(limit, self.0.wait_for(until)).await {
            Ok(Ok(progress)) => progress.clone(),
            Ok(Err(_)) => return Err(VoiceError::Ended),
            Err(_) => return Err(VoiceError::Late),
        };
        match progress {
            Progress::Failed(error) => Err(error),
            progress => Ok(progress),
        }
    }
}

/// The end of an utterance that was begun before all of it was known.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Follows what [`Voice::begin`] has said.
    pub begun: Speaking,
    /// What comes after that.
    pub rest: Utterance,
    /// All of it, with how it stands towards others: said where its begin was not heard to its end.
    pub whole: Utterance,
}

/// Something that speaks. No method waits.
pub trait Voice: Send + Sync {
    /// Says an utterance.
    fn say(&self, utterance: Utterance) -> Speaking;

    /// Says the begin of an utterance whose rest is not known yet; [`Self::finish`] says that, or nobody does. A voice that
    /// can only say things whole says nothing now: what is returned is over at once.
    fn begin(&self, begin: Utterance) -> Speaking;

    /// Says the rest of what was begun; or all of it, where something else came in between.
    fn finish(&self, ending: Ending) -> Speaking;

    /// Stops what this voice is saying and forgets what it was about to say.
    fn stop(&self);
}
