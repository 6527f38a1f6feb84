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
An endpoint for TagoTiP, ThingsPanel and ThingsBoard devices on this machine,
with a page that shows what they say.

Usage: tipwire-gateway [SETTINGS]

SETTINGS is a file like the following, which holds where there is none:

";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["--help" | "-h"] => {
            print!("{HELP}{DEFAULT}");
            Ok(())
        }
        [] => Config::read(DEFAULT).and_then(run),
        [path] if !path.starts_with('-') => Config::open(path).and_then(run),
        _ => Err("it takes one file of settings, or none; --help shows what is in it".into()),
    };
    match outcome {
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
