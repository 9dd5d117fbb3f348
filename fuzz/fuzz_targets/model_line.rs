//! What `descry_daemon::fuzzing::model_line` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::model_line(data));
