//! What is printed: sentences for people, or JSON lines for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::backend::NotDescribed;
use crate::{description::Described, narrate};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// One JSON object per picture.
    pub(super) json: bool,
    /// Whether lines have to say which picture they are about.
    pub(super) several: bool,
}

/// The JSON object of a picture that was described; its fields are the command's contract.
#[derive(Serialize)]
struct DescribedLine<'a> {
    file: &'a str,
    text: &'a str,
    confidence: f64,
    band: &'a str,
    alternatives: &'a [String],
    model: &'a str,
    engine: &'a str,
    decode_ms: f64,
    inference_ms: f64,
}

/// The JSON object of a picture that was not.
#[derive(Serialize)]
struct FailedLine<'a> {
    file: &'a str,
    error: &'a str,
}

impl Output {
    /// Prints what came of a picture; why one was not described goes to standard error.
    pub(super) fn write(self, label: &str, result: Result<&Described, &NotDescribed>) -> io::Result<()> {
        let line = self.line(label, result);
        if let Err(failure) = result {
            eprintln!("descry: {label}: {}", narrate::sentence(&failure.reason));
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
            (true, Ok(described)) => serde_json::to_string(&DescribedLine {
                file: label,
                text: &described.text,
                confidence: described.confidence,
                band: &described.band,
                alternatives: &described.alternatives,
                model: &described.model,
                engine: &described.engine,
                decode_ms: described.decode_ms,
                inference_ms: described.inference_ms,
            })
            .ok(),
            (true, Err(failure)) => {
                let error = narrate::sentence(&failure.reason);
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

    #[test]
    fn lines_are_as_documented() {
        let described = Described {
            text: "A dog.".into(),
            wording: "Possibly a dog.".into(),
            confidence: 0.5,
            band: "middle".into(),
            alternatives: vec!["A cat.".into()],
            model: "m".into(),
            engine: "e".into(),
            decode_ms: 1.5,
            inference_ms: 20.0,
        };
        let failure = NotDescribed { reason: "it is \"cut\" off".into(), is_final: false };
        let line = |json, several, result| Output { json, several }.line("a b.jpg", result);
        for (found, expected) in [
            (line(false, false, Ok(&described)), Some("Possibly a dog.")),
            (line(false, true, Ok(&described)), Some("a b.jpg: Possibly a dog.")),
            (line(false, true, Err(&failure)), None),
            (
                line(true, false, Ok(&described)),
                Some(
                    r#"{"file":"a b.jpg","text":"A dog.","confidence":0.5,"band":"middle","alternatives":["A cat."],"model":"m","engine":"e","decode_ms":1.5,"inference_ms":20.0}"#,
                ),
            ),
            (line(true, true, Err(&failure)), Some(r#"{"file":"a b.jpg","error":"It is \"cut\" off."}"#)),
        ] {
            assert_eq!(found.as_deref(), expected);
        }
    }
}
