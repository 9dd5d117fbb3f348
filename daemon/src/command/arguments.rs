//! What can be asked of the command, and its help.

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

/// What stands at the end of the help.
const AFTER_HELP: &str = "\
Examples:
  descry describe cat.jpg     print and speak what a picture shows
  descry describe --window    the window that you work in
  descry again                what else could it be?
  descry pause                look at nothing, until descry resume
  descry check                does all work that Descry needs, and what to do if not?

What is printed is sentences, or JSON with --json. Exit status: 0 when it was done, 1 when it was not, 2 when arguments or \
settings are wrong, 3 when the model cannot be used or the service does not run; each command's own help says more.

Descry is made for knowing what is in a picture. It is wrong at times, and it is not an aid for mobility or against \
hazards: do not rely on it to move about.";

const AFTER_DESCRIBE_HELP: &str = "\
Examples:
  descry describe cat.jpg            print and speak what it shows
  descry describe --json holiday/    all pictures of a folder, for programs
  descry describe - < cat.jpg        from standard input
  descry describe --window           the window that you work in
  descry describe --camera           what the camera sees

Of a screen it says first the program and the window, then its text, then its pictures with their places: 300 characters \
of the text, all of it with --detail full. Text is read by Tesseract, where it is installed (package tesseract-ocr). \
On Wayland the desktop's portal shows the screen; the file in which it does is deleted at once. Fields for passwords are \
not read. The service is asked where it runs, unless it belongs to another session.

A camera runs only as long as it takes to describe one picture of it. descry cameras lists those that there are.

Exit status: 0 when all pictures were described, 1 when at least one was not, 2 when the arguments or settings are \
wrong, 3 when the model or its engine cannot be used, or the service is paused.

The model is looked for in $XDG_DATA_HOME/descry/models, /usr/local/share/descry/models, /usr/share/descry/models, \
../share/descry/models beside this program, and last where it was built. Settings are read from \
/etc/descry/descry.toml and $XDG_CONFIG_HOME/descry/descry.toml, and from the variables DESCRY_MODEL, DESCRY_ENGINE, \
DESCRY_ONNXRUNTIME, DESCRY_BEAM_WIDTH and DESCRY_SPEECH.

Descry is made for knowing what is in a picture. It is wrong at times, and it is not an aid for mobility or against \
hazards: do not rely on it to move about.";

const AFTER_NARRATE_HELP: &str = "\
What is in sight is said once it has come to rest, and then each time when it is another: the subject alone while the \
camera moves, all of it while it rests. What was just said is not said again. That it is dark, or that something covers \
the lens, is said once. Narration gives way to answers that are asked for. descry pause lets the camera go; descry resume \
goes on.

Examples:
  descry narrate                        by the only camera
  descry narrate --interval 10          a sentence every ten seconds at most
  descry narrate --camera rear --json   for programs

Exit status: 0 when it was ended with Ctrl-C, 1 when it could not begin or go on, 2 when the arguments or settings are \
wrong, 3 when the model or its engine cannot be used.

This is no aid for mobility or against hazards: it comes late, it is wrong at times, and it says nothing of what it does \
not notice. Do not rely on it to move about.";

const AFTER_ASK_HELP: &str = "\
Exit status: 0 when the service did it, 1 when there was nothing to do it with, 3 when the service does not run.";

const AFTER_AGAIN_HELP: &str = "\
A second sentence about the same picture is the best way to notice that the first may be wrong. After the last one the \
first comes again.

Examples:
  descry describe cat.jpg     what is it?
  descry again                what else could it be?
  descry again --no-speech    the next one, printed only

Exit status: 0 when the service did it, 1 when there was nothing to do it with, 3 when the service does not run.";

const AFTER_HISTORY_HELP: &str = "\
The service remembers 50 descriptions for each program that asked and 500 in all, in memory alone, until it ends. With the \
setting keep_history = true they are kept on disk too, at most 1 MiB in $XDG_STATE_HOME/descry/history.jsonl, which only \
you can read; --clear removes that, and so does setting it to false again.

Examples:
  descry history --count 3    the newest three
  descry history --json       all fields, for programs
  descry history --clear      forget them

Exit status: 0 when the service answered, 3 when it does not run.";

const AFTER_STATUS_HELP: &str = "\
Examples:
  descry status               in sentences
  descry status --json        for programs; {\"running\":false} when it does not run

Exit status: 0 when the service runs, 3 when it does not.";

const AFTER_CAMERAS_HELP: &str = "\
Each line is a camera's name, then in brackets what it is known by wherever it is plugged in, then its device, which may \
change. The one that is looked through when no other is named comes with a star.

Examples:
  descry cameras              which there are
  descry cameras --json       for programs

Exit status: 0 when there is a camera, 1 when there is none.";

const AFTER_CHECK_HELP: &str = "\
Settings are read from /etc/descry/descry.toml, $XDG_CONFIG_HOME/descry/descry.toml and the environment, each over the \
one before. The service reads them again when it is told to: systemctl --user reload descryd

Example:
  descry config check         what holds, and why

Exit status: 0 when all settings can be used, 2 when one cannot.";

const AFTER_GENERATE_HELP: &str = "\
Examples:
  descry generate completions bash > ~/.local/share/bash-completion/completions/descry
  descry generate man ~/.local/share/man/man1";

const AFTER_PARTS_HELP: &str = "\
Nothing is said aloud, and no picture is taken.

Exit status: 0 when all works that is needed (settings, model, engine and speech), 1 when one of them does not. Screens, \
their text, cameras and the service are tried too, but not everyone needs them.";

const AFTER_BENCH_HELP: &str = "\
Nothing is said aloud. On a machine with an NVIDIA GPU the first measurement of TensorRT takes minutes, in which its engines \
are built; they are kept.

Examples:
  descry bench                what this machine can do
  descry bench --store        and put the best choice into your settings
  descry bench --json cat.jpg for programs, with a picture of your own

Exit status: 0 when something was measured, 1 when nothing was, or the choice was not stored.";

/// Says what is in a picture, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "descry", version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Describe pictures in a sentence each, printed and spoken
    #[command(after_help = AFTER_DESCRIBE_HELP)]
    Describe(Describe),

    /// Look through a camera, and say by itself what comes into sight, until Ctrl-C
    #[command(after_help = AFTER_NARRATE_HELP)]
    Narrate(Narrate),

    /// Say the newest description again
    #[command(after_help = AFTER_ASK_HELP)]
    Repeat(Retell),

    /// Say all that is known of it: the other sentences, how sure the model is, how long ago it was
    #[command(after_help = AFTER_ASK_HELP)]
    More(Retell),

    /// Say it differently: in the next other sentence that the model found
    #[command(after_help = AFTER_AGAIN_HELP)]
    Again(Retell),

    /// Stop what the service is saying
    #[command(after_help = AFTER_ASK_HELP)]
    Stop,

    /// Have the service look at no picture until descry resume
    #[command(after_help = AFTER_ASK_HELP)]
    Pause,

    /// Have the service go on after descry pause
    #[command(after_help = AFTER_ASK_HELP)]
    Resume,

    /// Print what the service has described, newest first
    #[command(after_help = AFTER_HISTORY_HELP)]
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
    #[command(after_help = AFTER_STATUS_HELP)]
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },

    /// List the cameras that are connected
    #[command(after_help = AFTER_CAMERAS_HELP)]
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
    #[command(after_help = AFTER_GENERATE_HELP)]
    Generate {
        /// What to generate.
        #[command(subcommand)]
        what: Generate,
    },

    /// Measure how fast this machine describes, with each engine and device, and choose the best
    #[command(after_help = AFTER_BENCH_HELP)]
    Bench(Bench),

    /// Try every part that Descry needs, and say what to do about those that do not work
    #[command(after_help = AFTER_PARTS_HELP)]
    Check(Check),
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print which files were read, each setting, and where it comes from
    #[command(after_help = AFTER_CHECK_HELP)]
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use descry_models::manifest::MAXIMUM_BEAM_WIDTH;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert_eq!(MAXIMUM_BEAM_WIDTH, 64, "the help says 64");
    }

    #[test]
    fn settings_of_its_own_keep_a_request_in_this_process() {
        for (line, forced) in [
            ("descry describe a.jpg", false),
            ("descry describe a.jpg --json --no-speech --beam-width 2", false),
            ("descry describe a.jpg --no-service", true),
            ("descry describe --engine tract -", true),
            ("descry describe --model x a.jpg", true),
            ("descry describe --onnxruntime x a.jpg", true),
            ("descry describe --window", false),
            ("descry describe --window --text-languages deu", true),
            ("descry describe --camera", false),
            ("descry describe --camera Front --no-service", true),
        ] {
            let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command else {
                panic!("{line} describes")
            };
            assert_eq!(describe.is_forced_here(), forced, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "descry",
            "descry describe",
            "descry describe --beam-width 0 a",
            "descry describe --engine gpu a",
            "descry repeat it",
            "descry history --clear --json",
            "descry config",
            "descry generate completions cmd",
            "descry check it",
            "descry narrate it",
            "descry narrate --interval 0.1",
            "descry narrate --per-minute 0",
            "descry describe --screen a",
            "descry describe --screen --window",
            "descry describe --window --region 0,0,1x1",
            "descry describe --region 0,0,0x10",
            "descry describe --region 0,0,10",
            "descry describe --screen --detail much",
            "descry describe --camera --screen",
            "descry describe --camera Front a.jpg",
            "descry cameras Front",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }

    #[test]
    fn a_part_of_the_screen_takes_the_place_of_files() {
        let region = Area { x: -5, y: 20, width: 300, height: 200 };
        for (line, target) in [
            ("descry describe a.jpg", None),
            ("descry describe --screen", Some(Target::Screen)),
            ("descry describe --window --json --text-languages eng+chi_sim", Some(Target::Window)),
            ("descry describe --region=-5,20,300x200 --detail full", Some(Target::Region(region))),
        ] {
            let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command else {
                panic!("{line} describes")
            };
            assert_eq!(describe.look.target(), target, "{line}");
        }
    }

    #[test]
    fn a_camera_is_named_or_not() {
        for (line, camera) in [
            ("descry describe a.jpg", None),
            ("descry describe --camera", Some(None)),
            ("descry describe --camera --json", Some(None)),
            ("descry describe --camera Front --json", Some(Some("Front"))),
            ("descry describe --camera=Front", Some(Some("Front"))),
        ] {
            let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command else {
                panic!("{line} describes")
            };
            assert_eq!(describe.look.camera(), camera, "{line}");
        }
    }
}
