//! A whole computer for tests that need devices: QEMU with Debian's kernel, the modules that are asked for, the programs
//! under test, and a script.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let mut guest = descry_tests::guest::Guest::new()?;
//! guest.module("uinput", "")?.module("evdev", "")?;
//! guest.program(&descry_tests::binaries::descry()?, "/bin/descry")?;
//! guest.file("/etc/descry/descry.toml", b"speech = \"none\"\n")?;
//! let console = guest.run("descry check --json; echo \"descry ended with $?\"")?;
//! assert!(console.contains("descry ended with 0"));
//! # Ok(())
//! # }
//! ```
//!
//! The script is run by busybox's `sh` as root, with `/proc`, `/sys`, `/dev`, `/tmp` and busybox's commands; when it ends,
//! the computer is switched off. All of it is emulated, so a program takes some twenty times as long as usual. The kernel
//! and its modules lie where `DESCRY_GUEST_KERNEL` says: `./run test` puts them there.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{process::Process, surroundings::Surroundings, waiting::wait_for_long};

/// What the script's beginning and end are told by: the firmware and the kernel print too.
const BEGIN: &str = "GUEST-SCRIPT-BEGINS";
const END: &str = "GUEST-SCRIPT-ENDED";

/// How long a guest may run.
const PATIENCE: Duration = Duration::from_mins(8);

/// Guests run one after the other: side by side on two processors each takes longer than its programs wait.
static ONE: Mutex<()> = Mutex::new(());

/// Where busybox-static puts itself.
const BUSYBOX: &str = "/bin/busybox";

/// A computer that is being furnished.
#[derive(Debug)]
pub struct Guest {
    kernel: PathBuf,
    folder: TempDir,
    archive: Archive,
    /// `insmod` lines, in order.
    modules: Vec<String>,
    placed: BTreeSet<String>,
}

impl Guest {
    /// A computer with busybox and nothing else.
    pub fn new() -> Result<Self> {
        let kernel =
            env::var_os("DESCRY_GUEST_KERNEL").context("DESCRY_GUEST_KERNEL is not set; use ./run test")?;
        let mut guest = Self {
            kernel: kernel.into(),
            folder: TempDir::new()?,
            archive: Archive::default(),
            modules: Vec::new(),
            placed: BTreeSet::new(),
        };
        for folder in ["proc", "sys", "dev", "tmp", "run", "root"] {
            guest.folder_of(&format!("/{folder}/x"));
        }
        let busybox = fs::read(BUSYBOX).context("the package busybox-static is not installed")?;
        guest.place("/bin/busybox", 0o755, &busybox);
        guest.archive.link("bin/sh", "busybox");
        Ok(guest)
    }

    /// Loads a module with its parameters, and first all that it depends on.
    pub fn module(&mut self, name: &str, parameters: &str) -> Result<&mut Self> {
        let path = find(&self.kernel.join("modules"), name)?
            .with_context(|| format!("there is no module {name}"))?;
        let target = format!("/modules/{name}.ko");
        if self.placed.contains(&target) {
            return Ok(self);
        }
        let bytes = uncompressed(&path)?;
        for dependency in depends(&bytes) {
            self.module(&dependency, "")?;
        }
        self.place(&target, 0o644, &bytes);
        self.modules
            .push(format!("insmod {target} {parameters} || echo \"the module {name} cannot be loaded\""));
        Ok(self)
    }

    /// Puts a module there without loading it; the script does that, with `insmod /modules/NAME.ko`.
    pub fn module_for_later(&mut self, name: &str) -> Result<&mut Self> {
        self.module(name, "")?;
        self.modules.pop();
        Ok(self)
    }

    /// Puts a program there, without its debugging information, and the libraries that it needs.
    pub fn program(&mut self, program: &Path, target: &str) -> Result<&mut Self> {
        let stripped = self.folder.path().join("stripped");
        let status = Command::new("strip").arg("-o").arg(&stripped).arg(program).status().context("strip")?;
        ensure!(status.success(), "{} cannot be stripped", program.display());
        self.place(target, 0o755, &fs::read(&stripped)?);
        let libraries = Command::new("ldd").arg(program).output().context("ldd")?;
        let libraries = String::from_utf8(libraries.stdout)?;
        for path in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
            let path = path.trim_end_matches(':');
            self.file(path, &fs::read(path).with_context(|| path.to_owned())?)?;
        }
        Ok(self)
    }

    /// Puts a file there, with its folders. Programs among them may be run.
    pub fn file(&mut self, target: &str, contents: &[u8]) -> Result<&mut Self> {
        ensure!(target.starts_with('/'), "{target} is no absolute path");
        self.place(target, 0o755, contents);
        Ok(self)
    }

    /// Puts a folder's files there, not those of folders in it.
    pub fn folder(&mut self, folder: &Path, target: &str) -> Result<&mut Self> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let name = entry.file_name();
                self.file(&format!("{target}/{}", name.to_string_lossy()), &fs::read(entry.path())?)?;
            }
        }
        Ok(self)
    }

    /// Switches the computer on, runs the script, and yields all that it and its programs printed.
    pub fn run(mut self, script: &str) -> Result<String> {
        let init = format!(
            "#!/bin/sh\n/bin/busybox --install -s /bin\nexport PATH=/bin HOME=/root LANG=C.UTF-8\n\
             mount -t proc proc /proc\nmount -t sysfs sys /sys\nmount -t devtmpfs dev /dev\nmount -t tmpfs tmp /tmp\n\
             mount -t tmpfs run /run\nexport XDG_RUNTIME_DIR=/run/user\nmkdir -p -m 700 /run/user\nifconfig lo up\n\
             {}\necho\necho {BEGIN}\n{{\n{script}\n}} 2>&1\necho {END}\nsync\npoweroff -f\n",
            self.modules.join("\n")
        );
        self.place("/init", 0o755, init.as_bytes());
        let initial = self.folder.path().join("initial.cpio");
        fs::write(&initial, self.archive.finish())?;
        let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let surroundings = Surroundings::new()?;
        let mut command = surroundings.command("qemu-system-x86_64");
        command.args([
            "-accel",
            "tcg",
            "-cpu",
            "max",
            "-m",
            "1024",
            "-nographic",
            "-no-reboot",
            "-nodefaults",
        ]);
        command.args([
            "-nic",
            "none",
            "-serial",
            "stdio",
            "-append",
            "console=ttyS0 quiet panic=-1 loglevel=3 no_timer_check",
        ]);
        command.arg("-kernel").arg(self.kernel.join("vmlinuz")).arg("-initrd").arg(&initial);
        let mut machine = Process::start("the guest", command, surroundings.path("console"))?;
        let ended = wait_for_long("the guest to be switched off", PATIENCE, || machine.status());
        let console = machine.log().replace('\r', "");
        let is_off = ended.map(|status| status.success());
        let printed = console.split_once(&format!("{BEGIN}\n")).and_then(|(_, rest)| rest.rsplit_once(END));
        match printed {
            Some((printed, _)) => Ok(printed.to_owned()),
            None => bail!("the guest did not run its script to the end ({is_off:?}); it printed:\n{console}"),
        }
    }

    fn place(&mut self, target: &str, mode: u32, contents: &[u8]) {
        if self.placed.insert(target.to_owned()) {
            self.folder_of(target);
            self.archive.file(target.trim_start_matches('/'), mode, contents);
        }
    }

    /// Makes the folders that hold a path.
    fn folder_of(&mut self, target: &str) {
        let mut path = String::new();
        let names: Vec<&str> = target.trim_start_matches('/').split('/').collect();
        for name in &names[..names.len() - 1] {
            path = format!("{path}/{name}");
            if self.placed.insert(path.clone()) {
                self.archive.entry(path.trim_start_matches('/'), 0o040_755, b"");
            }
        }
    }
}

/// A few letters that tell whether two pictures are the same, for a line of a guest's console.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!("{:016x}", digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
}

/// The file of a module, in a folder or those in it. In names `-` and `_` are one.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    let plain = |name: &str| name.replace('-', "_");
    for entry in fs::read_dir(folder).with_context(|| format!("no modules in {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name)? {
                return Ok(Some(found));
            }
        } else if let Some((stem, "ko" | "ko.xz" | "ko.zst")) =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'))
            && plain(stem) == plain(name)
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// A module's bytes; newer distributions compress them.
fn uncompressed(path: &Path) -> Result<Vec<u8>> {
    let program = match path.extension().and_then(|ending| ending.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        _ => return Ok(fs::read(path)?),
    };
    let output = Command::new(program).args(["-d", "-c"]).arg(path).output().context(program)?;
    ensure!(output.status.success(), "{} cannot be unpacked", path.display());
    Ok(output.stdout)
}

/// What a module says that it depends on.
fn depends(module: &[u8]) -> Vec<String> {
    let key = b"\0depends=";
    let Some(start) = module.windows(key.len()).position(|bytes| bytes == key) else { return Vec::new() };
    let names = module[start + key.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
    let names = String::from_utf8_lossy(names);
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The first file system of a kernel: an archive in cpio's format "newc".
#[derive(Debug, Default)]
struct Archive {
    bytes: Vec<u8>,
    count: u32,
}

impl Archive {
    fn file(&mut self, path: &str, mode: u32, contents: &[u8]) {
        self.entry(path, 0o100_000 | mode, contents);
    }

    fn link(&mut self, path: &str, target: &str) {
        self.entry(path, 0o120_777, target.as_bytes());
    }

    fn entry(&mut self, path: &str, mode: u32, contents: &[u8]) {
        self.count += 1;
        let length = contents.len() as u32;
        // Number, mode, owner, group, links, time, length, four device numbers, length of the name with its zero, check.
        let fields = [self.count, mode, 0, 0, 1, 0, length, 0, 0, 0, 0, path.len() as u32 + 1, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(contents);
        self.pad();
    }

    fn pad(&mut self) {
        let padded = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(padded, 0);
    }

    fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, b"");
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_cpios_form() {
        let mut archive = Archive::default();
        archive.file("a/b", 0o644, b"hello");
        let bytes = archive.finish();
        assert!(bytes.starts_with(b"07070100000001000081a40000000000000000000000010000000000000005"));
        assert_eq!(&bytes[110..124], b"a/b\0\0\0hello\0\0\0");
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn a_module_names_what_it_depends_on() {
        assert_eq!(depends(b"\x7fELF..\0license=GPL\0depends=videodev,mc\0name=x\0"), ["videodev", "mc"]);
        assert_eq!(depends(b"..\0depends=\0name=x\0"), Vec::<String>::new());
    }
}
