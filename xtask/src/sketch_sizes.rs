//! What sketches take of the boards that they are for.

use std::fs;
use std::path::Path;

use crate::arduino::{self, read};
use crate::assembly;
use crate::builder;
use crate::firmware;
use crate::generated::replace_section;
use crate::shell::{Need, Outcome, command, have_system, root, run};

/// What a sketch takes, in bytes. The stack is known where it was run.
pub struct Taken {
    pub sketch: &'static str,
    pub board: &'static str,
    pub flash: usize,
    pub memory: usize,
    pub stack: Option<usize>,
}

/// A board whose own software is not here: its processor, what the library has for that, and what its
/// headers define.
struct Other {
    board: &'static str,
    target: &'static str,
    core: &'static str,
    defines: &'static str,
}

const OTHERS: &[Other] = &[
    Other {
        board: "Cortex-M0+, as of a Pico W",
        target: "thumbv6m-none-eabi",
        core: "armv6m",
        defines: "ARDUINO_ARCH_RP2040",
    },
    Other {
        board: "RISC-V, as of an ESP32-C3",
        target: "riscv32imc-unknown-none-elf",
        core: "riscv32imc",
        defines: "ESP32",
    },
    Other {
        board: "LX106, as of an ESP8266",
        target: "lx106",
        core: "xtensa_call0",
        defines: "ESP8266",
    },
];

/// The sketches that are for these.
const SKETCHES: &[&str] =
    &["DataLogger", "TcpDevice", "SealedUdp", "ThingsPanelDevice", "ThingsBoardDevice"];

/// Headers of C for compilers that come without them.
const HEADERS: &str = "/usr/include/newlib";

const SYSTEM: &[Need] = &[("/usr/include/newlib/stdlib.h", "libnewlib-dev")];

const README: &str = "bindings-c/arduino/README.md";

/// `cargo xtask size arduino`: makes the library, prints the table, and writes it where it stands.
pub fn print() -> Outcome {
    arduino::release()?;
    let (_, wanted) = both()?;
    fs::write(root().join(README), wanted).map_err(|error| error.to_string())
}

/// The table is as it should be; the library is there.
pub fn check() -> Outcome {
    let (now, wanted) = both()?;
    let outdated = format!("the sizes in {README} are out of date: cargo xtask size arduino");
    if now == wanted { Ok(()) } else { Err(outdated) }
}

/// The README as it is, and with what is measured now.
fn both() -> Result<(String, String), String> {
    let mut table =
        String::from("| sketch | board | flash | memory | stack |\n|---|---|---|---|---|\n");
    let mut rows = builder::measure()?;
    rows.extend(others()?);
    for Taken { sketch, board, flash, memory, stack } in rows {
        let stack = stack.map_or("-".to_owned(), |stack| stack.to_string());
        table += &format!("| {sketch} | {board} | {flash} | {memory} | {stack} |\n");
    }
    print!("{table}");
    let now = read(&root().join(README))?;
    let wanted = replace_section(&now, "sketches", &table)?;
    Ok((now, wanted))
}

/// What sketches and the library take of boards, beside what is their own.
fn others() -> Result<Vec<Taken>, String> {
    have_system(SYSTEM)?;
    let mut rows = Vec::new();
    for sketch in SKETCHES {
        for other in OTHERS {
            let (flash, memory) = link(sketch, other)?;
            rows.push(Taken { sketch, board: other.board, flash, memory, stack: None });
        }
    }
    Ok(rows)
}

/// Links a sketch with the library alone: what it calls of its board is missing.
fn link(sketch: &str, other: &Other) -> Result<(usize, usize), String> {
    let processor = assembly::processor(other.target)?;
    let gcc = || command(format!("{}g++", processor.compiler), processor.flags);
    let built = root().join("target/arduino").join(format!("{sketch}-{}", other.core));
    let object = built.with_extension("o");
    let folder = object.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let library = arduino::folder().join("src");
    let mut compiler = gcc();
    compiler.args(["-std=c++11", "-Os", "-Wall", "-Wextra", "-Werror", "-fno-exceptions"]);
    compiler.args(["-fno-rtti", "-ffunction-sections", "-fdata-sections"]);
    compiler.args(["-Ibindings-c/tests/arduino/bare", "-Ibindings-c/tests/arduino"]);
    compiler.args(["-isystem", HEADERS, "-I"]).arg(&library).arg(format!("-D{}", other.defines));
    compiler.args(["-include", "Arduino.h", "-x", "c++", "-c", "-o"]).arg(&object);
    run(compiler.arg(format!("bindings-c/arduino/examples/{sketch}/{sketch}.ino")))?;
    let program = built.with_extension("elf");
    let mut linker = gcc();
    linker.args(["-nostdlib", "-Wl,--gc-sections,--unresolved-symbols=ignore-all"]);
    linker.args(["-Wl,-e,_Z5setupv,-u,_Z4loopv,--defsym=__dso_handle=0", "-o"]).arg(&program);
    linker.arg(&object).arg(arduino::file_of(other.core));
    run(linker.arg("-lgcc"))?;
    firmware::memories(processor.compiler, &program)
}
