//! Whether a caller is the command `descry`, the person's own hand, which may see what all callers were told.
//!
//! It is when the process at the other end runs the very file `descry` that lies beside this program's own. That keeps
//! apart honest programs, and those that are confined to a sandbox, whose connection is a proxy's and who cannot run
//! `descry`. It is no wall against a program that runs freely as the same person: that one can run `descry history`
//! itself, and read this process's memory as well.
//!
//! systemd runs the service in a user namespace of its own, from which the kernel does not say what file a process outside
//! runs. There the name counts that the process goes by. What is confined and reaches the bus by a proxy has the proxy's
//! name; and who reaches a person's bus without one can have systemd start `descry`, or anything else.

use std::{env, fs, io::ErrorKind, os::unix::fs::MetadataExt, path::Path};

use zbus::{Connection, fdo::DBusProxy, message::Header};

use crate::{history::Scope, request::Caller};

/// The command's name.
const COMMAND: &str = "descry";

/// Who called. Without a bus there are no names.
pub(super) fn caller(header: &Header<'_>) -> Caller {
    header.sender().map_or(Caller::Peer, |name| Caller::Bus(name.to_string()))
}

/// Whose descriptions a caller may see.
pub(super) async fn scope(connection: &Connection, header: &Header<'_>) -> Scope {
    let own = Scope::Own(caller(header));
    let Some(sender) = header.sender() else { return own };
    let process = async {
        let bus = DBusProxy::new(connection).await.ok()?;
        bus.get_connection_credentials(sender.clone().into()).await.ok()?.process_id()
    };
    match process.await {
        Some(id) if runs_the_command(Path::new(&format!("/proc/{id}"))) => Scope::All,
        _ => own,
    }
}

/// Whether a process, by its folder in `/proc`, runs the command.
fn runs_the_command(process: &Path) -> bool {
    let program = process.join("exe");
    if fs::read_link(&program).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        return fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim_end() == COMMAND);
    }
    let command = env::current_exe().ok().and_then(|own| Some(own.parent()?.join(COMMAND)));
    command.is_some_and(|command| is_same_file(&program, &command))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    identity(one).is_some_and(|found| Some(found) == identity(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_it_is_and_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("descry"), "").unwrap();
        fs::create_dir(path("other")).unwrap();
        fs::write(path("other/descry"), "").unwrap();
        std::os::unix::fs::symlink(path("descry"), path("link")).unwrap();
        assert!(is_same_file(&path("link"), &path("descry")));
        assert!(!is_same_file(&path("other/descry"), &path("descry")));
        assert!(!is_same_file(&path("none"), &path("none")));
        // This test is not the command.
        assert!(!runs_the_command(Path::new("/proc/self")));
        // Whose file may be seen and is another is not the command, whatever its name is.
        std::os::unix::fs::symlink(path("other/descry"), path("exe")).unwrap();
        fs::write(path("comm"), "descry\n").unwrap();
        assert!(!runs_the_command(folder.path()));
    }
}
