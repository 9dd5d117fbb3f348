//! What the tests of the button need in a guest: a button that is made, pressed, unplugged and plugged in again through
//! the kernel's uinput, and Descry's own trigger, which prints what it was asked for.

use std::{
    env,
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use descry_daemon::{
    source::screen::Session,
    trigger::{self, Action, Button, Hands, Keys, KeysFrom, TriggerSettings},
    words::{Language, Message},
};
use evdev::{AttributeSet, EventType, InputEvent, KeyCode, uinput::VirtualDevice};
use tokio::sync::watch;

/// The button, and how long its presses are: short ones on a machine that is emulated take a while.
const KEY: KeyCode = KeyCode::KEY_CAMERA;
const LONG: Duration = Duration::from_secs(3);
const DOUBLE: Duration = Duration::from_millis(1500);

/// Somebody without any rights.
const NOBODY: u32 = 65_534;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["press"] => press(false),
        ["press", "grab"] => press(true),
        ["hold"] => hold(),
        ["look"] => look(),
        ["permit"] => permit(),
        _ => bail!("press, press grab, hold, look, or permit"),
    }
}

fn settings(grab: bool) -> TriggerSettings {
    let milliseconds = |duration: Duration| duration.as_millis() as u32;
    let button = Button {
        key: Some("KEY_CAMERA".to_owned()),
        device: Some("gpio-keys".to_owned()),
        grab,
        long_ms: milliseconds(LONG),
        double_ms: milliseconds(DOUBLE),
        ..Button::default()
    };
    TriggerSettings { keys: Keys { from: KeysFrom::None, ..Keys::default() }, button }
}

/// Hands that tell what they are to do.
struct Telling(mpsc::Sender<String>);

impl Hands for Telling {
    fn perform(&self, action: Action) {
        let _ = self.0.send(action.to_string());
    }

    fn say_fault(&self, words: &Message) {
        let _ = self.0.send(format!("fault: {words}"));
    }
}

/// Descry's triggers on a thread of their own, and what they tell.
struct Watching {
    told: mpsc::Receiver<String>,
    status: watch::Receiver<trigger::Status>,
    _settings: watch::Sender<TriggerSettings>,
}

impl Watching {
    fn start(grab: bool) -> Result<Self> {
        let (teller, told) = mpsc::channel();
        let (settings, receiver) = watch::channel(settings(grab));
        let (sender, status) = watch::channel(Vec::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || {
            let make = |settings: &TriggerSettings| {
                trigger::triggers(settings, &Session::default(), Language::English)
            };
            runtime.block_on(trigger::run(receiver, make, Telling(teller), sender));
        });
        Ok(Self { told, status, _settings: settings })
    }

    /// Prints the next thing that is told.
    fn tell(&self, after: &str) -> Result<()> {
        let told = self.told.recv_timeout(PATIENCE).with_context(|| format!("nothing after {after}"))?;
        print(&format!("{after}: {told}"))
    }

    /// Waits until presses do something, or nothing any more.
    fn wait_until(&mut self, works: bool) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let changed =
            self.status.wait_for(|status| status.iter().any(|(_, state)| !state.bound.is_empty()) == works);
        runtime.block_on(async { tokio::time::timeout(PATIENCE, changed).await }).context("in vain")??;
        Ok(())
    }
}

fn print(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn plug_in() -> Result<VirtualDevice> {
    let keys = AttributeSet::from_iter([KEY, KeyCode::KEY_POWER]);
    Ok(VirtualDevice::builder()?.name("gpio-keys").with_keys(&keys)?.build()?)
}

fn set(device: &mut VirtualDevice, key: KeyCode, value: i32) -> Result<()> {
    Ok(device.emit(&[InputEvent::new(EventType::KEY.0, key.0, value)])?)
}

fn push(device: &mut VirtualDevice, times: u32, held: Duration) -> Result<()> {
    for _ in 0..times {
        set(device, KEY, 1)?;
        thread::sleep(held);
        set(device, KEY, 0)?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Presses in every way, with the button there from the beginning, unplugged, and plugged in again.
fn press(grab: bool) -> Result<()> {
    let moment = Duration::from_millis(100);
    let mut watching = Watching::start(grab)?;
    watching.tell("no button")?;
    let mut device = plug_in()?;
    watching.wait_until(true)?;
    push(&mut device, 1, moment)?;
    watching.tell("short")?;
    push(&mut device, 2, moment)?;
    watching.tell("double")?;
    // It is told while it is held.
    set(&mut device, KEY, 1)?;
    set(&mut device, KEY, 2)?;
    watching.tell("long")?;
    set(&mut device, KEY, 0)?;
    // Another key of the same device is nobody's business.
    set(&mut device, KeyCode::KEY_POWER, 1)?;
    set(&mut device, KeyCode::KEY_POWER, 0)?;
    // Unplugged in the middle of a press.
    set(&mut device, KEY, 1)?;
    drop(device);
    watching.wait_until(false)?;
    let mut device = plug_in()?;
    watching.wait_until(true)?;
    push(&mut device, 1, moment)?;
    watching.tell("short again")?;
    print("end")
}

/// Keeps a button that nobody else can have.
fn hold() -> Result<()> {
    let mut device = plug_in()?;
    let path = device.enumerate_dev_nodes_blocking()?.next().context("a node")??;
    let mut other = evdev::Device::open(&path)?;
    other.grab()?;
    let watching = Watching::start(true)?;
    watching.tell("taken")
}

/// Tells what is in the way, and the press that comes once nothing is.
fn look() -> Result<()> {
    let mut watching = Watching::start(false)?;
    watching.tell("forbidden")?;
    watching.wait_until(true)?;
    print("permitted")?;
    watching.tell("short")
}

/// Has somebody look who may not, and permits it then.
fn permit() -> Result<()> {
    let mut device = plug_in()?;
    let path = device.enumerate_dev_nodes_blocking()?.next().context("a node")??;
    let mut looking = Command::new(env::current_exe()?);
    let mut looking = looking.arg("look").uid(NOBODY).stdout(Stdio::piped()).spawn()?;
    let output = looking.stdout.take().context("a piped output is there")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        print(&line)?;
        if line.starts_with("forbidden") {
            fs::set_permissions(&path, Permissions::from_mode(0o644))?;
        } else if line == "permitted" {
            push(&mut device, 1, Duration::from_millis(100))?;
        }
    }
    looking.wait()?;
    Ok(())
}
