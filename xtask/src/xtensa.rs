//! What is wrong in the assembly that LLVM makes for Xtensa, and programs for the processors with
//! windowed registers, whose own assembler is not here: GNU's takes it for a processor without them if the
//! instructions that this one has not are written as numbers. LLVM's takes the wrong constants.

use std::fs;
use std::path::Path;

use crate::shell::{Need, Outcome, command, output, run};

pub const SYSTEM: &[Need] = &[
    ("xtensa-lx106-elf-gcc", "gcc-xtensa-lx106"),
    ("qemu-system-xtensa", "qemu-system-misc"),
    ("clang-22", "clang-22"),
];

pub const COMPILER: &str = "xtensa-lx106-elf-";

/// What the compiler is told as the board package of the ESP8266 does; and to be silent of what its own library
/// leaves open.
pub const CALL0: &[&str] = &["-mlongcalls", "-Wl,-z,noexecstack"];

/// What others may tell it: nothing depends on where it leaves constants of its own.
pub const CALL0_OTHERWISE: &[&str] = &["-mtext-section-literals", "-Wl,-z,noexecstack"];

/// The same for processors with windowed registers: nothing that the linker does not know may be moved.
pub const WINDOWED: &[&str] = &["-mlongcalls", "-Wl,-z,noexecstack", "-Wl,--no-relax"];

/// What `xtask/targets/xtensa-windowed.json` says of the processors, and what starts them.
const FEATURES: &[&str] =
    &["density", "windowed", "sext", "nsa", "mul32", "div32", "minmax", "exception", "rvector"];

/// The assembly of the core: with the weak function that firmware may replace, for which the compiler of
/// Rust takes no assembly here. Its first instruction is what functions have there.
pub fn shipped(text: &str, code: &str, first: &str) -> Result<String, String> {
    let text = repaired(text, code)?;
    Ok(format!(
        "{text}\t.section\t{code}.tipwire_panicked,\"ax\",@progbits\n\t.p2align\t2\n\t.weak\ttipwire_panicked\n\
         \t.type\ttipwire_panicked,@function\ntipwire_panicked:\n{first}1:\n\tj\t1b\n\
         \t.section\t.note.GNU-stack,\"\",@progbits\n"
    ))
}

/// Puts the constants of each function before it, in its own section: LLVM has them in that of the function
/// before, in a way that depends on what the assembler is told. Code is in sections whose names start
/// with `code`.
fn repaired(text: &str, code: &str) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    // What the constants are, and their names.
    let mut literals: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let words = line.trim_start();
        let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        match word {
            ".literal_position" => continue,
            ".literal" => {
                let (name, value) = rest.split_once(',').ok_or(format!("what is {line}?"))?;
                match literals.iter_mut().find(|(known, _)| *known == value) {
                    Some((_, names)) => names.push(name),
                    None => literals.push((value, vec![name])),
                }
                continue;
            }
            ".type" if rest.ends_with("@function") && !literals.is_empty() => {
                result += "\t.p2align\t2\n";
                for (value, names) in literals.drain(..) {
                    names.iter().for_each(|name| result += &format!("{name}:\n"));
                    result += &format!("\t.long\t{}\n", value.trim_start());
                }
            }
            _ => {}
        }
        match rest.strip_prefix(".text.").filter(|_| word == ".section") {
            Some(name) => result += &format!("\t.section\t{code}.{name}"),
            None => result += line,
        }
        result.push('\n');
    }
    if literals.is_empty() { Ok(result) } else { Err("constants without a function".into()) }
}

/// Compiles a file of C or assembly for windowed registers.
pub fn compile(source: &Path, to: &Path, flags: &[&str]) -> Outcome {
    let gcc = || command(format!("{COMPILER}gcc"), WINDOWED);
    let text = if source.extension().is_some_and(|kind| kind == "c") {
        let mut clang = command("clang-22", &["--target=xtensa", "-D__XTENSA_WINDOWED_ABI__"]);
        for feature in FEATURES {
            clang.args(["-Xclang", "-target-feature", "-Xclang", &format!("+{feature}")]);
        }
        // A frame pointer would want a handler for stacks that move.
        clang
            .args(["-S", "-fno-addrsig", "-ffreestanding", "-fomit-frame-pointer"])
            .args(flags)
            .arg(source);
        run(clang.arg("-o").arg(to))?;
        repaired(&fs::read_to_string(to).map_err(|error| error.to_string())?, ".text")?
    } else {
        let mut gcc = gcc();
        gcc.args(["-E", "-U__XTENSA_CALL0_ABI__", "-D__XTENSA_WINDOWED_ABI__"]);
        output(gcc.arg(source)).ok_or(format!("{} cannot be read", source.display()))?
    };
    let assembly = to.with_extension("s");
    let lines: Vec<String> = text.lines().map(encoded).collect();
    fs::write(&assembly, lines.join("\n") + "\n").map_err(|error| error.to_string())?;
    run(gcc().args(["-c", "-Wall", "-Werror"]).arg(&assembly).arg("-o").arg(to))
}

/// A line, as a number if it is an instruction that only processors with windowed registers have.
fn encoded(line: &str) -> String {
    let mut words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let name = words.next().unwrap_or_default();
    let operands: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
    let mut numbers = [0; 3];
    for (number, operand) in numbers.iter_mut().zip(&operands) {
        let digits = operand.strip_prefix('a').unwrap_or(operand);
        *number = match (*operand, digits.parse()) {
            ("windowbase", _) => 72,
            ("windowstart", _) => 73,
            (_, Ok(number)) => number,
            // Not one of ours.
            _ => return line.to_owned(),
        };
    }
    let [a, b, c] = numbers;
    let (r, s, t) = (a << 12, b << 8, c << 4);
    let code: i32 = match name {
        "entry" => 0x36 | a << 8 | (b / 8) << 12,
        "callx8" => 0xe0 | a << 8,
        "retw" | "retw.n" => 0x90,
        "sext" => 0x23_0000 | r | s | (c - 7) << 4,
        "min" => 0x43_0000 | r | s | t,
        "max" => 0x53_0000 | r | s | t,
        "minu" => 0x63_0000 | r | s | t,
        "maxu" => 0x73_0000 | r | s | t,
        "quou" => 0xc2_0000 | r | s | t,
        "quos" => 0xd2_0000 | r | s | t,
        "remu" => 0xe2_0000 | r | s | t,
        "rems" => 0xf2_0000 | r | s | t,
        "l32e" => 0x09_0000 | (c / 4 + 16) << 12 | s | a << 4,
        "s32e" => 0x49_0000 | (c / 4 + 16) << 12 | s | a << 4,
        "rfwo" => 0x3400,
        "rfwu" => 0x3500,
        "wsr" if matches!(b, 72 | 73) => 0x13_0000 | s | a << 4,
        _ => return line.to_owned(),
    };
    let [first, second, third, _] = code.to_le_bytes();
    format!("\t.byte\t{first}, {second}, {third}")
}

#[cfg(test)]
mod tests {
    use super::{encoded, repaired};

    #[test]
    fn constants_stand_once_each_before_their_function_in_its_section() {
        let llvm = "\t.section\t.text.a,\"ax\"\n\t.literal_position\n\t.literal .L0, memcpy\n\
                    \t.literal .L1, 70000\n\t.literal .L2, memcpy\n\t.section\t.text.b,\"ax\"\n\
                    \t.type\tb,@function\nb:\n\tl32r\ta8, .L0\n";
        let wanted = "\t.section\t.code.a,\"ax\"\n\t.section\t.code.b,\"ax\"\n\t.p2align\t2\n\
                      .L0:\n.L2:\n\t.long\tmemcpy\n.L1:\n\t.long\t70000\n\
                      \t.type\tb,@function\nb:\n\tl32r\ta8, .L0\n";
        assert_eq!(repaired(llvm, ".code").as_deref(), Ok(wanted));
    }

    #[test]
    fn constants_that_no_function_follows_are_told() {
        assert!(repaired("\t.literal .L0, 1\n", ".text").is_err());
    }

    #[test]
    fn instructions_of_windowed_processors_become_numbers() {
        for (line, number) in [
            ("\tentry\ta1, 32", "\t.byte\t54, 65, 0"),
            ("\tcallx8\ta8", "\t.byte\t224, 8, 0"),
            ("\tsext\ta2, a3, 7", "\t.byte\t0, 35, 35"),
            ("\tl32r\ta8, .L0", "\tl32r\ta8, .L0"),
        ] {
            assert_eq!(encoded(line), number);
        }
    }
}
