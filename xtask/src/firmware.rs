//! The C library without an operating system: archives that link into any firmware, and programs
//! that run them on emulated boards.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{
    Need, Outcome, cargo, command, have_rust, have_system, output, root, run, toolchain,
};
use crate::{thumb, xtensa};

/// A kind of processor that firmware runs on, and how its archive is tried.
pub struct Processor {
    /// Rust's name for it.
    pub target: &'static str,
    /// What C compilers are told.
    pub flags: &'static [&'static str],
    pub compiler: &'static str,
    pub board: Board,
}

/// How a program runs on a processor.
pub enum Board {
    /// Emulated by QEMU, which answers what it is asked. Nothing is there but the memories: where they
    /// are, and how much of them is used.
    Bare { emulator: &'static [&'static str], memories: [&'static str; 4] },
    /// Emulated by simavr, with the start and the library of the compiler. It says what it has to say
    /// over the serial port.
    Avr { chip: &'static str },
}

const ARM: &str = "arm-none-eabi-";
const RISCV: &str = "riscv64-unknown-elf-";

pub const PROCESSORS: &[Processor] = &[
    Processor {
        target: "thumbv6m-none-eabi",
        flags: &["-mthumb", "-mcpu=cortex-m0"],
        compiler: ARM,
        board: Board::Bare {
            emulator: &["qemu-system-arm", "-M", "microbit"],
            memories: ["0", "256K", "0x20000000", "16K"],
        },
    },
    Processor {
        target: "thumbv7m-none-eabi",
        flags: &["-mthumb", "-mcpu=cortex-m3"],
        compiler: ARM,
        board: Board::Bare {
            emulator: &["qemu-system-arm", "-M", "lm3s6965evb"],
            memories: ["0", "256K", "0x20000000", "64K"],
        },
    },
    Processor {
        target: "thumbv7em-none-eabi",
        flags: &["-mthumb", "-mcpu=cortex-m4", "-mfloat-abi=soft"],
        compiler: ARM,
        board: Board::Bare {
            emulator: &["qemu-system-arm", "-M", "mps2-an386"],
            memories: ["0", "1M", "0x20000000", "64K"],
        },
    },
    Processor {
        target: "thumbv7em-none-eabihf",
        flags: &["-mthumb", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
        compiler: ARM,
        board: Board::Bare {
            emulator: &["qemu-system-arm", "-M", "mps2-an386"],
            memories: ["0", "1M", "0x20000000", "64K"],
        },
    },
    Processor {
        target: "thumbv8m.main-none-eabi",
        flags: &["-mthumb", "-mcpu=cortex-m33", "-mfloat-abi=soft"],
        compiler: ARM,
        board: Board::Bare {
            emulator: &["qemu-system-arm", "-M", "mps2-an505"],
            memories: ["0x10000000", "1M", "0x38000000", "64K"],
        },
    },
    Processor {
        target: "riscv32imc-unknown-none-elf",
        flags: &["-march=rv32imc", "-mabi=ilp32"],
        compiler: RISCV,
        board: Board::Bare {
            emulator: &["qemu-system-riscv32", "-M", "virt", "-bios", "none"],
            memories: ["0x80000000", "1M", "0x80100000", "64K"],
        },
    },
];

/// Smaller code instead of faster, for the crates that have the choice.
const SMALL: &str = "--cfg tipwire_small --cfg aes_backend_soft=\"compact\" --cfg sha2_backend_soft=\"compact\" \
    --cfg chacha20_backend=\"soft\" -Cllvm-args=--inline-threshold=25";

const SYSTEM: &[Need] = &[
    ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
    ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
    ("qemu-system-arm", "qemu-system-arm"),
    ("qemu-system-riscv32", "qemu-system-misc"),
];

/// What the archives are built with: names, and the features of the crate.
pub const ARCHIVES: &[(&str, &str)] = &[("tipwire", "all-ciphers"), ("tipwire-ccm", "aes-128-ccm")];

/// Has everything that is needed to build and run firmware.
pub fn prepare() -> Outcome {
    have_system(SYSTEM)?;
    let targets: Vec<&str> = PROCESSORS.iter().map(|processor| processor.target).collect();
    have_rust(&toolchain(), &targets, thumb::COMPONENTS)
}

fn folder(processor: &Processor) -> PathBuf {
    root().join("target/firmware/archives").join(processor.target)
}

/// Builds one archive, and gives its path.
pub fn archive(processor: &Processor, name: &str, features: &str) -> Result<PathBuf, String> {
    let target_dir = root().join("target/firmware").join(name);
    let arguments = ["--quiet", "--profile", "firmware", "-p", "tipwire-c"];
    let mut build = cargo(&[if thumb::is(processor.target) { "rustc" } else { "build" }]);
    build.args(arguments).args(["--no-default-features", "--features", features]);
    build.args(["--target", processor.target]);
    build.env("CARGO_TARGET_DIR", &target_dir).env("RUSTFLAGS", flags());
    let to = folder(processor).join(format!("lib{name}.a"));
    let built = target_dir.join(processor.target).join("firmware");
    if thumb::is(processor.target) {
        let object = object_beside(&to)?;
        thumb::lower(&emit(&mut build, &built, "llvm-ir", "ll")?, "obj", &object)?;
        pack(&object, processor.compiler, BARE, &to)?;
    } else {
        run(&mut build)?;
        strip(&built.join("libtipwire.a"), processor.compiler, BARE, &to)?;
    }
    Ok(to)
}

/// Lets the compiler write the code of the library, with that of all other crates in it, as a file of
/// this kind and with this extension, whose path it gives.
pub fn emit(
    build: &mut Command,
    built: &Path,
    kind: &str,
    extension: &str,
) -> Result<PathBuf, String> {
    let deps = built.join("deps");
    let _ = std::fs::remove_dir_all(&deps);
    run(build.args(["--", &format!("--emit={kind}")]))?;
    let entries = std::fs::read_dir(&deps).map_err(|error| error.to_string())?;
    let mut found = entries.flatten().map(|entry| entry.path());
    let made = found.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("tipwire-") && path.extension().is_some_and(|is| is == extension)
    });
    made.ok_or(format!("no {kind} was made"))
}

/// What the compiler is told for firmware.
pub fn flags() -> String {
    format!("{SMALL} {}", remap())
}

/// Where cargo keeps what it has fetched.
pub fn cargo_home() -> String {
    std::env::var("CARGO_HOME")
        .unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap_or_default()))
}

/// Lets what is built not tell where.
pub fn remap() -> String {
    format!(
        "--remap-path-prefix={}=cargo --remap-path-prefix={}=tipwire",
        cargo_home(),
        root().display()
    )
}

/// Without a system: that the stack is not code is noted for those. Where it is noted once, linkers warn of
/// what does not note it: the compiler's own library.
const BARE: &[&str] = &["--remove-section=.note.GNU-stack"];

/// Leaves only the crate's own object in an archive, without debug information, and only its own
/// names: so that two archives of Rust can be linked side by side.
pub fn strip(archive: &Path, prefix: &str, options: &[&str], to: &Path) -> Outcome {
    let tool = |name: &str| format!("{prefix}{name}");
    let list =
        output(command(tool("ar"), &["t"]).arg(archive)).ok_or("an archive cannot be listed")?;
    let own: Vec<&str> = list.lines().filter(|name| name.starts_with("tipwire")).collect();
    let [own] = own[..] else {
        return Err(format!("{} should have one object: {own:?}", archive.display()));
    };
    let object = object_beside(to)?;
    let folder = object.parent().unwrap_or(to);
    run(command(tool("ar"), &["x"]).arg(archive).arg(own).current_dir(folder))?;
    std::fs::rename(folder.join(own), &object).map_err(|error| error.to_string())?;
    pack(&object, prefix, options, to)
}

/// Where the object of an archive is made.
fn object_beside(archive: &Path) -> Result<PathBuf, String> {
    let folder = archive.with_extension("objects");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(folder.join("tipwire.o"))
}

/// Makes an archive of one object, without debug information and with the names of the library only.
fn pack(object: &Path, prefix: &str, options: &[&str], to: &Path) -> Outcome {
    // Groups are for what linkers take once of all archives: what is now this one's alone is not that.
    let unwanted = ["--strip-debug", "--remove-section=.group"];
    let mut copy = command(format!("{prefix}objcopy"), &unwanted);
    copy.args(["--wildcard", "--keep-global-symbol", "tipwire_*"]).args(options);
    run(copy.arg(object))?;
    let _ = std::fs::remove_file(to);
    run(command(format!("{prefix}ar"), &["rcsD"]).arg(to).arg(object))
}

/// What compilers of C are told.
const C: &[&str] = &[
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Os",
    "-Iinclude",
    "-ffunction-sections",
    "-fdata-sections",
];

/// Compiles a program for a board with an archive.
pub fn program(
    processor: &Processor,
    name: &str,
    more: &[&str],
    archive: &Path,
) -> Result<PathBuf, String> {
    let gcc = format!("{}gcc", processor.compiler);
    let to = folder(processor).join(name).with_extension("elf");
    std::fs::create_dir_all(folder(processor)).map_err(|error| error.to_string())?;
    let mut gcc = command(gcc, processor.flags);
    gcc.args(C).arg("-Wl,--gc-sections").args(more);
    let source = more.first().map_or(name, |_| "text");
    let mut sources = vec![source, "say"];
    match processor.board {
        Board::Bare { memories, .. } => {
            gcc.args(["-ffreestanding", "-nostdlib", "-Wl,--no-warn-rwx-segments"]);
            gcc.args(["-T", "bindings-c/tests/firmware/board.ld"]);
            gcc.args(places(&memories));
            sources.push("board");
        }
        Board::Avr { .. } => sources.push("avr"),
    }
    if processor.compiler == xtensa::COMPILER {
        sources.push("xtensa");
    }
    for name in sources {
        let source = root().join(format!("bindings-c/tests/firmware/{name}.c"));
        if processor.flags == xtensa::WINDOWED {
            let object = folder(processor).join(name).with_extension("o");
            xtensa::compile(&source, &object, C)?;
            gcc.arg(object);
        } else {
            gcc.arg(source);
        }
    }
    run(gcc.arg("-o").arg(&to).arg(archive).arg("-lgcc"))?;
    Ok(to)
}

/// What tells a linker where the memories of a board are.
pub fn places(memories: &[&str; 4]) -> [String; 4] {
    let [flash, flash_size, ram, ram_size] = memories;
    [
        format!("-Wl,--defsym=FLASH={flash}"),
        format!("-Wl,--defsym=FLASH_SIZE={flash_size}"),
        format!("-Wl,--defsym=RAM={ram}"),
        format!("-Wl,--defsym=RAM_SIZE={ram_size}"),
    ]
}

/// Runs a program on its board, and gives what it says.
pub fn emulate(processor: &Processor, program: &Path) -> Result<String, String> {
    let mut emulator = command("timeout", &["60"]);
    match processor.board {
        Board::Bare { emulator: arguments, .. } => {
            emulator.args(arguments).args(["-nographic", "-monitor", "none", "-serial", "none"]);
            emulator.args(["-semihosting-config", "enable=on,target=native", "-kernel"]);
        }
        Board::Avr { chip } => {
            emulator.args(["simavr", "-m", chip, "-f", "16000000"]);
        }
    }
    let ran = emulator.arg(program).output().map_err(|error| error.to_string())?;
    let said = plain(&ran);
    if ran.status.success() && said.lines().any(|line| line == "done") {
        Ok(said)
    } else {
        Err(format!("{}: {} {said}", program.display(), ran.status))
    }
}

/// The most bytes of stack that a program has measured.
pub fn stack(said: &str) -> Option<usize> {
    said.lines().filter_map(|line| line.strip_prefix("stack ")).flat_map(str::parse).max()
}

/// What a program has said; without the colours, and the point after each line, of simavr.
pub fn plain(ran: &std::process::Output) -> String {
    let said = [&ran.stdout[..], &ran.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    said.replace("\u{1b}[0m", "").replace("\u{1b}[32m", "").replace(".\n", "\n")
}

/// Bytes of flash that a program takes.
pub fn flash(processor: &Processor, program: &Path) -> Result<usize, String> {
    memories(processor.compiler, program).map(|(flash, _)| flash)
}

/// Bytes of flash that a program of this compiler takes, and of memory from the start.
pub fn memories(compiler: &str, program: &Path) -> Result<(usize, usize), String> {
    let size = format!("{compiler}size");
    let table = output(command(size, &[]).arg(program)).ok_or("sizes cannot be read")?;
    let row = table.lines().nth(1).unwrap_or_default();
    let numbers: Vec<usize> = row.split_whitespace().take(3).flat_map(str::parse).collect();
    match numbers[..] {
        [text, data, bss] => Ok((text + data, data + bss)),
        _ => Err("sizes cannot be read".into()),
    }
}

/// What a processor needs for one set of functions.
pub struct Size {
    pub target: &'static str,
    pub flash: usize,
    pub stack: usize,
}

/// Builds everything, runs it, and measures.
pub fn sizes() -> Result<Vec<Size>, String> {
    prepare()?;
    let mut sizes = Vec::new();
    for processor in PROCESSORS {
        let mut archives = Vec::new();
        for (name, features) in ARCHIVES {
            archives.push(archive(processor, name, features)?);
        }
        let [all, ccm] = &archives[..] else { return Err("two archives are built".into()) };
        let nothing = program(processor, "nothing", &["-DNOTHING"], all)?;
        let nothing = flash(processor, &nothing)?;
        for (what, archive) in [("text", ccm), ("ccm", ccm), ("all", all)] {
            let program = program(processor, what, &[], archive)?;
            let said = emulate(processor, &program)?;
            let stack = stack(&said);
            sizes.push(Size {
                target: processor.target,
                flash: flash(processor, &program)? - nothing,
                stack: stack
                    .ok_or(format!("{} {what} says nothing of its stack", processor.target))?,
            });
        }
    }
    Ok(sizes)
}

/// The table of the READMEs.
fn table(sizes: &[Size]) -> String {
    let mut table = String::from(
        "| processor | text: flash | stack | + AES-128-CCM: flash | stack | everything: flash | stack |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in sizes.chunks(3) {
        let target = row.first().map_or("", |size| size.target);
        let cells: Vec<String> =
            row.iter().map(|size| format!("{} | {}", size.flash, size.stack)).collect();
        table += &format!("| {target} | {} |\n", cells.join(" | "));
    }
    table
}

/// Where the table stands, between two marks.
const READMES: &[&str] = &["README.md", "bindings-c/README.md"];

/// Calls `then` with each of the READMEs, as it is and as it should be.
fn readmes(table: &str, then: impl Fn(&str, &str, &str) -> Outcome) -> Outcome {
    READMES.iter().try_for_each(|name| {
        let now = std::fs::read_to_string(root().join(name)).map_err(|error| error.to_string())?;
        let wanted = crate::generated::replace_section(&now, "sizes", table)?;
        then(name, &now, &wanted)
    })
}

/// `cargo xtask test firmware`
pub fn test() -> Outcome {
    crate::shell::step("firmware on emulated boards", || {
        let table = table(&sizes()?);
        print!("{table}");
        readmes(&table, |name, now, wanted| {
            let outdated = format!("the sizes in {name} are out of date: cargo xtask size");
            if now == wanted { Ok(()) } else { Err(outdated) }
        })
    })?;
    crate::shell::step("a release, and firmware that uses it", crate::dist::test_firmware)?;
    crate::shell::step("the small code, on this machine", || {
        let mut test = cargo(&["test", "--quiet", "-p", "tipwire", "--test", "numbers"]);
        test.args(["--test", "reading", "--test", "writing", "--test", "grammar"]);
        test.env("CARGO_TARGET_DIR", root().join("target/small"));
        run(test.env("RUSTFLAGS", "--cfg tipwire_small"))
    })
}

/// `cargo xtask size`: prints the table, and writes it where it stands.
pub fn print() -> Outcome {
    let table = table(&sizes()?);
    print!("{table}");
    readmes(&table, |name, now, wanted| {
        if now == wanted {
            return Ok(());
        }
        std::fs::write(root().join(name), wanted).map_err(|error| error.to_string())
    })
}
