//! Finds and loads the library of ONNX Runtime: once for a process, and never by a panic.
//!
//! The crate `ort` would look for a library by itself and panic where there is none, so it is always told which one to
//! load, and nothing of it is called before that succeeded.

use std::{
    env, fs,
    path::{self, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ort::{LoadDynamicError, environment::Environment, logging::LogLevel};

use crate::{
    NetworkError,
    environment::is_without_telemetry,
    network::checked::{guarded, one_line},
};

/// Names the library, before anything else is looked for.
pub(crate) const VARIABLE: &str = "DESCRY_ONNXRUNTIME";
/// The name that the crate `ort` knows.
const ORT_VARIABLE: &str = "ORT_DYLIB_PATH";
/// What the system's loader is asked for.
const USUAL_NAMES: [&str; 2] = ["libonnxruntime.so.1", "libonnxruntime.so"];

/// Why nothing is loaded into a program that has not forbidden it to tell its makers about the computer.
const TALKATIVE: &str = "it may tell its makers about this computer: start the program with ORT_DISABLE_TELEMETRY=1 and \
                         ORT_TELEMETRY_DISABLED=1";

/// The library that this process holds. Neither it nor its environment can be let go of or replaced.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

struct Loaded {
    library: PathBuf,
    environment: Option<Environment>,
}

/// Whether Descry's own variable names a library, so that a fault of it is to be told.
pub(crate) fn is_named() -> bool {
    named_by(VARIABLE).is_some()
}

/// The environment of the library that is asked for, named or found.
pub(super) fn environment(asked: Option<&Path>) -> Result<Environment, NetworkError> {
    let asked = asked.map(Path::to_owned).or_else(|| named_by(VARIABLE)).or_else(|| named_by(ORT_VARIABLE));
    if !is_without_telemetry() {
        let library = asked.unwrap_or_else(|| PathBuf::from(USUAL_NAMES[0]));
        return Err(NetworkError::UnusableLibrary { library, reason: TALKATIVE.to_owned() });
    }
    // A panic while it was held left nothing half done: the value is set in one go.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(loaded), Some(asked)) = (loaded.as_ref(), &asked)
        && !is_same_file(&loaded.library, asked)
    {
        return Err(NetworkError::OtherLibrary { loaded: loaded.library.clone(), asked: asked.clone() });
    }
    let loaded = match loaded.as_mut() {
        Some(loaded) => loaded,
        None => loaded.insert(Loaded { library: load(asked.as_deref())?, environment: None }),
    };
    if let Some(environment) = &loaded.environment {
        return Ok(environment.clone());
    }
    let environment = guarded(|| built(&loaded.library)).map_err(|reason| NetworkError::UnusableLibrary {
        library: loaded.library.clone(),
        reason: one_line(&reason),
    })?;
    environment.set_log_level(LogLevel::Warning);
    Ok(loaded.environment.insert(environment).clone())
}

fn named_by(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether two paths lead to one file; a library that the loader found by its name is only the same by that name.
fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

/// Loads the library that is named, or the first that the system's loader finds; gives what was loaded.
fn load(named: Option<&Path>) -> Result<PathBuf, NetworkError> {
    let Some(named) = named else {
        for name in USUAL_NAMES {
            match try_load(Path::new(name)) {
                Ok(()) => return Ok(PathBuf::from(name)),
                // Not there; a library that is there but of no use ends the search.
                Err(NetworkError::NoLibrary { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        return Err(NetworkError::NoLibrary { tried: USUAL_NAMES.map(str::to_owned).to_vec() });
    };
    // ort takes a relative path from the program's folder; a person means the current one.
    let library = path::absolute(named).unwrap_or_else(|_| named.to_owned());
    if !library.exists() {
        return Err(NetworkError::NoLibrary { tried: vec![named.display().to_string()] });
    }
    match try_load(&library) {
        Ok(()) => Ok(library),
        Err(NetworkError::NoLibrary { tried }) => {
            Err(NetworkError::UnusableLibrary { library, reason: tried.join(", ") })
        }
        Err(error) => Err(error),
    }
}

/// Loads a library; [`NetworkError::NoLibrary`] where the system's loader has none or refuses it, in its words.
fn try_load(library: &Path) -> Result<(), NetworkError> {
    let outcome = guarded(|| match ort::init_from(library) {
        // What it returns is built anew below, since a failure must not forget the library.
        Ok(_) => Ok(None),
        Err(error) => Ok(Some(error)),
    });
    let unusable = |reason: String| NetworkError::UnusableLibrary { library: library.to_owned(), reason };
    match outcome.map_err(unusable)? {
        None => Ok(()),
        Some(LoadDynamicError::Dlopen { error, .. }) => {
            Err(NetworkError::NoLibrary { tried: vec![one_line(&error.to_string())] })
        }
        Some(LoadDynamicError::BadVersion { version_str, .. }) => Err(unusable(format!(
            "it is version {version_str} and 1.{} or later is needed",
            ort::MINOR_VERSION
        ))),
        Some(LoadDynamicError::MissingApi { .. }) => Err(unusable("it is another library".to_owned())),
        Some(other) => Err(unusable(one_line(&other.to_string()))),
    }
}

/// The environment of the loaded library. It sends nothing anywhere: see [`is_without_telemetry`] for what this call cannot forbid.
fn built(library: &Path) -> Result<Environment, String> {
    let builder = ort::init_from(library).map_err(|error| error.to_string())?;
    builder.with_name("descry").with_telemetry(false).build().map_err(|error| error.to_string())
}
