//! The settings of one place: a file, the environment, or the arguments.

mod check;

use std::{
    any::TypeId,
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{Arg, Args, Command};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{ConfigError, DeviceName, EngineName};
use crate::{
    announce::Announce,
    narration::policy::Pace,
    preferences::{Detail, Hedging, Preferences, SpeechRoute},
    trigger::{Button, Keys},
    words::{Message, message},
};

/// The settings of one place; each may be absent. They are the arguments of `descryd` too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Args)]
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
    /// Where ONNX Runtime runs it
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
    /// How many threads ONNX Runtime computes with on processors
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// How many sentences the search keeps side by side
    #[arg(long, value_name = "N")]
    pub beam_width: Option<usize>,
    /// Seconds without a request after which the model is let go; 0 keeps it
    #[arg(long, value_name = "SECONDS")]
    pub idle_unload_seconds: Option<u32>,
    /// How much is said
    #[arg(long, value_enum)]
    pub detail: Option<Detail>,
    /// When doubt is put into words
    #[arg(long, value_enum)]
    pub hedging: Option<Hedging>,
    /// The confidence, from 0 to 1, below which a caption is not said
    #[arg(long, value_name = "SHARE")]
    pub minimum_confidence: Option<f64>,
    /// Whether every program on the bus may have the service describe the screen, and not only descry
    #[arg(long, value_name = "true or false")]
    pub programs_see_screen: Option<bool>,
    /// Whether every program on the bus may have the service look through cameras, and not only descry
    #[arg(long, value_name = "true or false")]
    pub programs_use_camera: Option<bool>,
    /// The camera where a request names none: its name or a part of it, or what descry cameras lists
    #[arg(long, value_name = "NAME")]
    pub camera: Option<String>,
    /// By how many degrees the camera's pictures are turned clockwise: 0, 90, 180 or 270
    #[arg(long, value_name = "DEGREES")]
    pub camera_rotation: Option<u16>,
    /// Whether left and right are exchanged in the camera's pictures, after they were turned
    #[arg(long, value_name = "true or false")]
    pub camera_mirrored: Option<bool>,
    /// Whether what was said is kept on disk, in a private file; switched off, the file is removed
    #[arg(long, value_name = "true or false")]
    pub keep_history: Option<bool>,
    /// Whether a short sound tells that a picture was taken, or that there will be none
    #[arg(long, value_name = "true or false")]
    pub earcons: Option<bool>,
    /// How loud these sounds are, from 0 to 100
    #[arg(long, value_name = "N")]
    pub earcon_volume: Option<u8>,
    /// Whether an answer that takes over 1.5 seconds is announced
    #[arg(long, value_name = "true or false")]
    pub please_wait: Option<bool>,
    /// Who speaks
    #[arg(long, value_enum)]
    pub speech: Option<SpeechRoute>,
    /// The language of what is said: en or de, also with a region, such as en-GB
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// The languages of a screen's text, as Tesseract names them, with + between several
    #[arg(long, value_name = "LANGUAGES")]
    pub text_languages: Option<String>,
    /// How fast speech-dispatcher speaks, from -100 to 100
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub rate: Option<i8>,
    /// How high speech-dispatcher speaks, from -100 to 100
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub pitch: Option<i8>,
    /// How loud speech-dispatcher speaks, from -100 to 100
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub volume: Option<i8>,
    /// The voice of speech-dispatcher, as spd-say -L lists them
    #[arg(long, value_name = "NAME")]
    pub voice: Option<String>,
    /// When the service says that it is ready
    #[arg(long, value_enum)]
    pub announce: Option<Announce>,
    /// Whether the service says that the battery runs out
    #[arg(long, value_name = "true or false")]
    pub battery_warnings: Option<bool>,
    /// A folder whose pictures are shown in the place of cameras, for trying things out
    #[arg(long, value_name = "DIR")]
    pub pictures_as_camera: Option<PathBuf>,
    /// When a narration says something; in files alone
    #[arg(skip)]
    pub narration: Option<Table>,
    /// Which key does what; in files alone
    #[arg(skip)]
    pub keys: Option<Table>,
    /// What the button does; in files alone
    #[arg(skip)]
    pub button: Option<Table>,
}

/// The settings that are tables, and in files alone.
const TABLES: [&str; 3] = ["narration", "keys", "button"];

/// How a setting is written in the environment.
enum Form {
    /// `true` or `false`.
    Switch,
    /// A number.
    Number,
    /// Words, or one of some.
    Words,
}

impl Form {
    /// By the type of the field.
    fn of(argument: &Arg) -> Self {
        let field = argument.get_value_parser().type_id();
        let numbers = [
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<usize>(),
            TypeId::of::<i8>(),
            TypeId::of::<f64>(),
        ];
        if field == TypeId::of::<bool>() {
            Self::Switch
        } else if numbers.iter().any(|number| field == *number) {
            Self::Number
        } else {
            Self::Words
        }
    }
}

/// How alike two names have to be for one to be a slip of the other, in 0 to 1.
const ALIKE: f64 = 0.7;

impl Layer {
    /// The names of all settings, in the order of their documentation.
    #[must_use]
    pub fn names() -> Vec<String> {
        let arguments = Self::arguments().into_iter().map(|argument| argument.get_id().to_string());
        arguments.chain(TABLES.map(str::to_owned)).collect()
    }

    /// The settings but for tables. The arguments are the fields, so that there is one list.
    fn arguments() -> Vec<Arg> {
        Self::augment_args(Command::new("names")).get_arguments().cloned().collect()
    }

    /// The same, with `keys.repeat` and its like in the place of each table.
    #[must_use]
    pub fn single_names() -> Vec<String> {
        let tables =
            [("narration", Pace::names().to_vec()), ("keys", Keys::names()), ("button", Button::names())];
        let inner =
            tables.iter().flat_map(|(table, names)| names.iter().map(move |name| format!("{table}.{name}")));
        Self::names().into_iter().filter(|name| !TABLES.contains(&name.as_str())).chain(inner).collect()
    }

    /// What holds where no place says anything else. The rest is as the model or speech-dispatcher has it.
    #[must_use]
    pub fn built_in() -> Self {
        let defaults = Preferences::default();
        Self {
            engine: Some(EngineName::Auto),
            device: Some(DeviceName::Auto),
            idle_unload_seconds: Some(defaults.idle_unload_seconds),
            detail: Some(defaults.detail),
            hedging: Some(defaults.hedging),
            minimum_confidence: Some(defaults.minimum_confidence.into()),
            programs_see_screen: Some(defaults.programs.see_screen),
            programs_use_camera: Some(defaults.programs.use_camera),
            camera_rotation: Some(0),
            camera_mirrored: Some(false),
            keep_history: Some(defaults.keep_history),
            earcons: Some(defaults.feedback.earcons),
            earcon_volume: Some(defaults.feedback.earcon_volume),
            please_wait: Some(defaults.feedback.please_wait),
            speech: Some(defaults.speech),
            announce: Some(Announce::default()),
            battery_warnings: Some(false),
            narration: Some(Pace::built_in()),
            keys: Some(Keys::built_in()),
            button: Some(Button::built_in()),
            ..Self::default()
        }
    }

    /// The settings in the text of a file.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        Self::from_toml(text, &file.display().to_string())
    }

    /// The settings in a text.
    pub(super) fn from_toml(text: &str, file: &str) -> Result<Self, ConfigError> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            let place =
                line.map_or_else(|| named(file), |line| message!("setting-line", file = file, line = line));
            invalid(place, message!("setting-syntax", detail = error.message().trim()))
        })?;
        Self::from_table(&table, &named(file))
    }

    fn from_table(table: &Table, place: &Message) -> Result<Self, ConfigError> {
        let names = Self::names();
        let mut layer = Self::default();
        for (name, value) in table {
            if !names.contains(name) {
                return Err(invalid(place.clone(), unknown(name, &names)));
            }
            // One after the other, so that the message says which one is wrong.
            let one = Table::from_iter([(name.clone(), value.clone())]);
            let one: Self = one.try_into().map_err(|error: toml::de::Error| {
                let (value, detail) = (value.to_string(), error.message().trim());
                invalid(place.clone(), message!("setting-type", name = name, value = value, detail = detail))
            })?;
            layer = layer.under(&one.checked(place)?)?;
        }
        // And last all of it, for two that do not go together.
        layer.checked(place)
    }

    /// The settings in the environment.
    pub(super) fn from_environment(
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Vec<(String, Self)>, ConfigError> {
        let mut layers = Vec::new();
        for argument in Self::arguments() {
            let setting = argument.get_id().to_string();
            // DESCRY_ONNXRUNTIME is looked at where the library is loaded.
            if setting == "onnxruntime" {
                continue;
            }
            let name = format!("DESCRY_{}", setting.to_uppercase());
            let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
            // A path need not be text.
            if setting == "model" {
                layers.push((name, Self { model: Some(value.into()), ..Self::default() }));
                continue;
            }
            if setting == "pictures_as_camera" {
                layers.push((name, Self { pictures_as_camera: Some(value.into()), ..Self::default() }));
                continue;
            }
            let value =
                value.into_string().map_err(|_| invalid(named(&name), message!("setting-not-text")))?;
            let value = match Form::of(&argument) {
                Form::Switch => {
                    let value = value.parse().map(Value::Boolean);
                    value.map_err(|_| invalid(named(&name), message!("setting-not-a-switch")))?
                }
                Form::Number => {
                    let whole = value.parse().map(Value::Integer).ok();
                    let number = whole.or_else(|| value.parse().map(Value::Float).ok());
                    number.ok_or_else(|| {
                        let value = format!("{value:?}");
                        invalid(named(&name), message!("setting-not-a-number", value = value))
                    })?
                }
                Form::Words => Value::String(value),
            };
            let layer = Self::from_table(&Table::from_iter([(setting, value)]), &named(&name))?;
            layers.push((name, layer));
        }
        Ok(layers)
    }

    /// This layer with `over` above it.
    pub(super) fn under(&self, over: &Self) -> Result<Self, ConfigError> {
        let mut table = self.table()?;
        for (name, value) in over.table()? {
            match (table.get_mut(&name), value) {
                // Of a table, too, each setting stands for itself.
                (Some(Value::Table(under)), Value::Table(over)) => under.extend(over),
                (_, value) => _ = table.insert(name, value),
            }
        }
        table.try_into().map_err(|error: toml::de::Error| {
            let detail = message!("setting-syntax", detail = error.message());
            invalid(message!("setting-all-places"), detail)
        })
    }

    /// The settings that are not absent, by name.
    pub(super) fn table(&self) -> Result<Table, ConfigError> {
        Table::try_from(self).map_err(|error| {
            invalid(message!("setting-path"), message!("setting-syntax", detail = error.to_string()))
        })
    }

    /// What the keys do.
    pub(super) fn keys(&self) -> Result<Keys, Message> {
        self.keys.as_ref().map_or_else(|| Ok(Keys::default()), Keys::read)
    }

    /// What the button does.
    pub(super) fn button(&self) -> Result<Button, Message> {
        self.button.as_ref().map_or_else(|| Ok(Button::default()), Button::read)
    }

    /// The same, if all of it can be meant.
    pub(super) fn checked(self, place: &Message) -> Result<Self, ConfigError> {
        match self.problem() {
            Some(problem) => Err(invalid(place.clone(), problem)),
            None => Ok(self),
        }
    }
}

/// What is said of a name that is none, with the nearest one that is.
fn unknown(name: &str, names: &[String]) -> Message {
    let alike = |known: &String| strsim::jaro_winkler(name, known);
    let nearest = names.iter().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    let quoted = format!("{name:?}");
    if let Some(nearest) = nearest.filter(|nearest| alike(nearest) > ALIKE) {
        message!("setting-unknown-nearest", name = quoted, nearest = nearest)
    } else {
        message!("setting-unknown", name = quoted, names = names.join(", "))
    }
}

/// A place that is called the same in every language: a file or a variable.
pub(super) fn named(place: &str) -> Message {
    message!("setting-place", name = place)
}

pub(super) fn invalid(place: Message, problem: Message) -> ConfigError {
    ConfigError::Invalid { place, problem }
}
