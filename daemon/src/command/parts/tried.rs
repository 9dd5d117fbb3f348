//! How each part is tried: as it is used, not by looking for its files.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use descry_models::{Bundle, CaptionOptions, Captioner};
use image::RgbImage;

use super::{Part, State};
use crate::{
    bus::client::Service,
    config::{Layer, Settings},
    model_folder,
    preferences::SpeechRoute,
    screen_text::{ReadError, Reader},
    source::screen::{ScreenError, Session},
    speech::{VoiceError, address::Address, probe},
};

/// The parts, in the order in which they are tried: first what nothing works without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Settings,
    Model,
    Engine,
    Speech,
    Service,
    Screen,
    Text,
    Camera,
}

/// How long the bus may take to say whether Orca runs.
const ORCA_LIMIT: Duration = Duration::from_secs(2);

/// All of them.
pub(super) const ALL: [Name; 8] = [
    Name::Settings,
    Name::Model,
    Name::Engine,
    Name::Speech,
    Name::Service,
    Name::Screen,
    Name::Text,
    Name::Camera,
];

/// Tries a part.
pub(super) async fn try_part(name: Name) -> Part {
    match name {
        Name::Settings => Part::needed("Settings", settings().map(|_| "they can be read".to_owned())),
        Name::Model => Part::needed("Model", blocking(model).await),
        Name::Engine => Part::needed("Engine", blocking(engine).await),
        Name::Speech => Part::needed("Speech", speech().await),
        Name::Service => Part::optional("Service", service().await),
        Name::Screen => Part::optional("Screen", screen().await),
        Name::Text => Part::optional("Text on screens", text().await),
        Name::Camera => {
            Part::optional("Camera", cameras(Path::new("/dev"), Path::new("/sys/class/video4linux")))
        }
    }
}

fn settings() -> Result<Settings, String> {
    Settings::load(Layer::default()).map_err(|error| error.to_string())
}

/// The settings where they can be used, so that what does not depend on them is tried all the same.
fn settings_or_defaults() -> Settings {
    settings().unwrap_or_else(|_| Settings::from(Layer::default()))
}

async fn blocking(work: fn() -> Result<String, String>) -> Result<String, String> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|_| Err("the attempt broke off; please report it".to_owned()))
}

fn model() -> Result<String, String> {
    let folder = model_folder::find(settings_or_defaults().model).map_err(|error| error.to_string())?;
    let bundle = Bundle::open(&folder).map_err(|error| error.to_string())?;
    let (manifest, _) = bundle.into_manifest_and_vocabulary();
    Ok(format!("it is {} in {}, and every byte is as it should be", manifest.name, folder.display()))
}

/// Loads the model and has it describe a picture: what a person asks for.
fn engine() -> Result<String, String> {
    let Settings { model, engine: choice, .. } = settings_or_defaults();
    let folder = model_folder::find(model).map_err(|_| "it was not tried, for want of a model".to_owned())?;
    let mut captioner = Captioner::open(&folder, &choice).map_err(|error| error.to_string())?;
    let picture = RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 4, y as u8 * 4, 128]));
    let options = CaptionOptions { beam_width: Some(1), cancelled: None };
    captioner.caption(&picture, &options).map_err(|error| error.to_string())?;
    Ok(format!("{} runs the model", captioner.engine()))
}

async fn speech() -> Result<String, String> {
    match settings_or_defaults().preferences.speech {
        SpeechRoute::None => {
            return Ok("it is turned off in the settings, so everything is only printed".to_owned());
        }
        SpeechRoute::Orca => return orca().await,
        SpeechRoute::Auto | SpeechRoute::Speechd => {}
    }
    let address = Address::from_environment().map_err(|error| error.to_string())?;
    let found = probe::probe(&address).await.map_err(|error| error.to_string())?;
    if found.synthesisers.is_empty() || found.voices == 0 {
        return Err(
            "speech-dispatcher answers, but has no voice; install speech-dispatcher-espeak-ng, and end \
                    speech-dispatcher so that it starts anew"
                .to_owned(),
        );
    }
    let voices = if found.voices == 1 { "1 voice".to_owned() } else { format!("{} voices", found.voices) };
    Ok(format!(
        "speech-dispatcher answers and has {voices} ({}); whether you hear it, spd-say hello tells",
        found.synthesisers.join(", ")
    ))
}

/// Whether the screen reader can be asked, where it alone may speak.
async fn orca() -> Result<String, String> {
    let find = async {
        let bus = zbus::Connection::session().await.ok()?;
        let bus = zbus::fdo::DBusProxy::new(&bus).await.ok()?;
        for name in ["org.gnome.Orca1.Service", "org.gnome.Orca.Service"] {
            if bus.name_has_owner(name.try_into().ok()?).await.ok()? {
                return Some(());
            }
        }
        None
    };
    let is_there = tokio::time::timeout(ORCA_LIMIT, find).await.ok().flatten().is_some();
    if is_there {
        Ok("Orca runs and can be asked to speak".to_owned())
    } else {
        Err(VoiceError::NoOrca.to_string())
    }
}

async fn service() -> Result<String, (State, String)> {
    match Service::find().await {
        Some(_) => Ok("descryd runs, so the model need not be loaded for each picture".to_owned()),
        None => Err((
            State::Missing,
            "descryd does not run, so descry does the work itself, which takes a moment longer; to start it: systemctl \
             --user start descryd"
                .to_owned(),
        )),
    }
}

async fn screen() -> Result<String, (State, String)> {
    let reached = tokio::task::spawn_blocking(|| Session::from_environment().try_reach()).await;
    match reached {
        Ok(Ok(reached)) => {
            let monitors = if reached.monitors == 1 {
                "1 monitor".to_owned()
            } else {
                format!("{} monitors", reached.monitors)
            };
            let manager = if reached.has_window_manager {
                "which window is active is known"
            } else {
                "no window manager says which window is active, so the one with the keyboard is taken"
            };
            let (width, height) = reached.size;
            Ok(format!("it has {width} x {height} pixels on {monitors}, and {manager}"))
        }
        Ok(Err(error @ ScreenError::NoSession)) => Err((State::Missing, error.to_string())),
        Ok(Err(error)) => Err((State::Fails, error.to_string())),
        Err(_) => Err((State::Fails, "the attempt broke off; please report it".to_owned())),
    }
}

async fn text() -> Result<String, (State, String)> {
    let reader = Reader::new(settings_or_defaults().text_languages);
    let installed = reader.installed_languages().await.map_err(|error| match error {
        ReadError::Missing => (State::Missing, error.to_string()),
        error => (State::Fails, error.to_string()),
    })?;
    let lacking = reader.languages().into_iter().find(|language| !installed.contains(language));
    match lacking {
        Some(language) => Err((State::Fails, ReadError::NoLanguage(language).to_string())),
        None => Ok(format!("Tesseract is there, with the languages {}", installed.join(", "))),
    }
}

/// Looks for cameras among the devices, and for their names.
fn cameras(devices: &Path, names: &Path) -> Result<String, (State, String)> {
    let mut found: Vec<PathBuf> = fs::read_dir(devices)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_prefix("video").is_some_and(|number| number.parse::<u32>().is_ok())
        })
        .collect();
    found.sort();
    let not_yet = "Descry does not look through cameras yet";
    if found.is_empty() {
        return Err((State::Missing, format!("no camera is connected; {not_yet}")));
    }
    let describe = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        let name = fs::read_to_string(names.join(name).join("name")).unwrap_or_default();
        format!("{} ({})", path.display(), name.trim()).replace(" ()", "")
    };
    let listed = found.iter().map(describe).collect::<Vec<_>>().join(", ");
    if found.iter().any(|path| File::open(path).is_ok()) {
        Ok(format!("there is {listed}; {not_yet}"))
    } else {
        Err((
            State::Fails,
            format!(
                "{listed} cannot be opened; add yourself to the group video and log in again, or end what uses it"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_found_by_their_devices() {
        let folder = tempfile::tempdir().unwrap();
        let (devices, names) = (folder.path().join("dev"), folder.path().join("names"));
        fs::create_dir_all(&devices).unwrap();
        assert!(matches!(cameras(&devices, &names), Err((State::Missing, _))));
        for name in ["video1", "video0", "videodisk", "vide0"] {
            fs::write(devices.join(name), "").unwrap();
        }
        fs::create_dir_all(names.join("video0")).unwrap();
        fs::write(names.join("video0/name"), "Front camera\n").unwrap();
        let words = cameras(&devices, &names).unwrap();
        let expected = format!("there is {0}/video0 (Front camera), {0}/video1;", devices.display());
        assert!(words.starts_with(&expected), "{words}");
        assert!(matches!(cameras(Path::new("/no/where"), &names), Err((State::Missing, _))));
    }
}
