//! Looking at the screen of a Wayland session, by asking the desktop's portal for a screenshot.
//!
//! The portal writes its picture to a file and names it. That file is deleted as soon as it is read, and also when
//! nobody wants it any more: [`Shot`] deletes it when it is dropped.

use std::{
    fs,
    os::unix::{ffi::OsStringExt, fs::MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ashpd::{
    AppID,
    desktop::{
        ResponseError,
        screenshot::{AvailableTargets, ScreenshotOptions, ScreenshotProxy},
    },
};
use image::RgbImage;
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};
use tracing::{debug, warn};
use zbus::{Connection, Proxy, fdo, proxy::CacheProperties};

use super::{ScreenError, Target};
use crate::{
    request::Cancel,
    source::{SourceError, file},
};

/// The name, the object and the interface of the portal.
const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.Screenshot";

/// What Descry is called where the desktop asks whether it may look.
const APPLICATION: &str = "org.descry.Descry1";

/// How long the portal may take to start and to say which version it is.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// How long it may take to answer; a person may have to read a dialog first.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// How long a picture that nobody wants any more is waited for, so that it can be deleted.
const LATE_LIMIT: Duration = Duration::from_secs(5);

/// A picture that the portal took.
pub(super) struct Picture {
    pub(super) pixels: RgbImage,
    /// Whether it shows the active window alone.
    pub(super) is_window: bool,
}

/// What was found when the portal was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The version of its interface.
    pub(super) version: u32,
}

/// The file that the portal wrote. It is deleted with this value.
#[derive(Debug)]
struct Shot {
    file: PathBuf,
    is_window: bool,
    /// Before the portal was asked. What is older is no picture that it took for us, and stays.
    asked_at: SystemTime,
}

impl Drop for Shot {
    fn drop(&mut self) {
        let is_new = fs::symlink_metadata(&self.file).is_ok_and(|found| {
            let is_ours = found.uid() == rustix::process::geteuid().as_raw();
            found.is_file() && is_ours && found.modified().is_ok_and(|written| written >= self.asked_at)
        });
        if !is_new {
            return;
        }
        if let Err(error) = fs::remove_file(&self.file) {
            warn!(%error, "the portal's picture could not be deleted");
        }
    }
}

/// Asks for a picture, and takes it from its file. It blocks, on a thread that may.
pub(super) fn capture(target: Target, cancel: &Cancel) -> Result<Picture, ScreenError> {
    let runtime = Handle::try_current().map_err(|_| ScreenError::PortalFailed)?;
    let shot = runtime.block_on(async {
        // A task of its own, so that the file is deleted even when it comes after nobody waits for it any more.
        let asking = tokio::spawn(ask(target, cancel.clone()));
        tokio::select! {
            biased;
            _ = cancel.cancelled() => Err(ScreenError::Cancelled),
            shot = asking => shot.unwrap_or(Err(ScreenError::PortalFailed)),
        }
    })?;
    let pixels = file::read_whole(&shot.file, cancel).map_err(|error| match error {
        SourceError::Cancelled => ScreenError::Cancelled,
        error => ScreenError::PortalPicture(Box::new(error)),
    })?;
    Ok(Picture { pixels, is_window: shot.is_window })
}

async fn ask(target: Target, cancel: Cancel) -> Result<Shot, ScreenError> {
    let long_enough = async {
        tokio::select! {
            () = sleep(ANSWER_LIMIT) => {}
            () = async { cancel.cancelled().await; sleep(LATE_LIMIT).await } => {}
        }
    };
    // When the connection is dropped, the portal closes its dialog.
    tokio::select! {
        shot = request(target) => shot,
        () = long_enough => Err(ScreenError::PortalSilent),
    }
}

async fn request(target: Target) -> Result<Shot, ScreenError> {
    let connection = connect().await?;
    probe_over(&connection).await?;
    // Newer portals know programs outside of a sandbox only when they say who they are; older ones have no such object.
    if let Ok(id) = AppID::try_from(APPLICATION)
        && let Err(error) = ashpd::register_host_app_with_connection(connection.clone(), id).await
    {
        debug!(%error, "the portal does not register programs");
    }
    let portal = ScreenshotProxy::with_connection(connection).await.map_err(|error| to_error(&error))?;
    let takes_windows = matches!(target, Target::Window)
        && portal
            .available_targets()
            .await
            .is_ok_and(|targets| targets.contains(AvailableTargets::ActiveWindow));
    let asked_for = takes_windows.then_some(AvailableTargets::ActiveWindow);
    let asked_at = SystemTime::now();
    let options =
        |interactive: bool| ScreenshotOptions::default().set_interactive(interactive).set_target(asked_for);
    let mut answer = portal.screenshot(None, options(false)).await.and_then(|request| request.response());
    // Some take no picture unless the person chooses it in a dialog.
    if matches!(answer, Err(ashpd::Error::Response(ResponseError::Other))) {
        debug!("the portal wants to ask the person");
        answer = portal.screenshot(None, options(true)).await.and_then(|request| request.response());
    }
    let answer = answer.map_err(|error| to_error(&error))?;
    let file = path_of(answer.uri().as_str()).ok_or(ScreenError::PortalFailed)?;
    Ok(Shot { file, is_window: takes_windows, asked_at })
}

async fn connect() -> Result<Connection, ScreenError> {
    match timeout(PROBE_LIMIT, Connection::session()).await {
        Ok(Ok(connection)) => Ok(connection),
        _ => Err(ScreenError::NoPortal),
    }
}

/// Tries the portal without taking a picture.
pub(super) async fn probe() -> Result<Found, ScreenError> {
    probe_over(&connect().await?).await
}

/// Which version the portal has; this starts it where it does not run.
async fn probe_over(connection: &Connection) -> Result<Found, ScreenError> {
    let version = async {
        let builder =
            zbus::proxy::Builder::new(connection).destination(NAME)?.path(PATH)?.interface(INTERFACE)?;
        let proxy: Proxy<'_> = builder.cache_properties(CacheProperties::No).build().await?;
        proxy.get_property::<u32>("version").await
    };
    match timeout(PROBE_LIMIT, version).await {
        Ok(Ok(version)) => Ok(Found { version }),
        Ok(Err(error)) => {
            debug!(%error, "no screenshot portal");
            // It runs, but nobody takes pictures for it.
            let is_there = matches!(
                fdo::Error::from(error),
                fdo::Error::InvalidArgs(_) | fdo::Error::UnknownInterface(_)
            );
            Err(if is_there { ScreenError::NoScreenshots } else { ScreenError::NoPortal })
        }
        Err(_) => Err(ScreenError::PortalSilent),
    }
}

fn to_error(error: &ashpd::Error) -> ScreenError {
    debug!(%error, "the portal gave no picture");
    match error {
        ashpd::Error::Response(ResponseError::Cancelled)
        | ashpd::Error::Portal(ashpd::PortalError::NotAllowed(_) | ashpd::PortalError::Cancelled(_)) => {
            ScreenError::PortalRefused
        }
        ashpd::Error::PortalNotFound(_) => ScreenError::NoScreenshots,
        _ => ScreenError::PortalFailed,
    }
}

/// The path in an address such as `file:///tmp/a%20b.png`; `None` where it is of another kind.
fn path_of(address: &str) -> Option<PathBuf> {
    let encoded = address.strip_prefix("file://")?;
    // The name of this machine may stand before the path.
    let encoded = encoded.find('/').map(|start| &encoded[start..])?.as_bytes();
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, after @ ..] = rest {
        let digits = match (first, after) {
            (b'%', [high, low, ..]) => char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16)),
            _ => None,
        };
        if let Some((high, low)) = digits {
            bytes.push((high * 16 + low) as u8);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    let path = PathBuf::from(std::ffi::OsString::from_vec(bytes));
    Path::new(&path).is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_paths() {
        for (address, expected) in [
            ("file:///tmp/out.png", Some("/tmp/out.png")),
            ("file:///tmp/a%20b%C3%A9.png", Some("/tmp/a bé.png")),
            ("file://localhost/tmp/100%.png", Some("/tmp/100%.png")),
            ("file:///tmp/%zz%2", Some("/tmp/%zz%2")),
            ("file://", None),
            ("https://example.org/a.png", None),
            ("", None),
        ] {
            assert_eq!(path_of(address), expected.map(PathBuf::from), "{address}");
        }
    }

    #[test]
    fn only_what_was_written_since_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.png");
        let shot = |asked_at| Shot { file: file.clone(), is_window: false, asked_at };
        fs::write(&file, "a").unwrap();
        drop(shot(SystemTime::now() + Duration::from_mins(1)));
        assert!(file.exists(), "it was there before");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        drop(Shot { file: link.clone(), is_window: false, asked_at: SystemTime::UNIX_EPOCH });
        assert!(file.exists() && link.symlink_metadata().is_ok(), "a link is nobody's picture");
        drop(shot(SystemTime::UNIX_EPOCH));
        assert!(!file.exists());
    }
}
