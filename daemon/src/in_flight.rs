//! Which requests are under way, and whose: so that the newest of a caller wins, none can flood, each can call off its
//! own only, and a narration gives way to whoever asks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    failure::Failure,
    narration::policy::KeptBack,
    request::{Caller, Cancel, Reason, Request, RequestId},
};

/// Requests of one caller that may be under way. All but the newest have been called off and are on their way out.
pub const MAXIMUM_PER_CALLER: usize = 8;

#[derive(Debug)]
struct Entry {
    id: RequestId,
    token: Option<String>,
    cancel: Cancel,
}

/// The requests that are under way.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<Caller, Vec<Entry>>>>);

impl InFlight {
    /// Takes a request in and calls off the older ones of its caller, and those of all narrations where somebody asks. It
    /// counts until what is returned is dropped.
    pub fn admit(&self, request: &Request) -> Result<Admitted, Failure> {
        let mut callers = self.lock();
        if !request.caller.is_waiting() && callers.keys().any(Caller::is_waiting) {
            return Err(Failure::KeptBack(KeptBack::Answering));
        }
        let entries = callers.entry(request.caller.clone()).or_default();
        if entries.len() >= MAXIMUM_PER_CALLER {
            return Err(Failure::RateLimited);
        }
        for older in entries.iter() {
            older.cancel.cancel(Reason::Newer);
        }
        let token = request.options.token.clone();
        entries.push(Entry { id: request.id, token, cancel: request.cancel.clone() });
        if request.caller.is_waiting() {
            let narrations = callers.iter().filter(|(caller, _)| !caller.is_waiting());
            for entry in narrations.flat_map(|(_, entries)| entries) {
                entry.cancel.cancel(Reason::GaveWay);
            }
        }
        Ok(Admitted { all: self.clone(), caller: request.caller.clone(), id: request.id })
    }

    /// Whether somebody waits for an answer.
    #[must_use]
    pub fn is_somebody_waiting(&self) -> bool {
        self.lock().keys().any(Caller::is_waiting)
    }

    /// Calls off a caller's own requests of that token; how many there were.
    pub fn cancel_token(&self, caller: &Caller, token: &str) -> usize {
        let callers = self.lock();
        let own = callers.get(caller).map(Vec::as_slice).unwrap_or_default();
        let named = own.iter().filter(|entry| entry.token.as_deref() == Some(token));
        named.map(|entry| entry.cancel.cancel(Reason::Asked)).count()
    }

    /// Calls off all that a caller has under way.
    pub fn cancel_caller(&self, caller: &Caller, reason: Reason) {
        for entry in self.lock().get(caller).into_iter().flatten() {
            entry.cancel.cancel(reason);
        }
    }

    /// Calls off all that is under way.
    pub fn cancel_all(&self, reason: Reason) {
        for entry in self.lock().values().flatten() {
            entry.cancel.cancel(reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Caller, Vec<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that counts as under way.
#[derive(Debug)]
pub struct Admitted {
    all: InFlight,
    caller: Caller,
    id: RequestId,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut callers = self.all.lock();
        if let Some(entries) = callers.get_mut(&self.caller) {
            entries.retain(|entry| entry.id != self.id);
            if entries.is_empty() {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{request::Options, source::file::FileSource};

    fn request(caller: &str, token: Option<&str>) -> Request {
        let options = Options { token: token.map(str::to_owned), ..Options::default() };
        Request::new(Caller::Bus(caller.to_owned()), Box::new(FileSource::StandardInput), options)
    }

    #[test]
    fn the_newest_of_a_caller_wins() {
        let in_flight = InFlight::default();
        let (first, second, other) = (request(":1", None), request(":1", None), request(":2", None));
        let _first = in_flight.admit(&first).unwrap();
        let _other = in_flight.admit(&other).unwrap();
        let _second = in_flight.admit(&second).unwrap();
        assert_eq!(first.cancel.reason(), Some(Reason::Newer));
        assert_eq!(second.cancel.reason(), None);
        assert_eq!(other.cancel.reason(), None);
    }

    #[test]
    fn a_token_names_only_the_callers_own() {
        let in_flight = InFlight::default();
        let (mine, theirs) = (request(":1", Some("a")), request(":2", Some("a")));
        let _mine = in_flight.admit(&mine).unwrap();
        let _theirs = in_flight.admit(&theirs).unwrap();
        assert_eq!(in_flight.cancel_token(&mine.caller, "b"), 0);
        assert_eq!(in_flight.cancel_token(&mine.caller, "a"), 1);
        assert_eq!(mine.cancel.reason(), Some(Reason::Asked));
        assert_eq!(theirs.cancel.reason(), None);
        in_flight.cancel_caller(&theirs.caller, Reason::CallerGone);
        assert_eq!(theirs.cancel.reason(), Some(Reason::CallerGone));
        let third = request(":3", None);
        let _third = in_flight.admit(&third).unwrap();
        in_flight.cancel_all(Reason::Paused);
        assert_eq!(third.cancel.reason(), Some(Reason::Paused));
        assert_eq!(mine.cancel.reason(), Some(Reason::Asked), "the first reason stands");
    }

    #[test]
    fn a_narration_gives_way_to_everybody() {
        let in_flight = InFlight::default();
        let narrated = |number| {
            let caller = Caller::Narration(Arc::new(Caller::Bus(":1".to_owned())), number);
            assert_eq!(caller.owner(), &Caller::Bus(":1".to_owned()));
            Request::new(caller, Box::new(FileSource::StandardInput), Options::default())
        };
        let (one, other) = (narrated(1), narrated(2));
        let _one = in_flight.admit(&one).unwrap();
        let _other = in_flight.admit(&other).unwrap();
        assert!(!in_flight.is_somebody_waiting());
        assert_eq!((one.cancel.reason(), other.cancel.reason()), (None, None));
        let asked = request(":2", None);
        let admitted = in_flight.admit(&asked).unwrap();
        assert_eq!(one.cancel.reason(), Some(Reason::GaveWay));
        assert_eq!(other.cancel.reason(), Some(Reason::GaveWay));
        assert!(in_flight.is_somebody_waiting());
        let refused = in_flight.admit(&narrated(3));
        assert!(matches!(refused, Err(Failure::KeptBack(KeptBack::Answering))), "{refused:?}");
        assert_eq!(asked.cancel.reason(), None);
        drop(admitted);
        assert!(in_flight.admit(&narrated(3)).is_ok() && !in_flight.is_somebody_waiting());
    }

    #[test]
    fn a_flood_is_refused_and_what_ends_makes_room() {
        let in_flight = InFlight::default();
        let mut admitted: Vec<_> =
            (0..MAXIMUM_PER_CALLER).map(|_| in_flight.admit(&request(":1", None)).unwrap()).collect();
        assert!(matches!(in_flight.admit(&request(":1", None)), Err(Failure::RateLimited)));
        assert!(in_flight.admit(&request(":2", None)).is_ok());
        admitted.pop();
        assert!(in_flight.admit(&request(":1", None)).is_ok());
        admitted.clear();
        assert!(in_flight.lock().is_empty());
    }
}
