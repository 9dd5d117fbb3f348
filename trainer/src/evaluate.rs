//! `evaluate`: how good a bundle's captions are, run through `descry_models::Captioner`, exactly as the daemon runs it.

pub mod captioning;
pub mod engine;
pub mod model;
pub mod novelty;
pub mod report;
pub mod written;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use crate::dataset::{Dataset, Format};
use crate::metrics::{self, meteor, ptb};
pub use engine::EngineArguments;
pub use model::{ModelArguments, usable};
use novelty::Training;
use report::{Circumstances, Report};

/// Arguments of `descry-trainer evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
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
    /// The folder of Meteor 1.5's own data; without it, the score has another name and is lower
    #[arg(long, value_name = "DIR")]
    pub meteor_data: Option<PathBuf>,
    /// A data set that the model learned from, for the share of novel captions; may be repeated [default: that of --dataset]
    #[arg(long, value_name = "DIR")]
    pub train_captions: Vec<PathBuf>,
    /// The split that the model learned from
    #[arg(long, value_name = "NAME", default_value = "train")]
    pub train_split: String,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Also write every caption: a JSON object with `file` and `caption` on each line
    #[arg(long, value_name = "FILE")]
    pub captions: Option<PathBuf>,
    /// Also write every caption in COCO's results format
    #[arg(long, value_name = "FILE")]
    pub coco_results: Option<PathBuf>,
}

/// Runs the command: prints the scores on standard output.
pub fn run(arguments: &EvaluateArguments) -> Result<()> {
    let report = evaluate(arguments)?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// Captions the split, writes the captions where that is asked for, and scores them. What was skipped is said on standard
/// error.
pub fn evaluate(arguments: &EvaluateArguments) -> Result<Report> {
    arguments.model.engine.choice()?;
    let dataset = Dataset::open_as(&arguments.dataset, arguments.format, &arguments.split)?;
    if !dataset.skipped.is_empty() {
        eprintln!("skipped in {}: {}", arguments.dataset.display(), dataset.skipped);
    }
    let captions_file = arguments.captions.as_deref().map(written::create).transpose()?;
    let results_file = arguments.coco_results.as_deref().map(written::create).transpose()?;
    let training = Training::read(arguments)?;
    if let Some(folder) = &arguments.meteor_data {
        meteor::data::check(folder)?;
    }

    let model = arguments.model.open(dataset.pictures.len())?;
    let (manifest, engine) = (model.manifest.clone(), model.engine);
    let (beam_width, threads) = (model.beam_width, model.threads);
    let outcomes = model.caption(&dataset.pictures)?;
    let (pictures, captions) = usable(&dataset.pictures, outcomes);
    let unused = dataset.pictures.len() - pictures.len();
    ensure!(!pictures.is_empty(), "no picture of {} {} can be decoded", dataset.name, dataset.split);
    if let Some(file) = captions_file {
        written::lines(file, &pictures, &captions)?;
    }
    if let Some(file) = results_file {
        written::coco_results(file, &pictures, &captions)?;
    }

    let candidates: Vec<_> = captions.iter().map(|caption| ptb::tokenise(&caption.text)).collect();
    let references: Vec<Vec<_>> = pictures
        .iter()
        .map(|picture| picture.captions.iter().map(|caption| ptb::tokenise(caption)).collect())
        .collect();
    let scores = metrics::score(&candidates, &references)?;
    let meteor = meteor::score(arguments.meteor_data.as_deref(), &candidates, &references)?;
    let circumstances = Circumstances {
        manifest: &manifest,
        engine,
        beam_width,
        diverse_groups: arguments.model.diverse_groups.map(usize::from),
        threads,
        dataset: &dataset,
        skipped: unused + dataset.skipped.pictures(),
        training: training.as_ref(),
    };
    Ok(Report::new(&circumstances, scores, &meteor, &captions, &candidates))
}

#[cfg(test)]
pub(crate) mod end_to_end;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    /// The command's arguments alone, so that this file knows no other command.
    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: EvaluateArguments,
    }

    fn parse(extra: &[&str]) -> Result<EvaluateArguments, clap::Error> {
        let common = ["evaluate", "--bundle", "b", "--dataset", "d", "--split", "dev"];
        Line::try_parse_from(common.iter().chain(extra)).map(|line| line.arguments)
    }

    #[test]
    fn arguments_are_checked() {
        let arguments =
            parse(&["--json", "--format", "coco", "--train-captions", "a", "--train-captions", "b"]);
        let arguments = arguments.expect("right arguments");
        assert!(arguments.json);
        assert_eq!(arguments.format, Some(Format::Coco));
        assert_eq!(arguments.train_captions, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(arguments.train_split, "train");
        assert!(parse(&["--format", "csv"]).is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = run(&parse(&[]).expect("right arguments")).expect_err("no such data set").to_string();
        assert!(error.contains("cannot read d"), "{error}");
    }
}
