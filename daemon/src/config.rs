//! Settings, typed: defaults, then /etc, then the person's own file, then the environment, then the arguments.
//!
//! The files are `/etc/descry/descry.toml` and `$XDG_CONFIG_HOME/descry/descry.toml` (`~/.config` without the
//! variable). A variable is named after its setting: `DESCRY_BEAM_WIDTH` for `beam_width`. All settings are optional, and
//! one that is not known is an error that names the nearest:
//!
//! ```toml
//! model = "/path/of/a/bundle"
//! engine = "auto"                   # or "tract" or "onnxruntime"
//! onnxruntime = "/path/of/libonnxruntime.so"
//! device = "auto"                   # of ONNX Runtime; or "cpu", "cuda" or "tensorrt"
//! threads = 2                       # of ONNX Runtime on processors
//! beam_width = 3
//! idle_unload_seconds = 300         # 0 keeps the model in memory
//! detail = "normal"                 # or "brief", or "full" for all of a screen's text
//! hedging = "banded"                # or "always" or "off"
//! minimum_confidence = 0.0
//! programs_see_screen = false       # whether others than descry may ask the service for the screen
//! programs_use_camera = true        # whether others may ask it for cameras and narrations
//! camera = "HD Webcam"              # its name or a part of it, or what `descry cameras` lists
//! camera_rotation = 0               # clockwise: or 90, 180, 270
//! camera_mirrored = false
//! keep_history = false              # whether what was said is kept on disk, for descry history
//! speech = "auto"                   # or "orca", "speechd" or "none"
//! earcons = true                    # a short sound when a picture is taken, and when there is none
//! earcon_volume = 50                # from 0 to 100
//! please_wait = true                # whether an answer that takes over 1.5 seconds is announced
//! language = "en-GB"               # or "de"; the session's by default, as LC_MESSAGES or LANG names it
//! text_languages = "eng"            # of screens, as Tesseract names them; "eng+deu" is two
//! rate = 20                         # like pitch and volume, -100 to 100
//! pitch = 0
//! volume = 100
//! voice = "English (Great Britain)" # as `spd-say -L` lists them
//! announce = "first"                # when the service says that it is ready; or "always" or "never"
//! battery_warnings = false          # whether a battery that runs out is said
//! pictures_as_camera = "/a/folder"  # in the place of cameras, for trying things out
//!
//! [keys]
//! from = "auto"                     # or "portal", "x11" or "none"
//! describe_window = "Super+Alt+D"
//! repeat = "none"                   # no key
//!
//! [button]
//! key = "KEY_CAMERA"
//! device = "gpio-keys"
//! short = "describe_camera"
//!
//! [narration]
//! minimum_interval_ms = 3000
//! change_threshold = 0.4
//! maximum_per_minute = 10
//! ```

mod layer;
mod places;
pub mod store;
#[cfg(test)]
mod tests;

use std::{
    env, io,
    path::{Path, PathBuf},
};

use descry_models::{Device, DeviceChoice, EngineChoice, Opening};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    announce::Announce,
    board::gpu,
    narration::policy::Pace,
    pause::Pause,
    preferences::{CameraSettings, Feedback, Preferences, Programs, VoiceSettings},
    screen_text::DEFAULT_LANGUAGES,
    source::camera::mounting::{Mounting, Rotation},
    trigger::TriggerSettings,
    words::{Language, Message, message},
};
pub use layer::Layer;
pub use places::{FileRead, Loaded, Place};

/// Why the settings cannot be used; in English for the log, and [`ConfigError::message`] is for people.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file is there, but does not let itself be read.
    #[error("the settings in {} cannot be read: {source}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or a variable does not hold settings.
    #[error("the setting in {place} cannot be used: {problem}")]
    Invalid {
        /// The file, the variable, or the arguments.
        place: Message,
        /// What is wrong with it.
        problem: Message,
    },
}

impl ConfigError {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Unreadable { file, source } => message!(
                "setting-file-unreadable",
                file = file.display().to_string(),
                reason = source.to_string()
            ),
            Self::Invalid { place, problem } => {
                message!("setting-invalid", place = place.clone(), problem = problem.clone())
            }
        }
    }
}

/// An engine as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum EngineName {
    /// ONNX Runtime where it is found, else tract.
    Auto,
    /// The engine that is built in.
    Tract,
    /// ONNX Runtime.
    OnnxRuntime,
}

/// A device as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum DeviceName {
    /// The first of the others that works, GPUs before processors.
    Auto,
    /// The processors.
    Cpu,
    /// An NVIDIA GPU, through CUDA.
    Cuda,
    /// An NVIDIA GPU, through TensorRT.
    TensorRt,
}

impl From<DeviceName> for DeviceChoice {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Auto => Self::Auto,
            DeviceName::Cpu => Self::Only(Device::Cpu),
            DeviceName::Cuda => Self::Only(Device::Cuda),
            DeviceName::TensorRt => Self::Only(Device::TensorRt),
        }
    }
}

/// What holds after all places were looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The folder of the model; looked for where models are when absent.
    pub model: Option<PathBuf>,
    /// The engine.
    pub engine: EngineChoice,
    /// The device.
    pub device: DeviceChoice,
    /// How many threads ONNX Runtime computes with on processors; two at most when absent.
    pub threads: Option<usize>,
    /// How many sentences the search keeps side by side; the model's own number when absent.
    pub beam_width: Option<usize>,
    /// The languages of a screen's text, as Tesseract names them.
    pub text_languages: String,
    /// When the service says that it is ready.
    pub announce: Announce,
    /// Whether the service says that the battery runs out.
    pub battery_warnings: bool,
    /// A folder whose pictures are shown in the place of cameras, for trying things out.
    pub pictures_as_camera: Option<PathBuf>,
    /// What can be changed while the service runs.
    pub preferences: Preferences,
    /// Which key and which press of the button does what.
    pub triggers: TriggerSettings,
}

/// The language of the session, for those who cannot read the settings.
#[must_use]
pub fn session_language() -> Language {
    Language::of_session(&|name| std::env::var_os(name))
        .map_or_else(Language::default, |(_, language)| language)
}

impl Settings {
    /// Reads all places, with `arguments` above them.
    pub fn load(arguments: Layer) -> Result<Self, ConfigError> {
        Ok(Loaded::read(arguments)?.settings)
    }

    /// How the model is to be opened. Where there is no GPU none is looked for, since its libraries take a while to load.
    #[must_use]
    pub fn opening(&self) -> Opening {
        let device = match self.device {
            DeviceChoice::Auto if !gpu::is_there(Path::new("/dev")) => DeviceChoice::default(),
            device => device,
        };
        let cache = places::cache_folder(&|name| env::var_os(name));
        Opening { engine: self.engine.clone(), device, threads: self.threads, cache }
    }

    /// How a command opens it that ends after its pictures: on the processors, unless a GPU is named. To open it on a GPU takes
    /// longer than to describe dozens of pictures: 2 seconds with CUDA, where the processors have answered in 0.4, and minutes
    /// with TensorRT the first time.
    #[must_use]
    pub fn brief_opening(&self) -> Opening {
        let mut opening = self.opening();
        if opening.device == DeviceChoice::Auto {
            opening.device = DeviceChoice::Only(Device::Cpu);
        }
        opening
    }
}

impl From<Layer> for Settings {
    fn from(layer: Layer) -> Self {
        // A layer that was not checked, as in a test, has no say in this.
        let triggers = TriggerSettings {
            keys: layer.keys().unwrap_or_default(),
            button: layer.button().unwrap_or_default(),
        };
        let engine = match (layer.engine.unwrap_or(EngineName::Auto), layer.onnxruntime) {
            (EngineName::Tract, _) => EngineChoice::Tract,
            // Who names the library wants it.
            (EngineName::OnnxRuntime, library) | (EngineName::Auto, library @ Some(_)) => {
                EngineChoice::OnnxRuntime { library }
            }
            (EngineName::Auto, None) => EngineChoice::Auto,
        };
        let defaults = Preferences::default();
        let preferences = Preferences {
            detail: layer.detail.unwrap_or(defaults.detail),
            hedging: layer.hedging.unwrap_or(defaults.hedging),
            minimum_confidence: layer
                .minimum_confidence
                .map_or(defaults.minimum_confidence, |share| share as f32),
            language: layer.language,
            speech: layer.speech.unwrap_or(defaults.speech),
            idle_unload_seconds: layer.idle_unload_seconds.unwrap_or(defaults.idle_unload_seconds),
            pause: Pause::None,
            programs: Programs {
                see_screen: layer.programs_see_screen.unwrap_or(defaults.programs.see_screen),
                use_camera: layer.programs_use_camera.unwrap_or(defaults.programs.use_camera),
            },
            camera: CameraSettings {
                wanted: layer.camera,
                mounting: Mounting {
                    rotation: layer.camera_rotation.and_then(Rotation::from_degrees).unwrap_or_default(),
                    is_mirrored: layer.camera_mirrored.unwrap_or_default(),
                },
            },
            keep_history: layer.keep_history.unwrap_or(defaults.keep_history),
            feedback: Feedback {
                earcons: layer.earcons.unwrap_or(defaults.feedback.earcons),
                earcon_volume: layer.earcon_volume.unwrap_or(defaults.feedback.earcon_volume),
                please_wait: layer.please_wait.unwrap_or(defaults.feedback.please_wait),
            },
            voice: VoiceSettings {
                rate: layer.rate,
                pitch: layer.pitch,
                volume: layer.volume,
                voice: layer.voice,
            },
            // A layer that was not checked, as in a test, has no say in this.
            narration: layer.narration.as_ref().and_then(|table| Pace::read(table).ok()).unwrap_or_default(),
        };
        let text_languages = layer.text_languages.unwrap_or_else(|| DEFAULT_LANGUAGES.to_owned());
        Self {
            model: layer.model,
            engine,
            device: layer.device.unwrap_or(DeviceName::Auto).into(),
            threads: layer.threads,
            beam_width: layer.beam_width,
            text_languages,
            announce: layer.announce.unwrap_or_default(),
            battery_warnings: layer.battery_warnings.unwrap_or_default(),
            pictures_as_camera: layer.pictures_as_camera,
            preferences,
            triggers,
        }
    }
}
