//! Waiting for a descriptor that another library reads: until there is something to read.

use std::{io, os::fd::OwnedFd};

use tokio::io::{Interest, unix::AsyncFd};

/// A descriptor whose readiness to be read can be waited for.
// The function is deprecated for those whose descriptor may be another one tomorrow; its successor is unsafe. An `OwnedFd`
// is open, and the same, for as long as it lives, which is all that is asked for.
#[allow(deprecated)]
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}
