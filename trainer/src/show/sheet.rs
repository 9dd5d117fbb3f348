//! Pictures with their captions, as cards: the caption is the heading, so that one can skim them by ear.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::inline;
use super::page::escape;
use crate::dataset::Picture;
use crate::evaluate::captioning::Described;
use crate::picture;

/// A picture, its caption, and how good that is.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) picture: &'a Picture,
    pub(super) caption: &'a Described,
    /// CIDEr-D, times 100.
    pub(super) cider: f64,
}

impl Shown<'_> {
    /// What stands in for the picture for those who do not see it: what a person wrote, not what the model says.
    pub(super) fn alternative(&self) -> String {
        let said = self.picture.captions.first().map_or("nothing", String::as_str);
        format!("A photo of which a person wrote: {said}")
    }
}

/// The cards' HTML.
pub(super) fn figures(shown: &[&Shown<'_>]) -> Result<String> {
    let mut html = "<div class=\"sheet\">\n".to_owned();
    for shown in shown {
        let pixels = picture::open(&shown.picture.file)
            .with_context(|| format!("cannot read {} again", shown.picture.file.display()))?;
        let caption = if shown.caption.text.is_empty() { "(no words)" } else { &shown.caption.text };
        let _ = writeln!(
            html,
            "<article>\n<img src=\"{}\" alt=\"{}\" loading=\"lazy\">\n<h3>{}</h3>\n\
             <p class=\"facts\">Confidence {:.0}% ({}), CIDEr-D {:.1}; {}</p>\n<p>People wrote:</p>\n<ul class=\"said\">",
            inline::jpeg(&pixels)?,
            escape(&shown.alternative()),
            escape(caption),
            100.0 * shown.caption.confidence,
            shown.caption.band,
            shown.cider,
            escape(&shown.picture.name()),
        );
        for said in &shown.picture.captions {
            let _ = writeln!(html, "<li>{}</li>", escape(said));
        }
        html.push_str("</ul>\n</article>\n");
    }
    Ok(html + "</div>\n")
}
