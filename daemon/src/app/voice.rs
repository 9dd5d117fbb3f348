//! What is said beside new descriptions: an old one once more, what follows from what the person did, and faults.

use std::{sync::PoisonError, time::SystemTime};

use super::{App, Outcome};
use crate::{
    description::Description,
    failure::Failure,
    history::Scope,
    retell::{self, Retold, Way},
    speech::{Ending, Speaking, Urgency, Utterance},
    wording,
    words::Message,
};

impl App {
    /// Tells the newest description of a scope once more, in the given way.
    #[must_use]
    pub fn retell(&self, scope: &Scope, way: Way, speak: bool) -> Outcome {
        let language = self.language();
        let retold = match way {
            Way::Repeat => self.history.newest(scope).map(|newest| (retell::repeat(&newest), newest)),
            Way::Elaborate => self
                .history
                .newest(scope)
                .map(|newest| (retell::elaborate(&newest, SystemTime::now(), language), newest)),
            Way::Rephrase => self
                .history
                .next_turn(scope)
                .map(|(newest, turn)| (retell::rephrase(&newest, turn, language), newest)),
        };
        let retold =
            retold.map(|(Retold { text, spoken }, description)| Description { text, spoken, ..description });
        let speaking = speak.then(|| {
            self.voice.stop();
            match &retold {
                Some(description) => self.say_of(description, Urgency::Asked),
                None => self.speak_fault(&Failure::NothingYet.message()),
            }
        });
        Outcome { result: retold.ok_or(Failure::NothingYet), speaking }
    }

    /// Says what is told of a description, its captions in their own language.
    pub(super) fn say_of(&self, description: &Description, urgency: Urgency) -> Speaking {
        let quotes = description.quotes(self.language());
        self.utter(Utterance::new(&description.spoken, urgency).quoting(quotes))
    }

    /// Says something. What was asked for is remembered until it was said: no narration speaks meanwhile.
    pub(super) fn say(&self, text: String, urgency: Urgency) -> Speaking {
        self.utter(Utterance::new(text, urgency))
    }

    fn utter(&self, utterance: Utterance) -> Speaking {
        let urgency = utterance.urgency;
        let speaking = self.voice.say(utterance);
        if urgency != Urgency::Ambient {
            self.remember(&speaking);
        }
        speaking
    }

    /// Begins an answer of which the rest is still sought.
    pub(super) fn begin(&self, text: &str) -> Speaking {
        let speaking = self.voice.begin(Utterance::new(text, Urgency::Asked));
        self.remember(&speaking);
        speaking
    }

    /// Says what is told of a description whose begin was said already, where it was.
    pub(super) fn finish(&self, description: &Description, begun: Option<(String, Speaking)>) -> Speaking {
        let rest = begun.and_then(|(begin, begun)| {
            let rest = description.spoken.strip_prefix(&begin)?.trim_start();
            (!rest.is_empty()).then(|| (rest.to_owned(), begun))
        });
        let Some((rest, begun)) = rest else { return self.say_of(description, Urgency::Asked) };
        let quotes = description.quotes(self.language());
        let utterance = |text: &str| Utterance::new(text, Urgency::Asked).quoting(quotes.clone());
        let (rest, whole) = (utterance(&rest), utterance(&description.spoken));
        let speaking = self.voice.finish(Ending { begun, rest, whole });
        self.remember(&speaking);
        speaking
    }

    fn remember(&self, answer: &Speaking) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.clone());
    }

    /// What is being said of what was asked for.
    pub(super) fn answer(&self) -> Option<Speaking> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody waits for an answer, or hears one.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let _over = answer.take_if(|speaking| speaking.is_over());
        answer.is_some() || self.in_flight.is_somebody_waiting()
    }

    /// Says something that nobody asked for, and that gives way to all else.
    #[must_use]
    pub fn say_ambient(&self, text: String) -> Speaking {
        self.say(text, Urgency::Ambient)
    }

    /// Says what follows from what the person did.
    pub fn tell(&self, words: &Message) {
        let _speaking = self.say(wording::words_in(words, self.language()), Urgency::Asked);
    }

    /// Says that something is wrong that no request asked about.
    pub fn say_fault(&self, words: &Message) {
        let _speaking = self.speak_fault(words);
    }

    /// The same, for who wants to know when it was said.
    #[must_use]
    pub fn speak_fault(&self, words: &Message) -> Speaking {
        self.say(wording::words_in(words, self.language()), Urgency::Fault)
    }

    /// Stops what is being said.
    pub fn stop_speaking(&self) {
        self.voice.stop();
    }
}
