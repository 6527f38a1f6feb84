//! A local endpoint for devices, with a page that shows what they say. See README.md.

mod clock;
mod config;
mod connection;
mod db;
mod devices;
mod forward;
mod gateway;
mod http;
mod limits;
mod listen;
mod live;
mod platforms;
mod store;
mod tagotip;

use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{Config, DEFAULT, Handler};
use crate::gateway::Gateway;

const HELP: &str = "\
Usage: tipwire-gateway [gateway.toml]

Without a file, the settings are these:

";

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    let config = match argument.as_deref() {
        Some("--help" | "-h") => {
            print!("{HELP}{DEFAULT}");
            return ExitCode::SUCCESS;
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| Config::read(&text))
            .map_err(|problem| format!("{path}: {problem}")),
        None => Config::read(DEFAULT),
    };
    match config.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("gateway: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(config: Config) -> Result<(), String> {
    let gateway = Gateway::open(config).await?;
    for row in &gateway.config.listen {
        let address = listen::listen(&gateway, row)?;
        let scheme = if row.handler == Handler::Page { "http://" } else { "" };
        println!("{:<20} {scheme}{address}", row.name());
    }
    if let Some(forward) = &gateway.config.forward {
        tokio::spawn(forward::run(Arc::clone(&gateway), forward.clone()));
        println!("{:<20} {} ({:?})", "forwarding to", forward.broker, forward.shape);
    }
    println!("ready");
    // What is acknowledged is on disk: there is nothing to be done at the end.
    _ = tokio::signal::ctrl_c().await;
    Ok(())
}
