//! What a key or a button does.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::nearest;
use crate::words::{Message, message};

/// What a person can ask for with a key or a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Describes the window that the person works in.
    DescribeWindow,
    /// Describes the whole screen.
    DescribeScreen,
    /// Describes what the camera sees.
    DescribeCamera,
    /// Says the newest description again.
    Repeat,
    /// Says all that is known of it.
    More,
    /// Says it in other words.
    Again,
    /// Is silent.
    Stop,
    /// Looks at no picture, and the next time looks again.
    Pause,
    /// Begins to tell what the camera sees, and the next time ends it.
    Narration,
}

impl Action {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::DescribeWindow,
        Self::DescribeScreen,
        Self::DescribeCamera,
        Self::Repeat,
        Self::More,
        Self::Again,
        Self::Stop,
        Self::Pause,
        Self::Narration,
    ];

    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DescribeWindow => "describe_window",
            Self::DescribeScreen => "describe_screen",
            Self::DescribeCamera => "describe_camera",
            Self::Repeat => "repeat",
            Self::More => "more",
            Self::Again => "again",
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Narration => "narration",
        }
    }

    /// What it does, for people: the desktop shows it where its keys are set.
    #[must_use]
    pub fn message(self) -> Message {
        message!("trigger-action", action = self.name())
    }

    /// The action of a name.
    pub fn from_name(name: &str) -> Result<Self, Message> {
        Self::ALL.into_iter().find(|action| action.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let hint = nearest(name, &names);
            message!("trigger-no-action", name = format!("{name:?}"), hint = hint)
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_settings() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Ok(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
        let refused = Action::from_name("describe_windows").unwrap_err().to_string();
        assert_eq!(refused, "there is no action \"describe_windows\"; did you mean describe_window?");
        assert!(Action::from_name("xyz").unwrap_err().to_string().contains("there are describe_window, "));
    }
}
