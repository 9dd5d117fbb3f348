//! What the settings of one place may be.

use descry_models::manifest::MAXIMUM_BEAM_WIDTH;

use super::{super::EngineName, Layer};
use crate::{
    narration::policy::Pace,
    preferences,
    source::camera::mounting::Rotation,
    words::{Language, Message, message},
};

/// More threads than any machine gains from.
const MAXIMUM_THREADS: usize = 64;

impl Layer {
    /// What cannot be meant.
    pub(super) fn problem(&self) -> Option<Message> {
        let between = |name: &str, value: String, least: i64, most: i64| {
            message!("setting-between", name = name, value = value, least = least, most = most)
        };
        if let Some(width) = self.beam_width
            && !(1..=MAXIMUM_BEAM_WIDTH).contains(&width)
        {
            return Some(between("beam_width", width.to_string(), 1, MAXIMUM_BEAM_WIDTH as i64));
        }
        if let Some(threads) = self.threads
            && !(1..=MAXIMUM_THREADS).contains(&threads)
        {
            return Some(between("threads", threads.to_string(), 1, MAXIMUM_THREADS as i64));
        }
        if let Some(share) = self.minimum_confidence
            && !(0.0..=1.0).contains(&share)
        {
            return Some(between("minimum_confidence", share.to_string(), 0, 1));
        }
        if let Some(degrees) = self.camera_rotation
            && Rotation::from_degrees(degrees).is_none()
        {
            return Some(message!("setting-rotation", value = degrees.to_string()));
        }
        if let Some(volume) = self.earcon_volume
            && volume > 100
        {
            return Some(between("earcon_volume", volume.to_string(), 0, 100));
        }
        for (name, number) in [("rate", self.rate), ("pitch", self.pitch), ("volume", self.volume)] {
            if let Some(number) = number
                && !(-100..=100).contains(&number)
            {
                return Some(between(name, number.to_string(), -100, 100));
            }
        }
        for (name, words) in [("language", &self.language), ("voice", &self.voice), ("camera", &self.camera)]
        {
            if let Some(words) = words
                && (words.trim().is_empty() || words.len() > 128 || words.contains(char::is_control))
            {
                return Some(message!("setting-not-a-name", name = name, value = format!("{words:?}")));
            }
        }
        if let Some(language) = &self.language
            && preferences::language(language).is_err()
        {
            let (value, languages) = (format!("{language:?}"), Language::tags());
            return Some(message!(
                "setting-not-a-language",
                name = "language",
                value = value,
                languages = languages
            ));
        }
        if let Some(languages) = &self.text_languages
            && !languages.split('+').all(is_language_of_tesseract)
        {
            let value = format!("{languages:?}");
            return Some(message!("setting-not-languages-of-text", name = "text_languages", value = value));
        }
        if let (Some(EngineName::Tract), Some(library)) = (self.engine, &self.onnxruntime) {
            return Some(message!("setting-library-for-tract", library = library.display().to_string()));
        }
        let narration = self.narration.as_ref().map_or(Ok(()), |table| Pace::read(table).map(|_| ()));
        narration.and(self.keys().map(|_| ())).and(self.button().map(|_| ())).err()
    }
}

/// Such a name goes to another program as an argument: letters, digits, `_` and `/`, and a letter first.
fn is_language_of_tesseract(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic())
        && name.len() <= 32
        && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '/'))
}
