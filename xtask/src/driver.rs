//! Each language's black box (`docs/spec/driver.md`).

use std::process::Command;

use crate::shell::{Outcome, cargo, command, root, run as run_to_end};
use crate::{c, python};

/// A language, and how its driver is built and started.
pub struct Driver {
    pub language: &'static str,
    /// The requests that it knows.
    pub answers: &'static [&'static str],
    pub build: fn() -> Outcome,
    pub start: fn() -> Command,
}

/// Every request there is.
pub const ALL: &[&str] = &[
    "uplink",
    "ack",
    "inner",
    "open",
    "seal",
    "derive",
    "points",
    "split",
    "packet",
    "thingsboard",
];

pub const DRIVERS: &[Driver] = &[
    Driver {
        language: "rust",
        answers: ALL,
        build: || {
            let mut build = cargo(&["build", "--quiet", "--release", "-p", "tipwire"]);
            run_to_end(build.args(["--example", "driver"]))
        },
        start: || Command::new(root().join("target/release/examples/driver")),
    },
    Driver {
        language: "c",
        answers: ALL,
        build: c::build_driver,
        start: || Command::new(c::driver()),
    },
    Driver { language: "python", answers: ALL, build: python::build, start: python::start },
    Driver { language: "js", answers: ALL, build: crate::js::build, start: crate::js::driver },
];

/// Builds a driver, and does not start it.
const BUILD: &str = "--build";

pub fn run(arguments: &[String]) -> Outcome {
    let languages: Vec<&str> = DRIVERS.iter().map(|driver| driver.language).collect();
    let named = |driver: &&Driver| arguments.iter().any(|word| word == driver.language);
    let Some(driver) = DRIVERS.iter().find(named) else {
        return Err(format!("which driver: {}?", languages.join(", ")));
    };
    if arguments.iter().any(|word| word == BUILD) {
        return (driver.build)();
    }
    // By a program of its own, since what builds print is not for those who read the answers.
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut build = command(own, &["driver", BUILD, driver.language]);
    run_to_end(build.stdout(std::io::stderr()))?;
    run_to_end(&mut (driver.start)())
}
