//! The C library: its header, its builds, its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Need, Outcome, cargo, command, have_system, output, root, run, step};

/// What the tests of the C library need of the system.
const SYSTEM: &[Need] = &[("gcc", "gcc"), ("g++", "g++"), ("ar", "binutils")];

/// The header as the sources have it.
const HEADER: &str = "include/tipwire.h";
/// The exported symbols, one a line.
const SYMBOLS: &str = "bindings-c/symbols.txt";

/// Where what is built here goes.
pub fn built() -> PathBuf {
    root().join("target/c")
}

/// Writes the header, or with `check` compares it; the list of symbols too.
pub fn generate(check: bool) -> Outcome {
    build_library(&[])?;
    let mut tool = cargo(&["run", "--quiet", "--manifest-path", "bindings-c/gen/Cargo.toml"]);
    tool.env("CARGO_TARGET_DIR", root().join("target/gen"));
    let header = tool.output().map_err(|error| error.to_string())?;
    if !header.status.success() {
        return Err(format!("no header: {}", String::from_utf8_lossy(&header.stderr)));
    }
    let files = [(HEADER, String::from_utf8_lossy(&header.stdout).into_owned()), (SYMBOLS, symbols()?)];
    for (path, text) in files {
        let file = root().join(path);
        if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            return Err(format!("{path} is not what the sources say: cargo xtask gen"));
        }
        std::fs::write(&file, text).map_err(|error| format!("{path}: {error}"))?;
        eprintln!("wrote {path}");
    }
    Ok(())
}

/// What the archive exports.
fn symbols() -> Result<String, String> {
    let archive = archive();
    let names = output(command("nm", &["--defined-only", "--extern-only", "--format=just-symbols"]).arg(&archive));
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
    step("the header and the symbols of the C library", || generate(true))
}
