//! Fits the table of `descry_daemon::quality` to pictures, and measures it on others. README.md here says how to run it.

mod chance;
mod fit;
mod measure;
mod samples;
mod spoil;
mod write;

use std::{error::Error, path::PathBuf};

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fit the table and write it to a file
    Fit {
        #[command(flatten)]
        pictures: Pictures,
        /// Where the table goes
        #[arg(long, value_name = "FILE")]
        table: PathBuf,
    },
    /// Measure the table that is built in
    Measure {
        #[command(flatten)]
        pictures: Pictures,
        /// Print each picture that is judged wrongly
        #[arg(long)]
        wrong: bool,
    },
}

#[derive(Debug, Args)]
struct Pictures {
    /// A list of photos' paths, one a line; its name is that of its results; several times
    #[arg(long, value_name = "LIST", required = true)]
    photos: Vec<PathBuf>,
    /// A folder from `make_screens.py`; every second picture is for fitting, the others for measuring
    #[arg(long, value_name = "DIR", required = true)]
    screens: Vec<PathBuf>,
    /// Pictures of screens from elsewhere, all of them for measuring
    #[arg(long, value_name = "DIR")]
    other_screens: Vec<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    match CommandLine::parse().command {
        Command::Fit { pictures, table } => {
            let samples = samples::for_fitting(&pictures)?;
            println!("{} pictures to fit", samples.len());
            let fitted = fit::fit(&samples);
            std::fs::write(table, write::table(&fitted))?;
        }
        Command::Measure { pictures, wrong } => measure::measure(&pictures, wrong)?,
    }
    Ok(())
}
