//! Hands utterances over: passages in their languages, in blocks that may stay open for what follows.
//!
//! An utterance in two languages is a block of messages, each with its own LANGUAGE. SSML's `xml:lang` would keep it one,
//! but the module of espeak-ng passes over it (tried with 0.11.4), and so do those that strip mark-up; and from LANGUAGE
//! speech-dispatcher also chooses another module where its configuration has one for that language.

use tracing::debug;

use super::Task;
use crate::speech::{
    Script, Speaking, VoiceError,
    passage::Passage,
    ssip::{Command, text},
};

impl Task {
    /// Hands an utterance over and yields the numbers that speech-dispatcher gave its passages.
    pub(super) async fn queue(
        &mut self,
        script: &Script,
        begun: Option<Speaking>,
    ) -> Result<Vec<u64>, VoiceError> {
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
    pub(super) async fn go_on(&mut self, passages: &[Passage]) -> Result<Vec<u64>, VoiceError> {
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
    pub(super) async fn close_block(&mut self) {
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
}
