//! Where the model is: the folder that was named, or the first of the places where models are installed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use descry_models::{Manifest, manifest::MANIFEST_FILE};
use thiserror::Error;

use crate::words::{Message, message};

/// The model that comes with Descry; other models in the same place come after it.
const SHIPPED: &str = "descry-attend-9";

/// There is no model.
#[derive(Debug, Error)]
#[error(
    "no model was found (looked in {}); name its folder with --model or in DESCRY_MODEL",
    .looked.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct NoModel {
    /// Where it was looked for.
    pub looked: Vec<PathBuf>,
}

impl NoModel {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        let places: Vec<String> = self.looked.iter().map(|place| place.display().to_string()).collect();
        message!("model-none", places = places.join(", "))
    }
}

/// The folder of the model to use. A folder that was named is taken as it is: it says itself what is wrong with it.
pub fn find(named: Option<PathBuf>) -> Result<PathBuf, NoModel> {
    match named {
        Some(folder) => Ok(folder),
        None => find_in(places()),
    }
}

/// Where models are looked for, in order. The last place serves those who run what they built, where they built it.
fn places() -> Vec<PathBuf> {
    let own = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/share")))
        .map(|folder| folder.join("descry/models"));
    let beside = env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.parent()?.join("share/descry/models")));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("models").join("bundles");
    let shared = ["/usr/local/share/descry/models", "/usr/share/descry/models"].map(PathBuf::from);
    own.into_iter().chain(shared).chain(beside).chain([built]).collect()
}

/// What the other models say of themselves that are where models are, each name once. What is no model is passed over.
#[must_use]
pub fn others(in_use: &Path) -> Vec<Manifest> {
    others_in(&places(), in_use)
}

fn others_in(places: &[PathBuf], in_use: &Path) -> Vec<Manifest> {
    let manifest = |folder: &Path| {
        let text = fs::read_to_string(folder.join(MANIFEST_FILE)).ok()?;
        Manifest::from_toml(&text).ok()
    };
    let mut names: Vec<String> = manifest(in_use).into_iter().map(|manifest| manifest.name).collect();
    let mut found = Vec::new();
    for place in places {
        let Ok(entries) = fs::read_dir(place) else { continue };
        let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.sort();
        for manifest in folders.iter().filter_map(|folder| manifest(folder)) {
            if !names.contains(&manifest.name) {
                names.push(manifest.name.clone());
                found.push(manifest);
            }
        }
    }
    found
}

fn find_in(places: Vec<PathBuf>) -> Result<PathBuf, NoModel> {
    match places.iter().find_map(|place| model_in(place)) {
        Some(folder) => Ok(folder),
        None => Err(NoModel { looked: places }),
    }
}

/// The shipped model in a place, else the first by name.
fn model_in(place: &Path) -> Option<PathBuf> {
    let is_model = |folder: &PathBuf| folder.join("manifest.toml").is_file();
    let shipped = place.join(SHIPPED);
    if is_model(&shipped) {
        return Some(shipped);
    }
    let mut folders: Vec<PathBuf> =
        fs::read_dir(place).ok()?.filter_map(|entry| Some(entry.ok()?.path())).filter(is_model).collect();
    folders.sort();
    folders.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_with_a_model_wins_and_the_shipped_one_in_it() {
        let root = tempfile::tempdir().unwrap();
        let model = |name: &str| {
            let folder = root.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("manifest.toml"), "").unwrap();
            folder
        };
        fs::create_dir_all(root.path().join("a/empty")).unwrap();
        let (first, _) = (model("b/alpha"), model("b/beta"));
        let shipped = model("c/descry-attend-9");
        model("c/alpha");
        let place = |name: &str| root.path().join(name);
        assert_eq!(find_in(vec![place("a"), place("none"), place("b"), place("c")]).unwrap(), first);
        assert_eq!(find_in(vec![place("c"), place("b")]).unwrap(), shipped);
        let error = find_in(vec![place("a"), place("none")]).unwrap_err().to_string();
        assert!(error.contains("none") && error.contains("--model"), "{error}");
    }

    #[test]
    fn other_models_are_told_once_each() {
        let root = tempfile::tempdir().unwrap();
        let place = |name: &str| root.path().join(name);
        let whole = include_str!("../tests/fixtures/manifest.toml");
        let model = |folder: &str, name: &str| {
            fs::create_dir_all(place(folder)).unwrap();
            let text = whole.replacen("name = \"descry-test\"", &format!("name = \"{name}\""), 1);
            fs::write(place(folder).join("manifest.toml"), text).unwrap();
        };
        model("a/used", "used");
        model("a/other", "other");
        model("b/other", "other");
        model("b/third", "third");
        fs::create_dir_all(place("b/broken")).unwrap();
        fs::write(place("b/broken/manifest.toml"), "no").unwrap();
        let others = others_in(&[place("none"), place("a"), place("b")], &place("a/used"));
        let names: Vec<&str> = others.iter().map(|manifest| manifest.name.as_str()).collect();
        assert_eq!(names, ["other", "third"]);
    }

    #[test]
    fn a_named_folder_is_taken_as_it_is() {
        assert_eq!(find(Some("/no/where".into())).unwrap(), PathBuf::from("/no/where"));
    }
}
