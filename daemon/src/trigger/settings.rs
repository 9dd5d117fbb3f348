//! Which key and which press of the button does what: the tables `[keys]` and `[button]` of the settings.
//!
//! In the settings everything is a word, so that a mistake is answered with the name of the setting and what it may be.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use toml::{Table, Value};

use super::{Action, Combination, nearest, nearest_name, pattern::Times};
use crate::words::{Message, message};

/// All that can trigger a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TriggerSettings {
    /// Keys of a desktop.
    pub keys: Keys,
    /// The button of a wearable.
    pub button: Button,
}

/// Who hands over the keys of the desktop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeysFrom {
    /// The X server in an X11 session, the desktop's portal in a Wayland session.
    #[default]
    Auto,
    /// The desktop's portal.
    Portal,
    /// The X server.
    X11,
    /// Nobody.
    None,
}

impl KeysFrom {
    const ALL: [(&'static str, Self); 4] =
        [("auto", Self::Auto), ("portal", Self::Portal), ("x11", Self::X11), ("none", Self::None)];
}

/// Keys of a desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Who hands them over.
    pub from: KeysFrom,
    /// Which key does what; what has no key is absent.
    pub bindings: BTreeMap<Action, Combination>,
}

/// The button of a wearable: any key of any input device of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// The kernel's name for it, as in `KEY_CAMERA`; without one there is no button.
    pub key: Option<String>,
    /// Only the device of this name, as in `gpio-keys`; any that has the key when absent.
    pub device: Option<String>,
    /// Whether nobody else gets what the device sends.
    pub grab: bool,
    /// What a short press does.
    pub short: Option<Action>,
    /// What a long press does.
    pub long: Option<Action>,
    /// What a double press does.
    pub double: Option<Action>,
    /// Milliseconds after which a press is a long one.
    pub long_ms: u32,
    /// Milliseconds within which a second press makes it a double one.
    pub double_ms: u32,
}

/// The keys that nobody chose.
const DEFAULT_KEYS: [(Action, &str); 9] = [
    (Action::DescribeWindow, "Super+Alt+D"),
    (Action::DescribeScreen, "Super+Alt+Shift+D"),
    (Action::DescribeCamera, "Super+Alt+C"),
    (Action::Repeat, "Super+Alt+R"),
    (Action::More, "Super+Alt+M"),
    (Action::Again, "Super+Alt+A"),
    (Action::Stop, "Super+Alt+X"),
    (Action::Pause, "Super+Alt+P"),
    (Action::Narration, "Super+Alt+N"),
];

/// What stands for no key and no action.
const NOTHING: &str = "none";

/// The setting that says who hands over the keys.
const FROM: &str = "from";

/// The settings of the button.
const BUTTON: [&str; 8] = ["key", "device", "grab", "short", "long", "double", "long_ms", "double_ms"];

/// Milliseconds that make sense for a press.
const MILLISECONDS: std::ops::RangeInclusive<u32> = 50..=10_000;

impl Default for Keys {
    fn default() -> Self {
        let parsed = DEFAULT_KEYS.iter().filter_map(|(action, keys)| Some((*action, keys.parse().ok()?)));
        Self { from: KeysFrom::Auto, bindings: parsed.collect() }
    }
}

impl Default for Button {
    fn default() -> Self {
        Self {
            key: None,
            device: None,
            grab: false,
            short: Some(Action::DescribeCamera),
            long: Some(Action::Narration),
            double: Some(Action::Repeat),
            long_ms: 600,
            double_ms: 300,
        }
    }
}

impl Keys {
    /// The names of its settings.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        [FROM].into_iter().chain(Action::ALL.map(Action::name)).collect()
    }

    /// Reads the table `[keys]`, over what holds without it.
    pub fn read(table: &Table) -> Result<Self, Message> {
        let mut keys = Self::default();
        for (name, value) in table {
            if name == FROM {
                let given = text("keys.from", value)?;
                let known = KeysFrom::ALL.iter().find(|(name, _)| *name == given);
                keys.from = known.map(|(_, from)| *from).ok_or_else(|| {
                    let hint = nearest(given, &KeysFrom::ALL.map(|(name, _)| name));
                    let value = format!("{given:?}");
                    message!("trigger-not-known", setting = "keys.from", value = value, hint = hint)
                })?;
                continue;
            }
            let action = Action::from_name(name).map_err(|_| unknown("keys", name, &Self::names()))?;
            let setting = format!("keys.{name}");
            let given = text(&setting, value)?;
            if given.is_empty() || given == NOTHING {
                keys.bindings.remove(&action);
            } else {
                let combination =
                    Combination::from_str(given).map_err(|problem| in_setting(&setting, problem))?;
                keys.bindings.insert(action, combination);
            }
        }
        for (action, combination) in &keys.bindings {
            let other = keys.bindings.iter().find(|(other, same)| *other != action && *same == combination);
            if let Some((other, _)) = other {
                return Err(message!(
                    "trigger-both",
                    one = action.name(),
                    other = other.name(),
                    keys = combination.to_string()
                ));
            }
        }
        Ok(keys)
    }

    /// What holds without a table.
    #[must_use]
    pub fn built_in() -> Table {
        let keys = DEFAULT_KEYS.iter().map(|(action, keys)| (action.name(), *keys));
        [(FROM, "auto")]
            .into_iter()
            .chain(keys)
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    }
}

impl Button {
    /// The names of its settings.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        BUTTON.to_vec()
    }

    /// How long its presses are.
    #[must_use]
    pub fn times(&self) -> Times {
        let milliseconds = |number: u32| Duration::from_millis(number.into());
        Times { long: milliseconds(self.long_ms), double: self.double.map(|_| milliseconds(self.double_ms)) }
    }

    /// Reads the table `[button]`, over what holds without it.
    pub fn read(table: &Table) -> Result<Self, Message> {
        let mut button = Self::default();
        for (name, value) in table {
            let setting = format!("button.{name}");
            match name.as_str() {
                "key" => button.key = some(&setting, value)?.map(|key| key.to_uppercase()),
                "device" => button.device = some(&setting, value)?,
                "grab" => {
                    button.grab = value.as_bool().ok_or_else(|| {
                        let value = value.to_string();
                        message!("trigger-not-a-switch", setting = setting, value = value)
                    })?;
                }
                "short" => button.short = action(&setting, value)?,
                "long" => button.long = action(&setting, value)?,
                "double" => button.double = action(&setting, value)?,
                "long_ms" => button.long_ms = milliseconds(&setting, value)?,
                "double_ms" => button.double_ms = milliseconds(&setting, value)?,
                _ => return Err(unknown("button", name, &BUTTON)),
            }
        }
        if let Some(key) = &button.key {
            super::evdev::check_key(key).map_err(|problem| in_setting("button.key", problem))?;
        }
        Ok(button)
    }

    /// What holds without a table.
    #[must_use]
    pub fn built_in() -> Table {
        let Self { grab, short, long, double, long_ms, double_ms, .. } = Self::default();
        let name = |action: Option<Action>| Value::from(action.map_or(NOTHING, Action::name));
        [
            ("grab", Value::from(grab)),
            ("short", name(short)),
            ("long", name(long)),
            ("double", name(double)),
            ("long_ms", i64::from(long_ms).into()),
            ("double_ms", i64::from(double_ms).into()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

fn in_setting(setting: &str, problem: Message) -> Message {
    message!("trigger-in-setting", setting = setting, problem = problem)
}

fn text<'a>(setting: &str, value: &'a Value) -> Result<&'a str, Message> {
    let text = value
        .as_str()
        .map(str::trim)
        .ok_or_else(|| message!("trigger-not-text", setting = setting, value = value.to_string()))?;
    if text.len() > 128 || text.contains(char::is_control) {
        return Err(message!("setting-not-a-name", name = setting, value = format!("{text:?}")));
    }
    Ok(text)
}

fn some(setting: &str, value: &Value) -> Result<Option<String>, Message> {
    let text = text(setting, value)?;
    Ok((!text.is_empty() && text != NOTHING).then(|| text.to_owned()))
}

fn action(setting: &str, value: &Value) -> Result<Option<Action>, Message> {
    let name = some(setting, value)?;
    let action = name.map(|name| Action::from_name(&name)).transpose();
    action.map_err(|problem| in_setting(setting, problem))
}

fn milliseconds(setting: &str, value: &Value) -> Result<u32, Message> {
    let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
    number.filter(|number| MILLISECONDS.contains(number)).ok_or_else(|| {
        let (least, most) = (*MILLISECONDS.start(), *MILLISECONDS.end());
        message!("setting-between", name = setting, value = value.to_string(), least = least, most = most)
    })
}

fn unknown(table: &str, name: &str, names: &[&str]) -> Message {
    let names: Vec<String> = names.iter().map(|name| format!("{table}.{name}")).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let name = format!("{table}.{name}");
    let quoted = format!("{name:?}");
    if let Some(nearest) = nearest_name(&name, &known) {
        message!("setting-unknown-nearest", name = quoted, nearest = nearest)
    } else {
        message!("setting-unknown", name = quoted, names = names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_is_built_in_is_what_holds_without_a_table() {
        assert_eq!(Keys::read(&Keys::built_in()), Ok(Keys::default()));
        assert_eq!(Keys::default().bindings.len(), Action::ALL.len(), "each default is a key");
        assert_eq!(Button::read(&Button::built_in()), Ok(Button::default()));
        assert_eq!(Keys::read(&Table::new()), Ok(Keys::default()));
    }

    #[test]
    fn tables_are_read_over_the_defaults() {
        let keys =
            Keys::read(&table("from = \"x11\"\nmore = \"none\"\nagain = \"\"\nstop = \"ctrl+alt+esc\""))
                .unwrap();
        assert_eq!(keys.from, KeysFrom::X11);
        assert_eq!(keys.bindings.len(), Action::ALL.len() - 2);
        assert_eq!(keys.bindings[&Action::Stop].to_string(), "Ctrl+Alt+Escape");
        let button =
            "key = \"key_prog1\"\ndevice = \"gpio-keys\"\ngrab = true\ndouble = \"none\"\nlong_ms = 1000";
        let button = Button::read(&table(button)).unwrap();
        let expected = Button {
            key: Some("KEY_PROG1".to_owned()),
            device: Some("gpio-keys".to_owned()),
            grab: true,
            double: None,
            long_ms: 1000,
            ..Button::default()
        };
        assert_eq!(button, expected);
        assert_eq!(button.times(), Times { long: Duration::from_secs(1), double: None });
    }

    #[test]
    fn mistakes_are_answered_with_the_way_out() {
        for (text, words) in [
            (
                "descibe_window = \"\"",
                "there is no setting \"keys.descibe_window\"; did you mean keys.describe_window?",
            ),
            ("from = \"wayland\"", "keys.from is \"wayland\"; there are auto, portal, x11, none"),
            ("stop = 3", "keys.stop is 3: it must be text"),
            (
                "stop = \"Supr+X\"",
                "keys.stop: in \"Supr+X\", \"Supr\" is no key that is held; did you mean Super?",
            ),
            ("stop = \"super+alt+r\"", "keys.repeat and keys.stop are both Super+Alt+R"),
        ] {
            let refused = Keys::read(&table(text)).unwrap_err().to_string();
            assert!(refused.contains(words), "{text}: {refused}");
        }
        for (text, words) in [
            ("kee = \"\"", "did you mean button.key?"),
            (
                "key = \"KEY_CAMRA\"",
                "button.key: the kernel has no key \"KEY_CAMRA\"; did you mean KEY_CAMERA?",
            ),
            ("short = \"describe\"", "button.short: there is no action \"describe\"; did you mean describe_"),
            ("grab = 1", "button.grab is 1: it must be true or false"),
            ("long_ms = 5", "button.long_ms is 5: it must be between 50 and 10000"),
            ("double_ms = -1", "between 50 and 10000"),
            ("device = \"a\\nb\"", "it must be a name of up to 128 bytes on one line"),
        ] {
            let refused = Button::read(&table(text)).unwrap_err().to_string();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
