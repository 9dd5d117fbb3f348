//! What a board says of itself: how full its battery is, how hot it is, how much of its power it may use.
//!
//! All of it is read from the kernel's sysfs, whose root can be any folder: `DESCRY_SYSFS` names another than `/sys`.
//! What is decided from it is decided by pure functions. A file that is missing or holds nonsense is as good as a board
//! that does not have the part.

pub mod battery;
pub mod gpu;
pub mod heat;

use std::{
    env, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Where sysfs is.
#[must_use]
pub fn sysfs() -> PathBuf {
    env::var_os("DESCRY_SYSFS").filter(|root| !root.is_empty()).map_or_else(|| "/sys".into(), PathBuf::from)
}

/// What a file of sysfs holds, without the line's end. Each is a short line.
fn word(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

/// The number that a file of sysfs holds.
fn number<T: FromStr>(file: &Path) -> Option<T> {
    word(file)?.parse().ok()
}

/// The entries of a folder whose names begin so, in the order of their names.
fn entries(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let has_prefix = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
    };
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(has_prefix)
        .collect();
    found.sort();
    found
}

#[cfg(test)]
pub(crate) mod fake {
    //! A sysfs of a test's own.

    use std::fs;

    use tempfile::TempDir;

    /// A folder with these files in it, each with its line.
    pub(crate) fn sysfs(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, line) in files {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{line}\n")).unwrap();
        }
        root
    }
}
