//! What all formats have in common: a list of pictures with their captions, held to the files on disk.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::{
    DatasetError, Fault, Format, Picture, PictureId, Skipped, beside, coco, flickr, jsonl, kaggle, karpathy,
};

/// A picture as a data set's files name it.
#[derive(Debug)]
pub(super) struct Listed {
    /// The name in the files, for messages.
    pub(super) name: String,
    /// Where the picture should be.
    pub(super) file: PathBuf,
    pub(super) id: Option<PictureId>,
    pub(super) captions: Vec<String>,
}

/// What the files of `folder` say of a split, and what was skipped in them.
pub(super) fn list(
    folder: &Path,
    format: Option<Format>,
    split: &str,
) -> Result<(Vec<Listed>, Skipped), DatasetError> {
    let format = format.map_or_else(|| Format::recognise(folder), Ok)?;
    let mut skipped = Skipped::default();
    let listed = match format {
        Format::Flickr => flickr::list(folder, split, &mut skipped),
        Format::Kaggle => kaggle::list(folder, split, &mut skipped),
        Format::Coco => coco::list(folder, coco::Kind::Coco, split, &mut skipped),
        Format::Karpathy => karpathy::list(folder, split, &mut skipped),
        Format::Vizwiz => coco::list(folder, coco::Kind::Vizwiz, split, &mut skipped),
        Format::Jsonl => jsonl::list(folder, split, &mut skipped),
        Format::Beside => beside::list(folder, split, &mut skipped),
    }?;
    Ok((listed, skipped))
}

/// The pictures that have captions, each once; where `must_be_there`, those whose files are.
pub(super) fn pictures(listed: Vec<Listed>, must_be_there: bool, skipped: &mut Skipped) -> Vec<Picture> {
    let mut seen = HashSet::with_capacity(listed.len());
    let mut pictures = Vec::with_capacity(listed.len());
    for Listed { name, file, id, captions } in listed {
        if !seen.insert(file.clone()) {
            skipped.add(Fault::DuplicateName, name);
        } else if must_be_there && !file.is_file() {
            skipped.add(Fault::MissingPicture, name);
        } else if captions.is_empty() {
            skipped.add(Fault::NoCaption, name);
        } else {
            pictures.push(Picture { file, id, captions });
        }
    }
    pictures
}

/// Whether a name stays in the folder that it is looked for in; one that does not is counted.
pub(super) fn is_safe(name: &str, skipped: &mut Skipped) -> bool {
    let plain = |component| matches!(component, Component::Normal(_));
    let safe = !name.is_empty() && !name.contains(['\\', '\0']) && Path::new(name).components().all(plain);
    if !safe {
        skipped.add(Fault::UnsafeName, name.escape_debug().to_string());
    }
    safe
}

/// The first of these folders that exists; if none does, the first.
pub(super) fn first_folder<const N: usize>(folder: &Path, names: [&str; N]) -> PathBuf {
    let mut folders = names.iter().map(|name| folder.join(name));
    folders.find(|folder| folder.is_dir()).unwrap_or_else(|| folder.join(names.first().unwrap_or(&"")))
}

/// That the split is one of those there are.
pub(super) fn require(folder: &Path, split: &str, available: Vec<String>) -> Result<(), DatasetError> {
    if available.iter().any(|name| name == split) {
        return Ok(());
    }
    Err(DatasetError::NoSuchSplit { folder: folder.to_owned(), split: split.to_owned(), available })
}
