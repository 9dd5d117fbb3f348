//! What is said of the failures of a model and its engine. Those that a person can do something about have messages of
//! their own; what only its maker can make sense of is handed on in English.

use descry_models::{BundleError, CaptionError, DecodeError, ManifestError, NetworkError, PreprocessError};

use super::{Message, message};

/// Why a picture has no caption.
#[must_use]
pub fn caption_error(error: &CaptionError) -> Message {
    match error {
        CaptionError::Bundle(error) => bundle_error(error),
        CaptionError::Preprocess(PreprocessError::Size { width, height, limit }) => {
            message!("model-picture-size", width = *width, height = *height, limit = *limit)
        }
        CaptionError::Network(error) | CaptionError::Decode(DecodeError::Network(error)) => {
            network_error(error)
        }
        error => other(&error.to_string()),
    }
}

/// Why a folder cannot be used as a model.
#[must_use]
pub fn bundle_error(error: &BundleError) -> Message {
    let shown = |path: &std::path::Path| path.display().to_string();
    match error {
        BundleError::NoDirectory { directory } => message!("model-no-folder", path = shown(directory)),
        BundleError::NotADirectory { path } => message!("model-not-a-folder", path = shown(path)),
        BundleError::NoManifest { directory } => message!("model-no-manifest", path = shown(directory)),
        BundleError::Manifest { file, source: ManifestError::NewerFormat { found, supported } } => {
            message!("model-newer-format", path = shown(file), found = *found, supported = *supported)
        }
        BundleError::Manifest { file, source } => {
            message!("model-manifest", path = shown(file), detail = source.to_string())
        }
        BundleError::Missing { file } => message!("model-missing", path = shown(file)),
        BundleError::NotAFile { file } => message!("model-not-a-file", path = shown(file)),
        BundleError::Truncated { file, expected, found } => {
            message!("model-truncated", path = shown(file), expected = *expected, found = *found)
        }
        BundleError::Lengthened { file, expected, found } => {
            message!("model-lengthened", path = shown(file), expected = *expected, found = *found)
        }
        BundleError::Altered { file, expected, found } => {
            message!("model-altered", path = shown(file), expected = expected, found = found)
        }
        BundleError::TooLarge { file, found, limit } => {
            message!("model-too-large", path = shown(file), found = *found, limit = *limit)
        }
        BundleError::Unreadable { path, source } => {
            message!("model-unreadable", path = shown(path), reason = source.to_string())
        }
        BundleError::Vocabulary { file, source } => {
            message!("model-vocabulary", path = shown(file), detail = source.to_string())
        }
        BundleError::TagNames { file, source } => {
            message!("model-tag-names", path = shown(file), detail = source.to_string())
        }
        BundleError::ForeignVocabulary { file, problem } | BundleError::ForeignTagNames { file, problem } => {
            message!("model-foreign-vocabulary", path = shown(file), detail = problem)
        }
        error => other(&error.to_string()),
    }
}

fn network_error(error: &NetworkError) -> Message {
    match error {
        NetworkError::NotBuilt { engine } => message!("model-engine-not-built", engine = *engine),
        NetworkError::NoLibrary { tried } => message!("model-no-library", tried = tried.join(", ")),
        NetworkError::NoDevice { device, reason } => {
            message!("model-no-device", device = device.name(), reason = reason)
        }
        NetworkError::UnusableLibrary { library, reason } => {
            message!("model-unusable-library", library = library.display().to_string(), reason = reason)
        }
        NetworkError::OtherLibrary { loaded, asked } => message!(
            "model-other-library",
            loaded = loaded.display().to_string(),
            asked = asked.display().to_string()
        ),
        error => other(&error.to_string()),
    }
}

fn other(detail: &str) -> Message {
    message!("model-other", detail = detail)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// What is said in English is what the models' own words are.
    #[test]
    fn the_catalogue_says_what_the_log_says() {
        let file = || "/m/encoder.onnx".into();
        let bundle_errors = [
            BundleError::NoDirectory { directory: "/m".into() },
            BundleError::NotADirectory { path: "/m".into() },
            BundleError::NoManifest { directory: "/m".into() },
            BundleError::Manifest { file: file(), source: ManifestError::Foreign },
            BundleError::Manifest {
                file: file(),
                source: ManifestError::NewerFormat { found: 9, supported: 1 },
            },
            BundleError::Missing { file: file() },
            BundleError::NotAFile { file: file() },
            BundleError::Truncated { file: file(), expected: 12_345_678, found: 1 },
            BundleError::Lengthened { file: file(), expected: 1, found: 2 },
            BundleError::Altered { file: file(), expected: "a".into(), found: "b".into() },
            BundleError::TooLarge { file: file(), found: 5_000_000_000, limit: 1 },
            BundleError::Unreadable { path: file(), source: io::ErrorKind::PermissionDenied.into() },
            BundleError::ForeignVocabulary { file: file(), problem: "it has 3 words".into() },
        ];
        let network_errors = [
            NetworkError::NotBuilt { engine: "tract" },
            NetworkError::NoDevice { device: descry_models::Device::Cuda, reason: "no".into() },
            NetworkError::NoLibrary { tried: vec!["a".into(), "b".into()] },
            NetworkError::UnusableLibrary { library: "/l.so".into(), reason: "no".into() },
            NetworkError::OtherLibrary { loaded: "/l.so".into(), asked: "/m.so".into() },
            NetworkError::Input("three channels".into()),
        ];
        let errors = bundle_errors.into_iter().map(CaptionError::from);
        let errors = errors.chain(network_errors.into_iter().map(CaptionError::from)).chain([
            PreprocessError::Size { width: 0, height: 7, limit: 99 }.into(),
            DecodeError::NoWords.into(),
        ]);
        for error in errors {
            assert_eq!(caption_error(&error).to_string(), error.to_string());
        }
    }
}
