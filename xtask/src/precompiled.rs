//! The Arduino library once more, with archives: builders that know `precompiled=full` link the one for
//! the processor of the board, and where there is none take the assembly that stands beside them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::arduino::{self, read, write};
use crate::assembly;
use crate::shell::{Need, Outcome, command, have_system, root, run};

/// An archive: of which file, assembled for which processor, and the folders that builders look for it
/// in. These are what boards call their processor, and their floating-point unit and arguments.
struct Archive {
    core: &'static str,
    processor: &'static str,
    folders: &'static [&'static str],
}

// Boards with a unit that do not say so get the assembly: nothing stands in the folders of Cortex-M4 and
// M7 themselves.
const ARCHIVES: &[Archive] = &[
    Archive {
        core: "armv6m",
        processor: "thumbv6m-none-eabi",
        folders: &["cortex-m0", "cortex-m0plus"],
    },
    Archive { core: "armv7m", processor: "thumbv7m-none-eabi", folders: &["cortex-m3"] },
    Archive {
        core: "armv7m",
        processor: "thumbv7em-none-eabi",
        folders: &["cortex-m4/fpv4-sp-d16-softfp", "cortex-m7/fpv5-d16-softfp"],
    },
    Archive {
        core: "armv7em_hard_float",
        processor: "thumbv7em-none-eabihf",
        folders: &["cortex-m4/fpv4-sp-d16-hard"],
    },
    Archive {
        core: "riscv32imc",
        processor: "riscv32imc-unknown-none-elf",
        folders: &["esp32c3", "esp32c6", "esp32h2"],
    },
    Archive { core: "xtensa_call0", processor: "lx106", folders: &["esp8266"] },
    Archive { core: "avr5", processor: "atmega328p", folders: &["atmega328p", "atmega32u4"] },
    Archive { core: "avr5", processor: "atmega1284p", folders: &["atmega1284p"] },
    Archive { core: "avr6", processor: "atmega2560", folders: &["atmega2560"] },
];

const NAME: &str = "libtipwire.a";

const SYSTEM: &[Need] = &[("zip", "zip"), ("unzip", "unzip")];

/// Where the folder and the zip are made: not beside the other ones, for it is the same library.
fn place() -> PathBuf {
    root().join("target/dist/arduino-precompiled")
}

/// Makes the folder of the library, of what the other one has, and a zip of it, whose path it gives.
pub fn release() -> Result<PathBuf, String> {
    have_system(SYSTEM)?;
    let folder = place().join("Tipwire");
    let _ = fs::remove_dir_all(place());
    fs::create_dir_all(place()).map_err(|error| error.to_string())?;
    run(command("cp", &["-r"]).arg(arduino::folder()).arg(&folder))?;
    let properties = folder.join("library.properties");
    write(&properties, &(read(&properties)? + "precompiled=full\nldflags=-ltipwire\n"))?;
    for archive in ARCHIVES {
        let object =
            assembly::object(archive.core, archive.processor, &arduino::file_of(archive.core))?;
        for name in archive.folders {
            let to = folder.join("src").join(name);
            fs::create_dir_all(&to).map_err(|error| error.to_string())?;
            run(command("ar", &["rcsD"]).arg(to.join(NAME)).arg(&object))?;
        }
    }
    arduino::pack(&folder)
}

/// The archives of the zip, linked with programs that have known answers and run.
pub fn test() -> Outcome {
    let zip = release()?;
    let unpacked = root().join("target/arduino/unpacked");
    let _ = fs::remove_dir_all(&unpacked);
    run(command("unzip", &["-q"]).arg(zip).arg("-d").arg(&unpacked))?;
    let library = unpacked.join("Tipwire");
    let said = read(&library.join("library.properties"))?;
    if !said.lines().any(|line| line == "precompiled=full") {
        return Err("the library does not say that it has archives".into());
    }
    for archive in ARCHIVES {
        for folder in archive.folders {
            let path: &Path = &library.join("src").join(folder).join(NAME);
            assembly::emulate_archive(archive.core, archive.processor, path)?;
        }
    }
    Ok(())
}
