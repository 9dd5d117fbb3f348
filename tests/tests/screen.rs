//! Screens of a real X server, with a window manager and programs on them: seen to the pixel, read, and described.

use std::{fs, os::unix::fs::symlink};

use anyhow::{Context, Result, ensure};
use descry_daemon::{
    frame::{Area, Origin, Screen},
    request::Cancel,
    source::{
        Source,
        screen::{ScreenSource, Session, Target},
    },
};
use descry_tests::{
    caller::Caller,
    command::{Descry, Outcome},
    pages,
    private_bus::PrivateBus,
    process::Process,
    session::serve,
    surroundings::Surroundings,
    waiting::wait_for,
    x_server::XServer,
    x_window::XWindow,
};
use image::{Rgb, RgbImage, imageops};
use serde_json::Value;
use x11rb::protocol::{
    randr::{ConnectionExt as _, MonitorInfo},
    xproto::{ConnectionExt as _, ScreenSaver},
};

const SCREEN: (u32, u32) = (1000, 700);

/// What is seen, in this process.
fn look(display: &str, target: Target) -> Result<(RgbImage, Screen), String> {
    let session = Session { display: Some(display.to_owned()), ..Session::default() };
    let source = Box::new(ScreenSource::new(target, session));
    let frame = source.capture(&Cancel::default()).map_err(|error| error.to_string())?;
    match frame.origin {
        Origin::Screen(screen) => Ok((frame.pixels, screen)),
        Origin::File | Origin::Camera => Err("it came from elsewhere".to_owned()),
    }
}

/// A picture as a server of a depth can show it.
fn at_depth(picture: &RgbImage, depth: u32) -> RgbImage {
    let mut seen = picture.clone();
    if depth == 16 {
        for pixel in seen.pixels_mut() {
            let bits = |value: u8, bits: u32| {
                let most = (1_u32 << bits) - 1;
                (((u32::from(value) >> (8 - bits)) * 255 + most / 2) / most) as u8
            };
            pixel.0 = [bits(pixel.0[0], 5), bits(pixel.0[1], 6), bits(pixel.0[2], 5)];
        }
    }
    seen
}

#[test]
fn every_pixel_is_seen_at_every_depth_near_and_far() -> Result<()> {
    let (page, _) = pages::with_photos()?;
    for depth in [16, 24, 30] {
        let mut surroundings = Surroundings::new()?;
        let server = XServer::start(&mut surroundings, &format!("{}x{}x{depth}", SCREEN.0, SCREEN.1))?;
        let window = XWindow::open(&server, &page, "Pages", "A page", (70, 40))?;
        let expected = at_depth(&page, depth);
        // Through shared memory, and through the connection as from another machine.
        let far = server.display().replace(':', "localhost:");
        for display in [server.display(), far.as_str()] {
            let seen = look(display, Target::Window);
            let (pixels, screen) = seen.map_err(anyhow::Error::msg)?;
            ensure!(pixels == expected, "other pixels at depth {depth} from {display}");
            assert_eq!(screen.window.as_deref(), Some("A page"));
            assert_eq!(screen.application.as_deref(), Some("Pages"));

            let region = Area { x: 100, y: 60, width: 90, height: 50 };
            let (pixels, _) = look(display, Target::Region(region)).map_err(anyhow::Error::msg)?;
            let part = imageops::crop_imm(&expected, 30, 20, 90, 50).to_image();
            ensure!(pixels == part, "another region at depth {depth} from {display}");

            let (pixels, _) = look(display, Target::Screen).map_err(anyhow::Error::msg)?;
            assert_eq!(pixels.dimensions(), SCREEN);
            let (width, height) = page.dimensions();
            ensure!(
                imageops::crop_imm(&pixels, 70, 40, width, height).to_image() == expected,
                "another screen"
            );
            assert_eq!(*pixels.get_pixel(0, 0), Rgb([0; 3]));
        }
        // Half of it lies beside the screen.
        window.move_to(SCREEN.0 as i32 - 100, -60)?;
        let (pixels, _) = look(server.display(), Target::Window).map_err(anyhow::Error::msg)?;
        let visible = imageops::crop_imm(&expected, 0, 60, 100, page.height() - 60).to_image();
        ensure!(pixels == visible, "another part of the window at depth {depth}");
        window.move_to(SCREEN.0 as i32 + 5, 0)?;
        let error = look(server.display(), Target::Window).err().context("nothing of it can be seen")?;
        ensure!(error.starts_with("the active window lies outside the screen"), "{error}");
    }
    Ok(())
}

#[test]
fn a_page_is_described_by_its_names_its_text_and_its_pictures() -> Result<()> {
    let (page, areas) = pages::with_photos()?;
    let mut surroundings = Surroundings::new()?;
    let server = XServer::start(&mut surroundings, &format!("{}x{}x24", SCREEN.0, SCREEN.1))?;
    let _manager = server.manage(&surroundings)?;
    let _window = XWindow::open(&server, &page, "Pages", "Grüße: three days", (0, 0))?;

    let line = described(&surroundings, &["--window"])?;
    assert_eq!(line["file"], "window");
    assert_eq!(line["application"], "Pages");
    assert_eq!(line["window"], "Grüße: three days");
    let screen_text = line["screen_text"].as_str().context("there is text")?;
    let words = screen_text.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        "Three days by the sea",
        "We arrived on Friday evening with the slow train.",
        "The ferry leaves at 10:15 and costs 4.50 for a return ticket.",
    ] {
        ensure!(words.contains(sentence), "{sentence:?} was not read: {screen_text}");
    }
    let pictures = line["pictures"].as_array().context("there are pictures")?;
    assert_eq!(pictures.len(), areas.len(), "{line}");
    let mut captions = Vec::new();
    for (picture, area) in pictures.iter().zip(areas) {
        let found = ["x", "y", "width", "height"].map(|key| picture[key].as_i64());
        let expected = [area.x.into(), area.y.into(), area.width.into(), area.height.into()];
        assert_eq!(found, expected.map(Some));
        captions.push(caption_of_file(&surroundings, &page, area)?);
        assert_eq!(picture["text"].as_str(), captions.last().map(String::as_str));
    }
    let text = line["text"].as_str().context("there is an answer")?;
    let begin = "Pages: Grüße: three days. Text: Three days by the sea. We arrived on Friday evening";
    ensure!(text.starts_with(begin), "{text}");
    let end = format!("3 pictures. Left: {} Middle: {} Right: {}", captions[0], captions[1], captions[2]);
    ensure!(text.ends_with(&end), "{text} does not end with {end}");

    // A long text is cut short unless all of it is wanted, and a window that is hidden is none.
    ensure!(text.contains(" more words. "), "{text}");
    let full = described(&surroundings, &["--screen", "--detail", "full"])?;
    assert_eq!(full["file"], "screen");
    ensure!(full["text"].as_str().is_some_and(|text| text.contains("for a return ticket.")), "{full}");
    Ok(())
}

/// What is said of a part of a page when it is a file.
fn caption_of_file(surroundings: &Surroundings, page: &RgbImage, area: Area) -> Result<String> {
    let file = surroundings.path("crop.png");
    imageops::crop_imm(page, area.x as u32, area.y as u32, area.width, area.height).to_image().save(&file)?;
    let outcome = Descry::describe(surroundings).arg("--no-speech").arg(&file).run()?;
    // Another distance does not help on a screen.
    let unknown = "I can't tell what this picture shows. Another side or distance may help.";
    Ok(outcome.expect_code(0)?.stdout.trim_end().replace(unknown, "I can't tell what it shows."))
}

#[test]
fn a_terminal_is_named_and_read() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let server = XServer::start(&mut surroundings, "1000x700x24")?;
    let _manager = server.manage(&surroundings)?;
    let mut command = surroundings.command("xterm");
    command.args([
        "-T",
        "Departures today",
        "-e",
        "echo The slow train to the sea leaves at noon; sleep 1000",
    ]);
    let _xterm = Process::start("xterm", command, surroundings.path("xterm.log"))?;
    let line = wait_for("the terminal to be read", || {
        let outcome = describe(&surroundings, &["--window"])?;
        // It takes a while to open, and to write.
        let Some(line) = outcome.json_lines()?.into_iter().next() else { return Ok(None) };
        Ok(line["screen_text"].as_str().is_some_and(|text| text.contains("train")).then_some(line))
    })?;
    assert_eq!(line["application"], "XTerm");
    assert_eq!(line["window"], "Departures today");
    assert_eq!(line["pictures"], Value::Array(Vec::new()));
    ensure!(line.get("model").is_none(), "no model was asked: {line}");
    Ok(())
}

#[test]
fn several_monitors_are_one_screen_without_what_lies_between() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let server = XServer::start(&mut surroundings, "1000x700x24")?;
    let white = RgbImage::from_pixel(1000, 700, Rgb([255; 3]));
    let _window = XWindow::open(&server, &white, "Wall", "Wall", (0, 0))?;
    let (connection, root) = server.connect()?;
    let screen = connection.randr_get_screen_resources_current(root)?.reply()?;
    for (name, x, y, width, height, outputs) in
        [("left", 0, 0, 400, 700, screen.outputs), ("right", 400, 100, 500, 300, Vec::new())]
    {
        let name = connection.intern_atom(false, name.as_bytes())?.reply()?.atom;
        let monitor = MonitorInfo { name, x, y, width, height, outputs, ..MonitorInfo::default() };
        connection.randr_set_monitor(root, monitor)?.check()?;
    }
    let (pixels, screen) = look(server.display(), Target::Screen).map_err(anyhow::Error::msg)?;
    assert_eq!(pixels.dimensions(), (900, 700));
    let expected =
        [Area { x: 0, y: 0, width: 400, height: 700 }, Area { x: 400, y: 100, width: 500, height: 300 }];
    assert_eq!(screen.monitors, expected);
    for (x, y, shown) in
        [(0, 0, true), (399, 699, true), (400, 99, false), (400, 100, true), (899, 400, false)]
    {
        assert_eq!(pixels.get_pixel(x, y).0, [if shown { 255 } else { 0 }; 3], "{x},{y}");
    }
    Ok(())
}

#[test]
fn without_a_screen_or_a_window_the_way_out_is_said() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    complains(&surroundings, &["--screen"], "start it in your graphical session")?;
    surroundings.set("DISPLAY", ":59000");
    complains(&surroundings, &["--screen"], "cannot be reached")?;

    let server = XServer::start(&mut surroundings, "640x480x24")?;
    complains(&surroundings, &["--window"], "no window is active")?;
    complains(&surroundings, &["--region", "640,0,10x10"], "outside the screen, which is 640 x 480 pixels")?;
    let _manager = server.manage(&surroundings)?;
    complains(&surroundings, &["--window"], "no window is active")?;

    // The window manager says that a window is active which is gone.
    let (connection, root) = server.connect()?;
    {
        use x11rb::{
            protocol::xproto::{AtomEnum, PropMode},
            wrapper::ConnectionExt as _,
        };
        let active = connection.intern_atom(false, b"_NET_ACTIVE_WINDOW")?.reply()?.atom;
        connection.change_property32(PropMode::REPLACE, root, active, AtomEnum::WINDOW, &[0x0123_4567])?;
        connection.sync()?;
    }
    complains(&surroundings, &["--window"], "was closed before it could be looked at")?;

    connection.force_screen_saver(ScreenSaver::ACTIVE)?.check()?;
    complains(&surroundings, &["--screen"], "the screen is locked or its screen saver runs")?;
    connection.force_screen_saver(ScreenSaver::RESET)?.check()?;
    let outcome = describe(&surroundings, &["--screen"])?;
    outcome.expect_code(0)?;

    surroundings.set("WAYLAND_DISPLAY", "wayland-0");
    complains(
        &surroundings,
        &["--screen"],
        "on Wayland the desktop's portal shows the screen, and none answers here",
    )
}

#[test]
fn a_pause_holds_for_the_screen_too() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bus = PrivateBus::start(&mut surroundings)?;
    let _server = XServer::start(&mut surroundings, "640x480x24")?;
    let caller = Caller::connect(&bus)?;
    let _service = serve(&surroundings, &caller, &[])?;
    Descry::new(&surroundings, "pause").run()?.expect_code(0)?;
    let outcome = Descry::describe(&surroundings).args(["--no-speech", "--screen"]).run()?;
    let complaint = outcome.expect_code(3)?.only_complaint()?;
    ensure!(complaint.contains("descry resume"), "{complaint}");
    Descry::new(&surroundings, "resume").run()?.expect_code(0)?;
    describe(&surroundings, &["--screen"])?.expect_code(0)?;
    Ok(())
}

/// A screen saver as desktops have it on the session bus.
struct Saver(bool);

#[zbus::interface(name = "org.freedesktop.ScreenSaver")]
impl Saver {
    fn get_active(&self) -> bool {
        self.0
    }
}

#[test]
fn a_locked_screen_is_not_looked_at() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bus = PrivateBus::start(&mut surroundings)?;
    let _server = XServer::start(&mut surroundings, "640x480x24")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for is_locked in [true, false] {
        let connection = runtime.block_on(async {
            zbus::connection::Builder::address(bus.address())?
                .serve_at("/org/freedesktop/ScreenSaver", Saver(is_locked))?
                .name("org.freedesktop.ScreenSaver")?
                .build()
                .await
        })?;
        if is_locked {
            complains(&surroundings, &["--screen"], "the screen is locked")?;
        } else {
            describe(&surroundings, &["--screen"])?.expect_code(0)?;
        }
        runtime.block_on(connection.graceful_shutdown());
    }
    Ok(())
}

#[test]
fn without_tesseract_the_rest_is_said_and_what_to_install() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let server = XServer::start(&mut surroundings, "640x480x24")?;
    let page = RgbImage::from_pixel(300, 200, Rgb([255; 3]));
    let window = XWindow::open(&server, &page, "Notes", "Shopping", (0, 0))?;
    // The only program that a child is started with.
    let bin = surroundings.path("bin");
    fs::create_dir(&bin)?;
    symlink("/usr/bin/setpriv", bin.join("setpriv"))?;
    surroundings.set("PATH", &bin);
    let outcome = Descry::describe(&surroundings).args(["--window", "--no-speech"]).run()?;
    outcome.expect_code(0)?;
    assert_eq!(
        outcome.stdout,
        "Notes: Shopping. Its text cannot be read: the program that reads text is missing; install the package \
         tesseract-ocr.\n"
    );
    window.hide()?;
    complains(&surroundings, &["--window"], "no window is active")
}

fn describe(surroundings: &Surroundings, arguments: &[&str]) -> Result<Outcome> {
    Descry::describe(surroundings).args(["--no-speech", "--json"]).args(arguments).run()
}

fn described(surroundings: &Surroundings, arguments: &[&str]) -> Result<Value> {
    let outcome = describe(surroundings, arguments)?;
    outcome.expect_code(0)?.json_lines()?.into_iter().next().context("one line is printed")
}

fn complains(surroundings: &Surroundings, arguments: &[&str], words: &str) -> Result<()> {
    let outcome = Descry::describe(surroundings).arg("--no-speech").args(arguments).run()?;
    let complaint = outcome.expect_code(1)?.only_complaint()?;
    ensure!(complaint.to_lowercase().contains(&words.to_lowercase()), "{complaint} does not say {words}");
    Ok(())
}
