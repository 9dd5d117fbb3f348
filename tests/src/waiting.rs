//! Waiting for something to become true: by asking again, never for a fixed time, and never for ever.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// How long anything may take on a slow machine with other work before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How often a condition is asked.
const INTERVAL: Duration = Duration::from_millis(20);

/// Asks until there is an answer; fails with `what` when [`PATIENCE`] has passed.
pub fn wait_for<T>(what: &str, answer: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    wait_for_long(what, PATIENCE, answer)
}

/// The same for what takes longer by its nature: fails when `patience` has passed.
pub fn wait_for_long<T>(
    what: &str,
    patience: Duration,
    mut answer: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(answer) = answer()? {
            return Ok(answer);
        }
        if begin.elapsed() > patience {
            bail!("waited {} s in vain for {what}", patience.as_secs());
        }
        sleep(INTERVAL);
    }
}

/// Asks until the answer is yes; fails with `what` when [`PATIENCE`] has passed.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    wait_for(what, || Ok(condition()?.then_some(())))
}
