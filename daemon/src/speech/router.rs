//! The voice that chooses who speaks: Orca, speech-dispatcher or nobody, as the preferences are when something is said.
//!
//! One task takes the orders in turn, so that a stop never overtakes what it is to stop.

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tracing::{debug, warn};

use super::{
    Ending, Progress, Script, Speaking, Urgency, Utterance, Voice, VoiceError,
    address::Address,
    orca::{Orca, OrcaError},
    speech_dispatcher::{EndingScript, SpeechDispatcher},
};
use crate::preferences::{Preferences, SpeechRoute};

/// How many orders wait at most.
const QUEUE: usize = 64;

/// What the task is told.
#[derive(Debug)]
enum Order {
    Say(Utterance, watch::Sender<Progress>),
    Begin(Utterance, watch::Sender<Progress>),
    Finish(Ending, watch::Sender<Progress>),
    Stop,
}

/// A voice that heeds [`Preferences::speech`].
#[derive(Debug, Clone)]
pub struct Router {
    orders: mpsc::Sender<Order>,
}

impl Router {
    /// Starts the tasks that speak. Nobody is spoken to before there is something to say. They end when every clone of
    /// this voice is dropped.
    #[must_use]
    pub fn start(
        address: Result<Address, VoiceError>,
        preferences: watch::Receiver<Preferences>,
    ) -> (Self, JoinHandle<()>) {
        Self::start_with(address, Orca::default(), preferences)
    }

    fn start_with(
        address: Result<Address, VoiceError>,
        orca: Orca,
        preferences: watch::Receiver<Preferences>,
    ) -> (Self, JoinHandle<()>) {
        let (orders, received) = mpsc::channel(QUEUE);
        let (dispatcher, dispatcher_task) = SpeechDispatcher::start(address, preferences.clone());
        let task = Task { preferences, dispatcher, orca };
        let task = tokio::spawn(async move {
            tokio::select! {
                () = task.run(received) => {}
                _ = dispatcher_task => {}
            }
        });
        (Self { orders }, task)
    }
}

impl Router {
    fn order(&self, order: impl FnOnce(watch::Sender<Progress>) -> Order) -> Speaking {
        let (sender, speaking) = Speaking::new();
        if let Err(error) = self.orders.try_send(order(sender)) {
            let (order, reason) = match error {
                mpsc::error::TrySendError::Full(order) => (order, VoiceError::Busy),
                mpsc::error::TrySendError::Closed(order) => (order, VoiceError::Ended),
            };
            if let Order::Say(_, sender) | Order::Begin(_, sender) | Order::Finish(_, sender) = order {
                sender.send_replace(Progress::Failed(reason));
            }
        }
        speaking
    }
}

impl Voice for Router {
    fn say(&self, utterance: Utterance) -> Speaking {
        self.order(|sender| Order::Say(utterance, sender))
    }

    fn begin(&self, begin: Utterance) -> Speaking {
        self.order(|sender| Order::Begin(begin, sender))
    }

    fn finish(&self, ending: Ending) -> Speaking {
        self.order(|sender| Order::Finish(ending, sender))
    }

    fn stop(&self) {
        if let Err(error) = self.orders.try_send(Order::Stop) {
            warn!(%error, "the voice could not be told to stop");
        }
    }
}

struct Task {
    preferences: watch::Receiver<Preferences>,
    dispatcher: SpeechDispatcher,
    orca: Orca,
}

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Say(utterance, progress) => self.say(utterance, progress).await,
                Order::Begin(begin, progress) => self.begin(begin, progress).await,
                Order::Finish(ending, progress) => self.finish(ending, progress).await,
                Order::Stop => {
                    self.dispatcher.stop();
                    self.orca.interrupt().await;
                }
            }
        }
    }

    /// Orca takes a text whole, for speech and for braille: on the braille display a second one replaces the first. So
    /// only speech-dispatcher says a begin, and dropping `progress` says that nobody does.
    async fn begin(&mut self, begin: Utterance, progress: watch::Sender<Progress>) {
        let route = self.preferences.borrow().speech;
        let is_spoken = match route {
            SpeechRoute::Speechd => true,
            SpeechRoute::None | SpeechRoute::Orca => false,
            SpeechRoute::Auto => !self.orca.is_there().await,
        };
        if is_spoken {
            let begin = Script::of(&begin, self.preferences.borrow().words());
            self.dispatcher.begin(begin, progress);
        }
    }

    async fn finish(&mut self, ending: Ending, progress: watch::Sender<Progress>) {
        if ending.begun.may_go_on() {
            let script = |utterance| Script::of(utterance, self.preferences.borrow().words());
            let (rest, whole) = (script(&ending.rest), script(&ending.whole));
            self.dispatcher.finish(EndingScript { begun: ending.begun, rest, whole }, progress);
        } else {
            self.say(ending.whole, progress).await;
        }
    }

    async fn say(&mut self, utterance: Utterance, progress: watch::Sender<Progress>) {
        let route = self.preferences.borrow().speech;
        let script = Script::of(&utterance, self.preferences.borrow().words());
        let through_orca = match route {
            SpeechRoute::None => {
                progress.send_replace(Progress::Finished);
                return;
            }
            SpeechRoute::Speechd => false,
            SpeechRoute::Orca => true,
            // Only speech-dispatcher lets narration give way to Orca by itself.
            SpeechRoute::Auto => utterance.urgency != Urgency::Ambient,
        };
        if !through_orca {
            return self.dispatcher.order(script, progress);
        }
        if utterance.urgency != Urgency::Ambient {
            // What was said on the way to this, such as a plea for patience, gives way: two voices mix.
            self.dispatcher.stop();
        }
        match self.orca.present(&script.text()).await {
            // Orca does not tell when it has said it.
            Ok(()) => _ = progress.send_replace(Progress::Finished),
            Err(error) if route == SpeechRoute::Auto => {
                debug!(?error, "Orca does not present, so speech-dispatcher speaks");
                self.dispatcher.order(script, progress);
            }
            Err(error) => {
                let error = match error {
                    OrcaError::NotThere => VoiceError::NoOrca,
                    OrcaError::Failed(reason) => VoiceError::Orca(reason),
                };
                warn!(%error, "not spoken");
                progress.send_replace(Progress::Failed(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        preferences::Shared,
        speech::{
            orca::fake::{self, Version},
            speech_dispatcher::fake::{Lines, dispatcher},
        },
    };

    const LIMIT: Duration = Duration::from_secs(5);

    struct Parts {
        preferences: Shared,
        voice: Router,
        asked: fake::Asked,
        lines: Lines,
        _orca: zbus::Connection,
    }

    async fn parts(version: Option<Version>) -> Parts {
        let (client, server, asked) = fake::orca(version, true).await;
        let (address, lines) = dispatcher();
        let preferences = Shared::default();
        let (voice, _task) = Router::start_with(Ok(address), Orca::over(client), preferences.watch());
        Parts { preferences, voice, asked, lines, _orca: server }
    }

    impl Parts {
        async fn say(&self, text: &str, urgency: Urgency) -> Result<bool, VoiceError> {
            self.voice.say(Utterance::new(text, urgency)).ended(LIMIT).await
        }
    }

    #[tokio::test]
    async fn who_speaks_can_change_while_it_runs() {
        let parts = parts(Some(Version::New)).await;
        assert_eq!(parts.say("One.", Urgency::Asked).await, Ok(true));
        assert_eq!(parts.say("Two.", Urgency::Ambient).await, Ok(true));
        parts.preferences.change(|preferences| preferences.speech = SpeechRoute::Speechd);
        assert_eq!(parts.say("Three.", Urgency::Fault).await, Ok(true));
        parts.preferences.change(|preferences| preferences.speech = SpeechRoute::None);
        assert_eq!(parts.say("Four.", Urgency::Asked).await, Ok(true));
        parts.preferences.change(|preferences| preferences.speech = SpeechRoute::Orca);
        assert_eq!(parts.say("Five.", Urgency::Ambient).await, Ok(true));
        parts.voice.stop();
        assert_eq!(parts.say("Six.", Urgency::Fault).await, Ok(true));
        assert_eq!(*parts.asked.lock().unwrap(), ["One.", "Five.", "(interrupted)", "Six."]);
        assert_eq!(parts.lines.texts(), ["Two.", "Three."]);
    }

    #[tokio::test]
    async fn without_orca_speech_dispatcher_speaks_unless_orca_is_insisted_on() {
        let parts = parts(None).await;
        assert_eq!(parts.say("See https://www.example.com/a?b=c", Urgency::Asked).await, Ok(true));
        parts.preferences.change(|preferences| preferences.speech = SpeechRoute::Orca);
        assert_eq!(parts.say("Two.", Urgency::Asked).await, Err(VoiceError::NoOrca));
        assert_eq!(parts.lines.texts(), ["See link to example.com"]);
    }

    #[tokio::test]
    async fn orca_takes_an_answer_whole_and_speech_dispatcher_in_parts() {
        for (version, to_orca, to_dispatcher) in [
            (Some(Version::New), vec!["Window. Text."], vec![]),
            (Some(Version::Old), vec!["Window. Text."], vec![]),
            (None, vec![], vec!["Window.", "Text."]),
        ] {
            let parts = parts(version).await;
            let utterance = |text: &str| Utterance::new(text, Urgency::Asked);
            let mut begun = parts.voice.begin(utterance("Window."));
            let was_said = begun.ended(LIMIT).await;
            assert_eq!(was_said.is_ok(), version.is_none(), "{was_said:?}");
            let ending = Ending { begun, rest: utterance("Text."), whole: utterance("Window. Text.") };
            assert_eq!(parts.voice.finish(ending).ended(LIMIT).await, Ok(true));
            assert_eq!(*parts.asked.lock().unwrap(), to_orca);
            assert_eq!(parts.lines.texts(), to_dispatcher);
        }
    }
}
