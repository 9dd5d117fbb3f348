//! A microphone that knows when each sound came.

use std::{
    io::Read,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::Result;
use descry_tests::{process::Process, surroundings::Surroundings, waiting::wait_for};

/// Samples in a second.
const RATE: usize = 48_000;

/// What is louder than this is sound, of samples in -32768 to 32767; the loudspeaker gives exact zeros otherwise.
const SOUND: u16 = 30;

/// How long it is silent after an answer before the next press.
const PAUSE: Duration = Duration::from_millis(700);

/// It hears all that the loudspeaker plays.
pub(crate) struct Ear {
    _process: Process,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// When each loud sample came.
    loud: Vec<SystemTime>,
    /// When anything came last.
    until: Option<SystemTime>,
}

impl Ear {
    /// Listens from now on.
    pub(crate) fn start(surroundings: &Surroundings) -> Result<Self> {
        let mut command = surroundings.command("parec");
        command.args([
            "--device=room.monitor",
            "--format=s16le",
            "--channels=1",
            "--latency-msec=5",
            "--raw",
        ]);
        command.arg(format!("--rate={RATE}"));
        let (process, mut output) =
            Process::start_with_output("parec", command, surroundings.path("ear.log"))?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        thread::spawn(move || {
            let mut buffer = [0_u8; 960];
            while output.read_exact(&mut buffer).is_ok() {
                let now = SystemTime::now();
                let mut heard = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let samples = buffer.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                let count = buffer.len() / 2;
                for (index, sample) in samples.enumerate() {
                    if sample.unsigned_abs() > SOUND {
                        let before = Duration::from_secs_f64((count - index) as f64 / RATE as f64);
                        heard.loud.push(now - before);
                    }
                }
                heard.until = Some(now);
            }
        });
        wait_for("the ear", || Ok(heard.lock().unwrap_or_else(PoisonError::into_inner).until))?;
        Ok(Self { _process: process, heard })
    }

    /// Waits for the first sound after a moment; when it came.
    pub(crate) fn first_sound_after(&self, moment: SystemTime) -> Result<SystemTime> {
        wait_for("sound", || Ok(self.lock().loud.iter().copied().find(|time| *time > moment)))
    }

    /// Waits until what sounded after a moment has been over for a while.
    pub(crate) fn wait_for_silence(&self, since: SystemTime) -> Result<()> {
        wait_for("silence", || {
            let heard = self.lock();
            let last = heard.loud.last().copied().filter(|time| *time > since);
            let Some((last, until)) = last.zip(heard.until) else { return Ok(None) };
            Ok(until.duration_since(last).is_ok_and(|silent| silent > PAUSE).then_some(()))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
