//! Sketches built for an Uno and a Mega by Debian's Arduino, and run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::arduino::{name_of, read, write};
use crate::firmware;
use crate::shell::{Need, command, have_system, root};
use crate::sketch_sizes::Taken;
use crate::sketches;

const SYSTEM: &[Need] = &[
    ("arduino-builder", "arduino-builder"),
    ("/usr/share/arduino/hardware/arduino/avr/boards.txt", "arduino-core-avr"),
    ("simavr", "simavr"),
];

/// A board, its name for the builder, its processor, and what it has for sketches.
struct Board {
    name: &'static str,
    builder: &'static str,
    chip: &'static str,
    flash: usize,
    memory: usize,
}

const BOARDS: &[Board] = &[
    Board {
        name: "Uno",
        builder: "arduino:avr:uno",
        chip: "atmega328p",
        flash: 32_256,
        memory: 2048,
    },
    Board {
        name: "Mega",
        builder: "arduino:avr:mega:cpu=atmega2560",
        chip: "atmega2560",
        flash: 253_952,
        memory: 8192,
    },
];

/// What an Uno has room for.
const SKETCHES: &[&str] = &["ParseFrame", "PushAndAck"];

/// What is too large for it, and has no script: it talks with a gateway.
const LARGE: &str = "DataLogger";

/// Builds these sketches, which must leave half of a board's memory free; runs those that have scripts,
/// to which they must say what they say on this machine; and gives what they take.
pub fn measure() -> Result<Vec<Taken>, String> {
    have_system(SYSTEM)?;
    let pairs = SKETCHES.iter().flat_map(|sketch| BOARDS.iter().map(move |board| (*sketch, board)));
    let large =
        BOARDS.iter().filter(|board| board.name != "Uno").map(|board| measure_built(LARGE, board));
    pairs.map(|(sketch, board)| measure_run(sketch, board)).chain(large).collect()
}

fn measure_run(sketch: &'static str, board: &Board) -> Result<Taken, String> {
    let taken = measure_built(sketch, board)?;
    let typed = with_script(&source_of(sketch)?)?;
    let stack = run(sketch, board, &build(&typed, board, "-run")?)?;
    if taken.memory + stack > board.memory {
        return Err(format!("{sketch} takes {stack} bytes of stack on the {}", board.name));
    }
    Ok(Taken { stack: Some(stack), ..taken })
}

fn source_of(sketch: &str) -> Result<PathBuf, String> {
    let mut folders = sketches::folders()?.into_iter();
    folders.find(|path| name_of(path) == sketch).ok_or(format!("there is no sketch {sketch}"))
}

fn measure_built(sketch: &'static str, board: &Board) -> Result<Taken, String> {
    let built = build(&source_of(sketch)?, board, "")?;
    let (flash, memory) = firmware::memories("avr-", &built)?;
    if flash > board.flash || memory > board.memory / 2 {
        let all = format!("{flash} bytes of flash, {memory} of memory");
        return Err(format!("{sketch} takes too much of the {}: {all}", board.name));
    }
    Ok(Taken { sketch, board: board.name, flash, memory, stack: None })
}

/// A sketch with a second file, which types its script.
fn with_script(source: &Path) -> Result<PathBuf, String> {
    let name = name_of(source);
    let tests = root().join("bindings-c/tests/arduino");
    let folder = root().join("target/arduino/typed").join(&name);
    let script = read(&tests.join(format!("{name}.in")))?;
    _ = fs::remove_dir_all(&folder);
    let script = format!("static const char SCRIPT[] PROGMEM = {script:?};\n");
    write(&folder.join("script.h"), &script)?;
    write(&folder.join("avr.cpp"), &read(&tests.join("avr.cpp"))?)?;
    let file = format!("{name}.ino");
    write(&folder.join(&file), &read(&source.join(&file))?)?;
    Ok(folder)
}

/// Runs a sketch that ends by itself, and gives how much stack it has had.
fn run(sketch: &str, board: &Board, program: &Path) -> Result<usize, String> {
    let mut simavr = command("timeout", &["60", "simavr", "-m", board.chip, "-f", "16000000"]);
    let ran = simavr.arg(program).output().map_err(|error| error.to_string())?;
    let said = firmware::plain(&ran);
    // A CR is shown as a point.
    let lines = || said.lines().map(|line| line.trim_end_matches('.'));
    let stack = lines().find_map(|line| line.strip_prefix("# stack ")?.parse().ok());
    let stack = stack.ok_or(format!("{sketch} does not end on the {}: {said}", board.name))?;
    let told: Vec<&str> =
        lines().filter(|line| !line.starts_with("Loaded ") && !line.starts_with("# st")).collect();
    let wanted = read(&root().join(format!("bindings-c/tests/arduino/{sketch}.out")))?;
    let wanted = with_numbers(&wanted)?;
    if told != wanted.iter().filter(|line| !line.starts_with("# st")).collect::<Vec<_>>() {
        return Err(format!("{sketch} says {told:?} on the {}, not {wanted:?}", board.name));
    }
    Ok(stack)
}

/// What a sketch says, with the numbers of statuses, which are what AVR prints, not their sentences.
fn with_numbers(said: &str) -> Result<Vec<String>, String> {
    let header = read(&root().join("include/tipwire.h"))?;
    let statuses: Vec<(&str, &str)> = header
        .lines()
        .filter_map(|line| {
            let (_, rest) = line.strip_prefix("#define TIPWIRE_E_")?.split_once('(')?;
            let (number, rest) = rest.split_once(") /* ")?;
            Some((number, rest.strip_suffix(" */")?))
        })
        .collect();
    let numbered = |line: &str| {
        let line = line.trim_end_matches('\r');
        let number = statuses.iter().find_map(|(number, sentence)| {
            let start = line.strip_suffix(sentence)?.strip_suffix(": ")?;
            Some(format!("{start}: status {number}"))
        });
        number.unwrap_or(line.to_owned())
    };
    Ok(said.lines().map(numbered).collect())
}

/// Builds a sketch, of which the compiler must have no complaint, nor of the library.
fn build(source: &Path, board: &Board, to: &str) -> Result<PathBuf, String> {
    let sketch = name_of(source);
    let folder = root().join("target/arduino").join(format!("{sketch}-{}{to}", board.name));
    // Files that an earlier build had would be linked too.
    _ = fs::remove_dir_all(folder.join("sketch"));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let arduino = "/usr/share/arduino/hardware";
    let mut builder = command("arduino-builder", &["-compile", "-quiet", "-hardware", arduino]);
    builder.args(["-hardware", "/usr/share/arduino-builder", "-tools", "/usr/bin"]);
    builder.arg("-built-in-libraries");
    builder.arg(format!("{arduino}/arduino/avr/libraries"));
    builder.arg("-libraries").arg(root().join("target/dist/arduino"));
    builder.arg("-build-path").arg(&folder).args(["-fqbn", board.builder, "-warnings=all"]);
    // A constant that its compiler for C++ lacks.
    builder.arg("-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__");
    let ran = builder.arg(source.join(format!("{sketch}.ino"))).output();
    let ran = ran.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ran.stderr);
    let is_ours = |line: &str| line.contains("Tipwire/") || line.contains(&format!("{sketch}.ino"));
    if !ran.status.success() || said.lines().any(|line| line.contains("warning") && is_ours(line)) {
        return Err(format!("{sketch} cannot be built for the {}: {said}", board.name));
    }
    Ok(folder.join(format!("{sketch}.ino.elf")))
}
