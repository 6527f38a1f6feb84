//! The npm package: WebAssembly by cargo, glue by wasm-bindgen's library, bundles by esbuild.
//! Everything that is made or installed is under `target/js`.

use std::path::PathBuf;
use std::process::Command;

use crate::driver::{self, Driver};
use crate::shell::{
    Outcome, cargo, command, have_rust, have_system, output, root, run as run_to_end, step,
    toolchain,
};
use crate::{python, vectors};

const TARGET: &str = "wasm32-unknown-unknown";

/// What the build needs of npm.
const BUILD: &[&str] = &["esbuild@0", "typescript@5", "@types/node@20", "binaryen@132"];

/// What looks at the packed package.
const PACKED: &[&str] = &["publint@0", "@arethetypeswrong/cli@0"];

/// What makes pages of it, and the runtimes; their programs are packages of npm as well.
const HOSTS: &[&str] =
    &["vite@8", "webpack@5", "playwright-core@1", "deno@2", "bun@1", "workerd@1"];

/// A module, and the features that it is built with.
const MODULES: &[(&str, &[&str])] = &[
    ("text", &["--no-default-features", "--features", "streams"]),
    ("secure", &["--no-default-features", "--features", "secure"]),
    ("full", &[]),
];

/// What makes the modules smaller and hardly slower: what is small is put where it is called, loops of
/// a few rounds stay loops, and ciphers and hashes are as their crates have them for small machines.
const SMALLER: &str = "-Cllvm-args=-inline-threshold=40 -Cllvm-args=-unroll-threshold=40 \
    --cfg sha2_backend_soft=\"compact\" --cfg aes_backend_soft=\"compact\"";

/// The package as it is published, in `target/js/package`.
pub fn build() -> Outcome {
    have_system(&[("node", "nodejs"), ("npm", "npm"), ("cc", "gcc")])?;
    have_rust(&toolchain(), &[TARGET], &[])?;
    have_npm(BUILD)?;
    let bindgen = root().join("bindings-wasm/bindgen");
    let tool = root().join("target/js/bindgen");
    run_to_end(cargo(&["build", "--quiet", "--target-dir"]).arg(&tool).current_dir(bindgen))?;
    for (module, features) in MODULES {
        let folder = root().join("target/js").join(module);
        let mut build = cargo(&["rustc", "--quiet", "--profile", "wasm", "-p", "tipwire-wasm"]);
        // Nothing but a module, or else all of it is not optimized as one.
        build.args(["--lib", "--crate-type", "cdylib", "--target", TARGET]).args(*features);
        build.env("RUSTFLAGS", SMALLER);
        run_to_end(build.arg("--target-dir").arg(&folder))?;
        let made = folder.join(TARGET).join("wasm/tipwire_wasm.wasm");
        let mut bind = Command::new(tool.join("debug/tipwire-bindgen"));
        run_to_end(bind.arg(made).arg(root().join("target/js/glue").join(module)))?;
    }
    run_to_end(&mut command("node", &["bindings-wasm/build.mjs"]))
}

/// Packages of npm are installed; without install scripts, and without a lock file, since nothing of
/// them is part of what is published.
fn have_npm(packages: &[&str]) -> Outcome {
    let folder = npm_folder();
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let name = |package: &str| package.rsplit_once('@').map(|(name, _)| name.to_owned());
    let is_there = |package: &&str| {
        name(package).is_some_and(|name| folder.join("node_modules").join(name).exists())
    };
    if packages.iter().all(is_there) {
        return Ok(());
    }
    let manifest = folder.join("package.json");
    if !manifest.exists() {
        std::fs::write(&manifest, "{ \"private\": true }\n").map_err(|error| error.to_string())?;
    }
    let quiet = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"];
    run_to_end(command("npm", &quiet).args(packages).current_dir(folder))
}

/// `cargo xtask bench js`: on Node, then in Chromium.
pub fn bench(arguments: &[String]) -> Outcome {
    build()?;
    have_browser()?;
    bench_in(&["node", "chromium"], arguments)
}

fn bench_in(places: &[&str], arguments: &[String]) -> Outcome {
    let mut print = cargo(&["run", "--quiet", "-p", "tipwire-bench", "--", "--corpus"]);
    let frames = output(&mut print).ok_or("the corpus cannot be printed")?;
    let corpus = root().join("target/js/corpus.json");
    std::fs::write(&corpus, frames).map_err(|error| error.to_string())?;
    for place in places {
        let mut bench = command("node", &[&format!("bindings-wasm/bench/{place}.mjs")]);
        bench.arg(root().join("target/js/package")).arg(&corpus).args(arguments);
        run_to_end(bench.env("NPM_FOLDER", npm_folder()))?;
    }
    Ok(())
}

pub fn have_browser() -> Outcome {
    have_system(&[("/usr/bin/chromium", "chromium")])?;
    have_npm(&["playwright-core@1"])
}

pub fn npm_folder() -> PathBuf {
    root().join("target/js/npm")
}

/// The package, with the examples beside it, as whoever has installed it has them.
pub fn build_examples() -> Outcome {
    build()?;
    let folder = root().join(EXAMPLES);
    let package = folder.join("node_modules/tipwire");
    let failed = |error: std::io::Error| format!("{EXAMPLES}: {error}");
    std::fs::create_dir_all(folder.join("node_modules")).map_err(failed)?;
    for example in ["device.mjs", "server.mjs"] {
        let from = root().join("examples/node").join(example);
        std::fs::copy(from, folder.join(example)).map_err(failed)?;
    }
    // Most often it is there from the last time.
    _ = std::fs::remove_file(&package);
    std::os::unix::fs::symlink(root().join("target/js/package"), package).map_err(failed)
}

const EXAMPLES: &str = "target/js/devices";

pub fn example(name: &str) -> Command {
    command("node", &[&format!("{EXAMPLES}/{name}.mjs")])
}

pub fn driver() -> Command {
    command("node", &["bindings-wasm/tests/hosts/process.mjs"])
}

/// TypeScript that an example of the Rust side prints.
pub fn printed(example: &str) -> Result<String, String> {
    let mut print = cargo(&["run", "--quiet", "-p", "tipwire-wasm", "--example", example]);
    output(&mut print).ok_or(format!("the example {example} does not run"))
}

fn node_test(names: &[&str]) -> Outcome {
    // What hangs is to be told, not waited for.
    let mut test = command("node", &["--test", "--test-timeout=180000"]);
    test.args(names.iter().map(|name| format!("bindings-wasm/tests/{name}.test.mjs")));
    run_to_end(test.env("PYTHON", python::program("python")).env("NPM_FOLDER", npm_folder()))
}

pub fn test() -> Outcome {
    step("npm package", build)?;
    step("npm package: tool format", || {
        let bindgen = root().join("bindings-wasm/bindgen");
        run_to_end(cargo(&["fmt", "--check"]).current_dir(bindgen))
    })?;
    step("npm package: tests on Node", || {
        node_test(&["package", "api", "ciphers", "readme", "session"])
    })?;
    step("npm package: packed and installed", || {
        have_npm(PACKED)?;
        node_test(&["packed"])
    })?;
    step("npm package: command line", || {
        python::build()?;
        node_test(&["command"])
    })?;
    step("npm package: sockets and examples", || {
        have_system(&[("openssl", "openssl")])?;
        node_test(&["node", "examples"])
    })?;
    step("npm package: benchmarks run", || bench_in(&["node"], &["/ping".into(), "--json".into()]))
}

/// `cargo xtask test --packages`: the packed package in every kind of project, and the vectors
/// wherever else JavaScript runs.
pub fn test_packages() -> Outcome {
    step("npm package", build)?;
    step("npm package: every kind of project", || {
        have_npm(PACKED)?;
        let mut test = command("node", &["--test", "--test-timeout=900000"]);
        test.arg("bindings-wasm/tests/packed.test.mjs").env("EVERY_KIND", "1");
        run_to_end(test.env("NPM_FOLDER", npm_folder()))
    })?;
    step("npm package: pages and workers", || {
        have_system(&[("/usr/bin/chromium", "chromium")])?;
        have_npm(HOSTS)?;
        run_to_end(command("node", &["bindings-wasm/tests/hosts/make.mjs"]).env("CI", "true"))
    })?;
    step("npm package: vectors in pages and other runtimes", || {
        let hosts: [(&str, Start); 11] = [
            ("Deno", || runtime("deno", &["run"])),
            ("Bun", || runtime("bun", &["run"])),
            ("workerd", || host("workerd", &[])),
            ("a page without a bundler", || host("chromium", &["plain"])),
            ("a page with a strict policy", || host("chromium", &["csp"])),
            ("a page made by esbuild", || host("chromium", &["esbuild"])),
            ("a page made by webpack", || host("chromium", &["webpack"])),
            ("a page made by Vite", || host("chromium", &["vite"])),
            ("a page that Vite serves", || host("chromium", &["vite-dev"])),
            ("a worker of a page", || host("chromium", &["worker"])),
            ("Node, installed", || {
                command("node", &["target/js/projects/hosts/hosts/process.mjs"])
            }),
        ];
        hosts.into_iter().try_for_each(|(language, start)| {
            vectors::check(&Driver { language, answers: driver::ALL, build: || Ok(()), start })
        })
    })
}

/// What starts a host.
type Start = fn() -> Command;

/// A program that asks the black box elsewhere.
fn host(name: &str, arguments: &[&str]) -> Command {
    let mut host = command("node", &[&format!("bindings-wasm/tests/hosts/{name}.mjs")]);
    host.args(arguments).env("NPM_FOLDER", npm_folder());
    host
}

/// Another runtime with the installed package.
fn runtime(name: &str, arguments: &[&str]) -> Command {
    let mut runtime = command("node", &["bindings-wasm/tests/hosts/runtime.mjs", name]);
    runtime.args(arguments).arg("target/js/projects/hosts/hosts/process.mjs");
    runtime.env("NPM_FOLDER", npm_folder());
    runtime
}
