//! Decoders: networks that turn features and the words so far into the next word.

pub mod attend;
