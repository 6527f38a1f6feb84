//! The Arduino library: the core as assembly that any board's own compiler takes, with guards.

use std::fs;
use std::path::{Path, PathBuf};

use crate::assembly::{self, CORES, Core};
use crate::shell::{Need, Outcome, cargo, command, have_system, root, run, step};
use crate::{conversations, precompiled, sketch_sizes, sketches};

const SYSTEM: &[Need] = &[("zip", "zip"), ("g++", "g++")];

/// What is copied as it stands: into the folder of the library, from where.
pub const COPIED: &[(&str, &str)] = &[
    ("library.properties", "bindings-c/arduino/library.properties"),
    ("keywords.txt", "bindings-c/arduino/keywords.txt"),
    ("README.md", "bindings-c/arduino/README.md"),
    ("src/Tipwire.h", "bindings-c/arduino/src/Tipwire.h"),
    ("src/TipwireStore.h", "bindings-c/arduino/src/TipwireStore.h"),
    ("src/tipwire/tipwire.h", "include/tipwire.h"),
    ("src/tipwire/tipwire.hpp", "include/tipwire.hpp"),
    ("LICENSE", "LICENSE"),
];

pub fn folder() -> PathBuf {
    root().join("target/dist/arduino/Tipwire")
}

/// The assembly of an architecture.
fn file(core: &Core) -> PathBuf {
    file_of(core.name)
}

/// The same, by its name.
pub fn file_of(core: &str) -> PathBuf {
    folder().join(format!("src/core/tipwire_{core}.S"))
}

/// Leaves of an old folder only assembly, which may still be good.
fn clear(folder: &Path) -> Outcome {
    let wanted: Vec<PathBuf> = CORES.iter().map(file).collect();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            clear(&path)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(&path).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// `cargo xtask dist arduino`: the folder of the library, and a zip of it, whose path it gives.
pub fn release() -> Result<PathBuf, String> {
    have_system(SYSTEM)?;
    assembly::prepare()?;
    let folder = folder();
    clear(&folder)?;
    CORES.iter().try_for_each(|core| assembly::make(core, &file(core)))?;
    for (to, from) in COPIED {
        // What is beside the README there is elsewhere here.
        let text = read(&root().join(from))?.replace("../../include/", "src/tipwire/");
        write(&folder.join(to), &text)?;
    }
    for sketch in sketches::folders()? {
        let name = name_of(&sketch);
        let text = read(&sketch.join(format!("{name}.ino")))?;
        write(&folder.join("examples").join(&name).join(format!("{name}.ino")), &text)?;
    }
    pack(&folder)
}

/// A zip beside the folder of a library.
pub fn pack(folder: &Path) -> Result<PathBuf, String> {
    let zip = folder.with_extension("zip");
    let _ = fs::remove_file(&zip);
    let mut pack = command("zip", &["-q", "-r", "-X"]);
    let place = folder.parent().unwrap_or(folder);
    run(pack.arg(&zip).arg(name_of(folder)).current_dir(place))?;
    Ok(zip)
}

/// `cargo xtask assembly`: makes what is named, and runs it.
pub fn assemble(names: &[String]) -> Outcome {
    assembly::prepare()?;
    let wanted = |core: &&Core| names.is_empty() || names.iter().any(|name| name == core.name);
    CORES.iter().filter(wanted).try_for_each(|core| {
        assembly::make(core, &file(core))?;
        assembly::emulate(core, &file(core))
    })
}

/// What the library says of itself is complete, and true.
pub fn describe() -> Outcome {
    let text = read(&root().join("bindings-c/arduino/library.properties"))?;
    let mut said: Vec<(&str, &str)> = text.lines().flat_map(|line| line.split_once('=')).collect();
    let value = |name: &str| said.iter().find(|(key, _)| *key == name).map_or("", |(_, it)| it);
    for (name, wanted) in [
        ("name", "Tipwire"),
        ("version", env!("CARGO_PKG_VERSION")),
        ("category", "Communication"),
        ("includes", "Tipwire.h"),
    ] {
        if value(name) != wanted {
            return Err(format!("the library says {name}={}, not {wanted}", value(name)));
        }
    }
    // The project has no address that could be told.
    let empty = said.iter().find(|(name, value)| value.is_empty() && *name != "url");
    if let Some((name, _)) = empty {
        return Err(format!("the library does not say its {name}"));
    }
    said.sort_unstable();
    let names: Vec<&str> = said.iter().map(|(name, _)| *name).collect();
    let wanted = [
        "architectures",
        "author",
        "category",
        "includes",
        "license",
        "maintainer",
        "name",
        "paragraph",
        "sentence",
        "url",
        "version",
    ];
    if names == wanted { Ok(()) } else { Err(format!("the library says {names:?}")) }
}

/// The cores that are made and run in every test: of each kind of processor the smallest.
const SOME: &[&str] = &["armv6m", "riscv32imc", "avr5"];

/// Makes some of the library's assembly, unless it is there, and runs it.
pub fn try_some() -> Outcome {
    let names: Vec<String> = SOME.iter().map(|name| (*name).to_owned()).collect();
    assemble(&names)?;
    SOME.iter().try_for_each(|name| assembly::check_sources(&file_of(name)))
}

/// `cargo xtask test arduino`
pub fn test() -> Outcome {
    step("what AVR and Xtensa want", || {
        run(&mut cargo(&["test", "--quiet", "-p", "tipwire-c", "--lib"]))?;
        run(&mut cargo(&["test", "--quiet", "-p", "xtask"]))
    })?;
    step("the Arduino library is made", || release().map(|_| ()))?;
    step("its assembly comes out alike, and knows when it is old", || {
        CORES.iter().try_for_each(|core| assembly::check(core, &file(core)))
    })?;
    step("its assembly on emulated boards", || {
        CORES.iter().try_for_each(|core| assembly::emulate(core, &file(core)))
    })?;
    step("its archives on emulated boards", precompiled::test)?;
    step("its sketches on boards, and what they take", sketch_sizes::check)?;
    sketches::test()?;
    conversations::test()
}

pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub fn write(path: &Path, text: &str) -> Outcome {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
