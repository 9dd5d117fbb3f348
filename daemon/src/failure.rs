//! Why a request ends without a description.

use thiserror::Error;

use crate::{
    describer::DescribeError,
    narration::policy::KeptBack,
    request::Reason,
    source::{SourceError, screen::ScreenError},
    words::{Message, message},
};

/// Why a request ends without a description. Each is one sentence that begins in lower case and has no full stop, in
/// English for the log; [`Failure::message`] is for people.
#[derive(Debug, Error)]
pub enum Failure {
    /// There is no picture.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model cannot be used at all.
    #[error("the model cannot be used: {0}")]
    ModelUnavailable(Message),
    /// The model failed on this picture.
    #[error("the model failed: {0}")]
    Model(Message),
    /// An option leaves its bounds.
    #[error("{0}")]
    InvalidOption(String),
    /// Nobody wants the answer any more.
    #[error("the request was called off")]
    Cancelled(Reason),
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// Looking at pictures is paused.
    #[error("Descry is paused; descry resume lets it go on")]
    Paused,
    /// Nothing was described that could be told once more.
    #[error("nothing has been described yet")]
    NothingYet,
    /// The caller has too many requests under way.
    #[error("too many requests at once")]
    RateLimited,
    /// It is a narration's, and not worth saying.
    #[error(transparent)]
    KeptBack(#[from] KeptBack),
    /// This program is ending.
    #[error("Descry is ending")]
    Ending,
}

impl Failure {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Source(error) => error.message(),
            Self::ModelUnavailable(reason) => message!("failure-model-unavailable", reason = reason.clone()),
            Self::Model(reason) => message!("failure-model", reason = reason.clone()),
            Self::InvalidOption(problem) => message!("failure-option", problem = problem),
            // That is for the log alone.
            Self::Cancelled(_) | Self::KeptBack(_) => message!("failure-cancelled"),
            Self::TimedOut => message!("failure-timed-out"),
            Self::Paused => message!("failure-paused"),
            Self::NothingYet => message!("failure-nothing-yet"),
            Self::RateLimited => message!("failure-rate-limited"),
            Self::Ending => message!("failure-ending"),
        }
    }

    /// Whether a person has to hear of it. What they called off themselves they know.
    #[must_use]
    pub fn is_spoken(&self) -> bool {
        match self {
            Self::Cancelled(_) | Self::RateLimited | Self::InvalidOption(_) | Self::KeptBack(_) => false,
            Self::Source(error) => !matches!(error, SourceError::Cancelled),
            Self::ModelUnavailable(_)
            | Self::Model(_)
            | Self::TimedOut
            | Self::Paused
            | Self::NothingYet
            | Self::Ending => true,
        }
    }
}

impl From<ScreenError> for Failure {
    fn from(error: ScreenError) -> Self {
        Self::Source(error.into())
    }
}

impl From<DescribeError> for Failure {
    fn from(error: DescribeError) -> Self {
        match error {
            DescribeError::Unavailable(reason) => Self::ModelUnavailable(reason),
            DescribeError::Failed(reason) | DescribeError::Ended(reason) => Self::Model(reason),
            DescribeError::Setting(reason) => Self::InvalidOption(reason),
            // Who raised the flag, and why, is known where it was raised.
            DescribeError::Cancelled => Self::Cancelled(Reason::Asked),
        }
    }
}
