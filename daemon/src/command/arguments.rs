//! What can be asked of the command.

mod help;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

use super::{bench::Bench, generate::Generate};
use crate::{
    config::{EngineName, Layer},
    frame::Area,
    narration::policy::Pace,
    preferences::{Detail, SpeechRoute},
    source::screen::{self, Target},
};

/// Says what is in a picture, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "descry", version, after_help = help::ALL)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Describe pictures in a sentence each, printed and spoken
    #[command(after_help = help::DESCRIBE)]
    Describe(Describe),

    /// Look through a camera, and say by itself what comes into sight, until Ctrl-C
    #[command(after_help = help::NARRATE)]
    Narrate(Narrate),

    /// Say the newest description again
    #[command(after_help = help::ASK)]
    Repeat(Retell),

    /// Say all that is known of it: the other sentences, how sure the model is, how long ago it was
    #[command(after_help = help::ASK)]
    More(Retell),

    /// Say it differently: in the next other sentence that the model found
    #[command(after_help = help::AGAIN)]
    Again(Retell),

    /// Stop what the service is saying
    #[command(after_help = help::ASK)]
    Stop,

    /// Have the service look at no picture until descry resume
    #[command(after_help = help::ASK)]
    Pause,

    /// Have the service go on after descry pause
    #[command(after_help = help::ASK)]
    Resume,

    /// Print what the service has described, newest first
    #[command(after_help = help::HISTORY)]
    History {
        /// Forget all of it instead
        #[arg(long, conflicts_with_all = ["json", "count"])]
        clear: bool,

        /// Print one JSON object per description, each on its own line
        #[arg(long)]
        json: bool,

        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        count: u32,
    },

    /// Print how the service is
    #[command(after_help = help::STATUS)]
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },

    /// List the cameras that are connected
    #[command(after_help = help::CAMERAS)]
    Cameras {
        /// Print one JSON object per camera, each on its own line
        #[arg(long)]
        json: bool,
    },

    /// Look after the settings
    Config {
        /// What to do.
        #[command(subcommand)]
        action: ConfigAction,
    },

    /// Generate shell completions and manual pages
    #[command(after_help = help::GENERATE)]
    Generate {
        /// What to generate.
        #[command(subcommand)]
        what: Generate,
    },

    /// Measure how fast this machine describes, with each engine and device, and choose the best
    #[command(after_help = help::BENCH)]
    Bench(Bench),

    /// Try every part that Descry needs, and say what to do about those that do not work
    #[command(after_help = help::CHECK)]
    Check(Check),
}

impl Command {
    /// Whether a network may run in this very process, where no service answers or none is asked. The others need not be
    /// made ready for that, which takes a start of its own: qemu, which writes manual pages for another processor, has none.
    pub(crate) fn may_run_a_network(&self) -> bool {
        matches!(self, Self::Describe(_) | Self::Narrate(_) | Self::Check(_) | Self::Bench(_))
    }
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print which files were read, each setting, and where it comes from
    #[command(after_help = help::CONFIG_CHECK)]
    Check,
}

/// How a camera is to be narrated.
#[derive(Debug, Args)]
pub struct Narrate {
    /// The camera, by its name or a part of it; the only one by default
    #[arg(long, value_name = "CAMERA")]
    pub camera: Option<String>,

    /// The least number of seconds from one sentence to the next: 0.5 to 3600
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub interval: Option<Duration>,

    /// How much of what is seen must be another before it is told anew: 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub change: Option<f64>,

    /// How many sentences there are in a minute at most: 1 to 60
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60))]
    pub per_minute: Option<u32>,

    /// Print only
    #[arg(long)]
    pub no_speech: bool,

    /// Print one JSON object per sentence, each on its own line
    #[arg(long)]
    pub json: bool,

    /// Do not ask the service, even where it runs
    #[arg(long)]
    pub no_service: bool,
}

impl Narrate {
    /// The arguments as settings.
    pub(super) fn layer(&self) -> Layer {
        Layer {
            narration: Some(Pace::table(self.interval, self.change, self.per_minute)),
            speech: self.no_speech.then_some(SpeechRoute::None),
            ..Layer::default()
        }
    }
}

/// Reads a number of seconds.
fn seconds(given: &str) -> Result<Duration, String> {
    let seconds = given.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|given| u32::try_from(given.as_millis()).is_ok_and(|given| Pace::INTERVALS.contains(&given)))
        .ok_or_else(|| "it must be between 0.5 and 3600 seconds".to_owned())
}

/// How a description is told once more.
#[derive(Debug, Args)]
pub struct Retell {
    /// Print only
    #[arg(long)]
    pub no_speech: bool,
}

/// How the parts are to be tried.
#[derive(Debug, Args)]
pub struct Check {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How pictures are to be described.
#[derive(Debug, Args)]
pub struct Describe {
    /// Pictures, folders of pictures (taken in the order of their names, without the folders in them), or - for
    /// standard input
    #[arg(required_unless_present = "Look", conflicts_with = "Look", value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// What to look at instead of files.
    #[command(flatten)]
    pub look: Look,

    /// How much of a screen's text is said
    #[arg(long, value_enum)]
    pub detail: Option<Detail>,

    /// The languages of a screen's text, as Tesseract names them, with + between several, in this process
    #[arg(long, value_name = "LANGUAGES")]
    pub text_languages: Option<String>,

    /// Print only
    #[arg(long)]
    pub no_speech: bool,

    /// Print one JSON object per picture, each on its own line
    #[arg(long)]
    pub json: bool,

    /// Which engine runs the model, in this process
    #[arg(long, value_enum)]
    pub engine: Option<EngineName>,

    /// The library of ONNX Runtime to use, in this process
    #[arg(long, value_name = "LIBRARY")]
    pub onnxruntime: Option<PathBuf>,

    /// The folder of the model to use, in this process
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,

    /// How many sentences the search keeps side by side: 1 to 64, the model's own number by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub beam_width: Option<u8>,

    /// Do not ask the service, even where it runs
    #[arg(long)]
    pub no_service: bool,
}

/// What is to be described instead of files; at most one of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Look {
    /// Describe the whole screen
    #[arg(long)]
    pub screen: bool,

    /// Describe the active window
    #[arg(long)]
    pub window: bool,

    /// Describe a rectangle of the screen, in pixels from its upper left corner
    #[arg(long, value_name = "X,Y,WIDTHxHEIGHT", value_parser = screen::region)]
    pub region: Option<Area>,

    /// Describe what a camera sees: the one of this name or a part of it, or what descry cameras lists; without NAME, the
    /// one that is set, or the only one
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub camera: Option<String>,
}

impl Look {
    /// The camera that is to be looked through: the one that is named, if one is.
    #[must_use]
    pub fn camera(&self) -> Option<Option<&str>> {
        self.camera.as_deref().map(|name| Some(name).filter(|name| !name.is_empty()))
    }

    /// What of the screen is to be looked at; `None` when something else is.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        match self {
            Self { screen: true, .. } => Some(Target::Screen),
            Self { window: true, .. } => Some(Target::Window),
            Self { region, .. } => region.map(Target::Region),
        }
    }
}

impl Describe {
    /// Whether the service may not be asked, because it has settings of its own.
    pub(super) fn is_forced_here(&self) -> bool {
        self.no_service
            || self.text_languages.is_some()
            || self.engine.is_some()
            || self.onnxruntime.is_some()
            || self.model.is_some()
    }

    /// The arguments as settings.
    pub(super) fn layer(&self) -> Layer {
        Layer {
            model: self.model.clone(),
            engine: self.engine,
            onnxruntime: self.onnxruntime.clone(),
            beam_width: self.beam_width.map(usize::from),
            text_languages: self.text_languages.clone(),
            speech: self.no_speech.then_some(SpeechRoute::None),
            ..Layer::default()
        }
    }
}
