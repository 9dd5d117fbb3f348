//! The model's captions of a split, and what it thinks of those that others made of the same pictures.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use descry_models::calibration::Features;
use descry_models::captioner::Beside;
use descry_models::{Caption, CaptionError, CaptionOptions, Captioner};

use super::{Judged, judgements::Judgements, trial::Trial};
use crate::dataset::Picture;
use crate::picture;

/// The model's caption of a picture.
pub(super) struct Made<'a> {
    /// The picture's place among all.
    pub(super) place: usize,
    pub(super) picture: &'a Picture,
    pub(super) text: String,
    pub(super) features: Features,
}

/// What a model says of a picture, and what it thinks of what others said.
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) features: Features,
    pub(super) beside: Vec<Other>,
}

/// What another model said of the picture, and somebody judged.
pub(super) struct Other {
    pub(super) text: String,
    pub(super) features: Features,
    pub(super) accepted: bool,
}

/// Captions pictures as the daemon does, and asks of each what the model thinks of the captions that somebody judged.
pub(super) fn worker(
    mut captioner: Captioner,
    judgements: Option<&Judgements>,
) -> impl FnMut(&Picture) -> Result<Result<Seen, String>, CaptionError> {
    move |picture| {
        let pixels = match picture::open(&picture.file) {
            Ok(pixels) => pixels,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let judged = judgements.map_or(&[][..], |judgements| judgements.of(&picture.file));
        let texts: Vec<&str> = judged.iter().map(|(text, _)| text.as_str()).collect();
        match captioner.caption_beside(&pixels, &CaptionOptions::default(), &texts) {
            Ok(Beside { caption: Caption { text, .. }, features: Some(features), others }) => {
                let others = judged.iter().zip(others).filter(|((other, _), _)| *other != text);
                let beside = others.filter_map(|((text, verdict), features)| {
                    let (text, accepted) = (text.clone(), verdict.accepts());
                    Some(Other { features: features?, text, accepted })
                });
                let beside = beside.collect();
                Ok(Ok(Seen { text, features, beside }))
            }
            Ok(Beside { features: None, .. }) => Ok(Err("no words".to_owned())),
            Err(CaptionError::Preprocess(error)) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// Writes all that is known of each caption, a JSON object a line.
pub(super) fn write_captions(
    file: &Path,
    made: &[Made<'_>],
    scores: &[f64],
    judged: &[Judged],
    trial: &Trial,
) -> Result<()> {
    let failed = || format!("cannot write {}", file.display());
    let mut out = std::io::BufWriter::new(fs::File::create(file).with_context(failed)?);
    for (((made, score), judged), confidence) in made.iter().zip(scores).zip(judged).zip(&trial.confidences) {
        let Made { picture, text, features, .. } = made;
        let line = serde_json::json!({
            "file": picture.file, "caption": text, "references": picture.captions, "score": score,
            "accepted": judged.accepted, "features": features, "confidence": confidence,
        });
        writeln!(out, "{line}").with_context(failed)?;
    }
    out.flush().with_context(failed)
}
