//! The programs under test: the ones that cargo built into the same folder as the running test.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The command, `descry`.
pub fn descry() -> Result<PathBuf> {
    binary("descry")
}

/// The service, `descryd`.
pub fn descryd() -> Result<PathBuf> {
    binary("descryd")
}

/// The program that looks through cameras in a guest, and feeds them.
pub fn guest_camera() -> Result<PathBuf> {
    binary("guest-camera")
}

/// What presses a button in a guest, and listens to it.
pub fn guest_button() -> Result<PathBuf> {
    binary("guest-button")
}

/// A test runs as `target/PROFILE/deps/NAME-HASH`; what it tests is `target/PROFILE/NAME`.
fn binary(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("a test knows where it is")?;
    let folder = test.parent().and_then(|deps| deps.parent()).context("a test is in target/PROFILE/deps")?;
    let binary = folder.join(name);
    ensure!(
        binary.is_file(),
        "{} is not built: run `cargo build -p descry-daemon` with the profile of the tests first, as `./run test` does",
        binary.display()
    );
    Ok(binary)
}
