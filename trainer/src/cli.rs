//! The command line of `descry-trainer`: one subcommand for each module that has a `run`, which holds its own arguments.

use clap::{Parser, Subcommand};

use crate::augment::sheet::{self, AugmentArguments};
use crate::calibrate::{self, CalibrateArguments};
use crate::caption::{self, CaptionArguments};
use crate::evaluate::{self, EvaluateArguments};
use crate::evidence::{self, EvidenceArguments};
use crate::export::{self, ExportArguments};
use crate::progress;
use crate::quantise::{self, QuantiseArguments};
use crate::seal::{self, SealArguments};
use crate::show::{self, ShowArguments};
use crate::tags::{self, TagsArguments};
#[cfg(feature = "torch")]
use crate::{
    fine_tune::{self, FineTuneArguments},
    prepare::{self, PrepareArguments},
    train::{
        self, TrainArguments,
        speed::{self, SpeedArguments},
    },
};

/// What stands for the arguments of a command that needs libtorch, where that was not built in.
#[cfg(not(feature = "torch"))]
#[derive(Debug, clap::Args)]
pub struct NotBuilt {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}
#[cfg(not(feature = "torch"))]
use NotBuilt as FineTuneArguments;
#[cfg(not(feature = "torch"))]
use NotBuilt as PrepareArguments;
#[cfg(not(feature = "torch"))]
use NotBuilt as SpeedArguments;
#[cfg(not(feature = "torch"))]
use NotBuilt as TrainArguments;

/// Trains, exports, quantises and scores Descry's caption models.
#[derive(Debug, Parser)]
#[command(name = "descry-trainer", version, arg_required_else_help = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Tell progress in plain lines, as without a terminal: no bars, no drawn curves
    #[arg(long, global = true)]
    pub plain: bool,
}

/// What the trainer can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a run's folder: its vocabulary, and features of all pictures from the encoder as it came
    Prepare(PrepareArguments),
    /// Learn from a prepared run's pictures; a run that was stopped goes on
    Train(TrainArguments),
    /// Let a bundle learn on from your own pictures: everything from the folder to a new bundle
    FineTune(FineTuneArguments),
    /// Time feature extraction or decoder training, a round for each line on standard input
    #[command(hide = true)]
    Speed(SpeedArguments),
    /// Write a sheet of pictures as an experiment varies them
    Augment(AugmentArguments),
    /// Write a run's best weights as a float32 bundle
    Export(ExportArguments),
    /// Make an int8 bundle of a float32 bundle
    Quantise(QuantiseArguments),
    /// Score a bundle on a data set: BLEU-1..4, METEOR, ROUGE-L and CIDEr
    Evaluate(EvaluateArguments),
    /// Caption a folder of pictures, in COCO's results format
    Caption(CaptionArguments),
    /// Write a page to look at: learning curves, captions beside their pictures, what the model looked at
    Show(ShowArguments),
    /// List every file of a bundle's folder in its manifest, and what it scored
    Seal(SealArguments),
    /// Make a bundle's confidence the probability that a person would accept the caption
    Calibrate(CalibrateArguments),
    /// Give a bundle names for what its encoder told apart before it learned to caption
    Tags(TagsArguments),
    /// Have a bundle's encoder say for each word whether the picture speaks for it
    Evidence(EvidenceArguments),
}

/// Runs one command to its end.
pub fn run(line: CommandLine) -> anyhow::Result<()> {
    if line.plain {
        progress::use_plain_lines();
    }
    match line.command {
        #[cfg(feature = "torch")]
        Command::Prepare(arguments) => prepare::run(&arguments),
        #[cfg(feature = "torch")]
        Command::Train(arguments) => train::run(&arguments),
        #[cfg(feature = "torch")]
        Command::FineTune(arguments) => fine_tune::run(&arguments),
        #[cfg(feature = "torch")]
        Command::Speed(arguments) => speed::run(&arguments),
        #[cfg(not(feature = "torch"))]
        Command::Prepare(_) | Command::Train(_) | Command::FineTune(_) | Command::Speed(_) => anyhow::bail!(
            "this descry-trainer was built without libtorch; `./run trainer` builds one that has it, or build with `--features torch` and LIBTORCH naming libtorch's folder"
        ),
        Command::Augment(arguments) => sheet::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Quantise(arguments) => quantise::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Caption(arguments) => caption::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Seal(arguments) => seal::run(&arguments),
        Command::Calibrate(arguments) => calibrate::run(&arguments),
        Command::Tags(arguments) => tags::run(&arguments),
        Command::Evidence(arguments) => evidence::run(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }
}
