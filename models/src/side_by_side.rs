//! Two things that each take a while, done at once where there is a second core.

use std::{panic::resume_unwind, thread};

/// Does both. A system that gives no thread has the second one done after the first.
pub(crate) fn side_by_side<First, Second: Send>(
    first: impl FnOnce() -> First,
    second: impl Fn() -> Second + Sync,
) -> (First, Second) {
    thread::scope(|scope| {
        let beside = thread::Builder::new().spawn_scoped(scope, &second);
        let first = first();
        let second = match beside {
            Ok(beside) => beside.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => second(),
        };
        (first, second)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gives_its_own_and_they_do_not_wait_for_each_other() {
        let both = std::sync::Barrier::new(2);
        let found = side_by_side(
            || {
                both.wait();
                "first"
            },
            || {
                both.wait();
                2
            },
        );
        assert_eq!(found, ("first", 2));
    }
}
