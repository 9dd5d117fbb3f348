//! What `descry_daemon::fuzzing::spoken_text` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::spoken_text(data));
