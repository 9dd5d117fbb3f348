//! What `descry_daemon::fuzzing::history` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::history(data));
