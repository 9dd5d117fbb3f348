//! Narration: a camera is looked through, and what comes into sight is said by itself.

pub mod gate;
mod looking;
pub mod policy;
#[cfg(test)]
mod replays;
#[cfg(test)]
pub(crate) mod scenes;
pub mod session;
mod settings;
pub mod subject;
pub mod thumbnail;
