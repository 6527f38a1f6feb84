//! Everything that exists, checked: `cargo xtask test`.

use std::process::Command;

use crate::shell::{
    Need, Outcome, cargo, command, have_rust, have_system, root, run as run_to_end, step, toolchain,
};
use crate::{agreement, fuzz, generated, python, size, vectors};

/// Builds without a standard library: the smallest and the widest of the processors.
const BARE: &[&str] = &["thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

/// The features that each bring a cipher.
const CIPHERS: &[&str] =
    &["aes-128-ccm", "aes-128-gcm", "aes-256-ccm", "aes-256-gcm", "chacha20-poly1305"];

/// Crates with C in them want a C compiler, the Python package an interpreter.
const SYSTEM: &[Need] = &[("cc", "gcc"), ("python3", "python3")];

/// A part of the tests that can be run alone.
struct Group {
    name: &'static str,
    run: fn() -> Outcome,
}

const GROUPS: &[Group] = &[
    Group { name: "lint", run: lint },
    Group { name: "core", run: core },
    Group { name: "c", run: crate::c::test },
    Group { name: "sketches", run: crate::sketches::test },
    Group {
        name: "vectors",
        run: || step("vectors", || vectors::run().and_then(|()| agreement::test())),
    },
    Group { name: "python", run: python::test },
    Group { name: "gateway", run: crate::gateway::test },
    Group { name: "js", run: crate::js::test },
];

/// What is run only if it is asked for: it needs much room or time, emulators or a browser.
const EXTRA: &[Group] = &[
    Group { name: "arduino", run: crate::arduino::test },
    Group { name: "conversations", run: crate::conversations::test },
    Group { name: "firmware", run: crate::firmware::test },
    Group { name: "inspector", run: crate::gateway::test_page },
    Group { name: "pythons", run: crate::pythons::test },
    Group { name: "packages", run: crate::js::test_packages },
    Group { name: "scale", run: python::scale },
];

/// Runs the groups that are named, or all of them.
pub fn run(arguments: &[String]) -> Outcome {
    let named = |group: &Group| {
        arguments.iter().any(|word| word.strip_prefix("--").unwrap_or(word) == group.name)
    };
    let all = || GROUPS.iter().chain(EXTRA);
    if all().filter(|group| named(group)).count() < arguments.len() {
        let names: Vec<&str> = all().map(|group| group.name).collect();
        return Err(format!("the parts of the tests are {}", names.join(", ")));
    }
    let is_all = |group: &Group| arguments.is_empty() && EXTRA.iter().all(|e| e.name != group.name);
    for group in all().filter(|group| is_all(group) || named(group)) {
        (group.run)()?;
    }
    eprintln!("\nall is well");
    Ok(())
}

fn lint() -> Outcome {
    step("toolchain", || {
        have_system(SYSTEM)?;
        have_rust(&toolchain(), BARE, &["rustfmt", "clippy"])
    })?;
    step("format", || {
        run_to_end(&mut cargo(&["fmt", "--all", "--check"]))?;
        for folder in ["core/fuzz", "core/footprint"] {
            run_to_end(cargo(&["fmt", "--check"]).current_dir(root().join(folder)))?;
        }
        Ok(())
    })?;
    step("lints", || {
        let lints =
            ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-Dwarnings"];
        run_to_end(&mut cargo(&lints))
    })?;
    step("generated files", generated::check_all)
}

fn core() -> Outcome {
    step("core tests", core_tests)?;
    step("documentation", || {
        let mut doc = cargo(&["doc", "--quiet", "--no-deps", "-p", "tipwire", "--all-features"]);
        run_to_end(doc.env("RUSTDOCFLAGS", "-Dwarnings"))
    })?;
    step("each cipher alone", each_cipher_alone)?;
    step("bare metal builds", || {
        have_rust(&toolchain(), BARE, &[])?;
        for target in BARE {
            let build = ["build", "--quiet", "-p", "tipwire", "--no-default-features", "--target"];
            run_to_end(unoptimized(&mut cargo(&build)).arg(target))?;
            let ciphers = ["--features", &CIPHERS.join(",")];
            run_to_end(unoptimized(&mut cargo(&build)).arg(target).args(ciphers))?;
        }
        Ok(())
    })?;
    step("size of envelopes", || size::run(&["envelope".to_owned()]))?;
    step("benchmarks run", || {
        let one = ["run", "--quiet", "--release", "-p", "tipwire-bench", "--", "--json", "/ping"];
        run_to_end(&mut cargo(&one))
    })?;
    step("interpreted tests", interpreted)?;
    step("fuzzers, a little", || fuzz::fuzz(None, 3))
}

fn core_tests() -> Outcome {
    run_to_end(&mut cargo(&["test", "--quiet", "-p", "tipwire", "--all-features"]))?;
    // Without features only what needs none: the tests themselves want vectors and strings.
    run_to_end(&mut cargo(&["check", "--quiet", "-p", "tipwire", "--no-default-features"]))?;
    run_to_end(&mut cargo(&["test", "--quiet", "--release", "-p", "tipwire", "--test", "stack"]))
}

/// Where to optimize takes longer than what is saved by it.
fn unoptimized(cargo: &mut Command) -> &mut Command {
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
}

/// What envelopes promise, with each of the ciphers built in alone; and where the large vectors are
/// tried at every bit, with all of them.
fn each_cipher_alone() -> Outcome {
    for cipher in CIPHERS {
        let test = ["test", "--quiet", "-p", "tipwire", "--no-default-features"];
        let alone = format!("std,{cipher}");
        let which = ["--lib", "--test", "envelopes", "--features", &alone];
        run_to_end(unoptimized(&mut cargo(&test)).args(which))?;
    }
    let test = ["test", "--quiet", "--release", "-p", "tipwire", "--test", "envelopes"];
    run_to_end(&mut cargo(&test))
}

/// Tests under Miri, which sees undefined behaviour of this crate and of those below it: of reading and
/// writing. Ciphers would take hours there, and what stands on nothing else has none: it has no `unsafe`.
fn interpreted() -> Outcome {
    have_rust("nightly", &[], &["miri", "rust-src"])?;
    let arguments = ["+nightly", "miri", "test", "-p", "tipwire"];
    let mut miri = command("cargo", &arguments);
    miri.args(["--lib", "--test", "reading", "--test", "writing"]);
    miri.arg("--");
    for elsewhere in ["envelope", "stream", "session", "platform", "scan", "utf8"] {
        miri.args(["--skip", elsewhere]);
    }
    miri.env("MIRIFLAGS", "-Zmiri-disable-isolation").env_remove("RUSTUP_TOOLCHAIN");
    run_to_end(&mut miri)
}
