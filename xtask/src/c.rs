//! The C library: its header, its builds, its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generated::{Generated, check_these};
use crate::shell::{Need, Outcome, cargo, command, have_system, output, root, run, step};

/// What the tests of the C library need of the system.
const SYSTEM: &[Need] = &[("gcc", "gcc"), ("g++", "g++"), ("ar", "binutils")];

/// Where what is built here goes.
pub fn built() -> PathBuf {
    root().join("target/c")
}

pub const GENERATED: &[Generated] = &[
    Generated { path: "include/tipwire.h", make: |_| header() },
    Generated { path: "bindings-c/symbols.txt", make: |_| symbols() },
];

/// The header as the sources have it.
fn header() -> Result<String, String> {
    let mut tool = cargo(&["run", "--quiet", "--manifest-path", "bindings-c/gen/Cargo.toml"]);
    tool.args(["--locked"]).env("CARGO_TARGET_DIR", root().join("target/gen"));
    output(&mut tool).ok_or("bindings-c/gen does not run".into())
}

/// What the archive exports, one a line.
fn symbols() -> Result<String, String> {
    build_library(&[])?;
    let archive = archive();
    let names = output(
        command("nm", &["--defined-only", "--extern-only", "--format=just-symbols"]).arg(&archive),
    );
    let names = names.ok_or(format!("nm does not read {}", archive.display()))?;
    let mut names: Vec<&str> = names.lines().filter(|name| name.starts_with("tipwire_")).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.join("\n") + "\n")
}

fn archive() -> PathBuf {
    root().join("target/release/libtipwire.a")
}

/// The library for this machine, as cargo makes it.
pub fn build_library(features: &[&str]) -> Outcome {
    let mut build = cargo(&["build", "--quiet", "--release", "-p", "tipwire-c"]);
    if !features.is_empty() {
        build.args(["--features", &features.join(",")]);
    }
    run(&mut build)
}

/// A C compiler with the options that all of the project's C is compiled with.
pub fn compiler(program: &str, standard: &str) -> Command {
    let mut compiler = command(program, &["-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    compiler.arg(format!("-std={standard}")).args(["-Iinclude", "-D_POSIX_C_SOURCE=200809L"]);
    compiler
}

/// What a program with the library is linked with.
pub const LIBRARIES: &[&str] = &["-lpthread", "-ldl", "-lm"];

/// Compiles one C program with the library.
pub fn program(compiler: &mut Command, sources: &[&str], to: &Path) -> Outcome {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    run(compiler.args(sources).arg("-o").arg(to).arg(archive()).args(LIBRARIES))
}

pub fn driver() -> PathBuf {
    built().join("driver")
}

pub fn build_driver() -> Outcome {
    have_system(SYSTEM)?;
    build_library(&[])?;
    program(compiler("gcc", "c99").arg("-O1"), &["bindings-c/tests/driver.c"], &driver())
}

/// `cargo xtask test c`
pub fn test() -> Outcome {
    have_system(SYSTEM)?;
    step("the header and the symbols of the C library", || check_these(GENERATED))
}
