//! The connection: opened when something is to be said, told how to sound, and asked one command after the other.

use std::{env, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tracing::warn;

use super::Task;
use crate::{
    preferences::VoiceSettings,
    speech::{
        VoiceError,
        address::Stream,
        ssip::{Command, Message, Parser, Reply},
    },
};

/// How long speech-dispatcher may take to answer a command.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// A connection to speech-dispatcher.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    parser: Parser,
}

impl Task {
    /// Opens the connection where there is none, and tells it how to sound where that has changed.
    pub(super) async fn prepare(&mut self) -> Result<(), VoiceError> {
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

    /// Changes how it sounds. Another voice, or one in another language, is better than none.
    pub(super) async fn set(&mut self, line: String) -> Result<(), VoiceError> {
        let setting = line.trim().to_owned();
        match self.command(line).await {
            Err(VoiceError::Refused(reason)) => {
                warn!(reason, setting, "a setting of the voice was refused");
                Ok(())
            }
            result => result.map(|_| ()),
        }
    }

    /// Sends a command and waits for its reply; events that come before it are taken on the way.
    pub(super) async fn command(&mut self, line: String) -> Result<Reply, VoiceError> {
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
}

/// Whether something that was set is to be as speech-dispatcher has it again.
fn is_less(wanted: &VoiceSettings, told: &VoiceSettings) -> bool {
    (told.rate.is_some() && wanted.rate.is_none())
        || (told.pitch.is_some() && wanted.pitch.is_none())
        || (told.volume.is_some() && wanted.volume.is_none())
        || (told.voice.is_some() && wanted.voice.is_none())
}

/// The next message; without a connection there never is one. Nothing is lost when the wait is given up.
pub(super) async fn next_message(connection: Option<&mut Connection>) -> Result<Message, VoiceError> {
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
