//! Memory that is no longer needed goes back to the system at once.
//!
//! The C library keeps what was freed for the next time, and what a large picture leaves behind is kept for good: a large
//! photograph after smaller ones took 311 MB where 264 do. Larger pieces that come from the system one by one go back to it
//! one by one. The C library reads how large in the environment, when a program starts.

use std::{env, os::unix::process::CommandExt, process::Command};

/// The variable, and from how many bytes on a piece comes from the system itself.
const THRESHOLD: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

/// Starts this program again, in its own place and with its own arguments, unless the variable is set already, as the
/// systemd unit does. Returns when it is, or when it cannot be done, which costs memory only.
pub fn give_back_at_once() {
    if env::var_os(THRESHOLD.0).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    // By its own path, from which the system takes the name that it lists the process by.
    let Ok(program) = env::current_exe() else { return };
    let _error = Command::new(program).arg0(name).args(arguments).env(THRESHOLD.0, THRESHOLD.1).exec();
}
