//! Running other programs, and having what they need.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

pub type Outcome = Result<(), String>;

/// The folder of the project.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// A command that starts in the folder of the project.
pub fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

pub fn cargo(arguments: &[&str]) -> Command {
    command("cargo", arguments)
}

/// Runs a command to its end; it must succeed.
pub fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown}: {status}")),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

/// What a command prints; `None` if it fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// One step of a task: says what it is, how long it took, and which command failed.
pub fn step(name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    eprintln!("\n== {name}");
    let start = Instant::now();
    work().map_err(|problem| format!("{name}: {problem}"))?;
    eprintln!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The toolchain has these targets and components.
pub fn have_rust(toolchain: &str, targets: &[&str], components: &[&str]) -> Outcome {
    let list = |what: &str| {
        let arguments = [what, "list", "--installed", "--toolchain", toolchain];
        output(&mut command("rustup", &arguments)).unwrap_or_default()
    };
    let missing = |wanted: &[&str], installed: &str| -> Vec<String> {
        let has = |name: &str| installed.lines().any(|line| line.starts_with(name));
        wanted.iter().filter(|name| !has(name)).map(|name| (*name).to_owned()).collect()
    };
    for (what, wanted) in [("target", targets), ("component", components)] {
        let missing = missing(wanted, &list(what));
        if !missing.is_empty() {
            eprintln!("adding {what} {}", missing.join(" "));
            let mut add = command("rustup", &[what, "add", "--toolchain", toolchain]);
            run(add.args(missing))?;
        }
    }
    Ok(())
}

/// The toolchain that `rust-toolchain.toml` pins.
pub fn toolchain() -> String {
    let text = std::fs::read_to_string(root().join("rust-toolchain.toml")).unwrap_or_default();
    let channel = text.lines().find_map(|line| line.strip_prefix("channel = "));
    channel.map_or("stable".into(), |channel| channel.trim_matches('"').to_owned())
}

/// What a task needs of the system: a program by its name, or a file by its path, and the Debian
/// package that brings it.
pub type Need = (&'static str, &'static str);

/// The system has all of these: packages that are missing are installed where this user may do
/// that, else named with the command.
pub fn have_system(needs: &[(&str, &str)]) -> Outcome {
    let mut missing: Vec<&str> =
        needs.iter().filter(|(what, _)| !is_there(what)).map(|(_, package)| *package).collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let is_root = output(&mut command("id", &["-u"])).is_some_and(|id| id.trim() == "0");
    if !is_root || !is_there("apt-get") {
        return Err(format!("this needs: apt-get install --no-install-recommends {packages}"));
    }
    eprintln!("installing {packages}");
    let quiet = |arguments: &[&str]| {
        let mut apt = command("apt-get", arguments);
        apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        apt
    };
    run(&mut quiet(&["-qq", "update"]))?;
    run(quiet(&["-qq", "-y", "--no-install-recommends", "install"]).args(&missing))?;
    match needs.iter().find(|(what, _)| !is_there(what)) {
        Some((what, package)) => Err(format!("{package} did not bring {what}")),
        None => Ok(()),
    }
}

fn is_there(what: &str) -> bool {
    if what.starts_with('/') {
        return std::path::Path::new(what).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(what).is_file())
}
