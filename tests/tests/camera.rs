//! Cameras on a real kernel: QEMU with Debian's kernel, its virtual driver `vivid`, and v4l2loopback.

use anyhow::{Result, ensure};
use descry_tests::guest::Guest;

#[test]
fn a_guest_has_cameras_of_its_own() -> Result<()> {
    let mut guest = Guest::new()?;
    guest.module("vivid", "n_devs=1 node_types=0x1")?;
    let console = guest.run("ls /dev/video*; cat /sys/class/video4linux/video0/name; uname -r")?;
    ensure!(console.lines().any(|line| line == "/dev/video0"), "{console}");
    ensure!(console.contains("vivid-000-vid-cap"), "{console}");
    Ok(())
}
