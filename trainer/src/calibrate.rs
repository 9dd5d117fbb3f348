//! `calibrate`: makes a bundle's confidence the probability that a person would accept the caption.
//!
//! The captions of a split are made through `descry_models::Captioner`, as the daemon makes them, and judged: by somebody
//! who looked at the pictures ([`judgements`]), or else by a proxy ([`judge`]). Where somebody judged what other models say of
//! the same pictures, the model is asked what it thinks of that, so that it learns from those verdicts too. A logistic
//! regression over the numbers of the search and the caption's words is fitted ([`logistic`]), tried on its own captions for
//! pictures that it has not seen ([`trial`]), and written into the manifest with the bounds of the bands; the other files stay
//! as they are.

mod captions;
pub mod judge;
pub mod judgements;
pub mod logistic;
pub mod trial;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use descry_models::{
    Bundle,
    calibration::{Calibration, CalibrationFit, Feature, Features},
    manifest::{MANIFEST_FILE, Manifest},
};

use crate::dataset::{Dataset, Picture};
use crate::evaluate::{EngineArguments, captioning::caption_all};
use crate::progress;
use captions::{Made, Other, Seen, worker, write_captions};
use judgements::Judgements;
use logistic::Logistic;
use trial::Trial;

/// So many of the words that speak most against a caption are printed, and as many of those that speak for it.
const SHOWN_WORDS: usize = 5;

/// Arguments of `descry-trainer calibrate`.
#[derive(Debug, Clone, Args)]
pub struct CalibrateArguments {
    /// The bundle's folder; its manifest.toml is rewritten
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// Data sets' folders
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    pub dataset: Vec<PathBuf>,
    /// The split of each, whose pictures the model has not learned from
    #[arg(long, value_name = "NAME", default_value = "dev")]
    pub split: String,
    /// In which engine, and how many pictures at a time.
    #[command(flatten)]
    pub engine: EngineArguments,
    /// What somebody who looked says of the captions, lines of picture, caption and right, passes, misleads or
    /// wrong; captions that no file judges are left out, and other models' that one judges are learned from as
    /// well [default: a proxy judges]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub judgements: Vec<PathBuf>,
    /// Only report: write nothing into the manifest
    #[arg(long)]
    pub dry_run: bool,
    /// Also write every caption: its references, score, judgement, features and held-out confidence, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub captions: Option<PathBuf>,
}

/// A caption that was made and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the search knew, or would have known.
    pub features: Features,
    /// The caption.
    pub text: String,
    /// The place of its picture among all.
    pub picture: usize,
    /// Whether a person accepts it, or would by the proxy.
    pub accepted: bool,
}

/// What was found out, for people.
#[derive(Debug)]
pub struct Report {
    calibration: Calibration,
    trial: Trial,
}

/// Runs the command: prints what the calibration is worth on standard output.
pub fn run(arguments: &CalibrateArguments) -> Result<()> {
    let report = calibrate(arguments)?;
    println!("{report}");
    Ok(())
}

/// Calibrates a bundle, and writes its manifest unless it is a dry run.
pub fn calibrate(arguments: &CalibrateArguments) -> Result<Report> {
    let looked_at = match arguments.judgements.as_slice() {
        [] => None,
        files => Some(Judgements::read(files)?),
    };
    let sets: Vec<Dataset> = arguments
        .dataset
        .iter()
        .map(|folder| Dataset::open(folder, &arguments.split))
        .collect::<Result<_, _>>()?;
    for set in sets.iter().filter(|set| !set.skipped.is_empty()) {
        eprintln!("skipped in {}: {}", set.name, set.skipped);
    }
    let pictures: Vec<Picture> = sets.iter().flat_map(|set| set.pictures.iter().cloned()).collect();

    let captioners = arguments.engine.open(&arguments.bundle, pictures.len())?;
    let manifest = captioners.first().context("there is nothing to do")?.manifest().clone();
    let bar = progress::bar(pictures.len() as u64, &manifest.name, "pictures");
    let workers = captioners.into_iter().map(|captioner| worker(captioner, looked_at.as_ref())).collect();
    let outcomes = caption_all(&pictures, workers, || bar.inc(1));
    bar.finish_and_clear();
    let outcomes = outcomes.with_context(|| format!("the bundle {} failed", arguments.bundle.display()))?;

    let (mut made, mut others, mut broken) = (Vec::new(), Vec::new(), 0);
    for (place, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(Seen { text, features, beside }) => {
                made.push(Made { place, picture: &pictures[place], text, features });
                others.extend(beside.into_iter().map(|Other { text, features, accepted }| Judged {
                    features,
                    text,
                    picture: place,
                    accepted,
                }));
            }
            Err(_) => broken += 1,
        }
    }
    if broken > 0 {
        eprintln!("{broken} pictures cannot be used");
    }
    let all = made.len();
    if let Some(judgements) = &looked_at {
        made.retain(|made| judgements.accepts(&made.picture.file, &made.text).is_some());
        eprintln!("{} of {all} captions were looked at, and {} of other models'", made.len(), others.len());
    }
    let scores =
        judge::scores(made.iter().map(|made| (made.text.as_str(), made.picture.captions.as_slice())));
    let own: Vec<Judged> = made
        .iter()
        .zip(&scores)
        .map(|(made, score)| {
            let seen =
                looked_at.as_ref().and_then(|judgements| judgements.accepts(&made.picture.file, &made.text));
            Judged {
                features: made.features,
                text: made.text.clone(),
                picture: made.place,
                accepted: seen.unwrap_or_else(|| judge::accepts(*score)),
            }
        })
        .collect();
    ensure!(
        own.len() >= trial::LEAST_CAPTIONS,
        "{} captions are too few; at least {} are needed",
        own.len(),
        trial::LEAST_CAPTIONS
    );

    let trial = Trial::of(&own, &others)?;
    if let Some(file) = &arguments.captions {
        write_captions(file, &made, &scores, &own, &trial)?;
    }
    let fitted = Logistic::fit(&[own.as_slice(), &others].concat())?;
    let calibration = Calibration {
        intercept: fitted.intercept as f32,
        coefficients: Feature::ALL
            .iter()
            .copied()
            .zip(fitted.coefficients.iter().map(|value| *value as f32))
            .collect(),
        words: fitted.words.iter().map(|(word, value)| (word.clone(), *value as f32)).collect(),
        bands: trial.bounds,
        fit: CalibrationFit {
            datasets: sets.iter().map(|set| format!("{} {}", set.name, set.split)).collect(),
            captions: own.len(),
            other_captions: others.len(),
            accepted_when: looked_at.map_or(judge::RULE, |_| judgements::RULE).to_owned(),
            accepted: rounded(trial.accepted),
            roc_area: rounded(trial.roc_area),
            expected_calibration_error: rounded(trial.calibration_error),
            beam_width: manifest.decoding.beam_width,
        },
    };
    if !arguments.dry_run {
        let manifest = Manifest { calibration: Some(calibration.clone()), ..manifest };
        write_manifest(&arguments.bundle, &manifest)?;
    }
    Ok(Report { calibration, trial })
}

/// Puts another manifest in the place of a bundle's, first beside it, so that the bundle is whole at any moment.
pub(crate) fn write_manifest(bundle: &Path, manifest: &Manifest) -> Result<()> {
    let text = manifest.to_toml()?;
    let (path, beside) = (bundle.join(MANIFEST_FILE), bundle.join("manifest.toml.new"));
    fs::write(&beside, text).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, &path).with_context(|| format!("cannot write {}", path.display()))?;
    Bundle::open(bundle)?;
    Ok(())
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calibration, trial } = self;
        let fit = &calibration.fit;
        write!(out, "{}: {} captions", fit.datasets.join(", "), fit.captions)?;
        if fit.other_captions > 0 {
            write!(out, ", and {} of other models to learn from", fit.other_captions)?;
        }
        writeln!(out)?;
        writeln!(out, "accepted when {}: {:.1} %", fit.accepted_when, 100.0 * fit.accepted)?;
        writeln!(out, "on held-out folds:")?;
        writeln!(out, "  ROC area                    {:.3}", fit.roc_area)?;
        writeln!(out, "    of the mean log probability alone  {:.3}", trial.uncalibrated_roc_area)?;
        writeln!(out, "  expected calibration error  {:.3}", fit.expected_calibration_error)?;
        writeln!(out, "  band     from   captions  accepted")?;
        for band in &trial.bands {
            writeln!(
                out,
                "  {:7} {:5.3}  {:6.1} %  {:6.1} %",
                band.band.name(),
                band.least,
                100.0 * band.share,
                100.0 * band.accepted
            )?;
        }
        write!(out, "coefficients: intercept {:.3}", calibration.intercept)?;
        for (feature, value) in &calibration.coefficients {
            write!(out, ", {feature:?} {value:.3}")?;
        }
        let mut words: Vec<_> = calibration.words.iter().collect();
        words.sort_by(|one, other| one.1.total_cmp(other.1));
        write!(out, "\nwords: {}, from", words.len())?;
        for (word, value) in words.iter().take(SHOWN_WORDS) {
            write!(out, " {word} {value:.2}")?;
        }
        write!(out, " to")?;
        for (word, value) in words.iter().skip(words.len().saturating_sub(SHOWN_WORDS)) {
            write!(out, " {word} {value:.2}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
