//! Where the model is: the folder that was named, or the first of the places where models are installed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// The model that comes with Descry; other models in the same place come after it.
const SHIPPED: &str = "descry-attend-1";

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
        let shipped = model("c/descry-attend-1");
        model("c/alpha");
        let place = |name: &str| root.path().join(name);
        assert_eq!(find_in(vec![place("a"), place("none"), place("b"), place("c")]).unwrap(), first);
        assert_eq!(find_in(vec![place("c"), place("b")]).unwrap(), shipped);
        let error = find_in(vec![place("a"), place("none")]).unwrap_err().to_string();
        assert!(error.contains("none") && error.contains("--model"), "{error}");
    }

    #[test]
    fn a_named_folder_is_taken_as_it_is() {
        assert_eq!(find(Some("/no/where".into())).unwrap(), PathBuf::from("/no/where"));
    }
}
