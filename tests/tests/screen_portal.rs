//! Screens of a Wayland session, which are seen by asking the desktop's portal: a real one with the compositor sway,
//! and one that says no.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::{Descry, Outcome},
    desktop_portal::{Asked, Conduct, DesktopPortal},
    gtk_window,
    private_bus::PrivateBus,
    surroundings::Surroundings,
    waiting::wait_for,
    wayland::Sway,
};
use serde_json::Value;

/// The page that is on the screens of these tests.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/page.png");

/// The portal's number for the active window.
const ACTIVE_WINDOW: u32 = 8;

#[test]
fn a_window_of_sway_is_cut_out_named_and_read_without_its_password() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let _sway = Sway::start(&mut surroundings, "800x600")?;
    let _pipewire = Sway::start_pipewire(&surroundings)?;
    for name in Sway::PORTAL {
        PrivateBus::add_installed_service(&surroundings, name)?;
    }
    gtk_window::allow_accessibility(&surroundings)?;
    // The portal writes where it pleases.
    let pictures = || -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir("/tmp")? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "png") {
                paths.push(path);
            }
        }
        Ok(paths)
    };
    let before = pictures()?;
    let _bus = PrivateBus::start(&mut surroundings)?;
    let idle = describe(&surroundings, &["--window"])?;
    let complaint = idle.expect_code(1)?.json_lines()?[0]["error"].as_str().unwrap_or_default().to_owned();
    ensure!(complaint.starts_with("No window is active"), "{complaint}");

    let _window = gtk_window::sign_in(&surroundings, "shown", &[])?;
    let line = wait_for("the window to be read", || {
        let line = first_line(&describe(&surroundings, &["--window"])?)?;
        Ok(line["screen_text"].as_str().is_some_and(|text| text.contains("signed in")).then_some(line))
    })?;
    assert_eq!((line["file"].as_str(), line["window"].as_str()), (Some("window"), Some("Sign in")), "{line}");
    let text = line["screen_text"].as_str().unwrap_or_default();
    ensure!(text.contains("maria") && text.contains("Password") && !text.contains("horse"), "{text}");
    ensure!(
        line["text"].as_str().is_some_and(|text| text.starts_with("Sign_in.py: Sign in. Text: ")),
        "{line}"
    );

    let full = first_line(&describe(&surroundings, &["--screen", "--detail", "full"])?)?;
    let words = full["text"].as_str().unwrap_or_default();
    ensure!(words.starts_with("Sign_in.py: Sign in. Text: "), "{words}");
    ensure!(!words.contains("horse"), "{words}");
    // A rectangle of it that holds no letter.
    let corner = first_line(&describe(&surroundings, &["--region", "700,560,80x30"])?)?;
    assert_eq!(corner["screen_text"], "", "{corner}");
    let check = Descry::new(&surroundings, "check").run()?;
    ensure!(check.stdout.contains("Screen works. The desktop's portal shows it"), "{check:?}");
    ensure!(check.stdout.contains("sway tells where the active window is"), "{check:?}");
    assert_eq!(pictures()?, before, "no picture is left");
    Ok(())
}

#[test]
fn a_portal_that_says_no_is_heard_and_one_that_asks_is_let() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bus = PrivateBus::start(&mut surroundings)?;
    surroundings.set("WAYLAND_DISPLAY", "wayland-9");
    for (conduct, words) in
        [(Conduct::Refuses, "did not let Descry look"), (Conduct::Fails, "could not take a picture")]
    {
        let _portal = DesktopPortal::start(&bus, conduct, 0)?;
        let outcome = Descry::describe(&surroundings).args(["--no-speech", "--screen"]).run()?;
        let complaint = outcome.expect_code(1)?.only_complaint()?;
        ensure!(complaint.contains(words), "{complaint}");
    }

    let place = surroundings.path("a screen.png");
    let takes = |asks| Conduct::Takes { picture: Path::new(PAGE).to_owned(), to: place.clone(), asks };
    let asked = |interactive, target| Asked { interactive, target };
    for (conduct, targets, expected, begin) in [
        (
            takes(true),
            0,
            vec![asked(false, None), asked(true, None)],
            "This is the whole screen, as nobody tells here where the window is. Text: Three days by the sea.",
        ),
        (
            takes(false),
            ACTIVE_WINDOW | 1,
            vec![asked(false, Some(ACTIVE_WINDOW))],
            "A window without a name. Text: Three days by the sea.",
        ),
    ] {
        let portal = DesktopPortal::start(&bus, conduct, targets)?;
        let line = first_line(&describe(&surroundings, &["--window"])?)?;
        let text = line["text"].as_str().unwrap_or_default();
        ensure!(text.starts_with(begin), "{text}");
        assert_eq!(portal.asked(), expected);
        ensure!(!place.exists(), "the portal's picture is still there");
    }

    // What it says is its picture is none.
    let odd = surroundings.write("odd", "no picture")?;
    let portal = Conduct::Takes { picture: odd, to: place.clone(), asks: false };
    let _portal = DesktopPortal::start(&bus, portal, 0)?;
    let outcome = Descry::describe(&surroundings).args(["--no-speech", "--screen"]).run()?;
    let complaint = outcome.expect_code(1)?.only_complaint()?;
    ensure!(complaint.contains("picture that the desktop's portal took cannot be used"), "{complaint}");
    ensure!(!place.exists(), "what the portal wrote is still there");
    Ok(())
}

fn describe(surroundings: &Surroundings, arguments: &[&str]) -> Result<Outcome> {
    Descry::describe(surroundings).args(["--no-speech", "--json"]).args(arguments).run()
}

fn first_line(outcome: &Outcome) -> Result<Value> {
    outcome.json_lines()?.into_iter().next().context("one line is printed")
}
