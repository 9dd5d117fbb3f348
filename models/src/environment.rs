//! What the libraries that run a model read in the environment when a program starts, and a program that starts itself again
//! where it lacks that: what is set later comes too late for some, and no safe code can set it.

use std::{env, os::unix::process::CommandExt as _, process::Command};

/// Keeps Microsoft's library of ONNX Runtime from collecting anything. The builds for Linux that its makers publish (PyPI's 1.31,
/// for one) else give the computer a number in the person's folder of caches and tell a server about the process, before a
/// program can forbid it by a call. The second name is that of versions in between.
pub const WITHOUT_TELEMETRY: [(&str, &str); 2] =
    [("ORT_DISABLE_TELEMETRY", "1"), ("ORT_TELEMETRY_DISABLED", "1")];

/// Whether this process was started with [`WITHOUT_TELEMETRY`]. No library of ONNX Runtime is loaded where it was not.
#[must_use]
pub fn is_without_telemetry() -> bool {
    lacking(&WITHOUT_TELEMETRY, &|name| env::var(name).ok()).is_empty()
}

/// Starts this program again, in its own place, with its own arguments and these variables besides. Returns when it cannot be
/// done.
///
/// Call it before anything else is done, and only where something is lacking: it would go on for ever.
pub fn start_again_with<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    // By its own path, from which the system takes the name that it lists the process by.
    let Ok(program) = env::current_exe() else { return };
    let _error = Command::new(program).arg0(name).args(arguments).envs(variables).exec();
}

/// Those of some variables that have another value, or none.
fn lacking<'a>(
    due: &[(&'a str, &'a str)],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<(&'a str, &'a str)> {
    due.iter().copied().filter(|(name, value)| variable(name).as_deref() != Some(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_another_value_is_lacking() {
        let [first, second] = WITHOUT_TELEMETRY;
        for (set, due) in [
            (&[][..], &[first, second][..]),
            (&[(first.0, "0")], &[first, second]),
            (&[first], &[second]),
            (&[first, second], &[]),
        ] {
            let variable = |name: &str| {
                set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(lacking(&WITHOUT_TELEMETRY, &variable), due, "{set:?}");
        }
    }
}
