//! `run` on machines that are not here: what it would install, from a table of distributions with a pretended apt.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What `run` may use of the real machine: no compiler, no package manager.
const REAL_PROGRAMS: [&str; 13] =
    ["cat", "cp", "cut", "dirname", "env", "head", "ln", "mkdir", "rm", "sed", "sh", "sort", "tail"];

const APT_GET: &str = r#"echo "$*" >>"$STATE/apt"
echo "apt-get $*" >&2
[ "$1" = install ] || exit 0
for word; do
    if [ -d "$STATE/shelf/$word" ]; then cp "$STATE/shelf/$word"/* "$STATE/bin/"; fi
done"#;
const APT_CACHE: &str = r#"case $1 in
    policy) [ ! -e "$STATE/candidates/$2" ] || cat "$STATE/candidates/$2" ;;
    pkgnames) cat "$STATE/names" ;;
esac"#;
const DPKG_QUERY: &str = r#"for package; do :; done
[ ! -e "$STATE/installed/$package" ] || printf installed"#;
const SUDO: &str = r#"echo sudo >>"$STATE/sudo"
exec "$@""#;
const CARGO: &str = r#"mkdir -p "$CARGO_TARGET_DIR/release"
cp "$STATE/descry" "$CARGO_TARGET_DIR/release/descry""#;
const DESCRY: &str = r#"for word; do echo "[$word]"; done"#;

/// A machine before `run` and what must come of it.
#[derive(Clone)]
struct Case {
    name: &'static str,
    has_apt: bool,
    user: u32,
    has_sudo: bool,
    /// The version of a Rust that is there already.
    rust: Option<&'static str>,
    /// Commands and packages that are there already.
    present: &'static [&'static str],
    /// What apt could install, with its version.
    candidates: &'static [(&'static str, &'static str)],
    arguments: &'static [&'static str],
    /// The packages that are installed, in order; empty when apt installs nothing.
    installs: &'static str,
    succeeds: bool,
    /// What standard error must hold.
    says: &'static str,
}

const SPEECH: [&str; 3] = ["speech-dispatcher", "speech-dispatcher-espeak-ng", "pulseaudio"];
const COMPILER: [&str; 3] = ["cc", "libc6-dev", "ca-certificates"];
const COMPILER_AND_SPEECH: [&str; 6] =
    ["cc", "libc6-dev", "ca-certificates", SPEECH[0], SPEECH[1], SPEECH[2]];

/// What `test-orca` takes, but for the Debian.
const ORCAS: [&str; 14] = [
    COMPILER[0],
    COMPILER[1],
    COMPILER[2],
    SPEECH[0],
    SPEECH[1],
    SPEECH[2],
    "parec",
    "dbus-daemon",
    "Xvfb",
    "time",
    "libclang-dev",
    "libspeechd-dev",
    "mmdebstrap",
    "unshare",
];

const DEBIAN_12: Case = Case {
    name: "a bare Debian 12",
    has_apt: true,
    user: 0,
    has_sudo: false,
    rust: None,
    present: &["ca-certificates"],
    candidates: &[
        ("rustc", "1.63.0+dfsg1-2"),
        ("cargo", "0.66.0+ds1-1"),
        ("rustc-web", "1.96.0+dfsg1-1~deb12u2"),
        ("cargo-web", "1.96.0+dfsg1-1~deb12u2"),
    ],
    arguments: &["describe", "a dog.jpg"],
    installs: "gcc libc6-dev cargo-web rustc-web speech-dispatcher speech-dispatcher-espeak-ng pulseaudio",
    succeeds: true,
    says: "",
};

const READY: Case = Case {
    name: "a machine that has all",
    rust: Some("1.95.0"),
    present: &COMPILER_AND_SPEECH,
    installs: "",
    ..DEBIAN_12
};

#[expect(clippy::too_many_lines, reason = "a table of machines, read line by line")]
fn cases() -> Vec<Case> {
    vec![
        DEBIAN_12,
        READY,
        Case { name: "a newer Rust", rust: Some("1.101.0"), ..READY },
        Case { name: "a nightly", rust: Some("1.97.0-nightly"), ..READY },
        Case { name: "Debian 12 with its old Rust", rust: Some("1.63.0"), ..DEBIAN_12 },
        Case {
            name: "nothing is installed where it may not",
            arguments: &["describe", "--no-install", "dog.jpg"],
            installs: "",
            succeeds: false,
            says: "Missing: gcc libc6-dev cargo-web rustc-web.",
            ..DEBIAN_12
        },
        Case {
            name: "the option before the command",
            arguments: &["--no-install", "describe", "dog.jpg"],
            installs: "",
            succeeds: false,
            says: "as root: apt-get install gcc libc6-dev cargo-web rustc-web\n",
            ..DEBIAN_12
        },
        Case {
            name: "no speech, and none may be installed",
            present: &COMPILER,
            arguments: &["describe", "--no-install", "dog.jpg"],
            says: "speech-dispatcher speech-dispatcher-espeak-ng pulseaudio",
            ..READY
        },
        Case {
            name: "no speech wanted",
            present: &COMPILER,
            arguments: &["describe", "--no-speech", "dog.jpg"],
            ..READY
        },
        Case {
            name: "a sound server of another kind",
            present: &["cc", "libc6-dev", "ca-certificates", SPEECH[0], SPEECH[1], "pipewire-pulse"],
            ..READY
        },
        Case {
            name: "a distribution whose own Rust serves",
            present: &COMPILER_AND_SPEECH,
            candidates: &[("rustc", "1.97.1+dfsg1-1"), ("cargo", "1.97.1+dfsg1-1"), ("rustup", "1.28.2-1")],
            installs: "cargo rustc",
            ..DEBIAN_12
        },
        Case {
            name: "Ubuntu 22.04 with newer Rusts under their own names",
            present: &COMPILER_AND_SPEECH,
            candidates: &[
                ("rustc", "1.75.0+dfsg0ubuntu1~bpo0-0ubuntu0.22.04"),
                ("rustc-1.80", "1.80.1+dfsg0ubuntu1"),
                ("cargo-1.80", "1.80.1+dfsg0ubuntu1"),
                ("rustc-1.96", "1.96.0+dfsg0ubuntu1"),
                ("cargo-1.96", "1.96.0+dfsg0ubuntu1"),
            ],
            installs: "cargo-1.96 rustc-1.96",
            ..DEBIAN_12
        },
        Case {
            name: "Ubuntu 22.04 without",
            present: &COMPILER_AND_SPEECH,
            candidates: &[
                ("rustc", "1.75.0+dfsg0ubuntu1~bpo0-0ubuntu0.22.04"),
                ("rustc-1.80", "1.80.1+dfsg0ubuntu1"),
            ],
            installs: "",
            succeeds: false,
            says: "install rustup",
            ..DEBIAN_12
        },
        Case {
            name: "a distribution with rustup",
            present: &COMPILER_AND_SPEECH,
            candidates: &[("rustc", "1.75.0+dfsg0ubuntu1-0ubuntu7"), ("rustup", "1.26.0-4")],
            installs: "rustup",
            ..DEBIAN_12
        },
        Case {
            name: "nothing may be looked up",
            candidates: &[],
            arguments: &["--no-install", "describe", "dog.jpg"],
            installs: "",
            succeeds: false,
            says: "Rust 1.95 or newer. Which package has that is known after apt-get update, as root; then run this again.",
            ..DEBIAN_12
        },
        Case { name: "a person with sudo", user: 1000, has_sudo: true, ..DEBIAN_12 },
        Case {
            name: "a person without sudo",
            user: 1000,
            installs: "",
            succeeds: false,
            says: "To install it, as root: apt-get install gcc libc6-dev cargo-web rustc-web speech-dispatcher",
            ..DEBIAN_12
        },
        Case {
            name: "no apt, and all but speech",
            has_apt: false,
            present: &COMPILER,
            says: "Not installed, so the sentence is only printed",
            ..READY
        },
        Case {
            name: "no apt, and no compiler",
            has_apt: false,
            present: &[],
            says: "gcc",
            succeeds: false,
            ..READY
        },
        Case {
            name: "Orca itself, by somebody who is not root",
            user: 1000,
            arguments: &["test-orca"],
            succeeds: false,
            says: "Only root can make a Debian with Orca",
            ..READY
        },
        Case {
            name: "Orca itself, where nothing may be installed",
            arguments: &["test-orca", "--no-install"],
            succeeds: false,
            says: "Missing: pulseaudio-utils dbus-daemon xvfb time libclang-dev libspeechd-dev.",
            ..READY
        },
        Case {
            name: "Orca itself, where apt knows nothing of Debian",
            present: &ORCAS,
            arguments: &["test-orca"],
            succeeds: false,
            says: "name a mirror of Debian in DESCRY_DEBIAN_MIRROR.\nNOT TESTED: ",
            ..READY
        },
        Case {
            name: "an unknown command",
            arguments: &["discribe"],
            succeeds: false,
            says: "There is no command \"discribe\".",
            ..READY
        },
    ]
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn script(path: &Path, body: &str) -> Result<()> {
    fs::write(path, format!("#!/bin/sh\n{body}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn rust(folder: &Path, suffix: &str, version: &str) -> Result<()> {
    script(&folder.join(format!("rustc{suffix}")), &format!("echo 'rustc {version} (pretended)'"))?;
    script(&folder.join(format!("cargo{suffix}")), CARGO)
}

/// Lays the machine out in `state` and runs `run` on it.
fn run(case: &Case, state: &Path) -> Result<Output> {
    for folder in ["bin", "real", "candidates", "installed", "home", "repository"] {
        fs::create_dir(state.join(folder))?;
    }
    for program in REAL_PROGRAMS {
        let found =
            ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(program)).find(|p| p.exists());
        symlink(found.with_context(|| format!("no {program}"))?, state.join("real").join(program))?;
    }
    let bin = state.join("bin");
    if case.has_apt {
        script(&bin.join("apt-get"), APT_GET)?;
        script(&bin.join("apt-cache"), APT_CACHE)?;
        script(&bin.join("dpkg-query"), DPKG_QUERY)?;
    }
    if case.has_sudo {
        script(&bin.join("sudo"), SUDO)?;
    }
    script(&bin.join("id"), &format!("echo {}", case.user))?;
    script(&state.join("descry"), DESCRY)?;
    for name in case.present {
        script(&bin.join(name), "")?;
        fs::write(state.join("installed").join(name), "")?;
    }
    if let Some(version) = case.rust {
        rust(&bin, "", version)?;
    }
    let mut names = String::new();
    for (package, version) in case.candidates {
        let policy = format!("{package}:\n  Installed: (none)\n  Candidate: {version}\n");
        fs::write(state.join("candidates").join(package), policy)?;
        names.push_str(package);
        names.push('\n');
        let bare = version.split('+').next().unwrap_or(version);
        // Each compiler's package brings its cargo too: what counts is that both are there afterwards.
        let (suffix, brings) = match package.strip_prefix("rustc") {
            Some("" | "-web") => ("", bare),
            Some(suffix) => (suffix, bare),
            None if *package == "rustup" => ("", "1.95.0"),
            None => continue,
        };
        let shelf = state.join("shelf").join(package);
        fs::create_dir_all(&shelf)?;
        rust(&shelf, suffix, brings)?;
    }
    fs::write(state.join("names"), names)?;
    // A copy, so that what it links lies in the pretended machine.
    fs::copy(repository().join("run"), state.join("repository/run"))?;
    fs::copy(repository().join("Cargo.toml"), state.join("repository/Cargo.toml"))?;
    Command::new("/bin/sh")
        .arg(state.join("repository/run"))
        .args(case.arguments)
        .env_clear()
        .env("PATH", format!("{}:{}", bin.display(), state.join("real").display()))
        .env("HOME", state.join("home"))
        .env("STATE", state)
        .env("CARGO_TARGET_DIR", state.join("target"))
        .stdin(Stdio::null())
        .output()
        .context("starting run")
}

/// The packages that apt was told to install.
fn installed(state: &Path) -> String {
    let log = fs::read_to_string(state.join("apt")).unwrap_or_default();
    let install = log.lines().find_map(|line| line.strip_prefix("install ")).unwrap_or_default();
    let words = install.split(' ').filter(|word| !word.starts_with('-') && !word.contains("::"));
    // Whether the real machine has certificates is its own matter.
    words.filter(|word| *word != "ca-certificates").collect::<Vec<_>>().join(" ")
}

#[test]
fn names_and_installs_what_each_machine_lacks() {
    for case in cases() {
        let state = TempDir::new().unwrap();
        let output = run(&case, state.path()).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).replace(" ca-certificates", "");
        let printed = String::from_utf8_lossy(&output.stdout);
        let context = format!("{}: printed {printed}\nsaid {said}", case.name);
        assert_eq!(output.status.success(), case.succeeds, "{context}");
        assert_eq!(installed(state.path()), case.installs, "{context}");
        assert!(said.contains(case.says), "{context}");
        if !case.installs.is_empty() {
            let named = said.find(&format!("Installing: {}\n", case.installs)).expect(&context);
            assert!(named < said.find("apt-get install").expect(&context), "{context}");
        }
        if case.succeeds {
            let pictures = &case.arguments[case.arguments.len() - 1];
            assert!(printed.starts_with("[describe]\n"), "{context}");
            assert!(printed.ends_with(&format!("[{pictures}]\n")), "{context}");
        } else {
            assert_eq!(printed, "", "{context}");
        }
        assert_eq!(state.path().join("sudo").exists(), case.has_sudo, "{context}");
    }
}

#[test]
fn takes_a_picture_that_is_shipped_when_none_is_named() {
    let table: [(&[&str], bool); 13] = [
        (&["describe"], true),
        (&["describe", "--json"], true),
        (&["describe", "--engine", "tract"], true),
        (&["describe", "--beam-width", "5", "--no-speech"], true),
        (&["describe", "--engine", "tract", "dog.jpg"], false),
        (&["describe", "-"], false),
        (&["describe", "--json", "--window"], false),
        (&["describe", "--region", "0,0,9x9"], false),
        (&["describe", "--camera"], false),
        (&["describe", "--no-speech", "--camera=Front"], false),
        (&["describe", "--detail", "full"], true),
        (&["describe", "--", "-dog.jpg"], false),
        (&["describe", "a.jpg", "--json"], false),
    ];
    for (arguments, shipped) in table {
        let state = TempDir::new().unwrap();
        let output = run(&Case { arguments, ..READY }, state.path()).unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let picture = printed.lines().last().unwrap().trim_matches(['[', ']']);
        let inside = picture.rsplit_once("/tests/pictures/").map(|(_, name)| name);
        assert_eq!(inside.is_some(), shipped, "{arguments:?}: {printed}");
        if let Some(name) = inside {
            assert!(repository().join("tests/pictures").join(name).is_file(), "{name} is shipped");
        }
    }
}
