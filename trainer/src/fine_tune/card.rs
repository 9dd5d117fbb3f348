//! What is said of a model that was fine-tuned: to the person at the end, and in its card to those who get it.

use std::path::Path;

use descry_models::manifest::Manifest;

use super::split::Captions;
use crate::evaluate::report::Report;
use crate::export::folder::today;

fn scores(report: &Report) -> String {
    let scores = &report.scores;
    format!("CIDEr {:.1}, BLEU-4 {:.1}, ROUGE-L {:.1}", scores.cider, scores.bleu4, scores.rouge_l)
}

/// The last lines of the command.
pub(super) fn verdict(before: &Report, after: &Report, old: &Path, new: &Path) -> String {
    let figures = format!("before: {}\nafter:  {}", scores(before), scores(after));
    if after.scores.cider > before.scores.cider {
        format!(
            "{figures}\nThe new model is {}. Try it: ./run describe --model {} PICTURE",
            new.display(),
            new.display()
        )
    } else {
        format!(
            "{figures}\nThe new model is no better on your pictures. It is in {}, but keep using {}; more pictures, or \
             more captions of each, may help.",
            new.display(),
            old.display()
        )
    }
}

/// The model's card.
pub(super) fn card(
    name: &str,
    base: &Manifest,
    captions: &Captions,
    (before, after): (&Report, &Report),
    calibrated: bool,
) -> String {
    let confidence = if calibrated {
        "Its confidence was calibrated on the pictures that it has not learned from.".to_owned()
    } else {
        format!(
            "Its confidence is that of {}: there were too few pictures to calibrate it anew, so take it as a hint.",
            base.name
        )
    };
    format!(
        "# {name}\n\n\
         {} learned on from somebody's own pictures, with `descry-trainer fine-tune`, on {}.\n\n\
         - It learned from {} pictures, and was chosen and measured on {} others of the same folder.\n\
         - On those, {} has {}.\n\
         - On those, {name} has {}.\n\
         - {confidence}\n\
         - Pictures unlike these may be described worse than before; that was not measured.\n\n\
         The licence is that of {}, whose card says what it learned from before: {}\n",
        base.name,
        today(),
        captions.train(),
        captions.dev(),
        base.name,
        scores(before),
        scores(after),
        base.name,
        base.licence,
    )
}
