//! Failures as D-Bus errors.

use zbus::DBusError;

use crate::{
    failure::Failure,
    preferences::InvalidPreference,
    request::Reason,
    source::{SourceError, camera::CameraError, screen::ScreenError},
    words::Language,
};

/// What a caller is told when there is no description. Each holds one sentence for people.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.descry.Descry1.Error")]
pub enum Error {
    /// A fault of the bus itself.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// The service is ending, or nothing has been described yet.
    NotReady(String),
    /// The model cannot be loaded.
    ModelUnavailable(String),
    /// There is no such camera or screen.
    NoSuchSource(String),
    /// Another program uses the camera, or has reserved it.
    AlreadyInUse(String),
    /// The caller has not reserved the camera.
    NotClaimed(String),
    /// Looking at pictures is paused.
    Paused(String),
    /// The caller may not see the screen, or the service not the camera.
    AccessDenied(String),
    /// The request was called off, by its caller or by a newer request of the same caller.
    Cancelled(String),
    /// The request took longer than its time.
    TimedOut(String),
    /// What was sent is not a picture that can be read.
    InvalidImage(String),
    /// The picture has too many bytes or pixels.
    TooLarge(String),
    /// The caller has too many requests under way.
    RateLimited(String),
    /// An option has a value or a type that cannot be meant.
    InvalidOption(String),
    /// Anything else.
    Failed(String),
}

impl From<InvalidPreference> for Error {
    fn from(error: InvalidPreference) -> Self {
        Self::InvalidOption(error.to_string())
    }
}

impl Error {
    /// The sentence for people, without the error's name on the bus.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.description().unwrap_or_default()
    }

    /// A failure, in the words of a language.
    #[must_use]
    pub fn of(failure: &Failure, language: Language) -> Self {
        let sentence = failure.message().in_language(language);
        match failure {
            Failure::Source(
                SourceError::TooManyBytes
                | SourceError::TooManyPixels { .. }
                | SourceError::TooMuchMemory { .. }
                | SourceError::TooMuchInside(_)
                | SourceError::Screen(ScreenError::TooLarge { .. }),
            ) => Self::TooLarge(sentence),
            Failure::Paused | Failure::Cancelled(Reason::Paused) => {
                Self::Paused(Failure::Paused.message().in_language(language))
            }
            Failure::Source(
                SourceError::Screen(
                    ScreenError::NoSession
                    | ScreenError::OtherSession
                    | ScreenError::NoPortal
                    | ScreenError::NoScreenshots
                    | ScreenError::NoServer { .. }
                    | ScreenError::NotAllowed(_),
                )
                | SourceError::Camera(
                    CameraError::None
                    | CameraError::NoSuch(_)
                    | CameraError::Several(_)
                    | CameraError::Unplugged(_),
                ),
            ) => Self::NoSuchSource(sentence),
            Failure::Source(SourceError::Camera(CameraError::Busy(_) | CameraError::Reserved(_))) => {
                Self::AlreadyInUse(sentence)
            }
            Failure::Source(SourceError::Camera(CameraError::NotAllowed(_))) => Self::AccessDenied(sentence),
            Failure::Source(SourceError::Cancelled | SourceError::Screen(ScreenError::Cancelled))
            | Failure::Cancelled(_) => Self::Cancelled(sentence),
            Failure::Source(SourceError::Screen(_) | SourceError::Camera(_))
            | Failure::Model(_)
            | Failure::KeptBack(_) => Self::Failed(sentence),
            Failure::Source(_) => Self::InvalidImage(sentence),
            Failure::ModelUnavailable(_) => Self::ModelUnavailable(sentence),
            Failure::InvalidOption(_) => Self::InvalidOption(sentence),
            Failure::TimedOut => Self::TimedOut(sentence),
            Failure::RateLimited => Self::RateLimited(sentence),
            Failure::Ending | Failure::NothingYet => Self::NotReady(sentence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_hears_no_name_of_an_error() {
        let error = Error::of(&Failure::TimedOut, Language::English);
        assert_eq!(error.sentence(), "it took too long");
        assert_eq!(error.to_string(), "org.descry.Descry1.Error.TimedOut: it took too long");
    }
}
