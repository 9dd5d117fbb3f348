//! A speech-dispatcher for tests, on a socket of its own: it says each text at once, unless it begins with "Long".

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::speech::address::Address;

/// The lines that a fake got, over all connections.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    got: Arc<Mutex<Vec<String>>>,
    _directory: Arc<tempfile::TempDir>,
}

impl Lines {
    /// All lines but the first of each connection, which names the user.
    pub(crate) fn all(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|line| !line.starts_with("SET SELF CLIENT_NAME")).cloned().collect()
    }

    /// The texts that it was to say.
    pub(crate) fn texts(&self) -> Vec<String> {
        let all = self.all();
        let after_speak = all.windows(2).filter(|pair| pair[0] == "SPEAK");
        after_speak.map(|pair| pair[1].clone()).collect()
    }
}

/// Plays speech-dispatcher for all who connect.
pub(crate) fn dispatcher() -> (Address, Lines) {
    let (listener, address, lines) = listener();
    let kept = lines.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, kept.clone(), usize::MAX));
        }
    });
    (address, lines)
}

/// A socket on which nobody answers yet.
pub(crate) fn listener() -> (UnixListener, Address, Lines) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("speechd.sock");
    let listener = UnixListener::bind(&path).unwrap();
    (listener, Address::Unix(path), Lines { got: Arc::default(), _directory: Arc::new(directory) })
}

/// Plays speech-dispatcher for one connection, until so many texts have come.
pub(crate) async fn serve(stream: UnixStream, lines: Lines, texts: usize) {
    let mut stream = BufReader::new(stream);
    let (mut number, mut in_text, mut last) = (0, false, String::new());
    while number < texts || in_text {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        let answer = match (in_text, line.as_str()) {
            (true, ".") => {
                in_text = false;
                number += 1;
                let end = if last.starts_with("Long") {
                    String::new()
                } else {
                    format!("702-{number}\r\n702-1\r\n702 END\r\n")
                };
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
            (false, "SET SELF SYNTHESIS_VOICE nobody") => "408 ERR PARAMETER NOT SET\r\n".to_owned(),
            _ => "200 OK\r\n".to_owned(),
        };
        lines.got.lock().unwrap().push(line.clone());
        last = line;
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
