//! Writes a bundle's folder: files, their digests, and the manifest last, so that half a bundle is none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use descry_models::{
    Bundle, BundleError, ManifestError,
    manifest::{FileRecord, MANIFEST_FILE, Manifest},
    sha256_hex,
};
use thiserror::Error;

/// Writes `files` and a manifest that lists them, and opens the bundle as its users will.
///
/// Other files of the folder stay as they are.
pub fn write(
    directory: &Path,
    mut manifest: Manifest,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Manifest, FolderError> {
    manifest.files = files
        .iter()
        .map(|(name, bytes)| {
            let record = FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(bytes) };
            (name.clone(), record)
        })
        .collect();
    let text = manifest.to_toml()?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Write { path, source }
    };
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    let manifest_path = directory.join(MANIFEST_FILE);
    if manifest_path.exists() {
        std::fs::remove_file(&manifest_path).map_err(failed(&manifest_path))?;
    }
    for (name, bytes) in files {
        let path = directory.join(name);
        std::fs::write(&path, bytes).map_err(failed(&path))?;
    }
    std::fs::write(&manifest_path, text).map_err(failed(&manifest_path))?;
    Bundle::open(directory)?;
    Ok(manifest)
}

/// One sentence about a bundle that was written: where, and how large.
#[must_use]
pub fn summary(directory: &Path, manifest: &Manifest) -> String {
    let bytes: u64 = manifest.files.values().map(|record| record.bytes).sum();
    format!("{}: {}, {:.2} MB", directory.display(), manifest.name, bytes as f64 / 1e6)
}

/// Today's date in UTC, as `YYYY-MM-DD`.
#[must_use]
pub fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(seconds / 86_400)
}

/// The date that many days after 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn date(days: u64) -> String {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years begin in March here, so that the leap day comes last.
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Why a bundle cannot be written.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system refuses.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest contradicts itself.
    #[error("the bundle's manifest would not be valid: {0}")]
    Manifest(#[from] ManifestError),
    /// What was written does not open.
    #[error("the bundle that was just written does not open: {0}")]
    Open(#[from] BundleError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        let cases = [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_723, "2024-01-01"),
            (20_777, "2026-11-20"),
        ];
        for (days, expected) in cases {
            assert_eq!(date(days), expected);
        }
    }
}
