//! One's own pictures: `captions.jsonl`, with an object on each line, `file` and `captions` (or a single `caption`), and
//! `split` where there is more than one. A picture may have several lines. What `evaluate --captions` writes can be read.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::Deserialize;

use super::listing::{Listed, first_folder, is_safe, require};
use super::text::{file_names, lines, read, usable};
use super::{DatasetError, Fault, Skipped};

const CAPTIONS: &str = "captions.jsonl";
/// The split of lines that name none.
const ALL: &str = "all";

#[derive(Deserialize)]
struct Line {
    file: String,
    split: Option<String>,
    #[serde(default)]
    captions: Vec<String>,
    caption: Option<String>,
}

pub(super) fn is_in(names: &BTreeSet<String>) -> bool {
    names.contains(CAPTIONS)
}

pub(super) fn list(folder: &Path, split: &str, skipped: &mut Skipped) -> Result<Vec<Listed>, DatasetError> {
    file_names(folder)?;
    let pictures = first_folder(folder, ["images", ""]);
    let bytes = read(&folder.join(CAPTIONS))?;
    let mut available = BTreeSet::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut listed: Vec<Listed> = Vec::new();
    for (number, line) in lines(CAPTIONS, &bytes, skipped) {
        let place = format!("{CAPTIONS}:{number}");
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            skipped.add(Fault::BrokenLine, place);
            continue;
        };
        let of = line.split.unwrap_or_else(|| ALL.to_owned());
        let is_wanted = of == split;
        available.insert(of);
        if !is_wanted {
            continue;
        }
        let is_new = !places.contains_key(&line.file);
        if is_new && !is_safe(&line.file, skipped) {
            continue;
        }
        let at = *places.entry(line.file.clone()).or_insert(listed.len());
        if is_new {
            let file = pictures.join(&line.file);
            listed.push(Listed { name: line.file, file, id: None, captions: Vec::new() });
        }
        let captions = line.captions.iter().chain(&line.caption);
        let captions = captions.filter_map(|caption| usable(caption, &place, skipped));
        if let Some(listed) = listed.get_mut(at) {
            listed.captions.extend(captions);
        }
    }
    require(folder, split, available.into_iter().collect())?;
    Ok(listed)
}
