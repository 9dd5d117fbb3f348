//! Looking at the screen of an X server: which part, through shared memory where server and program have the same
//! memory, else through the connection, a strip at a time.
//!
//! What is seen is taken, so a window that lies half under another shows that other one there, as a person beside the
//! screen would see it.

use std::{fs::File, os::unix::fs::FileExt};

use image::RgbImage;
use rustix::fs::MemfdFlags;
use tracing::debug;
use x11rb::{
    connection::{Connection, RequestConnection},
    errors::{ConnectError, ConnectionError, ReplyError},
    protocol::{
        randr::{self, ConnectionExt as _},
        screensaver::{self, ConnectionExt as _},
        shm::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, ImageFormat, ImageOrder, Screen as Root, Window},
    },
    rust_connection::RustConnection,
};

use super::{
    Reached, ScreenError, Target,
    pixels::Layout,
    seen::{Active, Place, Seen},
    window,
};
use crate::{frame::Area, request::Cancel, source::MAXIMUM_PIXELS};

/// Bytes that are taken at once: a screen of 2560 x 1600 pixels. It bounds the memory beside the picture itself.
const STRIP_BYTES: usize = 16 << 20;

/// What an X server calls the extension that it has when it is a guest of a Wayland compositor.
const XWAYLAND: &[u8] = b"XWAYLAND";

/// A connection, and the screen that it shows.
struct Server {
    connection: RustConnection,
    screen: usize,
    /// Whether the server can be given memory: it is on this machine.
    is_local: bool,
}

impl Server {
    fn connect(display: &str) -> Result<Self, ScreenError> {
        if !has_port(display) {
            let reason = "there is no display of that number".to_owned();
            return Err(ScreenError::NoServer { display: display.to_owned(), reason });
        }
        let (connection, screen) = RustConnection::connect(Some(display)).map_err(|error| match error {
            ConnectError::SetupAuthenticate(_) => ScreenError::NotAllowed(display.to_owned()),
            ConnectError::SetupFailed(failed) => {
                let reason = String::from_utf8_lossy(&failed.reason).trim().to_owned();
                // What servers say where a key is missing or wrong, each in its own words.
                if reason.to_lowercase().contains("authoriz") || reason.to_lowercase().contains("authentic") {
                    ScreenError::NotAllowed(display.to_owned())
                } else {
                    ScreenError::NoServer { display: display.to_owned(), reason }
                }
            }
            error => ScreenError::NoServer { display: display.to_owned(), reason: error.to_string() },
        })?;
        // "localhost:10" is a server at the other end of ssh; ":0" and "unix:0" are sockets of this machine.
        let is_local = display.starts_with([':', '/']) || display.starts_with("unix:");
        let server = Self { connection, screen, is_local };
        if server.connection.query_extension(XWAYLAND)?.reply()?.present {
            return Err(ScreenError::Wayland);
        }
        Ok(server)
    }

    fn root(&self) -> &Root {
        &self.connection.setup().roots[self.screen]
    }

    /// The whole screen as it is now: it may have been turned or got a monitor since the connection was made.
    fn size(&self) -> Result<Area, ScreenError> {
        let geometry = self.connection.get_geometry(self.root().root)?.reply()?;
        Ok(Area { x: 0, y: 0, width: geometry.width.into(), height: geometry.height.into() })
    }

    /// The monitors, from left to right; none where the server cannot tell.
    fn monitors(&self) -> Result<Vec<Area>, ScreenError> {
        let has_randr = self.connection.extension_information(randr::X11_EXTENSION_NAME)?.is_some();
        if !has_randr {
            return Ok(Vec::new());
        }
        let version = self.connection.randr_query_version(1, 5)?.reply()?;
        if (version.major_version, version.minor_version) < (1, 5) {
            return Ok(Vec::new());
        }
        let reply = self.connection.randr_get_monitors(self.root().root, true)?.reply()?;
        let mut monitors: Vec<Area> = reply
            .monitors
            .iter()
            .map(|monitor| Area {
                x: monitor.x.into(),
                y: monitor.y.into(),
                width: monitor.width.into(),
                height: monitor.height.into(),
            })
            .collect();
        monitors.sort_by_key(|monitor| (monitor.x, monitor.y));
        Ok(monitors)
    }

    /// Whether a screen saver covers all.
    fn is_covered(&self) -> Result<bool, ScreenError> {
        if self.connection.extension_information(screensaver::X11_EXTENSION_NAME)?.is_none() {
            return Ok(false);
        }
        let saver = self.connection.screensaver_query_info(self.root().root)?.reply()?;
        Ok(saver.state == u8::from(screensaver::State::ON))
    }

    fn layout(&self, depth: u8, visual: u32) -> Result<Layout, ScreenError> {
        let setup = self.connection.setup();
        let format = setup.pixmap_formats.iter().find(|format| format.depth == depth);
        let visuals =
            setup.roots.iter().flat_map(|root| &root.allowed_depths).flat_map(|depth| &depth.visuals);
        let visual = visuals.into_iter().find(|candidate| candidate.visual_id == visual);
        let big_endian = setup.image_byte_order == ImageOrder::MSB_FIRST;
        format
            .zip(visual)
            .and_then(|(format, visual)| {
                let masks = [visual.red_mask, visual.green_mask, visual.blue_mask];
                Layout::new(format.bits_per_pixel, format.scanline_pad, big_endian, masks)
            })
            .ok_or(ScreenError::Depth(depth))
    }

    /// What is seen in an area of the screen, which must lie within it.
    fn picture(&self, area: Area, cancel: &Cancel) -> Result<RgbImage, ScreenError> {
        let size = (area.width, area.height);
        if area.pixels() > MAXIMUM_PIXELS {
            return Err(ScreenError::TooLarge { size });
        }
        let root = self.root();
        let layout = self.layout(root.root_depth, root.root_visual)?;
        let row_bytes = layout.row_bytes(area.width);
        let strip_rows = (STRIP_BYTES / row_bytes.max(1)).clamp(1, area.height as usize);
        let mut strips = Strips::new(self, row_bytes * strip_rows);
        let mut picture = RgbImage::new(area.width, area.height);
        let (mut y, width) = (area.y, area.width);
        for out in picture.chunks_mut(width as usize * 3 * strip_rows) {
            if cancel.is_cancelled() {
                return Err(ScreenError::Cancelled);
            }
            let height = (out.len() / (width as usize * 3)) as u32;
            let rows = strips.take(Area { y, height, ..area }, row_bytes * height as usize)?;
            if !layout.read(rows, width, out) {
                return Err(ScreenError::Refused("it sent too few pixels".to_owned()));
            }
            y += height as i32;
        }
        Ok(picture)
    }
}

/// Whether the number of a display belongs to a port: x11rb adds 6000 to it, and ends the thread where that is too much.
fn has_port(display: &str) -> bool {
    let number = display.rsplit_once(':').map(|(_, number)| number.split('.').next().unwrap_or_default());
    number.is_none_or(|number| number.parse().is_ok_and(|number: u16| number.checked_add(6000).is_some()))
}

/// Takes one strip of the screen after the other.
struct Strips<'a> {
    server: &'a Server,
    shared: Option<Shared>,
    rows: Vec<u8>,
}

/// Memory that the server writes to. It is read as the file that it is, so that no pointer into it is ever held.
struct Shared {
    segment: u32,
    memory: File,
}

impl<'a> Strips<'a> {
    fn new(server: &'a Server, bytes: usize) -> Self {
        let shared = if server.is_local { Shared::attach(server, bytes) } else { None };
        Self { server, shared, rows: Vec::new() }
    }

    /// The bytes of an area's rows.
    fn take(&mut self, area: Area, bytes: usize) -> Result<&[u8], ScreenError> {
        let (connection, root) = (&self.server.connection, self.server.root().root);
        // An X server's screen is at most 32767 pixels wide and high, so these fit.
        let (x, y, width, height) = (area.x as i16, area.y as i16, area.width as u16, area.height as u16);
        if let Some(Shared { segment, memory }) = &self.shared {
            let format = ImageFormat::Z_PIXMAP.into();
            connection.shm_get_image(root, x, y, width, height, u32::MAX, format, *segment, 0)?.reply()?;
            self.rows.resize(bytes, 0);
            memory.read_exact_at(&mut self.rows, 0).map_err(ScreenError::Memory)?;
        } else {
            let image = connection.get_image(ImageFormat::Z_PIXMAP, root, x, y, width, height, u32::MAX)?;
            self.rows = image.reply()?.data;
        }
        Ok(&self.rows)
    }
}

impl Drop for Strips<'_> {
    fn drop(&mut self) {
        if let Some(Shared { segment, .. }) = &self.shared {
            // The connection ends soon, and the segment with it.
            let _ = self.server.connection.shm_detach(*segment);
        }
    }
}

impl Shared {
    /// Shares memory with the server; `None` where that is not to be, which costs time and nothing else.
    fn attach(server: &Server, bytes: usize) -> Option<Self> {
        let connection = &server.connection;
        connection.extension_information(shm::X11_EXTENSION_NAME).ok()??;
        let version = connection.shm_query_version().ok()?.reply().ok()?;
        // Before 1.2 the memory had to be of System V, which would need pointers.
        if (version.major_version, version.minor_version) < (1, 2) {
            return None;
        }
        let memory = rustix::fs::memfd_create("descry-screen", MemfdFlags::CLOEXEC).ok()?;
        let memory = File::from(memory);
        memory.set_len(bytes as u64).ok()?;
        let segment = connection.generate_id().ok()?;
        let attached = connection.shm_attach_fd(segment, memory.try_clone().ok()?, false);
        match attached.ok()?.check() {
            Ok(()) => Some(Self { segment, memory }),
            Err(error) => {
                debug!(%error, "no memory is shared with the X server");
                None
            }
        }
    }
}

/// Looks at a part of the screen.
pub(super) fn capture(display: &str, target: Target, cancel: &Cancel) -> Result<Seen, ScreenError> {
    let server = Server::connect(display)?;
    if server.is_covered()? {
        return Err(ScreenError::Locked);
    }
    let (connection, root) = (&server.connection, server.root().root);
    let (screen, monitors) = (server.size()?, server.monitors()?);
    // Between monitors of different sizes lies what nobody sees.
    let seen = monitors.iter().copied().reduce(Area::union).and_then(|all| all.intersection(screen));
    let seen = seen.unwrap_or(screen);
    let size = (screen.width, screen.height);
    let active = window::active(connection, root)?;
    let area = match target {
        Target::Screen => seen,
        Target::Region(region) => region.intersection(seen).ok_or(ScreenError::RegionOutside(size))?,
        Target::Window => {
            let active = active.ok_or(ScreenError::NoWindow)?;
            let area = window::visible_area(connection, root, active)?.intersection(seen);
            area.ok_or(ScreenError::WindowOutside(size))?
        }
    };
    let had_active = active.is_some();
    let active = match active {
        Some(active) => told(&server, target, active, area)?,
        None => None,
    };
    // A rectangle beside the active window is not idle, and a window that was just closed is active no more.
    let is_idle = active.is_none() && !(had_active && matches!(target, Target::Region(_)));
    let mut pixels = server.picture(area, cancel)?;
    let monitors: Vec<Area> =
        monitors.iter().filter_map(|monitor| Some(monitor.intersection(area)?.relative_to(area))).collect();
    blacken_between(&mut pixels, &monitors);
    Ok(Seen { pixels, view: target.view(), monitors, active, is_idle, place: Place::OnScreen(area) })
}

/// The names of the active window. A rectangle beside it is not called by its name, and nor is a screen whose window
/// was closed just now.
fn told(server: &Server, target: Target, active: Window, area: Area) -> Result<Option<Active>, ScreenError> {
    let (connection, root) = (&server.connection, server.root().root);
    let told = || {
        let place = window::visible_area(connection, root, active)?;
        if matches!(target, Target::Region(_)) && place.intersection(area).is_none() {
            return Ok(None);
        }
        let window::Names { application, title, process } = window::names(connection, active)?;
        Ok(Some(Active { application, title, process, area: Some(place) }))
    };
    match (told(), target) {
        (Err(ScreenError::WindowGone | ScreenError::HiddenWindow), Target::Screen | Target::Region(_)) => {
            Ok(None)
        }
        (result, _) => result,
    }
}

/// Paints black what no monitor shows. Without monitors all is shown.
fn blacken_between(picture: &mut RgbImage, monitors: &[Area]) {
    let all = Area { x: 0, y: 0, width: picture.width(), height: picture.height() };
    if monitors.is_empty() || monitors.contains(&all) {
        return;
    }
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let here = Area { x: x as i32, y: y as i32, width: 1, height: 1 };
        if !monitors.iter().any(|monitor| monitor.intersection(here).is_some()) {
            pixel.0 = [0; 3];
        }
    }
}

/// Tries the way to the screen without looking at it.
pub(super) fn try_reach(display: &str) -> Result<Reached, ScreenError> {
    let server = Server::connect(display)?;
    let (size, monitors) = (server.size()?, server.monitors()?);
    let root = server.root();
    server.layout(root.root_depth, root.root_visual)?;
    Ok(Reached::X11 {
        size: (size.width, size.height),
        monitors: monitors.len().max(1),
        has_window_manager: window::has_manager(&server.connection, root.root)?,
    })
}

impl From<ConnectionError> for ScreenError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::IoError(_) => Self::Lost,
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<ReplyError> for ScreenError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => Self::Refused(format!("{:?}", error.error_kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn what_no_monitor_shows_is_black() {
        let white = || RgbImage::from_pixel(4, 3, Rgb([255; 3]));
        let area = |x, y, width, height| Area { x, y, width, height };
        for (monitors, black) in [
            (vec![], vec![]),
            (vec![area(0, 0, 4, 3)], vec![]),
            (vec![area(0, 0, 2, 3), area(2, 0, 2, 2)], vec![(2, 2), (3, 2)]),
        ] {
            let mut picture = white();
            blacken_between(&mut picture, &monitors);
            let found: Vec<(u32, u32)> = picture
                .enumerate_pixels()
                .filter(|(_, _, pixel)| pixel.0 == [0; 3])
                .map(|(x, y, _)| (x, y))
                .collect();
            assert_eq!(found, black, "{monitors:?}");
        }
    }
}
