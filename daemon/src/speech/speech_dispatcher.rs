//! The voice that speaks through speech-dispatcher: one task owns the connection, opens it when something is to be
//! said, and opens it anew when it was lost.

use std::{collections::HashMap, env, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tracing::{debug, warn};

use super::{
    Progress, Speaking, Utterance, Voice, VoiceError,
    address::{Address, Stream},
    ssip::{Command, EventKind, Message, Parser, Reply, text},
};

/// How long speech-dispatcher may take to answer a command.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// How many orders wait at most.
const QUEUE: usize = 64;

/// What the task is told.
#[derive(Debug)]
enum Order {
    Say(Utterance, watch::Sender<Progress>),
    Stop,
}

/// A voice over a connection to speech-dispatcher.
#[derive(Debug, Clone)]
pub struct SpeechDispatcher {
    orders: mpsc::Sender<Order>,
}

impl SpeechDispatcher {
    /// Starts the task that speaks. It connects with the first utterance, not before; `language` is that of all
    /// utterances, as in "en". The task ends when every clone of this voice is dropped.
    #[must_use]
    pub fn start(address: Result<Address, VoiceError>, language: String) -> (Self, JoinHandle<()>) {
        let (orders, received) = mpsc::channel(QUEUE);
        let task = Task { address, language, connection: None, pending: HashMap::new() };
        (Self { orders }, tokio::spawn(task.run(received)))
    }
}

impl Voice for SpeechDispatcher {
    fn say(&self, utterance: Utterance) -> Speaking {
        let (sender, speaking) = Speaking::new();
        if let Err(error) = self.orders.try_send(Order::Say(utterance, sender)) {
            let (order, reason) = match error {
                mpsc::error::TrySendError::Full(order) => (order, VoiceError::Busy),
                mpsc::error::TrySendError::Closed(order) => (order, VoiceError::Ended),
            };
            if let Order::Say(_, sender) = order {
                sender.send_replace(Progress::Failed(reason));
            }
        }
        speaking
    }

    fn stop(&self) {
        if let Err(error) = self.orders.try_send(Order::Stop) {
            warn!(%error, "the voice could not be told to stop");
        }
    }
}

struct Connection {
    stream: Box<dyn Stream>,
    parser: Parser,
}

struct Task {
    address: Result<Address, VoiceError>,
    language: String,
    connection: Option<Connection>,
    /// Utterances that speech-dispatcher has and has not yet said, by its own numbers.
    pending: HashMap<u64, watch::Sender<Progress>>,
}

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Say(utterance, progress)) => self.say(&utterance, progress).await,
                    Some(Order::Stop) => self.stop().await,
                    None => return,
                },
                message = next_message(self.connection.as_mut()) => match message {
                    Ok(Message::Event { message, kind }) => self.take_event(message, kind),
                    Ok(Message::Reply(reply)) => debug!(code = reply.code, "a reply that nothing asked for"),
                    Err(error) => self.lose(&error),
                },
            }
        }
    }

    async fn say(&mut self, utterance: &Utterance, progress: watch::Sender<Progress>) {
        let mut result = self.queue(utterance).await;
        if result == Err(VoiceError::Lost) {
            // It was restarted since it was last spoken to; nothing of this utterance was said.
            result = self.queue(utterance).await;
        }
        match result {
            Ok(message) => {
                progress.send_replace(Progress::Accepted);
                self.pending.insert(message, progress);
            }
            Err(error) => {
                warn!(%error, "not spoken");
                progress.send_replace(Progress::Failed(error));
            }
        }
    }

    /// Hands an utterance over and yields the number that speech-dispatcher gave it.
    async fn queue(&mut self, utterance: &Utterance) -> Result<u64, VoiceError> {
        if self.connection.is_none() {
            let stream = self.address.clone()?.connect().await?;
            self.connection = Some(Connection { stream, parser: Parser::default() });
            let user = env::var("USER").or_else(|_| env::var("LOGNAME")).unwrap_or_default();
            self.command(Command::ClientName { user: &user }.to_line()).await?;
            self.command(Command::Notifications.to_line()).await?;
            let language = Command::Language(&self.language).to_line();
            // A voice in another language is better than none.
            if let Err(VoiceError::Refused(reason)) = self.command(language).await {
                warn!(reason, "the language was refused");
            }
        }
        self.command(Command::Priority(utterance.urgency).to_line()).await?;
        self.command(Command::Speak.to_line()).await?;
        let reply = self.command(text(&utterance.text)).await?;
        reply.message().ok_or_else(|| VoiceError::Malformed("it gave the utterance no number".to_owned()))
    }

    async fn stop(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        if let Err(error) = self.command(Command::Cancel.to_line()).await {
            warn!(%error, "speech could not be stopped");
        }
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
        let end = match kind {
            EventKind::End => Progress::Finished,
            EventKind::Cancelled => Progress::Stopped,
            EventKind::Mark | EventKind::Begin | EventKind::Paused | EventKind::Resumed => return,
        };
        if let Some(progress) = self.pending.remove(&message) {
            progress.send_replace(end);
        }
    }

    /// Drops the connection; whoever waits for an utterance over it is told.
    fn lose(&mut self, error: &VoiceError) {
        debug!(%error, "the connection to speech-dispatcher is gone");
        self.connection = None;
        for (_, progress) in self.pending.drain() {
            progress.send_replace(Progress::Failed(error.clone()));
        }
    }
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
mod tests {
    use tokio::{
        io::{AsyncBufReadExt, BufReader},
        net::UnixListener,
    };

    use super::*;
    use crate::speech::Urgency;

    const LIMIT: Duration = Duration::from_secs(5);

    fn asked(text: &str) -> Utterance {
        Utterance { text: text.to_owned(), urgency: Urgency::Asked }
    }

    /// Plays speech-dispatcher for one connection: says each text at once, unless it begins with "Long".
    /// Yields the lines that it got.
    async fn serve(listener: &UnixListener, texts: usize) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut got, mut number, mut in_text) = (Vec::new(), 0, false);
        while number < texts || in_text {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                break;
            }
            let line = line.trim_end().to_owned();
            let answer = match (in_text, line.as_str()) {
                (true, ".") => {
                    in_text = false;
                    number += 1;
                    let long = got.last().is_some_and(|text: &String| text.starts_with("Long"));
                    let end =
                        if long { String::new() } else { format!("702-{number}\r\n702-1\r\n702 END\r\n") };
                    format!(
                        "225-{number}\r\n225 OK MESSAGE QUEUED\r\n701-{number}\r\n701-1\r\n701 BEGIN\r\n{end}"
                    )
                }
                (true, _) => String::new(),
                (false, "SPEAK") => {
                    in_text = true;
                    "230 OK RECEIVING DATA\r\n".to_owned()
                }
                (false, "CANCEL SELF") => {
                    format!("703-{number}\r\n703-1\r\n703 CANCELED\r\n210 OK STOPPED\r\n")
                }
                _ => "200 OK\r\n".to_owned(),
            };
            got.push(line);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        got
    }

    fn voice(directory: &tempfile::TempDir) -> (UnixListener, SpeechDispatcher) {
        let path = directory.path().join("speechd.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let (voice, _task) = SpeechDispatcher::start(Ok(Address::Unix(path)), "en".to_owned());
        (listener, voice)
    }

    #[tokio::test]
    async fn an_utterance_is_followed_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let (listener, voice) = voice(&directory);
        let mut speaking = voice.say(asked(".A dog.\nSTOP ALL"));
        let got = serve(&listener, 1).await;
        assert!(speaking.ended(LIMIT).await.unwrap());
        assert_eq!(
            got[1..],
            [
                "SET SELF NOTIFICATION ALL ON",
                "SET SELF LANGUAGE en",
                "SET SELF PRIORITY text",
                "SPEAK",
                "..A dog. STOP ALL",
                "."
            ]
        );
    }

    #[tokio::test]
    async fn a_stop_ends_what_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let (listener, voice) = voice(&directory);
        let mut speaking = voice.say(asked("Long story."));
        let server = tokio::spawn(async move { serve(&listener, 2).await });
        speaking.accepted(LIMIT).await.unwrap();
        voice.stop();
        assert!(!speaking.ended(LIMIT).await.unwrap());
        let mut next = voice.say(asked("Next."));
        assert!(next.ended(LIMIT).await.unwrap());
        assert!(server.await.unwrap().contains(&"CANCEL SELF".to_owned()));
    }

    #[tokio::test]
    async fn a_lost_connection_is_told_and_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let (listener, voice) = voice(&directory);
        let mut first = voice.say(asked("Long story."));
        serve(&listener, 1).await;
        assert_eq!(first.ended(LIMIT).await, Err(VoiceError::Lost));
        let mut second = voice.say(asked("Again."));
        serve(&listener, 1).await;
        assert!(second.ended(LIMIT).await.unwrap());
    }

    #[tokio::test]
    async fn a_missing_or_foreign_server_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let missing = Address::Unix(directory.path().join("nothing"));
        let (voice_of_none, _task) = SpeechDispatcher::start(Ok(missing), "en".to_owned());
        let result = voice_of_none.say(asked("A dog.")).ended(LIMIT).await;
        assert!(matches!(result, Err(VoiceError::NotReachable { .. })), "{result:?}");

        let (listener, voice) = voice(&directory);
        let mut speaking = voice.say(asked("A dog."));
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.unwrap();
        assert!(matches!(speaking.ended(LIMIT).await, Err(VoiceError::Malformed(_))));
    }
}
