//! A data set made of one's own folder: its pictures where they are, its captions parted into train and dev by a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use descry_models::Vocabulary;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use serde::Serialize;

use crate::checkpoint;
use crate::dataset::{Dataset, DatasetError, Format, Picture, Skipped};
use crate::metrics::ptb;
use crate::unusable::Unusable;

/// Fewer pictures than this teach nothing that a score could show.
const LEAST: usize = 20;

/// What the folder held.
#[derive(Debug)]
pub(super) struct Captions {
    train: Vec<Picture>,
    dev: Vec<Picture>,
    skipped: Skipped,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    split: &'a str,
    captions: &'a [String],
}

/// Writes the data set of the pictures in `folder` into `set`. A folder that has the splits `train` and `dev` keeps them;
/// of any other, `share` of the pictures become dev, drawn by `seed`.
pub(super) fn make(
    folder: &Path,
    format: Option<Format>,
    set: &Path,
    share: f64,
    seed: u64,
) -> Result<Captions> {
    let mut captions = read(folder, format, share, seed)?;
    captions.leave_out_broken(folder);
    let pictures = captions.train.len() + captions.dev.len();
    ensure!(
        pictures >= LEAST,
        "{} has {pictures} pictures with captions; at least {LEAST} are needed, and a few hundred are better ({})",
        folder.display(),
        captions.skipped
    );
    let folder = fs::canonicalize(folder).with_context(|| format!("cannot find {}", folder.display()))?;
    let mut text = String::new();
    for (split, pictures) in [("train", &captions.train), ("dev", &captions.dev)] {
        for picture in pictures {
            let file = fs::canonicalize(&picture.file)?;
            let file = file.strip_prefix(&folder).map_err(|_| {
                anyhow::anyhow!(
                    "{} is a link that leads out of the folder of the pictures",
                    picture.file.display()
                )
            })?;
            let file = file.to_str().with_context(|| format!("the name {} is not UTF-8", file.display()))?;
            text += &serde_json::to_string(&Line { file, split, captions: &picture.captions })?;
            text.push('\n');
        }
    }
    fs::create_dir_all(set).with_context(|| format!("cannot make the folder {}", set.display()))?;
    let link = set.join("images");
    if fs::symlink_metadata(&link).is_ok() {
        fs::remove_file(&link).with_context(|| format!("cannot replace {}", link.display()))?;
    }
    symlink(&folder, &link).with_context(|| format!("cannot make the link {}", link.display()))?;
    checkpoint::write_text(&set.join("captions.jsonl"), &text)?;
    Ok(captions)
}

fn read(folder: &Path, format: Option<Format>, share: f64, seed: u64) -> Result<Captions> {
    let open = |split| Dataset::open_as(folder, format, split);
    match open("all") {
        Ok(Dataset { mut pictures, skipped, .. }) => {
            pictures.shuffle(&mut SmallRng::seed_from_u64(seed));
            let dev = (pictures.len() as f64 * share).round() as usize;
            let train = pictures.split_off(dev.min(pictures.len()));
            Ok(Captions { train, dev: pictures, skipped })
        }
        Err(DatasetError::NoSuchSplit { .. }) => {
            let (train, dev) = (open("train")?, open("dev")?);
            let mut skipped = train.skipped;
            skipped.merge(dev.skipped);
            Ok(Captions { train: train.pictures, dev: dev.pictures, skipped })
        }
        Err(error) => Err(error.into()),
    }
}

impl Captions {
    /// Leaves out pictures that cannot be decoded, and names them: they would stop what comes after.
    fn leave_out_broken(&mut self, folder: &Path) {
        let all = self.train.iter().chain(&self.dev);
        let files: Vec<_> = all.map(|picture| picture.file.clone()).collect();
        let unusable = Unusable::find(&files, folder);
        if let Some(summary) = unusable.summary() {
            eprintln!("{summary}");
        }
        for pictures in [&mut self.train, &mut self.dev] {
            pictures.retain(|picture| !unusable.holds(&picture.file, folder));
        }
    }

    /// How many pictures are learnt from.
    pub(super) fn train(&self) -> usize {
        self.train.len()
    }

    /// How many are not.
    pub(super) fn dev(&self) -> usize {
        self.dev.len()
    }

    /// Words of the captions that the model has no word for, in a line for people; None when it has all.
    pub(super) fn unknown(&self, vocabulary: &Vocabulary) -> Option<String> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for caption in self.train.iter().flat_map(|picture| &picture.captions) {
            for word in ptb::tokenise(caption).into_iter().filter(|word| vocabulary.id(word).is_none()) {
                *counts.entry(word).or_default() += 1;
            }
        }
        let mut words: Vec<_> = counts.into_iter().collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let first: Vec<String> =
            words.iter().take(8).map(|(word, count)| format!("{word} ({count})")).collect();
        (!words.is_empty()).then(|| {
            format!(
                "{} words of the captions are unknown to this model, and it will not say them: {}{}",
                words.len(),
                first.join(", "),
                if words.len() > first.len() { ", …" } else { "" }
            )
        })
    }
}

impl fmt::Display for Captions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let captions: usize = self.train.iter().chain(&self.dev).map(|picture| picture.captions.len()).sum();
        write!(
            formatter,
            "{} pictures to learn from and {} to measure on, with {captions} captions; {}",
            self.train(),
            self.dev(),
            self.skipped
        )
    }
}
