//! What is answered: a caption with its wording, and how it came about.

use std::time::{Duration, SystemTime};

use descry_models::Band;

use crate::{
    quality::{Fault, Kind},
    request::RequestId,
    screen_description::Parts,
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
    /// The model's name; empty where no caption was made.
    pub model: String,
    /// The engine's name; empty where no caption was made.
    pub engine: String,
    /// Milliseconds for reading and decoding the picture.
    pub decode_ms: f64,
    /// Milliseconds for the network.
    pub inference_ms: f64,
    /// What a screen is made of; absent for a picture.
    pub screen: Option<Parts>,
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
            model: description.model,
            engine: description.engine,
            screen: description.screen,
            kind: description.kind.name().to_owned(),
            quality: description.quality.iter().map(|fault| fault.name().to_owned()).collect(),
        }
    }
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
        captured_at: SystemTime::UNIX_EPOCH + Duration::from_hours(1),
        capture: Duration::from_millis(1),
        inference: Duration::from_millis(2),
        model: "fake-model".to_owned(),
        engine: "fake".to_owned(),
        words: None,
        screen: None,
    }
}
