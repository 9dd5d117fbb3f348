//! The catalogue itself: the files of all languages, which are part of the program, and messages put together from them.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use tracing::error;

use super::{Argument, Language, Message};

/// A file of the catalogue, in every language.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// The first word of the names of its messages.
    pub name: &'static str,
    /// What stands in it, in the order of [`Language::ALL`].
    pub texts: [&'static str; Language::ALL.len()],
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// All files.
        pub const FILES: &[File] = &[$(File {
            name: $name,
            texts: [
                include_str!(concat!("../../locale/en/", $name, ".ftl")),
                include_str!(concat!("../../locale/de/", $name, ".ftl")),
            ],
        }),*];
    };
}

files![
    "board",
    "camera",
    "caption",
    "check",
    "command",
    "failure",
    "history",
    "model",
    "narration",
    "retell",
    "screen",
    "service",
    "setting",
    "source",
    "trigger",
    "voice"
];

type Bundle = FluentBundle<FluentResource>;

/// The messages of a language, read when the first is needed.
fn bundle(language: Language) -> &'static Bundle {
    static BUNDLES: [OnceLock<Bundle>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    BUNDLES[language as usize].get_or_init(|| read(language))
}

/// What is wrong with a file is found by a test; here as much of it is used as can be read.
fn read(language: Language) -> Bundle {
    let locales = language.tag().parse().into_iter().collect();
    let mut bundle = Bundle::new_concurrent(locales);
    // These marks keep scripts of both directions apart; a synthesiser would stumble over them.
    bundle.set_use_isolating(false);
    for file in FILES {
        let text = file.texts[language as usize].to_owned();
        let resource = FluentResource::try_new(text).unwrap_or_else(|(readable, problems)| {
            error!(
                language = language.tag(),
                file = file.name,
                ?problems,
                "a file of the catalogue is wrong"
            );
            readable
        });
        if let Err(problems) = bundle.add_resource(resource) {
            error!(
                language = language.tag(),
                file = file.name,
                ?problems,
                "the catalogue contradicts itself"
            );
        }
    }
    bundle
}

/// A message in a language; in English where that language lacks it.
pub(super) fn format(language: Language, message: &Message) -> String {
    let mut arguments = FluentArgs::new();
    for (name, argument) in &message.arguments {
        let value = match argument {
            Argument::Text(text) => FluentValue::from(text.as_str()),
            Argument::Number(number) => FluentValue::from(*number),
            Argument::Message(inner) => FluentValue::from(format(language, inner)),
        };
        arguments.set(*name, value);
    }
    for language in [language, Language::English] {
        let bundle = bundle(language);
        let Some(pattern) = bundle.get_message(message.id).and_then(|found| found.value()) else { continue };
        let mut problems = Vec::new();
        let words = bundle.format_pattern(pattern, Some(&arguments), &mut problems);
        if !problems.is_empty() {
            error!(id = message.id, ?problems, "a message cannot be put together");
        }
        // A message that takes several lines in its file is one line.
        return words.replace('\n', " ");
    }
    error!(id = message.id, "there is no such message");
    message.id.to_owned()
}
