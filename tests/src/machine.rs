//! A whole machine that boots: Debian with systemd, a kernel, and Descry's package for one person, in QEMU, with a camera,
//! a button, a battery and a loudspeaker that is recorded. `./run test-boot` makes its disk.
//!
//! Nobody sits at it. A program on it, the witness, answers what is asked of it as root over a line of its own; it is no
//! login. The machine's processor has a steady pace of its own ([`PACE`]): on a busy computer its seconds take longer, and
//! its sound stays whole.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    process::{Process, show_log},
    recording::{Recording, SAMPLE_RATE},
    surroundings::Surroundings,
    waiting::{wait_for, wait_for_long},
};

/// The variable that names the folder with `disk`, `vmlinuz`, `initrd` and `battery.aml`.
pub const FOLDER: &str = "DESCRY_BOOT_MACHINE";

/// How long the machine may take for anything: it is emulated, and its person waits.
pub const PATIENCE: Duration = Duration::from_mins(20);

/// An instruction of the machine takes a nanosecond of its time: it is a slow board's.
const PACE: &str = "shift=0";

/// How long a machine that is given up may take to say what happened on it.
const LAST_WORDS: Duration = Duration::from_mins(2);

/// What the witness says when it listens, and when a line was run.
const READY: &str = "WITNESS-READY";
const DONE: &str = "WITNESS-DONE ";

/// How much a WAV file says before its samples.
const WAV_HEADER: usize = 44;

/// How long it has to be silent after a sentence, in samples: two seconds.
const SILENCE: usize = 2 * SAMPLE_RATE;

/// A machine that is switched on. Dropping it cuts its power.
#[derive(Debug)]
pub struct Machine {
    qemu: Process,
    surroundings: Surroundings,
    witness: Option<BufReader<UnixStream>>,
}

impl Machine {
    /// Switches the machine on, its disk as it was made.
    pub fn switch_on() -> Result<Self> {
        let folder =
            env::var_os(FOLDER).with_context(|| format!("{FOLDER} is not set; use ./run test-boot"))?;
        let folder = PathBuf::from(folder);
        let surroundings = Surroundings::new()?;
        let path = |name: &str| surroundings.path(name).display().to_string();
        let mut command = surroundings.command("qemu-system-x86_64");
        // What the machine writes to its disk lies beside this, and goes with it.
        command.env("TMPDIR", surroundings.path(""));
        command.args(["-accel", "tcg,thread=single", "-icount", PACE, "-cpu", "max", "-m", "1024"]);
        command.args(["-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"]);
        command.args(["-serial", "stdio", "-append", "root=/dev/vda rw console=ttyS0 no_timer_check"]);
        command.arg("-kernel").arg(folder.join("vmlinuz")).arg("-initrd").arg(folder.join("initrd"));
        command.arg("-drive");
        command.arg(format!("file={}/disk,format=raw,if=virtio,snapshot=on", folder.display()));
        command.arg("-acpitable").arg(format!("file={}/battery.aml", folder.display()));
        // QEMU looks after the sound fifty times in a second of the machine: each time costs more on a busy computer. Two
        // channels, since one would be the sum of both, of which the peaks are cut off.
        let sound = "out.frequency=16000,out.channels=2,out.format=s16,timer-period=20000";
        command.arg("-audiodev").arg(format!("wav,id=sound,path={},{sound}", path("sound.wav")));
        command.args(["-device", "AC97,audiodev=sound"]);
        command.arg("-chardev");
        command.arg(format!("socket,id=witness,path={},server=on,wait=off", path("witness")));
        command.args(["-device", "virtio-serial", "-device", "virtserialport,chardev=witness,name=witness"]);
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", path("monitor")));
        let qemu = Process::start("the machine", command, surroundings.path("console"))?;
        let mut machine = Self { qemu, surroundings, witness: None };
        let socket = machine.surroundings.path("witness");
        let connection = wait_for("QEMU to listen", || {
            ensure!(machine.qemu.status()?.is_none(), "QEMU ended: {}", machine.qemu.log());
            Ok(UnixStream::connect(&socket).ok())
        })?;
        connection.set_read_timeout(Some(PATIENCE))?;
        machine.witness = Some(BufReader::new(connection));
        let begin = machine.line().context("the machine did not come up")?;
        ensure!(begin == READY, "the witness began with {begin:?}");
        Ok(machine)
    }

    /// Has the witness run a line of shell as root, and returns what it printed; fails where it fails.
    pub fn ask(&mut self, line: &str) -> Result<String> {
        let (printed, status) = self.attempt(line)?;
        ensure!(status == "0", "{line:?} ended with {status} and printed:\n{printed}");
        Ok(printed)
    }

    /// The same, whatever comes of it: what it printed, and its status.
    pub fn attempt(&mut self, line: &str) -> Result<(String, String)> {
        ensure!(!line.contains('\n'), "the witness takes one line");
        let witness = self.witness.as_mut().context("the witness is there")?;
        writeln!(witness.get_mut(), "{line}")?;
        let mut printed = Vec::new();
        loop {
            let line = self.line()?;
            if let Some(status) = line.strip_prefix(DONE) {
                // The line before is the end of what was printed.
                return Ok((printed.join("\n").trim_end().to_owned(), status.to_owned()));
            }
            printed.push(line);
        }
    }

    /// The same as a person's own shell has it: in their runtime folder and on their bus.
    pub fn ask_as(&mut self, person: &str, line: &str) -> Result<String> {
        let quoted = line.replace('\'', r"'\''");
        self.ask(&format!(
            "u=$(id -u {person}); cd /; setpriv --reuid={person} --regid={person} --init-groups env -i \
             PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/home/{person} XDG_RUNTIME_DIR=/run/user/$u \
             DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$u/bus sh -c '{quoted}'"
        ))
    }

    /// Asks until the printed answer is one that is waited for.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        mut question: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        wait_for_long(what, PATIENCE, || {
            let answer = question(self)?;
            if answer.is_none() {
                // Each question takes of the machine's own time.
                sleep(Duration::from_secs(2));
            }
            Ok(answer)
        })
    }

    /// Presses a key of the machine, by QEMU's name for it, and lets it go.
    pub fn press(&self, key: &str) -> Result<()> {
        let event = |down: bool| json!({"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}});
        self.monitor("input-send-event", &json!({"events": [event(true), event(false)]}))
    }

    /// Presses the power button, and waits until the machine has switched itself off.
    pub fn power_off(mut self) -> Result<()> {
        self.monitor("system_powerdown", &json!({}))?;
        let status = wait_for_long("the machine to be switched off", PATIENCE, || self.qemu.status())?;
        ensure!(status.success(), "QEMU ended with {status}");
        Ok(())
    }

    /// How much was recorded, in samples.
    pub fn recorded(&self) -> Result<usize> {
        Ok(self.samples()?.len())
    }

    /// What the loudspeaker said after so many samples, once it has said something and is silent again. The sound server
    /// gives silence for some seconds more before it rests.
    pub fn said_since(&self, begin: usize) -> Result<Recording> {
        wait_for_long("the loudspeaker to say something", PATIENCE, || {
            let samples = self.samples()?;
            let recording = Recording::new(samples.get(begin..).unwrap_or_default().to_vec());
            let silent = recording.silent_since().as_secs_f64() * SAMPLE_RATE as f64;
            let has_ended = !recording.sounding().is_zero() && silent >= SILENCE as f64;
            if !has_ended {
                sleep(Duration::from_secs(1));
            }
            Ok(has_ended.then_some(recording))
        })
    }

    /// What is kept of the sound so far. QEMU writes the file's length at its end only.
    fn samples(&self) -> Result<Vec<i16>> {
        let bytes = fs::read(self.surroundings.path("sound.wav")).context("the recording")?;
        let samples = bytes.get(WAV_HEADER..).unwrap_or_default();
        // The left one.
        Ok(samples.chunks_exact(4).map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect())
    }

    /// Tells QEMU's monitor to do something. Each time is a conversation of its own.
    fn monitor(&self, command: &str, arguments: &Value) -> Result<()> {
        let mut monitor = BufReader::new(UnixStream::connect(self.surroundings.path("monitor"))?);
        let mut line = String::new();
        monitor.read_line(&mut line).context("QEMU's greeting")?;
        for (command, arguments) in [("qmp_capabilities", &json!({})), (command, arguments)] {
            writeln!(monitor.get_mut(), "{}", json!({"execute": command, "arguments": arguments}))?;
            loop {
                line.clear();
                ensure!(monitor.read_line(&mut line)? > 0, "QEMU's monitor ended at {command}");
                let answer: Value = serde_json::from_str(&line)?;
                if answer.get("return").is_some() {
                    break;
                }
                ensure!(answer.get("event").is_some(), "QEMU refused {command}: {line}");
            }
        }
        Ok(())
    }

    /// The next line of the witness.
    fn line(&mut self) -> Result<String> {
        let witness = self.witness.as_mut().context("the witness is there")?;
        let mut bytes = Vec::new();
        witness.read_until(b'\n', &mut bytes).context("the witness says nothing")?;
        if bytes.is_empty() {
            bail!("the witness is gone");
        }
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl Drop for Machine {
    /// A test that fails shows what the machine has to say, and what QEMU wrote.
    fn drop(&mut self) {
        // Once it has been switched off nobody answers.
        if let Some(witness) = &self.witness
            && witness.get_ref().set_read_timeout(Some(LAST_WORDS)).is_ok()
            && let Ok((printed, _)) = self.attempt("journalctl --no-pager --lines=150")
        {
            println!("{printed}");
        }
        show_log("the console", &self.surroundings.path("console"));
    }
}
