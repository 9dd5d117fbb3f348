//! Keys where no desktop hands any out: the compositor sway runs the command, as the README has it bound there.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    binaries, gtk_window,
    private_bus::PrivateBus,
    surroundings::Surroundings,
    waiting::wait_for,
    wayland::{Sway, UNPRIVILEGED},
};

/// What is bound in sway's configuration, as the README says it.
fn bound() -> Result<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"))?;
    let lines: Vec<&str> =
        readme.lines().map(str::trim).filter(|line| line.starts_with("bindsym ")).collect();
    ensure!(!lines.is_empty(), "the README binds nothing");
    Ok(lines.join("\n"))
}

#[test]
fn a_key_that_the_compositor_binds_describes_the_window() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    surroundings.live_as(UNPRIVILEGED)?;
    // sway runs `descry`; what it says is kept.
    let descry = surroundings.bring(&binaries::descry()?, "program/descry")?;
    let (said, ended) = (surroundings.path("home/said"), surroundings.path("home/ended"));
    let script = format!(
        "#!/bin/sh\n{} \"$@\" > {} 2>&1\necho \"$* ended with $?\" >> {}\n",
        descry.display(),
        said.display(),
        ended.display()
    );
    let script = surroundings.write("bin/descry", script)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let path = std::env::var("PATH").unwrap_or_default();
    surroundings.set("PATH", format!("{}:{path}", surroundings.path("bin").display()));
    // The bus is where it will be; sway's programs are started by sway.
    let address = format!("unix:path={}", surroundings.path("runtime/bus").display());
    surroundings.set("DBUS_SESSION_BUS_ADDRESS", address);

    let _sway = Sway::start_with(&mut surroundings, "800x600", &bound()?)?;
    let _pipewire = Sway::start_pipewire(&surroundings)?;
    for name in Sway::PORTAL {
        PrivateBus::add_installed_service(&surroundings, name)?;
    }
    let _bus = PrivateBus::start(&mut surroundings)?;
    let _window = gtk_window::sign_in(&surroundings, "*", &[])?;
    let heard = wait_for("the window to be described", || {
        fs::remove_file(&ended).ok();
        press(&surroundings, "d")?;
        let ended = wait_for("the command to end", || Ok(whole_line(&ended)))?;
        ensure!(ended.starts_with("describe --window ended with"), "{ended}");
        let heard = fs::read_to_string(&said)?;
        // It takes a while to open.
        Ok(heard.contains("Sign in. Text: ").then_some(heard))
    })?;
    ensure!(heard.starts_with("Sign_in.py: Sign in. Text: "), "{heard}");
    ensure!(heard.contains("Keep me signed in"), "{heard}");

    // Another one, which there is no service for.
    fs::remove_file(&ended)?;
    press(&surroundings, "r")?;
    let ended = wait_for("the command to end", || Ok(whole_line(&ended)))?;
    ensure!(ended.starts_with("repeat ended with"), "{ended}");
    Ok(())
}

/// Presses Super+Alt and a letter on a keyboard of the compositor's own.
fn press(surroundings: &Surroundings, letter: &str) -> Result<()> {
    let mut command = surroundings.command("wtype");
    command.args(["-M", "logo", "-M", "alt", "-k", letter, "-m", "alt", "-m", "logo"]);
    let status = command.status().context("cannot run wtype; `./run test` installs what the tests need")?;
    ensure!(status.success(), "wtype ended with {status}");
    Ok(())
}

/// What the file holds, once all of its line is there: the shell makes the file before it writes.
fn whole_line(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().filter(|text| text.ends_with('\n'))
}
