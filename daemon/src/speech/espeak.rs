//! The program `espeak-ng`, run for each passage, with sound of its own: what speaks where nothing listens for speech.

use std::{io, path::PathBuf, process::Stdio};

use tokio::{io::AsyncWriteExt, process::Command};
use tracing::{debug, info, warn};

use super::{Progress, Script, VoiceError};
use crate::preferences::VoiceSettings;

/// The program.
const PROGRAM: &str = "espeak-ng";

/// Words in a minute at the rates -100, 0 and 100: what speech-dispatcher makes of them for this synthesiser.
const WORDS: [i32; 3] = [80, 170, 449];

/// A voice that runs a program.
pub(super) struct Espeak {
    pub(super) program: PathBuf,
}

impl Default for Espeak {
    fn default() -> Self {
        Self { program: PROGRAM.into() }
    }
}

/// Whether the program is installed.
pub(super) async fn is_there() -> bool {
    let mut command = Command::new(PROGRAM);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

impl Espeak {
    /// Says all passages, each in its language, and how that ended. Dropping what this returns ends the program. An error is
    /// that it cannot be run.
    pub(super) async fn say(
        &self,
        script: &Script,
        language: &str,
        voice: &VoiceSettings,
    ) -> io::Result<Progress> {
        match speak(&self.program, script, language, voice).await {
            Ok(None) => {
                debug!("espeak-ng has said it");
                Ok(Progress::Finished)
            }
            Ok(Some(complaint)) => {
                warn!(complaint, "not spoken: espeak-ng failed");
                Ok(Progress::Failed(VoiceError::Espeak(complaint)))
            }
            Err(error) => {
                info!(%error, program = %self.program.display(), "cannot speak in the place of speech-dispatcher");
                Err(error)
            }
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
    use super::*;

    #[test]
    fn no_language_is_an_option() {
        assert_eq!(arguments("--path=/x", &VoiceSettings::default())[4], "pathx");
    }
}
