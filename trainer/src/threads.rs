//! How libtorch's threads wait for each other: asleep, and not at work on nothing.
//!
//! The threads of one operation all end before the next begins. Those that are done first go round in a loop until the last
//! one is, which is quickest where each has a processor to itself. Where other programs want the processors too, the one
//! that is waited for has to wait for those that wait: beside four builds on two processors a training step of the decoder
//! took 32 seconds, and 4 with threads that sleep. `benches/speed.py` measures it alone.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The variable of OpenMP's specification (5.2, section 21.2.6), which its library reads when the program starts.
const POLICY: (&str, &str) = ("OMP_WAIT_POLICY", "PASSIVE");

/// Starts this program again, in its own place and with its own arguments, unless the variable is set already, to whatever.
/// Returns when it is, or when it cannot be done, which costs time only.
pub fn wait_asleep() {
    if env::var_os(POLICY.0).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    let Ok(program) = env::current_exe() else { return };
    let _error = Command::new(program).arg0(name).args(arguments).env(POLICY.0, POLICY.1).exec();
}
