//! How each part is tried: as it is used, not by looking for its files.

mod pressed;

use std::{path::Path, time::Duration};

use descry_models::{Bundle, CaptionOptions, Captioner, Device, DeviceChoice, NotUsed, Opening};
use image::RgbImage;

use super::{Part, State};
use crate::{
    board::gpu,
    bus::client::Service,
    config::{Layer, Settings, session_language},
    earcon, model_folder,
    preferences::{Shared, SpeechRoute},
    screen_text::{ReadError, Reader},
    source::{
        camera::{Camera, CameraError, choose, connected::Connected},
        live::Cameras,
        screen::{self, Reached, ScreenError, Session},
    },
    speech::{
        VoiceError,
        address::Address,
        in_place::{self, Who},
        probe,
    },
    words::{Language, Message, message, models},
};

/// The parts, in the order in which they are tried: first what nothing works without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Settings,
    Model,
    Engine,
    Gpu,
    Speech,
    Earcons,
    Service,
    Screen,
    WindowNames,
    Text,
    Camera,
    Keys,
    Button,
}

/// How long the bus may take to say whether Orca runs.
const ORCA_LIMIT: Duration = Duration::from_secs(2);

/// The version of the portal's interface since which it may show a window alone.
const WINDOWS_SINCE: u32 = 3;

/// All of them.
pub(super) const ALL: [Name; 13] = [
    Name::Settings,
    Name::Model,
    Name::Engine,
    Name::Gpu,
    Name::Speech,
    Name::Earcons,
    Name::Service,
    Name::Screen,
    Name::WindowNames,
    Name::Text,
    Name::Camera,
    Name::Keys,
    Name::Button,
];

impl Name {
    /// What a person is told it is called.
    pub(super) fn message(self) -> Message {
        let part = match self {
            Self::Settings => "settings",
            Self::Model => "model",
            Self::Engine => "engine",
            Self::Gpu => "gpu",
            Self::Speech => "speech",
            Self::Earcons => "earcons",
            Self::Service => "service",
            Self::Screen => "screen",
            Self::WindowNames => "windows",
            Self::Text => "text",
            Self::Camera => "camera",
            Self::Keys => "keys",
            Self::Button => "button",
        };
        message!("check-name", part = part)
    }
}

/// The language of what is said.
pub(super) fn language() -> Language {
    settings().map_or_else(|_| session_language(), |settings| settings.preferences.words())
}

/// Tries a part.
pub(super) async fn try_part(name: Name) -> Part {
    match name {
        Name::Settings => Part::needed(name, settings().map(|_| message!("check-settings"))),
        Name::Model => Part::needed(name, blocking(model).await),
        Name::Engine => Part::needed(name, blocking(engine).await),
        Name::Gpu => Part::optional(name, blocking_optional(gpu).await),
        Name::Speech => Part::needed(name, speech().await),
        Name::Earcons => Part::optional(name, earcons().await),
        Name::Service => Part::optional(name, service().await),
        Name::Screen => Part::optional(name, screen().await),
        Name::WindowNames => Part::optional(name, window_names().await),
        Name::Text => Part::optional(name, text().await),
        Name::Camera => Part::optional(name, blocking_optional(camera).await),
        Name::Keys => Part::optional(name, pressed::keys(&settings_or_defaults().triggers.keys).await),
        Name::Button => Part::optional(name, pressed::button(&settings_or_defaults().triggers.button).await),
    }
}

fn settings() -> Result<Settings, Message> {
    Settings::load(Layer::default()).map_err(|error| error.message())
}

/// The settings where they can be used, so that what does not depend on them is tried all the same.
fn settings_or_defaults() -> Settings {
    settings().unwrap_or_else(|_| Settings::from(Layer::default()))
}

async fn blocking(work: fn() -> Result<Message, Message>) -> Result<Message, Message> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|_| Err(message!("check-broke-off")))
}

async fn blocking_optional(
    work: fn() -> Result<Message, (State, Message)>,
) -> Result<Message, (State, Message)> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|_| Err((State::Fails, message!("check-broke-off"))))
}

fn model() -> Result<Message, Message> {
    let folder = model_folder::find(settings_or_defaults().model).map_err(|error| error.message())?;
    let bundle = Bundle::open(&folder).map_err(|error| models::bundle_error(&error))?;
    let (manifest, ..) = bundle.into_parts();
    Ok(message!("check-model", model = manifest.name, folder = folder.display().to_string()))
}

/// Loads the model and has it describe a picture: what a person asks for.
fn engine() -> Result<Message, Message> {
    let settings = settings_or_defaults();
    let opening = settings.opening();
    let folder = model_folder::find(settings.model).map_err(|_| message!("check-engine-without-model"))?;
    let captioner = Captioner::open_as(&folder, &opening, &mut |_| {});
    let mut captioner = captioner.map_err(|error| models::caption_error(&error))?;
    let picture = RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 4, y as u8 * 4, 128]));
    let options = CaptionOptions { beam_width: Some(1), cancelled: None };
    captioner.caption(&picture, &options).map_err(|error| models::caption_error(&error))?;
    Ok(message!("check-engine", engine = captioner.engine(), device = captioner.device().name()))
}

/// Whether a GPU would run the model, and why the ones before it would not.
fn gpu() -> Result<Message, (State, Message)> {
    if !gpu::is_there(Path::new("/dev")) {
        return Err((State::Missing, message!("check-gpu-none")));
    }
    let settings = settings_or_defaults();
    let wanted = settings.device;
    let opening = Opening { device: DeviceChoice::Auto, ..settings.opening() };
    let not_tried = |_| (State::Fails, message!("check-engine-without-model"));
    let folder = model_folder::find(settings.model).map_err(not_tried)?;
    let captioner = Captioner::open_as(&folder, &opening, &mut |_| {});
    let captioner = captioner.map_err(|error| (State::Fails, models::caption_error(&error)))?;
    on_gpu(captioner.device(), captioner.not_used(), wanted)
}

/// What is said of the device that is used, and of those that are not.
fn on_gpu(device: Device, not_used: &[NotUsed], wanted: DeviceChoice) -> Result<Message, (State, Message)> {
    let said = if device == Device::Cpu {
        message!("check-gpu-idle")
    } else if wanted == DeviceChoice::Only(Device::Cpu) {
        message!("check-gpu-turned-off", device = device.name())
    } else {
        message!("check-gpu", device = device.name())
    };
    let with_reason = |said, NotUsed { device, reason }: &NotUsed| {
        message!("check-gpu-not-used", said = said, device = device.name(), reason = reason)
    };
    let said = not_used.iter().fold(said, with_reason);
    if device == Device::Cpu { Err((State::Fails, said)) } else { Ok(said) }
}

async fn speech() -> Result<Message, Message> {
    let route = settings_or_defaults().preferences.speech;
    match route {
        SpeechRoute::None => {
            return Ok(message!("check-speech-off"));
        }
        SpeechRoute::Orca => return orca().await,
        SpeechRoute::Auto | SpeechRoute::Speechd => {}
    }
    let address = Address::from_environment().map_err(|error| error.message())?;
    let found = match probe::probe(&address).await {
        Ok(found) => found,
        Err(error @ VoiceError::NotReachable { .. })
            if matches!(address, Address::Usual(_)) && route == SpeechRoute::Auto =>
        {
            return match in_place::who().await {
                Some(Who::Espeak) => Ok(message!("check-speech-replaced")),
                #[cfg(feature = "tts")]
                Some(Who::System) => Ok(message!("check-speech-system")),
                None => Err(error.message()),
            };
        }
        Err(error) => return Err(error.message()),
    };
    if found.synthesisers.is_empty() || found.voices == 0 {
        return Err(message!("check-speech-no-voice"));
    }
    let synthesisers = found.synthesisers.join(", ");
    Ok(message!("check-speech", voices = found.voices, synthesisers = synthesisers))
}

/// How long a player may take, which hangs where its sound server does.
const EARCON_LIMIT: Duration = Duration::from_secs(5);

/// Whether short sounds could be heard.
async fn earcons() -> Result<Message, (State, Message)> {
    if !settings_or_defaults().preferences.feedback.earcons {
        return Err((State::Missing, message!("check-earcons-off")));
    }
    let player = tokio::time::timeout(EARCON_LIMIT, earcon::try_play()).await.ok().flatten();
    match player {
        Some(player) => Ok(message!("check-earcons", player = player)),
        None => Err((State::Missing, message!("check-earcons-unplayed"))),
    }
}

/// Whether the screen reader can be asked, where it alone may speak.
async fn orca() -> Result<Message, Message> {
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
    if is_there { Ok(message!("check-orca")) } else { Err(VoiceError::NoOrca.message()) }
}

async fn service() -> Result<Message, (State, Message)> {
    match Service::find().await {
        Some(_) => {
            let preferences = settings_or_defaults().preferences;
            let eyes = match (preferences.programs.see_screen, preferences.programs.use_camera) {
                (true, true) => "both",
                (true, false) => "screen",
                (false, true) => "camera",
                (false, false) => "none",
            };
            Ok(message!("check-service-programs", service = message!("check-service"), eyes = eyes))
        }
        None => Err((State::Missing, message!("check-no-service"))),
    }
}

async fn screen() -> Result<Message, (State, Message)> {
    match Session::from_environment().try_reach().await {
        Ok(reached) => Ok(screen_in_words(&reached)),
        Err(error @ ScreenError::NoSession) => Err((State::Missing, error.message())),
        Err(error) => Err((State::Fails, error.message())),
    }
}

fn screen_in_words(reached: &Reached) -> Message {
    match *reached {
        Reached::X11 { size: (width, height), monitors, has_window_manager: true } => {
            message!("check-screen", width = width, height = height, monitors = monitors)
        }
        Reached::X11 { size: (width, height), monitors, has_window_manager: false } => {
            message!("check-screen-no-manager", width = width, height = height, monitors = monitors)
        }
        Reached::Portal { tells_window: true, .. } => message!("check-portal-sway"),
        Reached::Portal { version, .. } if version >= WINDOWS_SINCE => message!("check-portal-windows"),
        Reached::Portal { .. } => message!("check-portal"),
    }
}

async fn window_names() -> Result<Message, (State, Message)> {
    match screen::accessible_programs().await {
        Some(0) => Err((State::Missing, message!("check-windows-untold"))),
        Some(count) => Ok(message!("check-windows", count = count)),
        None => Err((State::Missing, message!("check-windows-unasked"))),
    }
}

async fn text() -> Result<Message, (State, Message)> {
    let reader = Reader::new(settings_or_defaults().text_languages);
    let installed = reader.installed_languages().await.map_err(|error| match error {
        ReadError::Missing => (State::Missing, error.message()),
        error => (State::Fails, error.message()),
    })?;
    let lacking = reader.languages().into_iter().find(|language| !installed.contains(language));
    match lacking {
        Some(language) => Err((State::Fails, ReadError::NoLanguage(language).message())),
        None => Ok(message!("check-text", languages = installed.join(", "))),
    }
}

/// Tries the camera that would be looked through, without looking.
fn camera() -> Result<Message, (State, Message)> {
    let preferences = settings_or_defaults().preferences;
    let wanted = preferences.camera.wanted.clone();
    let connected = Connected::with_preferences(&Shared::new(preferences));
    let cameras = connected.list().map_err(|error| (State::Fails, error.message()))?;
    of_cameras(&cameras, wanted.as_deref(), |camera| connected.try_reach(camera))
}

/// What is said of the cameras.
fn of_cameras(
    cameras: &[Camera],
    wanted: Option<&str>,
    try_reach: impl Fn(&Camera) -> Result<(), CameraError>,
) -> Result<Message, (State, Message)> {
    let chosen = match choose(cameras, wanted) {
        Ok(chosen) => chosen,
        Err(error @ CameraError::None) => return Err((State::Missing, error.message())),
        Err(error) => return Err((State::Fails, error.message())),
    };
    try_reach(chosen).map_err(|error| (State::Fails, error.message()))?;
    Ok(message!("check-camera", name = &chosen.name, others = (cameras.len() - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::camera::CameraId;

    #[test]
    fn a_gpu_is_told_of_as_it_is() {
        let reason = "the library of ONNX Runtime was built without TensorRT".to_owned();
        let not_used = [NotUsed { device: Device::TensorRt, reason }];
        for (device, not_used, wanted, expected) in [
            (Device::TensorRt, &[][..], DeviceChoice::Auto, "tensorrt runs the model of the service"),
            (
                Device::Cuda,
                &not_used,
                DeviceChoice::Auto,
                "cuda runs the model of the service; tensorrt is not used: the library of ONNX Runtime was built without TensorRT",
            ),
            (
                Device::Cuda,
                &[],
                DeviceChoice::Only(Device::Cpu),
                "cuda runs the model; the setting device turns it off",
            ),
        ] {
            assert_eq!(on_gpu(device, not_used, wanted).unwrap().to_string(), expected);
        }
        let (state, words) = on_gpu(Device::Cpu, &not_used, DeviceChoice::Auto).unwrap_err();
        assert_eq!(state, State::Fails);
        let words = words.to_string();
        assert!(words.starts_with("processors run the model instead; tensorrt is not used"), "{words}");
    }

    #[test]
    fn the_camera_that_would_be_looked_through_is_tried() {
        let camera = |id: &str| Camera {
            id: CameraId::new(id),
            name: id.to_uppercase(),
            device: format!("/dev/{id}").into(),
        };
        let two = [camera("a"), camera("b")];
        let works = |_: &Camera| Ok(());
        let busy = |camera: &Camera| Err(CameraError::Busy(camera.name.clone()));
        let told = |cameras: &[Camera], wanted| of_cameras(cameras, wanted, works).unwrap().to_string();
        assert_eq!(told(&two[..1], None), "A can be looked through");
        assert_eq!(told(&two, Some("b")), "B can be looked through; there is 1 other");
        for (cameras, wanted, state, begin) in [
            (&two[..0], None, State::Missing, "no camera is connected"),
            (&two[..0], Some("b"), State::Fails, "there is no camera b"),
            (&two[..], None, State::Fails, "there are several cameras"),
            (&two[..], Some("a"), State::Fails, "another program uses the camera A"),
        ] {
            let (found, told) = of_cameras(cameras, wanted, busy).unwrap_err();
            assert!(found == state && told.to_string().starts_with(begin), "{told}");
        }
    }
}
