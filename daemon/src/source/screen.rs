//! Pictures from the screen: all of it, the window that the person works in, or a rectangle, at full size and with
//! the names of the program and its window.
//!
//! The picture is held in memory and in no log. Only the portal of a Wayland session hands it over in a file, which is
//! deleted at once. Fields in which a password is typed are blank in it, as far as their programs say where they are.
//! What a person is told when there is no picture says how there could be one.

mod accessibility;
mod lock;
mod pixels;
mod portal;
mod seen;
mod session;
mod sway;
#[cfg(test)]
mod tests;
mod wayland;
mod window;
mod x11;

use std::{io, str::FromStr, time::SystemTime};

use thiserror::Error;

use super::{MAXIMUM_PIXELS, Source, SourceError};
use crate::{
    frame::{Area, Frame, Origin, View},
    request::Cancel,
    words::{Message, message},
};
pub use session::Session;
use session::Way;

/// Which part of the screen is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// All monitors.
    Screen,
    /// The active window, as far as it can be seen.
    Window,
    /// A rectangle, relative to the upper left corner of the screen.
    Region(Area),
}

impl Target {
    /// What it is called.
    #[must_use]
    pub fn view(self) -> View {
        match self {
            Self::Screen => View::Screen,
            Self::Window => View::Window,
            Self::Region(_) => View::Region,
        }
    }
}

/// Reads a rectangle as `X,Y,WIDTHxHEIGHT`, for example `0,0,640x480`.
pub fn region(text: &str) -> Result<Area, RegionError> {
    fn numbers<T: FromStr, U: FromStr>(pair: Option<(&str, &str)>) -> Option<(T, U)> {
        let (first, second) = pair?;
        Some((first.trim().parse().ok()?, second.trim().parse().ok()?))
    }
    let (corner, size) = text.rsplit_once(',').ok_or(RegionError::Shape)?;
    let (x, y) = numbers(corner.split_once(',')).ok_or(RegionError::Shape)?;
    let (width, height) = numbers(size.split_once(['x', 'X'])).ok_or(RegionError::Shape)?;
    if width == 0 || height == 0 {
        return Err(RegionError::Empty);
    }
    Ok(Area { x, y, width, height })
}

/// Why a text does not name a rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RegionError {
    /// It is not of that form.
    #[error("it must be X,Y,WIDTHxHEIGHT in pixels, for example 0,0,640x480")]
    Shape,
    /// It has no pixel.
    #[error("it has no pixels: width and height must be at least 1, for example 0,0,640x480")]
    Empty,
}

/// A screen, not yet looked at.
#[derive(Debug, Clone)]
pub struct ScreenSource {
    target: Target,
    session: Session,
}

impl Session {
    /// Tries whether the screen could be looked at, without looking. A portal is started for it.
    pub async fn try_reach(&self) -> Result<Reached, ScreenError> {
        let display = match self.way()? {
            Way::Portal => return wayland::try_reach(self).await,
            Way::X11(display) => display.to_owned(),
        };
        let reached = tokio::task::spawn_blocking(move || x11::try_reach(&display)).await;
        match reached.unwrap_or(Err(ScreenError::Lost)) {
            Err(ScreenError::Wayland) => wayland::try_reach(self).await,
            reached => reached,
        }
    }
}

/// How many programs tell of their windows, and of where passwords are typed in them; `None` where nobody can be asked.
pub async fn accessible_programs() -> Option<usize> {
    accessibility::programs().await
}

/// What was found when a screen was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// An X server shows it.
    X11 {
        /// The whole screen.
        size: (u32, u32),
        /// How many monitors it has.
        monitors: usize,
        /// Whether somebody says which window is active.
        has_window_manager: bool,
    },
    /// The desktop's portal takes pictures of it.
    Portal {
        /// The version of its interface.
        version: u32,
        /// Whether the compositor says where the active window is.
        tells_window: bool,
    },
}

impl ScreenSource {
    /// A part of the screen of a session.
    #[must_use]
    pub fn new(target: Target, session: Session) -> Self {
        Self { target, session }
    }

    /// Which part it is.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Whose screen it is.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl Source for ScreenSource {
    fn capture(self: Box<Self>, cancel: &Cancel) -> Result<Frame, SourceError> {
        let way = self.session.way()?;
        if lock::is_locked() {
            return Err(ScreenError::Locked.into());
        }
        let captured_at = SystemTime::now();
        let seen = match way {
            Way::X11(display) => match x11::capture(display, self.target, cancel) {
                // Its environment does not say so, but the X server is a guest there.
                Err(ScreenError::Wayland) => wayland::capture(&self.session, self.target, cancel)?,
                seen => seen?,
            },
            Way::Portal => wayland::capture(&self.session, self.target, cancel)?,
        };
        let (pixels, screen) = seen.into_parts(&accessibility::windows().unwrap_or_default());
        Ok(Frame { pixels, origin: Origin::Screen(screen), captured_at })
    }

    fn is_for_the_network(&self) -> bool {
        false
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// Why there is no picture of the screen. Each is one sentence that begins in lower case and has no full stop, and says
/// what to do.
#[derive(Debug, Error)]
pub enum ScreenError {
    /// Nobody is logged in where this runs.
    #[error(
        "there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set; start it in your graphical session"
    )]
    NoSession,
    /// The service shows another screen than its caller sees.
    #[error("the service descryd belongs to another session than this one; use --no-service")]
    OtherSession,
    /// The X server is the guest of a Wayland compositor and sees only its own windows. Never told: the portal is asked
    /// then.
    #[error("the X server shows a part of a Wayland session only")]
    Wayland,
    /// Nobody can be asked for a picture of a Wayland session.
    #[error(
        "on Wayland the desktop's portal shows the screen, and none answers here; install xdg-desktop-portal and the one of \
         your desktop, such as xdg-desktop-portal-gnome, -kde or -wlr, and log in again"
    )]
    NoPortal,
    /// The portal runs and takes no pictures.
    #[error(
        "the desktop's portal takes no pictures of the screen here; install the one of your desktop, such as \
         xdg-desktop-portal-gnome, -kde or -wlr, and log in again"
    )]
    NoScreenshots,
    /// The person, or the desktop, said no.
    #[error(
        "the desktop did not let Descry look at the screen; ask again and allow it, or allow it in the desktop's \
         settings, where screenshots are among the permissions"
    )]
    PortalRefused,
    /// It said neither yes nor no.
    #[error(
        "the desktop's portal did not answer; perhaps it waits in a dialog for your permission: look for one, and ask \
         again"
    )]
    PortalSilent,
    /// It failed and did not say why.
    #[error(
        "the desktop's portal could not take a picture of the screen; ask again, and if it stays so, log in anew"
    )]
    PortalFailed,
    /// What it wrote is no picture.
    #[error("the picture that the desktop's portal took cannot be used: {0}")]
    PortalPicture(#[source] Box<SourceError>),
    /// The server does not answer.
    #[error(
        "the X server {display} cannot be reached ({reason}); check that the session runs and that DISPLAY names it"
    )]
    NoServer {
        /// The name of the server.
        display: String,
        /// What the connection said.
        reason: String,
    },
    /// The server answers, but not to this program.
    #[error(
        "the X server {0} lets nobody in who has no key; run Descry as the person who is logged in there, or set XAUTHORITY"
    )]
    NotAllowed(String),
    /// The connection ended while the screen was looked at.
    #[error("the X server closed the connection; if your session still runs, ask again")]
    Lost,
    /// A screen saver covers the screen.
    #[error("the screen is locked or its screen saver runs; wake or unlock it, and ask again")]
    Locked,
    /// No window has the keyboard.
    #[error("no window is active; change to one, for example with Alt and Tab, or ask for the whole screen")]
    NoWindow,
    /// The active window is not shown.
    #[error("the active window is hidden or minimised; bring it to the front, or ask for the whole screen")]
    HiddenWindow,
    /// The active window was closed meanwhile.
    #[error("the window was closed before it could be looked at; ask again")]
    WindowGone,
    /// The active window lies beside the screen, which has this size.
    #[error(
        "the active window lies outside the screen, which is {} x {} pixels large; move it there, or ask for the whole \
         screen",
        .0.0, .0.1
    )]
    WindowOutside((u32, u32)),
    /// The rectangle lies beside the screen, which has this size.
    #[error(
        "the region lies outside the screen, which is {} x {} pixels large; name one that lies on it",
        .0.0, .0.1
    )]
    RegionOutside((u32, u32)),
    /// More pixels than are taken.
    #[error(
        "the screen is too large: {} x {} pixels, where at most {} megapixels are taken; ask for a window or a region",
        .size.0, .size.1, MAXIMUM_PIXELS / 1_000_000
    )]
    TooLarge {
        /// The size of what was asked for.
        size: (u32, u32),
    },
    /// Pixels of a kind that is not understood.
    #[error("the screen has {0} bits of colour, which cannot be read; set it to 24 bits")]
    Depth(u8),
    /// The server refused.
    #[error("the X server refused to show the screen ({0}); ask again, and if it stays so, report it")]
    Refused(String),
    /// The system gave no memory that can be shared.
    #[error(
        "the system gave no memory for the screen ({0}); close a program that you do not need, and ask again"
    )]
    Memory(#[source] io::Error),
    /// Nobody wants the picture any more.
    #[error("the request was called off")]
    Cancelled,
}

impl ScreenError {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NoSession => message!("source-no-session"),
            Self::OtherSession => message!("source-other-session"),
            Self::Wayland => message!("source-wayland"),
            Self::NoPortal => message!("source-no-portal"),
            Self::NoScreenshots => message!("source-no-screenshots"),
            Self::PortalRefused => message!("source-portal-refused"),
            Self::PortalSilent => message!("source-portal-silent"),
            Self::PortalFailed => message!("source-portal-failed"),
            Self::PortalPicture(error) => message!("source-portal-picture", reason = error.message()),
            Self::NoServer { display, reason } => {
                message!("source-no-server", display = display, reason = reason)
            }
            Self::NotAllowed(display) => message!("source-server-forbidden", display = display),
            Self::Lost => message!("source-server-lost"),
            Self::Locked => message!("source-locked"),
            Self::NoWindow => message!("source-no-active-window"),
            Self::HiddenWindow => message!("source-hidden-window"),
            Self::WindowGone => message!("source-window-gone"),
            Self::WindowOutside((width, height)) => {
                message!("source-window-outside", width = *width, height = *height)
            }
            Self::RegionOutside((width, height)) => {
                message!("source-region-outside", width = *width, height = *height)
            }
            Self::TooLarge { size: (width, height) } => message!(
                "source-screen-too-large",
                width = *width,
                height = *height,
                megapixels = MAXIMUM_PIXELS / 1_000_000
            ),
            Self::Depth(bits) => message!("source-depth", bits = *bits),
            Self::Refused(reason) => message!("source-server-refused", reason = reason),
            Self::Memory(reason) => message!("source-no-memory", reason = reason.to_string()),
            Self::Cancelled => message!("failure-cancelled"),
        }
    }
}
