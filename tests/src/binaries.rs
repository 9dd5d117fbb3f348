//! The programs under test: the ones that cargo built with the same profile as the test that runs.

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

/// A test runs as `target/PROFILE/deps/NAME-HASH`, a program of this crate as `target/PROFILE/NAME`; what they try is
/// `target/PROFILE/NAME`.
fn binary(name: &str) -> Result<PathBuf> {
    let running = std::env::current_exe().context("a test knows where it is")?;
    let mut folder = running.parent().context("a program lies in a folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("deps lies in target/PROFILE")?;
    }
    let binary = folder.join(name);
    ensure!(
        binary.is_file(),
        "{} is not built: run `cargo build -p descry-daemon` with the profile of what runs now, as `./run test` does",
        binary.display()
    );
    Ok(binary)
}
