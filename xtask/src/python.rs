//! The Python package: a virtual environment of its own under `target/`, and what runs in it.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Need, Outcome, command, have_system, root, run as run_to_end, step};

const SYSTEM: &[Need] =
    &[("cc", "gcc"), ("python3", "python3"), ("/usr/lib/python3/dist-packages", "python3-venv")];

/// What the tests need beside the package itself.
const TOOLS: &[&str] = &["maturin>=1.9,<2", "pytest>=8", "hypothesis>=6"];

fn environment() -> PathBuf {
    root().join("target/python")
}

/// A program of the environment.
fn program(name: &str) -> PathBuf {
    environment().join("bin").join(name)
}

fn python(arguments: &[&str]) -> Command {
    command(program("python"), arguments)
}

/// The environment, with these packages in it.
fn have(packages: &[&str]) -> Outcome {
    if !program("pip").exists() {
        have_system(SYSTEM)?;
        let folder = environment();
        run_to_end(command("python3", &["-m", "venv", "--clear"]).arg(folder))?;
    }
    // Asking takes a second: a list tells what is there already.
    let list = environment().join("packages");
    let known = std::fs::read_to_string(&list).unwrap_or_default();
    let missing: Vec<&str> =
        packages.iter().copied().filter(|name| !known.lines().any(|line| line == *name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run_to_end(python(&install).args(&missing))?;
    let written = std::fs::write(&list, known + &missing.join("\n") + "\n");
    written.map_err(|error| error.to_string())
}

/// The package, built and installed in the environment: with the checks of a debug build, or as
/// fast as it gets.
fn install(fast: bool) -> Outcome {
    have(TOOLS)?;
    let mut develop = command(program("maturin"), &["develop", "--quiet"]);
    develop.args(["--manifest-path", "bindings-python/Cargo.toml"]);
    if fast {
        develop.arg("--release");
    }
    run_to_end(develop.env("VIRTUAL_ENV", environment()))
}

/// Builds the driver.
pub fn build() -> Outcome {
    install(false)
}

/// Starts the driver.
pub fn start() -> Command {
    python(&["bindings-python/tests/driver.py"])
}

/// The tests of the package.
pub fn test() -> Outcome {
    step("python package", build)?;
    step("python tests", || {
        run_to_end(python(&["-m", "pytest"]).current_dir(root().join("bindings-python")))
    })
}
