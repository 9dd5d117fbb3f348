//! The voice where nothing listens for speech: the program `espeak-ng`, run for each utterance, with sound of its own.
//!
//! It speaks only in the place of a speech-dispatcher that is not there: who set one up, or named another machine's, has
//! chosen who speaks. The crate `tts`, which speaks with the voice of each system, would not do here. On Linux that is
//! speech-dispatcher through its C library, which is silent exactly where this is needed, has every build want
//! `libspeechd-dev` and libclang, and gives all that is said the one priority that nothing can interrupt.
//!
//! Who gives way to whom is as with speech-dispatcher: a narration is left out while anything is said, an answer replaces
//! the one before it, and a failure is said to its end.

use std::{collections::VecDeque, io, path::PathBuf, process::Stdio};

use tokio::{
    io::AsyncWriteExt,
    process::Command,
    sync::{mpsc, watch},
};
use tracing::{debug, info, warn};

use super::{Progress, Script, Urgency, VoiceError};
use crate::preferences::{Preferences, VoiceSettings};

/// The program.
const PROGRAM: &str = "espeak-ng";

/// How many orders wait at most.
const QUEUE: usize = 64;

/// Words in a minute at the rates -100, 0 and 100: what speech-dispatcher makes of them for this synthesiser.
const WORDS: [i32; 3] = [80, 170, 449];

/// One utterance, and who wants to know of it.
struct Job {
    script: Script,
    progress: watch::Sender<Progress>,
    /// Why speech-dispatcher did not say it: what is told where this voice is not there either.
    instead_of: VoiceError,
}

enum Order {
    Say(Job),
    Stop,
}

/// A voice that runs a program.
#[derive(Clone)]
pub(super) struct Espeak {
    orders: mpsc::Sender<Order>,
}

/// Whether the program is installed.
pub(crate) async fn is_there() -> bool {
    let mut command = Command::new(PROGRAM);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

impl Espeak {
    /// Starts the task that speaks. It ends when every clone of this voice is dropped.
    pub(super) fn start(preferences: watch::Receiver<Preferences>) -> Self {
        Self::start_with(PROGRAM.into(), preferences)
    }

    pub(super) fn start_with(program: PathBuf, preferences: watch::Receiver<Preferences>) -> Self {
        let (orders, received) = mpsc::channel(QUEUE);
        tokio::spawn(Task { program, preferences, waiting: VecDeque::new() }.run(received));
        Self { orders }
    }

    /// Says an utterance that speech-dispatcher did not say, and reports how far it has come.
    pub(super) fn order(&self, script: Script, progress: watch::Sender<Progress>, instead_of: VoiceError) {
        if let Err(error) = self.orders.try_send(Order::Say(Job { script, progress, instead_of })) {
            let (order, reason) = match error {
                mpsc::error::TrySendError::Full(order) => (order, VoiceError::Busy),
                mpsc::error::TrySendError::Closed(order) => (order, VoiceError::Ended),
            };
            if let Order::Say(job) = order {
                job.progress.send_replace(Progress::Failed(reason));
            }
        }
    }

    /// Stops what is being said and forgets what was about to be said.
    pub(super) fn stop(&self) {
        if let Err(error) = self.orders.try_send(Order::Stop) {
            debug!(%error, "the voice could not be told to stop");
        }
    }
}

struct Task {
    program: PathBuf,
    preferences: watch::Receiver<Preferences>,
    /// Failures, which are said one after the other, and an answer behind them.
    waiting: VecDeque<Job>,
}

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let job = match self.waiting.pop_front() {
                Some(job) => job,
                None => match orders.recv().await {
                    Some(Order::Say(job)) => job,
                    Some(Order::Stop) => continue,
                    None => return,
                },
            };
            let end = self.say(&job, &mut orders).await;
            job.progress.send_replace(end);
        }
    }

    /// Says it, unless something comes that it gives way to. Dropping what says it ends the program.
    async fn say(&mut self, job: &Job, orders: &mut mpsc::Receiver<Order>) -> Progress {
        let (language, voice) = {
            let preferences = self.preferences.borrow();
            (preferences.language_tag().to_owned(), preferences.voice.clone())
        };
        job.progress.send_replace(Progress::Begun);
        let program = self.program.clone();
        let mut saying = std::pin::pin!(speak(&program, &job.script, &language, &voice));
        loop {
            tokio::select! {
                result = &mut saying => return self.end(job, result),
                order = orders.recv() => match order {
                    Some(Order::Say(new)) => {
                        if new.script.urgency == Urgency::Ambient {
                            new.progress.send_replace(Progress::Stopped);
                            continue;
                        }
                        self.forget(|waiting| waiting.script.urgency == Urgency::Fault);
                        self.waiting.push_back(new);
                        if job.script.urgency != Urgency::Fault {
                            return Progress::Stopped;
                        }
                    }
                    Some(Order::Stop) => {
                        self.forget(|_| false);
                        return Progress::Stopped;
                    }
                    None => return Progress::Stopped,
                }
            }
        }
    }

    fn end(&self, job: &Job, result: io::Result<Option<String>>) -> Progress {
        match result {
            Ok(None) => {
                debug!("espeak-ng has said it");
                Progress::Finished
            }
            Ok(Some(complaint)) => {
                warn!(complaint, "not spoken: espeak-ng failed");
                Progress::Failed(VoiceError::Espeak(complaint))
            }
            Err(error) => {
                info!(%error, program = %self.program.display(), "cannot speak in the place of speech-dispatcher");
                Progress::Failed(job.instead_of.clone())
            }
        }
    }

    /// Forgets what waits, but for what is to be kept.
    fn forget(&mut self, is_kept: impl Fn(&Job) -> bool) {
        let (kept, forgotten): (VecDeque<Job>, VecDeque<Job>) = self.waiting.drain(..).partition(is_kept);
        self.waiting = kept;
        for job in forgotten {
            job.progress.send_replace(Progress::Stopped);
        }
    }
}

/// Says all passages, each in its language. An error is that the program cannot be run; what is yielded is its complaint.
async fn speak(
    program: &PathBuf,
    script: &Script,
    language: &str,
    voice: &VoiceSettings,
) -> io::Result<Option<String>> {
    for passage in &script.passages {
        let mut command = Command::new(program);
        command.args(arguments(passage.language.as_deref().unwrap_or(language), voice));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // Where it does not want its input it says why.
            let _ = input.write_all(plain(&passage.text).as_bytes()).await;
        }
        let output = child.wait_with_output().await?;
        // Without a sound server it complains, and ends as if all were well.
        let complaints = String::from_utf8_lossy(&output.stderr);
        let complaint = complaints.lines().find(|line| line.to_lowercase().starts_with("error"));
        if complaint.is_some() || !output.status.success() {
            let complaint =
                complaint.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned());
            return Ok(Some(complaint));
        }
    }
    Ok(None)
}

/// The program's arguments. Texts are given to it as its input, so that none can be an argument.
fn arguments(language: &str, voice: &VoiceSettings) -> Vec<String> {
    let tag: String = language.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '-').collect();
    let tag = tag.trim_start_matches('-').to_lowercase();
    let rate = i32::from(voice.rate.unwrap_or(0).clamp(-100, 100));
    let [slow, normal, fast] = WORDS;
    let range = if rate < 0 { normal - slow } else { fast - normal };
    let words = normal + rate * range / 100;
    let share = |value: i8| i32::from(value.clamp(-100, 100)).midpoint(100);
    let pitch = share(voice.pitch.unwrap_or(0)).min(99);
    let amplitude = share(voice.volume.unwrap_or(100));
    let numbers = [("-s", words), ("-p", pitch), ("-a", amplitude)];
    let numbers = numbers.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]);
    // UTF-8, and all of the input as one text.
    ["-b", "1", "--stdin", "-v", &tag].map(str::to_owned).into_iter().chain(numbers).collect()
}

/// A text that is only words: two brackets would begin phonemes.
fn plain(text: &str) -> String {
    text.replace("[[", "[ [")
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

    use super::*;
    use crate::{
        preferences::Shared,
        speech::{Speaking, Utterance, passage::Quote},
        words::Language,
    };

    const LIMIT: Duration = Duration::from_secs(20);

    /// A program that writes down what it is to say, and how; what begins with "Long" takes it for ever.
    struct Fake {
        folder: tempfile::TempDir,
        preferences: Shared,
        espeak: Espeak,
    }

    impl Fake {
        fn new(rest: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join("espeak-ng");
            let said = folder.path().join("said");
            let script = format!(
                "#!/bin/sh\nread text\necho \"$* | $text\" >> {}\ncase \"$text\" in Long*) exec sleep 1000;; esac\n{rest}\n",
                said.display()
            );
            fs::write(&program, script).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let preferences = Shared::default();
            let espeak = Espeak::start_with(program, preferences.watch());
            Self { folder, preferences, espeak }
        }

        fn say(&self, text: &str, urgency: Urgency) -> Speaking {
            let (progress, speaking) = Speaking::new();
            let quotes = vec![Quote { words: "a dog".to_owned(), language: "en\n--stdout".to_owned() }];
            let script = Script::of(&Utterance::new(text, urgency).quoting(quotes), Language::German);
            self.espeak.order(script, progress, VoiceError::Lost);
            speaking
        }

        /// What was said so far, without the program's arguments.
        fn said(&self) -> Vec<String> {
            let said = fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
            said.lines().map(|line| line.split_once(" | ").unwrap().1.to_owned()).collect()
        }

        async fn has_begun(&self, count: usize) {
            while self.said().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    #[tokio::test]
    async fn each_passage_is_said_in_its_language_and_is_only_text() {
        let fake = Fake::new("");
        fake.preferences.change(|preferences| {
            preferences.language = Some("de-AT".to_owned());
            preferences.voice =
                VoiceSettings { rate: Some(-50), pitch: Some(100), volume: Some(0), voice: None };
        });
        let text = "--stdout [[h@]] auf Englisch: a dog.";
        assert_eq!(fake.say(text, Urgency::Asked).ended(LIMIT).await, Ok(true));
        let said = fs::read_to_string(fake.folder.path().join("said")).unwrap();
        let sound = "-s 125 -p 99 -a 50";
        assert_eq!(
            said,
            format!(
                "-b 1 --stdin -v de-at {sound} | --stdout [ [h@]] auf Englisch:\n\
                 -b 1 --stdin -v en--stdout {sound} | a dog.\n"
            )
        );
        assert_eq!(arguments("--path=/x", &VoiceSettings::default())[4], "pathx", "no language is an option");
    }

    #[tokio::test]
    async fn each_gives_way_as_with_speech_dispatcher() {
        let fake = Fake::new("");
        let narrated = fake.say("Long narration.", Urgency::Ambient);
        fake.has_begun(1).await;
        let left_out = fake.say("Too much.", Urgency::Ambient);
        let answer = fake.say("Long answer.", Urgency::Asked);
        fake.has_begun(2).await;
        let fault = fake.say("Long fault.", Urgency::Fault);
        fake.has_begun(3).await;
        let older = fake.say("Older answer.", Urgency::Asked);
        let newer = fake.say("Newer answer.", Urgency::Asked);
        for mut speaking in [narrated, left_out, answer, older] {
            assert_eq!(speaking.ended(LIMIT).await, Ok(false));
        }
        assert!(!newer.is_over(), "a failure is said to its end");
        fake.espeak.stop();
        for mut speaking in [fault, newer] {
            assert_eq!(speaking.ended(LIMIT).await, Ok(false));
        }
        assert_eq!(fake.say("Last.", Urgency::Asked).ended(LIMIT).await, Ok(true));
        assert_eq!(fake.said(), ["Long narration.", "Long answer.", "Long fault.", "Last."]);
    }

    #[tokio::test]
    async fn what_it_cannot_say_is_told() {
        // As it does without a sound server.
        let silent = Fake::new("echo 'ALSA lib: no card' >&2; echo 'error: No such file or directory' >&2");
        let complaint = "error: No such file or directory".to_owned();
        let failed = silent.say("A dog.", Urgency::Asked).ended(LIMIT).await;
        assert_eq!(failed, Err(VoiceError::Espeak(complaint)));
        let broken = Fake::new("exit 3");
        let failed = broken.say("A dog.", Urgency::Asked).ended(LIMIT).await;
        assert_eq!(failed, Err(VoiceError::Espeak("exit status: 3".to_owned())));
        let missing = Fake::new("");
        fs::remove_file(missing.folder.path().join("espeak-ng")).unwrap();
        let failed = missing.say("A dog.", Urgency::Asked).ended(LIMIT).await;
        assert_eq!(failed, Err(VoiceError::Lost), "why speech-dispatcher did not say it");
    }
}
