//! Screens that the service looks at: its own session's, for the command and for those who may.

use std::{collections::HashMap, fs};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    caller::{self, Caller},
    command::Descry,
    private_bus::PrivateBus,
    session::serve,
    surroundings::Surroundings,
    waiting::wait_until,
    x_server::XServer,
    x_window::XWindow,
};
use image::{Rgb, RgbImage};
use zbus::zvariant::{OwnedValue, Value};

/// How many descriptions the service remembers.
fn remembered(surroundings: &Surroundings) -> Result<usize> {
    let outcome = Descry::new(surroundings, "history").run()?;
    Ok(outcome.expect_code(0)?.stdout.lines().count())
}

#[test]
fn the_service_looks_at_its_own_session_and_at_no_other() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bus = PrivateBus::start(&mut surroundings)?;
    let caller = Caller::connect(&bus)?;
    let server = XServer::start(&mut surroundings, "640x480x24")?;
    let mut service = serve(&surroundings, &caller, &[])?;
    let blue = RgbImage::from_pixel(300, 200, Rgb([40, 60, 120]));
    let _window = XWindow::open(&server, &blue, "Notes", "Shopping", (20, 10))?;

    let describe = |surroundings: &Surroundings, arguments: &[&str]| -> Result<serde_json::Value> {
        let outcome = Descry::describe(surroundings).args(["--no-speech", "--json"]).args(arguments).run()?;
        outcome.expect_code(0)?.json_lines()?.into_iter().next().context("one line is printed")
    };
    for (count, arguments) in
        [&["--window"][..], &["--screen", "--detail", "full"], &["--region", "25,15,50x40"]]
            .into_iter()
            .enumerate()
    {
        let line = describe(&surroundings, arguments)?;
        assert_eq!(
            (line["window"].as_str(), line["screen_text"].as_str()),
            (Some("Shopping"), Some("")),
            "{line}"
        );
        assert_eq!(line["kind"], "screen");
        assert_eq!(remembered(&surroundings)?, count + 1, "{arguments:?}");
    }
    // Without a screen to fall back on, what the service says is what is heard.
    let outcome = Descry::describe(&surroundings).args(["--no-speech", "--region", "700,0,5x5"]).run()?;
    let complaint = outcome.expect_code(1)?.only_complaint()?;
    ensure!(complaint.contains("The region lies outside the screen"), "{complaint}");

    // Another screen of the same person: the command looks itself.
    let own = server.display().to_owned();
    let other = XServer::start(&mut surroundings, "320x240x24")?;
    let green = RgbImage::from_pixel(100, 80, Rgb([40, 120, 60]));
    let _other_window = XWindow::open(&other, &green, "Mail", "Inbox", (0, 0))?;
    assert_eq!(describe(&surroundings, &["--window"])?["window"], "Inbox");
    assert_eq!(remembered(&surroundings)?, 3);

    // A service that began before there was a screen looks at its caller's.
    service.kill()?;
    wait_until("descryd to be gone", || Ok(!caller.is_served()?))?;
    surroundings.set("DISPLAY", "");
    let mut service = serve(&surroundings, &caller, &[])?;
    surroundings.set("DISPLAY", &own);
    assert_eq!(describe(&surroundings, &["--window"])?["window"], "Shopping");
    assert_eq!(remembered(&surroundings)?, 1);
    service.kill()
}

/// What the desktop has told systemd.
struct Systemd(Vec<String>);

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Systemd {
    #[zbus(property)]
    fn environment(&self) -> Vec<String> {
        self.0.clone()
    }
}

#[test]
fn a_service_without_a_session_asks_systemd_for_one() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let bus = PrivateBus::start(&mut surroundings)?;
    let caller = Caller::connect(&bus)?;
    let settings = surroundings.path("home/.config/descry/descry.toml");
    fs::create_dir_all(settings.parent().context("a file is in a folder")?)?;
    fs::write(&settings, "programs_see_screen = true\n")?;
    let _service = serve(&surroundings, &caller, &[])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let connection =
        runtime.block_on(async { zbus::connection::Builder::address(bus.address())?.build().await })?;
    let options = HashMap::from([("speak", Value::from(false))]);
    let body = (1_u32, options);
    let describe = || {
        let call = connection.call_method(
            Some(caller::NAME),
            caller::PATH,
            Some(caller::MANAGER),
            "DescribeScreen",
            &body,
        );
        runtime.block_on(call)
    };
    let refused = describe().err().context("there is no screen")?.to_string();
    ensure!(refused.contains("NoSuchSource") && refused.contains("there is no screen here"), "{refused}");

    let server = XServer::start(&mut surroundings, "320x240x24")?;
    let lines = vec!["LANG=C".to_owned(), format!("DISPLAY={}", server.display())];
    let _systemd = runtime.block_on(async {
        let builder = zbus::connection::Builder::address(bus.address())?;
        let builder = builder.serve_at("/org/freedesktop/systemd1", Systemd(lines))?;
        builder.name("org.freedesktop.systemd1")?.build().await
    })?;
    let description: HashMap<String, OwnedValue> = describe()?.body().deserialize()?;
    let text = String::try_from(description["text"].try_clone()?)?;
    ensure!(text.starts_with("No window is active.") || text.starts_with("The screen."), "{text}");
    Ok(())
}
