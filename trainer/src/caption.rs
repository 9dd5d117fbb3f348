//! `caption`: captions every picture of a folder, without captions to compare with, in COCO's results format.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::dataset::Picture;
use crate::evaluate::model::{ModelArguments, usable};
use crate::evaluate::written;

/// What names of pictures end with, in lower case.
const ENDINGS: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// Arguments of `descry-trainer caption`.
#[derive(Debug, Args)]
pub struct CaptionArguments {
    /// Which model, and how it runs.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The folder of the pictures; folders in it are not looked into
    #[arg(long, value_name = "DIR")]
    pub pictures: PathBuf,
    /// Where the results go [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub coco_results: Option<PathBuf>,
    /// Also write every caption: a JSON object with `file` and `caption` on each line
    #[arg(long, value_name = "FILE")]
    pub captions: Option<PathBuf>,
}

/// Runs the command. What cannot be used is said on standard error.
pub fn run(arguments: &CaptionArguments) -> Result<()> {
    let pictures = pictures(&arguments.pictures)?;
    let results = arguments.coco_results.as_deref().map(written::create).transpose()?;
    let lines = arguments.captions.as_deref().map(written::create).transpose()?;
    let model = arguments.model.open(pictures.len())?;
    let outcomes = model.caption(&pictures)?;
    let (captioned, captions) = usable(&pictures, outcomes);
    if let Some(file) = lines {
        written::lines(file, &captioned, &captions)?;
    }
    match results {
        Some(file) => written::coco_results(file, &captioned, &captions),
        None => written::coco_results(io::stdout().lock(), &captioned, &captions),
    }
}

/// The folder's pictures by their names, in order; hidden files are none.
fn pictures(folder: &Path) -> Result<Vec<Picture>> {
    let failed = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if ENDINGS.contains(&ending.as_str()) && !hidden && path.is_file() {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{} holds no picture ({})", folder.display(), ENDINGS.join(", "));
    files.sort();
    Ok(files.into_iter().map(|file| Picture { file, id: None, captions: Vec::new() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_of_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = pictures(folder.path()).expect_err("nothing there").to_string();
        assert!(none.contains("holds no picture"), "{none}");
        for name in ["b.JPG", "a.png", "notes.txt", ".hidden.jpg", "no ending"] {
            std::fs::write(folder.path().join(name), b"").expect("written");
        }
        std::fs::create_dir(folder.path().join("folder.jpg")).expect("made");
        let names: Vec<_> = pictures(folder.path()).expect("pictures").iter().map(Picture::name).collect();
        assert_eq!(names, ["a.png", "b.JPG"]);
        assert!(pictures(&folder.path().join("nowhere")).is_err());
    }
}
