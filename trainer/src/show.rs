//! `show`: one page to look at and to listen to. Learning curves of a run, captions beside their pictures and what people
//! wrote, the best and the worst of them, what the model looked at word by word, and whether its confidence is honest.
//!
//! The page is one file: pictures are in it, and no script is. It is built for screen readers as much as for eyes: each
//! drawing says in words what it shows, and the numbers are there as tables.

mod attention;
mod chart;
mod curves;
mod inline;
mod page;
mod reliability;
mod sheet;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::dataset::{Dataset, Format};
use crate::evaluate::model::{ModelArguments, usable};
use crate::metrics::cider::Cider;
use crate::metrics::ptb;
use page::{Page, escape};
use sheet::Shown;

/// Arguments of `descry-trainer show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Which model, and how it runs.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The data set's folder
    #[arg(long, value_name = "DIR")]
    pub dataset: PathBuf,
    /// The split, such as dev; `all` where the data set has none
    #[arg(long, value_name = "NAME")]
    pub split: String,
    /// flickr, kaggle, coco, karpathy, vizwiz, jsonl or beside [default: told by the files in the folder]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Caption this many of the split's pictures, evenly chosen, rather than all
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
    /// A run's folder, for its learning curves
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Judged captions, JSON lines with `confidence` and `accepted`, for the diagram of the confidence
    #[arg(long, value_name = "FILE")]
    pub judged: Option<PathBuf>,
    /// How many pictures the sample shows
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub sample: usize,
    /// How many of the best, and of the worst, are shown
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub extremes: usize,
    /// Of how many pictures of the sample the attention is shown
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub attention: usize,
    /// The page
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Runs the command: writes the page.
pub fn run(arguments: &ShowArguments) -> Result<()> {
    let page = page(arguments)?;
    std::fs::write(&arguments.output, page)
        .with_context(|| format!("cannot write {}", arguments.output.display()))
}

/// Makes the page's HTML.
pub fn page(arguments: &ShowArguments) -> Result<String> {
    // What is quick comes first, so that a wrong path is known before the wait.
    let curves = arguments.run.as_deref().map(curves::section).transpose()?;
    let reliability = arguments.judged.as_deref().map(reliability::section).transpose()?;
    let mut dataset = Dataset::open_as(&arguments.dataset, arguments.format, &arguments.split)?;
    if !dataset.skipped.is_empty() {
        eprintln!("skipped in {}: {}", arguments.dataset.display(), dataset.skipped);
    }
    if let Some(limit) = arguments.limit {
        let kept = evenly(dataset.pictures.len(), limit.into());
        dataset.pictures = kept.into_iter().map(|index| dataset.pictures[index].clone()).collect();
    }

    let model = arguments.model.open(dataset.pictures.len())?;
    let (manifest, engine, beam_width) = (model.manifest.clone(), model.engine, model.beam_width);
    let (pictures, captions) = usable(&dataset.pictures, model.caption(&dataset.pictures)?);
    ensure!(!pictures.is_empty(), "no picture of {} {} can be decoded", dataset.name, dataset.split);
    let candidates: Vec<_> = captions.iter().map(|caption| ptb::tokenise(&caption.text)).collect();
    let references: Vec<Vec<_>> = pictures
        .iter()
        .map(|picture| picture.captions.iter().map(|caption| ptb::tokenise(caption)).collect())
        .collect();
    let (cider, each) = Cider::new(&references).score(&candidates);
    let shown: Vec<Shown<'_>> = (pictures.iter().zip(&captions).zip(each))
        .map(|((picture, caption), cider)| Shown { picture, caption, cider })
        .collect();

    let sample: Vec<&Shown<'_>> =
        evenly(shown.len(), arguments.sample).into_iter().map(|index| &shown[index]).collect();
    let mut ranked: Vec<&Shown<'_>> = shown.iter().collect();
    ranked.sort_by(|one, other| other.cider.total_cmp(&one.cider));
    let extremes = arguments.extremes.min(ranked.len() / 2);
    let attention = attention::section(
        &arguments.model.bundle,
        &arguments.model.engine.choice()?,
        &sample[..arguments.attention.min(sample.len())],
    )?;

    let mut page = Page::new(&format!("{} on {} {}", manifest.name, dataset.name, dataset.split));
    page.lead(&format!(
        "The model <b>{}</b> captioned <b>{}</b> pictures of {} {} ({engine}, beam {beam_width}). Mean CIDEr-D: <b>{cider:.1}</b>. \
         CIDEr-D asks how rare words are in this very set, so it compares with scores of the same pictures only.",
        escape(&manifest.name),
        shown.len(),
        escape(&dataset.name),
        escape(&dataset.split),
    ));
    if let Some(curves) = curves {
        page.section("curves", "Learning curves", &curves);
    }
    page.section("sample", "A sample, evenly chosen", &sheet::figures(&sample)?);
    page.section("best", "The best by CIDEr-D", &sheet::figures(&ranked[..extremes])?);
    let worst: Vec<&Shown<'_>> = ranked.iter().rev().take(extremes).copied().collect();
    page.section("worst", "The worst by CIDEr-D", &sheet::figures(&worst)?);
    if let Some(attention) = attention {
        page.section("attention", "What the model looked at, word by word", &attention);
    }
    if let Some(reliability) = reliability {
        page.section("reliability", "Is the confidence honest?", &reliability);
    }
    Ok(page.finish())
}

/// At most `wanted` places out of `count`, evenly spread from the first on.
fn evenly(count: usize, wanted: usize) -> Vec<usize> {
    let wanted = wanted.min(count);
    (0..wanted).map(|place| place * count / wanted).collect()
}

/// A file's text, or which file cannot be read.
fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
