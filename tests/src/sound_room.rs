//! A room with a loudspeaker, a voice and a microphone: what a program says aloud there is recorded.
//!
//! `pulseaudio` plays into nothing, speech-dispatcher speaks with espeak-ng, both on sockets of their own. What
//! speech-dispatcher was asked to say is read from its log, to the letter: the second witness beside the sound.

use std::{fs, os::unix::net::UnixStream, path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    process::{Process, show_log},
    recorder::{Moment, Recorder},
    recording::Recording,
    surroundings::Surroundings,
    waiting::{wait_for, wait_until},
};

const SINK: &str = "room";

/// Level 5 logs each message as it is queued. The loudest volume distorts.
const SPEECHD_CONF: &str = r#"LogLevel 5
DefaultVolume 0
DefaultLanguage "en-US"
AudioOutputMethod "pulse"
AddModule "espeak-ng" "sd_espeak-ng" "espeak-ng.conf"
DefaultModule espeak-ng
"#;

/// Two seconds of sound on their way to the loudspeaker, where ten milliseconds are usual, bridge what a busy machine leaves
/// out.
pub(crate) const PATIENT_SOUND: &str = "AudioPulseMinLength 2000\n";

/// What speech-dispatcher was asked to say, as it understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text, to the letter.
    pub text: String,
    /// How urgent it is.
    pub priority: Priority,
}

/// The priorities of SSIP, in speech-dispatcher's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Cannot be interrupted: never used by Descry.
    Important = 1,
    /// A failure.
    Message = 2,
    /// What a person asked for.
    Text = 3,
    /// Narration.
    Notification = 4,
    /// Not used by Descry.
    Progress = 5,
}

impl Priority {
    fn from_number(number: &str) -> Option<Self> {
        use Priority::{Important, Message, Notification, Progress, Text};
        let known = [Important, Message, Text, Notification, Progress];
        known.into_iter().find(|priority| (*priority as u8).to_string() == number)
    }
}

/// The room. Programs that are started in its [`Surroundings`] are heard. All ends when it is dropped.
#[derive(Debug)]
pub struct SoundRoom {
    // The order is the order of dropping: first those who speak, last the folder.
    speech_dispatcher: Process,
    recorder: Recorder,
    _pulseaudio: Process,
    surroundings: Surroundings,
}

impl SoundRoom {
    /// Furnishes a room, and returns when the voice can be spoken to and the microphone records.
    pub fn open() -> Result<Self> {
        Self::open_with(PATIENT_SOUND)
    }

    /// The same, with speech-dispatcher's own settings for sound: its answers come as soon as a person hears them, and a busy
    /// machine tears holes into them.
    pub fn open_as_installed() -> Result<Self> {
        Self::open_with("")
    }

    fn open_with(sound: &str) -> Result<Self> {
        let mut surroundings = Surroundings::new()?;
        let pulse_socket = surroundings.path("runtime/pulse.sock");
        let mut command = surroundings.command("pulseaudio");
        command.args(["-n", "-F", "/dev/null", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]);
        command.args(["--disable-shm=yes", "--log-target=stderr"]);
        command.args(["-L", &format!("module-null-sink sink_name={SINK} rate=22050 channels=1")]);
        let protocol = format!("socket={} auth-anonymous=1", pulse_socket.display());
        command.args(["-L", &format!("module-native-protocol-unix {protocol}")]);
        let mut pulseaudio = Process::start("pulseaudio", command, surroundings.path("pulseaudio.log"))?;
        wait_for_socket(&mut pulseaudio, &pulse_socket)?;
        surroundings.set("PULSE_SERVER", format!("unix:{}", pulse_socket.display()));

        let recorder = Recorder::start(&surroundings, SINK)?;
        let speech_dispatcher = start_speech_dispatcher(&mut surroundings, sound)?;
        Ok(Self { speech_dispatcher, recorder, _pulseaudio: pulseaudio, surroundings })
    }

    /// Where programs run that are to be heard.
    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The same, to add a variable.
    pub fn surroundings_mut(&mut self) -> &mut Surroundings {
        &mut self.surroundings
    }

    /// This moment, for the questions below.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.recorder.now()
    }

    /// Waits until something was said since a moment and it is silent again.
    pub fn speech_since(&mut self, begin: Moment) -> Result<Recording> {
        let speech = self.recorder.speech_since(begin);
        speech.with_context(|| format!("speech-dispatcher was asked to say {:?}", self.messages()))
    }

    /// Waits until sound comes out, and does not wait for its end.
    pub fn sound_since(&mut self, begin: Moment) -> Result<()> {
        wait_until("any sound", || Ok(!self.recorder.since(begin).sounding().is_zero()))
            .with_context(|| format!("speech-dispatcher was asked to say {:?}", self.messages()))
    }

    /// Listens for a while from now on; fails when there was any sound since a moment, or any message at all.
    pub fn silence_since(&mut self, begin: Moment, from_now: Duration) -> Result<()> {
        let now = self.now();
        self.recorder.length_since(now, from_now)?;
        let sounding = self.recorder.since(begin).sounding();
        ensure!(sounding.is_zero(), "there were {sounding:?} of sound in what should be silence");
        let messages = self.messages()?;
        ensure!(messages.is_empty(), "nothing should be said, but {messages:?} was");
        Ok(())
    }

    /// Everything that speech-dispatcher was asked to say so far, oldest first.
    pub fn messages(&self) -> Result<Vec<Message>> {
        messages_in(&self.surroundings.path("speechd/speech-dispatcher.log"))
    }

    /// How many of the messages were said to their end.
    pub fn said_to_the_end(&self) -> Result<usize> {
        self.told("702 END")
    }

    /// How many of the messages were stopped before their end.
    pub fn cut_short(&self) -> Result<usize> {
        self.told("703 CANCELED")
    }

    /// How often speech-dispatcher told who had spoken that something came of it.
    fn told(&self, event: &str) -> Result<usize> {
        let log = log_in(&self.surroundings.path("speechd/speech-dispatcher.log"))?;
        Ok(log.lines().filter(|line| *line == event).count())
    }

    /// Kills the voice, as a crash would.
    pub fn kill_the_voice(&mut self) -> Result<()> {
        self.speech_dispatcher.kill()
    }
}

impl Drop for SoundRoom {
    fn drop(&mut self) {
        let log = self.surroundings.path("speechd/speech-dispatcher.log");
        show_log("speech-dispatcher's own log", &log);
    }
}

/// What a speech-dispatcher was asked to say, by its log.
pub(crate) fn messages_in(log: &Path) -> Result<Vec<Message>> {
    Ok(log_in(log)?.lines().filter_map(message).collect())
}

fn log_in(log: &Path) -> Result<String> {
    let log = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&log).into_owned())
}

/// Writes speech-dispatcher's configuration, of which some is given, into a folder.
pub(crate) fn write_configuration(surroundings: &Surroundings, folder: &str, more: &str) -> Result<()> {
    surroundings.write(&format!("{folder}/speechd.conf"), format!("{SPEECHD_CONF}{more}"))?;
    // The module's own defaults, of which this is one, are what is wanted; only the file must be there.
    surroundings.write(&format!("{folder}/modules/espeak-ng.conf"), "EspeakNormalRate 170\n")?;
    Ok(())
}

fn start_speech_dispatcher(surroundings: &mut Surroundings, sound: &str) -> Result<Process> {
    write_configuration(surroundings, "speechd/conf", &format!("LogDir \"default\"\n{sound}"))?;
    let socket = surroundings.path("runtime/speechd.sock");
    let mut command = surroundings.command("speech-dispatcher");
    command.args(["-s", "-t", "0", "-c", "unix_socket", "-S"]).arg(&socket);
    command.arg("-C").arg(surroundings.path("speechd/conf"));
    command.arg("-L").arg(surroundings.path("speechd"));
    command.arg("-P").arg(surroundings.path("speechd/pid"));
    let log = surroundings.path("speechd/start.log");
    let mut process = Process::start("speech-dispatcher", command, log)?;
    wait_for_socket(&mut process, &socket)?;
    surroundings.set("SPEECHD_ADDRESS", format!("unix_socket:{}", socket.display()));
    Ok(process)
}

/// Waits until a process takes connections.
fn wait_for_socket(process: &mut Process, socket: &Path) -> Result<()> {
    wait_for(&format!("{} to take connections", socket.display()), || {
        if let Some(status) = process.status()? {
            bail!("it ended ({status}): {}", process.log());
        }
        Ok(UnixStream::connect(socket).ok().map(drop))
    })
}

/// Reads `… Queueing message |the text| with priority 3`.
fn message(line: &str) -> Option<Message> {
    let (_, rest) = line.split_once("Queueing message |")?;
    let (text, priority) = rest.rsplit_once("| with priority ")?;
    Some(Message { text: text.to_owned(), priority: Priority::from_number(priority.trim())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_from_the_log() {
        let said = |text: &str, priority| Some(Message { text: text.into(), priority });
        let cases = [
            (
                "[Fri : 1] speechd:     Queueing message |a dog runs| with priority 3",
                said("a dog runs", Priority::Text),
            ),
            ("x Queueing message |a | b| with priority 1", said("a | b", Priority::Important)),
            ("x Queueing message |a| with priority 9", None),
            ("x Buffer: |a dog runs", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(message(line), expected, "{line}");
        }
    }
}
