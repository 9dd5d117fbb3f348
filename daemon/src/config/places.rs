//! Where settings are looked for, and where each one that holds came from.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::{ConfigError, Settings, layer::Layer};
use crate::words::{Language, message};

/// Where the whole machine's settings are.
const SYSTEM_FILE: &str = "/etc/descry/descry.toml";

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The program itself.
    BuiltIn,
    /// A file.
    File(PathBuf),
    /// A variable of the environment, by its name.
    Variable(String),
    /// The command line.
    Arguments,
}

/// A file that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// Where.
    pub path: PathBuf,
    /// Whether it was there.
    pub found: bool,
}

/// Settings, and how they came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What holds.
    pub settings: Settings,
    /// The files, in the order in which they were read.
    pub files: Vec<FileRead>,
    /// Each setting that some place has, with its value and the nearest place that has it.
    pub origins: BTreeMap<String, (toml::Value, Place)>,
}

/// Where the person's own settings are.
pub(super) fn own_file(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let own_folder = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
    Some(own_folder?.join("descry/descry.toml"))
}

/// Where what can be made again is kept: in systemd's folder of the service, else in the person's own. Both are the same
/// folder, as a rule.
pub(super) fn cache_folder(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    folder("CACHE_DIRECTORY").or_else(|| {
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        Some(caches?.join("descry"))
    })
}

impl Loaded {
    /// Reads all places, with `arguments` above them.
    pub fn read(arguments: Layer) -> Result<Self, ConfigError> {
        Self::read_with(Path::new(SYSTEM_FILE), &|name| env::var_os(name), arguments)
    }

    pub(super) fn read_with(
        system_file: &Path,
        variable: &dyn Fn(&str) -> Option<OsString>,
        arguments: Layer,
    ) -> Result<Self, ConfigError> {
        let own_file = own_file(variable);
        let (mut files, mut layers) = (Vec::new(), vec![(Place::BuiltIn, Layer::built_in())]);
        // The session knows its person's language, but they may have another wish here.
        layers.extend(Language::of_session(variable).map(|(name, language)| {
            let language = Some(language.tag().to_owned());
            (Place::Variable(name.to_owned()), Layer { language, ..Layer::default() })
        }));
        for path in [Some(system_file.to_owned()), own_file].into_iter().flatten() {
            let layer = from_file(&path)?;
            files.push(FileRead { path: path.clone(), found: layer.is_some() });
            layers.extend(layer.map(|layer| (Place::File(path), layer)));
        }
        let variables = Layer::from_environment(variable)?;
        layers.extend(variables.into_iter().map(|(name, layer)| (Place::Variable(name), layer)));
        layers.push((Place::Arguments, arguments.checked(&message!("setting-arguments"))?));

        let (mut together, mut origins) = (Layer::default(), BTreeMap::new());
        for (place, layer) in layers {
            together = together.under(&layer)?;
            for (name, value) in layer.table()? {
                match value {
                    toml::Value::Table(inner) => origins.extend(
                        inner
                            .into_iter()
                            .map(|(inner, value)| (format!("{name}.{inner}"), (value, place.clone()))),
                    ),
                    value => _ = origins.insert(name, (value, place.clone())),
                }
            }
        }
        // Two places can each be sound and contradict each other.
        let together = together.checked(&message!("setting-all-places"))?;
        Ok(Self { settings: together.into(), files, origins })
    }
}

/// The settings in a file; nothing when there is none.
fn from_file(file: &Path) -> Result<Option<Layer>, ConfigError> {
    match fs::read_to_string(file) {
        Ok(text) => Layer::parse(&text, file).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(ConfigError::Unreadable { file: file.to_owned(), source }),
    }
}
