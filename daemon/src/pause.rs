//! Whether pictures may be looked at, and who may let them be looked at again.
//!
//! Everybody may ask for a pause: it only takes from what Descry sees. Its end gives that back, so it is for who began it.
//! What the person paused, with the command, a key or a button, goes on by the person's own hand alone. What a program
//! paused goes on by that program or the person; and by every program once it has left the bus, since one that was started
//! anew is another to the bus, and so is a script at each of its calls.

use crate::request::Caller;

/// A pause, and whose it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pause {
    /// There is none.
    #[default]
    None,
    /// The person's.
    Person,
    /// A program's, for as long as the person asks for none.
    Program(Caller),
}

impl Pause {
    /// Whether no picture may be looked at.
    #[must_use]
    pub fn holds(&self) -> bool {
        *self != Self::None
    }

    /// What it is once the person has paused as well, or gone on.
    #[must_use]
    pub fn by_person(pauses: bool) -> Self {
        if pauses { Self::Person } else { Self::None }
    }

    /// What it is once a program has asked for a pause as well: whose it was, where there was one.
    #[must_use]
    pub fn and_by(self, program: Caller) -> Self {
        if self.holds() { self } else { Self::Program(program) }
    }

    /// The program that has to have left the bus before that other program may end it; an error where none may.
    pub fn is_ended_by(&self, program: &Caller) -> Result<Option<&Caller>, PausedByPerson> {
        match self {
            Self::Person => Err(PausedByPerson),
            Self::Program(pauser) if pauser != program => Ok(Some(pauser)),
            Self::None | Self::Program(_) => Ok(None),
        }
    }
}

/// Only the person may end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PausedByPerson;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_began_it_may_end_it() {
        let program = |name: &str| Caller::Bus(name.to_owned());
        let (one, other) = (program(":1.1"), program(":1.2"));
        for (pause, may_end) in [
            (Pause::None, Ok(None)),
            (Pause::by_person(false), Ok(None)),
            (Pause::by_person(true), Err(PausedByPerson)),
            (Pause::None.and_by(one.clone()), Ok(None)),
            (Pause::None.and_by(other.clone()), Ok(Some(&other))),
            // Whose it was it stays.
            (Pause::None.and_by(other.clone()).and_by(one.clone()), Ok(Some(&other))),
            (Pause::Person.and_by(one.clone()), Err(PausedByPerson)),
        ] {
            assert_eq!(pause.is_ended_by(&one), may_end, "{pause:?}");
            assert_eq!(pause.holds(), !matches!(pause, Pause::None));
        }
    }
}
