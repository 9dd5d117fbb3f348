//! Who may look through the person's eyes, the screen and the cameras, and who may open them again after a pause.
//!
//! A picture that a program hands over is its own, and every program may have it described. The command `descry`, the keys
//! and the button are the person's own hand, and may always look. Other programs are let or not by two settings:
//!
//! - They may look through cameras, until the person takes that leave away (`programs_use_camera`). A wearable's companion
//!   and its like are one of the three things that Descry is for; a program that runs freely could open the camera itself,
//!   and one in a sandbox reaches Descry only where its sandbox was told to let it. A camera's light tells nothing to a
//!   person who cannot see it, so each look of a program is heard: a short sound when it takes a picture, and when it
//!   begins a narration, whether it has anything spoken or not.
//! - They may not look at the screen, until the person gives that leave (`programs_see_screen`): it shows passwords and
//!   letters, which belong to other programs.
//!
//! A narration is a look that lasts, and a reservation is of use only to who may look, so both go with the camera, and end
//! with the leave. It is no wall against a program that runs freely as the same person: that one can run `descry` itself.

use zbus::{
    Connection,
    fdo::{self, DBusProxy},
    message::Header,
    names::BusName,
};

use super::{error::Error, person};
use crate::{
    history::Scope,
    pause::{Pause, PausedByPerson},
    preferences::Preferences,
    request::{Caller, Options},
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
    /// Whether every program is let look.
    pub(super) fn is_open(self, preferences: &Preferences) -> bool {
        match self {
            Self::Camera => preferences.programs.use_camera,
            Self::Screen => preferences.programs.see_screen,
        }
    }

    /// Why a program may not look, and what would let it.
    pub(super) fn forbidden(self) -> Message {
        match self {
            Self::Camera => message!("source-camera-forbidden"),
            Self::Screen => message!("source-screen-forbidden"),
        }
    }

    /// Whether it is the person's own hand that looks; else programs must be let.
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

/// What a program is told that may not end a pause of the person's.
pub(super) const NOT_BY_PROGRAM: &str = "the person has paused Descry, and only the person lets it go on";

/// What it is told of another program's.
const NOT_BY_ANOTHER: &str = "another program has paused Descry, and it or the person lets it go on";

/// Whether a program may end a pause. What is refused is a property, so it is told in D-Bus's own words.
pub(super) async fn may_end(pause: &Pause, connection: &Connection, program: &Caller) -> fdo::Result<()> {
    match pause.is_ended_by(program) {
        Ok(None) => Ok(()),
        Ok(Some(pauser)) if !is_on_bus(connection, pauser).await => Ok(()),
        Ok(Some(_)) => Err(fdo::Error::AccessDenied(NOT_BY_ANOTHER.to_owned())),
        Err(PausedByPerson) => Err(fdo::Error::AccessDenied(NOT_BY_PROGRAM.to_owned())),
    }
}

/// Whether a caller is there still. Where that cannot be known it is taken to be.
async fn is_on_bus(connection: &Connection, caller: &Caller) -> bool {
    let Caller::Bus(name) = caller else { return true };
    let asked = async {
        let name = BusName::try_from(name.as_str()).ok()?;
        DBusProxy::new(connection).await.ok()?.name_has_owner(name).await.ok()
    };
    asked.await.unwrap_or(true)
}

/// Whose hand asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// The person's: the command, a key or a button.
    Own,
    /// That of a program.
    Other,
}

impl Hand {
    /// The options of a request of this hand.
    pub(super) fn sign(self, options: Options) -> Options {
        Options { is_of_program: self == Self::Other, ..options }
    }
}
