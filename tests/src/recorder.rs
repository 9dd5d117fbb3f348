//! A microphone that is always on: what a loudspeaker gave, from any moment on.

use std::{
    io::Read,
    process::ChildStdout,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Result, bail};

use crate::{
    process::Process,
    recording::{Recording, SAMPLE_RATE},
    surroundings::Surroundings,
    waiting::{wait_for, wait_until},
};

/// A silence longer than any pause inside a sentence.
const END_OF_SPEECH: Duration = Duration::from_millis(1500);

/// A moment in the recording, in samples since it began.
#[derive(Clone, Copy, Debug)]
pub struct Moment(usize);

/// Records until it is dropped. Its clock is the sound itself, so a busy machine does not shorten a silence.
#[derive(Debug)]
pub struct Recorder {
    process: Process,
    samples: Arc<Mutex<Vec<i16>>>,
}

impl Recorder {
    /// Records what `pulseaudio` plays to the sink named `sink`, and returns when sound comes in.
    pub fn start(surroundings: &Surroundings, sink: &str) -> Result<Self> {
        let mut command = surroundings.command("parec");
        command.arg(format!("--device={sink}.monitor")).arg(format!("--rate={SAMPLE_RATE}"));
        command.args(["--format=s16le", "--channels=1", "--latency-msec=50", "--raw"]);
        let log = surroundings.path("parec.log");
        let (process, output) = Process::start_with_output("parec", command, log)?;
        let samples = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&samples);
        thread::Builder::new().name("recorder".into()).spawn(move || keep(output, &kept))?;
        let mut recorder = Self { process, samples };
        wait_until("the first recorded sound", || {
            recorder.fail_if_it_ended()?;
            Ok(recorder.now().0 > 0)
        })?;
        Ok(recorder)
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(self.samples.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// What was recorded since a moment.
    #[must_use]
    pub fn since(&self, begin: Moment) -> Recording {
        Recording::new(self.samples.lock().unwrap_or_else(PoisonError::into_inner)[begin.0..].to_vec())
    }

    /// Waits until somebody has spoken since a moment and has finished, and returns it.
    pub fn speech_since(&mut self, begin: Moment) -> Result<Recording> {
        wait_for("speech and the silence after it", || {
            self.fail_if_it_ended()?;
            let recording = self.since(begin);
            let over = !recording.sounding().is_zero() && recording.silent_since() >= END_OF_SPEECH;
            Ok(over.then_some(recording))
        })
    }

    /// Waits until there is more recorded than `length` since a moment, whatever it is, and returns it.
    pub fn length_since(&mut self, begin: Moment, length: Duration) -> Result<Recording> {
        wait_for("the recording to go on", || {
            self.fail_if_it_ended()?;
            let recording = self.since(begin);
            Ok((recording.length() >= length).then_some(recording))
        })
    }

    fn fail_if_it_ended(&mut self) -> Result<()> {
        match self.process.status()? {
            None => Ok(()),
            Some(status) => bail!("the recorder ended ({status}): {}", self.process.log()),
        }
    }
}

/// Appends what comes in until there is no more.
fn keep(mut output: ChildStdout, samples: &Mutex<Vec<i16>>) {
    let mut buffer = [0_u8; 8192];
    let mut waiting: Vec<u8> = Vec::new();
    // An error means that the recorder ended, which `fail_if_it_ended` tells.
    while let Ok(read @ 1..) = output.read(&mut buffer) {
        waiting.extend_from_slice(&buffer[..read]);
        let whole = waiting.len() / 2 * 2;
        let pairs = waiting.drain(..whole).collect::<Vec<_>>();
        let new = pairs.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
        samples.lock().unwrap_or_else(PoisonError::into_inner).extend(new);
    }
}
