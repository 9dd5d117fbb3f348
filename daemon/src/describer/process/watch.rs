//! Tells when the process of a model has ended, while nobody talks to it.
//!
//! The system ends what takes memory when it has none left, and a model that waits for a request is the first to go. Until
//! the next request nobody would notice: the service would say that it is ready, and the process would remain a zombie.

use std::{io, process::Child, thread};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::retry_on_intr,
    process::{Pid, PidfdFlags, pidfd_open},
};

/// Bytes: it does next to nothing.
const STACK: usize = 128 << 10;

/// Calls `told` once the process has ended, for whatever reason. A thread waits for that, which sleeps until then.
pub(super) fn when_ended(child: &Child, told: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Of this very process, even where its number is given to another one later (pidfd_open(2), Linux 5.3). It is readable
    // once whoever waits for the process does not have to wait.
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    thread::Builder::new().name("model-watch".to_owned()).stack_size(STACK).spawn(move || {
        let ended = retry_on_intr(|| poll(&mut [PollFd::new(&process, PollFlags::IN)], None));
        // Nothing else can go wrong than that the kernel has no memory for it.
        if ended.is_ok() {
            told();
        }
    })?;
    Ok(())
}
