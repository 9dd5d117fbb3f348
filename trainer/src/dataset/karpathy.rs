//! Karpathy's splits of Flickr8k, Flickr30k and COCO (Karpathy and Fei-Fei 2015, "Deep Visual-Semantic Alignments for
//! Generating Image Descriptions"), by which most papers compare: one JSON file with pictures, captions and splits.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::listing::{Listed, is_safe, require};
use super::text::{Entry, file_names, json, usable, whole};
use super::{DatasetError, Fault, PictureId, Skipped};

#[derive(Deserialize)]
struct File {
    images: Vec<Entry<Image>>,
}

#[derive(Deserialize)]
struct Image {
    filename: String,
    /// COCO: the folder below that of the pictures, such as `val2014`.
    #[serde(default)]
    filepath: String,
    /// `train`, `val`, `test`; COCO has `restval` too, usually trained on as well.
    split: String,
    /// COCO's own number.
    cocoid: Option<PictureId>,
    sentences: Vec<Entry<Sentence>>,
}

#[derive(Deserialize)]
struct Sentence {
    raw: String,
}

fn files(names: &BTreeSet<String>) -> Vec<String> {
    let is_file = |name: &&String| {
        *name == "dataset.json"
            || name.starts_with("dataset_") && Path::new(name).extension() == Some("json".as_ref())
    };
    names.iter().filter(is_file).cloned().collect()
}

pub(super) fn is_in(names: &BTreeSet<String>) -> bool {
    !files(names).is_empty()
}

pub(super) fn list(folder: &Path, split: &str, skipped: &mut Skipped) -> Result<Vec<Listed>, DatasetError> {
    let files = files(&file_names(folder)?);
    let path = folder.join(files.first().map_or("dataset.json", String::as_str));
    if files.len() > 1 {
        let problem = format!("{} lie together: keep one", files.join(", "));
        return Err(DatasetError::Malformed { path, problem });
    }
    let file: File = json(&path)?;
    let mut available = BTreeSet::new();
    let mut listed = Vec::new();
    for (place, image) in whole("images", file.images, skipped) {
        let is_wanted = image.split == split;
        available.insert(image.split);
        if !is_wanted {
            continue;
        }
        let name = if image.filepath.is_empty() {
            image.filename
        } else {
            format!("{}/{}", image.filepath.trim_end_matches('/'), image.filename)
        };
        if name.contains(char::REPLACEMENT_CHARACTER) {
            skipped.add(Fault::WrongEncoding, place);
            continue;
        }
        if !is_safe(&name, skipped) {
            continue;
        }
        let sentences = whole(&format!("{place}.sentences"), image.sentences, skipped);
        let captions =
            sentences.into_iter().filter_map(|(place, sentence)| usable(&sentence.raw, place, skipped));
        let captions = captions.collect();
        listed.push(Listed { file: file_of(folder, &name), name, id: image.cocoid, captions });
    }
    require(folder, split, available.into_iter().collect())?;
    Ok(listed)
}

/// Where the picture is: in `images/`, with or without the folder in its name, or where the name says.
fn file_of(folder: &Path, name: &str) -> PathBuf {
    let last = Path::new(name).file_name().unwrap_or_default();
    let images = folder.join("images");
    let places = [images.join(name), images.join(last), folder.join(name)];
    places.iter().find(|place| place.is_file()).unwrap_or(&places[0]).clone()
}
