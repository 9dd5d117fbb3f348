//! What can be asked of the command, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{EngineName, Layer, Speech};

/// What stands at the end of the help.
const AFTER_HELP: &str = "\
Descry is made for knowing what is in a picture. It is wrong at times, and it is not an aid for mobility or against \
hazards: do not rely on it to move about.";

const AFTER_DESCRIBE_HELP: &str = "\
Exit status: 0 when all pictures were described, 1 when at least one was not, 2 when the arguments or settings are \
wrong, 3 when the model or its engine cannot be used.

The model is looked for in $XDG_DATA_HOME/descry/models, /usr/local/share/descry/models, /usr/share/descry/models, \
../share/descry/models beside this program, and last where it was built. Settings are read from \
/etc/descry/descry.toml and $XDG_CONFIG_HOME/descry/descry.toml, and from the variables DESCRY_MODEL, DESCRY_ENGINE, \
DESCRY_ONNXRUNTIME, DESCRY_BEAM_WIDTH and DESCRY_SPEECH.

Descry is made for knowing what is in a picture. It is wrong at times, and it is not an aid for mobility or against \
hazards: do not rely on it to move about.";

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
}

/// How pictures are to be described.
#[derive(Debug, Args)]
pub struct Describe {
    /// Pictures, folders of pictures (taken in the order of their names, without the folders in them), or - for
    /// standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

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

impl Describe {
    /// Whether the service may not be asked: it has settings of its own.
    pub(super) fn is_forced_here(&self) -> bool {
        self.no_service || self.engine.is_some() || self.onnxruntime.is_some() || self.model.is_some()
    }

    /// The arguments as settings.
    pub(super) fn layer(&self) -> Layer {
        Layer {
            model: self.model.clone(),
            engine: self.engine,
            onnxruntime: self.onnxruntime.clone(),
            beam_width: self.beam_width.map(usize::from),
            speech: self.no_speech.then_some(Speech::None),
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
        ] {
            let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command;
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
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
