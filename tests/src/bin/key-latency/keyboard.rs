//! A keyboard whose every press has a time.

use std::{
    io::Write,
    process::{Child, ChildStdin, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use descry_tests::surroundings::Surroundings;

/// A keyboard: one xdotool that is told what to press, so that no time goes into starting it.
pub(crate) struct Keyboard {
    _process: Child,
    input: ChildStdin,
}

impl Keyboard {
    /// Plugs it in.
    pub(crate) fn start(surroundings: &Surroundings) -> Result<Self> {
        let mut process = surroundings.command("xdotool").arg("-").stdin(Stdio::piped()).spawn()?;
        let input = process.stdin.take().context("a piped input is there")?;
        Ok(Self { _process: process, input })
    }

    /// Presses Super+Alt, and Shift where the letter is a capital, and a letter; when the letter went down.
    pub(crate) fn press(&mut self, letter: char) -> Result<SystemTime> {
        let shift =
            |way: &str| if letter.is_ascii_uppercase() { format!(" {way} shift") } else { String::new() };
        let (down, up, letter) = (shift("keydown"), shift("keyup"), letter.to_ascii_lowercase());
        writeln!(self.input, "keydown super keydown alt{down}")?;
        self.input.flush()?;
        thread::sleep(Duration::from_millis(150));
        let pressed = SystemTime::now();
        writeln!(self.input, "keydown {letter}")?;
        self.input.flush()?;
        thread::sleep(Duration::from_millis(60));
        writeln!(self.input, "keyup {letter}{up} keyup alt keyup super")?;
        self.input.flush()?;
        Ok(pressed)
    }
}
