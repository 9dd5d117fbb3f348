//! Memory that is no longer needed goes back to the system at once.
//!
//! The C library keeps what was freed for the next time, and what a large picture leaves behind is kept for good. Larger
//! pieces that come from the system one by one go back to it one by one; but each of their pages is made zero when it is
//! first touched, and a network's layers take a piece each. The C library reads from how large on in the environment, when
//! a program starts.
//!
//! A process in which a network runs is fast where few pieces come so, and keeps tens of megabytes then. It gives them back
//! by [`descry_resident`] when that costs nobody anything: the model's process when its answer is sent, any process before it
//! decodes a large picture.
//!
//! Measured with descry-attend-3, tract and ONNX Runtime, medians, from 128 KiB on and from 4 MiB on: a cold description takes
//! 480 and 262 ms, or 340 and 216; 64 megapixels after smaller photos take 270 and 269 MB, or 270 and 269, where nothing given
//! back 311 and 278; with tract, a service's first request takes 545 ms, or 395, the later ones 157 ms, or 131, and the model's
//! process 73 MB, or 71. The service itself runs no network, and stays small by the low threshold.
//!
//! With descry-attend-8 and ONNX Runtime without an arena of its own (40 photos, in turn): from 4 MiB on, and with what is free
//! at the end of the heap given back layer by layer, as the C library does by itself, 13 ms more for each picture in making
//! pages; from 16 MiB on and with 256 MiB kept at the end, none. The model's process then holds 15 MB less than with the arena;
//! with tract 4 MB more than from 4 MiB on.

use std::{env, process::Command};

use descry_models::environment::{WITHOUT_TELEMETRY, is_without_telemetry, start_again_with};

/// From how large on a piece comes from the system by itself, how much that is free at the end of the heap is kept, and how many
/// heaps there are at most.
const VARIABLES: [&str; 3] = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX"];

/// Both in bytes, as the C library wants them, and the number of heaps.
#[derive(Debug, Clone, Copy)]
pub struct Threshold([&'static str; 3]);

impl Threshold {
    /// Of a process in which the network runs: a command's, and that of the service's model: above its layers, below large
    /// pictures, and with as many heaps as the C library likes.
    pub const NETWORK: Self = Self(["16777216", "268435456", "0"]);
    /// Of the service. Its unit has the same; the second is what the C library has by itself. One heap is enough for it: a
    /// thread that reads a picture has one of its own otherwise, of which a quarter of a megabyte remains.
    pub const SERVICE: Self = Self(["131072", "131072", "1"]);

    /// Has a program that is to be started use it, whatever this one uses.
    pub(crate) fn set_for(self, command: &mut Command) {
        command.envs(VARIABLES.into_iter().zip(self.0));
    }
}

/// Starts this program again, in its own place, unless the first variable is set already, as the systemd unit does, and ONNX
/// Runtime is kept from telling its makers anything. Returns when it is so, or when it cannot be done: that costs memory, and
/// ONNX Runtime is not used then.
pub fn give_back_at_once(threshold: Threshold) {
    let is_said = env::var_os(VARIABLES[0]).is_some();
    if is_said && is_without_telemetry() {
        return;
    }
    let values = VARIABLES.into_iter().zip(threshold.0).filter(|_| !is_said);
    start_again_with(values.chain(WITHOUT_TELEMETRY));
}
