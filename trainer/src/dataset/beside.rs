//! One's own pictures with their captions beside them: `harbour.jpg` and `harbour.txt`, a caption on each line. Lists of
//! names, as in Flickr8k's own layout, part them into splits where there are some.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::flickr;
use super::listing::{Listed, first_folder};
use super::text::{file_names, lines, read, usable};
use super::{DatasetError, Skipped};

/// What pictures' names end with.
const PICTURES: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];
const CAPTIONS: &str = "txt";

/// The pictures among these names, each with the file of its captions where there is one.
fn pairs(names: &BTreeSet<String>) -> impl Iterator<Item = (&str, Option<String>)> {
    names.iter().filter_map(|name| {
        let (stem, ending) = name.rsplit_once('.')?;
        let captions = format!("{stem}.{CAPTIONS}");
        let is_picture = PICTURES.contains(&ending.to_ascii_lowercase().as_str());
        is_picture.then(|| (name.as_str(), names.contains(&captions).then_some(captions)))
    })
}

fn pictures(folder: &Path) -> std::path::PathBuf {
    first_folder(folder, ["images", ""])
}

pub(super) fn is_in(folder: &Path) -> bool {
    let Ok(names) = file_names(&pictures(folder)) else { return false };
    pairs(&names).any(|(_, captions)| captions.is_some())
}

pub(super) fn list(folder: &Path, split: &str, skipped: &mut Skipped) -> Result<Vec<Listed>, DatasetError> {
    let wanted = flickr::names_of(folder, split, skipped)?;
    let pictures = pictures(folder);
    let names = file_names(&pictures)?;
    let (mut order, mut captions) = (Vec::new(), HashMap::new());
    for (name, file) in pairs(&names) {
        let mut own = Vec::new();
        if let Some(file) = file {
            let bytes = read(&pictures.join(&file))?;
            for (number, line) in lines(&file, &bytes, skipped) {
                own.extend(usable(line, format!("{file}:{number}"), skipped));
            }
        }
        order.push(name.to_owned());
        captions.insert(name.to_owned(), own);
    }
    Ok(flickr::listed(folder, wanted, (order, captions), skipped))
}
