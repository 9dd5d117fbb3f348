//! Gives back to the system what this process has in memory and does not need.
//!
//! That is what the C library's heap keeps of freed memory ([`give_back_heap`]), and the code of this program that was used
//! for something that is over ([`give_back_code`]). This crate is the only one of ours with `unsafe` in it, for one
//! declaration and one call, so that the others can forbid it.

mod code;
mod heap;

pub use code::give_back_code;
pub use heap::give_back_heap;

/// Kilobytes that this process has in memory, of the field of that name.
#[cfg(test)]
fn held(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells how a process is");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel tells that");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("that is a number")
}
