//! The Python package: a virtual environment of its own under `target/`, and what runs in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Need, Outcome, command, have_system, output, root, run as run_to_end, step};

const SYSTEM: &[Need] =
    &[("cc", "gcc"), ("python3", "python3"), ("/usr/share/doc/python3-venv", "python3-venv")];

/// What the tests need beside the package itself.
const TOOLS: &[&str] = &[
    "maturin>=1.9,<2",
    "pytest>=8",
    "hypothesis>=6",
    "pyarrow",
    "polars",
    "duckdb",
    "pytz",
    "pandas",
    "rich",
    "mypy>=1.18",
    "typing_extensions>=4.15",
];

/// What the driver needs to be built.
const BUILD: &[&str] = &["maturin>=1.9,<2"];

/// How many bytes a wheel may have.
const WHEEL: u64 = 1_500_000;

/// An engine for Spark's API that needs no JVM.
const SCALE: &[&str] = &["pysail", "pyspark-client", "pandas<3"];

fn environment() -> PathBuf {
    root().join("target/python")
}

/// A program of the environment.
pub fn program(name: &str) -> PathBuf {
    environment().join("bin").join(name)
}

fn python(arguments: &[&str]) -> Command {
    command(program("python"), arguments)
}

/// The environment, with these packages in it.
pub fn have(packages: &[&str]) -> Outcome {
    if !program("pip").exists() {
        // Where Python is of the system, what makes environments is a package of its own.
        if output(&mut command("python3", &["-c", "import ensurepip, venv"])).is_none() {
            have_system(SYSTEM)?;
        }
        let folder = environment();
        run_to_end(command("python3", &["-m", "venv", "--clear"]).arg(folder))?;
    }
    // Asking takes a second: a list tells what is there already.
    let list = environment().join("packages");
    let known = std::fs::read_to_string(&list).unwrap_or_default();
    let missing: Vec<&str> =
        packages.iter().copied().filter(|name| !known.lines().any(|line| line == *name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run_to_end(python(&install).args(&missing))?;
    let written = std::fs::write(&list, known + &missing.join("\n") + "\n");
    written.map_err(|error| error.to_string())
}

/// The package, built and installed in the environment: with the checks of a debug build, or as
/// fast as it gets.
fn install(fast: bool) -> Outcome {
    have(BUILD)?;
    let mut develop = command(program("maturin"), &["develop", "--quiet"]);
    develop.args(["--manifest-path", "bindings-python/Cargo.toml"]);
    if fast {
        develop.arg("--release");
    }
    run_to_end(develop.env("VIRTUAL_ENV", environment()))
}

/// Builds the driver.
pub fn build() -> Outcome {
    install(false)
}

/// Starts the driver.
pub fn start() -> Command {
    python(&["bindings-python/tests/driver.py"])
}

/// One of the examples.
pub fn example(name: &str) -> Command {
    python(&[&format!("examples/python/{name}.py")])
}

/// The tests of the package.
pub fn test() -> Outcome {
    step("python package", || {
        have(TOOLS)?;
        install(false)
    })?;
    step("python tests", || pytest(&[]))?;
    step("python types", types)?;
    step("python installation", installation)
}

/// What needs big packages.
pub fn scale() -> Outcome {
    step("python at scale", || {
        have(TOOLS)?;
        have(SCALE)?;
        install(false)?;
        pytest(&["--scale", "-m", "scale"])
    })
}

/// `cargo xtask bench python`
pub fn bench(arguments: &[String]) -> Outcome {
    have(&["orjson"])?;
    install(true)?;
    run_to_end(python(&["bindings-python/benches/bench.py"]).args(arguments))
}

fn folder() -> PathBuf {
    root().join("bindings-python")
}

fn pytest(arguments: &[&str]) -> Outcome {
    run_to_end(python(&["-m", "pytest"]).args(arguments).current_dir(folder()))
}

/// Three opinions: two checkers read the sources, one compares the stub with what is there.
fn types() -> Outcome {
    let examples = root().join("examples/python");
    let mypy = ["-m", "mypy", "--config-file", "pyproject.toml", "python/tipwire"];
    run_to_end(python(&mypy).arg(&examples).current_dir(folder()))?;
    let stubtest = ["-m", "mypy.stubtest", "tipwire._tipwire", "--concise"];
    run_to_end(python(&stubtest).env("MYPYPATH", folder().join("python")).current_dir(folder()))?;
    have_system(&[("npm", "npm")])?;
    let tools = environment().join("npm");
    let pyright = tools.join("node_modules/.bin/pyright");
    if !pyright.exists() {
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"];
        run_to_end(command("npm", &install).arg(&tools).arg("pyright@1"))?;
    }
    let mut check = command(pyright, &["--pythonpath"]);
    check.arg(program("python")).arg("python/tipwire").arg(&examples);
    run_to_end(check.current_dir(folder()))
}

/// The archive of sources builds by itself, to a wheel as users get it, and the folder of the project
/// and that of the package can be installed.
fn installation() -> Outcome {
    let place = root().join("target/python-installed");
    // What was there before would prove nothing.
    let _ = std::fs::remove_dir_all(&place);
    let (archives, wheels) = (place.join("archives"), place.join("wheels"));
    let sdist = ["sdist", "--manifest-path", "bindings-python/Cargo.toml", "--out"];
    run_to_end(command(program("maturin"), &sdist).arg(&archives))?;
    let pip = |what: &str, folder: &Path, source: &Path| {
        let mut pip = python(&["-m", "pip", what, "--quiet", "--no-deps"]);
        pip.arg(if what == "wheel" { "--wheel-dir" } else { "--target" }).arg(folder).arg(source);
        pip.env("CARGO_TARGET_DIR", root().join("target")).current_dir(&place);
        pip
    };
    run_to_end(&mut pip("wheel", &wheels, &only_file(&archives)?))?;
    let wheel = only_file(&wheels)?;
    let size = std::fs::metadata(&wheel).map_err(|error| error.to_string())?.len();
    eprintln!("the wheel has {size} bytes");
    if size > WHEEL {
        return Err(format!("a wheel has {WHEEL} bytes at most"));
    }
    for (source, name) in [(wheel, "archive"), (root(), "root"), (folder(), "folder")] {
        let target = place.join(name);
        // A debug build: what is shown is that it builds.
        let mut install = pip("install", &target, &source);
        run_to_end(install.env("MATURIN_PEP517_ARGS", "--profile dev"))?;
        let code = "import sys; sys.path.insert(0, sys.argv[1]); \
                    import tipwire; assert tipwire.__file__.startswith(sys.argv[1]); \
                    assert tipwire.parse('PING|4deedd7bab8817ec|s').serial == 's'";
        run_to_end(python(&["-I", "-c", code]).arg(&target))?;
    }
    Ok(())
}

fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let file = std::fs::read_dir(folder).ok().and_then(|mut files| files.next()?.ok());
    file.map(|file| file.path()).ok_or(format!("there is nothing in {}", folder.display()))
}
