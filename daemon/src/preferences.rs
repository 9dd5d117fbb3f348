//! What a person can change while the service runs: one typed state, which the files, the bus and the parts share.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::watch;

pub use crate::wording::Hedging;
use crate::{
    narration::policy::Pace, pause::Pause, source::camera::mounting::Mounting, wording::Manner,
    words::Language,
};

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Detail {
    /// The least that answers the question.
    Brief,
    /// The usual.
    #[default]
    Normal,
    /// All of it: of a screen its whole text.
    Full,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum SpeechRoute {
    /// The Orca screen reader where it runs, in speech and braille, else speech-dispatcher.
    #[default]
    Auto,
    /// Orca.
    Orca,
    /// speech-dispatcher.
    Speechd,
    /// Nobody.
    None,
}

/// How speech-dispatcher is to sound. What is absent is as speech-dispatcher's own configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoiceSettings {
    /// How fast, from -100 to 100; 0 is the synthesiser's usual.
    pub rate: Option<i8>,
    /// How high, from -100 to 100; 0 is the synthesiser's usual.
    pub pitch: Option<i8>,
    /// How loud, from -100 to 100; 100 is the loudest.
    pub volume: Option<i8>,
    /// The name of a voice, as `spd-say -L` lists them.
    pub voice: Option<String>,
}

/// Which camera is looked through where nobody says, and how it is mounted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameraSettings {
    /// Its identity, its name or a part of it, or its device; the only one when absent.
    pub wanted: Option<String>,
    /// What turns its pictures upright.
    pub mounting: Mounting,
}

/// What a person hears on the way to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback {
    /// Whether a short sound tells that a picture was taken, or that there will be none.
    pub earcons: bool,
    /// How loud these sounds are, from 0 to 100.
    pub earcon_volume: u8,
    /// Whether an answer that takes long is announced.
    pub please_wait: bool,
}

impl Default for Feedback {
    fn default() -> Self {
        Self { earcons: true, earcon_volume: 50, please_wait: true }
    }
}

/// What every program on the bus may have the service look at, and not only the person's own hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Programs {
    /// The screen.
    pub see_screen: bool,
    /// Cameras.
    pub use_camera: bool,
}

impl Default for Programs {
    fn default() -> Self {
        Self { see_screen: false, use_camera: true }
    }
}

/// All that can be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    /// How much is said.
    pub detail: Detail,
    /// When doubt is put into words.
    pub hedging: Hedging,
    /// Below this confidence, in 0 to 1, a caption is not said.
    pub minimum_confidence: f32,
    /// The language of what is said, as in "de" or "en-GB"; English when absent.
    pub language: Option<String>,
    /// Who speaks.
    pub speech: SpeechRoute,
    /// Seconds without a request after which the model is let go; 0 keeps it.
    pub idle_unload_seconds: u32,
    /// Whether no picture may be looked at, and who said so.
    pub pause: Pause,
    /// What others than the person's own hand may have the service look at.
    pub programs: Programs,
    /// The camera.
    pub camera: CameraSettings,
    /// Whether the history is kept on disk.
    pub keep_history: bool,
    /// What is heard on the way to an answer.
    pub feedback: Feedback,
    /// How speech-dispatcher is to sound.
    pub voice: VoiceSettings,
    /// When a narration says something.
    pub narration: Pace,
}

/// How long an idle model is kept when nobody says otherwise, in seconds.
pub const DEFAULT_IDLE_UNLOAD: u32 = 300;

impl Default for Preferences {
    fn default() -> Self {
        Self {
            detail: Detail::default(),
            hedging: Hedging::default(),
            minimum_confidence: 0.0,
            language: None,
            speech: SpeechRoute::default(),
            idle_unload_seconds: DEFAULT_IDLE_UNLOAD,
            pause: Pause::None,
            programs: Programs::default(),
            camera: CameraSettings::default(),
            keep_history: false,
            feedback: Feedback::default(),
            voice: VoiceSettings::default(),
            narration: Pace::default(),
        }
    }
}

impl Preferences {
    /// How captions are worded.
    #[must_use]
    pub fn manner(&self) -> Manner {
        Manner { hedging: self.hedging, minimum_confidence: self.minimum_confidence, language: self.words() }
    }

    /// The language of all messages.
    #[must_use]
    pub fn words(&self) -> Language {
        self.language.as_deref().and_then(Language::of_tag).unwrap_or_default()
    }

    /// The same as a tag, with its region where one was named: what a synthesiser is told.
    #[must_use]
    pub fn language_tag(&self) -> &str {
        self.language.as_deref().unwrap_or(Language::default().tag())
    }

    /// How long an idle model is kept; for ever when absent.
    #[must_use]
    pub fn idle_limit(&self) -> Option<Duration> {
        (self.idle_unload_seconds > 0).then(|| Duration::from_secs(self.idle_unload_seconds.into()))
    }
}

impl Preferences {
    /// Takes over what differs between two versions of the settings, and leaves the rest as it is. A pause is no setting.
    pub fn take_changes(&mut self, old: &Self, new: &Self) {
        fn take<T: PartialEq + Clone>(own: &mut T, old: &T, new: &T) {
            if old != new {
                own.clone_from(new);
            }
        }
        // Each is named here, or this does not compile.
        macro_rules! take_all {
            ($($name:ident),*) => {
                let Self { pause: _, narration, $($name),* } = self;
                $(take($name, &old.$name, &new.$name);)*
                narration.take_changes(&old.narration, &new.narration);
            };
        }
        take_all!(
            detail,
            hedging,
            minimum_confidence,
            language,
            speech,
            idle_unload_seconds,
            programs,
            camera,
            keep_history,
            feedback,
            voice
        );
    }
}

/// A value that cannot be meant. One sentence that begins in lower case and has no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidPreference(pub String);

/// The word for a choice, as files, arguments and the bus have it.
#[must_use]
pub fn word<T: ValueEnum>(choice: &T) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The choice for a word.
pub fn choice<T: ValueEnum>(name: &str, given: &str) -> Result<T, InvalidPreference> {
    T::from_str(given, false).map_err(|_| {
        let words: Vec<String> = T::value_variants().iter().map(word).collect();
        InvalidPreference(format!("{name} cannot be {given:?}: it must be one of {}", words.join(", ")))
    })
}

/// Checks a share, in 0 to 1.
pub fn share(name: &str, given: f64) -> Result<f32, InvalidPreference> {
    if (0.0..=1.0).contains(&given) {
        return Ok(given as f32);
    }
    Err(InvalidPreference(format!("{name} cannot be {given}: it must be between 0 and 1")))
}

/// Checks a number.
pub fn number(name: &str, given: u32, meant: RangeInclusive<u32>) -> Result<u32, InvalidPreference> {
    if meant.contains(&given) {
        return Ok(given);
    }
    let (least, most) = (meant.start(), meant.end());
    Err(InvalidPreference(format!("{name} cannot be {given}: it must be between {least} and {most}")))
}

/// Checks a language that is to be spoken: one that Descry speaks, or a variant of it.
pub fn language(given: &str) -> Result<(), InvalidPreference> {
    let is_tag = given.len() <= 35
        && given.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    if is_tag && Language::of_tag(given).is_some() {
        return Ok(());
    }
    let spoken = Language::tags();
    Err(InvalidPreference(format!("the language cannot be {given:?}: Descry speaks {spoken}")))
}

/// The preferences that all parts share, and can watch.
#[derive(Debug, Clone)]
pub struct Shared(Arc<watch::Sender<Preferences>>);

impl Default for Shared {
    fn default() -> Self {
        Self::new(Preferences::default())
    }
}

impl Shared {
    /// Begins with these.
    #[must_use]
    pub fn new(preferences: Preferences) -> Self {
        Self(Arc::new(watch::Sender::new(preferences)))
    }

    /// As they are now.
    #[must_use]
    pub fn now(&self) -> Preferences {
        self.0.borrow().clone()
    }

    /// Follows them.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Preferences> {
        self.0.subscribe()
    }

    /// Changes them, and yields what they were before and are now.
    pub fn change(&self, change: impl FnOnce(&mut Preferences)) -> (Preferences, Preferences) {
        let (mut before, mut after) = (Preferences::default(), Preferences::default());
        self.0.send_if_modified(|preferences| {
            before.clone_from(preferences);
            change(preferences);
            after.clone_from(preferences);
            before != after
        });
        (before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_choices_are_one() {
        for (name, route) in [
            ("auto", SpeechRoute::Auto),
            ("orca", SpeechRoute::Orca),
            ("speechd", SpeechRoute::Speechd),
            ("none", SpeechRoute::None),
        ] {
            assert_eq!(word(&route), name);
            assert_eq!(choice("SpeechRoute", name), Ok(route));
        }
        for (name, hedging) in
            [("banded", Hedging::Banded), ("always", Hedging::Always), ("off", Hedging::Off)]
        {
            assert_eq!(word(&hedging), name);
            assert_eq!(choice("Hedging", name), Ok(hedging));
        }
        assert!(choice::<Hedging>("Hedging", "").is_err());
        let refused = choice::<Detail>("Detail", "long").unwrap_err().to_string();
        assert_eq!(refused, "Detail cannot be \"long\": it must be one of brief, normal, full");
        assert!(choice::<Hedging>("Hedging", "Banded").is_err());
    }

    #[test]
    fn shares_and_languages_are_checked() {
        for (given, is_meant) in
            [(0.0, true), (1.0, true), (-0.1, false), (1.1, false), (f64::NAN, false), (f64::INFINITY, false)]
        {
            assert_eq!(share("MinimumConfidence", given).is_ok(), is_meant, "{given}");
        }
        for (given, is_meant) in [
            ("en", true),
            ("en-GB", true),
            ("EN-us", true),
            ("de", true),
            ("de-AT", true),
            ("de_AT", false),
            ("fr", false),
            ("", false),
            ("en-", false),
            ("en\r\nQUIT", false),
            ("en-abcdefghi", false),
        ] {
            assert_eq!(language(given).is_ok(), is_meant, "{given:?}");
        }
    }

    #[test]
    fn only_what_changed_in_the_settings_is_taken_over() {
        let old = Preferences::default();
        let new = Preferences { detail: Detail::Brief, ..Preferences::default() };
        let mut own =
            Preferences { pause: Pause::Person, speech: SpeechRoute::None, ..Preferences::default() };
        own.take_changes(&old, &new);
        let expected = Preferences {
            detail: Detail::Brief,
            pause: Pause::Person,
            speech: SpeechRoute::None,
            ..Preferences::default()
        };
        assert_eq!(own, expected);
    }

    #[test]
    fn a_change_is_seen_by_all() {
        let shared = Shared::default();
        let mut watch = shared.clone().watch();
        let (before, after) = shared.change(|preferences| preferences.pause = Pause::Person);
        assert!(!before.pause.holds() && after.pause.holds() && shared.now().pause.holds());
        assert!(watch.has_changed().unwrap() && watch.borrow_and_update().pause.holds());
        shared.change(|preferences| preferences.pause = Pause::Person);
        assert!(!watch.has_changed().unwrap(), "nothing changed");
    }
}
