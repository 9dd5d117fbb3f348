//! From what was named on the command line to pictures, in order, to a part of the screen, or to a camera.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    preferences::Shared,
    source::{
        Source,
        camera::{CameraSource, connected::Connected},
        file::FileSource,
        screen::{ScreenSource, Session, Target},
    },
    words::{Message, message},
};

/// The endings of files that are taken for pictures in a folder. A file that is named itself may be called anything.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "gif", "webp", "tif", "tiff", "bmp"];

/// One picture to describe.
#[derive(Debug)]
pub(super) struct Input {
    /// What it is called in the output: its path, or `-`.
    pub(super) label: String,
    /// Where it is, or why there is none.
    pub(super) picture: Result<Wanted, Message>,
}

/// What is to be described.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A picture's file.
    File(FileSource),
    /// A part of the screen.
    Screen(ScreenSource),
    /// What a camera sees: the one of this name, or the one that is set, or the only one.
    Camera(Option<String>),
}

impl Wanted {
    /// The same as a source, in this process. The preferences say which camera is set, and how it is mounted.
    pub(super) fn into_source(self, preferences: &Shared) -> Box<dyn Source> {
        match self {
            Self::File(source) => Box::new(source),
            Self::Screen(source) => Box::new(source),
            Self::Camera(name) => {
                let cameras = Arc::new(Connected::with_preferences(preferences));
                Box::new(CameraSource::new(cameras, name.or(preferences.now().camera.wanted)))
            }
        }
    }
}

/// What a camera sees.
pub(super) fn of_camera(name: Option<&str>) -> Input {
    let label = name.unwrap_or("camera").to_owned();
    Input { label, picture: Ok(Wanted::Camera(name.map(str::to_owned))) }
}

/// The part of the screen of this session.
pub(super) fn of_screen(target: Target) -> Input {
    let source = ScreenSource::new(target, Session::from_environment());
    Input { label: target.view().name().to_owned(), picture: Ok(Wanted::Screen(source)) }
}

/// Replaces folders by their pictures.
pub(super) fn expand(files: Vec<PathBuf>) -> Vec<Input> {
    files.into_iter().flat_map(expand_one).collect()
}

fn expand_one(file: PathBuf) -> Vec<Input> {
    let input = |path: PathBuf| Input {
        label: path.display().to_string(),
        picture: Ok(Wanted::File(FileSource::Path(path))),
    };
    if file.as_os_str() == "-" {
        return vec![Input { label: "-".to_owned(), picture: Ok(Wanted::File(FileSource::StandardInput)) }];
    }
    if !file.is_dir() {
        return vec![input(file)];
    }
    let nothing = |problem| vec![Input { label: file.display().to_string(), picture: Err(problem) }];
    let Ok(entries) = fs::read_dir(&file) else { return nothing(message!("source-folder-unreadable")) };
    let mut pictures: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_picture(path)).collect();
    pictures.sort();
    if pictures.is_empty() {
        return nothing(message!("source-folder-empty"));
    }
    pictures.into_iter().map(input).collect()
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) && !path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_their_pictures_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b.JPG", "a.png", "notes.txt", "c", ".d.jpg", "e.webp"] {
            fs::write(path(name), "").unwrap();
        }
        fs::create_dir_all(path("f.jpg/inner.jpg")).unwrap();
        fs::create_dir(path("empty")).unwrap();
        let labels = |files: Vec<PathBuf>| -> Vec<(String, bool)> {
            expand(files).into_iter().map(|input| (input.label, input.picture.is_ok())).collect()
        };
        let shown = |name: &str| path(name).display().to_string();
        assert_eq!(
            labels(vec![path("c"), folder.path().to_owned(), "-".into(), path("none"), path("empty")]),
            [
                (shown("c"), true),
                (shown("a.png"), true),
                (shown("b.JPG"), true),
                (shown("e.webp"), true),
                ("-".to_owned(), true),
                (shown("none"), true),
                (shown("empty"), false),
            ]
        );
    }
}
