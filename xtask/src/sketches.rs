//! The sketches of the Arduino library, on this machine: compiled for a small Arduino, and run there
//! against scripts and against the gateway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arduino;
use crate::shell::{Need, Outcome, cargo, command, have_system, output, root, run, step};

const SYSTEM: &[Need] = &[("g++", "g++")];

/// A sketch for one of the boards that it can be for.
pub struct Build {
    pub sketch: &'static str,
    pub board: &'static str,
}

pub const BUILDS: &[Build] = &[
    Build { sketch: "DataLogger", board: "UNO" },
    Build { sketch: "DataLogger", board: "ESP32" },
    Build { sketch: "ParseFrame", board: "UNO" },
    Build { sketch: "PushAndAck", board: "UNO" },
    Build { sketch: "SealedUdp", board: "ESP32" },
    Build { sketch: "TcpDevice", board: "ESP32" },
    Build { sketch: "ThingsBoardDevice", board: "ESP32" },
    Build { sketch: "ThingsPanelDevice", board: "ESP32" },
];

/// The parts of the board of this machine.
const PARTS: &[&str] = &["board", "network", "parts"];

impl Build {
    pub fn program(&self) -> PathBuf {
        built().join(format!("{}-{}", self.sketch, self.board))
    }

    /// What runs it.
    pub fn command(&self) -> Command {
        let mut command = command(self.program(), &[]);
        command.env("SKETCH_STORE", self.program().with_extension("store"));
        command
    }

    /// Leaves nothing in its store.
    pub fn forget(&self) {
        let start = format!("{}-{}.store", self.sketch, self.board);
        for entry in fs::read_dir(built()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&start) {
                // What cannot be removed is found by what the sketch says.
                _ = fs::remove_file(entry.path());
            }
        }
    }
}

pub fn built() -> PathBuf {
    root().join("target/arduino")
}

/// `cargo xtask test sketches`
pub fn test() -> Outcome {
    have_system(SYSTEM)?;
    step("some of the Arduino library's assembly on emulated boards", arduino::try_some)?;
    step("sketches", || {
        arduino::describe()?;
        told()?;
        build()?;
        BUILDS.iter().try_for_each(recite)
    })
}

/// The folders of the sketches.
pub fn folders() -> Result<Vec<PathBuf>, String> {
    let examples = root().join("bindings-c/arduino/examples");
    let entries = fs::read_dir(&examples).map_err(|error| error.to_string())?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    Ok(folders)
}

/// The README tells of every sketch, and of no other.
fn told() -> Outcome {
    let readme = arduino::read(&root().join("bindings-c/arduino/README.md"))?;
    let table = readme.split_once("| sketch |").map_or("", |(_, rest)| rest);
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let mut told: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).map(str::trim).collect();
    told.sort_unstable();
    let mut there: Vec<String> = folders()?.iter().map(|path| arduino::name_of(path)).collect();
    there.sort();
    if told == there { Ok(()) } else { Err(format!("the README tells of {told:?}: {there:?}")) }
}

/// Compiles all sketches for the Arduino of this machine.
pub fn build() -> Outcome {
    for folder in folders()? {
        let name = arduino::name_of(&folder);
        if !BUILDS.iter().any(|build| build.sketch == name) {
            return Err(format!("{name} is for no board"));
        }
    }
    for (to, from) in arduino::COPIED.iter().filter(|(to, _)| to.starts_with("src/")) {
        let to = built().join("include").join(to.trim_start_matches("src/"));
        arduino::write(&to, &arduino::read(&root().join(from))?)?;
    }
    run(&mut cargo(&["build", "--quiet", "-p", "tipwire-c"]))?;
    for board in ["UNO", "ESP32"] {
        for part in PARTS {
            let source = root().join(format!("bindings-c/tests/arduino/{part}.cpp"));
            compile(board, &source, &built().join(format!("{part}-{board}.o")))?;
        }
    }
    BUILDS.iter().try_for_each(|build| {
        let folder = root().join("bindings-c/arduino/examples").join(build.sketch);
        let object = build.program().with_extension("o");
        compile(build.board, &folder.join(format!("{}.ino", build.sketch)), &object)?;
        let mut linker = command("g++", SANITIZED);
        linker.arg("-o").arg(build.program()).arg(object);
        for part in PARTS {
            linker.arg(built().join(format!("{part}-{}.o", build.board)));
        }
        run(linker.arg("target/debug/libtipwire.a").args(crate::c::LIBRARIES))
    })
}

const SANITIZED: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

fn compile(board: &str, source: &Path, object: &Path) -> Outcome {
    // The languages of the boards' own software: of the oldest and the newest.
    let standard = if board == "UNO" { "-std=gnu++11" } else { "-std=gnu++20" };
    let mut compiler = command("g++", &["-Wall", "-Wextra", "-Wshadow", "-Werror", "-g"]);
    compiler.arg(standard);
    compiler
        .args(SANITIZED)
        .args(["-Ibindings-c/tests/arduino", "-I"])
        .arg(built().join("include"));
    compiler.args([&format!("-D{board}"), "-include", "Arduino.h", "-x", "c++", "-c"]);
    run(compiler.arg(source).arg("-o").arg(object))
}

/// Runs a sketch with its script, if it has one, and compares what it says.
fn recite(build: &Build) -> Outcome {
    let script = root().join("bindings-c/tests/arduino").join(format!("{}.in", build.sketch));
    let Ok(input) = fs::File::open(&script) else { return Ok(()) };
    build.forget();
    let said = output(build.command().stdin(input));
    let said = said.ok_or(format!("{} failed", build.sketch))?;
    let wanted = arduino::read(&script.with_extension("out"))?;
    if said != wanted {
        return Err(format!("{} says\n{said}\ninstead of\n{wanted}", build.sketch));
    }
    println!("{} says what it should", build.sketch);
    Ok(())
}
