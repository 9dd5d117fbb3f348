//! `org.descry.Descry1.Triggers`: which keys and buttons do something, and what stands in the way of others.

use tokio::sync::watch;
use zbus::interface;

use super::dictionary::{Dictionary, put};
use crate::{app::App, trigger::Status, wording};

/// The object's view of the triggers.
pub struct Triggers {
    /// Which knows the language.
    app: App,
    status: watch::Receiver<Status>,
}

impl Triggers {
    /// A view of that.
    #[must_use]
    pub fn new(app: App, status: watch::Receiver<Status>) -> Self {
        Self { app, status }
    }
}

#[interface(name = "org.descry.Descry1.Triggers", introspection_docs = false)]
impl Triggers {
    /// What can be pressed.
    #[zbus(property)]
    fn bound(&self) -> Vec<Dictionary> {
        let status = self.status.borrow();
        let all = status.iter().flat_map(|(way, state)| state.bound.iter().map(move |bound| (way, bound)));
        all.map(|(way, bound)| {
            let mut dictionary = Dictionary::new();
            put(&mut dictionary, "trigger", bound.trigger.clone());
            put(&mut dictionary, "action", bound.action.name());
            put(&mut dictionary, "from", way.name());
            dictionary
        })
        .collect()
    }

    /// What cannot, and what to do about it.
    #[zbus(property)]
    fn problems(&self) -> Vec<Dictionary> {
        let status = self.status.borrow();
        let all =
            status.iter().flat_map(|(way, state)| state.problems.iter().map(move |problem| (way, problem)));
        all.map(|(way, problem)| {
            let mut dictionary = Dictionary::new();
            put(&mut dictionary, "text", wording::words_in(&problem.error.message(), self.app.language()));
            put(&mut dictionary, "from", way.name());
            dictionary
        })
        .collect()
    }
}
