//! Sketches built for an Uno by Debian's Arduino, and run.

use std::fs;
use std::path::PathBuf;

use crate::arduino::name_of;
use crate::firmware;
use crate::shell::{Need, Outcome, command, have_system, root};
use crate::sketches;

const SYSTEM: &[Need] = &[
    ("arduino-builder", "arduino-builder"),
    ("/usr/share/arduino/hardware/arduino/avr/boards.txt", "arduino-core-avr"),
    ("simavr", "simavr"),
];

/// What an Uno has for sketches.
const FLASH: usize = 32_256;
const MEMORY: usize = 2048;

/// What it has room for, and says before anyone talks to it.
const SKETCHES: &[(&str, &str)] = &[
    ("ParseFrame", "Type a frame, such as PUSH|4deedd7bab8817ec|sensor-01|[temperature:=21.5#C]"),
    ("PushAndAck", "PUSH|!1|4deedd7bab8817ec|sensor-01|[temperature:=0.0#C]"),
];

/// Builds sketches for an Uno, where they must leave half of its memory free, and runs them.
pub fn test() -> Outcome {
    have_system(SYSTEM)?;
    for (sketch, start) in SKETCHES {
        let program = build(sketch)?;
        let (flash, memory) = firmware::memories("avr-", &program)?;
        println!("{sketch} on an Uno: {flash} bytes of flash, {memory} of memory");
        if flash > FLASH || memory > MEMORY / 2 {
            return Err(format!("{sketch} takes too much of an Uno"));
        }
        // Sketches never end. A CR is shown as one more point.
        let mut simavr =
            command("timeout", &["10", "simavr", "-m", "atmega328p", "-f", "16000000"]);
        let ran = simavr.arg(&program).output().map_err(|error| error.to_string())?;
        let said = firmware::plain(&ran);
        if !said.lines().any(|line| line.starts_with(start)) {
            return Err(format!("{sketch} says {said:?} on an Uno, without {start:?}"));
        }
    }
    Ok(())
}

fn build(sketch: &str) -> Result<PathBuf, String> {
    let source = sketches::folders()?.into_iter().find(|path| name_of(path) == *sketch);
    let source = source.ok_or(format!("there is no sketch {sketch}"))?;
    let folder = root().join("target/arduino").join(format!("{sketch}-uno"));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let arduino = "/usr/share/arduino/hardware";
    let mut builder = command("arduino-builder", &["-compile", "-quiet", "-hardware", arduino]);
    builder.args(["-hardware", "/usr/share/arduino-builder", "-tools", "/usr/bin"]);
    builder.arg("-built-in-libraries");
    builder.arg(format!("{arduino}/arduino/avr/libraries"));
    builder.arg("-libraries").arg(root().join("target/dist/arduino"));
    builder.arg("-build-path").arg(&folder).args(["-fqbn", "arduino:avr:uno"]);
    // A constant that its compiler for C++ lacks.
    builder.arg("-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__");
    let ran = builder.arg(source.join(format!("{sketch}.ino"))).output();
    let ran = ran.map_err(|error| error.to_string())?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("{sketch} cannot be built for an Uno: {said}"));
    }
    Ok(folder.join(format!("{sketch}.ino.elf")))
}
