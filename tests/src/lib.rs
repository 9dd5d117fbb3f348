//! The whole of Descry against real parts: what the tests in `tests/` are built from.
//!
//! The tests start the binaries `descry` and `descryd` as a person's session would, with a D-Bus daemon, a
//! `pulseaudio` server and a speech-dispatcher of their own, and look at what comes out: text, exit codes, memory,
//! and the sound itself. Nothing outside a fresh temporary folder is read or written, no sound card is needed, and
//! everything that was started ends with the value that started it.
//!
//! | module | stands for |
//! |---|---|
//! | [`surroundings`] | what a child process sees: an environment without anything of the machine's own session |
//! | [`process`] | a child process that cannot outlive its test |
//! | [`sound_room`], [`recorder`], [`recording`] | a room with a loudspeaker, a voice and a microphone |
//! | [`spawned_voice`] | a voice that is started by who speaks |
//! | [`listener`], [`decoys`] | somebody who says which sentence was spoken |
//! | [`private_bus`], [`caller`], [`orca`] | a session bus, a program on it that asks, and a screen reader |
//! | [`session`] | a service that serves such a bus |
//! | [`real_orca`] | Orca itself, which only `./run test-orca` has |
//! | [`guest`] | a whole computer with devices of its own |
//! | [`machine`] | a whole computer that boots as a wearable |
//! | [`x_server`], [`x_window`], [`gtk_window`] | a screen, and a program with a window on it |
//! | [`wayland`], [`desktop_portal`] | a screen that is seen only by asking, and who is asked |
//! | [`desktop`], [`shortcuts_portal`] | a person who presses keys there, and a desktop that hands keys out |
//! | [`binaries`], [`command`] | the programs under test |
//! | [`shipped`], [`wording`], [`odd_pictures`], [`pages`] | what is described, and what is said of it |
//!
//! What must be installed is what `./run test` installs; the two variables that it sets are named in [`listener`]
//! and [`shipped`]. A test of a part that is missing fails with a sentence that says so; none is skipped.
//!
//! Orca itself takes a Debian of its own: the tests in `real_orca` are ignored but by `./run test-orca`.
//!
//! The binaries must have been built before, in the same profile: `cargo build -p descry-daemon`, then
//! `cargo test -p descry-tests`.

pub mod binaries;
pub mod caller;
pub mod command;
pub mod decoys;
pub mod desktop;
pub mod desktop_portal;
pub mod gtk_window;
pub mod guest;
pub mod listener;
pub mod machine;
pub mod odd_pictures;
pub mod orca;
pub mod pages;
pub mod private_bus;
pub mod process;
pub mod real_orca;
pub mod recorder;
pub mod recording;
pub mod session;
pub mod shipped;
pub mod shortcuts_portal;
pub mod sound_room;
pub mod spawned_voice;
pub mod surroundings;
pub mod tones;
pub mod waiting;
pub mod wayland;
pub mod wording;
pub mod x_server;
pub mod x_window;
