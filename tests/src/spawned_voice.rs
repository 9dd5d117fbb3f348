//! A speech-dispatcher that nobody started: the first who speaks starts it, and again when it was killed, as on a desktop.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    process::show_log,
    sound_room::{self, Message, SoundRoom},
    waiting::wait_until,
};

/// What is known of it: where it writes, and its process's number while it runs. Dropping this kills it.
#[derive(Debug)]
pub struct SpawnedVoice {
    log: PathBuf,
    number: PathBuf,
}

impl SpawnedVoice {
    /// Has it heard in the room, in place of the voice there, by programs that are started from now on.
    pub fn prepare(room: &mut SoundRoom) -> Result<Self> {
        let surroundings = room.surroundings_mut();
        // Whoever names no address has speech-dispatcher started, with the configuration in their home.
        surroundings.unset("SPEECHD_ADDRESS");
        let folder = surroundings.path("spawned");
        fs::create_dir(&folder)?;
        let home = "home/.config/speech-dispatcher";
        // It would end when nobody has been connected for a few seconds.
        let more = format!("Timeout 0\nLogDir \"{}\"\n{}", folder.display(), sound_room::PATIENT_SOUND);
        sound_room::write_configuration(surroundings, home, &more)?;
        let number = surroundings.path("runtime/speech-dispatcher/pid/speech-dispatcher.pid");
        Ok(Self { log: folder.join("speech-dispatcher.log"), number })
    }

    /// Everything that the one that runs was asked to say so far, oldest first.
    pub fn messages(&self) -> Result<Vec<Message>> {
        sound_room::messages_in(&self.log)
    }

    /// Kills it and its synthesiser at once, as a crash would, and forgets what it was asked to say.
    pub fn kill(&self) -> Result<()> {
        let number = self.process()?.context("speech-dispatcher was not started")?;
        // Its children first: without it they would end by themselves, in their own time.
        let mut all = children(number)?;
        all.push(number);
        for process in all {
            let process = Pid::from_raw(process).context("a process has a number")?;
            kill_process(process, Signal::KILL).context("cannot kill speech-dispatcher")?;
        }
        wait_until("speech-dispatcher to be gone", || Ok(self.process()?.is_none()))?;
        fs::remove_file(&self.log).context("speech-dispatcher has no log")
    }

    /// The number of its process, where it runs.
    fn process(&self) -> Result<Option<i32>> {
        let Ok(number) = fs::read_to_string(&self.number) else { return Ok(None) };
        let number = number.trim().parse().context("not the number of a process")?;
        Ok(status(number).is_some_and(|status| field(&status, "State:") != Some("Z")).then_some(number))
    }
}

impl Drop for SpawnedVoice {
    fn drop(&mut self) {
        show_log("the log of the speech-dispatcher that was spawned", &self.log);
        // It may never have been started, or have ended.
        let _ = self.kill();
    }
}

fn children(parent: i32) -> Result<Vec<i32>> {
    let parent = parent.to_string();
    let numbers = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(numbers
        .filter(|number| status(*number).is_some_and(|status| field(&status, "PPid:") == Some(&parent)))
        .collect())
}

fn status(process: i32) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/status")).ok()
}

/// The first word of a field of a process's status.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()
}
