//! `fine-tune`: a bundle learns on from one's own pictures, in one command that ends in a bundle which the daemon runs.
//!
//! It only puts the other commands in a row: a data set made of the folder, an experiment made for it, `prepare`, `train`,
//! `export`, `quantise`, `evaluate` before and after, `calibrate`, `seal`. Stopped at any moment, the same command goes on.

mod borrow;
mod card;
mod plan;
mod split;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use descry_models::manifest::Manifest;
use descry_models::{Bundle, TokenId};

use crate::calibrate::{self, CalibrateArguments};
use crate::checkpoint;
use crate::dataset::Format;
use crate::device::DeviceArguments;
use crate::evaluate::report::Report;
use crate::evaluate::{self, EngineArguments, EvaluateArguments, ModelArguments};
use crate::experiment::Experiment;
use crate::export::{self, ExportArguments};
use crate::prepare::{self, PrepareArguments, files};
use crate::quantise::{self, QuantiseArguments, range::Rule};
use crate::seal::{self, SealArguments};
use crate::train::{self, TrainArguments};

/// Below the run's folder: the data set that is made of the pictures.
const DATASET: &str = "pictures";
/// Captioned dev pictures that a calibration of one's own needs; of fewer, ten coefficients are guesswork.
const CALIBRATION: usize = 200;

/// Arguments of `descry-trainer fine-tune`.
#[derive(Debug, Args)]
pub struct FineTuneArguments {
    /// The bundle to start from, such as models/bundles/descry-attend-9
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// The folder of your pictures, with captions.jsonl, captions.txt, or a .txt file beside each picture
    #[arg(long, value_name = "DIR")]
    pub pictures: PathBuf,
    /// flickr, kaggle, coco, karpathy, vizwiz, jsonl or beside [default: told by the files in the folder]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// The folder of the new bundle; its name is the model's
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// The folder to work in; it may be removed afterwards [default: that of --output with `-run` added]
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Passes over the pictures
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub epochs: usize,
    /// The share of the pictures that is not learnt from: it chooses the best pass, and says what was gained
    #[arg(long, value_name = "SHARE", default_value_t = 0.25)]
    pub dev_share: f64,
    /// Decides which pictures those are, and all else that is drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// For the scores: in which engine, and how many pictures at a time.
    #[command(flatten)]
    pub engine: EngineArguments,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceArguments,
}

/// Runs the command.
pub fn run(arguments: &FineTuneArguments) -> Result<()> {
    let bundle = Bundle::open(&arguments.bundle)
        .with_context(|| format!("cannot start from {}", arguments.bundle.display()))?;
    let name = arguments.output.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.context("--output must end in the new model's name")?;
    let run = arguments.run.clone().unwrap_or_else(|| {
        let mut folder = arguments.output.clone();
        folder.set_file_name(format!("{name}-run"));
        folder
    });
    ensure!(
        (0.05..=0.5).contains(&arguments.dev_share),
        "--dev-share is {}; it lies between 0.05 and 0.5",
        arguments.dev_share
    );
    let datasets = run.join("datasets");
    let set = datasets.join(DATASET);

    eprintln!("1 of 5: the pictures");
    let captions =
        split::make(&arguments.pictures, arguments.format, &set, arguments.dev_share, arguments.seed)?;
    eprintln!("{captions}");
    if let Some(unknown) = captions.unknown(bundle.vocabulary()) {
        eprintln!("{unknown}");
    }
    let experiment = plan::experiment(&bundle, &name, arguments)?;
    let path = run.join("fine-tune.toml");
    checkpoint::write_text(&path, &experiment.to_toml()?)?;

    eprintln!("2 of 5: learning");
    if run.join(files::PROGRESS).exists() {
        let begun = Experiment::open(&run.join(files::EXPERIMENT))?;
        ensure!(
            begun == experiment,
            "{} was begun with other arguments: give --run another folder, or remove this one",
            run.display()
        );
    } else {
        prepare::run(&PrepareArguments {
            experiment: path,
            datasets: datasets.clone(),
            weights: None,
            bundle: Some(arguments.bundle.clone()),
            minimum_count: None,
            run: run.clone(),
            device: arguments.device,
        })?;
    }
    train::run(&TrainArguments {
        run: run.clone(),
        datasets,
        encoder_bundle: None,
        meteor_data: None,
        stop_after_steps: None,
        device: arguments.device,
    })?;

    eprintln!("3 of 5: the new bundle");
    let manifest = make(arguments, &bundle, &run, &set, &name)?;

    eprintln!("4 of 5: what it was worth, on the {} pictures that it has not learned from", captions.dev());
    let before = score(arguments, &arguments.bundle, &set)?;
    let after = score(arguments, &arguments.output, &set)?;
    eprintln!("5 of 5: the confidence, the card, and the list of files");
    let calibrated = captions.dev() >= CALIBRATION;
    calibrate(arguments, &bundle, manifest, &set, calibrated)?;
    let card = card::card(&name, bundle.manifest(), &captions, (&before, &after), calibrated);
    checkpoint::write_text(&arguments.output.join("CARD.md"), &card)?;
    let scores = run.join("scores.json");
    checkpoint::write_text(&scores, &serde_json::to_string(&after)?)?;
    seal::seal(&SealArguments { bundle: arguments.output.clone(), scores: vec![scores] })?;
    println!("{}", card::verdict(&before, &after, &arguments.bundle, &arguments.output));
    Ok(())
}

/// Writes the bundle of the run, quantised as the one before was, with its way of searching.
fn make(
    arguments: &FineTuneArguments,
    bundle: &Bundle,
    run: &Path,
    set: &Path,
    name: &str,
) -> Result<Manifest> {
    let base = bundle.manifest();
    let word = |token: &TokenId| bundle.vocabulary().word(*token).map(str::to_owned);
    let may_repeat = base.decoding.may_repeat.as_ref();
    let is_int8 = base.quantisation.is_some();
    let float = if is_int8 { run.join("float32") } else { arguments.output.clone() };
    let manifest = export::export(&ExportArguments {
        run: run.to_owned(),
        mean_with: Vec::new(),
        bundle: float.clone(),
        name: Some(name.to_owned()),
        description: base.description.clone(),
        licence: Some(base.licence.clone()),
        weights: Some(format!("{}, which learned on", base.name)),
        beam_width: base.decoding.beam_width,
        length_penalty: base.decoding.length_penalty,
        repetition_guard: base.decoding.repetition_guard,
        may_repeat: may_repeat.map(|tokens| tokens.iter().filter_map(word).collect()),
    })?;
    if !is_int8 {
        return Ok(manifest);
    }
    Ok(quantise::quantise(&QuantiseArguments {
        bundle: float,
        output: arguments.output.clone(),
        dataset: vec![set.to_owned()],
        split: "train".to_owned(),
        pictures: 300,
        range: Rule::Everything,
        keep_float: Vec::new(),
        weights_only: Vec::new(),
    })?)
}

/// The scores of a bundle on the pictures that were not learnt from.
fn score(arguments: &FineTuneArguments, bundle: &Path, set: &Path) -> Result<Report> {
    let model = ModelArguments {
        bundle: bundle.to_owned(),
        beam_width: None,
        engine: arguments.engine.clone(),
        diverse_groups: None,
        diversity_strength: 0.0,
    };
    evaluate::evaluate(&EvaluateArguments {
        model,
        dataset: set.to_owned(),
        split: "dev".to_owned(),
        format: None,
        meteor_data: None,
        train_captions: Vec::new(),
        train_split: "train".to_owned(),
        json: false,
        captions: None,
        coco_results: None,
    })
}

/// Gives the new bundle a calibration: one of its own where there are enough pictures, else that of the bundle before.
fn calibrate(
    arguments: &FineTuneArguments,
    bundle: &Bundle,
    manifest: Manifest,
    set: &Path,
    own: bool,
) -> Result<()> {
    if own {
        calibrate::calibrate(&CalibrateArguments {
            bundle: arguments.output.clone(),
            dataset: vec![set.to_owned()],
            split: "dev".to_owned(),
            engine: arguments.engine.clone(),
            judgements: Vec::new(),
            dry_run: false,
            captions: None,
        })?;
        return Ok(());
    }
    let calibration = bundle.manifest().calibration.as_ref();
    let calibration =
        calibration.map(|calibration| borrow::borrowed(calibration, arguments, set)).transpose()?;
    calibrate::write_manifest(&arguments.output, &Manifest { calibration, ..manifest })
}
