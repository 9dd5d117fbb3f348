//! How long it is from a key to the first sound of the answer, and where the time goes: a real key on a real X server, the
//! model warm, and what a loudspeaker gives, recorded.
//!
//! `cargo build --release`, then `cargo run --release -p descry-tests --bin key-latency -- [PRESSES] [PICTURE]`: each press
//! is told as it comes, and the last lines are medians in milliseconds, after the logs of all that ran. The window shows the
//! picture, `cat.jpg` of the shipped ones where none is named. It is no test: how fast a machine is, is no property of the
//! program, and a busy one measures itself.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    binaries,
    desktop::{Desktop, SETTINGS},
    process::Process,
    shipped,
    sound_room::SoundRoom,
    surroundings::Surroundings,
    waiting::wait_for,
    x_server::XServer,
    x_window::XWindow,
};

/// Samples in a second of the measuring recorder.
const RATE: usize = 48_000;

/// What is louder than this is sound, of samples in -32768 to 32767; the loudspeaker gives exact zeros otherwise.
const SOUND: u16 = 30;

/// How long it is silent after an answer before the next press.
const PAUSE: Duration = Duration::from_millis(700);

/// The stages: what the service's log says of each, and what its time was spent on.
const STAGES: [(&str, &str); 6] = [
    ("pressed way=x11", "the key reaches the service"),
    ("captured", "the screen is looked at"),
    ("pictures found", "its pictures are found"),
    ("captioned", "they are captioned (meanwhile the text is read)"),
    ("speech-dispatcher has it", "the text is read to its end, the answer worded and handed over"),
    (BEGUN, "the synthesiser begins"),
];

/// What the log says when the answer begins to be spoken.
const BEGUN: &str = "begun";

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let count: usize = arguments.next().map_or(Ok(15), |count| count.parse())?;
    let picture = arguments.next().map_or_else(|| shipped::picture("cat.jpg"), PathBuf::from);
    // What is missing is said before a room is furnished.
    binaries::descryd()?;
    ensure!(count > 0, "at least one press is measured");
    let reports: Vec<String> =
        [false, true].into_iter().map(|earcons| measure(count, &picture, earcons)).collect::<Result<_>>()?;
    for report in reports {
        print!("{report}");
    }
    Ok(())
}

/// Presses, and returns what was measured as text.
fn measure(count: usize, picture: &Path, earcons: bool) -> Result<String> {
    let mut room = SoundRoom::open_as_installed()?;
    let server = XServer::start(room.surroundings_mut(), "1280x800x24")?;
    let pixels = image::open(picture)?.to_rgb8();
    let _window = XWindow::open(&server, &pixels, "Viewer", "A picture", (20, 20))?;
    room.surroundings().write(SETTINGS, format!("earcons = {earcons}\nplease_wait = false\n"))?;
    let mut keyboard = Keyboard::start(room.surroundings())?;
    let ear = Ear::start(room.surroundings())?;
    let desktop = Desktop::start(room.surroundings_mut())?;
    desktop.wait_for_triggers(9)?;
    let mut parts: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let (mut firsts, mut texts) = (Vec::new(), Vec::new());
    // The first ones load the model and wake the synthesiser.
    for number in 0..count + 2 {
        let logged = desktop.service.log().len();
        let pressed = keyboard.press("d")?;
        let first = ear.first_sound_after(pressed)?;
        // With earcons that was one: the answer is still to come.
        let begun = wait_for("the answer to begin", || {
            Ok(desktop.service.log().get(logged..).and_then(|log| logged_at(log, BEGUN)))
        })?;
        ear.first_sound_after(begun)?;
        // The rest of the answer needs not be heard.
        keyboard.press("x")?;
        ear.wait_for_silence(pressed)?;
        eprintln!("press {} of {}: {:.1} ms", number + 1, count + 2, between(pressed, first));
        if number < 2 {
            continue;
        }
        firsts.push(between(pressed, first));
        let log = desktop.service.log();
        let log = log.get(logged..).context("the log grows")?;
        let mut before = pressed;
        for (index, (stage, _)) in STAGES.iter().enumerate() {
            let at = logged_at(log, stage).with_context(|| format!("no {stage:?} in\n{log}"))?;
            parts.entry(index).or_default().push(between(before, at));
            before = at;
        }
        if !earcons {
            parts.entry(STAGES.len()).or_default().push(between(before, first));
        }
        texts.push(between(pressed, logged_at(log, "text read").context("text")?));
    }
    let (least, most) =
        (firsts.iter().copied().fold(f64::MAX, f64::min), firsts.iter().copied().fold(0.0, f64::max));
    let mut report = String::new();
    let switched = if earcons { "on" } else { "off" };
    writeln!(report, "\n{count} presses, {}, earcons {switched}", picture.display())?;
    let middle = median(&mut firsts);
    writeln!(report, "{middle:7.1} ms from the key to the first sound (from {least:.1} to {most:.1})")?;
    let names = STAGES.iter().map(|(_, name)| *name).chain(["the first sample is heard"]);
    for (values, name) in parts.values_mut().zip(names) {
        writeln!(report, "{:7.1} ms {name}", median(values))?;
    }
    writeln!(report, "{:7.1} ms from the key until the text was read", median(&mut texts))?;
    Ok(report)
}

fn between(from: SystemTime, to: SystemTime) -> f64 {
    match to.duration_since(from) {
        Ok(duration) => duration.as_secs_f64() * 1000.0,
        Err(error) => -error.duration().as_secs_f64() * 1000.0,
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// When the service logged something first, by the time at the beginning of its line.
fn logged_at(log: &str, what: &str) -> Option<SystemTime> {
    let line = log.lines().find(|line| line.contains(what))?;
    // 2026-11-25T14:21:50.123456Z, whose day does not matter: nobody measures across midnight.
    let time = line.split_whitespace().next()?.split_once('T')?.1.trim_end_matches('Z');
    let mut fields = time.split(':').map(str::parse::<f64>);
    let (hours, minutes, seconds) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    let today = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400 * 86_400;
    let offset = hours * 3600.0 + minutes * 60.0 + seconds;
    Some(UNIX_EPOCH + Duration::from_secs(today) + Duration::from_secs_f64(offset))
}

/// A keyboard: one xdotool that is told what to press, so that no time goes into starting it.
struct Keyboard {
    _process: Child,
    input: ChildStdin,
}

impl Keyboard {
    fn start(surroundings: &Surroundings) -> Result<Self> {
        let mut process = surroundings.command("xdotool").arg("-").stdin(Stdio::piped()).spawn()?;
        let input = process.stdin.take().context("a piped input is there")?;
        Ok(Self { _process: process, input })
    }

    /// Presses Super+Alt and a letter; when the letter went down.
    fn press(&mut self, letter: &str) -> Result<SystemTime> {
        writeln!(self.input, "keydown super keydown alt")?;
        self.input.flush()?;
        thread::sleep(Duration::from_millis(150));
        let pressed = SystemTime::now();
        writeln!(self.input, "keydown {letter}")?;
        self.input.flush()?;
        thread::sleep(Duration::from_millis(60));
        writeln!(self.input, "keyup {letter} keyup alt keyup super")?;
        self.input.flush()?;
        Ok(pressed)
    }
}

/// A microphone that knows when each sound came.
struct Ear {
    _process: Process,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// When each loud sample came.
    loud: Vec<SystemTime>,
    /// When anything came last.
    until: Option<SystemTime>,
}

impl Ear {
    fn start(surroundings: &Surroundings) -> Result<Self> {
        let mut command = surroundings.command("parec");
        command.args([
            "--device=room.monitor",
            "--format=s16le",
            "--channels=1",
            "--latency-msec=5",
            "--raw",
        ]);
        command.arg(format!("--rate={RATE}"));
        let (process, mut output) =
            Process::start_with_output("parec", command, surroundings.path("ear.log"))?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        thread::spawn(move || {
            let mut buffer = [0_u8; 960];
            while output.read_exact(&mut buffer).is_ok() {
                let now = SystemTime::now();
                let mut heard = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let samples = buffer.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                let count = buffer.len() / 2;
                for (index, sample) in samples.enumerate() {
                    if sample.unsigned_abs() > SOUND {
                        let before = Duration::from_secs_f64((count - index) as f64 / RATE as f64);
                        heard.loud.push(now - before);
                    }
                }
                heard.until = Some(now);
            }
        });
        wait_for("the ear", || Ok(heard.lock().unwrap_or_else(PoisonError::into_inner).until))?;
        Ok(Self { _process: process, heard })
    }

    fn first_sound_after(&self, moment: SystemTime) -> Result<SystemTime> {
        wait_for("sound", || {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(heard.loud.iter().copied().find(|time| *time > moment))
        })
    }

    fn wait_for_silence(&self, since: SystemTime) -> Result<()> {
        wait_for("silence", || {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let last = heard.loud.last().copied().filter(|time| *time > since);
            let Some((last, until)) = last.zip(heard.until) else { return Ok(None) };
            Ok(until.duration_since(last).is_ok_and(|silent| silent > PAUSE).then_some(()))
        })
    }
}
