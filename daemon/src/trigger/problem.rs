//! What stands in the way of a key or a button.

use thiserror::Error;

use crate::words::{Message, message};

/// Why something cannot be pressed. Each is one sentence that begins in lower case and has no full stop, and says what to
/// do, in English for the log; [`TriggerError::message`] is for people.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TriggerError {
    /// Another program holds keys.
    #[error(
        "another program has taken {0}; free it there, or choose another key in descry.toml under [keys]"
    )]
    Held(String),
    /// The keyboard cannot send keys.
    #[error("the keyboard has no key for {0}; choose another in descry.toml under [keys]")]
    NotOnKeyboard(String),
    /// The X server does not answer.
    #[error(
        "no keys can be taken from the X server {display} ({reason}); check that the session runs and that DISPLAY names it"
    )]
    NoServer {
        /// The name of the server.
        display: String,
        /// What the connection said.
        reason: String,
    },
    /// Keys of an X server are wanted where there is none.
    #[error(
        "DISPLAY is not set, so no keys can be taken from an X server; set keys.from to \"auto\" in descry.toml"
    )]
    NoDisplay,
    /// The desktop has no portal for keys.
    #[error(
        "this desktop hands its keys to no program; bind a key in its settings to the command: descry describe --window"
    )]
    NoPortal,
    /// The person, or the desktop, said no.
    #[error(
        "the desktop did not let Descry have keys; allow it in the desktop's settings for the keyboard, or bind a key there \
         to the command: descry describe --window"
    )]
    NotAllowed,
    /// The desktop has the actions, but no keys for them.
    #[error("the desktop gave no key for {0}; choose one in its settings for the keyboard")]
    NotAssigned(String),
    /// The portal failed.
    #[error("the desktop's portal for keys failed: {0}; log out and in again, and if it stays so, report it")]
    Portal(String),
    /// No device has the button.
    #[error("no device has the button {0}; connect it, or choose another in descry.toml as button.key")]
    NoDevice(String),
    /// The device does not let itself be read.
    #[error(
        "the button {key} of {device} may not be read; install the udev rule 70-descry-button.rules, or add yourself to the \
         group input and log in again"
    )]
    NotReadable {
        /// The button.
        key: String,
        /// The device.
        device: String,
    },
    /// The device failed.
    #[error(
        "the button {key} of {device} cannot be used: {reason}; start descryd again, or choose another in descry.toml as \
         button.key"
    )]
    Device {
        /// The button.
        key: String,
        /// The device.
        device: String,
        /// What the system said.
        reason: String,
    },
    /// Another program has the device for itself.
    #[error(
        "another program keeps {device} for itself, so the button {key} cannot be used alone; end that program, or set \
         button.grab to false in descry.toml"
    )]
    DeviceTaken {
        /// The button.
        key: String,
        /// The device.
        device: String,
    },
    /// The system does not tell of devices that come.
    #[error(
        "the system cannot tell when a button is connected: {0}; after connecting it, start descryd again"
    )]
    NoWatch(String),
    /// A defect of Descry's own.
    #[error("the watch over the keys broke off; start descryd again, and please report it")]
    BrokenOff,
}

impl TriggerError {
    /// What a person is told of it.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Held(keys) => message!("trigger-held", keys = keys),
            Self::NotOnKeyboard(keys) => message!("trigger-not-on-keyboard", keys = keys),
            Self::NoServer { display, reason } => {
                message!("trigger-no-server", display = display, reason = reason)
            }
            Self::NoDisplay => message!("trigger-no-display"),
            Self::NoPortal => message!("trigger-no-portal"),
            Self::NotAllowed => message!("trigger-not-allowed"),
            Self::NotAssigned(keys) => message!("trigger-not-assigned", keys = keys),
            Self::Portal(reason) => message!("trigger-portal-failed", reason = reason),
            Self::NoDevice(key) => message!("trigger-no-device", key = key),
            Self::NotReadable { key, device } => message!("trigger-not-readable", key = key, device = device),
            Self::Device { key, device, reason } => {
                message!("trigger-device-failed", key = key, device = device, reason = reason)
            }
            Self::DeviceTaken { key, device } => message!("trigger-device-taken", key = key, device = device),
            Self::NoWatch(reason) => message!("trigger-no-watch", reason = reason),
            Self::BrokenOff => message!("trigger-broken-off"),
        }
    }
}
