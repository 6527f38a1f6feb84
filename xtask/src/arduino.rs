//! The Arduino library: the core as assembly that any board's own compiler takes, with guards.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::firmware::{self, PROCESSORS, Processor};
use crate::shell::{Need, Outcome, cargo, command, have_system, output, root, run, step};
use crate::{conversations, sketches};

/// An architecture of the library: a file, where it counts, and what it is made and tried with.
struct Core {
    name: &'static str,
    guard: &'static str,
    target: &'static str,
    /// The processors that it is run on.
    runs_on: &'static [&'static str],
    rust_flags: &'static str,
}

const CORES: &[Core] = &[
    Core {
        name: "armv6m",
        guard: "defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)",
        target: "thumbv6m-none-eabi",
        runs_on: &["thumbv6m-none-eabi"],
        rust_flags: "",
    },
    Core {
        name: "armv7m",
        guard: "!defined(__ARM_PCS_VFP) && (defined(__ARM_ARCH_7M__) || \
                defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__))",
        target: "thumbv7m-none-eabi",
        runs_on: &["thumbv7m-none-eabi", "thumbv7em-none-eabi", "thumbv8m.main-none-eabi"],
        rust_flags: "",
    },
    Core {
        name: "armv7em_hard_float",
        guard: "defined(__ARM_PCS_VFP) && (defined(__ARM_ARCH_7EM__) || \
                defined(__ARM_ARCH_8M_MAIN__))",
        target: "thumbv7em-none-eabihf",
        runs_on: &["thumbv7em-none-eabihf"],
        // Cortex-M33 may be without these instructions.
        rust_flags: " -Ctarget-feature=-dsp -Awarnings",
    },
    Core {
        name: "riscv32imc",
        guard: "defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_compressed) && \
                defined(__riscv_mul) && !defined(__riscv_float_abi_double)",
        target: "riscv32imc-unknown-none-elf",
        runs_on: &["riscv32imc-unknown-none-elf"],
        rust_flags: "",
    },
];

const SYSTEM: &[Need] = &[("zip", "zip"), ("g++", "g++"), ("sha256sum", "coreutils")];

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

fn folder() -> PathBuf {
    root().join("target/dist/arduino/Tipwire")
}

/// `cargo xtask dist arduino`: the folder of the library, and a zip of it, whose path it gives.
pub fn release() -> Result<PathBuf, String> {
    have_system(SYSTEM)?;
    firmware::prepare()?;
    let folder = folder();
    let _ = fs::remove_dir_all(&folder);
    for core in CORES {
        let text = assembly(core, "arduino")?;
        write(&folder.join(format!("src/core/tipwire_{}.S", core.name)), &text)?;
    }
    for (to, from) in COPIED {
        write(&folder.join(to), &read(&root().join(from))?)?;
    }
    for sketch in sketches::folders()? {
        let name = name_of(&sketch);
        let text = read(&sketch.join(format!("{name}.ino")))?;
        write(&folder.join("examples").join(&name).join(format!("{name}.ino")), &text)?;
    }
    let zip = folder.with_extension("zip");
    let _ = fs::remove_file(&zip);
    let mut pack = command("zip", &["-q", "-r", "-X"]);
    run(pack.arg(&zip).arg("Tipwire").current_dir(root().join("target/dist/arduino")))?;
    Ok(zip)
}

/// `cargo xtask test arduino`
pub fn test() -> Outcome {
    step("conversions for AVR", || {
        run(&mut cargo(&["test", "--quiet", "-p", "tipwire-c", "--lib"]))
    })?;
    step("the Arduino library is made", || release().map(|_| ()))?;
    step("its assembly is made alike twice, and knows when it is old", || {
        for core in CORES.iter().take(1) {
            let shipped = read(&folder().join(format!("src/core/tipwire_{}.S", core.name)))?;
            let again = assembly(core, "arduino-again")?;
            if shipped != again {
                return Err(format!("tipwire_{}.S came out differently", core.name));
            }
            if !shipped.contains(&sources()?) {
                return Err(format!("tipwire_{}.S is older than the core", core.name));
            }
        }
        Ok(())
    })?;
    step("its assembly on emulated boards", || CORES.iter().try_for_each(emulate))?;
    sketches::test()?;
    conversations::test()
}

/// Assembles a file as the compiler of a board does, links it into the programs with known answers,
/// and runs them.
fn emulate(core: &Core) -> Outcome {
    let source = folder().join(format!("src/core/tipwire_{}.S", core.name));
    for name in core.runs_on {
        let processor = PROCESSORS.iter().find(|processor| processor.target == *name);
        let processor = processor.ok_or(format!("there is no processor {name}"))?;
        let object = assemble(core, processor, &source)?;
        for program in ["text", "ccm", "all"] {
            let program = firmware::program(processor, program, &[], &object)?;
            firmware::emulate(processor, &program)?;
        }
        println!("tipwire_{}.S: right on {name}", core.name);
    }
    Ok(())
}

fn assemble(core: &Core, processor: &Processor, source: &Path) -> Result<PathBuf, String> {
    let to = root().join("target/arduino").join(format!("{}-{}.o", core.name, processor.target));
    fs::create_dir_all(root().join("target/arduino")).map_err(|error| error.to_string())?;
    let mut gcc = command(format!("{}gcc", processor.compiler), processor.flags);
    run(gcc.args(["-c", "-Wall", "-Werror"]).arg(source).arg("-o").arg(&to))?;
    Ok(to)
}

/// The assembly of the core for an architecture, as it is shipped.
fn assembly(core: &Core, scratch: &str) -> Result<String, String> {
    let target_dir = root().join("target/firmware").join(scratch);
    let deps = target_dir.join(core.target).join("firmware/deps");
    let _ = fs::remove_dir_all(&deps);
    let features = ["--no-default-features", "--features", "all-ciphers", "--target", core.target];
    let mut build = cargo(&["rustc", "--quiet", "--profile", "firmware", "-p", "tipwire-c"]);
    build.args(features).args(["--", "--emit=asm"]);
    build.env("CARGO_TARGET_DIR", &target_dir);
    build.env("RUSTFLAGS", firmware::flags() + core.rust_flags);
    run(&mut build)?;
    let entries = fs::read_dir(&deps).map_err(|error| error.to_string())?;
    let mut found = entries.flatten().map(|entry| entry.path());
    let made = found.find(|path| {
        name_of(path).starts_with("tipwire-") && path.extension().is_some_and(|end| end == "s")
    });
    let text = read(&made.ok_or("no assembly was made")?)?;
    Ok(format!(
        "/* The core of tipwire, made by `cargo xtask dist arduino` of the sources\n * {}. */\n\
         #if {}\n{}#endif\n",
        sources()?,
        core.guard,
        portable(&text)
    ))
}

/// Leaves out what only debuggers and unwinders want or what says which processor it is, which the
/// board knows better; and gives names that are not for others short ones.
fn portable(text: &str) -> String {
    const DROPPED: &[&str] = &[
        ".file",
        ".loc",
        ".cfi_",
        ".eabi_attribute",
        ".attribute",
        ".ident",
        ".addrsig",
        ".fnstart",
        ".fnend",
        ".cantunwind",
        ".save",
        ".vsave",
        ".setfp",
        ".pad",
        ".cpu",
        ".arch",
        ".fpu",
    ];
    let mut names = HashMap::new();
    let mut result = String::new();
    let mut debug = false;
    for line in text.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        if word == ".section" {
            debug =
                line.contains(".debug_") || line.contains(".note.") || line.contains(".ARM.exidx");
        } else if word == ".text" {
            debug = false;
        }
        let is_dropped = DROPPED.iter().any(|start| match start.strip_suffix('_') {
            Some(_) => word.starts_with(start),
            None => word == *start || (*start == ".addrsig" && word.starts_with(start)),
        });
        if debug || is_dropped || word.is_empty() {
            continue;
        }
        shorten(line, &mut names, &mut result);
        result.push('\n');
    }
    result
}

fn shorten(line: &str, names: &mut HashMap<String, usize>, result: &mut String) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut rest = line;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let starts = ["_ZN", "_R", ".Lanon."].iter().any(|start| rest.starts_with(start));
        if starts && !before.is_ascii_alphanumeric() && !line.trim_start().starts_with(".asci") {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let next = names.len();
            let number = names.entry(name.to_owned()).or_insert(next);
            *result += &format!("tipwire.{number}");
            (rest, before) = (after, '.');
        } else {
            result.push(first);
            (rest, before) = (rest.get(first.len_utf8()..).unwrap_or_default(), first);
        }
    }
}

/// A hash of what the assembly is made of.
fn sources() -> Result<String, String> {
    let list = "git ls-files -z core/src bindings-c/src core/Cargo.toml bindings-c/Cargo.toml \
                Cargo.toml Cargo.lock rust-toolchain.toml | xargs -0 sha256sum | sha256sum";
    let hash = output(&mut command("sh", &["-c", list])).ok_or("the sources cannot be hashed")?;
    Ok(hash.split_whitespace().next().unwrap_or_default().to_owned())
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
