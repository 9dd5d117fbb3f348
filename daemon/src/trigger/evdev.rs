//! The button of a wearable: a key of an input device, such as `gpio-keys`, read from the kernel.
//!
//! A device that is unplugged and plugged in again goes on. The kernel tells of new devices and of new permissions through
//! inotify on the folder of the devices, so nothing is asked again and again.

mod devices;
mod folder;

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, Instant},
};

use evdev::{EventStream, EventSummary, KeyCode};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{sleep_until, timeout};
use tracing::info;

use super::{
    Action, Bound, Button, Notices, Problem, State, Trigger, TriggerError, Way, nearest_name,
    pattern::{Pattern, Press, Step},
};
use crate::words::{Message, message};
use devices::{Found, Wanted};
use folder::Folder;

/// Where the kernel's input devices are, and where it says what they can do.
const DEVICES: &str = "/dev/input";
const CAPABILITIES: &str = "/sys/class/input";

/// How long the system may take to permit a device that has come.
const PERMISSION_TIME: Duration = Duration::from_secs(1);

/// One more than the highest number of a key.
const KEY_COUNT: u16 = 0x300;

/// Checks the kernel's name of a key.
pub(super) fn check_key(name: &str) -> Result<(), Message> {
    if name.parse::<KeyCode>().is_ok() {
        return Ok(());
    }
    let names: Vec<String> = (0..KEY_COUNT).map(|code| format!("{:?}", KeyCode(code))).collect();
    let names: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !name.starts_with("unknown")).collect();
    let nearest = nearest_name(name, &names).map(|nearest| message!("trigger-nearest", name = nearest));
    // There are hundreds.
    let hint = nearest.unwrap_or_else(|| message!("trigger-usual-buttons"));
    Err(message!("trigger-no-kernel-key", name = format!("{name:?}"), hint = hint))
}

/// A button, by the name of its key.
#[derive(Debug)]
pub struct KernelButton {
    settings: Button,
    wanted: Wanted,
}

impl KernelButton {
    /// The button of the settings, where they name one.
    #[must_use]
    pub fn new(settings: &Button) -> Option<Self> {
        let key = settings.key.as_deref()?.parse().ok()?;
        let wanted = Wanted { key, device: settings.device.clone(), grab: settings.grab };
        Some(Self { settings: settings.clone(), wanted })
    }

    fn action(&self, press: Press) -> Option<Action> {
        match press {
            Press::Short => self.settings.short,
            Press::Long => self.settings.long,
            Press::Double => self.settings.double,
        }
    }

    /// The presses that do something.
    fn bound(&self) -> Vec<Bound> {
        [("short", Press::Short), ("long", Press::Long), ("double", Press::Double)]
            .into_iter()
            .filter_map(|(name, press)| {
                let trigger = format!("{:?}, {name}", self.wanted.key);
                Some(Bound { trigger, action: self.action(press)? })
            })
            .collect()
    }

    fn state(&self, is_there: bool, mut problems: Vec<TriggerError>) -> State {
        if !is_there && problems.is_empty() {
            problems.push(TriggerError::NoDevice(format!("{:?}", self.wanted.key)));
        }
        // Who has one that works need not hear of another.
        let problems = problems.into_iter().map(|error| Problem { error, is_spoken: !is_there }).collect();
        State { bound: if is_there { self.bound() } else { Vec::new() }, problems }
    }

    async fn watch(self, notices: Notices) {
        self.watch_in(Path::new(DEVICES), Path::new(CAPABILITIES), notices).await;
    }

    async fn watch_in(self, devices: &Path, capabilities: &Path, notices: Notices) {
        let (mut folder, unwatched) = match Folder::watch(devices) {
            Ok(folder) => (Some(folder), None),
            Err(error) => {
                let error = TriggerError::NoWatch(error.to_string());
                (None, Some(Problem { error, is_spoken: false }))
            }
        };
        let begin = Instant::now();
        let mut pattern = Pattern::new(self.settings.times());
        let mut open: FuturesUnordered<Reading> = FuturesUnordered::new();
        let mut paths: Vec<PathBuf> = Vec::new();
        let mut told = None;
        loop {
            let look = || devices::find(devices, capabilities, &self.wanted, &paths);
            let mut found = look();
            // A device that has just come may be permitted a moment later.
            while found.is_forbidden() && timeout(PERMISSION_TIME, changed(folder.as_mut())).await.is_ok() {
                found = look();
            }
            let Found { opened, problems } = found;
            for (path, stream) in opened {
                info!(path = %path.display(), name = stream.device().name(), "the button is there");
                paths.push(path.clone());
                open.push(read(path, stream));
            }
            let mut state = self.state(!paths.is_empty(), problems);
            state.problems.extend(unwatched.clone());
            if told.as_ref() != Some(&state) {
                notices.state(state.clone()).await;
                told = Some(state);
            }
            // Until a device comes or goes.
            loop {
                let deadline = pattern.deadline();
                tokio::select! {
                    biased;
                    Some((path, stream, event)) = open.next() => match event {
                        Ok(event) => {
                            open.push(read(path, stream));
                            let step = match event.destructure() {
                                EventSummary::Key(_, key, 1) if key == self.wanted.key => Step::Down,
                                EventSummary::Key(_, key, 0) if key == self.wanted.key => Step::Up,
                                _ => continue,
                            };
                            self.press(pattern.step(step, begin.elapsed()), &notices).await;
                        }
                        Err(error) => {
                            info!(path = %path.display(), %error, "the button is gone");
                            paths.retain(|other| *other != path);
                            pattern.forget();
                            break;
                        }
                    },
                    () = sleep_until((begin + deadline.unwrap_or_default()).into()), if deadline.is_some() => {
                        self.press(pattern.step(Step::Wait, begin.elapsed()), &notices).await;
                    }
                    () = changed(folder.as_mut()) => break,
                }
            }
        }
    }

    async fn press(&self, press: Option<Press>, notices: &Notices) {
        if let Some(action) = press.and_then(|press| self.action(press)) {
            notices.press(action).await;
        }
    }
}

impl Trigger for KernelButton {
    fn way(&self) -> Way {
        Way::Evdev
    }

    fn watch(self: Box<Self>, notices: Notices) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin((*self).watch(notices))
    }
}

/// One more event of a device.
type Reading =
    Pin<Box<dyn Future<Output = (PathBuf, EventStream, std::io::Result<evdev::InputEvent>)> + Send>>;

fn read(path: PathBuf, mut stream: EventStream) -> Reading {
    Box::pin(async move {
        let event = stream.next_event().await;
        (path, stream, event)
    })
}

/// Waits until a device may have come; for ever where nobody tells.
async fn changed(folder: Option<&mut Folder>) {
    match folder {
        Some(folder) => folder.changed().await,
        None => std::future::pending().await,
    }
}

/// Tries whether the button could be read, without keeping it.
#[must_use]
pub fn try_reach(settings: &Button) -> Option<Result<String, TriggerError>> {
    let button = KernelButton::new(settings)?;
    let wanted = Wanted { grab: false, ..button.wanted };
    let Found { opened, mut problems } =
        devices::find(Path::new(DEVICES), Path::new(CAPABILITIES), &wanted, &[]);
    Some(match (opened.first(), problems.pop()) {
        (Some((_, stream)), _) => Ok(stream.device().name().unwrap_or("a device without name").to_owned()),
        (None, Some(error)) => Err(error),
        (None, None) => Err(TriggerError::NoDevice(format!("{:?}", wanted.key))),
    })
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::{super::Notice, *};

    #[tokio::test]
    async fn what_cannot_be_watched_is_told_beside_what_is_missing() {
        let button = Button { key: Some("KEY_CAMERA".to_owned()), ..Button::default() };
        let (sender, mut notices) = mpsc::channel(1);
        let notices_of = Notices { way: Way::Evdev, sender };
        let nowhere = tempfile::tempdir().unwrap().path().join("none/input");
        let watch = KernelButton::new(&button).unwrap();
        tokio::spawn(async move { watch.watch_in(&nowhere, &nowhere, notices_of).await });
        let (_, Notice::State(State { bound, problems })) = notices.recv().await.unwrap() else {
            panic!("nothing was pressed")
        };
        assert!(bound.is_empty());
        let [missing, unwatched] = &problems[..] else { panic!("{problems:?}") };
        assert!(missing.error == TriggerError::NoDevice("KEY_CAMERA".to_owned()) && missing.is_spoken);
        assert!(matches!(unwatched.error, TriggerError::NoWatch(_)) && !unwatched.is_spoken);
    }
}
