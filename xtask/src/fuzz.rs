//! The fuzzers of `core/fuzz`, built with what a nightly compiler brings: no further tool.

use std::path::PathBuf;

use crate::shell::{Outcome, command, have_rust, root, run as run_to_end};

const TARGETS: &[&str] = &[
    "read",
    "rewrite",
    "points",
    "split_lines",
    "split_delimiter",
    "split_length_field",
    "split_length_prefixed",
    "split_json",
    "split_packets",
    "split_tagotip",
    "server",
    "client",
    "open",
    "seal",
    "tagoio",
    "thingspanel",
    "platform_server",
];

/// Coverage for libFuzzer and the address sanitizer.
const FLAGS: &str = "--cfg fuzzing -Zsanitizer=address -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

pub fn run(arguments: &[String]) -> Outcome {
    let mut words = arguments.iter();
    let mut seconds = 60;
    let mut only = None;
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let number = words.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or("--seconds takes a number")?;
        } else if TARGETS.contains(&word.as_str()) {
            only = Some(word.as_str());
        } else {
            return Err(format!("there is no fuzzer {word:?}, but {}", TARGETS.join(", ")));
        }
    }
    fuzz(only, seconds)
}

/// Runs one fuzzer or all of them for so many seconds each.
pub fn fuzz(only: Option<&str>, seconds: u64) -> Outcome {
    have_rust("nightly", &[], &[])?;
    let host = "x86_64-unknown-linux-gnu";
    let folder = root().join("core/fuzz");
    let arguments = ["+nightly", "build", "--release", "--bins", "--target", host];
    let mut build = command("cargo", &arguments);
    // The compiler of this process must not stand in for the nightly one.
    build.env_remove("RUSTUP_TOOLCHAIN").env("RUSTFLAGS", FLAGS).current_dir(&folder);
    run_to_end(&mut build)?;
    for target in TARGETS.iter().filter(|target| only.is_none_or(|only| only == **target)) {
        eprintln!("fuzzing {target} for {seconds} s");
        let found: PathBuf = folder.join("target/found").join(target);
        std::fs::create_dir_all(&found).map_err(|error| error.to_string())?;
        let binary = folder.join("target").join(host).join("release").join(target);
        let mut fuzzer =
            command(binary, &["-max_len=2000", "-print_final_stats=0", "-verbosity=0"]);
        fuzzer.arg(format!("-max_total_time={seconds}"));
        fuzzer.arg(format!("-artifact_prefix={}/crash-", folder.join("target").display()));
        fuzzer.arg(found).arg(folder.join("corpus").join(target));
        let output = fuzzer.output().map_err(|error| error.to_string())?;
        // What it prints while it runs matters only if it finds something.
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{said}\n{target} found something: {}", output.status));
        }
    }
    eprintln!("nothing was found");
    Ok(())
}
