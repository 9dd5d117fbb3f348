//! What the tests of cameras need in a guest: somebody who looks through a camera as Descry does, a camera that shows a
//! known picture, a hand on a driver's controls, and a program on the bus that watches the cameras' objects.

use std::{
    collections::HashMap, env, fs, io::Write, path::Path, process::ExitCode, sync::Arc, thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use descry_daemon::{
    request::Cancel,
    source::{
        camera::{CameraError, choose, connected::Connected, mounting::Mounting},
        live::{Cameras, Live},
    },
};
use descry_tests::guest::digest;
use futures_util::StreamExt;
use v4l::{Control, Device, Format, FourCC, control::Value, video::Output};
use zbus::{
    Connection, MatchRule, MessageStream,
    fdo::ObjectManagerProxy,
    message,
    zvariant::{OwnedObjectPath, OwnedValue},
};

/// How long between two pictures of the camera that shows a known one.
const BETWEEN: Duration = Duration::from_millis(40);

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["show", camera, count] => Ok(show(camera, count.parse()?)),
        ["follow", camera] => follow(camera),
        ["feed", device, code, width, height, file] => {
            feed(device, code, width.parse()?, height.parse()?, file)
        }
        ["control", device, name, value] => control(device, name, value.parse()?),
        ["objects"] => on_the_bus(objects()),
        ["claim", camera] => on_the_bus(claim(camera)),
        _ => bail!(
            "show CAMERA COUNT, follow CAMERA, feed DEVICE CODE WIDTH HEIGHT FILE, control DEVICE NAME VALUE, objects, or \
             claim OBJECT"
        ),
    }
}

fn open(cameras: &Connected, name: &str) -> Result<Arc<dyn Live>, CameraError> {
    let list = cameras.list()?;
    cameras.open(&choose(&list, Some(name))?.id)
}

/// Prints a line for each of some pictures: its number, its size, the pixel in its middle, and a digest of all of it.
fn show(name: &str, count: u32) -> ExitCode {
    let cameras = Connected::new(Arc::new(Mounting::default));
    let shown = || -> Result<(), CameraError> {
        let live = open(&cameras, name)?;
        let mut after = 0;
        for _ in 0..count {
            let frame = live.next_frame(after, &Cancel::default())?;
            after = frame.sequence;
            let pixels = &frame.frame.pixels;
            let (width, height) = pixels.dimensions();
            let middle = pixels.get_pixel(width / 2, height / 2).0;
            println!("picture {after} {width}x{height} {middle:?} {}", digest(pixels.as_raw()));
        }
        Ok(())
    };
    if let Err(error) = shown() {
        println!("error: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Looks until the camera goes, and again when it is back; a line for each of the three.
fn follow(name: &str) -> Result<ExitCode> {
    let cameras = Connected::new(Arc::new(Mounting::default));
    let live = open(&cameras, name)?;
    let mut after = live.next_frame(0, &Cancel::default())?.sequence;
    println!("looking");
    let error = loop {
        match live.next_frame(after, &Cancel::default()) {
            Ok(frame) => after = frame.sequence,
            Err(error) => break error,
        }
    };
    println!("gone: {error}");
    drop(live);
    loop {
        match open(&cameras, name).and_then(|live| live.next_frame(0, &Cancel::default())) {
            Ok(_) => break,
            Err(CameraError::NoSuch(_) | CameraError::Unplugged(_) | CameraError::NotAllowed(_)) => {
                sleep(BETWEEN);
            }
            Err(error) => return Err(error.into()),
        }
    }
    println!("back");
    Ok(ExitCode::SUCCESS)
}

/// Shows the bytes of a file as each picture, until it is killed.
fn feed(device: &str, code: &str, width: u32, height: u32, file: &str) -> Result<ExitCode> {
    let bytes = fs::read(file).with_context(|| file.to_owned())?;
    let mut device = Device::with_path(Path::new(device))?;
    let code: [u8; 4] = code.as_bytes().try_into()?;
    let given = Output::set_format(&device, &Format::new(width, height, FourCC::new(&code)))?;
    println!("feeding {} {}x{}", given.fourcc, given.width, given.height);
    loop {
        device.write_all(&bytes)?;
        sleep(BETWEEN);
    }
}

/// Sets a driver's control by its name.
fn control(device: &str, name: &str, value: i64) -> Result<ExitCode> {
    let device = Device::with_path(Path::new(device))?;
    let controls = device.query_controls()?;
    let found = controls.iter().find(|control| control.name == name).with_context(|| name.to_owned())?;
    device.set_control(Control { id: found.id, value: Value::Integer(value) })?;
    Ok(ExitCode::SUCCESS)
}

/// The service's name and root object, and the interface of a camera's object.
const NAME: &str = "org.descry.Descry1";
const ROOT: &str = "/org/descry/Descry1";
const SOURCE: &str = "org.descry.Descry1.Source";

/// Properties by their names.
type Properties = HashMap<String, OwnedValue>;

fn on_the_bus(work: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the cameras' objects, and then all that is told of them, until it is killed.
async fn objects() -> Result<()> {
    let bus = Connection::session().await?;
    let rule = MatchRule::builder().msg_type(message::Type::Signal).sender(NAME)?.build();
    let mut signals = MessageStream::for_match_rule(rule, &bus, Some(64)).await?;
    let manager = ObjectManagerProxy::builder(&bus).destination(NAME)?.path(ROOT)?.build().await?;
    for path in manager.get_managed_objects().await?.keys().filter(|path| path.contains("/source/")) {
        println!("there: {path}");
    }
    println!("watching");
    while let Some(signal) = signals.next().await {
        let signal = signal?;
        let header = signal.header();
        let path = header.path().map(ToString::to_string).unwrap_or_default();
        let member = header.member().map(ToString::to_string);
        match member.as_deref() {
            Some("InterfacesAdded") => {
                let (path, told): (OwnedObjectPath, HashMap<String, Properties>) =
                    signal.body().deserialize()?;
                let name = told.get(SOURCE).and_then(|properties| properties.get("Name"));
                println!("came: {path} {}", name.map(|name| format!("{:?}", **name)).unwrap_or_default());
            }
            Some("InterfacesRemoved") => {
                let (path, _): (OwnedObjectPath, Vec<String>) = signal.body().deserialize()?;
                println!("went: {path}");
            }
            Some("PropertiesChanged") if path.contains("/source/") => {
                let (_, changed, _): (String, Properties, Vec<String>) = signal.body().deserialize()?;
                for (name, value) in changed {
                    println!("changed: {path} {name} {:?}", *value);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reserves a camera and holds it until it is killed.
async fn claim(path: &str) -> Result<()> {
    let bus = Connection::session().await?;
    let options = Properties::new();
    bus.call_method(Some(NAME), path, Some(SOURCE), "Claim", &(options,)).await?;
    println!("reserved");
    std::future::pending().await
}
