//! The voice of the system, through the crate `tts`: in the place of a speech-dispatcher that cannot be reached.
//!
//! Only with the feature `tts`, which wants `libspeechd-dev` and libclang to be built. On Linux, where Descry runs, the
//! voice of the system is speech-dispatcher through its own C library: that finds and starts it by ways of its own, so
//! it speaks where its program is in no folder of `PATH`, say.
//!
//! What the crate does was tried with version 0.26.3 and speech-dispatcher 0.11.4, and this file is made for it:
//!
//! - It says everything with the priority that nobody else can interrupt. So it comes only after SSIP, and who gives way
//!   to whom is decided before it (`in_place.rs`). A stop is heard after 0.05 seconds.
//! - It waits for ever on a speech-dispatcher that hangs. So it has a thread of its own, for which nobody waits long.
//! - It does not tell that speech-dispatcher ended: the utterance has no end then. So each has its time. The next one fails
//!   at once, and is said over a new connection.
//! - A connection that is dropped at the moment of an event would abort the process: the callback finds itself gone and
//!   panics within C. (So its code says; it was not seen.) And to ask for the rate over one that is dead ends the process,
//!   with a segmentation fault. So connections are never dropped, and nothing is asked over them; there are only so many
//!   in the life of a process.
//! - To choose a voice it lists all, 13158 with espeak-ng, twice, which takes seconds. So one is chosen only where the
//!   settings name one; what is in another language is said by the same voice.

use std::{
    mem,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    time::timeout,
};
use tracing::{debug, info, warn};
use tts::{Tts, UtteranceId};

use super::{Progress, VoiceError};
use crate::preferences::VoiceSettings;

/// How long it may take until an utterance is with the synthesiser: speech-dispatcher may have to be started, and a voice
/// to be chosen.
const ACCEPT_LIMIT: Duration = Duration::from_secs(20);

/// How long an utterance may take, and how much longer for each of its characters: more than at the slowest rate.
const LEAST_LIMIT: Duration = Duration::from_secs(10);
const CHARACTER_LIMIT: Duration = Duration::from_millis(250);

/// How many connections there may be.
const MOST_CONNECTIONS: usize = 16;

/// What the thread is told.
enum Order {
    Say {
        text: String,
        voice: VoiceSettings,
        told: oneshot::Sender<Result<UtteranceId, String>>,
    },
    Stop,
    /// To answer once it comes to it.
    Answer(oneshot::Sender<()>),
}

/// How an utterance ended.
struct End {
    utterance: UtteranceId,
    progress: Progress,
}

/// The voice of the system, spoken to by a thread.
pub(super) struct SystemVoice {
    orders: Sender<Order>,
    ends: UnboundedReceiver<End>,
    /// An answer that the thread owes since it did not do in time what it was told.
    owed: Option<oneshot::Receiver<()>>,
}

/// Stops what is said when nobody waits for its end any more.
struct Stop<'a>(&'a Sender<Order>);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        // A thread that has ended says nothing.
        let _ = self.0.send(Order::Stop);
    }
}

impl SystemVoice {
    /// Starts the thread, which ends with this value. Nobody is spoken to before there is something to say.
    pub(super) fn start() -> Self {
        let (orders, received) = mpsc::channel();
        let (told, ends) = unbounded_channel();
        let thread = Thread { ends: told, connection: None, connections: 0 };
        if let Err(error) = thread::Builder::new().name("tts".to_owned()).spawn(move || thread.run(&received))
        {
            warn!(%error, "there is no thread for the voice of the system");
        }
        Self { orders, ends, owed: None }
    }

    /// Says a text, and returns how that ended; dropping what this returns stops it at once. An error is why nothing of it
    /// was said, one sentence in English that begins in lower case and has no full stop.
    pub(super) async fn say(&mut self, text: &str, voice: &VoiceSettings) -> Result<Progress, String> {
        if self.hangs() {
            return Err("it hangs still".to_owned());
        }
        let (told, accepted) = oneshot::channel();
        // The crate makes a C string of it.
        let order = Order::Say { text: text.replace('\0', " "), voice: voice.clone(), told };
        self.orders.send(order).map_err(|_| "its thread has ended".to_owned())?;
        let stop = Stop(&self.orders);
        let utterance = match timeout(ACCEPT_LIMIT, accepted).await {
            Ok(Ok(result)) => result?,
            Ok(Err(_)) => return Err("its thread has ended".to_owned()),
            Err(_) => {
                let (answer, owed) = oneshot::channel();
                // Should it come back, what it was told too late is stopped before it answers.
                drop(stop);
                let _ = self.orders.send(Order::Answer(answer));
                self.owed = Some(owed);
                return Err("it does not answer".to_owned());
            }
        };
        debug!(?utterance, "the voice of the system has it");
        let limit = LEAST_LIMIT + CHARACTER_LIMIT * u32::try_from(text.len()).unwrap_or(u32::MAX);
        let ended = timeout(limit, async {
            while let Some(end) = self.ends.recv().await {
                if end.utterance == utterance {
                    return end.progress;
                }
            }
            Progress::Failed(VoiceError::Ended)
        });
        Ok(ended.await.unwrap_or(Progress::Failed(VoiceError::Late)))
    }

    /// Whether the thread still owes an answer.
    fn hangs(&mut self) -> bool {
        let hangs = self
            .owed
            .as_mut()
            .is_some_and(|owed| owed.try_recv() == Err(oneshot::error::TryRecvError::Empty));
        if !hangs {
            self.owed = None;
        }
        hangs
    }
}

/// Whether there is such a voice: it is asked to be there, and says nothing.
pub(crate) async fn is_there() -> bool {
    let found = tokio::task::spawn_blocking(|| match Tts::default() {
        Ok(tts) => {
            mem::forget(tts);
            true
        }
        Err(error) => {
            debug!(%error, "the system has no voice");
            false
        }
    });
    matches!(timeout(ACCEPT_LIMIT, found).await, Ok(Ok(true)))
}

/// A connection, and how it was told to sound.
struct Connection {
    tts: Tts,
    told: VoiceSettings,
}

/// What the thread holds.
struct Thread {
    ends: UnboundedSender<End>,
    connection: Option<Connection>,
    connections: usize,
}

impl Thread {
    fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                // Nobody waited for it.
                Order::Say { told, .. } if told.is_closed() => {}
                Order::Say { text, voice, told } => {
                    let result = self.say(&text, &voice).or_else(|reason| {
                        debug!(reason, "once more over a new connection");
                        self.forget();
                        self.say(&text, &voice)
                    });
                    if result.is_err() {
                        self.forget();
                    }
                    let _ = told.send(result);
                }
                Order::Stop => self.stop(),
                Order::Answer(answer) => _ = answer.send(()),
            }
        }
        self.forget();
    }

    fn say(&mut self, text: &str, voice: &VoiceSettings) -> Result<UtteranceId, String> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None if self.connections >= MOST_CONNECTIONS => {
                return Err("it ended too often".to_owned());
            }
            None => {
                let connection = connect(&self.ends).map_err(|error| error.to_string())?;
                self.connections += 1;
                self.connection.insert(connection)
            }
        };
        connection.sound(voice).map_err(|error| error.to_string())?;
        let utterance = connection.tts.speak(text, true).map_err(|error| error.to_string())?;
        utterance.ok_or_else(|| "it does not tell what it says".to_owned())
    }

    fn stop(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Err(error) = connection.tts.stop()
        {
            info!(%error, "the voice of the system could not be stopped");
            self.forget();
        }
    }

    /// Leaves a connection alone, which cannot be dropped.
    fn forget(&mut self) {
        if let Some(connection) = self.connection.take() {
            mem::forget(connection);
        }
    }
}

fn connect(ends: &UnboundedSender<End>) -> Result<Connection, tts::Error> {
    let tts = Tts::default()?;
    let tell = |progress: Progress| -> Box<dyn FnMut(UtteranceId)> {
        let ends = ends.clone();
        // Who listened may be gone, which is as well. A panic here would end the process.
        Box::new(move |utterance| _ = ends.send(End { utterance, progress: progress.clone() }))
    };
    tts.on_utterance_end(Some(tell(Progress::Finished)))?;
    tts.on_utterance_stop(Some(tell(Progress::Stopped)))?;
    Ok(Connection { tts, told: VoiceSettings::default() })
}

impl Connection {
    /// Has it sound as the settings say; where they say nothing, as the system has it.
    fn sound(&mut self, voice: &VoiceSettings) -> Result<(), tts::Error> {
        let tts = &mut self.tts;
        let rates = [tts.min_rate(), tts.normal_rate(), tts.max_rate()];
        if let Some(rate) = changed(self.told.rate, voice.rate, 0) {
            tts.set_rate(scaled(rate, rates))?;
        }
        let pitches = [tts.min_pitch(), tts.normal_pitch(), tts.max_pitch()];
        if let Some(pitch) = changed(self.told.pitch, voice.pitch, 0) {
            tts.set_pitch(scaled(pitch, pitches))?;
        }
        let (least, most) = (tts.min_volume(), tts.max_volume());
        if let Some(volume) = changed(self.told.volume, voice.volume, 100) {
            tts.set_volume(scaled(volume, [least, f32::midpoint(least, most), most]))?;
        }
        if let (Some(name), true) = (&voice.voice, voice.voice != self.told.voice) {
            self.choose(name)?;
        }
        self.told = voice.clone();
        Ok(())
    }

    /// A voice that is not there does not keep it from speaking.
    fn choose(&mut self, name: &str) -> Result<(), tts::Error> {
        let voices = self.tts.voices()?;
        let named = voices.iter().find(|voice| voice.id() == name || voice.name() == name);
        if let Some(voice) = named {
            self.tts.set_voice(voice)?;
        } else {
            warn!(name, voices = voices.len(), "the system has no such voice");
        }
        Ok(())
    }
}

/// What is to be set now, where that is another than it was: the usual where the settings say nothing any more.
fn changed(old: Option<i8>, new: Option<i8>, usual: i8) -> Option<i8> {
    (old != new).then(|| new.unwrap_or(usual))
}

/// A setting of -100 to 100 in the system's own measure, which has a least, a usual and a greatest value.
fn scaled(setting: i8, [least, usual, most]: [f32; 3]) -> f32 {
    let share = f32::from(setting.clamp(-100, 100)) / 100.0;
    if share < 0.0 { usual + (usual - least) * share } else { usual + (most - usual) * share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_fill_the_systems_own_measure() {
        for (setting, measure, expected) in [
            (0, [-100.0, 0.0, 100.0], 0.0),
            (-100, [-100.0, 0.0, 100.0], -100.0),
            (40, [-100.0, 0.0, 100.0], 40.0),
            (i8::MIN, [0.1, 1.0, 2.0], 0.1),
            (-50, [0.0, 1.0, 6.0], 0.5),
            (50, [0.0, 1.0, 6.0], 3.5),
            (i8::MAX, [0.0, 1.0, 6.0], 6.0),
        ] {
            let found = scaled(setting, measure);
            assert!((found - expected).abs() < 1e-5, "{setting} in {measure:?} is {found}");
        }
        let changes = [changed(None, None, 7), changed(None, Some(3), 7), changed(Some(3), None, 7)];
        assert_eq!(changes, [None, Some(3), Some(7)]);
    }
}
