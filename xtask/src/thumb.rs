//! Code for Cortex-M without frame pointers, which the compiler of Rust insists on there for debuggers: they
//! make it a thirtieth larger, and its stack deeper. LLVM is asked for it once more.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Outcome, command, output, run};

/// What the toolchain has to have.
pub const COMPONENTS: &[&str] = &["llvm-tools"];

/// What the compiler of Rust tells LLVM too.
const OPTIONS: &[&str] = &[
    "-O2",
    "--relocation-model=static",
    "--function-sections",
    "--data-sections",
    "--trap-unreachable",
    "--asm-verbose=false",
];

const FRAME_POINTERS: &str = "\"frame-pointer\"=\"all\"";

/// Whether a target is one of those.
pub fn is(target: &str) -> bool {
    target.starts_with("thumb")
}

/// Makes an object, or assembly, of what the compiler of Rust has optimized.
pub fn lower(code: &Path, kind: &str, to: &Path) -> Outcome {
    let text = fs::read_to_string(code).map_err(|error| error.to_string())?;
    if !text.contains(FRAME_POINTERS) {
        return Err(format!("{} wants no frame pointers: this is not needed", code.display()));
    }
    fs::write(code, text.replace(FRAME_POINTERS, "")).map_err(|error| error.to_string())?;
    let mut llc = command(llc()?, OPTIONS);
    run(llc.arg(format!("--filetype={kind}")).arg(code).arg("-o").arg(to))
}

/// LLVM's compiler, as it comes with the toolchain.
fn llc() -> Result<PathBuf, String> {
    let rustc = |question: &[&str]| {
        let answer = output(&mut command("rustc", question));
        answer.ok_or("the toolchain does not answer")
    };
    let version = rustc(&["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let libraries = rustc(&["--print", "target-libdir", "--target", host.unwrap_or_default()])?;
    Ok(Path::new(libraries.trim()).with_file_name("bin/llc"))
}
