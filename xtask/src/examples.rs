//! The example devices and servers, each device against each server.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shell::{Outcome, output, step};

/// An example: how what it needs is built, and how it is started.
struct Example {
    name: &'static str,
    build: fn() -> Outcome,
    start: fn() -> Command,
}

/// They take `--count N --period SECONDS HOST PORT`, and say `N stored` for each report.
const DEVICES: &[Example] = &[
    Example {
        name: "python",
        build: crate::python::build,
        start: || crate::python::example("device"),
    },
    Example {
        name: "node",
        build: crate::js::build_examples,
        start: || crate::js::example("device"),
    },
    Example {
        name: "c",
        build: crate::c_examples::build,
        start: || crate::c_examples::start("device"),
    },
];

/// They say `serving on ADDRESS`, or what the gateway says.
const SERVERS: &[Example] = &[
    Example { name: "gateway", build: crate::gateway::build, start: crate::gateway::example },
    Example {
        name: "python",
        build: crate::python::build,
        start: || server(crate::python::example("server")),
    },
    Example {
        name: "node",
        build: crate::js::build_examples,
        start: || server(crate::js::example("server")),
    },
    Example {
        name: "c",
        build: crate::c_examples::build,
        start: || server(crate::c_examples::start("server")),
    },
];

/// One that takes `HOST PORT`, on a free port.
fn server(mut program: Command) -> Command {
    program.args(["127.0.0.1", "0"]);
    program
}

pub fn test() -> Outcome {
    step("example devices and servers", || {
        // Devices and servers of a language are built together.
        let mut built = Vec::new();
        for example in SERVERS.iter().chain(DEVICES) {
            if !built.contains(&example.name) {
                (example.build)()?;
                built.push(example.name);
            }
        }
        SERVERS.iter().try_for_each(|server| {
            let running = (server.start)().stdout(Stdio::piped()).spawn();
            let mut running =
                running.map_err(|error| format!("the {} server: {error}", server.name))?;
            eprintln!("the {} server:", server.name);
            let outcome = serve(&mut running)
                .map_err(|problem| format!("the {} server: {problem}", server.name));
            // It has no other end.
            _ = running.kill();
            _ = running.wait();
            outcome
        })
    })
}

/// Every device reports to this server.
fn serve(server: &mut Child) -> Outcome {
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let address = line.strip_prefix("serving on ").or(line.strip_prefix("tagotip "))?;
        Some(address.trim().to_owned())
    });
    // What it says from now on is not to fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let address = address.ok_or("did not start")?;
    let (host, port) = address.rsplit_once(':').ok_or("no port")?;
    for device in DEVICES {
        let mut reports = (device.start)();
        reports.args(["--count", "3", "--period", "0.05", host, port]);
        let said = output(&mut reports).ok_or(format!("the {} device failed", device.name))?;
        let stored = said.lines().filter(|line| line.ends_with(": 2 stored")).count();
        if stored != 3 {
            return Err(format!("the {} device said\n{said}", device.name));
        }
        eprintln!("  the {} device: 3 reports stored", device.name);
    }
    Ok(())
}
