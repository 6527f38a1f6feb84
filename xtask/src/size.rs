//! How much flash and stack envelopes take on a Cortex-M0+, as an emulated one says.

use crate::shell::{Outcome, command, have_rust, have_system, root, run as run_to_end, toolchain};

const TARGET: &str = "thumbv6m-none-eabi";

pub fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [what] if what == "envelope" => envelope(),
        [what] if what == "arduino" => crate::sketch_sizes::print(),
        _ => Err("the size of what: envelope, arduino?".into()),
    }
}

fn envelope() -> Outcome {
    have_rust(&toolchain(), &[TARGET], &[])?;
    have_system(&[("qemu-system-arm", "qemu-system-arm")])?;
    let scaffold = flash(&measure("")?)?;
    for (title, features) in [("aes-128-ccm only", "ccm"), ("all ciphers", "all")] {
        let lines = measure(features)?;
        println!("{title}: {} bytes of code", flash(&lines)? - scaffold);
        for line in lines.iter().filter(|line| !line.starts_with("flash")) {
            let (what, bytes) = line.rsplit_once(' ').ok_or(line.as_str())?;
            let kind = if what == "sealer" || what == "opener" { "RAM to hold" } else { "stack" };
            println!("  {what:<26} {bytes:>5} bytes of {kind}");
        }
    }
    Ok(())
}

/// What the program says when it runs with these features.
fn measure(features: &str) -> Result<Vec<String>, String> {
    let folder = root().join("core/footprint");
    let build = ["build", "--quiet", "--release", "--target", TARGET, "--features", features];
    let mut build = command("cargo", &build);
    let flags = format!("-Clink-arg=-T{}", folder.join("link.ld").display());
    run_to_end(build.current_dir(&folder).env("RUSTFLAGS", flags))?;
    let program = folder.join("target").join(TARGET).join("release/tipwire-footprint");
    let arguments = ["-M", "microbit", "-nographic", "-semihosting", "-kernel"];
    let mut emulator = command("qemu-system-arm", &arguments);
    let output = emulator.arg(program).output().map_err(|error| error.to_string())?;
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let lines: Vec<String> = said.concat().lines().map(str::to_owned).collect();
    if !output.status.success() || lines.iter().any(|line| line == "panic") {
        return Err(format!("the emulated program failed: {}", lines.join("; ")));
    }
    Ok(lines)
}

/// The bytes of flash among what the program says.
fn flash(lines: &[String]) -> Result<usize, String> {
    let found = lines.iter().find_map(|line| line.strip_prefix("flash ")?.parse().ok());
    found.ok_or(format!("no size in {}", lines.join("; ")))
}
