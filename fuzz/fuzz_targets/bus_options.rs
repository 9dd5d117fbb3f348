//! What `descry_daemon::fuzzing::bus_options` parses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| descry_daemon::fuzzing::bus_options(data));
