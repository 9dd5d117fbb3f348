//! Every sentence that a person hears or reads, in their own language: messages by name, out of the files in
//! `daemon/locale`, which are in [Fluent](https://projectfluent.org).
//!
//! A new sentence takes three lines, and the compiler says when one of them does not fit the others:
//!
//! 1. `locale/en/camera.ftl`: `camera-gone = the camera { $name } is gone; plug it in again`
//! 2. `locale/de/camera.ftl`: `camera-gone = die Kamera { $name } ist weg; bitte neu anschließen`
//! 3. in the code: `message!("camera-gone", name = camera.name())`
//!
//! The first word of a message's name is the file that holds it; a new file is added to [`catalogue::FILES`]. A
//! [`Message`] knows no language yet: errors hand it on, in place of a `String`, and whoever speaks or prints says which
//! language it is to be: `message.in_language(language)`. An argument may be a number, on which the message can turn
//! (`{ $count -> [one] … *[other] … }`), or another message. An error keeps its `Display`, which is for the log, and has
//! a method `message` beside it, which is for people. As in the rest, what is to stand after a colon begins in lower case
//! and has no full stop; [`crate::wording::sentence`] makes a sentence of it.

pub mod catalogue;
pub mod check;
pub mod models;
mod sent;

use std::{ffi::OsString, fmt};

/// A language that Descry speaks, which need not be the language of a model's captions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English, which has every message.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag: `en`, `de`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of a tag or a locale, such as `de`, `de-AT` or `de_AT.UTF-8`; none where Descry does not speak it.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language of the messages of a session, with the variable that says so: `LC_ALL`, else `LC_MESSAGES`, else
    /// `LANG`. None where that is a language that Descry does not speak, or no language.
    pub fn of_session(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<(&'static str, Self)> {
        let given =
            |name: &'static str| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
        let (name, value) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(given)?;
        Some((name, Self::of_tag(value.to_str()?)?))
    }

    /// All tags, as they are listed to people.
    #[must_use]
    pub fn tags() -> String {
        Self::ALL.map(Self::tag).join(", ")
    }
}

/// Something to be said, in no language yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    id: &'static str,
    arguments: Vec<(&'static str, Argument)>,
}

/// What is put into a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// Words as they are.
    Text(String),
    /// A number.
    Number(f64),
    /// A message, in the language of the one that it is put into.
    Message(Box<Message>),
}

impl Message {
    /// What the macro [`message!`](crate::message) makes, which checks that there is such a message. Use that.
    #[must_use]
    pub fn new(id: &'static str, arguments: Vec<(&'static str, Argument)>) -> Self {
        Self { id, arguments }
    }

    /// The words in a language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        catalogue::format(language, self)
    }
}

/// In English, for the log.
impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.in_language(Language::English))
    }
}

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Argument {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

/// Numbers that stay whole up to 2^53, which nothing that is counted here comes near.
macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl From<$number> for Argument {
            #[allow(clippy::cast_lossless)]
            fn from(number: $number) -> Self {
                Self::Number(number as f64)
            }
        })*
    };
}

numbers!(u8, u16, u32, u64, usize, i8, i32, i64, f32, f64);

/// A [`Message`] of the catalogue, by its name and with its arguments: `message!("screen-more-words", count = 3)`. Unknown
/// names, and arguments that are missing or too many, do not compile.
#[macro_export]
macro_rules! message {
    ($id:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        const { $crate::words::check::message($id, &[$(stringify!($name)),*]) };
        $crate::words::Message::new(
            $id,
            vec![$((stringify!($name), $crate::words::Argument::from($value))),*],
        )
    }};
}
pub use message;

#[cfg(test)]
mod tests;
