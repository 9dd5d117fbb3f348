//! Earcons: short made sounds that say that a picture was taken, and that there will be none, before words can.
//!
//! They are played by one of the small programs that come with the sound servers: `paplay`, `pw-play`, or `aplay` where
//! there is ALSA alone. A library would bring a build-time dependency on ALSA or a client of one server's protocol into
//! every build, keep a connection and a thread for a tenth of a second of sound a day, and fail where another server runs.
//! Nobody waits for them: speech goes its own way at the same time.

mod sound;

use std::{
    fs::File,
    io::{self, Seek, Write},
    process::Stdio,
};

use rustix::fs::MemfdFlags;
use tokio::{
    process::Command,
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tracing::{debug, info};

use crate::preferences::Preferences;

/// How many earcons wait at most; more would tell of what is long past.
const QUEUE: usize = 2;

/// What a sound says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earcon {
    /// A picture was taken.
    Captured,
    /// A request failed.
    Failed,
}

/// Something that gives signs. It does not wait.
pub trait Chime: Send + Sync {
    /// Gives a sign.
    fn play(&self, earcon: Earcon);
}

/// The programs that play a file, with their arguments before its name, in the order in which they are tried.
const PLAYERS: [(&str, &[&str]); 3] = [
    (
        "paplay",
        &["--client-name=Descry", "--stream-name=earcon", "--property=media.role=event", "--latency-msec=20"],
    ),
    ("pw-play", &["--media-role=Notification", "--latency=20ms"]),
    ("aplay", &["-q"]),
];

/// Its standard input, which a program that wants a file can open.
const INPUT: &str = "/dev/stdin";

/// Plays earcons as the preferences have it.
#[derive(Debug, Clone)]
pub struct Earcons {
    orders: mpsc::Sender<Earcon>,
}

impl Earcons {
    /// Starts the task that plays. It ends when every clone of this is dropped.
    #[must_use]
    pub fn start(preferences: watch::Receiver<Preferences>) -> (Self, JoinHandle<()>) {
        Self::start_with(preferences, PLAYERS.to_vec())
    }

    fn start_with(
        preferences: watch::Receiver<Preferences>,
        players: Vec<(&'static str, &'static [&'static str])>,
    ) -> (Self, JoinHandle<()>) {
        let (orders, mut received) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            let mut players = players;
            let mut is_told = false;
            while let Some(earcon) = received.recv().await {
                let feedback = preferences.borrow().feedback;
                if !feedback.earcons {
                    continue;
                }
                let wav = sound::wav(earcon, feedback.earcon_volume);
                if !play(&mut players, &wav).await && !is_told {
                    is_told = true;
                    info!(
                        "no earcon can be played: paplay, pw-play and aplay are missing, or there is no sound server"
                    );
                }
            }
        });
        (Self { orders }, task)
    }
}

impl Chime for Earcons {
    fn play(&self, earcon: Earcon) {
        if let Err(error) = self.orders.try_send(earcon) {
            debug!(%error, "an earcon is left out");
        }
    }
}

/// Tries whether earcons could be heard, by playing one that is silent: the name of the program that plays them.
pub async fn try_play() -> Option<&'static str> {
    let mut players = PLAYERS;
    let is_played = play(&mut players, &sound::wav(Earcon::Captured, 0)).await;
    is_played.then_some(players[0].0)
}

/// Plays a sound with the first player that can; that one comes first the next time.
async fn play(players: &mut [(&'static str, &'static [&'static str])], wav: &[u8]) -> bool {
    for index in 0..players.len() {
        let (program, arguments) = players[index];
        match run(program, arguments, wav).await {
            Ok(true) => {
                players.swap(0, index);
                return true;
            }
            Ok(false) => debug!(program, "could not play an earcon"),
            Err(error) => debug!(program, %error, "could not be started"),
        }
    }
    false
}

async fn run(program: &str, arguments: &[&str], wav: &[u8]) -> io::Result<bool> {
    // In memory: what is not there cannot be left behind, and a file can be read from its beginning.
    let mut file = File::from(rustix::fs::memfd_create("earcon.wav", MemfdFlags::CLOEXEC)?);
    file.write_all(wav)?;
    file.rewind()?;
    let mut command = Command::new(program);
    command.args(arguments).arg(INPUT).stdin(file).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.kill_on_drop(true).spawn()?.wait().await?.success())
}

#[cfg(test)]
pub(crate) mod fake {
    //! A chime that remembers.

    use std::sync::{Mutex, PoisonError};

    use super::{Chime, Earcon};

    #[derive(Debug, Default)]
    pub(crate) struct FakeChime(Mutex<Vec<Earcon>>);

    impl FakeChime {
        pub(crate) fn played(&self) -> Vec<Earcon> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }
    }

    impl Chime for FakeChime {
        fn play(&self, earcon: Earcon) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(earcon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_player_that_can_is_kept() {
        let mut players: Vec<(&str, &[&str])> = vec![
            ("/no/such/player", &[]),
            ("false", &[]),
            // A program that reads its input as a file to the end, and again, and fails when it is empty.
            ("sh", &["-c", "test $(wc -c < $1) -gt 44 && test $(wc -c < $1) -gt 44", "sh"]),
        ];
        let wav = sound::wav(Earcon::Captured, 50);
        assert!(play(&mut players, &wav).await);
        assert_eq!(players[0].0, "sh");
        assert!(!play(&mut [("false", &[])], &wav).await);
        assert!(!play(&mut [], &wav).await);
    }
}
