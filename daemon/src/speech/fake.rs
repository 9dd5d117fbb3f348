//! A voice for tests: it remembers what it was told to say.

use std::sync::Mutex;

use super::{Ending, Progress, Speaking, Utterance, Voice, VoiceError};

/// What a fake voice was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Say(Utterance),
    Begin(Utterance),
    /// The rest of what was begun.
    Finish(String),
    Stop,
}

/// Says everything at once, or fails always.
#[derive(Debug, Default)]
pub(crate) struct FakeVoice {
    failure: Option<VoiceError>,
    told: Mutex<Vec<Told>>,
}

impl FakeVoice {
    /// A voice that never says anything.
    pub(crate) fn failing(error: VoiceError) -> Self {
        Self { failure: Some(error), ..Self::default() }
    }

    /// What it was told so far, in order.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// The texts that it was told to say, whole or in parts.
    pub(crate) fn texts(&self) -> Vec<String> {
        let told = self.told();
        told.into_iter()
            .filter_map(|told| match told {
                Told::Say(said) | Told::Begin(said) => Some(said.text),
                Told::Finish(rest) => Some(rest),
                Told::Stop => None,
            })
            .collect()
    }
}

impl Voice for FakeVoice {
    fn say(&self, utterance: Utterance) -> Speaking {
        self.told.lock().unwrap().push(Told::Say(utterance));
        let (sender, speaking) = Speaking::new();
        sender.send_replace(self.failure.clone().map_or(Progress::Finished, Progress::Failed));
        speaking
    }

    fn begin(&self, begin: Utterance) -> Speaking {
        let speaking = self.say(begin.clone());
        *self.told.lock().unwrap().last_mut().unwrap() = Told::Begin(begin);
        speaking
    }

    fn finish(&self, ending: Ending) -> Speaking {
        let speaking = self.say(ending.whole);
        *self.told.lock().unwrap().last_mut().unwrap() = Told::Finish(ending.rest.text);
        speaking
    }

    fn stop(&self) {
        self.told.lock().unwrap().push(Told::Stop);
    }
}
