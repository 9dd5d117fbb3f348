//! The service: reads its settings, and serves until the bus or a signal ends it.

use std::io::stderr;

use clap::Parser;
use descry_daemon::{config::Layer, memory, service};
use tracing_subscriber::EnvFilter;

/// Describes pictures for other programs, on the session bus.
#[derive(Parser)]
#[command(name = "descryd", version)]
struct Arguments {
    #[command(flatten)]
    settings: Layer,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    memory::give_back_at_once();
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,ort=warn,tract=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(service::run(arguments.settings));
    // A file that does not let itself be read must not hold the service.
    runtime.shutdown_background();
    Ok(result?)
}
