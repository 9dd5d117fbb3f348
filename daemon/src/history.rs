//! What was described, in memory alone and bounded: whose it was, and which of its sentences have been told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{description::Description, request::Caller};

/// How many descriptions of one caller are kept.
pub const MAXIMUM_PER_CALLER: usize = 50;

/// How many are kept in all.
pub const MAXIMUM: usize = 500;

/// Whose descriptions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// A caller's own.
    Own(Caller),
    /// Everybody's: only the person at whose ear all is said may ask so.
    All,
}

impl Scope {
    fn includes(&self, caller: &Caller) -> bool {
        match self {
            Self::Own(own) => own == caller,
            Self::All => true,
        }
    }
}

#[derive(Debug)]
struct Entry {
    caller: Caller,
    description: Description,
    /// How often it was told differently.
    turns: usize,
}

/// The descriptions that are remembered, newest first. They go with the process.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<VecDeque<Entry>>>);

impl History {
    /// Remembers a description, and forgets the oldest of its caller, or of all, where there are too many.
    pub fn record(&self, caller: Caller, description: Description) {
        let mut entries = self.lock();
        let own = || entries.iter().enumerate().filter(|(_, entry)| entry.caller == caller);
        if own().count() >= MAXIMUM_PER_CALLER
            && let Some((oldest, _)) = own().next_back()
        {
            entries.remove(oldest);
        }
        entries.truncate(MAXIMUM - 1);
        entries.push_front(Entry { caller, description, turns: 0 });
    }

    /// Up to `count` descriptions after the newest `offset`, newest first.
    #[must_use]
    pub fn page(&self, scope: &Scope, offset: usize, count: usize) -> Vec<Description> {
        let entries = self.lock();
        let own = entries.iter().filter(|entry| scope.includes(&entry.caller));
        own.skip(offset).take(count).map(|entry| entry.description.clone()).collect()
    }

    /// The newest description.
    #[must_use]
    pub fn newest(&self, scope: &Scope) -> Option<Description> {
        self.page(scope, 0, 1).pop()
    }

    /// Counts a turn of the newest description: it, and how often it has been told differently, this time included.
    #[must_use]
    pub fn next_turn(&self, scope: &Scope) -> Option<(Description, usize)> {
        let mut entries = self.lock();
        let newest = entries.iter_mut().find(|entry| scope.includes(&entry.caller))?;
        newest.turns += 1;
        Some((newest.description.clone(), newest.turns))
    }

    /// Forgets, and counts what there was.
    #[must_use]
    pub fn clear(&self, scope: &Scope) -> usize {
        let mut entries = self.lock();
        let before = entries.len();
        entries.retain(|entry| !scope.includes(&entry.caller));
        before - entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::example;

    fn caller(number: usize) -> Caller {
        Caller::Bus(format!(":1.{number}"))
    }

    fn own(number: usize) -> Scope {
        Scope::Own(caller(number))
    }

    fn texts(history: &History, scope: &Scope) -> Vec<String> {
        history.page(scope, 0, usize::MAX).into_iter().map(|description| description.text).collect()
    }

    #[test]
    fn each_sees_its_own_newest_first() {
        let history = History::default();
        for (number, text) in [(1, "one"), (2, "two"), (1, "three")] {
            history.record(caller(number), example(text, &[]));
        }
        assert_eq!(texts(&history, &own(1)), ["three", "one"]);
        assert_eq!(texts(&history, &own(2)), ["two"]);
        assert_eq!(texts(&history, &own(3)), [""; 0]);
        assert_eq!(texts(&history, &Scope::All), ["three", "two", "one"]);
        assert_eq!(history.newest(&own(2)).unwrap().text, "two");
        let page: Vec<String> = history.page(&Scope::All, 1, 1).into_iter().map(|entry| entry.text).collect();
        assert_eq!(page, ["two"]);

        assert_eq!(history.clear(&own(1)), 2);
        assert_eq!(texts(&history, &Scope::All), ["two"]);
        assert_eq!(history.clear(&Scope::All), 1);
        assert!(history.newest(&Scope::All).is_none());
    }

    #[test]
    fn none_can_push_out_anothers() {
        let history = History::default();
        history.record(caller(0), example("kept", &[]));
        for _ in 0..2 * MAXIMUM_PER_CALLER {
            history.record(caller(1), example("flood", &[]));
        }
        assert_eq!(texts(&history, &own(1)).len(), MAXIMUM_PER_CALLER);
        assert_eq!(texts(&history, &own(0)), ["kept"]);
        for number in 0..=MAXIMUM {
            history.record(caller(number + 2), example("one each", &[]));
        }
        assert_eq!(texts(&history, &Scope::All).len(), MAXIMUM);
    }

    #[test]
    fn turns_are_counted_for_each() {
        let history = History::default();
        assert!(history.next_turn(&Scope::All).is_none());
        history.record(caller(1), example("one", &[]));
        assert_eq!(history.next_turn(&own(1)).unwrap().1, 1);
        assert_eq!(history.next_turn(&Scope::All).unwrap().1, 2);
        history.record(caller(1), example("two", &[]));
        assert_eq!(history.next_turn(&own(1)).unwrap().1, 1);
    }
}
