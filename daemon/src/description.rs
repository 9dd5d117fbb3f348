//! What is answered: a caption with its wording, and how it came about.

use std::{
    iter,
    time::{Duration, SystemTime},
};

use descry_models::{Band, Tag};

use crate::{
    frame::Area,
    narration::subject,
    quality::{Fault, Kind},
    request::RequestId,
    screen_description::{Parts, Picture},
    screen_text::ScreenText,
    speech::passage::Quote,
    wording,
    words::Language,
};

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The request's number.
    pub id: RequestId,
    /// The caption as a sentence: it begins with a capital and ends with a full stop.
    pub text: String,
    /// The language of the text and the alternatives, as in "en": the model's, or that of Descry where there is no caption.
    pub language: String,
    /// What is said aloud: the sentence, worded by how sure the model is.
    pub spoken: String,
    /// How sure the model is, in 0 to 1.
    pub confidence: f32,
    /// How the sentence is worded, by the confidence.
    pub band: Band,
    /// What the picture is of.
    pub kind: Kind,
    /// What is wrong with it.
    pub quality: Vec<Fault>,
    /// Other sentences for the same picture, best first.
    pub alternatives: Vec<String>,
    /// What else it may show, the most probable first; none of a screen, and none where the model has no tags.
    pub tags: Vec<Tag>,
    /// When the picture was taken or read.
    pub captured_at: SystemTime,
    /// How long taking, reading and decoding the picture took.
    pub capture: Duration,
    /// How long the network took; loading it is not counted.
    pub inference: Duration,
    /// The model's name; empty where no caption was made.
    pub model: String,
    /// The engine's name; empty where no caption was made.
    pub engine: String,
    /// Each word with its probability; only where that was asked for.
    pub words: Option<Vec<(String, f32)>>,
    /// What a screen is made of; absent for a picture. The confidence is then that of the picture on it that the model is
    /// least sure of, and 0 where there is none, for what is read is not guessed.
    pub screen: Option<Parts>,
}

impl Description {
    /// The words of what is told that are in another language than that of the person: captions, whole or their subject.
    #[must_use]
    pub fn quotes(&self, language: Language) -> Vec<Quote> {
        let pictures = self.screen.iter().flat_map(|parts| &parts.pictures);
        let captions = iter::once(&self.text).chain(&self.alternatives).map(|words| (words, &self.language));
        captions
            .chain(pictures.map(|picture| (&picture.caption, &picture.language)))
            .filter(|(_, tag)| wording::foreign(tag, language).is_some())
            .flat_map(|(words, tag)| [words.clone(), subject::of(words)].map(|words| (words, tag)))
            .map(|(words, tag)| Quote { words, language: tag.clone() })
            .collect()
    }
}

/// What the command prints of a description, whoever made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The caption as a sentence.
    pub text: String,
    /// The language of the text and the alternatives, as in "en".
    pub language: String,
    /// The sentence as people are told it, with its doubt in words.
    pub wording: String,
    /// How sure the model is, in 0 to 1.
    pub confidence: f64,
    /// How the sentence is worded: high, middle, low or none.
    pub band: String,
    /// What the picture is of: photo, screen, text, blank or unknown.
    pub kind: String,
    /// What is wrong with it: dark, bright, blurred, covered, blank.
    pub quality: Vec<String>,
    /// Other sentences, best first.
    pub alternatives: Vec<String>,
    /// What else it may show, each with its probability in 0 to 1, the most probable first.
    pub tags: Vec<(String, f64)>,
    /// The model's name; empty where no caption was made.
    pub model: String,
    /// The engine's name; empty where no caption was made.
    pub engine: String,
    /// Milliseconds for reading and decoding the picture.
    pub decode_ms: f64,
    /// Milliseconds for the network.
    pub inference_ms: f64,
    /// What is on it, where it is a screen or a picture of one.
    pub screen: Option<OnScreen>,
}

/// What the command prints of a screen, whoever looked at it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OnScreen {
    /// The program whose window is active.
    pub application: Option<String>,
    /// The title of that window.
    pub window: Option<String>,
    /// What has the focus in it, by its name and kind.
    pub focus: Option<String>,
    /// What was read, line by line; absent where nothing could be.
    pub text: Option<String>,
    /// Why nothing could be read, as one sentence without capital and full stop.
    pub text_problem: Option<String>,
    /// The pictures on it that were described.
    pub pictures: Vec<PictureOnScreen>,
}

/// A picture on a screen, as the command prints it.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureOnScreen {
    /// What it shows, as a sentence with its doubt.
    pub text: String,
    /// How sure the model is, in 0 to 1.
    pub confidence: f64,
    /// How the sentence is worded: high, middle, low or none.
    pub band: String,
    /// Where it is, in the pixels that were looked at.
    pub area: Area,
}

impl From<&Parts> for OnScreen {
    fn from(parts: &Parts) -> Self {
        let picture = |picture: &Picture| PictureOnScreen {
            text: picture.sentence.clone(),
            confidence: picture.confidence.into(),
            band: picture.band.name().to_owned(),
            area: picture.area,
        };
        Self {
            application: parts.screen.application.clone(),
            window: parts.screen.window.clone(),
            focus: parts.screen.focus.clone(),
            text: parts.text.as_ref().ok().map(ScreenText::to_lines),
            text_problem: parts.text.as_ref().err().cloned(),
            pictures: parts.pictures.iter().map(picture).collect(),
        }
    }
}

impl From<Description> for Described {
    fn from(description: Description) -> Self {
        let milliseconds = |duration: Duration| (duration.as_secs_f64() * 1e4).round() / 10.0;
        Self {
            confidence: f64::from(description.confidence),
            decode_ms: milliseconds(description.capture),
            inference_ms: milliseconds(description.inference),
            band: description.band.name().to_owned(),
            text: description.text,
            language: description.language,
            wording: description.spoken,
            alternatives: description.alternatives,
            tags: pairs(&description.tags),
            model: description.model,
            engine: description.engine,
            screen: description.screen.as_ref().map(OnScreen::from),
            kind: description.kind.name().to_owned(),
            quality: description.quality.iter().map(|fault| fault.name().to_owned()).collect(),
        }
    }
}

/// Names and probabilities of tags, as they are handed on.
pub(crate) fn pairs(tags: &[Tag]) -> Vec<(String, f64)> {
    // Three decimals are more than such a probability is worth.
    let rounded = |probability: f32| (f64::from(probability) * 1e3).round() / 1e3;
    tags.iter().map(|tag| (tag.name.clone(), rounded(tag.probability))).collect()
}

/// A description for tests.
#[cfg(test)]
pub(crate) fn example(text: &str, alternatives: &[&str]) -> Description {
    Description {
        id: RequestId::next(),
        text: text.to_owned(),
        language: "en".to_owned(),
        spoken: text.to_owned(),
        confidence: 0.5,
        band: Band::Middle,
        kind: Kind::Photo,
        quality: Vec::new(),
        alternatives: alternatives.iter().map(|alternative| (*alternative).to_owned()).collect(),
        tags: Vec::new(),
        captured_at: SystemTime::UNIX_EPOCH + Duration::from_hours(1),
        capture: Duration::from_millis(1),
        inference: Duration::from_millis(2),
        model: "fake-model".to_owned(),
        engine: "fake".to_owned(),
        words: None,
        screen: None,
    }
}
