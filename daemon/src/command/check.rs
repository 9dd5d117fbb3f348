//! `descry config check`: which files were read, and where each setting came from.

use std::io::{self, Write};

use super::{Ending, complain};
use crate::{
    config::{Layer, Loaded, Place, session_language},
    words::{Argument, Language, Message, message},
};

/// Checks the settings and prints what holds.
pub(super) fn run() -> Ending {
    let loaded = match Loaded::read(Layer::default()) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&error.message(), session_language());
            return Ending::Usage;
        }
    };
    let mut out = io::stdout().lock();
    let language = loaded.settings.preferences.words();
    let written = lines(&loaded, language).iter().try_for_each(|line| writeln!(out, "{line}"));
    if written.and_then(|()| out.flush()).is_ok() { Ending::Described } else { Ending::NotDescribed }
}

fn lines(loaded: &Loaded, language: Language) -> Vec<String> {
    let files = loaded.files.iter().map(|file| {
        let path = file.path.display().to_string();
        if file.found {
            message!("command-file-read", path = path)
        } else {
            message!("command-file-absent", path = path)
        }
    });
    let settings = Layer::single_names().into_iter().map(|name| {
        if let Some((value, place)) = loaded.origins.get(&name) {
            setting(name, value.to_string(), place)
        } else {
            message!("command-setting-unset", name = name)
        }
    });
    files.chain(settings).map(|line| line.in_language(language)).collect()
}

/// A setting that holds, with where it comes from.
fn setting(name: String, value: String, place: &Place) -> Message {
    let place = match place {
        Place::BuiltIn => return message!("command-setting-built-in", name = name, value = value),
        Place::File(path) => path.display().to_string().into(),
        Place::Variable(name) => Argument::from(name),
        Place::Arguments => message!("setting-arguments").into(),
    };
    message!("command-setting-from", name = name, value = value, place = place)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::*;
    use crate::config::FileRead;

    #[test]
    fn every_setting_is_told_with_its_place() {
        let path = PathBuf::from("/etc/descry/descry.toml");
        let origin = (toml::Value::Integer(20), Place::File(path.clone()));
        let loaded = Loaded {
            settings: Layer::default().into(),
            files: vec![FileRead { path, found: true }, FileRead { path: "/b".into(), found: false }],
            origins: BTreeMap::from([
                ("rate".to_owned(), origin),
                ("idle_unload_seconds".to_owned(), (toml::Value::Integer(300), Place::BuiltIn)),
            ]),
        };
        let lines = lines(&loaded, Language::English);
        assert_eq!(lines[0], "/etc/descry/descry.toml was read.");
        assert_eq!(lines[1], "/b is not there.");
        assert!(lines.contains(&"rate = 20, from /etc/descry/descry.toml".to_owned()));
        assert!(lines.contains(&"idle_unload_seconds = 300, built in".to_owned()));
        assert!(lines.contains(&"voice is not set".to_owned()));
        assert_eq!(lines.len(), 2 + Layer::single_names().len());
    }
}
