//! `descry generate`: shell completions and manual pages, from the same description as the help.

use std::{fs, io, path::PathBuf};

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;

use super::{Ending, arguments::Arguments, complain};
use crate::{config::session_language, program, words::message};

/// What can be generated.
#[derive(Debug, Subcommand)]
pub enum Generate {
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write manual pages
    Man {
        /// The folder to write them into; it is made where it is missing
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Generates.
pub(super) fn run(generate: &Generate) -> Ending {
    let done = match generate {
        Generate::Completions { shell } => completions(*shell, &mut io::stdout().lock()),
        Generate::Man { folder } => {
            let pages = [Arguments::command(), program::service_arguments()];
            fs::create_dir_all(folder)
                .and_then(|()| pages.into_iter().try_for_each(|page| clap_mangen::generate_to(page, folder)))
        }
    };
    match done {
        Ok(()) => Ending::Described,
        Err(error) => {
            complain(&message!("command-not-written", reason = error.to_string()), session_language());
            Ending::NotDescribed
        }
    }
}

/// Completions go through memory, since the generator gives up the whole program when nobody reads.
fn completions(shell: Shell, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "descry", &mut text);
    out.write_all(&text).and_then(|()| out.flush())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_and_manual_pages_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut text = Vec::new();
            completions(shell, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains("describe") && text.contains("history"), "{shell}");
        }
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("man");
        assert_eq!(run(&Generate::Man { folder: made.clone() }), Ending::Described);
        let page = |name: &str| fs::read_to_string(made.join(name)).unwrap();
        assert!(page("descry.1").contains("descry\\-describe(1)"), "{}", page("descry.1"));
        assert!(page("descry-describe.1").contains("beam\\-width"));
        assert!(made.join("descry-config-check.1").is_file());
        assert!(page("descryd.1").contains("idle\\-unload\\-seconds"));
    }
}
