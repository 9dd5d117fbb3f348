//! How long libtorch's threads wait for each other before they sleep: a moment.
//!
//! The threads of one operation all end before the next begins. Those that are done first go round in a loop until the last
//! one is, for milliseconds if need be, which is quickest where each has a processor to itself. Where other programs want
//! the processors too, the one that is waited for has to wait for those that wait.
//!
//! A training step of the decoder (`descry-trainer speed --what decoder`, two threads, medians of six steps on a quiet machine,
//! and of three beside three programs that compute) took 602 ms and 10.4 s as the library has it, 605 ms and 1.8 s with
//! this, and 703 ms and 1.1 s with threads that sleep at once (`OMP_WAIT_POLICY=PASSIVE`).

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The variable of GNU's OpenMP library, which libtorch brings, and how often threads go round before they sleep. It is read
/// when the program starts.
const SPINS: (&str, &str) = ("GOMP_SPINCOUNT", "10000");
/// The variable of OpenMP's specification (5.2, section 21.2.6) that says something of the same.
const POLICY: &str = "OMP_WAIT_POLICY";

/// Starts this program again, in its own place and with its own arguments, unless somebody has said already how threads wait.
/// Returns when it is, or when it cannot be done, which costs time only.
pub fn wait_for_a_moment() {
    if env::var_os(SPINS.0).is_some() || env::var_os(POLICY).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    let Ok(program) = env::current_exe() else { return };
    let _error = Command::new(program).arg0(name).args(arguments).env(SPINS.0, SPINS.1).exec();
}
