//! Cameras on a real kernel: QEMU with Debian's kernel, its virtual camera `vivid`, and v4l2loopback, which shows what it is
//! fed with. Descry's own code looks through them, and Descry's own program describes what they show.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result, ensure};
use descry_daemon::{
    request::Cancel,
    source::{Source, file::FileSource},
};
use descry_tests::{
    binaries,
    guest::{Guest, digest},
    shipped,
};
use image::RgbImage;

/// Waits in the script until a file holds a word.
const AWAIT: &str = "await() { n=0; until grep -qs \"$2\" \"$1\"; do usleep 200000; n=$((n+1)); \
                     if [ $n -gt 300 ]; then echo \"no $2 in $1\"; break; fi; done; }\n";

/// The line of the console that begins so.
fn line<'a>(console: &'a str, begin: &str) -> Result<&'a str> {
    console
        .lines()
        .find(|line| line.starts_with(begin))
        .with_context(|| format!("no {begin:?} in:\n{console}"))
}

/// Fails unless all these lines are on the console.
fn expect(console: &str, lines: &[&str]) -> Result<()> {
    for expected in lines {
        ensure!(console.lines().any(|line| line == *expected), "{expected:?} is missing in:\n{console}");
    }
    Ok(())
}

#[test]
fn a_camera_is_looked_through_removed_and_found_again() -> Result<()> {
    let mut guest = Guest::new()?;
    guest.module("vivid", "n_devs=1 node_types=0x1")?;
    guest.program(&binaries::guest_camera()?, "/bin/guest-camera")?;
    guest.program(&binaries::descry()?, "/bin/descry")?;
    guest.folder(&shipped::bundle()?, "/usr/share/descry/models/shipped")?;
    let console = guest.run(&format!(
        "{AWAIT}
        descry cameras
        descry cameras --json
        descry check | grep ^Camera
        guest-camera control /dev/video0 'OSD Text Mode' 2
        guest-camera control /dev/video0 'Test Pattern' 7
        guest-camera show vivid 3
        guest-camera follow vivid > /tmp/follow & follow=$!
        await /tmp/follow looking
        guest-camera show vivid 1
        echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind
        await /tmp/follow gone
        descry cameras
        descry describe --camera --no-speech; echo \"ended with $?\"
        echo vivid.0 > /sys/bus/platform/drivers/vivid/bind
        await /tmp/follow back
        cat /tmp/follow
        guest-camera control /dev/video0 'Percentage of Dropped Buffers' 100
        guest-camera show vivid 1
        guest-camera control /dev/video0 'Percentage of Dropped Buffers' 0
        guest-camera show vivid 1 | cut -d ' ' -f 1-3 | sed 's/^/again: /'"
    ))?;
    expect(
        &console,
        &[
            "vivid (platform:vivid-000) at /dev/video0 *",
            r#"{"name":"vivid","id":"platform:vivid-000","device":"/dev/video0","source":"/org/descry/Descry1/source/platform_3avivid_2d000","chosen":true}"#,
            "Camera works. Vivid can be looked through.",
            "looking",
            "gone: the camera vivid was unplugged; plug it in again and ask again, Descry finds it by itself",
            "back",
            "error: another program uses the camera vivid; close that program and ask again",
            "descry: No camera is connected; connect one and ask again.",
            "descry: camera: No camera is connected; connect one and ask again.",
            "ended with 1",
            "error: the camera vivid sends no pictures; unplug it, plug it in again and ask again",
            "again: picture 1 1280x720",
        ],
    )?;
    // All red, which has one meaning only.
    let red = digest(&RgbImage::from_pixel(1280, 720, image::Rgb([255, 0, 0])));
    let shown: Vec<&str> = console.lines().filter(|line| line.starts_with("picture ")).collect();
    let is_red = |line: &&str| line.ends_with(&format!("1280x720 [255, 0, 0] {red}"));
    ensure!(shown.len() == 3 && shown.iter().all(is_red), "{console}");
    Ok(())
}

#[test]
fn a_camera_that_gives_planes_says_so_and_is_no_choice_beside_another() -> Result<()> {
    let mut guest = Guest::new()?;
    guest.module_for_later("vivid")?;
    guest.program(&binaries::descry()?, "/bin/descry")?;
    guest.folder(&shipped::bundle()?, "/usr/share/descry/models/shipped")?;
    let console = guest.run(
        "insmod /modules/vivid.ko n_devs=2 node_types=0x1,0x1 multiplanar=1,2
        descry cameras | sed 's/^/both: /'
        rmmod vivid
        insmod /modules/vivid.ko n_devs=1 node_types=0x1 multiplanar=2
        descry cameras | sed 's/^/one: /'
        descry check | grep ^Camera
        descry describe --camera --no-speech; echo \"ended with $?\"",
    )?;
    ensure!(console.lines().filter(|line| line.starts_with("both: ")).count() == 1, "{console}");
    expect(&console, &["both: vivid (platform:vivid-000) at /dev/video0 *", "ended with 1"])?;
    let ways_out = "gives its pictures in several planes, which Descry does not read; have GStreamer pass them on through \
                    v4l2loopback, as Descry's README says of CSI cameras.";
    expect(
        &console,
        &[
            "one: vivid (platform:vivid-000) at /dev/video0 *",
            &format!("Camera does not work. The camera vivid {ways_out}"),
            &format!("descry: camera: The camera vivid {ways_out}"),
        ],
    )
}

#[test]
fn cameras_are_objects_that_come_and_go() -> Result<()> {
    let object = "/org/descry/Descry1/source/platform_3avivid_2d000";
    let mut guest = Guest::new()?;
    guest.module("vivid", "n_devs=1 node_types=0x1")?;
    guest.program(&binaries::guest_camera()?, "/bin/guest-camera")?;
    guest.program(&binaries::descry()?, "/bin/descry")?;
    guest.program(&binaries::descryd()?, "/bin/descryd")?;
    guest.program(Path::new("/usr/bin/dbus-daemon"), "/bin/dbus-daemon")?;
    guest.folder(&shipped::bundle()?, "/usr/share/descry/models/shipped")?;
    guest.file("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")?;
    guest.file("/etc/descry/descry.toml", b"speech = \"none\"\n")?;
    guest.file(
        "/bus.conf",
        b"<busconfig><type>session</type><listen>unix:path=/run/user/bus</listen><policy context=\"default\">\
          <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
    )?;
    let console = guest.run(&format!(
        "{AWAIT}
        export DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/bus
        dbus-daemon --config-file=/bus.conf --nopidfile --nofork --print-address > /tmp/bus & await /tmp/bus path
        descryd > /tmp/descryd 2>&1 & await /tmp/descryd serving
        n=0; until descry status > /tmp/status 2>&1 || [ $n -gt 50 ]; do usleep 200000; n=$((n+1)); done
        cat /tmp/status
        guest-camera control /dev/video0 'Test Pattern' 5
        guest-camera control /dev/video0 'OSD Text Mode' 2
        guest-camera objects > /tmp/objects & await /tmp/objects watching
        descry describe --camera --no-speech --json
        echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind; await /tmp/objects went
        descry describe --camera --no-speech
        echo vivid.0 > /sys/bus/platform/drivers/vivid/bind; await /tmp/objects came
        guest-camera claim {object} > /tmp/claim & claim=$!
        await /tmp/claim reserved; await /tmp/objects 'InUse Bool(true)'
        descry describe --camera vivid --no-speech
        kill $claim; wait $claim; await /tmp/objects 'InUse Bool(false)'
        guest-camera claim {object} > /tmp/again & await /tmp/again reserved; cat /tmp/again
        cat /tmp/objects"
    ))?;
    let described: serde_json::Value = serde_json::from_str(line(&console, "{\"file\":\"camera\"")?)?;
    ensure!(described["kind"] == "blank", "{described}");
    expect(
        &console,
        &[
            &format!("there: {object}"),
            &format!("changed: {object} InUse Bool(true)"),
            &format!("changed: {object} InUse Bool(false)"),
            "descry: camera: No camera is connected; connect one and ask again.",
            &format!("went: {object}"),
            &format!("came: {object} Str(\"vivid\")"),
            "descry: vivid: A program has reserved the camera vivid for itself; close that program and ask again.",
            // Who reserved it before has left the bus.
            "reserved",
        ],
    )
}

/// Colours as cameras send them, that no rounding can be blamed for: each is at least a tenth from where it would turn.
fn known_colours() -> impl Iterator<Item = ([u8; 3], [u8; 3])> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    std::iter::from_fn(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some([(state >> 56) as u8, (state >> 48) as u8, (state >> 40) as u8])
    })
    .filter_map(|yuv| {
        let [y, u, v] = yuv.map(f64::from);
        let (luma, blue, red) =
            ((y - 16.0) * 255.0 / 219.0, (u - 128.0) * 255.0 / 224.0, (v - 128.0) * 255.0 / 224.0);
        let exact = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
        let is_clear = exact.iter().all(|value| (value.fract().abs() - 0.5).abs() > 0.1);
        is_clear.then_some((yuv, exact.map(|value| value.round().clamp(0.0, 255.0) as u8)))
    })
}

/// A picture in a format, and the pixels that it stands for.
struct Known {
    code: &'static str,
    bytes: Vec<u8>,
    pixels: RgbImage,
}

/// Pixels in twos and fours of one colour, as the formats have it.
fn known(width: u32, height: u32) -> Vec<Known> {
    let columns = (width / 2) as usize;
    let colours: Vec<([u8; 3], [u8; 3])> = known_colours().take(columns * (height / 2) as usize).collect();
    let at = |x: u32, y: u32| colours[(y / 2) as usize * columns + (x / 2) as usize];
    let pixels = RgbImage::from_fn(width, height, |x, y| image::Rgb(at(x, y).1));
    let places = |step: u32| {
        (0..height).step_by(step as usize).flat_map(move |y| (0..width).step_by(2).map(move |x| (x, y)))
    };
    let yuyv = places(1).flat_map(|(x, y)| {
        let [luma, u, v] = at(x, y).0;
        [luma, u, luma, v]
    });
    let lumas = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| at(x, y).0[0]);
    let nv12 = lumas.chain(places(2).flat_map(|(x, y)| [at(x, y).0[1], at(x, y).0[2]]));
    vec![
        Known { code: "YUYV", bytes: yuyv.collect(), pixels: pixels.clone() },
        Known { code: "NV12", bytes: nv12.collect(), pixels: pixels.clone() },
        Known { code: "RGB3", bytes: pixels.as_raw().clone(), pixels },
    ]
}

#[test]
fn known_pictures_are_read_back_exactly_and_described() -> Result<()> {
    let picture = shipped::picture("cat.jpg");
    let jpeg = fs::read(&picture)?;
    let decoded = Box::new(FileSource::Path(picture)).capture(&Cancel::default())?.pixels;
    let mut pictures = known(320, 240);
    pictures.push(Known { code: "MJPG", bytes: jpeg.clone(), pixels: decoded });

    let mut guest = Guest::new()?;
    guest.module("v4l2loopback", "devices=2 video_nr=3,7 card_label=Known,Other")?;
    guest.program(&binaries::guest_camera()?, "/bin/guest-camera")?;
    guest.program(&binaries::descry()?, "/bin/descry")?;
    guest.folder(&shipped::bundle()?, "/usr/share/descry/models/shipped")?;
    guest.file("/black", &[16, 128].repeat(320 * 240))?;
    guest.file("/cut.jpg", &jpeg[..jpeg.len() / 2])?;
    guest.file("/etc/descry/descry.toml", b"camera = \"known\"\ncamera_rotation = 180\n")?;
    let mut script = AWAIT.to_owned();
    for Known { code, bytes, pixels } in &pictures {
        guest.file(&format!("/{code}"), bytes)?;
        writeln!(
            script,
            "guest-camera feed /dev/video3 {code} {} {} /{code} > /tmp/{code} & feed=$!
            await /tmp/{code} feeding
            guest-camera show Known 2 | sed 's/^/{code} /'
            kill $feed; wait $feed",
            pixels.width(),
            pixels.height()
        )?;
    }
    let (width, height) = pictures[3].pixels.dimensions();
    write!(
        script,
        "guest-camera feed /dev/video3 YUYV 320 240 /black > /tmp/black & feed=$!
        await /tmp/black feeding
        descry describe --camera --no-speech --json; echo \"ended with $?\"
        descry describe --camera other --no-speech; echo \"other ended with $?\"
        kill $feed; wait $feed
        guest-camera feed /dev/video3 MJPG {width} {height} /cut.jpg > /tmp/cut & feed=$!
        await /tmp/cut feeding
        guest-camera show Known 1
        kill $feed; wait $feed"
    )?;
    let console = guest.run(&script)?;
    for Known { code, pixels, .. } in &pictures {
        let (width, height) = pixels.dimensions();
        let shown = line(&console, &format!("{code} picture "))?;
        let ending =
            format!("{width}x{height} {:?} {}", pixels.get_pixel(width / 2, height / 2).0, digest(pixels));
        ensure!(shown.ends_with(&ending), "{shown} is not {ending}");
    }
    // All black, so that the model is not asked: emulated, it takes longer than a request may.
    let described: serde_json::Value = serde_json::from_str(line(&console, "{\"file\":\"camera\"")?)?;
    ensure!(described["kind"] == "blank", "{described}");
    let text = described["text"].as_str().unwrap_or_default();
    ensure!(text.contains("Is the lens covered, or the light off?"), "{text}");
    line(&console, "ended with 0")?;
    line(&console, "error: the pictures of the camera Known arrive damaged; try another cable")?;
    line(&console, "other ended with 1")?;
    Ok(())
}
