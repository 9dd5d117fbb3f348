//! Which window of an X server the person works in, where it is, and what it and its program are called.

use std::fs;

use x11rb::{
    connection::RequestConnection,
    errors::ReplyError,
    protocol::{
        ErrorKind,
        xproto::{Atom, AtomEnum, ConnectionExt, GetPropertyReply, MapState, Window},
    },
};

use super::ScreenError;
use crate::frame::Area;

/// The longest name that is kept, in characters. Browsers put the title of a page there, which may be anything.
pub(super) const LONGEST_NAME: usize = 200;

/// How much of a property is read, in units of four bytes.
const PROPERTY_LENGTH: u32 = 1024;

/// How deep windows can lie in each other before this gives up on finding the outermost.
const DEEPEST: usize = 64;

/// What a window and its program are called.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The program's name for itself, as in "Firefox".
    pub(super) application: Option<String>,
    /// The title.
    pub(super) title: Option<String>,
    /// The program's process, where it runs on this machine and says so.
    pub(super) process: Option<u32>,
}

/// A request about a window that is gone is no fault of anybody.
fn of_window<T>(result: Result<T, ReplyError>) -> Result<T, ScreenError> {
    result.map_err(|error| match error {
        ReplyError::X11Error(error)
            if matches!(error.error_kind, ErrorKind::Window | ErrorKind::Drawable | ErrorKind::Match) =>
        {
            ScreenError::WindowGone
        }
        error => error.into(),
    })
}

fn atom(connection: &impl RequestConnection, name: &str) -> Result<Atom, ScreenError> {
    Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
}

fn property(
    connection: &impl RequestConnection,
    window: Window,
    property: Atom,
) -> Result<GetPropertyReply, ScreenError> {
    of_window(connection.get_property(false, window, property, AtomEnum::ANY, 0, PROPERTY_LENGTH)?.reply())
}

/// Whether a window manager tells which window is active.
pub(super) fn has_manager(connection: &impl RequestConnection, root: Window) -> Result<bool, ScreenError> {
    let check = property(connection, root, atom(connection, "_NET_SUPPORTING_WM_CHECK")?)?;
    let Some(child) = check.value32().and_then(|mut values| values.next()) else { return Ok(false) };
    // One that has ended leaves its mark behind; its window is gone.
    Ok(connection.get_window_attributes(child)?.reply().is_ok())
}

/// The window that has the keyboard, if any has.
pub(super) fn active(
    connection: &impl RequestConnection,
    root: Window,
) -> Result<Option<Window>, ScreenError> {
    if has_manager(connection, root)? {
        let active = property(connection, root, atom(connection, "_NET_ACTIVE_WINDOW")?)?;
        // Where it names none, the keyboard is with a window of the manager's own, which nobody sees.
        let active = active.value32().and_then(|mut values| values.next());
        return Ok(active.filter(|window| *window != x11rb::NONE));
    }
    let focus = connection.get_input_focus()?.reply()?.focus;
    match focus {
        x11rb::NONE => Ok(None),
        // The keys go to what is under the pointer.
        1 => Ok(Some(connection.query_pointer(root)?.reply()?.child).filter(|child| *child != x11rb::NONE)),
        window if window == root => Ok(None),
        window => outermost(connection, root, window),
    }
}

/// The window with a name that holds `window`, which may be one line of text in it.
fn outermost(
    connection: &impl RequestConnection,
    root: Window,
    window: Window,
) -> Result<Option<Window>, ScreenError> {
    let (mut window, mut named) = (window, None);
    for _ in 0..DEEPEST {
        if property(connection, window, AtomEnum::WM_CLASS.into())?.value_len > 0 {
            named = Some(window);
        }
        let parent = of_window(connection.query_tree(window)?.reply())?.parent;
        if parent == root || parent == x11rb::NONE {
            break;
        }
        window = parent;
    }
    Ok(Some(named.unwrap_or(window)))
}

/// Where a window is on the screen, without its frame; parts of it may lie outside.
pub(super) fn visible_area(
    connection: &impl RequestConnection,
    root: Window,
    window: Window,
) -> Result<Area, ScreenError> {
    let attributes = of_window(connection.get_window_attributes(window)?.reply())?;
    if attributes.map_state != MapState::VIEWABLE {
        return Err(ScreenError::HiddenWindow);
    }
    let geometry = of_window(connection.get_geometry(window)?.reply())?;
    let place = of_window(connection.translate_coordinates(window, root, 0, 0)?.reply())?;
    Ok(Area {
        x: place.dst_x.into(),
        y: place.dst_y.into(),
        width: geometry.width.into(),
        height: geometry.height.into(),
    })
}

/// What a window and its program are called.
pub(super) fn names(connection: &impl RequestConnection, window: Window) -> Result<Names, ScreenError> {
    let utf8 = property(connection, window, atom(connection, "_NET_WM_NAME")?)?;
    let mut title = readable(&String::from_utf8_lossy(&utf8.value), LONGEST_NAME);
    if title.is_none() {
        let old = property(connection, window, AtomEnum::WM_NAME.into())?;
        title = readable(&from_old_text(&old.value), LONGEST_NAME);
    }
    let class = property(connection, window, AtomEnum::WM_CLASS.into())?;
    let machine = property(connection, window, AtomEnum::WM_CLIENT_MACHINE.into())?;
    let process = property(connection, window, atom(connection, "_NET_WM_PID")?)?;
    let process = process.value32().and_then(|mut values| values.next());
    let process = process.filter(|_| is_this_machine(&machine.value));
    let application = application_of_class(&class.value).or_else(|| process.and_then(application_of_process));
    Ok(Names { application, title, process })
}

/// Before UTF-8 a title was Latin-1, which many programs that set it today no longer know.
fn from_old_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A name in one line without control characters, cut at a number of characters; `None` where nothing is left.
pub(super) fn readable(text: &str, longest: usize) -> Option<String> {
    let text: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(longest).collect();
    (!short.is_empty()).then_some(short)
}

/// `WM_CLASS` holds two names with a zero after each: the instance's and the class's, which is the program's. Some put
/// a name there that reads like an address turned round: of `org.gnome.Nautilus` the last part is the name.
fn application_of_class(class: &[u8]) -> Option<String> {
    let mut names = class.split(|byte| *byte == 0).map(from_old_text);
    let (instance, class) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let name = readable(&class, LONGEST_NAME).or_else(|| readable(&instance, LONGEST_NAME))?;
    Some(short_name(&name))
}

/// A program's name as people know it.
pub(super) fn short_name(name: &str) -> String {
    let is_address = name.split('.').count() > 2 && !name.contains(' ');
    let name = if is_address { name.rsplit('.').find(|part| !part.is_empty()).unwrap_or(name) } else { name };
    capitalised(name)
}

/// The number of a process says nothing about one on another machine.
fn is_this_machine(name: &[u8]) -> bool {
    name.is_empty() || name == rustix::system::uname().nodename().to_bytes()
}

fn application_of_process(id: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
    readable(&name, LONGEST_NAME).map(|name| capitalised(&name))
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_called_by_their_own_name() {
        for (class, expected) in [
            (&b"Navigator\0firefox\0"[..], Some("Firefox")),
            (b"xterm\0XTerm\0", Some("XTerm")),
            (b"org.gnome.Nautilus\0org.gnome.Nautilus\0", Some("Nautilus")),
            (b"code\0\0", Some("Code")),
            (b"code", Some("Code")),
            (b"v2.1\0v2.1\0", Some("V2.1")),
            (b"\0\0", None),
            (b"", None),
            (b"caf\xe9\0caf\xe9\0", Some("Caf\u{e9}")),
        ] {
            assert_eq!(application_of_class(class).as_deref(), expected, "{class:?}");
        }
        assert!(application_of_process(std::process::id()).is_some());
        assert_eq!(application_of_process(u32::MAX), None);
    }

    #[test]
    fn names_are_one_line_of_bounded_length() {
        assert_eq!(readable("  a\tb\n\u{7}c ", 200), Some("a b c".to_owned()));
        assert_eq!(readable(" \n", 200), None);
        assert_eq!(readable(&"x".repeat(1000), LONGEST_NAME).unwrap().len(), LONGEST_NAME);
    }
}
