//! What libraries read in the environment when the program starts: those that libtorch computes with, and ONNX Runtime
//! ([`descry_models::environment`]).
//!
//! **Threads** that wait for each other wait awake for a moment, then asleep. The threads of one operation all end before the
//! next begins. Those that are done first go round in a loop until the last one is, for milliseconds if need be, which is
//! quickest where each has a processor to itself. Where other programs want the processors too, the one that is waited for has
//! to wait for those that wait.
//!
//! A training step of the decoder (`descry-trainer speed --what decoder`, two threads, medians of six steps on a quiet machine,
//! and of three beside three programs that compute) took 602 ms and 10.4 s as the library has it, 605 ms and 1.8 s with
//! this, and 703 ms and 1.1 s with threads that sleep at once (`OMP_WAIT_POLICY=PASSIVE`).
//!
//! **Memory** that was freed is kept for the next step, and comes in large pages. Each step needs what the one before needed:
//! given back and taken anew, each of its small pages is made zero by the system again. Fine-tuning EfficientNet-Lite 2 at
//! 256 x 256 (two threads, the first 740 pictures of the same run) made 8.3 pictures a second as the library has it, with 13 %
//! of the processors' time spent in the system, and 9.3 with this, with 2 to 3 %; the process then takes 2.1 GB and not 1.5.

use std::env;

use descry_models::environment::{WITHOUT_TELEMETRY, is_without_telemetry, start_again_with};

/// The variable of GNU's OpenMP library, which libtorch brings, and how often threads go round before they sleep.
const SPINS: (&str, &str) = ("GOMP_SPINCOUNT", "10000");
/// The variable of OpenMP's specification (5.2, section 21.2.6) that says something of the same.
const POLICY: &str = "OMP_WAIT_POLICY";
/// The variable of GNU's C library, and what it does with memory (its manual, "Memory Allocation Tunables"): pieces up to 4 GiB
/// come out of one heap, of which only more than 16 GiB of free memory at its end are given back; large pages where the
/// system lets programs ask for them. Other C libraries do not read it.
const MEMORY: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184",
);

/// Starts this program again, in its own place, unless somebody has said already how threads wait and what becomes of memory, and
/// ONNX Runtime is kept from telling its makers anything. Returns when it is so, or when it cannot be done, which costs time,
/// and ONNX Runtime is not used then.
pub fn suit_libraries() {
    let is_said = |name| env::var_os(name).is_some();
    let mut to_say = Vec::new();
    if !is_without_telemetry() {
        to_say.extend(WITHOUT_TELEMETRY);
    }
    if cfg!(feature = "torch") && !is_said(SPINS.0) && !is_said(POLICY) {
        to_say.push(SPINS);
    }
    if cfg!(feature = "torch") && !is_said(MEMORY.0) {
        to_say.push(MEMORY);
    }
    if !to_say.is_empty() {
        start_again_with(to_say);
    }
}
