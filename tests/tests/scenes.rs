//! What people look at, in the programs that show it: a program that is written, a photo, a film, and a desktop with nothing
//! on it. (A page, a terminal and a window in which one signs in are in `screen` and `screen_passwords`.)

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::Descry, gtk_window, process::Process, shipped, surroundings::Surroundings, waiting::wait_for,
    x_server::XServer,
};
use serde_json::Value;

/// A screen as small as the windows allow: on a large one all takes longer, and nothing else is known of it.
const SCREEN: &str = "640x440x24";

/// A screen with a window manager, in surroundings in which no program tells of itself.
fn desktop(screen: &str) -> Result<(Surroundings, XServer, Process)> {
    let mut surroundings = Surroundings::new()?;
    surroundings.set("NO_AT_BRIDGE", "1");
    let server = XServer::start(&mut surroundings, screen)?;
    let manager = server.manage(&surroundings)?;
    Ok((surroundings, server, manager))
}

fn described(surroundings: &Surroundings, target: &str) -> Result<Option<Value>> {
    let outcome = Descry::describe(surroundings).args(["--no-speech", "--json", target]).run()?;
    Ok(outcome.json_lines()?.into_iter().next().filter(|line| line.get("error").is_none()))
}

/// What is said, once it is said of a window that is complete: it takes a while to open.
fn once_complete(
    surroundings: &Surroundings,
    target: &str,
    is_complete: fn(&Value) -> bool,
) -> Result<Value> {
    wait_for("the window", || Ok(described(surroundings, target)?.filter(is_complete)))
}

fn said(line: &Value) -> &str {
    line["text"].as_str().unwrap_or_default()
}

/// The pictures of a screen: how much of it they take, and what is said of them.
fn pictures(line: &Value) -> Vec<(u64, &str)> {
    let pixels = |picture: &Value| Some(picture["width"].as_u64()? * picture["height"].as_u64()?);
    let all = line["pictures"].as_array().into_iter().flatten();
    all.filter_map(|picture| Some((pixels(picture)?, picture["text"].as_str()?))).collect()
}

#[test]
fn a_program_in_an_editor_is_read_line_by_line() -> Result<()> {
    const PROGRAM: &str = "\"\"\"What a journey costs.\"\"\"\n\nZONES = {\"harbour\": 1, \"centre\": 2, \"airport\": 4}\n\n\n\
        def fare(origin, destination, is_child=False):\n    \"\"\"The price in cents.\"\"\"\n    \
        crossed = abs(ZONES[origin] - ZONES[destination])\n    price = 180 + 60 * crossed\n    \
        if is_child:\n        return price // 2\n    return price\n";
    let (surroundings, _server, _manager) = desktop(SCREEN)?;
    let file = surroundings.write("fares.py", PROGRAM)?;
    let file = file.to_str().context("a path in letters")?;
    let _editor = gtk_window::open(&surroundings, "editor.py", &[file, "10"], &[])?;
    let line = once_complete(&surroundings, "--window", |line| said(line).contains("return"))?;
    ensure!(said(&line).starts_with("Editor.py: fares.py – Editor. Text: "), "{line}");
    assert_eq!(line["pictures"], Value::Array(Vec::new()), "colours are no pictures");
    let text = line["screen_text"].as_str().context("there is text")?;
    for words in [
        "journey costs",
        "harbour",
        "def fare(origin, destination, is_child=False):",
        "The price in cents",
        "return price",
    ] {
        ensure!(text.contains(words), "{words:?} was not read: {text}");
    }
    Ok(())
}

#[test]
fn a_photo_in_a_viewer_is_described_as_a_photo() -> Result<()> {
    let (surroundings, _server, _manager) = desktop(SCREEN)?;
    // Without loss, since a caption may hang on how a viewer's decoder of JPEG rounds.
    let photo = surroundings.path("coffee.png");
    image::open(shipped::picture("coffee.jpg"))?.save(&photo)?;
    let mut command = surroundings.command("feh");
    command.args(["--title", "%n"]).arg(&photo);
    let _viewer = Process::start("feh", command, surroundings.path("feh.log"))?;
    let line = once_complete(&surroundings, "--window", |line| !pictures(line).is_empty())?;
    let own = Descry::describe(&surroundings).args(["--no-speech"]).arg(&photo).run()?;
    let caption = own.expect_code(0)?.stdout.trim_end();
    assert_eq!(said(&line), format!("Feh: coffee.png. No text. Picture filling the window: {caption}"));
    Ok(())
}

#[test]
fn of_a_film_its_picture_and_its_controls_are_told() -> Result<()> {
    let (surroundings, _server, _manager) = desktop(SCREEN)?;
    let photo = shipped::picture("tulips.jpg");
    let photo = photo.to_str().context("a path in letters")?;
    let _player = gtk_window::open(&surroundings, "player.py", &[photo], &[])?;
    let line = once_complete(&surroundings, "--window", |line| {
        said(line).contains("3:10") && !pictures(line).is_empty()
    })?;
    ensure!(said(&line).starts_with("Player.py: A walk in the garden. Text: "), "{line}");
    let found = pictures(&line);
    ensure!(found.len() == 1 && found[0].0 >= 480 * 250, "one picture, the film: {line}");
    ensure!(said(&line).ends_with(found[0].1) && said(&line).contains(" Picture "), "{line}");
    Ok(())
}

#[test]
fn a_desktop_with_nothing_on_it_is_called_that() -> Result<()> {
    let (surroundings, _server, _manager) = desktop("320x240x24")?;
    let line = described(&surroundings, "--screen")?.context("it is described")?;
    assert_eq!(said(&line), "No window is active. No text.");
    let outcome = Descry::describe(&surroundings).args(["--no-speech", "--window"]).run()?;
    let complaint = outcome.expect_code(1)?.only_complaint()?;
    ensure!(complaint.contains("No window is active; change to one"), "{complaint}");

    // A photograph as the ground is told as a picture.
    let mut command = surroundings.command("feh");
    let photo = shipped::picture("cat.jpg");
    let status = command.args(["--no-fehbg", "--bg-fill"]).arg(photo).status()?;
    ensure!(status.success(), "feh ended with {status}");
    let line = described(&surroundings, "--screen")?.context("it is described")?;
    ensure!(said(&line).starts_with("No window is active. No text. Picture filling the screen: "), "{line}");
    Ok(())
}
