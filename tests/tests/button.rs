//! A button on a real kernel, in a guest: every kind of press, unplugging, and what is in the way.

use anyhow::Result;
use descry_tests::{binaries, guest::Guest};

/// What is told of presses, whether or not the button is kept from others.
const PRESSES: [&str; 6] = [
    "no button: fault: no device has the button KEY_CAMERA; connect it, or choose another in descry.toml as button.key",
    "short: describe_camera",
    "double: repeat",
    "long: narration",
    "short again: describe_camera",
    "end",
];

#[test]
fn a_button_is_heard_and_what_is_in_the_way_is_told() -> Result<()> {
    let mut guest = Guest::new()?;
    guest.module("evdev", "")?.module("uinput", "")?;
    guest.program(&binaries::guest_button()?, "/bin/guest-button")?;
    let printed =
        guest.run("guest-button press; guest-button press grab; guest-button hold; guest-button permit")?;
    // The crate evdev says so itself when a device that was kept from others is unplugged.
    let is_ours = |line: &&str| !line.is_empty() && !line.starts_with("Failed to ungrab device");
    let lines: Vec<&str> = printed.lines().map(str::trim).filter(is_ours).collect();
    let mut expected = [PRESSES, PRESSES].concat();
    expected.extend([
        "taken: fault: another program keeps gpio-keys for itself, so the button KEY_CAMERA cannot be used alone; end that \
         program, or set button.grab to false in descry.toml",
        "forbidden: fault: the button KEY_CAMERA of gpio-keys may not be read; install the udev rule \
         70-descry-button.rules, or add yourself to the group input and log in again",
        "permitted",
        "short: describe_camera",
    ]);
    assert_eq!(lines, expected, "{printed}");
    Ok(())
}
