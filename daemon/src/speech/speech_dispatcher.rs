//! The voice that speaks through speech-dispatcher: one task owns the connection, opens it when something is to be
//! said, and opens it anew when it was lost.
//!
//! When speech-dispatcher goes away while it speaks, as it does when it is restarted, the newest thing that was being said
//! is said again once it is back, for a few seconds at most: later nobody would know what it is about.
//!
//! An utterance in two languages is a block of messages, each with its own LANGUAGE. SSML's `xml:lang` would keep it one,
//! but the module of espeak-ng passes over it (tried with 0.11.4), and so do those that strip mark-up; and from LANGUAGE
//! speech-dispatcher also chooses another module where its configuration has one for that language.

use std::{env, mem, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use tracing::{debug, warn};

use super::{
    Progress, Script, Speaking, Urgency, VoiceError,
    address::{Address, Stream},
    espeak::Espeak,
    passage::Passage,
    ssip::{Command, EventKind, Message, Parser, Reply, text},
};
use crate::preferences::{Preferences, SpeechRoute, VoiceSettings};

/// How long speech-dispatcher may take to answer a command.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// How long after the connection was lost, and after each attempt that failed, what was being said is tried again.
const RETRIES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// How many events are kept that came before their utterance was handed over whole.
const MOST_EARLY: usize = 256;

/// When looking for speech-dispatcher in vain took longer than the first, it is not looked for again for as long as the
/// second, where something else can speak: nobody waits as long for each sentence.
const SLOW: Duration = Duration::from_secs(1);
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// How many orders wait at most.
const QUEUE: usize = 64;

/// What the task is told.
#[derive(Debug)]
enum Order {
    Say(Script, watch::Sender<Progress>),
    Begin(Script, watch::Sender<Progress>),
    Finish(EndingScript, watch::Sender<Progress>),
    Stop,
}

/// The end of an utterance that was begun, as it is to be said.
#[derive(Debug)]
pub struct EndingScript {
    /// Follows what was begun.
    pub begun: Speaking,
    /// What comes after that.
    pub rest: Script,
    /// All of it.
    pub whole: Script,
}

/// A voice over a connection to speech-dispatcher.
#[derive(Debug, Clone)]
pub struct SpeechDispatcher {
    orders: mpsc::Sender<Order>,
}

impl SpeechDispatcher {
    /// Starts the task that speaks. It connects with the first utterance, not before. The task ends when every
    /// clone of this voice is dropped.
    #[must_use]
    pub fn start(
        address: Result<Address, VoiceError>,
        preferences: watch::Receiver<Preferences>,
    ) -> (Self, JoinHandle<()>) {
        let (orders, received) = mpsc::channel(QUEUE);
        let espeak = Espeak::start(preferences.clone());
        let task = Task {
            address,
            preferences,
            espeak,
            away: None,
            connection: None,
            told: None,
            pending: Vec::new(),
            early: Vec::new(),
            interrupted: None,
            open: None,
        };
        (Self { orders }, tokio::spawn(task.run(received)))
    }

    /// Says an utterance, and reports how far it has come.
    pub fn order(&self, script: Script, progress: watch::Sender<Progress>) {
        self.send(Order::Say(script, progress));
    }

    /// Says the begin of an utterance, and reports how far that has come.
    pub fn begin(&self, begin: Script, progress: watch::Sender<Progress>) {
        self.send(Order::Begin(begin, progress));
    }

    /// Says its rest, and reports how far that has come.
    pub fn finish(&self, ending: EndingScript, progress: watch::Sender<Progress>) {
        self.send(Order::Finish(ending, progress));
    }

    fn send(&self, order: Order) {
        if let Err(error) = self.orders.try_send(order) {
            let (order, reason) = match error {
                mpsc::error::TrySendError::Full(order) => (order, VoiceError::Busy),
                mpsc::error::TrySendError::Closed(order) => (order, VoiceError::Ended),
            };
            if let Order::Say(_, progress) | Order::Begin(_, progress) | Order::Finish(_, progress) = order {
                progress.send_replace(Progress::Failed(reason));
            }
        }
    }

    /// Stops what is being said and forgets what was about to be said.
    pub fn stop(&self) {
        if let Err(error) = self.orders.try_send(Order::Stop) {
            warn!(%error, "the voice could not be told to stop");
        }
    }
}

struct Connection {
    stream: Box<dyn Stream>,
    parser: Parser,
}

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

struct Task {
    address: Result<Address, VoiceError>,
    preferences: watch::Receiver<Preferences>,
    /// What speaks where there is no speech-dispatcher.
    espeak: Espeak,
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
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
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
            self.espeak.order(pending.script, pending.progress, error);
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
        self.espeak.stop();
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

    /// Hands an utterance over and yields the numbers that speech-dispatcher gave its passages.
    async fn queue(&mut self, script: &Script, begun: Option<Speaking>) -> Result<Vec<u64>, VoiceError> {
        self.close_block().await;
        self.early.clear();
        self.prepare().await?;
        self.command(Command::Priority(script.urgency).to_line()).await?;
        if let ([Passage { text, language: None }], None) = (&script.passages[..], &begun) {
            return Ok(vec![self.message(text).await?]);
        }
        let result = self.block(&script.passages, begun).await;
        if let Err(error) = &result {
            // Else it would take all that follows for a part of the block.
            self.lose(error);
        }
        result
    }

    /// Hands over passages in several languages, or those that were begun with.
    async fn block(&mut self, passages: &[Passage], begun: Option<Speaking>) -> Result<Vec<u64>, VoiceError> {
        self.command(Command::BlockBegin.to_line()).await?;
        if begun.is_some() {
            // A begin is in the person's language.
            let (messages, _own) = self.passages(passages).await?;
            self.open = begun;
            return Ok(messages);
        }
        self.last_passages(passages).await
    }

    /// Hands over the passages that end what was begun.
    async fn go_on(&mut self, passages: &[Passage]) -> Result<Vec<u64>, VoiceError> {
        self.early.clear();
        self.open = None;
        self.last_passages(passages).await
    }

    /// Hands over the last passages of a block.
    async fn last_passages(&mut self, passages: &[Passage]) -> Result<Vec<u64>, VoiceError> {
        let (messages, told) = self.passages(passages).await?;
        self.command(Command::BlockEnd.to_line()).await?;
        let (own, voice) = self.tongue();
        if told != own {
            self.speak_as(&own, voice.as_deref()).await?;
        }
        Ok(messages)
    }

    /// Hands over passages, each in its language; their numbers, and the language that holds afterwards.
    async fn passages(&mut self, passages: &[Passage]) -> Result<(Vec<u64>, String), VoiceError> {
        let (own, voice) = self.tongue();
        let mut told = own.clone();
        let mut messages = Vec::with_capacity(passages.len());
        for passage in passages {
            let language = passage.language.as_ref().unwrap_or(&own);
            if told != *language {
                // A voice that was chosen by its name is of the person's language.
                let voice = voice.as_deref().filter(|_| *language == own);
                self.speak_as(language, voice).await?;
                told.clone_from(language);
            }
            messages.push(self.message(&passage.text).await?);
        }
        Ok((messages, told))
    }

    /// Ends the block that is open, if one is: nothing but texts may stand in it.
    async fn close_block(&mut self) {
        if self.open.take().is_some() {
            let closed = self.command(Command::BlockEnd.to_line()).await;
            if let Err(error) = closed {
                debug!(%error, "a block was not closed");
            }
        }
    }

    /// The language of the person, and the voice that they chose by its name.
    fn tongue(&self) -> (String, Option<String>) {
        let preferences = self.preferences.borrow();
        (preferences.language_tag().to_owned(), preferences.voice.voice.clone())
    }

    /// Hands one text over and yields its number.
    async fn message(&mut self, words: &str) -> Result<u64, VoiceError> {
        self.command(Command::Speak.to_line()).await?;
        let reply = self.command(text(words)).await?;
        reply.message().ok_or_else(|| VoiceError::Malformed("it gave the utterance no number".to_owned()))
    }

    /// Changes the language, and then the voice, which a change of language undoes.
    async fn speak_as(&mut self, language: &str, voice: Option<&str>) -> Result<(), VoiceError> {
        self.set(Command::Language(language).to_line()).await?;
        match voice {
            Some(voice) => self.set(Command::Voice(voice).to_line()).await,
            None => Ok(()),
        }
    }

    /// Changes how it sounds. Another voice, or one in another language, is better than none.
    async fn set(&mut self, line: String) -> Result<(), VoiceError> {
        let setting = line.trim().to_owned();
        match self.command(line).await {
            Err(VoiceError::Refused(reason)) => {
                warn!(reason, setting, "a setting of the voice was refused");
                Ok(())
            }
            result => result.map(|_| ()),
        }
    }

    /// Opens the connection where there is none, and tells it how to sound where that has changed.
    async fn prepare(&mut self) -> Result<(), VoiceError> {
        let (wanted, language) = {
            let preferences = self.preferences.borrow();
            (preferences.voice.clone(), preferences.language_tag().to_owned())
        };
        if self.told.as_ref().is_some_and(|(told, _)| is_less(&wanted, told)) {
            // Only a new connection has speech-dispatcher's own settings again.
            self.lose(&VoiceError::Ended);
        }
        if self.connection.is_none() {
            let stream = self.address.clone()?.connect().await?;
            self.connection = Some(Connection { stream, parser: Parser::default() });
            self.told = None;
            let user = env::var("USER").or_else(|_| env::var("LOGNAME")).unwrap_or_default();
            self.command(Command::ClientName { user: &user }.to_line()).await?;
            self.command(Command::Notifications.to_line()).await?;
        }
        let (told, told_language) = self.told.take().unzip();
        let told = told.unwrap_or_default();
        let has_new_language = told_language.as_ref() != Some(&language);
        if has_new_language {
            self.set(Command::Language(&language).to_line()).await?;
        }
        for (number, was, command) in [
            (wanted.rate, told.rate, Command::Rate as fn(i8) -> Command<'static>),
            (wanted.pitch, told.pitch, Command::Pitch),
            (wanted.volume, told.volume, Command::Volume),
        ] {
            if let Some(number) = number.filter(|_| number != was) {
                self.set(command(number).to_line()).await?;
            }
        }
        // A change of language undoes the choice of a voice.
        if let Some(voice) =
            wanted.voice.as_deref().filter(|_| has_new_language || wanted.voice != told.voice)
        {
            self.set(Command::Voice(voice).to_line()).await?;
        }
        self.told = Some((wanted, language));
        Ok(())
    }

    async fn stop(&mut self) {
        self.espeak.stop();
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

    /// Sends a command and waits for its reply; events that come before it are taken on the way.
    async fn command(&mut self, line: String) -> Result<Reply, VoiceError> {
        let result = match timeout(REPLY_LIMIT, self.exchange(line)).await {
            Ok(result) => result,
            Err(_) => Err(VoiceError::Late),
        };
        match result {
            Ok(reply) if reply.is_success() => Ok(reply),
            Ok(reply) => Err(VoiceError::Refused(format!("{} {}", reply.code, reply.text))),
            Err(error) => {
                self.lose(&error);
                Err(error)
            }
        }
    }

    async fn exchange(&mut self, line: String) -> Result<Reply, VoiceError> {
        let connection = self.connection.as_mut().ok_or(VoiceError::Lost)?;
        connection.stream.write_all(line.as_bytes()).await.map_err(|_| VoiceError::Lost)?;
        connection.stream.flush().await.map_err(|_| VoiceError::Lost)?;
        loop {
            match next_message(self.connection.as_mut()).await? {
                Message::Reply(reply) => return Ok(reply),
                Message::Event { message, kind } => self.take_event(message, kind),
            }
        }
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

/// Whether something that was set is to be as speech-dispatcher has it again.
fn is_less(wanted: &VoiceSettings, told: &VoiceSettings) -> bool {
    (told.rate.is_some() && wanted.rate.is_none())
        || (told.pitch.is_some() && wanted.pitch.is_none())
        || (told.volume.is_some() && wanted.volume.is_none())
        || (told.voice.is_some() && wanted.voice.is_none())
}

/// The next message; without a connection there never is one. Nothing is lost when the wait is given up.
async fn next_message(connection: Option<&mut Connection>) -> Result<Message, VoiceError> {
    let Some(connection) = connection else { return std::future::pending().await };
    loop {
        let message = connection.parser.next_message();
        if let Some(message) = message.map_err(|error| VoiceError::Malformed(error.to_string()))? {
            return Ok(message);
        }
        let mut bytes = [0; 1024];
        match connection.stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return Err(VoiceError::Lost),
            Ok(read) => connection.parser.push(&bytes[..read]),
        }
    }
}

#[cfg(test)]
pub(super) mod fake;

#[cfg(test)]
mod tests;
