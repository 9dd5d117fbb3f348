//! Gives back to the system what this process has in memory and does not need.
//!
//! That is what the C library's heap keeps of freed memory ([`give_back_heap`]), and the code of this program that was used
//! for something that is over ([`give_back_code`]). This crate is the only one of ours with `unsafe` in it, for one
//! declaration and one call, so that the others can forbid it.

mod code;
mod heap;

pub use code::give_back_code;
pub use heap::give_back_heap;
