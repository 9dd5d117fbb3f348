//! The command `descry`: pictures and screens in, sentences out, on paper and aloud.

pub mod arguments;
mod ask;
mod backend;
pub mod bench;
mod cameras;
mod check;
pub mod generate;
mod inputs;
mod narrate;
mod output;
mod parts;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::debug;

use crate::{
    config::{Settings, session_language},
    failure::Failure,
    preferences::Shared,
    service,
    speech::{Urgency, Utterance, Voice},
    wording::words_in,
    words::{Language, Message, message},
};
use arguments::{Arguments, Command, ConfigAction, Describe};
use backend::{Answer, Backend, Unusable};
use inputs::Input;
use output::Output;

/// How long one utterance may take; those of a sentence take a few seconds.
const SPEAKING_LIMIT: Duration = Duration::from_mins(1);

/// How long speech-dispatcher has to hear that it is to stop.
const STOPPING_TIME: Duration = Duration::from_millis(200);

/// How the command ends, as its help says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Described = 0,
    NotDescribed = 1,
    /// Also when the settings are wrong, which are arguments too.
    Usage = 2,
    Unusable = 3,
}

/// Runs the command and yields its exit code.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Config { action: ConfigAction::Check } => ExitCode::from(check::run() as u8),
        Command::Generate { what } => ExitCode::from(generate::run(&what) as u8),
        Command::Bench(bench) => ExitCode::from(bench::run(&bench) as u8),
        Command::Cameras { json } => ExitCode::from(cameras::run(json) as u8),
        Command::Describe(describe) => run_to_its_end(until_interrupted(describe)),
        Command::Check(check) => run_to_its_end(async move {
            // Whoever reads may have read enough.
            let works = parts::run(&check).await.unwrap_or(false);
            (if works { Ending::Described } else { Ending::NotDescribed }) as u8
        }),
        Command::Narrate(narrate) => run_to_its_end(async { narrate::run(narrate).await as u8 }),
        command => run_to_its_end(async { ask::run(command).await as u8 }),
    }
}

fn run_to_its_end(work: impl Future<Output = u8>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let problem = message!("command-no-runtime", reason = error.to_string());
            complain(&problem, session_language());
            return ExitCode::from(Ending::Unusable as u8);
        }
    };
    let code = runtime.block_on(work);
    // A pipe that never ends must not hold the command.
    runtime.shutdown_background();
    ExitCode::from(code)
}

async fn until_interrupted(arguments: Describe) -> u8 {
    let settings = match Settings::load(arguments.layer()) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&error.message(), session_language());
            return Ending::Usage as u8;
        }
    };
    let (voice, _task) = service::voice(&Shared::new(settings.preferences.clone()));
    tokio::select! {
        result = describe_all(arguments, &settings, Arc::clone(&voice)) => match result {
            Ok(ending) => ending as u8,
            // Whoever reads has read enough, or the disk is full: there is nowhere to put the rest.
            Err(error) => {
                debug!(%error, "standard output is gone");
                Ending::NotDescribed as u8
            }
        },
        _ = tokio::signal::ctrl_c() => {
            voice.stop();
            tokio::time::sleep(STOPPING_TIME).await;
            // As a shell counts a program that was interrupted.
            130
        }
    }
}

async fn describe_all(arguments: Describe, settings: &Settings, voice: Arc<dyn Voice>) -> io::Result<Ending> {
    let (mut speak, json) = (!arguments.no_speech, arguments.json);
    let language = settings.preferences.words();
    let forced_here = arguments.is_forced_here();
    let detail = arguments.detail;
    let looks_live = arguments.look.target().is_some() || arguments.look.camera().is_some();
    let inputs = match (arguments.look.target(), arguments.look.camera()) {
        (Some(target), _) => vec![inputs::of_screen(target)],
        (None, Some(name)) => vec![inputs::of_camera(name)],
        (None, None) => inputs::expand(arguments.files),
    };
    let output = Output { json, several: inputs.len() > 1, language };
    let backend = if looks_live && forced_here && Backend::is_paused().await {
        Err(Unusable(Failure::Paused.message()))
    } else {
        Backend::new(settings, forced_here, Arc::clone(&voice)).await
    };
    let backend = match backend {
        Ok(backend) => backend,
        Err(Unusable(reason)) => {
            complain(&reason, language);
            if speak {
                let text = words_in(&message!("failure-pictures", reason = reason), language);
                let mut speaking = voice.say(Utterance::new(text, Urgency::Fault));
                if let Err(error) = speaking.ended(SPEAKING_LIMIT).await {
                    complain(&not_spoken(error.message()), language);
                }
            }
            return Ok(Ending::Unusable);
        }
    };

    let bar = progress_bar(inputs.len());
    let mut ending = Ending::Described;
    for Input { label, picture } in inputs {
        bar.set_message(label.clone());
        let answer = match picture {
            Ok(wanted) => backend.describe(wanted, speak, output.several, detail).await,
            Err(problem) => Answer::failed(problem),
        };
        let Answer { result, mut speaking, voice_failure } = answer;
        bar.suspend(|| output.write(&label, result.as_ref()))?;
        bar.inc(1);
        if let Err(failure) = &result {
            ending = ending.max(if failure.is_final { Ending::Unusable } else { Ending::NotDescribed });
        }
        // The next picture waits until this one has been said, so that none cuts another's sentence short.
        let said = match &mut speaking {
            Some(speaking) => speaking.ended(SPEAKING_LIMIT).await.map(|_| ()),
            None => Ok(()),
        };
        let spoken = voice_failure.map_or(said.map_err(|error| error.message()), Err);
        if let Err(problem) = spoken {
            bar.suspend(|| complain(&not_spoken(problem), language));
            // Said once for all pictures.
            speak = false;
        }
        if ending == Ending::Unusable {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(ending)
}

/// Tells on standard error what is wrong.
fn complain(problem: &Message, language: Language) {
    // As it is after a colon: the reason begins the sentence, whatever stands before it.
    eprintln!("descry: {}", words_in(problem, language));
}

/// Why something was only printed.
fn not_spoken(reason: Message) -> Message {
    message!("voice-not-spoken", reason = reason)
}

/// Only for people who look at several pictures' progress.
fn progress_bar(count: usize) -> ProgressBar {
    if count < 2 || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}
