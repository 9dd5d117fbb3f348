//! The service as systemd and a board without a screen have it: watched over, heard when it is ready, and when the battery
//! runs out.

use std::{
    env,
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    binaries,
    command::Descry,
    private_bus::PrivateBus,
    process::Process,
    shipped,
    sound_room::{Message, Priority, SoundRoom},
    surroundings::Surroundings,
    waiting::{PATIENCE, wait_until},
};
use rustix::process::Signal;

fn unit() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).with_file_name("systemd").join("descryd.service")
}

#[test]
fn systemd_is_told_that_the_service_lives() -> Result<()> {
    shipped::bundle()?;
    let mut surroundings = Surroundings::new()?;
    let _bus = PrivateBus::start(&mut surroundings)?;
    let socket = surroundings.path("notify");
    let listener = UnixDatagram::bind(&socket)?;
    listener.set_read_timeout(Some(PATIENCE))?;
    surroundings.set("NOTIFY_SOCKET", &socket);
    surroundings.set("WATCHDOG_USEC", "200000");
    let told = || -> Result<String> {
        let mut buffer = [0; 256];
        let length = listener.recv(&mut buffer).context("systemd is told nothing")?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    };

    let mut command = surroundings.command(binaries::descryd()?);
    // As the unit does, so that the process does not start itself anew.
    command.env("MALLOC_MMAP_THRESHOLD_", "131072");
    command.env("ORT_DISABLE_TELEMETRY", "1").env("ORT_TELEMETRY_DISABLED", "1");
    let mut service = Process::start("descryd", command, surroundings.path("descryd.log"))?;
    assert_eq!(told()?, "READY=1");
    for _ in 0..3 {
        assert_eq!(told()?, "WATCHDOG=1");
    }
    service.signal(Signal::TERM)?;
    let mut last = told()?;
    while last == "WATCHDOG=1" {
        last = told()?;
    }
    assert_eq!(last, "STOPPING=1");
    ensure!(service.wait()?.success(), "a signal is no failure");
    Ok(())
}

/// A service in a room, and what it says by itself.
fn starts_and_says(room: &mut SoundRoom, sentences: usize) -> Result<Vec<Message>> {
    let before = room.messages()?.len();
    let begin = room.now();
    let command = room.surroundings().command(binaries::descryd()?);
    let _service = Process::start("descryd", command, room.surroundings().path("descryd.log"))?;
    wait_until("descryd to speak", || Ok(room.messages()?.len() >= before + sentences))?;
    room.speech_since(begin)?;
    let greeted = room.surroundings().path("home/.local/state/descry/greeted");
    wait_until("the greeting to be remembered", || Ok(greeted.is_file()))?;
    Ok(room.messages()?.split_off(before))
}

#[test]
fn a_first_start_without_settings_is_heard_and_a_wearable_is_heard_each_time() -> Result<()> {
    shipped::bundle()?;
    let mut room = SoundRoom::open()?;
    let _bus = PrivateBus::start(room.surroundings_mut())?;
    room.surroundings_mut().set("DESCRY_ANNOUNCE", "");
    let first = starts_and_says(&mut room, 1)?;
    ensure!(
        first[0].text.starts_with("Descry is ready.") && first[0].text.contains("do not rely on it"),
        "{first:?}"
    );

    let supply = room.surroundings().path("sys/class/power_supply/BAT0");
    for (file, line) in [("type", "Battery"), ("capacity", "9"), ("status", "Discharging")] {
        fs::create_dir_all(&supply)?;
        fs::write(supply.join(file), format!("{line}\n"))?;
    }
    let profile = fs::read_to_string(unit().with_file_name("wearable.toml"))?;
    room.surroundings().write("home/.config/descry/descry.toml", profile)?;
    let sysfs = room.surroundings().path("sys");
    room.surroundings_mut().set("DESCRY_SYSFS", sysfs);
    let mut said = starts_and_says(&mut room, 2)?;
    said.sort_by_key(|message| message.text.clone());
    let expected = [
        ("Descry is ready.", Priority::Text),
        ("The battery is low: 9 percent. Please charge it.", Priority::Message),
    ];
    assert_eq!(said, expected.map(|(text, priority)| Message { text: text.to_owned(), priority }));
    Ok(())
}

#[test]
fn the_unit_is_one_that_systemd_knows_and_leaves_little_in_reach() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let text = fs::read_to_string(unit())?;
    let installed = text.replace("/usr/bin/descryd", &binaries::descryd()?.display().to_string());
    ensure!(installed != text, "the unit starts what is installed");
    let installed = surroundings.write("descryd.service", installed)?;
    let run = |arguments: &[&str]| -> Result<(bool, String)> {
        let mut command = surroundings.command("systemd-analyze");
        let output = command.args(arguments).arg(&installed).output().context("systemd-analyze")?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    };
    // 30 is an exposure of 3.0.
    let (is_safe, report) = run(&["security", "--no-pager", "--offline=true", "--threshold=30"])?;
    ensure!(is_safe && report.contains("Overall exposure level"), "{report}");
    let (_, complaints) = run(&["--user", "verify", "--man=no"])?;
    // Two settings are newer than some systemds, which pass over them.
    let newer = ["RestartSteps", "RestartMaxDelaySec"];
    let faults: Vec<&str> = complaints
        .lines()
        .filter(|line| line.contains("descryd.service") && !newer.iter().any(|name| line.contains(name)))
        .collect();
    assert_eq!(faults, Vec::<&str>::new(), "{complaints}");
    // A camera has to stay usable, and the service has to outlive the process of its model.
    for line in [
        "OOMPolicy=continue",
        "DeviceAllow=char-video4linux rw",
        "Type=dbus",
        "WatchdogSec=30",
        "Restart=on-failure",
    ] {
        ensure!(text.lines().any(|found| found == line), "{line}");
    }
    ensure!(!text.lines().any(|line| line.starts_with("PrivateDevices")), "cameras are devices");
    // A person's own systemd takes capabilities away in a user namespace only, and else does not start the service.
    ensure!(text.lines().any(|line| line == "PrivateUsers=true"), "the service starts on a real machine");
    // From there a caller's program is known by its name, which has to be seen.
    ensure!(!text.lines().any(|line| line.starts_with("ProtectProc")), "callers are processes");
    Ok(())
}

#[test]
fn the_service_starts_where_the_kernel_gives_no_user_namespace() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let path = env::join_paths([surroundings.path("bin"), "/usr/bin".into(), "/bin".into()])?;
    // What needs a namespace is taken back, and so is all else that takes capabilities away.
    let without = "[Service]\nPrivateUsers=false\nCapabilityBoundingSet=~\nProtectClock=false\nProtectKernelLogs=false\n\
                   ProtectKernelModules=false\n";
    for (status, expected) in [(0, None), (1, Some(without.to_owned()))] {
        let unshare = surroundings.write("bin/unshare", format!("#!/bin/sh\nexit {status}\n"))?;
        fs::set_permissions(unshare, Permissions::from_mode(0o755))?;
        let units = surroundings.path(&format!("units-{status}"));
        let mut command = surroundings.command(unit().with_file_name("descry-sandbox"));
        let ended = command.env("PATH", &path).arg(&units).status().context("descry-sandbox")?;
        ensure!(ended.success(), "{ended}");
        let written = units.join("descryd.service.d/without-user-namespace.conf");
        assert_eq!(fs::read_to_string(written).ok(), expected);
    }
    Ok(())
}

#[test]
fn what_a_machine_can_do_is_measured_and_kept() -> Result<()> {
    shipped::bundle()?;
    let mut surroundings = Surroundings::new()?;
    surroundings
        .set(shipped::ONNX_RUNTIME, env::var_os(shipped::ONNX_RUNTIME).context("./run test sets it")?);
    let settings = surroundings.write("home/.config/descry/descry.toml", "# mine\nrate = 20\n")?;
    let picture = shipped::picture("cat.jpg");
    let bench = Descry::new(&surroundings, "bench").args(["--json", "--store", "--runs", "1"]).arg(picture);
    let outcome = bench.run()?;
    let lines = outcome.expect_code(0)?.json_lines()?;
    let tried = lines[0]["tried"].as_array().context("what was tried")?;
    ensure!(tried.len() >= 2, "{tried:?}");
    let sentence = shipped::golden_sentence("cat.jpg")?;
    for one in tried {
        ensure!(one["median_ms"].as_f64() > Some(0.0) && one["resident_mb"].as_f64() > Some(1.0), "{one}");
        ensure!(one["text"] == sentence.as_str() && one["precision"] == "int8", "{one}");
    }
    ensure!(lines[0]["best"]["engine"] == "onnxruntime", "{}", lines[0]["best"]);
    let text = fs::read_to_string(settings)?;
    ensure!(text.starts_with("# mine\nrate = 20\nengine = \"onnxruntime\"\ndevice = \"cpu\"\n"), "{text}");
    Ok(())
}
