//! Settings, typed: defaults, then /etc, then the person's own file, then the environment, then the arguments.
//!
//! The files are `/etc/descry/descry.toml` and `$XDG_CONFIG_HOME/descry/descry.toml` (`~/.config` without the
//! variable); the variables `DESCRY_MODEL`, `DESCRY_ENGINE`, `DESCRY_BEAM_WIDTH` and `DESCRY_SPEECH`. All settings are
//! optional, and one that is not known is an error:
//!
//! ```toml
//! model = "/path/of/a/bundle"
//! engine = "auto"                   # or "tract" or "onnxruntime"
//! onnxruntime = "/path/of/libonnxruntime.so"
//! beam_width = 3
//! speech = "auto"                   # or "none"
//! ```

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use descry_models::{EngineChoice, manifest::MAXIMUM_BEAM_WIDTH};
use serde::Deserialize;
use thiserror::Error;

/// Why the settings cannot be used.
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
        /// The file or the variable.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// An engine as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
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

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Speech {
    /// speech-dispatcher.
    Auto,
    /// Nobody.
    None,
}

/// The settings of one place; each may be absent. They are the arguments of `descryd` too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The folder of the model
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// The engine that runs it
    #[arg(long, value_enum)]
    pub engine: Option<EngineName>,
    /// The library of ONNX Runtime
    #[arg(long, value_name = "LIBRARY")]
    pub onnxruntime: Option<PathBuf>,
    /// How many sentences the search keeps side by side
    #[arg(long, value_name = "N")]
    pub beam_width: Option<usize>,
    /// Who speaks
    #[arg(long, value_enum)]
    pub speech: Option<Speech>,
}

/// What holds after all places were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folder of the model; looked for where models are when absent.
    pub model: Option<PathBuf>,
    /// The engine.
    pub engine: EngineChoice,
    /// How many sentences the search keeps side by side; the model's own number when absent.
    pub beam_width: Option<usize>,
    /// Who speaks.
    pub speech: Speech,
}

impl Layer {
    /// This layer with `over` above it.
    #[must_use]
    fn under(self, over: Self) -> Self {
        Self {
            model: over.model.or(self.model),
            engine: over.engine.or(self.engine),
            onnxruntime: over.onnxruntime.or(self.onnxruntime),
            beam_width: over.beam_width.or(self.beam_width),
            speech: over.speech.or(self.speech),
        }
    }

    fn from_toml(text: &str, place: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| invalid(place, error.message()))
    }

    fn from_file(file: &Path) -> Result<Self, ConfigError> {
        match fs::read_to_string(file) {
            Ok(text) => Self::from_toml(&text, &file.display().to_string()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::Unreadable { file: file.to_owned(), source }),
        }
    }

    fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let text = |name: &str| match variable(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => value.into_string().map(Some).map_err(|_| invalid(name, "it is not text")),
        };
        // Words are read as the files read them, so that both know the same ones.
        let word = |name: &str, key: &str| match text(name)? {
            None => Ok(Self::default()),
            Some(value) => Self::from_toml(&format!("{key} = {}", toml::Value::from(value)), name),
        };
        let beam_width = text("DESCRY_BEAM_WIDTH")?.map(|value| value.parse()).transpose();
        Ok(Self {
            model: variable("DESCRY_MODEL").filter(|value| !value.is_empty()).map(PathBuf::from),
            engine: word("DESCRY_ENGINE", "engine")?.engine,
            // DESCRY_ONNXRUNTIME is looked at where the library is loaded.
            onnxruntime: None,
            beam_width: beam_width.map_err(|_| invalid("DESCRY_BEAM_WIDTH", "it is not a number"))?,
            speech: word("DESCRY_SPEECH", "speech")?.speech,
        })
    }

    fn into_settings(self) -> Result<Settings, ConfigError> {
        if let Some(width) = self.beam_width
            && !(1..=MAXIMUM_BEAM_WIDTH).contains(&width)
        {
            return Err(invalid("beam_width", &format!("{width} is not between 1 and {MAXIMUM_BEAM_WIDTH}")));
        }
        let engine = match (self.engine.unwrap_or(EngineName::Auto), self.onnxruntime) {
            (EngineName::Tract, _) => EngineChoice::Tract,
            // Who names the library wants it.
            (EngineName::OnnxRuntime, library) | (EngineName::Auto, library @ Some(_)) => {
                EngineChoice::OnnxRuntime { library }
            }
            (EngineName::Auto, None) => EngineChoice::Auto,
        };
        let speech = self.speech.unwrap_or(Speech::Auto);
        Ok(Settings { model: self.model, engine, beam_width: self.beam_width, speech })
    }
}

fn invalid(place: &str, problem: &str) -> ConfigError {
    ConfigError::Invalid { place: place.to_owned(), problem: problem.to_owned() }
}

impl Settings {
    /// Reads all places, with `arguments` above them.
    pub fn load(arguments: Layer) -> Result<Self, ConfigError> {
        Self::load_with(Path::new("/etc/descry/descry.toml"), &|name| std::env::var_os(name), arguments)
    }

    fn load_with(
        system_file: &Path,
        variable: &dyn Fn(&str) -> Option<OsString>,
        arguments: Layer,
    ) -> Result<Self, ConfigError> {
        let own_folder = variable("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
        let own_file = own_folder.map(|folder| folder.join("descry/descry.toml"));
        let mut layer = Layer::from_file(system_file)?;
        if let Some(file) = own_file {
            layer = layer.under(Layer::from_file(&file)?);
        }
        layer.under(Layer::from_environment(variable)?).under(arguments).into_settings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_places_win() {
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path().join("system.toml");
        fs::write(&system, "beam_width = 2\nspeech = \"none\"\nengine = \"tract\"\nmodel = \"/a\"").unwrap();
        fs::create_dir(folder.path().join("descry")).unwrap();
        fs::write(folder.path().join("descry/descry.toml"), "beam_width = 4\nengine = \"auto\"").unwrap();
        let variable = |name: &str| match name {
            "XDG_CONFIG_HOME" => Some(folder.path().into()),
            "DESCRY_BEAM_WIDTH" => Some("5".into()),
            "DESCRY_MODEL" => Some("/b".into()),
            _ => None,
        };
        let arguments = Layer { model: Some("/c".into()), ..Layer::default() };
        let settings = Settings::load_with(&system, &variable, arguments).unwrap();
        let expected = Settings {
            model: Some("/c".into()),
            engine: EngineChoice::Auto,
            beam_width: Some(5),
            speech: Speech::None,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn nothing_anywhere_is_the_defaults() {
        let settings = Settings::load_with(Path::new("/nonexistent"), &|_| None, Layer::default()).unwrap();
        let expected =
            Settings { model: None, engine: EngineChoice::Auto, beam_width: None, speech: Speech::Auto };
        assert_eq!(settings, expected);
    }

    #[test]
    fn a_named_library_is_used() {
        let library = || Some(PathBuf::from("/lib.so"));
        for (engine, onnxruntime, expected) in [
            (None, None, EngineChoice::Auto),
            (None, library(), EngineChoice::OnnxRuntime { library: library() }),
            (Some(EngineName::Auto), library(), EngineChoice::OnnxRuntime { library: library() }),
            (Some(EngineName::OnnxRuntime), None, EngineChoice::OnnxRuntime { library: None }),
            (Some(EngineName::Tract), library(), EngineChoice::Tract),
        ] {
            let layer = Layer { engine, onnxruntime, ..Layer::default() };
            assert_eq!(layer.into_settings().unwrap().engine, expected);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["beam_width = 0", "beam_width = 1000"] {
            assert!(Layer::from_toml(text, "x").unwrap().into_settings().is_err(), "{text}");
        }
        for text in ["beam = 3", "engine = \"gpu\"", "speech = 1", "not toml"] {
            assert!(Layer::from_toml(text, "x").is_err(), "{text}");
        }
        for (name, value) in
            [("DESCRY_ENGINE", "gpu"), ("DESCRY_BEAM_WIDTH", "many"), ("DESCRY_SPEECH", "\"")]
        {
            let variable = |asked: &str| (asked == name).then(|| value.into());
            let error = Layer::from_environment(&variable).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
