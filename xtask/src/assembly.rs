//! The core as assembly that the compiler of any board takes.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::firmware::{self, Board, PROCESSORS, Processor};
use crate::shell::{Need, Outcome, cargo, command, have_rust, have_system, output, root, run};
use crate::{avr, avr6, thumb, xtensa};

/// An architecture of the library: a file, where it counts, and what it is made and tried with.
pub struct Core {
    pub name: &'static str,
    guard: &'static str,
    /// Rust's name for it, or that of a file in `xtask/targets`.
    target: &'static str,
    /// The features of the crate: its ciphers.
    features: &'static str,
    rust_flags: &'static str,
    /// Whether Rust comes without a library for it, which a nightly compiler makes on the way.
    is_new: bool,
    /// The processors that it is run on, and the programs.
    runs_on: &'static [(&'static str, &'static [&'static str])],
}

const PROGRAMS: &[&str] = &["text", "ccm", "all"];

pub const CORES: &[Core] = &[
    Core {
        name: "armv6m",
        guard: "defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)",
        target: "thumbv6m-none-eabi",
        runs_on: &[("thumbv6m-none-eabi", PROGRAMS)],
        features: "all-ciphers",
        is_new: false,
        rust_flags: "",
    },
    Core {
        name: "armv7m",
        guard: "!defined(__ARM_PCS_VFP) && (defined(__ARM_ARCH_7M__) || \
                defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__))",
        target: "thumbv7m-none-eabi",
        runs_on: &[
            ("thumbv7m-none-eabi", PROGRAMS),
            ("thumbv7em-none-eabi", PROGRAMS),
            ("thumbv8m.main-none-eabi", PROGRAMS),
        ],
        features: "all-ciphers",
        is_new: false,
        rust_flags: "",
    },
    Core {
        name: "armv7em_hard_float",
        guard: "defined(__ARM_PCS_VFP) && (defined(__ARM_ARCH_7EM__) || \
                defined(__ARM_ARCH_8M_MAIN__))",
        target: "thumbv7em-none-eabihf",
        runs_on: &[("thumbv7em-none-eabihf", PROGRAMS)],
        // Cortex-M33 may be without these instructions.
        features: "all-ciphers",
        is_new: false,
        rust_flags: " -Ctarget-feature=-dsp -Awarnings",
    },
    Core {
        name: "riscv32imc",
        guard: "defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_compressed) && \
                defined(__riscv_mul) && !defined(__riscv_float_abi_double)",
        target: "riscv32imc-unknown-none-elf",
        runs_on: &[("riscv32imc-unknown-none-elf", PROGRAMS)],
        features: "all-ciphers",
        is_new: false,
        rust_flags: "",
    },
    Core {
        name: "avr5",
        guard: "defined(__AVR__) && (__AVR_ARCH__ == 5 || __AVR_ARCH__ == 51)",
        target: "avr-none",
        features: "aes-128-ccm",
        is_new: true,
        rust_flags: " -Ctarget-cpu=atmega328p",
        runs_on: &[("atmega328p", &["text"]), ("atmega1284p", &["ccm"])],
    },
    Core {
        name: "avr6",
        guard: "defined(__AVR__) && __AVR_ARCH__ == 6",
        target: "avr-none",
        features: "aes-128-ccm",
        is_new: true,
        rust_flags: " -Ctarget-cpu=atmega2560",
        runs_on: &[("atmega2560", &["text", "ccm", "sessions"])],
    },
    // The target of the ESP8266 that comes with the compiler has another idea of data than its LLVM.
    Core {
        name: "xtensa_call0",
        guard: "defined(__XTENSA__) && defined(__XTENSA_CALL0_ABI__)",
        target: "xtensa-call0",
        runs_on: &[("lx106", PROGRAMS), ("lx106 otherwise", &["ccm"])],
        features: "all-ciphers",
        is_new: true,
        rust_flags: "",
    },
    // What the ESP32, its S2 and its S3 have in common.
    Core {
        name: "xtensa_windowed",
        guard: "defined(__XTENSA__) && defined(__XTENSA_WINDOWED_ABI__)",
        target: "xtensa-windowed",
        runs_on: &[("de233", PROGRAMS)],
        features: "all-ciphers",
        is_new: true,
        rust_flags: "",
    },
];

/// Processors that only this library has.
const CHIPS: &[Processor] = &[
    chip("atmega328p", &["-mmcu=atmega328p"]),
    chip("atmega1284p", &["-mmcu=atmega1284p"]),
    chip("atmega2560", &["-mmcu=atmega2560"]),
    lx106("lx106", xtensa::CALL0),
    lx106("lx106 otherwise", xtensa::CALL0_OTHERWISE),
    Processor {
        target: "de233",
        flags: xtensa::WINDOWED,
        compiler: xtensa::COMPILER,
        board: Board::Bare {
            emulator: &["qemu-system-xtensa", "-M", "sim", "-cpu", "de233_fpu"],
            memories: ["0xfe000000", "1M", "0", "64K"],
        },
    },
];

const fn chip(chip: &'static str, flags: &'static [&'static str]) -> Processor {
    Processor { target: chip, flags, compiler: "avr-", board: Board::Avr { chip } }
}

const fn lx106(target: &'static str, flags: &'static [&'static str]) -> Processor {
    Processor {
        target,
        flags,
        compiler: xtensa::COMPILER,
        board: Board::Bare {
            emulator: &["qemu-system-xtensa", "-M", "sim", "-cpu", "lx106"],
            memories: ["0x50000000", "1M", "0x60000000", "64K"],
        },
    }
}

const SYSTEM: &[Need] = &[
    ("avr-gcc", "gcc-avr"),
    ("/usr/lib/avr/include/avr/io.h", "avr-libc"),
    ("simavr", "simavr"),
    ("sha256sum", "coreutils"),
];

/// Has everything that is needed to make the files, and to run them.
pub fn prepare() -> Outcome {
    firmware::prepare()?;
    have_system(SYSTEM)?;
    have_system(xtensa::SYSTEM)?;
    have_rust("nightly", &[], &["rust-src"])
}

/// Makes a file of the library, unless it is there and of these sources.
pub fn make(core: &Core, file: &Path) -> Outcome {
    if is_current(&fs::read_to_string(file).unwrap_or_default())? {
        return Ok(());
    }
    println!("making {}", file.display());
    let text = assembly(core, "arduino")?;
    fs::create_dir_all(file.parent().unwrap_or(file)).map_err(|error| error.to_string())?;
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// Whether a file is of the core as it is now.
fn is_current(text: &str) -> Result<bool, String> {
    let sources = sources()?;
    Ok(text.lines().nth(1).is_some_and(|line| line.contains(&sources)))
}

/// A file comes out alike in another folder, and is known to be old when the core has changed.
pub fn check(core: &Core, file: &Path) -> Outcome {
    let shipped = fs::read_to_string(file).map_err(|error| error.to_string())?;
    if shipped != assembly(core, "arduino-again")? {
        return Err(format!("{} came out differently", file.display()));
    }
    check_sources(file)
}

/// A file is known to be old when the core has changed.
pub fn check_sources(file: &Path) -> Outcome {
    let shipped = fs::read_to_string(file).map_err(|error| error.to_string())?;
    if !is_current(&shipped)? || is_current(&shipped.replace(&sources()?, "others"))? {
        return Err(format!("{} does not say what it was made of", file.display()));
    }
    Ok(())
}

/// Assembles a file as the compiler of a board does, links it into the programs with known answers,
/// and runs them.
pub fn emulate(core: &Core, file: &Path) -> Outcome {
    for (name, programs) in core.runs_on {
        let processor = processor(name)?;
        let object = assemble(core, processor, file)?;
        for name in *programs {
            let (flash, stack) = try_program(processor, name, &object)?;
            println!(
                "tipwire_{}.S: {name} is right on {}, with {flash} bytes of flash, {stack} of stack",
                core.name, processor.target
            );
        }
    }
    Ok(())
}

/// Assembles the file of a core for a processor that it runs on.
pub fn object(core: &str, name: &str, file: &Path) -> Result<PathBuf, String> {
    assemble(named(core)?, processor(name)?, file)
}

/// Links an archive into the programs that are for a processor of a core, and runs them.
pub fn emulate_archive(core: &str, name: &str, archive: &Path) -> Outcome {
    let found = named(core)?.runs_on.iter().find(|(processor, _)| *processor == name);
    let (_, programs) = found.ok_or(format!("{core} does not run on {name}"))?;
    for program in *programs {
        try_program(processor(name)?, program, archive)?;
        println!("{}: {program} is right on {name}", archive.display());
    }
    Ok(())
}

fn named(core: &str) -> Result<&'static Core, String> {
    CORES.iter().find(|one| one.name == core).ok_or(format!("there is no core {core}"))
}

/// One of the processors that the files are run on.
pub fn processor(name: &str) -> Result<&'static Processor, String> {
    let found = PROCESSORS.iter().chain(CHIPS).find(|processor| processor.target == name);
    found.ok_or(format!("there is no processor {name}"))
}

/// Links a program and runs it, and gives what it takes of flash and of stack.
fn try_program(processor: &Processor, name: &str, object: &Path) -> Result<(usize, usize), String> {
    let program = firmware::program(processor, name, &[], object)?;
    let said = firmware::emulate(processor, &program)?;
    let stack = firmware::stack(&said).unwrap_or_default();
    Ok((firmware::flash(processor, &program)?, stack))
}

fn assemble(core: &Core, processor: &Processor, source: &Path) -> Result<PathBuf, String> {
    let to = root().join("target/arduino").join(format!("{}-{}.o", core.name, processor.target));
    fs::create_dir_all(root().join("target/arduino")).map_err(|error| error.to_string())?;
    if processor.flags == xtensa::WINDOWED {
        xtensa::compile(source, &to, &[])?;
    } else {
        let mut gcc = command(format!("{}gcc", processor.compiler), processor.flags);
        run(gcc.args(["-c", "-Wall", "-Werror"]).arg(source).arg("-o").arg(&to))?;
    }
    let mut wants = command(format!("{}nm", processor.compiler), &["--undefined-only"]);
    let wants = output(wants.arg(&to)).ok_or("an object cannot be read")?;
    match wants.lines().find(|name| name.ends_with("ti3")) {
        Some(name) => Err(format!("{} wants{name}, which few boards have", core.name)),
        None => Ok(to),
    }
}

/// The assembly of the core for an architecture, as it is shipped.
fn assembly(core: &Core, scratch: &str) -> Result<String, String> {
    let target_dir = root().join("target/firmware").join(scratch).join(core.name);
    let mut build = if core.is_new {
        let mut nightly = command("cargo", &["+nightly", "rustc", "-Zbuild-std=core"]);
        nightly.env_remove("RUSTUP_TOOLCHAIN");
        nightly
    } else {
        cargo(&["rustc"])
    };
    build.args(["--quiet", "--profile", "firmware", "-p", "tipwire-c", "--no-default-features"]);
    let specification = root().join(format!("xtask/targets/{}.json", core.target));
    build.args(["--features", core.features, "--target"]);
    if specification.exists() {
        build.arg(specification).arg("-Zjson-target-spec");
    } else {
        build.arg(core.target);
    }
    build.env("CARGO_TARGET_DIR", &target_dir);
    build.env("RUSTFLAGS", firmware::flags() + core.rust_flags);
    let built = target_dir.join(core.target).join("firmware");
    let made = if thumb::is(core.target) {
        let made = target_dir.join("tipwire.s");
        thumb::lower(&firmware::emit(&mut build, &built, "llvm-ir", "ll")?, "asm", &made)?;
        made
    } else {
        firmware::emit(&mut build, &built, "asm", "s")?
    };
    let mut text = portable(&fs::read_to_string(&made).map_err(|error| error.to_string())?);
    match core.target {
        "avr-none" => {
            if core.name == "avr6" {
                text = avr6::repaired(&text)?;
            }
            text = avr::reaching(&avr::repaired(&text)?);
        }
        "xtensa-call0" => text = xtensa::shipped(&text, ".irom0.text", "")?,
        "xtensa-windowed" => text = xtensa::shipped(&text, ".text", "\tentry\ta1, 32\n")?,
        _ => {}
    }
    Ok(format!(
        "/* The core of tipwire, made by `cargo xtask dist arduino` of the sources\n * {}. */\n\
         #if {}\n{text}#endif\n",
        sources()?,
        core.guard,
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
    // The name of a section that constants share, and the rest of its line.
    let mut shared = None;
    let mut sections = 0;
    for line in text.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        if word == ".section" {
            debug =
                line.contains(".debug_") || line.contains(".note.") || line.contains(".ARM.exidx");
            shared = line.split_once(',').filter(|(name, _)| is_shared(name));
        } else if word == ".text" {
            (debug, shared) = (false, None);
        }
        let is_dropped = DROPPED.iter().any(|start| match start.strip_suffix('_') {
            Some(_) => word.starts_with(start),
            None => word == *start || (*start == ".addrsig" && word.starts_with(start)),
        });
        let is_ours = !matches!(word, ".globl" | ".global") || line.contains("tipwire_");
        if debug || is_dropped || !is_ours || word.is_empty() {
            continue;
        }
        // Each of them in its own, so that those which nobody wants are left out.
        if let Some((name, kind)) = shared.filter(|_| matches!(word, ".section" | ".type")) {
            result += &format!("{name}.{sections},{kind}\n");
            sections += 1;
        }
        if shared.is_some() && word == ".section" {
            continue;
        }
        match line.split_once(" = pm(") {
            Some((name, other)) => {
                let line = format!("\t.set\t{name}, {}", other.trim_end_matches(')'));
                shorten(&line, &mut names, &mut result);
            }
            None => shorten(line, &mut names, &mut result),
        }
        result.push('\n');
    }
    result
}

/// Whether the first half of the line of a section says that it is of all constants of a size.
fn is_shared(name: &str) -> bool {
    let name = name.trim_start().trim_start_matches(".section").trim();
    let sizes = name.strip_prefix(".rodata.cst").or_else(|| name.strip_prefix(".rodata.str"));
    sizes.is_some_and(|sizes| sizes.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

fn shorten(line: &str, names: &mut HashMap<String, usize>, result: &mut String) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut rest = line;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let starts = ["_ZN", "_R", ".Lanon.", "anon."].iter().any(|start| rest.starts_with(start));
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
                xtask/targets Cargo.toml Cargo.lock rust-toolchain.toml | xargs -0 sha256sum | sha256sum";
    let hash = output(&mut command("sh", &["-c", list])).ok_or("the sources cannot be hashed")?;
    Ok(hash.split_whitespace().next().unwrap_or_default().to_owned())
}
