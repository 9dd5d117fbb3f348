//! SSIP, the protocol of speech-dispatcher, as values: commands to bytes, bytes to replies and events.
//!
//! Pure, so that all of it can be tested. Two things are held here: a text can never be read as a command, and no
//! bytes from the other end bring this down. The protocol is described in speech-dispatcher's manual, `ssip.texi`.

use std::collections::VecDeque;

use thiserror::Error;

use super::Urgency;

/// The longest line that is taken, in bytes. speech-dispatcher's own are under 200.
const MAXIMUM_LINE: usize = 4096;

/// The most lines of one reply. Those that this program asks for have up to three.
const MAXIMUM_LINES: usize = 64;

/// What is asked of speech-dispatcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// Says who speaks; the first command of a connection.
    ClientName {
        /// The person's name on this machine.
        user: &'a str,
    },
    /// Asks to be told when an utterance begins and ends.
    Notifications,
    /// The language of what follows, as in "en".
    Language(&'a str),
    /// How fast to speak, from -100 to 100.
    Rate(i8),
    /// How high, from -100 to 100.
    Pitch(i8),
    /// How loud, from -100 to 100.
    Volume(i8),
    /// The name of a voice, as speech-dispatcher lists them.
    Voice(&'a str),
    /// How what follows stands towards what others say.
    Priority(Urgency),
    /// Announces a text, which follows as [`text`] makes it.
    Speak,
    /// Begins a row of texts that are one to speech-dispatcher: nothing comes between them, and they end together.
    BlockBegin,
    /// Ends such a row.
    BlockEnd,
    /// Stops what this connection says and forgets what it has queued. Not to be used in such a row.
    Cancel,
}

impl Command<'_> {
    /// The command's line, with its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self {
            Self::ClientName { user } => format!("SET SELF CLIENT_NAME {}:descry:main\r\n", name(user)),
            Self::Notifications => "SET SELF NOTIFICATION ALL ON\r\n".to_owned(),
            Self::Language(language) => format!("SET SELF LANGUAGE {}\r\n", name(language)),
            Self::Rate(rate) => format!("SET SELF RATE {rate}\r\n"),
            Self::Pitch(pitch) => format!("SET SELF PITCH {pitch}\r\n"),
            Self::Volume(volume) => format!("SET SELF VOLUME {volume}\r\n"),
            Self::Voice(voice) => format!("SET SELF SYNTHESIS_VOICE {}\r\n", one_line(voice).trim()),
            Self::Priority(urgency) => format!("SET SELF PRIORITY {}\r\n", priority(*urgency)),
            Self::Speak => "SPEAK\r\n".to_owned(),
            Self::BlockBegin => "BLOCK BEGIN\r\n".to_owned(),
            Self::BlockEnd => "BLOCK END\r\n".to_owned(),
            Self::Cancel => "CANCEL SELF\r\n".to_owned(),
        }
    }
}

/// The priority that speech-dispatcher gives an urgency. Never "important", which nothing can interrupt.
fn priority(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Asked => "text",
        Urgency::Ambient => "notification",
        Urgency::Fault => "message",
    }
}

/// An argument without anything that could end it: letters, digits, `-` and `_`, and never empty.
fn name(text: &str) -> String {
    let name: String = text
        .chars()
        .filter(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'))
        .take(64)
        .collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// A text without anything that could end a line.
fn one_line(text: &str) -> String {
    let is_break = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    text.chars().map(|char| if is_break(char) { ' ' } else { char }).collect()
}

/// A text with its end mark, as it follows [`Command::Speak`].
///
/// It becomes one line: line breaks and all other control characters become spaces. A dot at its start, which would
/// end the text and make a command of the rest, is doubled.
#[must_use]
pub fn text(text: &str) -> String {
    let line = one_line(text);
    let stuffing = if line.starts_with('.') { "." } else { "" };
    format!("{stuffing}{line}\r\n.\r\n")
}

/// What speech-dispatcher sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The answer to a command.
    Reply(Reply),
    /// News about an utterance.
    Event {
        /// The utterance's number, as the reply to its text gave it.
        message: u64,
        /// What happened.
        kind: EventKind,
    },
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits; 200 to 299 mean success.
    pub code: u16,
    /// What stood before the last line.
    pub lines: Vec<String>,
    /// The last line's words.
    pub text: String,
}

impl Reply {
    /// Whether the command was carried out.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The number of the utterance that was queued, in the reply to a text.
    #[must_use]
    pub fn message(&self) -> Option<u64> {
        self.lines.first().and_then(|line| line.trim().parse().ok())
    }
}

/// What can happen to an utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// An index mark was reached.
    Mark,
    /// It is being said.
    Begin,
    /// It was said to its end.
    End,
    /// It was stopped or dropped.
    Cancelled,
    /// It is held.
    Paused,
    /// It goes on.
    Resumed,
}

impl EventKind {
    fn from_code(code: u16) -> Option<Self> {
        Some(match code {
            700 => Self::Mark,
            701 => Self::Begin,
            702 => Self::End,
            703 => Self::Cancelled,
            704 => Self::Paused,
            705 => Self::Resumed,
            _ => return None,
        })
    }
}

/// The other end speaks something else.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SsipError {
    /// A line does not begin with three digits and a space or a dash.
    #[error("it sent a line that is no reply")]
    NoReply,
    /// The lines of one reply have different codes, or an event does not say what it is about.
    #[error("it sent a reply that contradicts itself")]
    Contradiction,
    /// A line or a reply has no end.
    #[error("it sent a reply without end")]
    TooLong,
}

/// Puts the bytes that arrive together to messages.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: VecDeque<u8>,
    code: Option<u16>,
    lines: Vec<String>,
}

impl Parser {
    /// Takes bytes as they arrive.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next whole message, or `None` until more has arrived. After an error the connection is of no use.
    pub fn next_message(&mut self) -> Result<Option<Message>, SsipError> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            if end > MAXIMUM_LINE {
                return Err(SsipError::TooLong);
            }
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            if let Some(message) =
                self.take_line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']))?
            {
                return Ok(Some(message));
            }
        }
        if self.bytes.len() > MAXIMUM_LINE { Err(SsipError::TooLong) } else { Ok(None) }
    }

    fn take_line(&mut self, line: &str) -> Result<Option<Message>, SsipError> {
        let (digits, rest) = line.split_at_checked(3).ok_or(SsipError::NoReply)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SsipError::NoReply);
        }
        let code: u16 = digits.parse().map_err(|_| SsipError::NoReply)?;
        if self.code.is_some_and(|started| started != code) {
            return Err(SsipError::Contradiction);
        }
        if let Some(content) = rest.strip_prefix('-') {
            if self.lines.len() == MAXIMUM_LINES {
                return Err(SsipError::TooLong);
            }
            self.code = Some(code);
            self.lines.push(content.to_owned());
            return Ok(None);
        }
        // The last line may have no words at all.
        let text = rest.strip_prefix(' ').or(rest.is_empty().then_some("")).ok_or(SsipError::NoReply)?;
        self.code = None;
        let reply = Reply { code, lines: std::mem::take(&mut self.lines), text: text.to_owned() };
        match EventKind::from_code(code) {
            Some(kind) => {
                let message = reply.message().ok_or(SsipError::Contradiction)?;
                Ok(Some(Message::Event { message, kind }))
            }
            None => Ok(Some(Message::Reply(reply))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Vec<Message>, SsipError> {
        let mut parser = Parser::default();
        parser.push(bytes);
        let mut messages = Vec::new();
        while let Some(message) = parser.next_message()? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn reply(code: u16, lines: &[&str], text: &str) -> Message {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Message::Reply(Reply { code, lines, text: text.to_owned() })
    }

    #[test]
    fn commands_are_lines() {
        for (command, line) in [
            (Command::ClientName { user: "ada" }, "SET SELF CLIENT_NAME ada:descry:main\r\n"),
            (Command::ClientName { user: "a b\r\nKILL" }, "SET SELF CLIENT_NAME abKILL:descry:main\r\n"),
            (Command::ClientName { user: "" }, "SET SELF CLIENT_NAME unknown:descry:main\r\n"),
            (Command::Notifications, "SET SELF NOTIFICATION ALL ON\r\n"),
            (Command::Language("en"), "SET SELF LANGUAGE en\r\n"),
            (Command::Rate(-100), "SET SELF RATE -100\r\n"),
            (Command::Pitch(0), "SET SELF PITCH 0\r\n"),
            (Command::Volume(100), "SET SELF VOLUME 100\r\n"),
            (Command::Voice("English (America)"), "SET SELF SYNTHESIS_VOICE English (America)\r\n"),
            (Command::Voice("a\r\nQUIT"), "SET SELF SYNTHESIS_VOICE a  QUIT\r\n"),
            (Command::Priority(Urgency::Asked), "SET SELF PRIORITY text\r\n"),
            (Command::Priority(Urgency::Ambient), "SET SELF PRIORITY notification\r\n"),
            (Command::Priority(Urgency::Fault), "SET SELF PRIORITY message\r\n"),
            (Command::Speak, "SPEAK\r\n"),
            (Command::BlockBegin, "BLOCK BEGIN\r\n"),
            (Command::BlockEnd, "BLOCK END\r\n"),
            (Command::Cancel, "CANCEL SELF\r\n"),
        ] {
            assert_eq!(command.to_line(), line);
        }
    }

    #[test]
    fn a_text_is_one_line_that_no_text_can_leave() {
        for (words, expected) in [
            ("A dog.", "A dog.\r\n.\r\n"),
            ("", "\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("...", "....\r\n.\r\n"),
            ("x\r\n.\r\nSTOP ALL", "x  .  STOP ALL\r\n.\r\n"),
            ("\n.\nSTOP ALL", " . STOP ALL\r\n.\r\n"),
            ("a\0b\u{85}c\u{2028}d", "a b c d\r\n.\r\n"),
            ("naïve 犬", "naïve 犬\r\n.\r\n"),
        ] {
            assert_eq!(text(words), expected, "{words:?}");
        }
    }

    /// What a server makes of a text: lines until a lone dot, a doubled dot at a line's start halved.
    fn received(bytes: &str) -> (Vec<String>, String) {
        let (mut lines, mut rest) = (Vec::new(), bytes);
        loop {
            let (line, after) = rest.split_once("\r\n").expect("a text ends");
            rest = after;
            if line == "." {
                return (lines, rest.to_owned());
            }
            lines.push(line.strip_prefix('.').unwrap_or(line).to_owned());
        }
    }

    #[test]
    fn any_text_arrives_whole_and_nothing_follows_it() {
        let pieces = [
            ".",
            "..",
            "\r",
            "\n",
            "\r\n.\r\n",
            "QUIT",
            " ",
            "a",
            "\u{85}",
            "\u{2028}",
            "\0",
            "犬",
            "STOP ALL",
        ];
        let mut state = 3_u64;
        for _ in 0..20_000 {
            let mut words = String::new();
            for _ in 0..8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                words.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            assert_eq!(received(&text(&words)), (vec![one_line(&words)], String::new()), "{words:?}");
        }
    }

    #[test]
    fn replies_and_events_are_read() {
        for (bytes, expected) in [
            ("208 OK CLIENT NAME SET\r\n", vec![reply(208, &[], "OK CLIENT NAME SET")]),
            ("225-17\r\n225 OK MESSAGE QUEUED\r\n", vec![reply(225, &["17"], "OK MESSAGE QUEUED")]),
            ("300 ERR UNKNOWN\n202\n", vec![reply(300, &[], "ERR UNKNOWN"), reply(202, &[], "")]),
            (
                "701-17\r\n701-2\r\n701 BEGIN\r\n702-17\r\n702-2\r\n702 END\r\n",
                vec![
                    Message::Event { message: 17, kind: EventKind::Begin },
                    Message::Event { message: 17, kind: EventKind::End },
                ],
            ),
            (
                "703-5\r\n703-2\r\n703 CANCELED\r\n7",
                vec![Message::Event { message: 5, kind: EventKind::Cancelled }],
            ),
        ] {
            assert_eq!(parse(bytes.as_bytes()).unwrap(), expected, "{bytes:?}");
            // The same, one byte at a time.
            let mut parser = Parser::default();
            let mut messages = Vec::new();
            for byte in bytes.bytes() {
                parser.push(&[byte]);
                messages.extend(parser.next_message().unwrap());
            }
            assert_eq!(messages, expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for (bytes, expected) in [
            (b"\r\n".to_vec(), SsipError::NoReply),
            (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), SsipError::NoReply),
            (b"20x OK\r\n".to_vec(), SsipError::NoReply),
            (b"208_OK\r\n".to_vec(), SsipError::NoReply),
            ("é08 OK\r\n".into(), SsipError::NoReply),
            (b"225-17\r\n226 OK\r\n".to_vec(), SsipError::Contradiction),
            (b"702 END\r\n".to_vec(), SsipError::Contradiction),
            (vec![b'2'; MAXIMUM_LINE + 1], SsipError::TooLong),
            (b"225-x\r\n".repeat(MAXIMUM_LINES + 1), SsipError::TooLong),
        ] {
            assert_eq!(parse(&bytes), Err(expected), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn any_bytes_end_in_an_answer() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut bytes = Vec::new();
            for _ in 0..40 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Mostly what replies are made of, so that the deeper branches are met.
                bytes.push(match state >> 60 {
                    0..=5 => b'0' + (state >> 40) as u8 % 10,
                    6..=8 => b'-',
                    9 | 10 => b'\n',
                    11 => b' ',
                    _ => (state >> 32) as u8,
                });
            }
            let _ = parse(&bytes);
        }
    }
}
