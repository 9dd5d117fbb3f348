//! What `descry_daemon::fuzzing::picture` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::picture(data));
