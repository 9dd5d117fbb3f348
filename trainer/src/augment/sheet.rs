//! `augment`: a sheet of pictures as a stage will see them, to look at before hours are spent on learning from them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::{holds_mirrored, vary};
use crate::dataset::{Dataset, Format};
use crate::experiment::{Augmentation, Experiment};
use crate::metrics::ptb;
use crate::picture;

/// The side of a picture on the sheet, in pixels.
const SIDE: u32 = 160;
/// Between two pictures.
const GAP: u32 = 4;

/// Arguments of `descry-trainer augment`.
#[derive(Debug, Args)]
pub struct AugmentArguments {
    /// The experiment whose augmentation is shown
    #[arg(long, value_name = "FILE")]
    pub experiment: PathBuf,
    /// The data set's folder
    #[arg(long, value_name = "DIR")]
    pub dataset: PathBuf,
    /// The split
    #[arg(long, value_name = "NAME", default_value = "train")]
    pub split: String,
    /// flickr, kaggle, coco, karpathy, vizwiz, jsonl or beside [default: told by the files in the folder]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// How many pictures: a row each, as it is and then varied
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub pictures: usize,
    /// How many variations of each
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub variations: usize,
    /// The sheet: a PNG or JPEG file
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Runs the command: writes the sheet of the fine-tuning stage's augmentation.
pub fn run(arguments: &AugmentArguments) -> Result<()> {
    let experiment = Experiment::open(&arguments.experiment)?;
    let dataset = Dataset::open_as(&arguments.dataset, arguments.format, &arguments.split)?;
    if !dataset.skipped.is_empty() {
        eprintln!("skipped in {}: {}", arguments.dataset.display(), dataset.skipped);
    }
    let step = (dataset.pictures.len() / arguments.pictures.max(1)).max(1);
    let mut rows = Vec::new();
    let chosen = dataset.pictures.iter().step_by(step).take(arguments.pictures);
    for (number, picture) in chosen.enumerate() {
        let symmetric = picture.captions.iter().all(|caption| holds_mirrored(&ptb::tokenise(caption)));
        let seeds = (0..arguments.variations as u64).map(|variation| (number as u64) << 32 | variation);
        match row(&picture.file, &experiment.fine_tune.augmentation, symmetric, seeds) {
            Ok(row) => rows.push(row),
            Err(error) => eprintln!("left out: {error:#}"),
        }
    }
    ensure!(!rows.is_empty(), "no picture of {} {} can be decoded", dataset.name, dataset.split);
    let sheet = laid_out(&rows);
    sheet.save(&arguments.output).with_context(|| format!("cannot write {}", arguments.output.display()))?;
    println!("{} rows: each picture as it is, then varied. {}", rows.len(), arguments.output.display());
    Ok(())
}

/// A picture as it is, and its variations by these seeds; small.
fn row(
    file: &Path,
    augmentation: &Augmentation,
    symmetric: bool,
    seeds: impl Iterator<Item = u64>,
) -> Result<Vec<RgbImage>> {
    let picture =
        picture::open(file).with_context(|| format!("cannot read the picture {}", file.display()))?;
    let small = |picture: &RgbImage| imageops::resize(picture, SIDE, SIDE, FilterType::Triangle);
    let varied = seeds.map(|seed| {
        let mut random = SmallRng::seed_from_u64(seed);
        small(&vary(&picture, augmentation, symmetric, &mut random))
    });
    Ok(std::iter::once(small(&picture)).chain(varied).collect())
}

fn laid_out(rows: &[Vec<RgbImage>]) -> RgbImage {
    let side = |count: usize| count as u32 * (SIDE + GAP) + GAP;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut sheet = RgbImage::from_pixel(side(columns), side(rows.len()), Rgb([255; 3]));
    for (down, row) in rows.iter().enumerate() {
        for (across, picture) in row.iter().enumerate() {
            imageops::replace(&mut sheet, picture, i64::from(side(across)), i64::from(side(down)));
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_row_for_each_picture_that_can_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let set = folder.path().join("set");
        std::fs::create_dir_all(&set).expect("a folder");
        for name in ["a.png", "b.png"] {
            RgbImage::from_pixel(30, 20, Rgb([9, 90, 200])).save(set.join(name)).expect("a picture");
        }
        std::fs::write(set.join("c.png"), "no picture").expect("a file");
        let lines = ["a.png", "b.png", "c.png"]
            .map(|name| format!(r#"{{"file": "{name}", "caption": "blue", "split": "train"}}"#));
        std::fs::write(set.join("captions.jsonl"), lines.join("\n")).expect("captions");
        let experiment = folder.path().join("experiment.toml");
        std::fs::write(&experiment, include_str!("../../experiments/descry-attend-2.toml")).expect("written");
        let output = folder.path().join("sheet.png");
        run(&AugmentArguments {
            experiment,
            dataset: set,
            split: "train".to_owned(),
            format: None,
            pictures: 3,
            variations: 4,
            output: output.clone(),
        })
        .expect("a sheet");
        let sheet = picture::open(&output).expect("a picture");
        assert_eq!(sheet.dimensions(), (5 * (SIDE + GAP) + GAP, 2 * (SIDE + GAP) + GAP));
    }
}
