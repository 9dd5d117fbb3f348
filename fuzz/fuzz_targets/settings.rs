//! What `descry_daemon::fuzzing::settings` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::settings(data));
