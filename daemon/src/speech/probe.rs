//! Tries speech-dispatcher without saying anything: whether it answers, and whether it has a voice.

use std::time::Duration;

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

use super::{VoiceError, address::Address, ssip::Command};

/// How long all of it may take. espeak-ng alone has more than ten thousand voices, which take seconds to list.
const LIMIT: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read at most.
const MAXIMUM_ANSWER: u64 = 8 << 20;

/// What speech-dispatcher speaks with when it has nothing to speak with.
const DUMMY: &str = "dummy";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The synthesisers, as speech-dispatcher names them.
    pub synthesisers: Vec<String>,
    /// How many voices the one in use has.
    pub voices: usize,
}

/// Asks speech-dispatcher what it can speak with.
pub async fn probe(address: &Address) -> Result<Found, VoiceError> {
    timeout(LIMIT, ask(address)).await.unwrap_or(Err(VoiceError::Late))
}

async fn ask(address: &Address) -> Result<Found, VoiceError> {
    let (reading, mut writing) = tokio::io::split(address.connect().await?);
    let mut reading = BufReader::new(reading.take(MAXIMUM_ANSWER));
    let mut exchange = async |line: &str| {
        writing.write_all(line.as_bytes()).await.map_err(|_| VoiceError::Lost)?;
        answer(&mut reading).await
    };
    let name = Command::ClientName { user: "check" }.to_line();
    exchange(&name).await?;
    let modules = exchange("LIST OUTPUT_MODULES\r\n").await?;
    let synthesisers: Vec<String> = modules.into_iter().filter(|module| module != DUMMY).collect();
    let voices = match exchange("LIST SYNTHESIS_VOICES\r\n").await {
        Ok(voices) => voices.len(),
        // It says so with an error where the synthesiser knows of none.
        Err(VoiceError::Refused(_)) => 0,
        Err(error) => return Err(error),
    };
    Ok(Found { synthesisers, voices })
}

/// The lines of one answer, without its last, which says only whether it succeeded.
async fn answer(reading: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<String>, VoiceError> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if reading.read_until(b'\n', &mut line).await.map_err(|_| VoiceError::Lost)? == 0 {
            return Err(VoiceError::Lost);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let (code, rest) = line.split_at_checked(3).unwrap_or_default();
        if code.parse::<u16>().is_err() {
            return Err(VoiceError::Malformed("it sent a line that is no reply".to_owned()));
        }
        match rest.strip_prefix('-') {
            Some(content) => lines.push(content.to_owned()),
            None if code.starts_with('2') => return Ok(lines),
            None => return Err(VoiceError::Refused(rest.trim().to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_are_lists_of_lines() {
        for (bytes, expected) in [
            ("250-espeak-ng\r\n250-dummy\r\n250 OK MODULE LIST SENT\r\n", Ok(vec!["espeak-ng", "dummy"])),
            ("200 OK\r\n", Ok(vec![])),
            ("304 ERR CANT LIST VOICES\r\n", Err(VoiceError::Refused("ERR CANT LIST VOICES".to_owned()))),
            ("250-espeak-ng\r\n", Err(VoiceError::Lost)),
            ("", Err(VoiceError::Lost)),
            ("HTTP/1.1\r\n", Err(VoiceError::Malformed("it sent a line that is no reply".to_owned()))),
            ("é\r\n", Err(VoiceError::Malformed("it sent a line that is no reply".to_owned()))),
        ] {
            let expected = expected.map(|lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect());
            assert_eq!(answer(&mut bytes.as_bytes()).await, expected, "{bytes}");
        }
    }
}
