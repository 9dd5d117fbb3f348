//! The service: reads its settings, and serves until the bus or a signal ends it.

fn main() -> anyhow::Result<()> {
    Ok(descry_daemon::program::service()?)
}
