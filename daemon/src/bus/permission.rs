//! Who may look through the person's eyes: the screen and the cameras.
//!
//! A picture that a program hands over is its own, and every program may have it described. The screen and the cameras
//! are the person's. The command `descry`, the keys and the button are the person's own hand and may always look; other
//! programs may not, until the person says so in the settings, once for the screen and once for the cameras. A narration is
//! a look that lasts, and a reservation is of use only to who may look, so both go with the camera.
//!
//! Why so, although a program that runs freely could open a camera itself:
//!
//! - A program in a sandbox could not. It is to ask the desktop's portals, which ask the person; Descry, which runs freely,
//!   must not be the way round them.
//! - A camera's light tells others that it looks. It does not tell a person who cannot see it.
//! - The two eyes are treated alike, as the portals treat them, so that there is one rule to remember.
//!
//! It is no wall against a program that runs freely as the same person: that one can run `descry` itself.

use zbus::{Connection, message::Header};

use super::{error::Error, person};
use crate::{
    history::Scope,
    preferences::Preferences,
    words::{Message, message},
};

/// What a program wants to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eye {
    /// The cameras: a picture, a narration, a reservation.
    Camera,
    /// The screen.
    Screen,
}

impl Eye {
    /// Whether the person lets every program look.
    pub(super) fn is_open(self, preferences: &Preferences) -> bool {
        match self {
            Self::Camera => preferences.programs_use_camera,
            Self::Screen => preferences.programs_see_screen,
        }
    }

    /// Why a program may not look, and what would let it.
    pub(super) fn forbidden(self) -> Message {
        match self {
            Self::Camera => message!("source-camera-forbidden"),
            Self::Screen => message!("source-screen-forbidden"),
        }
    }

    /// Whether it is the person's own hand that looks; else the person must have let every program look.
    pub(super) async fn check(
        self,
        preferences: &Preferences,
        connection: &Connection,
        header: &Header<'_>,
    ) -> Result<Hand, Error> {
        if person::scope(connection, header).await == Scope::All {
            return Ok(Hand::Own);
        }
        if self.is_open(preferences) {
            Ok(Hand::Other)
        } else {
            Err(Error::AccessDenied(self.forbidden().in_language(preferences.words())))
        }
    }
}

/// Whose hand asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// The person's: the command, a key or a button.
    Own,
    /// That of a program.
    Other,
}
