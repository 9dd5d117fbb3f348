//! A channel that holds one job: async tasks put jobs in, the caption thread takes them out.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::{Answer, Job};
use crate::describer::DescribeError;

/// Holds at most one job that the thread has not taken yet.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    slot: Mutex<Slot>,
    /// Wakes the thread.
    filled: Condvar,
    /// Wakes one task that waits to put a job in.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Slot {
    job: Option<(Job, Answer)>,
    /// Whether a job is expected, of which the thread does not know yet.
    expected: bool,
    /// Whether something that the thread has loaded ended by itself.
    ended: bool,
    closed: bool,
    /// How long the thread may hold what it has loaded without a job; for ever when absent.
    idle_limit: Option<Duration>,
}

/// What the thread wakes up for.
#[derive(Debug)]
pub(super) enum Taken {
    /// A job is there.
    Job(Box<Job>, Answer),
    /// A job is about to come.
    Expected,
    /// Something that it has loaded, or had, ended by itself.
    Ended,
    /// Nothing was asked for long enough.
    Idle,
    /// Nobody can ask any more.
    Closed,
}

impl Mailbox {
    /// Puts a job in. It takes the place of a waiting job of the same caller, or of one that was called off, which are
    /// answered as cancelled; behind another caller's job it waits for its turn. Once closed, the job is dropped, and
    /// with it its answer.
    pub(super) async fn put(&self, job: Job, answer: Answer) {
        let mut waiting = Some((job, answer));
        loop {
            let emptied = self.emptied.notified();
            self.try_put(&mut waiting);
            if waiting.is_none() {
                return;
            }
            emptied.await;
        }
    }

    fn try_put(&self, waiting: &mut Option<(Job, Answer)>) {
        let mut slot = self.lock();
        if slot.closed {
            *waiting = None;
            return;
        }
        let Some((job, _)) = waiting.as_ref() else { return };
        let is_free = |(held, _): &(Job, Answer)| held.caller == job.caller || held.cancel.is_cancelled();
        if slot.job.as_ref().is_none_or(is_free) {
            if let Some((_, replaced)) = std::mem::replace(&mut slot.job, waiting.take()) {
                let _ = replaced.send(Err(DescribeError::Cancelled));
            }
            self.filled.notify_one();
        }
    }

    /// Waits for a job and takes it. Only a thread that says since when it holds something for nothing is told that it
    /// has been idle; any other sleeps until there is a job.
    pub(super) fn take(&self, holding_since: Option<Instant>) -> Taken {
        let mut slot = self.lock();
        loop {
            // Whoever expected a job has it now, or will have it after this one.
            let is_expected = std::mem::take(&mut slot.expected);
            if let Some((job, answer)) = slot.job.take() {
                self.emptied.notify_one();
                return Taken::Job(Box::new(job), answer);
            }
            if slot.closed {
                return Taken::Closed;
            }
            if is_expected {
                return Taken::Expected;
            }
            if std::mem::take(&mut slot.ended) {
                return Taken::Ended;
            }
            // A limit beyond the end of the clock is none.
            let end = holding_since.zip(slot.idle_limit).and_then(|(since, limit)| since.checked_add(limit));
            slot = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => self.filled.wait(slot).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Taken::Idle,
                Some(left) => self.filled.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// Tells the thread that a job is about to come.
    pub(super) fn expect(&self) {
        self.lock().expected = true;
        self.filled.notify_one();
    }

    /// Tells the thread that something that it has loaded ended by itself.
    pub(super) fn ended(&self) {
        self.lock().ended = true;
        self.filled.notify_one();
    }

    /// Sets how long the thread may hold what it has loaded without a job, from its last one on.
    pub(super) fn set_idle_limit(&self, limit: Option<Duration>) {
        self.lock().idle_limit = limit;
        self.filled.notify_all();
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&self) {
        let mut slot = self.lock();
        slot.closed = true;
        slot.job = None;
        self.filled.notify_all();
        self.emptied.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        // Nothing is left half done in here, so a panic elsewhere takes nothing from it.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
