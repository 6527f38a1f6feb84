//! A local endpoint for devices, with a page that shows what they say. See README.md.

mod clock;
mod config;
mod connection;
mod converters;
mod devices;
mod forward;
mod gateway;
mod http;
mod keys;
mod limits;
mod listen;
mod live;
mod platform;
mod shapes;
mod store;
mod tagotip;
mod thingsboard;
mod thingspanel;
mod tip;
mod udp;

use std::process::ExitCode;

use crate::config::{Config, DEFAULT};
use crate::gateway::Gateway;

const HELP: &str = "\
Usage: tipwire-gateway [gateway.toml]

Without a file, the settings are those that --settings prints.
";

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    let outcome = match argument.as_deref() {
        Some("--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some("--settings") => {
            print!("{DEFAULT}");
            return ExitCode::SUCCESS;
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| Config::read(&text))
            .map_err(|problem| format!("{path}: {problem}")),
        None => Config::read(DEFAULT),
    };
    match outcome.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("gateway: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(config: Config) -> Result<(), String> {
    let (gateway, forwarded) = Gateway::open(config).await?;
    for row in &gateway.config.listen {
        let address = listen::listen(&gateway, row)?;
        println!("{:<20} {address}", row.name());
    }
    if let Some(page) = &gateway.config.page {
        let address = http::listen(&gateway, page).await?;
        println!("{:<20} http://{address}", "page");
    }
    if let Some(forward) = &gateway.config.forward {
        tokio::spawn(forward::run(std::sync::Arc::clone(&gateway), forward.clone(), forwarded));
        println!("{:<20} {} ({:?})", "forwarding to", forward.broker, forward.shape);
    }
    println!("ready");
    // What is acknowledged is on disk: there is nothing to be done at the end.
    _ = tokio::signal::ctrl_c().await;
    Ok(())
}
