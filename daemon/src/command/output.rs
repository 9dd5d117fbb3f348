//! What is printed: sentences for people, or JSON lines for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::backend::NotDescribed;
use crate::{
    description::{Described, OnScreen, PictureOnScreen},
    wording,
    words::Language,
};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// One JSON object per picture.
    pub(super) json: bool,
    /// Whether lines have to say which picture they are about.
    pub(super) several: bool,
    /// The language of what is said of failures.
    pub(super) language: Language,
}

/// The JSON object of a picture that was described; its fields are the command's contract.
#[derive(Serialize)]
struct DescribedLine<'a> {
    file: &'a str,
    text: &'a str,
    language: &'a str,
    confidence: f64,
    band: &'a str,
    kind: &'a str,
    quality: &'a [String],
    alternatives: &'a [String],
    tags: Vec<TagLine<'a>>,
    model: Option<&'a str>,
    engine: Option<&'a str>,
    decode_ms: f64,
    inference_ms: f64,
}

/// What else a picture may show.
#[derive(Serialize)]
struct TagLine<'a> {
    name: &'a str,
    probability: f64,
}

/// The JSON object of a screen, a window or a region.
#[derive(Serialize)]
struct ScreenLine<'a> {
    file: &'a str,
    text: &'a str,
    kind: &'a str,
    application: Option<&'a str>,
    window: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focus: Option<&'a str>,
    screen_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen_text_error: Option<String>,
    pictures: Vec<PictureLine<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    engine: &'a str,
    decode_ms: f64,
    inference_ms: f64,
}

/// A picture on a screen.
#[derive(Serialize)]
struct PictureLine<'a> {
    text: &'a str,
    confidence: f64,
    band: &'a str,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
}

impl<'a> ScreenLine<'a> {
    fn new(label: &'a str, described: &'a Described, seen: &'a OnScreen) -> Self {
        let picture = |picture: &'a PictureOnScreen| PictureLine {
            text: &picture.text,
            confidence: picture.confidence,
            band: &picture.band,
            x: picture.area.x,
            y: picture.area.y,
            width: picture.area.width,
            height: picture.area.height,
        };
        Self {
            file: label,
            text: &described.text,
            kind: &described.kind,
            application: seen.application.as_deref(),
            window: seen.window.as_deref(),
            focus: seen.focus.as_deref(),
            screen_text: seen.text.as_deref(),
            screen_text_error: seen.text_problem.as_deref().map(wording::sentence),
            pictures: seen.pictures.iter().map(picture).collect(),
            model: &described.model,
            engine: &described.engine,
            decode_ms: described.decode_ms,
            inference_ms: described.inference_ms,
        }
    }
}

/// The JSON object of a picture that was not.
#[derive(Serialize)]
struct FailedLine<'a> {
    file: &'a str,
    error: &'a str,
}

fn tag_lines(tags: &[(String, f64)]) -> Vec<TagLine<'_>> {
    tags.iter().map(|(name, probability)| TagLine { name, probability: *probability }).collect()
}

/// A name, where there is one.
fn named(name: &str) -> Option<&str> {
    Some(name).filter(|name| !name.is_empty())
}

impl Output {
    /// Prints what came of a picture; why one was not described goes to standard error.
    pub(super) fn write(self, label: &str, result: Result<&Described, &NotDescribed>) -> io::Result<()> {
        let line = self.line(label, result);
        if let Err(failure) = result {
            eprintln!("descry: {label}: {}", wording::words_in(&failure.reason, self.language));
        }
        match line {
            Some(line) => {
                let mut out = io::stdout().lock();
                writeln!(out, "{line}")?;
                out.flush()
            }
            None => Ok(()),
        }
    }

    fn line(self, label: &str, result: Result<&Described, &NotDescribed>) -> Option<String> {
        match (self.json, result) {
            (true, Ok(described @ Described { screen: Some(seen), .. })) => {
                serde_json::to_string(&ScreenLine::new(label, described, seen)).ok()
            }
            (true, Ok(described)) => serde_json::to_string(&DescribedLine {
                file: label,
                text: &described.text,
                language: &described.language,
                confidence: described.confidence,
                band: &described.band,
                kind: &described.kind,
                quality: &described.quality,
                alternatives: &described.alternatives,
                tags: tag_lines(&described.tags),
                model: named(&described.model),
                engine: named(&described.engine),
                decode_ms: described.decode_ms,
                inference_ms: described.inference_ms,
            })
            .ok(),
            (true, Err(failure)) => {
                let error = wording::words_in(&failure.reason, self.language);
                serde_json::to_string(&FailedLine { file: label, error: &error }).ok()
            }
            (false, Ok(described)) if self.several => Some(format!("{label}: {}", described.wording)),
            (false, Ok(described)) => Some(described.wording.clone()),
            (false, Err(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::message;

    #[test]
    fn lines_are_as_documented() {
        let described = Described {
            text: "A dog.".into(),
            language: "en".into(),
            wording: "Possibly a dog.".into(),
            confidence: 0.5,
            band: "middle".into(),
            kind: "photo".into(),
            quality: vec!["dark".into()],
            alternatives: vec!["A cat.".into()],
            tags: vec![("dog".into(), 0.75), ("ball".into(), 0.5)],
            model: "m".into(),
            engine: "e".into(),
            decode_ms: 1.5,
            inference_ms: 20.0,
            screen: None,
        };
        let failure =
            NotDescribed { reason: message!("service-said", words = "it is \"cut\" off"), is_final: false };
        let line = |json, several, result| {
            Output { json, several, language: Language::English }.line("a b.jpg", result)
        };
        for (found, expected) in [
            (line(false, false, Ok(&described)), Some("Possibly a dog.")),
            (line(false, true, Ok(&described)), Some("a b.jpg: Possibly a dog.")),
            (line(false, true, Err(&failure)), None),
            (
                line(true, false, Ok(&described)),
                Some(
                    r#"{"file":"a b.jpg","text":"A dog.","language":"en","confidence":0.5,"band":"middle","kind":"photo","quality":["dark"],"alternatives":["A cat."],"tags":[{"name":"dog","probability":0.75},{"name":"ball","probability":0.5}],"model":"m","engine":"e","decode_ms":1.5,"inference_ms":20.0}"#,
                ),
            ),
            (line(true, true, Err(&failure)), Some(r#"{"file":"a b.jpg","error":"It is \"cut\" off."}"#)),
        ] {
            assert_eq!(found.as_deref(), expected);
        }
    }
}
