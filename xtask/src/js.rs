//! The npm package: WebAssembly by cargo, glue by wasm-bindgen's library, bundles by esbuild.
//! Everything that is made or installed is under `target/js`.

use std::path::PathBuf;
use std::process::Command;

use crate::python;
use crate::shell::{
    Outcome, cargo, command, have_rust, have_system, output, root, run as run_to_end, step,
    toolchain,
};

const TARGET: &str = "wasm32-unknown-unknown";

/// What the build needs of npm.
const BUILD: &[&str] = &["esbuild@0", "typescript@5", "@types/node@20"];

/// A module, and the features that it is built with.
const MODULES: &[(&str, &[&str])] = &[("text", &["--no-default-features"]), ("full", &[])];

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
        let mut build = cargo(&["build", "--quiet", "--profile", "wasm", "-p", "tipwire-wasm"]);
        build.args(["--lib", "--target", TARGET]).args(*features);
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

/// `ts/layout.ts`, from the table of the Rust side.
pub fn layout() -> Result<String, String> {
    let mut layout = cargo(&["run", "--quiet", "-p", "tipwire-wasm", "--example", "layout"]);
    output(&mut layout).ok_or("the example layout does not run".into())
}

fn node_test(names: &[&str]) -> Outcome {
    // What hangs is to be told, not waited for.
    let mut test = command("node", &["--test", "--test-timeout=180000"]);
    test.args(names.iter().map(|name| format!("bindings-wasm/tests/{name}.test.mjs")));
    run_to_end(test.env("PYTHON", python::program("python")))
}

pub fn test() -> Outcome {
    step("npm package", build)?;
    step("npm package: tool format", || {
        let bindgen = root().join("bindings-wasm/bindgen");
        run_to_end(cargo(&["fmt", "--check"]).current_dir(bindgen))
    })?;
    step("npm package: tests on Node", || node_test(&["package", "api", "readme", "session"]))?;
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
