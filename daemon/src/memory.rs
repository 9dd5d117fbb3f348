//! Memory that is no longer needed goes back to the system at once.
//!
//! The C library keeps what was freed for the next time, and what a large picture leaves behind is kept for good. Larger
//! pieces that come from the system one by one go back to it one by one; but each of their pages is made zero when it is
//! first touched, and a network's layers take a piece each. The C library reads from how large on in the environment, when
//! a program starts.
//!
//! Measured with descry-attend-3, tract and ONNX Runtime: with 128 KiB a cold description takes 480 and 262 ms, the service
//! with its model 79 and 79 MB, 64 megapixels after smaller photos 264 and 262 MB; with 4 MiB these are 340 and 216 ms, 111
//! and 84 MB, 299 and 269 MB. So a command, which is soon over, is fast, and the service, which stays, is small.

use std::{env, os::unix::process::CommandExt, process::Command};

/// The variable.
const THRESHOLD: &str = "MALLOC_MMAP_THRESHOLD_";

/// From how many bytes on a piece comes from the system itself, as the C library wants it.
#[derive(Debug, Clone, Copy)]
pub struct Threshold(&'static str);

impl Threshold {
    /// Of a program that ends when it has answered.
    pub const COMMAND: Self = Self("4194304");
    /// Of the service, and of the process of its model, which is given its environment. Its unit has the same.
    pub const SERVICE: Self = Self("131072");
}

/// Starts this program again, in its own place and with its own arguments, unless the variable is set already, as the
/// systemd unit does. Returns when it is, or when it cannot be done, which costs memory only.
pub fn give_back_at_once(threshold: Threshold) {
    if env::var_os(THRESHOLD).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    // By its own path, from which the system takes the name that it lists the process by.
    let Ok(program) = env::current_exe() else { return };
    let _error = Command::new(program).arg0(name).args(arguments).env(THRESHOLD, threshold.0).exec();
}
