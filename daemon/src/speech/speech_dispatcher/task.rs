//! The task that owns the connection: it takes orders in turn, and tells how far each utterance has come.
//!
//! When speech-dispatcher goes away while it speaks, as it does when it is restarted, the newest thing that was being said
//! is said again once it is back, for a few seconds at most: later nobody would know what it is about.

mod connection;
mod handing_over;

use std::{mem, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tracing::{debug, warn};

use super::{EndingScript, Order};
use crate::{
    preferences::{Preferences, SpeechRoute, VoiceSettings},
    speech::{
        Progress, Script, Speaking, Urgency, VoiceError,
        address::Address,
        in_place::InPlace,
        ssip::{Command, EventKind, Message},
    },
};
use connection::{Connection, next_message};

/// How long after the connection was lost, and after each attempt that failed, what was being said is tried again.
const RETRIES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// How many events are kept that came before their utterance was handed over whole.
const MOST_EARLY: usize = 256;

/// When looking for speech-dispatcher in vain took longer than the first, it is not looked for again for as long as the
/// second, where something else can speak: nobody waits as long for each sentence.
const SLOW: Duration = Duration::from_secs(1);
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// An utterance on its way, and who wants to know of it.
struct Pending {
    script: Script,
    /// The numbers that speech-dispatcher gave its passages, in their order.
    messages: Vec<u64>,
    progress: watch::Sender<Progress>,
}

impl Pending {
    fn new(script: Script, progress: watch::Sender<Progress>) -> Self {
        Self { script, messages: Vec::new(), progress }
    }
}

/// What was being said when the connection was lost.
struct Interrupted {
    pending: Pending,
    /// When it is tried next, and how often it was.
    next: Instant,
    attempts: usize,
}

/// What the task holds.
pub(super) struct Task {
    address: Result<Address, VoiceError>,
    preferences: watch::Receiver<Preferences>,
    /// What speaks where there is no speech-dispatcher.
    in_place: InPlace,
    /// Until when it is not looked for, and why.
    away: Option<(Instant, VoiceError)>,
    connection: Option<Connection>,
    /// How the connection was told to sound, in which language.
    told: Option<(VoiceSettings, String)>,
    /// Utterances that speech-dispatcher has and has not yet said, the oldest first.
    pending: Vec<Pending>,
    /// Events about passages of the utterance that is being handed over.
    early: Vec<(u64, EventKind)>,
    interrupted: Option<Interrupted>,
    /// What was begun in a block of SSIP that is still open: its rest belongs there.
    open: Option<Speaking>,
}

impl Task {
    pub(super) fn new(
        address: Result<Address, VoiceError>,
        preferences: watch::Receiver<Preferences>,
    ) -> Self {
        Self {
            address,
            in_place: InPlace::start(preferences.clone()),
            preferences,
            away: None,
            connection: None,
            told: None,
            pending: Vec::new(),
            early: Vec::new(),
            interrupted: None,
            open: None,
        }
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let next = self.interrupted.as_ref().map(|interrupted| interrupted.next);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Say(script, progress)) => self.say(Pending::new(script, progress), None).await,
                    Some(Order::Begin(begin, progress)) => self.begin(begin, progress).await,
                    Some(Order::Finish(ending, progress)) => self.finish(ending, progress).await,
                    Some(Order::Stop) => self.stop().await,
                    None => return,
                },
                message = next_message(self.connection.as_mut()) => match message {
                    Ok(Message::Event { message, kind }) => self.take_event(message, kind),
                    Ok(Message::Reply(reply)) => debug!(code = reply.code, "a reply that nothing asked for"),
                    Err(error) => self.lose(&error),
                },
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => self.try_again().await,
            }
        }
    }

    async fn begin(&mut self, begin: Script, progress: watch::Sender<Progress>) {
        let speaking = Speaking::of(&progress);
        self.say(Pending::new(begin, progress), Some(speaking)).await;
    }

    async fn finish(&mut self, ending: EndingScript, progress: watch::Sender<Progress>) {
        let EndingScript { begun, rest, whole } = ending;
        let is_open = self.open.as_ref().is_some_and(|open| open.is(&begun));
        if is_open && begun.may_go_on() {
            match self.go_on(&rest.passages).await {
                // Should the connection be lost, all of it is said again.
                Ok(messages) => return self.accept(messages, Pending::new(whole, progress)),
                Err(error) => self.lose(&error),
            }
        }
        let script = if begun.is_finished() { rest } else { whole };
        self.say(Pending::new(script, progress), None).await;
    }

    /// Says an utterance; one that is begun with it, and whose rest comes later, leaves a block open for that.
    async fn say(&mut self, pending: Pending, begun: Option<Speaking>) {
        let (since, is_begin) = (Instant::now(), begun.is_some());
        if let Some((until, error)) = self.away.take_if(|(until, _)| since < *until) {
            self.away = Some((until, error.clone()));
            return self.fail(pending, error, is_begin);
        }
        let mut result = self.queue(&pending.script, begun.clone()).await;
        if result == Err(VoiceError::Lost) {
            // It was restarted since it was last spoken to; nothing of this utterance was said.
            result = self.queue(&pending.script, begun).await;
        }
        // Only the newest thing is worth saying again.
        self.forget_interrupted(&Progress::Failed(VoiceError::Lost));
        match result {
            Ok(messages) => self.accept(messages, pending),
            Err(error) => {
                if since.elapsed() > SLOW && self.may_be_replaced(&error) {
                    self.away = Some((Instant::now() + LEFT_ALONE, error.clone()));
                }
                self.fail(pending, error, is_begin);
            }
        }
    }

    /// What speech-dispatcher does not say is said by something else where that may be, or its failure is told. What takes
    /// its place says things whole: a begin is left to the end.
    fn fail(&self, pending: Pending, error: VoiceError, is_begin: bool) {
        if self.may_be_replaced(&error) {
            if is_begin {
                return;
            }
            self.in_place.order(pending.script, pending.progress, error);
        } else {
            warn!(%error, "not spoken");
            pending.progress.send_replace(Progress::Failed(error));
        }
    }

    /// Whether something else may speak: where speech-dispatcher is not there, and nobody named it or its place.
    fn may_be_replaced(&self, error: &VoiceError) -> bool {
        matches!(error, VoiceError::NotReachable { .. })
            && matches!(self.address, Ok(Address::Usual(_)))
            && self.preferences.borrow().speech == SpeechRoute::Auto
    }

    fn accept(&mut self, messages: Vec<u64>, pending: Pending) {
        // It is back: two voices mix.
        self.in_place.stop();
        debug!(?messages, "speech-dispatcher has it");
        pending.progress.send_replace(Progress::Accepted);
        self.pending.push(Pending { messages, ..pending });
        for (message, kind) in mem::take(&mut self.early) {
            self.take_event(message, kind);
        }
        self.early.clear();
    }

    /// Says again what was being said when the connection was lost.
    async fn try_again(&mut self) {
        let Some(Interrupted { pending, attempts, .. }) = self.interrupted.take() else { return };
        match (self.queue(&pending.script, None).await, RETRIES.get(attempts)) {
            (Ok(messages), _) => self.accept(messages, pending),
            (Err(_), Some(delay)) => {
                let next = Instant::now() + *delay;
                self.interrupted = Some(Interrupted { pending, next, attempts: attempts + 1 });
            }
            (Err(error), None) => {
                warn!(%error, "speech-dispatcher does not come back");
                self.fail(pending, error, false);
            }
        }
    }

    fn forget_interrupted(&mut self, end: &Progress) {
        if let Some(Interrupted { pending, .. }) = self.interrupted.take() {
            pending.progress.send_replace(end.clone());
        }
    }

    async fn stop(&mut self) {
        self.in_place.stop();
        self.forget_interrupted(&Progress::Stopped);
        self.close_block().await;
        if self.pending.is_empty() {
            return;
        }
        if let Err(error) = self.command(Command::Cancel.to_line()).await {
            warn!(%error, "speech could not be stopped");
        }
        // Whatever was lost on the way, nobody wants it any more.
        self.forget_interrupted(&Progress::Stopped);
    }

    fn take_event(&mut self, message: u64, kind: EventKind) {
        let Some(index) = self.pending.iter().position(|pending| pending.messages.contains(&message)) else {
            if self.early.len() < MOST_EARLY {
                self.early.push((message, kind));
            }
            return;
        };
        let pending = &self.pending[index];
        let end = match kind {
            EventKind::End if pending.messages.last() == Some(&message) => Progress::Finished,
            EventKind::Cancelled => Progress::Stopped,
            EventKind::Begin => {
                debug!(message, "begun");
                pending.progress.send_replace(Progress::Begun);
                return;
            }
            EventKind::End | EventKind::Mark | EventKind::Paused | EventKind::Resumed => return,
        };
        self.pending.remove(index).progress.send_replace(end);
    }

    /// Drops the connection; whoever waits for an utterance over it is told, but for the newest, which is said again.
    fn lose(&mut self, error: &VoiceError) {
        debug!(%error, "the connection to speech-dispatcher is gone");
        self.connection = None;
        self.told = None;
        self.open = None;
        self.early.clear();
        let mut all = mem::take(&mut self.pending).into_iter().peekable();
        while let Some(pending) = all.next() {
            let is_worth_it = pending.script.urgency != Urgency::Ambient && *error == VoiceError::Lost;
            if all.peek().is_none() && is_worth_it {
                let next = Instant::now() + RETRIES[0];
                self.interrupted = Some(Interrupted { pending, next, attempts: 1 });
            } else {
                pending.progress.send_replace(Progress::Failed(error.clone()));
            }
        }
    }
}
