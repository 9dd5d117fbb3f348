//! Keys as people write them, such as `Super+Alt+D`, and as X11 and the desktop's portal know them.

use std::{fmt, str::FromStr};

use super::nearest;
use crate::words::{Message, message};

/// A key that is pressed while others are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Combination {
    /// The keys that are held.
    pub modifiers: Modifiers,
    /// The key that is pressed.
    pub key: Key,
}

/// The keys that are held. They are told apart by what they are, not by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
// Each is held or not: there is nothing to tell by.
#[allow(clippy::struct_excessive_bools)]
pub struct Modifiers {
    /// The key with a picture, a window or a clover leaf.
    pub logo: bool,
    /// Ctrl.
    pub control: bool,
    /// Alt.
    pub alt: bool,
    /// Shift.
    pub shift: bool,
}

/// A key: its name, and the number that X11 and Wayland have for what is on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    name: &'static str,
    /// X11's name, which the portal takes.
    symbol_name: &'static str,
    /// X11's number: a keysym.
    pub symbol: u32,
}

/// What is held, by its name here, its name for the portal, and further names that people write.
const MODIFIERS: [(&str, &str, &[&str]); 4] = [
    ("Super", "LOGO", &["meta", "win", "windows", "logo", "mod4"]),
    ("Ctrl", "CTRL", &["control"]),
    ("Alt", "ALT", &["option", "mod1"]),
    ("Shift", "SHIFT", &[]),
];

/// Keys with a letter or a digit, whose number is that of the character.
const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The number of F1; the others follow.
const F1: u32 = 0xffbe;

/// F1 to F24.
const FUNCTION_KEYS: [&str; 24] = [
    "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13", "F14", "F15", "F16",
    "F17", "F18", "F19", "F20", "F21", "F22", "F23", "F24",
];

/// Further keys: their names here, for X11, and further names that people write, and their numbers.
const NAMED: [(&str, &str, &[&str], u32); 33] = [
    ("Space", "space", &[], 0x20),
    ("Apostrophe", "apostrophe", &["'"], 0x27),
    ("Comma", "comma", &[","], 0x2c),
    ("Minus", "minus", &["-"], 0x2d),
    ("Period", "period", &[".", "dot"], 0x2e),
    ("Slash", "slash", &["/"], 0x2f),
    ("Semicolon", "semicolon", &[";"], 0x3b),
    ("Equal", "equal", &["=", "equals"], 0x3d),
    ("BracketLeft", "bracketleft", &["["], 0x5b),
    ("Backslash", "backslash", &["\\"], 0x5c),
    ("BracketRight", "bracketright", &["]"], 0x5d),
    ("Grave", "grave", &["`", "backtick"], 0x60),
    ("Backspace", "BackSpace", &[], 0xff08),
    ("Tab", "Tab", &[], 0xff09),
    ("Return", "Return", &["enter"], 0xff0d),
    ("Pause", "Pause", &["break"], 0xff13),
    ("Escape", "Escape", &["esc"], 0xff1b),
    ("Home", "Home", &[], 0xff50),
    ("Left", "Left", &[], 0xff51),
    ("Up", "Up", &[], 0xff52),
    ("Right", "Right", &[], 0xff53),
    ("Down", "Down", &[], 0xff54),
    ("PageUp", "Page_Up", &["prior"], 0xff55),
    ("PageDown", "Page_Down", &["next"], 0xff56),
    ("End", "End", &[], 0xff57),
    ("Print", "Print", &["printscreen", "prtsc", "prtscr"], 0xff61),
    ("Insert", "Insert", &["ins"], 0xff63),
    ("Menu", "Menu", &["apps"], 0xff67),
    ("Delete", "Delete", &["del"], 0xffff),
    ("AudioPlay", "XF86AudioPlay", &["play"], 0x1008_ff14),
    ("Launch1", "XF86Launch1", &[], 0x1008_ff41),
    ("Launch2", "XF86Launch2", &[], 0x1008_ff42),
    ("WebCam", "XF86WebCam", &["camera"], 0x1008_ff8f),
];

/// The symbols' names of letters and digits: the characters themselves, in lower case.
const CHARACTER_SYMBOLS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

impl Key {
    /// All keys that have names, with the further names of each.
    fn all() -> impl Iterator<Item = (Self, &'static [&'static str])> {
        const NONE: &[&str] = &[];
        let characters = (0..CHARACTERS.len()).map(|index| {
            let (name, symbol_name) = (&CHARACTERS[index..=index], &CHARACTER_SYMBOLS[index..=index]);
            let symbol = u32::from(CHARACTER_SYMBOLS.as_bytes()[index]);
            (Self { name, symbol_name, symbol }, NONE)
        });
        let functions = FUNCTION_KEYS
            .iter()
            .enumerate()
            .map(|(index, name)| (Self { name, symbol_name: name, symbol: F1 + index as u32 }, NONE));
        let named = NAMED.iter().map(|(name, symbol_name, others, symbol)| {
            (Self { name, symbol_name, symbol: *symbol }, *others)
        });
        characters.chain(functions).chain(named)
    }

    fn from_name(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let is = |key: Self, others: &[&str]| {
            [key.name, key.symbol_name].iter().any(|name| name.to_lowercase() == lower)
                || others.contains(&lower.as_str())
        };
        Self::all().find(|(key, others)| is(*key, others)).map(|(key, _)| key)
    }

    /// Whether the key writes something or moves the cursor: then programs would miss it if it were taken from them.
    fn is_for_writing(self) -> bool {
        let taken_alone = ["Print", "Pause", "Menu"].contains(&self.name);
        let is_function = (F1..F1 + FUNCTION_KEYS.len() as u32).contains(&self.symbol);
        !taken_alone && !is_function && self.symbol < 0x1008_0000
    }
}

impl Modifiers {
    fn flags(self) -> [bool; 4] {
        [self.logo, self.control, self.alt, self.shift]
    }

    fn flag(&mut self, index: usize) -> Option<&mut bool> {
        [&mut self.logo, &mut self.control, &mut self.alt, &mut self.shift].into_iter().nth(index)
    }
}

impl Combination {
    /// As the portal takes it: `LOGO+ALT+d`.
    #[must_use]
    pub fn for_portal(&self) -> String {
        self.join(self.key.symbol_name, |(_, name, _)| name)
    }

    fn join(&self, key: &str, name: fn(&(&'static str, &'static str, &[&str])) -> &'static str) -> String {
        let held = MODIFIERS.iter().zip(self.modifiers.flags()).filter(|(_, held)| *held);
        let mut parts: Vec<&str> = held.map(|(modifier, _)| name(modifier)).collect();
        parts.push(key);
        parts.join("+")
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.join(self.key.name, |(name, _, _)| name))
    }
}

impl FromStr for Combination {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Message> {
        let quoted = format!("{text:?}");
        let parts: Vec<&str> = text.split('+').map(str::trim).collect();
        let Some((last, held)) = parts.split_last().filter(|_| parts.iter().all(|part| !part.is_empty()))
        else {
            return Err(message!("trigger-no-key-named", keys = quoted));
        };
        let mut modifiers = Modifiers::default();
        for part in held {
            let lower = part.to_lowercase();
            let known = MODIFIERS.iter().position(|(name, _, others)| {
                name.to_lowercase() == lower || others.contains(&lower.as_str())
            });
            let Some(flag) = known.and_then(|index| modifiers.flag(index)) else {
                let (part, hint) = (format!("{part:?}"), nearest(part, &MODIFIERS.map(|(name, _, _)| name)));
                return Err(message!("trigger-not-held", keys = quoted, part = part, hint = hint));
            };
            *flag = true;
        }
        let Some(key) = Key::from_name(last) else {
            let names: Vec<&str> = Key::all().map(|(key, _)| key.name).collect();
            let (part, hint) = (format!("{last:?}"), nearest(last, &names));
            return Err(message!("trigger-not-a-key", keys = quoted, part = part, hint = hint));
        };
        if key.is_for_writing() && !(modifiers.logo || modifiers.control || modifiers.alt) {
            let better = format!("Super+Alt+{}", key.name);
            return Err(message!("trigger-for-writing", keys = quoted, better = better));
        }
        Ok(Self { modifiers, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        for (text, name, portal, symbol) in [
            ("Super+Alt+D", "Super+Alt+D", "LOGO+ALT+d", 0x64),
            ("alt + super + d", "Super+Alt+D", "LOGO+ALT+d", 0x64),
            ("Win+Shift+F12", "Super+Shift+F12", "LOGO+SHIFT+F12", 0xffc9),
            ("control+meta+1", "Super+Ctrl+1", "LOGO+CTRL+1", 0x31),
            ("Ctrl+Alt+PgUp", "", "", 0),
            ("Ctrl+Alt+PageUp", "Ctrl+Alt+PageUp", "CTRL+ALT+Page_Up", 0xff55),
            ("Ctrl+Alt+page_up", "Ctrl+Alt+PageUp", "CTRL+ALT+Page_Up", 0xff55),
            ("Print", "Print", "Print", 0xff61),
            ("F24", "F24", "F24", 0xffd5),
            ("camera", "WebCam", "XF86WebCam", 0x1008_ff8f),
            ("Alt+;", "Alt+Semicolon", "ALT+semicolon", 0x3b),
            ("Ctrl+Esc", "Ctrl+Escape", "CTRL+Escape", 0xff1b),
        ] {
            let read = text.parse::<Combination>();
            if name.is_empty() {
                assert!(read.is_err(), "{text}: {read:?}");
                continue;
            }
            let read = read.unwrap();
            assert_eq!((read.to_string().as_str(), read.for_portal().as_str()), (name, portal), "{text}");
            assert_eq!(read.key.symbol, symbol, "{text}");
            assert_eq!(name.parse(), Ok(read), "what is said can be written");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_nearest() {
        for (text, words) in [
            ("", "names no key; write for example Super+Alt+D"),
            ("Super+", "names no key"),
            ("+D", "names no key"),
            ("Supper+D", "\"Supper\" is no key that is held; did you mean Super?"),
            ("Hyper+D", "\"Hyper\" is no key that is held"),
            ("Super+Alt+Escap", "\"Escap\" is no key that Descry knows; did you mean Escape?"),
            ("Super+Alt+Ö", "\"Ö\" is no key that Descry knows"),
            ("Alt+Super", "\"Super\" is no key that Descry knows"),
            ("d", "add Super, Ctrl or Alt, as in Super+Alt+D"),
            ("Shift+D", "would be missed where you write"),
            ("Return", "would be missed where you write"),
        ] {
            let refused = text.parse::<Combination>().unwrap_err().to_string();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }

    #[test]
    fn each_key_has_one_name_and_one_number() {
        let all: Vec<Key> = Key::all().map(|(key, _)| key).collect();
        for (index, key) in all.iter().enumerate() {
            assert_eq!(Key::from_name(key.name), Some(*key));
            assert_eq!(Key::from_name(key.symbol_name), Some(*key));
            assert!(all[..index].iter().all(|other| other.symbol != key.symbol), "{}", key.name);
        }
    }
}
