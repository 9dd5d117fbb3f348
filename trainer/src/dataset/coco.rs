//! COCO's captions and VizWiz-Captions: a JSON file for each split, with a list of pictures and a list of captions that
//! name a picture by its number.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::listing::{Listed, first_folder, is_safe, require};
use super::text::{Entry, file_names, json, usable, whole};
use super::{DatasetError, Fault, PictureId, Skipped};

/// Which of the two: they differ in the names of their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Coco,
    Vizwiz,
}

const ANNOTATIONS: &str = "annotations";

#[derive(Deserialize)]
struct File {
    images: Vec<Entry<Image>>,
    /// A test split has none.
    #[serde(default)]
    annotations: Vec<Entry<Annotation>>,
}

#[derive(Deserialize)]
struct Image {
    id: PictureId,
    file_name: String,
}

#[derive(Deserialize)]
struct Annotation {
    id: Option<PictureId>,
    image_id: PictureId,
    caption: String,
    /// VizWiz: the caption was not accepted.
    #[serde(default)]
    is_rejected: bool,
}

/// The splits and their files.
fn files(folder: &Path, kind: Kind) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for place in [folder.join(ANNOTATIONS), folder.to_owned()] {
        for name in file_names(&place).unwrap_or_default() {
            let split = match kind {
                Kind::Coco => name.strip_prefix("captions_").and_then(|name| name.strip_suffix(".json")),
                // Of its own folder alone: `train.json` says little.
                Kind::Vizwiz if place != folder => {
                    name.strip_suffix(".json").filter(|split| ["train", "val", "test"].contains(split))
                }
                Kind::Vizwiz => None,
            };
            if let Some(split) = split {
                files.push((split.to_owned(), place.join(&name)));
            }
        }
    }
    files
}

pub(super) fn splits(folder: &Path, kind: Kind) -> Vec<String> {
    files(folder, kind).into_iter().map(|(split, _)| split).collect()
}

pub(super) fn list(
    folder: &Path,
    kind: Kind,
    split: &str,
    skipped: &mut Skipped,
) -> Result<Vec<Listed>, DatasetError> {
    let Some((_, path)) = files(folder, kind).into_iter().find(|(name, _)| name == split) else {
        require(folder, split, splits(folder, kind))?;
        return Ok(Vec::new());
    };
    let file: File = json(&path)?;
    let pictures = first_folder(folder, ["images", split]);
    // `images/` may hold a folder for each split.
    let pictures = Some(pictures.join(split)).filter(|inner| inner.is_dir()).unwrap_or(pictures);

    // None for a picture that is left out: its captions are not of an unknown one.
    let mut places: HashMap<PictureId, Option<usize>> = HashMap::new();
    let mut listed: Vec<Listed> = Vec::with_capacity(file.images.len());
    for (place, Image { id, file_name: name }) in whole("images", file.images, skipped) {
        if name.contains(char::REPLACEMENT_CHARACTER) {
            skipped.add(Fault::WrongEncoding, place);
            places.insert(id, None);
        } else if places.contains_key(&id) {
            skipped.add(Fault::DuplicateName, name);
        } else if is_safe(&name, skipped) {
            places.insert(id.clone(), Some(listed.len()));
            listed.push(Listed { file: pictures.join(&name), name, id: Some(id), captions: Vec::new() });
        } else {
            places.insert(id, None);
        }
    }
    let mut seen = HashSet::new();
    for (place, annotation) in whole("annotations", file.annotations, skipped) {
        if annotation.is_rejected {
            skipped.add(Fault::RejectedCaption, place);
        } else if annotation.id.is_some_and(|id| !seen.insert(id)) {
            skipped.add(Fault::DuplicateCaption, place);
        } else if let Some(at) = places.get(&annotation.image_id) {
            if let Some(listed) = at.and_then(|at| listed.get_mut(at)) {
                listed.captions.extend(usable(&annotation.caption, place, skipped));
            }
        } else {
            skipped.add(Fault::UnknownPicture, place);
        }
    }
    Ok(listed)
}
