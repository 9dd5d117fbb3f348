//! Writes settings into the person's own file, and leaves every other line of it as it is.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use toml::Value;

use super::{
    ConfigError,
    layer::{Layer, invalid, named},
    places::own_file,
};
use crate::words::message;

/// Puts these settings into the person's own file, which is made where it is missing; yields where that is. A file that
/// does not hold settings is left alone.
pub fn store(changes: &[(&str, Value)]) -> Result<PathBuf, ConfigError> {
    let Some(file) = own_file(&|name| env::var_os(name)) else {
        return Err(invalid(named("HOME"), message!("setting-no-home")));
    };
    let unreadable = |source| ConfigError::Unreadable { file: file.clone(), source };
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable(error)),
    };
    let place = file.display().to_string();
    Layer::from_toml(&text, &place)?;
    let text = edited(&text, changes);
    Layer::from_toml(&text, &place)?;
    replace(&file, &text).map_err(unreadable)?;
    Ok(file)
}

/// The text with these settings: in the lines where they are, else behind all others, but before the first table. Each
/// setting is one line.
fn edited(text: &str, changes: &[(&str, Value)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (name, value) in changes {
        let line = format!("{name} = {value}");
        let end = lines.iter().position(|line| line.trim_start().starts_with('[')).unwrap_or(lines.len());
        let sets = |line: &String| {
            let rest = line.trim_start().strip_prefix(name);
            rest.is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        match lines[..end].iter().position(sets) {
            Some(place) => lines[place] = line,
            None => lines.insert(end, line),
        }
    }
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// Writes beside the file first, so that it is whole whatever happens.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = OsString::from(file);
    beside.push(".new");
    fs::write(&beside, text)?;
    if let Ok(there) = fs::metadata(file) {
        fs::set_permissions(&beside, there.permissions())?;
    }
    fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_change_change() {
        let engine = || ("engine", Value::from("tract"));
        for (text, changes, expected) in [
            ("", vec![engine()], "engine = \"tract\"\n"),
            ("# mine\nrate = 20", vec![engine()], "# mine\nrate = 20\nengine = \"tract\"\n"),
            (
                "# engine = \"auto\"\n  engine=\"auto\" # why\nvoice = \"engine\"\n",
                vec![engine(), ("threads", Value::from(4))],
                "# engine = \"auto\"\nengine = \"tract\"\nvoice = \"engine\"\nthreads = 4\n",
            ),
            (
                "rate = 1\n[table]\nengine = 2\n",
                vec![engine()],
                "rate = 1\nengine = \"tract\"\n[table]\nengine = 2\n",
            ),
        ] {
            assert_eq!(edited(text, &changes), expected);
        }
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("descry/descry.toml");
        replace(&file, "a").unwrap();
        replace(&file, "b").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "b");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }
}
