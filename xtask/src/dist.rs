//! What is given to others: `cargo xtask dist c`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::c::{LIBRARIES, compiler};
use crate::firmware::{self, ARCHIVES, Board, PROCESSORS};
use crate::shell::{Need, Outcome, cargo, command, have_system, output, root, run as run_to_end};

const SYSTEM: &[Need] = &[
    ("gcc", "gcc"),
    ("ar", "binutils"),
    ("tar", "tar"),
    ("gzip", "gzip"),
    ("sha256sum", "coreutils"),
];

/// What a test of a release needs beside it.
const CONSUMERS: &[Need] =
    &[("g++", "g++"), ("make", "make"), ("cmake", "cmake"), ("pkg-config", "pkg-config")];

pub fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [what] if what == "c" => {
            let archive = release(true)?;
            println!("{}", archive.display());
            Ok(())
        }
        [what] if what == "arduino" => {
            println!("{}", crate::arduino::release()?.display());
            println!("{}", crate::precompiled::release()?.display());
            Ok(())
        }
        _ => Err("dist makes c or arduino".into()),
    }
}

/// The C library as others get it: a folder that works wherever it is put.
fn folder() -> PathBuf {
    root().join("target/dist/c")
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The versions that are alike for whoever uses the library: until 1.0, those of one minor version.
fn series() -> String {
    let numbers: Vec<&str> = version().split('.').take(2).collect();
    numbers.join(".")
}

fn soname() -> String {
    format!("libtipwire.so.{}", series())
}

/// Makes the folder, and of it the archive, whose path it gives.
fn release(with_firmware: bool) -> Result<PathBuf, String> {
    have_system(SYSTEM)?;
    if with_firmware {
        firmware::prepare()?;
    }
    let folder = folder();
    let _ = fs::remove_dir_all(&folder);
    libraries(&folder.join("lib"))?;
    for (from, to) in TEXTS {
        let text =
            fs::read_to_string(root().join(from)).map_err(|error| format!("{from}: {error}"))?;
        write(&folder.join(to), &fill(&text))?;
    }
    if with_firmware {
        for processor in PROCESSORS {
            for (name, features) in ARCHIVES {
                let archive = firmware::archive(processor, name, features)?;
                let to =
                    folder.join("firmware").join(processor.target).join(format!("lib{name}.a"));
                copy(&archive, &to)?;
            }
        }
    }
    pack(&folder)
}

/// Where the texts of a release come from, and where they go.
const TEXTS: &[(&str, &str)] = &[
    ("include/tipwire.h", "include/tipwire.h"),
    ("include/tipwire.hpp", "include/tipwire.hpp"),
    ("LICENSE", "LICENSE"),
    ("bindings-c/README.md", "README.md"),
    ("bindings-c/release/CMakeLists.txt", "CMakeLists.txt"),
    ("bindings-c/release/tipwireConfig.cmake", "lib/cmake/tipwire/tipwireConfig.cmake"),
    (
        "bindings-c/release/tipwireConfigVersion.cmake",
        "lib/cmake/tipwire/tipwireConfigVersion.cmake",
    ),
    ("bindings-c/release/tipwire.pc", "lib/pkgconfig/tipwire.pc"),
];

/// A text with what only a release knows.
fn fill(text: &str) -> String {
    text.replace("@VERSION@", version())
        .replace("@SERIES@", &series())
        .replace("@SONAME@", &soname())
        .replace("@FLAGS@", &LIBRARIES.join(" "))
        .replace("@LIBRARIES@", &LIBRARIES.join(";"))
        .replace("](../include/", "](include/")
}

/// Functions begin where lines of the cache do: else the same loop is a tenth slower in one program than
/// in another, by where it comes to lie.
pub const ALIGNED: &str = "-Cllvm-args=-align-all-functions=6";

/// The archive for this machine that ships.
pub fn library() -> Result<PathBuf, String> {
    let target_dir = root().join("target/dist/build");
    let mut build = cargo(&["build", "--quiet", "--release", "-p", "tipwire-c"]);
    build
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("RUSTFLAGS", format!("{} {ALIGNED}", firmware::remap()));
    run_to_end(&mut build)?;
    let stripped = target_dir.join("libtipwire.a");
    firmware::strip(&target_dir.join("release/libtipwire.a"), "", &[], &stripped)?;
    Ok(stripped)
}

/// The libraries for this machine: the archive, and the shared library that is linked of it.
fn libraries(to: &Path) -> Outcome {
    let archive = to.join("libtipwire.a");
    copy(&library()?, &archive)?;
    let shared = to.join(format!("libtipwire.so.{}", version()));
    let mut link = command("gcc", &["-shared", "-s", "-Wl,-z,defs", "-Wl,--gc-sections"]);
    link.arg(format!("-Wl,-soname,{}", soname())).arg("-Wl,--whole-archive").arg(&archive);
    run_to_end(link.arg("-Wl,--no-whole-archive").args(LIBRARIES).arg("-o").arg(&shared))?;
    for (name, target) in
        [(soname(), format!("libtipwire.so.{}", version())), ("libtipwire.so".into(), soname())]
    {
        std::os::unix::fs::symlink(target, to.join(name)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Packs a folder so that the same files always give the same bytes.
fn pack(folder: &Path) -> Result<PathBuf, String> {
    let name =
        format!("tipwire-c-{}-{}-{}", version(), std::env::consts::OS, std::env::consts::ARCH);
    let archive = root().join("target/dist").join(format!("{name}.tar.gz"));
    let mut tar = command("tar", &["--create", "--sort=name", "--owner=0", "--group=0"]);
    tar.args([
        "--numeric-owner",
        "--mode=u+rw,go=rX",
        "--format=gnu",
        "--use-compress-program=gzip -9n",
    ]);
    tar.arg(format!("--mtime=@{}", time())).arg(format!("--transform=s,^\\.,{name},S"));
    run_to_end(tar.arg("--file").arg(&archive).arg("--directory").arg(folder).arg("."))?;
    Ok(archive)
}

/// When what is packed was made: when it was committed, unless the environment says otherwise.
fn time() -> String {
    std::env::var("SOURCE_DATE_EPOCH").ok().unwrap_or_else(|| {
        let committed = output(&mut command("git", &["log", "-1", "--format=%ct"]));
        committed.map_or("0".into(), |time| time.trim().into())
    })
}

fn make_folder(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn write(to: &Path, text: &str) -> Outcome {
    to.parent().map_or(Ok(()), make_folder)?;
    fs::write(to, text).map_err(|error| format!("{}: {error}", to.display()))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    to.parent().map_or(Ok(()), make_folder)?;
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", to.display()))
}

/// What a program that uses the library says.
const SAID: &str = "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5]\n";

/// A release, without firmware, and programs that use it in all ways that are promised.
pub fn test() -> Outcome {
    have_system(CONSUMERS)?;
    let archive = release(false)?;
    same_again(&archive)?;
    only_own_names()?;
    no_paths()?;
    let built = root().join("target/dist/consumers");
    let _ = fs::remove_dir_all(&built);
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", folder().display());
    try_cmake("find", &built, &[&prefix])?;
    let fetch = fetched(&archive)?;
    try_cmake("fetch", &built, &fetch.each_ref().map(String::as_str))?;
    try_pkg_config(&built)
}

/// What tells CMake where a release is fetched from.
fn fetched(archive: &Path) -> Result<[String; 2], String> {
    let sum = output(command("sha256sum", &[]).arg(archive)).ok_or("no checksum")?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    Ok([format!("-DRELEASE=file://{}", archive.display()), format!("-DRELEASE_SHA256={sum}")])
}

/// A release, and for each emulated processor firmware that uses it as CMake finds it, and fetched.
pub fn test_firmware() -> Outcome {
    have_system(CONSUMERS)?;
    let archive = release(true)?;
    let built = root().join("target/dist/firmware");
    let _ = fs::remove_dir_all(&built);
    let found = [format!("-DCMAKE_PREFIX_PATH={}", folder().display())];
    let fetched = fetched(&archive)?;
    for processor in PROCESSORS {
        let Board::Bare { memories, .. } = processor.board else { continue };
        for (name, whence) in [("find", &found[..]), ("fetch", &fetched)] {
            let built = built.join(processor.target).join(name);
            let source = "bindings-c/tests/consumer/firmware";
            let mut options = vec![
                format!(
                    "-DCMAKE_TOOLCHAIN_FILE={}",
                    root().join(source).join("toolchain.cmake").display()
                ),
                format!("-DPROCESSOR={}", processor.target),
                format!("-DCOMPILER={}", processor.compiler),
                format!("-DFLAGS={}", processor.flags.join(" ")),
                format!("-DMEMORIES={}", firmware::places(&memories).join(";")),
            ];
            options.extend_from_slice(whence);
            build_cmake(source, &built, &options)?;
            for (archive, _) in ARCHIVES {
                let program = archive.replace("tipwire", processor.target);
                let said = firmware::emulate(processor, &built.join(program))?;
                if !said.contains(SAID) {
                    return Err(format!("{} {archive} says {said:?}", processor.target));
                }
            }
        }
    }
    Ok(())
}

/// Packed twice, it is the same.
fn same_again(archive: &Path) -> Outcome {
    let read = || fs::read(archive).map_err(|error| error.to_string());
    let first = read()?;
    pack(&folder())?;
    if first == read()? { Ok(()) } else { Err("the same release is packed in two ways".into()) }
}

/// What the libraries export is what the list of symbols says.
fn only_own_names() -> Outcome {
    let wanted = fs::read_to_string(root().join("bindings-c/symbols.txt"));
    let wanted = wanted.map_err(|error| error.to_string())?;
    let shared = format!("lib/{}", soname());
    for (library, flag) in [("lib/libtipwire.a", "--extern-only"), (&shared, "--dynamic")] {
        let mut nm = command("nm", &[flag, "--defined-only", "--format=just-symbols"]);
        let names = output(nm.arg(folder().join(library))).ok_or("nm does not read it")?;
        let mut names: Vec<&str> =
            names.lines().filter(|name| !name.is_empty() && !name.ends_with(':')).collect();
        names.sort_unstable();
        if names != wanted.lines().collect::<Vec<_>>() {
            return Err(format!("{library} exports something else than symbols.txt says"));
        }
    }
    let mut dynamic = command("readelf", &["--dynamic"]);
    let dynamic = output(dynamic.arg(folder().join(shared))).unwrap_or_default();
    let soname = format!("soname: [{}]", soname());
    if dynamic.contains(&soname) { Ok(()) } else { Err(format!("no {soname}")) }
}

/// Nothing tells where it was built.
fn no_paths() -> Outcome {
    let root = root().display().to_string();
    for library in ["lib/libtipwire.a".to_owned(), format!("lib/{}", soname())] {
        let bytes = fs::read(folder().join(&library)).map_err(|error| error.to_string())?;
        for path in [&root, &firmware::cargo_home()] {
            if bytes.windows(path.len()).any(|window| window == path.as_bytes()) {
                return Err(format!("{library} tells of {path}"));
            }
        }
    }
    Ok(())
}

/// Builds one of the consumers with CMake, and runs what it makes.
fn try_cmake(name: &str, built: &Path, options: &[&str]) -> Outcome {
    let built = built.join(name);
    build_cmake(&format!("bindings-c/tests/consumer/{name}"), &built, options)?;
    ["static", "shared", "tipwire", "layer"]
        .iter()
        .try_for_each(|program| says(&mut command(built.join(program), &[])))
}

fn build_cmake(source: &str, built: &Path, options: &[impl AsRef<OsStr>]) -> Outcome {
    let mut configure = command("cmake", &["-S", source, "-B"]);
    configure.arg(built).args(["-G", "Unix Makefiles"]).args(options).stdout(Stdio::null());
    run_to_end(&mut configure)?;
    run_to_end(command("cmake", &["--build"]).arg(built).stdout(Stdio::null()))
}

/// Builds the consumer as pkg-config says, with the shared library and with the archive.
fn try_pkg_config(built: &Path) -> Outcome {
    let library = folder().join("lib");
    let found = |arguments: &[&str]| {
        let mut tool = command("pkg-config", arguments);
        tool.env("PKG_CONFIG_PATH", library.join("pkgconfig"));
        output(tool.arg(format!("tipwire = {}", version()))).ok_or("pkg-config finds no tipwire")
    };
    for (name, archive, arguments) in [
        ("pkg-config-shared", None, &["--cflags", "--libs"][..]),
        ("pkg-config-static", Some("-Wl,-Bstatic"), &["--static", "--cflags", "--libs"]),
    ] {
        let (program, flags) = (built.join(name), found(arguments)?);
        let mut gcc = compiler("gcc", "c99");
        gcc.arg("bindings-c/tests/consumer/main.c").arg("-o").arg(&program);
        for flag in flags.split_whitespace() {
            // Of the two libraries that stand there the linker takes the shared one unless told.
            match archive {
                Some(archive) if flag == "-ltipwire" => {
                    gcc.args([archive, flag, "-Wl,-Bdynamic"]);
                }
                _ => _ = gcc.arg(flag),
            }
        }
        run_to_end(&mut gcc)?;
        says(command(program, &[]).env("LD_LIBRARY_PATH", &library))?;
    }
    Ok(())
}

fn says(program: &mut Command) -> Outcome {
    match output(program) {
        Some(said) if said == SAID => Ok(()),
        said => Err(format!("{} says {said:?}", program.get_program().display())),
    }
}
