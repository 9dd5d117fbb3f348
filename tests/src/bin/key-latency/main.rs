//! How long it is from a key to the first sound of the answer, and where the time goes: a real key on a real X server, the
//! model warm, and what a loudspeaker gives, recorded.
//!
//! `cargo build --release --bin descryd`, then `cargo run --release -p descry-tests --bin key-latency -- [PRESSES] [SCENE]...`:
//! each press is told as it comes, and the last lines are medians in milliseconds, after the logs of all that ran. The
//! scenes are `text` (a window with two paragraphs), `page` (three photos too), `screen` (all of the screen with that page)
//! and `camera` (a folder of photos in a camera's place). It is no test: how fast a machine is, is no property of the
//! program, and a busy one measures itself.

mod ear;
mod keyboard;

use std::{
    env,
    fmt::Write as _,
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use descry_tests::{
    binaries,
    desktop::{Desktop, SETTINGS},
    pages, shipped,
    sound_room::SoundRoom,
    waiting::wait_until,
    x_server::XServer,
    x_window::XWindow,
};
use ear::Ear;
use keyboard::Keyboard;

/// The presses that are not counted: they load the model and wake the synthesiser.
const FIRST: usize = 2;

/// What the service's log says when a part of an answer is with speech-dispatcher, and when that begins.
const HANDED_OVER: &str = "speech-dispatcher has it";
const BEGUN: &str = " begun";

/// A stage: what the log says at its end, the how manieth time, and what its time was spent on.
type Stage = (&'static str, usize, &'static str);

/// The stages of a screen up to its first word, and when the rest was known.
const SCREEN: [Stage; 4] = [
    ("pressed way=x11", 0, "the key reaches the service"),
    ("captured", 0, "the screen is looked at"),
    (HANDED_OVER, 0, "the program and its window are worded and handed to speech-dispatcher"),
    (BEGUN, 0, "the synthesiser begins"),
];
const REST: [Stage; 4] = [
    ("pictures found", 0, "its pictures are found"),
    ("captioned", 0, "its pictures are captioned"),
    ("text read", 0, "its text is read"),
    (HANDED_OVER, 1, "all is worded and handed over"),
];

/// The stages of a photo.
const CAMERA: [Stage; 6] = [
    ("pressed way=x11", 0, "the key reaches the service"),
    ("captured", 0, "the camera is looked through"),
    ("assessed", 0, "its picture is judged"),
    ("captioned", 0, "its picture is captioned"),
    (HANDED_OVER, 0, "the sentence is worded and handed to speech-dispatcher"),
    (BEGUN, 0, "the synthesiser begins"),
];

/// What is looked at.
#[derive(Debug, Clone, Copy)]
enum Scene {
    Text,
    Page,
    Screen,
    Camera,
}

impl Scene {
    const ALL: [(&str, Self); 4] =
        [("text", Self::Text), ("page", Self::Page), ("screen", Self::Screen), ("camera", Self::Camera)];

    fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|(own, _)| *own == name);
        found.map(|(_, scene)| scene).with_context(|| format!("no scene is called {name:?}"))
    }

    /// The key, with Super and Alt.
    fn key(self) -> char {
        match self {
            Self::Text | Self::Page => 'd',
            Self::Screen => 'D',
            Self::Camera => 'c',
        }
    }

    /// The stages up to the first word, and those after it, which are counted from the press.
    fn stages(self) -> (&'static [Stage], &'static [Stage]) {
        match self {
            Self::Text | Self::Page | Self::Screen => (&SCREEN, &REST),
            Self::Camera => (&CAMERA, &[]),
        }
    }
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let count: usize = arguments.next().map_or(Ok(20), |count| count.parse())?;
    let mut scenes: Vec<Scene> = arguments.map(|name| Scene::named(&name)).collect::<Result<_>>()?;
    if scenes.is_empty() {
        scenes = Scene::ALL.map(|(_, scene)| scene).into();
    }
    // What is missing is said before a room is furnished.
    binaries::descryd()?;
    ensure!(count > 0, "at least one press is measured");
    let mut reports = String::new();
    for scene in scenes {
        for earcons in [false, true] {
            reports += &measure(count, scene, earcons)?;
        }
    }
    print!("{reports}");
    Ok(())
}

/// Presses, and returns what was measured as text.
fn measure(count: usize, scene: Scene, earcons: bool) -> Result<String> {
    let mut room = SoundRoom::open_as_installed()?;
    let server = XServer::start(room.surroundings_mut(), "1280x800x24")?;
    let pixels = match scene {
        Scene::Text => pages::text()?,
        Scene::Page | Scene::Screen | Scene::Camera => pages::with_photos()?.0,
    };
    let _window = XWindow::open(&server, &pixels, "Pages", "Three days by the sea", (20, 20))?;
    let camera = room.surroundings().path("camera");
    fs::create_dir(&camera)?;
    fs::copy(shipped::picture("cat.jpg"), camera.join("cat.jpg"))?;
    let camera = camera.display();
    let settings = format!("earcons = {earcons}\nplease_wait = false\npictures_as_camera = \"{camera}\"\n");
    room.surroundings().write(SETTINGS, settings)?;
    let mut keyboard = Keyboard::start(room.surroundings())?;
    let ear = Ear::start(room.surroundings())?;
    let desktop = Desktop::start(room.surroundings_mut())?;
    desktop.wait_for_triggers(9)?;
    let (first_stages, rest) = scene.stages();
    let last = rest.last().unwrap_or(&(BEGUN, 0, ""));
    let mut measured = Measured::default();
    for number in 0..count + FIRST {
        let logged = desktop.service.log().len();
        let log = || -> String { desktop.service.log().split_off(logged) };
        let pressed = keyboard.press(scene.key())?;
        let first = ear.first_sound_after(pressed)?;
        wait_until("the answer", || Ok(logged_at(&log(), last).is_some()))?;
        // With earcons the first sound was one: the answer is still to come.
        let begun = wait_for_begin(log)?;
        ear.first_sound_after(begun)?;
        // The rest of the answer needs not be heard.
        keyboard.press('x')?;
        ear.wait_for_silence(pressed)?;
        eprintln!("{scene:?}, press {} of {}: {:.1} ms", number + 1, count + FIRST, between(pressed, first));
        if number < FIRST {
            continue;
        }
        let log = log();
        measured.add("from the key to the first sound", between(pressed, first));
        let mut before = pressed;
        for stage in first_stages {
            let at = logged_at(&log, stage).with_context(|| format!("no {stage:?} in\n{log}"))?;
            measured.add(stage.2, between(before, at));
            before = at;
        }
        if !earcons {
            measured.add("the first sample is heard", between(before, first));
        }
        for stage in rest {
            let at = logged_at(&log, stage).with_context(|| format!("no {stage:?} in\n{log}"))?;
            measured.add(&format!("from the key until {}", stage.2), between(pressed, at));
        }
    }
    let switched = if earcons { "on" } else { "off" };
    Ok(format!("\n{scene:?}, {count} presses, earcons {switched}\n{}", measured.report()?))
}

/// When the answer began to be said.
fn wait_for_begin(log: impl Fn() -> String) -> Result<SystemTime> {
    descry_tests::waiting::wait_for("the answer to begin", || Ok(logged_at(&log(), &(BEGUN, 0, ""))))
}

/// Durations by what they were spent on, in the order in which they first came.
#[derive(Default)]
struct Measured(Vec<(String, Vec<f64>)>);

impl Measured {
    fn add(&mut self, name: &str, milliseconds: f64) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, values)) => values.push(milliseconds),
            None => self.0.push((name.to_owned(), vec![milliseconds])),
        }
    }

    /// A line for each: the median, and from where to where it went.
    fn report(mut self) -> Result<String> {
        let mut report = String::new();
        for (name, values) in &mut self.0 {
            values.sort_by(f64::total_cmp);
            let (Some(least), Some(most)) = (values.first(), values.last()) else {
                bail!("nothing measured")
            };
            writeln!(report, "{:7.1} ms ({least:.1} to {most:.1}) {name}", median(values))?;
        }
        Ok(report)
    }
}

fn between(from: SystemTime, to: SystemTime) -> f64 {
    match to.duration_since(from) {
        Ok(duration) => duration.as_secs_f64() * 1000.0,
        Err(error) => -error.duration().as_secs_f64() * 1000.0,
    }
}

/// Of values in order.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// When the service logged something, by the time at the beginning of its line.
fn logged_at(log: &str, (what, nth, _): &Stage) -> Option<SystemTime> {
    let line = log.lines().filter(|line| line.contains(what)).nth(*nth)?;
    // 2026-11-25T14:21:50.123456Z, whose day does not matter: nobody measures across midnight.
    let time = line.split_whitespace().next()?.split_once('T')?.1.trim_end_matches('Z');
    let mut fields = time.split(':').map(str::parse::<f64>);
    let (hours, minutes, seconds) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    let today = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400 * 86_400;
    let offset = hours * 3600.0 + minutes * 60.0 + seconds;
    Some(UNIX_EPOCH + Duration::from_secs(today) + Duration::from_secs_f64(offset))
}
