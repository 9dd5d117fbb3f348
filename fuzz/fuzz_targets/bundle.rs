//! What `descry_daemon::fuzzing::bundle` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::bundle(data));
