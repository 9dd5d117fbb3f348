//! What was described, bounded: whose it was, and which of its sentences have been told. It is in memory alone, unless the
//! person has it [`kept`] on disk.

pub mod kept;

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{description::Description, request::Caller};
use kept::KeepError;

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
    fn includes(&self, caller: Option<&Caller>) -> bool {
        match self {
            Self::Own(own) => Some(own) == caller,
            Self::All => true,
        }
    }
}

#[derive(Debug)]
struct Entry {
    /// Who asked; absent for what an earlier service was asked, whose callers are gone.
    caller: Option<Caller>,
    description: Description,
    /// How often it was told differently.
    turns: usize,
}

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<Entry>,
    /// Where it would be kept, if anywhere.
    file: Option<PathBuf>,
    is_kept: bool,
    /// Whether it was told already that it cannot be kept.
    failed: bool,
}

impl Inner {
    /// Writes what there is, where it is kept. What goes wrong is told once, until it goes well again.
    fn save(&mut self) -> Result<(), KeepError> {
        if !self.is_kept {
            return Ok(());
        }
        let descriptions = self.entries.iter().map(|entry| &entry.description);
        let result = match &self.file {
            Some(file) if self.entries.is_empty() => kept::remove(file),
            Some(file) => kept::write(file, descriptions),
            None => Err(KeepError::NoPlace),
        };
        let is_new = !std::mem::replace(&mut self.failed, result.is_err());
        if is_new { result } else { Ok(()) }
    }
}

/// The descriptions that are remembered, newest first.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Inner>>);

impl History {
    /// A history that can be kept in a file. It is not yet.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self(Arc::new(Mutex::new(Inner { file, ..Inner::default() })))
    }

    /// Keeps the history on disk from now on, after what is there already, or does not, and removes what is there. It
    /// reads or writes a file of up to [`kept::MAXIMUM_BYTES`].
    pub fn set_kept(&self, is_kept: bool) -> Result<(), KeepError> {
        let mut inner = self.lock();
        let was_kept = std::mem::replace(&mut inner.is_kept, is_kept);
        let Some(file) = inner.file.clone() else {
            return if is_kept { Err(KeepError::NoPlace) } else { Ok(()) };
        };
        if !is_kept {
            return kept::remove(&file);
        }
        if was_kept {
            return Ok(());
        }
        let (earlier, read) = kept::read(&file);
        let room = MAXIMUM.saturating_sub(inner.entries.len());
        let earlier = earlier.into_iter().take(room);
        inner.entries.extend(earlier.map(|description| Entry { caller: None, description, turns: 0 }));
        read.and(inner.save())
    }

    /// Remembers a description, and forgets the oldest of its caller, or of all, where there are too many. The error is
    /// that it could not be kept on disk; it is remembered all the same.
    pub fn record(&self, caller: Caller, description: Description) -> Result<(), KeepError> {
        let mut inner = self.lock();
        let entries = &mut inner.entries;
        let caller = Some(caller);
        let own = || entries.iter().enumerate().filter(|(_, entry)| entry.caller == caller);
        if own().count() >= MAXIMUM_PER_CALLER
            && let Some((oldest, _)) = own().next_back()
        {
            entries.remove(oldest);
        }
        entries.truncate(MAXIMUM - 1);
        entries.push_front(Entry { caller, description, turns: 0 });
        inner.save()
    }

    /// Up to `count` descriptions after the newest `offset`, newest first.
    #[must_use]
    pub fn page(&self, scope: &Scope, offset: usize, count: usize) -> Vec<Description> {
        let inner = self.lock();
        let own = inner.entries.iter().filter(|entry| scope.includes(entry.caller.as_ref()));
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
        let mut inner = self.lock();
        let newest = inner.entries.iter_mut().find(|entry| scope.includes(entry.caller.as_ref()))?;
        newest.turns += 1;
        Some((newest.description.clone(), newest.turns))
    }

    /// Forgets, on disk too, and counts what there was.
    pub fn clear(&self, scope: &Scope) -> (usize, Result<(), KeepError>) {
        let mut inner = self.lock();
        let before = inner.entries.len();
        inner.entries.retain(|entry| !scope.includes(entry.caller.as_ref()));
        let count = before - inner.entries.len();
        // That what was to go is still there is always told.
        inner.failed = false;
        (count, inner.save())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
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
            history.record(caller(number), example(text, &[])).unwrap();
        }
        assert_eq!(texts(&history, &own(1)), ["three", "one"]);
        assert_eq!(texts(&history, &own(2)), ["two"]);
        assert_eq!(texts(&history, &own(3)), [""; 0]);
        assert_eq!(texts(&history, &Scope::All), ["three", "two", "one"]);
        assert_eq!(history.newest(&own(2)).unwrap().text, "two");
        let page: Vec<String> = history.page(&Scope::All, 1, 1).into_iter().map(|entry| entry.text).collect();
        assert_eq!(page, ["two"]);

        assert_eq!(history.clear(&own(1)).0, 2);
        assert_eq!(texts(&history, &Scope::All), ["two"]);
        assert_eq!(history.clear(&Scope::All).0, 1);
        assert!(history.newest(&Scope::All).is_none());
    }

    #[test]
    fn none_can_push_out_anothers() {
        let history = History::default();
        history.record(caller(0), example("kept", &[])).unwrap();
        for _ in 0..2 * MAXIMUM_PER_CALLER {
            history.record(caller(1), example("flood", &[])).unwrap();
        }
        assert_eq!(texts(&history, &own(1)).len(), MAXIMUM_PER_CALLER);
        assert_eq!(texts(&history, &own(0)), ["kept"]);
        for number in 0..=MAXIMUM {
            history.record(caller(number + 2), example("one each", &[])).unwrap();
        }
        assert_eq!(texts(&history, &Scope::All).len(), MAXIMUM);
    }

    #[test]
    fn turns_are_counted_for_each() {
        let history = History::default();
        assert!(history.next_turn(&Scope::All).is_none());
        history.record(caller(1), example("one", &[])).unwrap();
        assert_eq!(history.next_turn(&own(1)).unwrap().1, 1);
        assert_eq!(history.next_turn(&Scope::All).unwrap().1, 2);
        history.record(caller(1), example("two", &[])).unwrap();
        assert_eq!(history.next_turn(&own(1)).unwrap().1, 1);
    }

    #[test]
    fn it_is_kept_on_disk_only_when_it_is_switched_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("descry/history.jsonl");
        let history = History::new(Some(file.clone()));
        history.record(caller(1), example("one", &[])).unwrap();
        assert!(!file.exists(), "nothing is written unasked");
        history.set_kept(true).unwrap();
        history.record(caller(2), example("two", &[])).unwrap();
        assert!(file.exists());

        // The next service has it, as nobody's but the person's.
        let next = History::new(Some(file.clone()));
        next.record(caller(1), example("three", &[])).unwrap();
        next.set_kept(true).unwrap();
        assert_eq!(texts(&next, &Scope::All), ["three", "two", "one"]);
        assert_eq!(texts(&next, &own(1)), ["three"]);
        next.set_kept(true).unwrap();
        assert_eq!(texts(&next, &Scope::All).len(), 3, "it is read once");

        let (count, cleared) = next.clear(&own(1));
        cleared.unwrap();
        assert_eq!(count, 1);
        let third = History::new(Some(file.clone()));
        third.set_kept(true).unwrap();
        assert_eq!(texts(&third, &Scope::All), ["two", "one"]);
        third.clear(&Scope::All).1.unwrap();
        assert!(!file.exists(), "one call clears it");

        third.record(caller(1), example("four", &[])).unwrap();
        assert!(file.exists());
        third.set_kept(false).unwrap();
        assert!(!file.exists(), "whoever switches it off wants it gone");
        third.record(caller(1), example("five", &[])).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn what_cannot_be_kept_is_told_once_and_remembered_all_the_same() {
        let history = History::new(Some("/proc/no/history.jsonl".into()));
        history.set_kept(true).unwrap();
        let told = history.record(caller(1), example("one", &[]));
        assert!(matches!(told, Err(KeepError::System { .. })), "{told:?}");
        history.record(caller(1), example("two", &[])).unwrap();
        assert_eq!(texts(&history, &own(1)), ["two", "one"]);
        assert!(history.clear(&Scope::All).1.is_ok(), "there is nothing to be removed");
        assert!(matches!(History::default().set_kept(true), Err(KeepError::NoPlace)));
        assert!(History::default().set_kept(false).is_ok());
    }
}
