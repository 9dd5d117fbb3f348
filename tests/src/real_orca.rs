//! The Orca screen reader itself, out of a Debian of its own.
//!
//! `./run test-orca` makes the folder with that Debian, and names it in [`ROOT`]. Orca runs there in a mount and a process
//! namespace that end with it, so that nothing stays mounted and nothing stays running, whatever happens. It shares the
//! bus, the voice and the screen of its surroundings.

use std::{env, fs, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    caller::Caller, process::Process, sound_room::SoundRoom, surroundings::Surroundings, waiting::wait_until,
};

/// The variable that names the folder with the Debian.
pub const ROOT: &str = "DESCRY_ORCA_ROOT";
/// The name that Orca takes once it can be asked to speak.
pub const NAME: &str = "org.gnome.Orca1.Service";

const PATH: &str = "/org/gnome/Orca1/Service";
/// Where Orca writes what it does, among it what it brailles.
const DEBUG_LOG: &str = "home/orca-debug.log";

/// Lets the surroundings, `$2`, be seen at their own path in the root, `$1`, and becomes Orca there. Whoever unshares its
/// mounts does not pass them on.
const SESSION: &str = r#"
set -e
mount -t tmpfs tmpfs "$1/tmp"
mkdir -p "$1$2"
mount --bind "$2" "$1$2"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
exec chroot "$1" /bin/sh -c '
    cd "$HOME"
    /usr/libexec/at-spi-bus-launcher --launch-immediately &
    exec orca --debug-file="$HOME/orca-debug.log"
'
"#;

/// A running Orca. It ends when this value is dropped.
#[derive(Debug)]
pub struct RealOrca {
    process: Process,
    debug_log: PathBuf,
}

impl RealOrca {
    /// Starts Orca in surroundings that have a bus, a voice and a screen, and waits until it can be asked to speak.
    pub fn start(surroundings: &Surroundings, caller: &Caller) -> Result<Self> {
        let root = env::var_os(ROOT).map(PathBuf::from);
        let root =
            root.with_context(|| format!("{ROOT} is not set: run this test with `./run test-orca`"))?;
        ensure!(root.join("usr/bin/orca").is_file(), "there is no Orca in {}", root.display());
        let mut command = surroundings.command("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SESSION, "session"]);
        command.arg(&root).arg(surroundings.path("")).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        // Settings of its own, and none that outlive it.
        command.env("GSETTINGS_BACKEND", "memory").env("XDG_SESSION_TYPE", "x11").env("LC_ALL", "C.UTF-8");
        let mut process = Process::start("orca", command, surroundings.path("orca.log"))?;
        wait_until("Orca to take its name", || {
            if let Some(status) = process.status()? {
                bail!("Orca ended ({status}): {}", process.log());
            }
            caller.is_there(NAME)
        })?;
        Ok(Self { process, debug_log: surroundings.path(DEBUG_LOG) })
    }

    /// The version that Orca says it has.
    pub fn version(caller: &Caller) -> Result<String> {
        caller.call(NAME, PATH, NAME, "GetVersion")
    }

    /// Has Orca end by itself, as a person does who switches it off.
    pub fn quit(mut self, caller: &Caller) -> Result<()> {
        ensure!(caller.call::<bool>(NAME, PATH, NAME, "Quit")?, "Orca does not want to end");
        let status = self.process.wait()?;
        ensure!(status.success(), "Orca ended with {status}");
        gone(caller)
    }

    /// Kills Orca, as a crash would.
    pub fn crash(mut self, caller: &Caller) -> Result<()> {
        self.process.kill()?;
        gone(caller)
    }

    /// Every line that Orca put on a braille display, oldest first, or would have put there if one were connected.
    pub fn brailled(&self) -> Result<Vec<String>> {
        let log =
            fs::read(&self.debug_log).with_context(|| format!("cannot read {}", self.debug_log.display()))?;
        Ok(String::from_utf8_lossy(&log).lines().filter_map(braille_line).collect())
    }
}

/// The bus may notice a moment later that somebody has left.
fn gone(caller: &Caller) -> Result<()> {
    wait_until("Orca's name to be free", || Ok(!caller.is_there(NAME)?))
}

/// What Orca had the voice of a room say so far, oldest first, without its marks.
pub fn spoken(room: &SoundRoom) -> Result<Vec<String>> {
    Ok(room.messages()?.into_iter().map(|message| without_marks(&message.text)).collect())
}

/// Reads `… BRAILLE LINE:  'the text'`.
fn braille_line(line: &str) -> Option<String> {
    let (_, quoted) = line.split_once("BRAILLE LINE:  '")?;
    quoted.strip_suffix('\'').map(str::to_owned)
}

/// The text of SSML such as `<speak><mark name="0:1"/>R&amp;D</speak>`: Orca marks each word, to follow what is said.
fn without_marks(ssml: &str) -> String {
    let mut pieces = ssml.split('<');
    let before = pieces.next().unwrap_or_default();
    let after_tags = pieces.filter_map(|piece| piece.split_once('>')).map(|(_tag, text)| text);
    let text: String = [before].into_iter().chain(after_tags).collect();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_left_out_and_entities_are_read() {
        for (ssml, text) in [
            ("", ""),
            ("plain text", "plain text"),
            ("<speak><mark name=\"0:1\"/>A <mark name=\"2:6\"/>cat.</speak>", "A cat."),
            ("<speak>5 &lt; 6 &amp;lt; R&amp;D &gt;</speak>", "5 < 6 &lt; R&D >"),
        ] {
            assert_eq!(without_marks(ssml), text, "{ssml}");
        }
    }

    #[test]
    fn braille_is_read_from_the_log() {
        for (line, text) in [
            ("21:26:02.732671 - BRAILLE LINE:  'A cat's \"tail\".'", Some("A cat's \"tail\".")),
            ("21:26:02.732705 -      VISIBLE:  'A cat', cursor=0", None),
        ] {
            assert_eq!(braille_line(line).as_deref(), text, "{line}");
        }
    }
}
