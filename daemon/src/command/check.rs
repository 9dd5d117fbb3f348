//! `descry config check`: which files were read, and where each setting came from.

use std::io::{self, Write};

use super::Ending;
use crate::{
    config::{Layer, Loaded, Place},
    narrate,
};

/// Checks the settings and prints what holds.
pub(super) fn run() -> Ending {
    let loaded = match Loaded::read(Layer::default()) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("descry: {}", narrate::sentence(&error.to_string()));
            return Ending::Usage;
        }
    };
    let mut out = io::stdout().lock();
    let written = lines(&loaded).iter().try_for_each(|line| writeln!(out, "{line}"));
    if written.and_then(|()| out.flush()).is_ok() { Ending::Described } else { Ending::NotDescribed }
}

fn lines(loaded: &Loaded) -> Vec<String> {
    let files = loaded.files.iter().map(|file| {
        let path = file.path.display();
        if file.found { format!("{path} was read.") } else { format!("{path} is not there.") }
    });
    let settings = Layer::names().into_iter().map(|name| match loaded.origins.get(&name) {
        Some((value, Place::BuiltIn)) => format!("{name} = {value}, built in"),
        Some((value, place)) => format!("{name} = {value}, from {place}"),
        None => format!("{name} is not set"),
    });
    files.chain(settings).collect()
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
        let lines = lines(&loaded);
        assert_eq!(lines[0], "/etc/descry/descry.toml was read.");
        assert_eq!(lines[1], "/b is not there.");
        assert!(lines.contains(&"rate = 20, from /etc/descry/descry.toml".to_owned()));
        assert!(lines.contains(&"idle_unload_seconds = 300, built in".to_owned()));
        assert!(lines.contains(&"voice is not set".to_owned()));
        assert_eq!(lines.len(), 2 + Layer::names().len());
    }
}
