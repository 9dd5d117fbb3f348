//! What is asked, by whom, until when, and how it is called off.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::{
    narration::policy::KeptBack, preferences::Detail, quality::Quality, source::Source, wording::Wording,
};

/// How long a request may take when its caller names no time.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest time that a caller may ask for.
pub const MAXIMUM_TIMEOUT: Duration = Duration::from_mins(10);

/// The number of one request, unique in this process; it stands in every log line about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

impl RequestId {
    /// The next number.
    #[must_use]
    pub fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The number itself, counted from 1.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// Who asks. The newest request of a caller replaces its older ones; other callers' requests stay.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The command in this very process.
    Command,
    /// A key or a button of the person's own.
    Person,
    /// A connection on the bus, by its unique name.
    Bus(String),
    /// The other end of a connection that has no bus and so no names.
    Peer,
    /// A narration, by its number, and whose it is. Its requests give way to everybody's.
    Narration(Arc<Caller>, u64),
}

impl Caller {
    /// Who is answered in the end: the one whose narration it is.
    #[must_use]
    pub fn owner(&self) -> &Self {
        match self {
            Self::Narration(owner, _) => owner.owner(),
            other => other,
        }
    }

    /// Whether it is a person, or a program, that asks just now and waits for the answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !matches!(self, Self::Narration(..))
    }
}

/// How a picture is to be described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The caller's own name for the request, for calling it off.
    pub token: Option<String>,
    /// Whether the answer is spoken.
    pub speak: bool,
    /// How much is said; as the preferences have it when absent.
    pub detail: Option<Detail>,
    /// How many sentences the search keeps side by side; the model's own number when absent.
    pub beam_width: Option<usize>,
    /// Whether each word's probability is wanted.
    pub want_words: bool,
    /// How long the request may take, from its arrival to its caption.
    pub timeout: Duration,
    /// Whether a program asks that is not the person's own hand: then a sign tells of its look, whatever is spoken.
    pub is_of_program: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            speak: true,
            detail: None,
            beam_width: None,
            want_words: false,
            timeout: DEFAULT_TIMEOUT,
            is_of_program: false,
        }
    }
}

/// Why a request was called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A newer request of the same caller took its place.
    Newer,
    /// Its caller asked.
    Asked,
    /// Its caller left the bus.
    CallerGone,
    /// Looking at pictures was paused.
    Paused,
    /// It is a narration's, and a person asked for something.
    GaveWay,
    /// Its time ran out.
    TimedOut,
}

/// A flag that any holder can raise, once, and that the others see or wait for.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<Option<Reason>>>);

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Cancel {
    /// Calls the request off. Only the first reason counts.
    pub fn cancel(&self, reason: Reason) {
        self.0.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
    }

    /// Why the request was called off, if it was.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        *self.0.borrow()
    }

    /// Whether the request was called off.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Waits until the request is called off.
    pub async fn cancelled(&self) -> Reason {
        let mut receiver = self.0.subscribe();
        let reason = receiver.wait_for(Option::is_some).await.ok().and_then(|reason| *reason);
        // `self` holds a sender, so the wait can end with a reason only.
        reason.unwrap_or(Reason::Asked)
    }
}

/// One wish to have a picture described.
#[derive(Debug)]
pub struct Request {
    /// Its number.
    pub id: RequestId,
    /// Who asks.
    pub caller: Caller,
    /// Where the picture comes from.
    pub source: Box<dyn Source>,
    /// How it is to be described.
    pub options: Options,
    /// When it has to be answered.
    pub deadline: Instant,
    /// Raised when nobody wants the answer any more.
    pub cancel: Cancel,
    /// Who decides what is said of it; without one it is said as it is worded.
    pub tact: Option<Arc<dyn Tact>>,
}

/// Knows, once a picture is described, whether that is worth saying, and in which words.
pub trait Tact: Send + Sync + fmt::Debug {
    /// The words, or why there are none.
    fn words(&self, wording: &Wording, quality: &Quality) -> Result<String, KeptBack>;
}

impl Request {
    /// A request that arrives now.
    #[must_use]
    pub fn new(caller: Caller, source: Box<dyn Source>, options: Options) -> Self {
        let deadline = Instant::now() + options.timeout.min(MAXIMUM_TIMEOUT);
        let (id, cancel) = (RequestId::next(), Cancel::default());
        Self { id, caller, source, options, deadline, cancel, tact: None }
    }

    /// Whether its caller hears how it gets on: who hears the answer to a look at what is there now.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.options.speak && self.caller.is_waiting() && self.source.is_live()
    }

    /// Whether the person hears a sign of the look: who waits for the answer, and whose eyes a program borrows.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.is_followed() || (self.options.is_of_program && self.source.is_live())
    }

    /// The same, of which somebody decides what is said.
    #[must_use]
    pub fn with_tact(self, tact: Arc<dyn Tact>) -> Self {
        Self { tact: Some(tact), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_given_twice() {
        let first = RequestId::next();
        assert!(RequestId::next() > first);
    }

    #[tokio::test]
    async fn the_first_reason_stands() {
        let cancel = Cancel::default();
        assert!(!cancel.is_cancelled());
        let other = cancel.clone();
        other.cancel(Reason::Newer);
        cancel.cancel(Reason::Asked);
        assert_eq!(cancel.cancelled().await, Reason::Newer);
    }
}
