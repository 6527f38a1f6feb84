//! The C library: its header, its builds, its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generated::{Generated, check_these};
use crate::shell::{
    Need, Outcome, cargo, command, have_rust, have_system, output, root, run, step, toolchain,
};

/// What the tests of the C library need of the system.
pub const SYSTEM: &[Need] = &[("gcc", "gcc"), ("g++", "g++"), ("ar", "binutils")];

const TESTS: &[Need] = &[
    ("clang", "clang"),
    ("valgrind", "valgrind"),
    ("/usr/share/doc/gcc-multilib", "gcc-multilib"),
];

/// Where what is built here goes.
pub fn built() -> PathBuf {
    root().join("target/c")
}

pub const GENERATED: &[Generated] = &[
    Generated { path: "include/tipwire.h", make: |_| header() },
    Generated { path: "bindings-c/symbols.txt", make: |_| symbols() },
];

/// The header as the sources have it.
fn header() -> Result<String, String> {
    let mut tool = cargo(&["run", "--quiet", "--manifest-path", "bindings-c/gen/Cargo.toml"]);
    tool.args(["--locked"]).env("CARGO_TARGET_DIR", root().join("target/gen"));
    output(&mut tool).ok_or("bindings-c/gen does not run".into())
}

/// What the archive exports, one a line.
fn symbols() -> Result<String, String> {
    build_library(&[])?;
    let archive = archive();
    let names = output(
        command("nm", &["--defined-only", "--extern-only", "--format=just-symbols"]).arg(&archive),
    );
    let names = names.ok_or(format!("nm does not read {}", archive.display()))?;
    let mut names: Vec<&str> = names.lines().filter(|name| name.starts_with("tipwire_")).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.join("\n") + "\n")
}

fn archive() -> PathBuf {
    root().join("target/release/libtipwire.a")
}

/// The library for this machine, as cargo makes it.
pub fn build_library(features: &[&str]) -> Outcome {
    let mut build = cargo(&["build", "--quiet", "--release", "-p", "tipwire-c"]);
    if !features.is_empty() {
        build.args(["--features", &features.join(",")]);
    }
    run(&mut build)
}

/// A C compiler with the options that all of the project's C is compiled with.
pub fn compiler(program: &str, standard: &str) -> Command {
    let mut compiler = command(program, &["-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    compiler.arg(format!("-std={standard}")).args(["-Iinclude", "-D_POSIX_C_SOURCE=200809L"]);
    compiler
}

/// What a program with the library is linked with.
pub const LIBRARIES: &[&str] = &["-lpthread", "-ldl", "-lm"];

/// Compiles one C program with the library.
pub fn program(compiler: &mut Command, sources: &[&str], to: &Path) -> Outcome {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    run(compiler.args(sources).arg("-o").arg(to).arg(archive()).args(LIBRARIES))
}

pub fn driver() -> PathBuf {
    built().join("driver")
}

pub fn build_driver() -> Outcome {
    have_system(SYSTEM)?;
    build_library(&[])?;
    program(compiler("gcc", "c99").arg("-O1"), &["bindings-c/tests/driver.c"], &driver())
}

/// A way to compile the tests, and what runs them.
struct Way {
    compiler: &'static str,
    standard: &'static str,
    more: &'static [&'static str],
    /// The target of the library, where it is not this machine's.
    target: Option<&'static str>,
    runner: &'static [&'static str],
}

pub const SANITIZED: &[&str] =
    &["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1"];

const WAYS: &[Way] = &[
    Way { compiler: "gcc", standard: "c99", more: SANITIZED, target: None, runner: &[] },
    Way { compiler: "gcc", standard: "c11", more: &["-O2"], target: None, runner: &[] },
    Way { compiler: "g++", standard: "c++17", more: SANITIZED, target: None, runner: &[] },
    Way { compiler: "clang", standard: "c99", more: &["-O2"], target: None, runner: &[] },
    Way { compiler: "clang", standard: "c11", more: SANITIZED, target: None, runner: &[] },
    Way { compiler: "clang++", standard: "c++17", more: &["-O2"], target: None, runner: &[] },
    Way {
        compiler: "gcc",
        standard: "c99",
        more: &["-g", "-O1"],
        target: None,
        runner: &["valgrind", "--quiet", "--error-exitcode=1", "--leak-check=full"],
    },
    Way {
        compiler: "gcc",
        standard: "c99",
        more: &["-m32", "-msse2", "-mfpmath=sse"],
        target: Some(THIRTY_TWO),
        runner: &[],
    },
];

/// Pointers of 32 bits on a machine that can run them.
const THIRTY_TWO: &str = "i686-unknown-linux-gnu";

/// What clang needs for sanitizers is a package of its own, named by its version.
fn have_sanitizers() -> Outcome {
    let say = |what| output(&mut command("clang", &[what])).unwrap_or_default();
    let (folder, version) = (say("-print-resource-dir"), say("-dumpversion"));
    let runtime = format!("libclang_rt.asan-{}.a", std::env::consts::ARCH);
    let runtime = format!("{}/lib/linux/{runtime}", folder.trim());
    let package = format!("libclang-rt-{}-dev", version.split('.').next().unwrap_or_default());
    have_system(&[(&runtime, &package)])
}

/// `cargo xtask test c`
pub fn test() -> Outcome {
    have_system(SYSTEM)?;
    have_system(TESTS)?;
    have_sanitizers()?;
    step("the header and the symbols of the C library", || check_these(GENERATED))?;
    step("the examples of the READMEs", try_readmes)?;
    step("C programs", || WAYS.iter().try_for_each(try_way))?;
    step("the layer of C++", || LAYERS.iter().try_for_each(try_layer))?;
    step("the example device and server", crate::c_examples::test)?;
    step("a release, and programs that use it", crate::dist::test)?;
    step("benchmarks run", || bench(&["--json".to_owned(), "parse/ping".to_owned()]))
}

/// `cargo xtask bench c`: the archive that ships, called by a program of C, beside the same work in
/// Rust in the same process.
pub fn bench(arguments: &[String]) -> Outcome {
    have_system(SYSTEM)?;
    let library = crate::dist::library()?;
    let object = built().join("bench.o");
    std::fs::create_dir_all(built()).map_err(|error| error.to_string())?;
    run(compiler("gcc", "c99").args(["-O2", "-c", "bindings-c/bench/bench.c", "-o"]).arg(&object))?;
    let objects = format!("{} {}", object.display(), library.display());
    let mut bench = cargo(&["run", "--quiet", "--release", "-p", "tipwire-bench", "--"]);
    let (flags, filters): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let filter = filters.first().map_or("", |filter| filter.as_str());
    bench.args(flags).arg(format!("c/{}", filter.trim_start_matches("c/")));
    // Of its own folder, so that what has no C side need not be built again.
    bench.env("CARGO_TARGET_DIR", built().join("bench")).env("RUSTFLAGS", crate::dist::ALIGNED);
    run(bench.env("TIPWIRE_C_SIDE", objects))
}

/// What README.md and bindings-c/README.md show are programs that work.
fn try_readmes() -> Outcome {
    build_library(&[])?;
    std::fs::create_dir_all(built()).map_err(|error| error.to_string())?;
    let read = |name| {
        std::fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let text = read("README.md")?;
    let shown = snippet(&text, "c")?;
    let c = format!(
        "#include \"tipwire.h\"\n#include <string.h>\nint main(void) {{\n\
         const char *line = \"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C]\\n\";\n\
         size_t length = strlen(line);\nchar buffer[128];\n{shown}\
         const char *wanted = \"PUSH|4deedd7bab8817ec|sensor-01|[humidity:=65#%]\\n\";\n\
         return status != 0 || written != (int32_t)strlen(wanted) ||\n\
         memcmp(buffer, wanted, strlen(wanted)) != 0;\n}}\n"
    );
    try_snippet("readme-root.c", &c, &mut compiler("gcc", "c99"))?;

    let text = read("bindings-c/README.md")?;
    let shown = snippet(&text, "c")?;
    let c = format!(
        "#include \"tipwire.h\"\n#include <string.h>\nint main(void) {{\n\
         const char *answer = \"ACK|OK|1\\n\";\nsize_t answer_length = 9;\n{shown}\
         const char *wanted = \"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C]\\n\";\n\
         return length != (int32_t)strlen(wanted) || memcmp(buffer, wanted, strlen(wanted)) != 0 ||\n\
         ack.count != 1;\n}}\n"
    );
    try_snippet("readme.c", &c, &mut compiler("gcc", "c99"))?;
    let (_, platforms) = text.split_once("## Platforms").ok_or("the README shows no platforms")?;
    let shown = snippet(platforms, "c")?;
    let c = format!(
        "#include \"tipwire.h\"\n#include <string.h>\nint main(void) {{\n\
         const char *line = \"PUSH|4deedd7bab8817ec|s|[t:=25.7]\";\n\
         tipwire_frame frame;\ntipwire_writer w;\nchar buffer[128];\nint32_t length = 0;\n\
         if (tipwire_parse(line, strlen(line), &frame, NULL) != 0) return 1;\n{shown}\
         const char *wanted = \"PUSH|4deedd7bab8817ec|SN-002|[t:=25.7]\";\n\
         return packet_length != 18 || memcmp(bytes + 8, \"{{\\\"t\\\":25.7}}\", 10) != 0 ||\n\
         length != (int32_t)strlen(wanted) || memcmp(buffer, wanted, strlen(wanted)) != 0;\n}}\n"
    );
    try_snippet("platforms.c", &c, &mut compiler("gcc", "c99"))?;
    let shown = snippet(&text, "cpp")?;
    let cpp = format!(
        "#include \"tipwire.hpp\"\nconst char *AUTH = \"4deedd7bab8817ec\";\nint reboots;\n\
         void reboot() {{ reboots++; }}\nint main() {{\nuint64_t now = 0;\ndouble celsius = 21;\n\
         const char *received = \"ACK|CMD|reboot\\n\";\nsize_t length = 15;\n{shown}\
         return reboots != 1 || client.is_idle() || client.output().length != 0;\n}}\n"
    );
    try_snippet("readme.cpp", &cpp, &mut compiler("g++", "c++11"))
}

/// What the README shows of a language.
fn snippet<'t>(text: &'t str, language: &str) -> Result<&'t str, String> {
    let start = format!("```{language}\n");
    let shown = text.split_once(&start).and_then(|(_, rest)| rest.split_once("```"));
    shown.map(|(shown, _)| shown).ok_or(format!("the README shows no {language}"))
}

/// Compiles a program and runs it.
fn try_snippet(name: &str, source: &str, compiler: &mut Command) -> Outcome {
    let path = built().join(name);
    std::fs::write(&path, source).map_err(|error| error.to_string())?;
    let (path, to) = (path.to_string_lossy().into_owned(), path.with_extension("snippet"));
    program(compiler, &[&path], &to)?;
    run(&mut command(&to, &[]))
}

const LAYERS: &[(&str, &str)] = &[("g++", "c++11"), ("clang++", "c++17")];

fn try_layer((program, standard): &(&str, &str)) -> Outcome {
    build_library(&[])?;
    let to = built().join(format!("layer-{program}-{standard}"));
    eprintln!("{program} -std={standard}");
    let mut compiler = compiler(program, standard);
    compiler.args(SANITIZED).arg("-fno-exceptions");
    self::program(&mut compiler, &["bindings-c/tests/layer.cpp"], &to)?;
    run(&mut command(&to, &[]))
}

fn try_way(way: &Way) -> Outcome {
    let targets: Vec<&str> = way.target.into_iter().collect();
    have_rust(&toolchain(), &targets, &[])?;
    // What probes the library is not in the one that ships.
    let folder = root().join("target/probe");
    let mut build = cargo(&["build", "--quiet", "--release", "-p", "tipwire-c"]);
    build.args(["--features", "probe"]).env("CARGO_TARGET_DIR", &folder);
    let mut release = folder.clone();
    if let Some(target) = way.target {
        build.args(["--target", target]);
        release.push(target);
    }
    run(&mut build)?;
    let library = release.join("release/libtipwire.a");
    eprintln!("{} -std={} {}", way.compiler, way.standard, way.more.join(" "));
    PROGRAMS.iter().try_for_each(|name| try_program(way, name, &library))
}

/// The programs in bindings-c/tests/ that test the library.
const PROGRAMS: &[&str] = &["api", "session", "platform", "status"];

fn try_program(way: &Way, name: &str, library: &Path) -> Outcome {
    let to = format!("{name}-{}-{}{}", way.compiler, way.standard, way.more.concat());
    let to = built().join(to.replace(['=', ','], "-"));
    std::fs::create_dir_all(built()).map_err(|error| error.to_string())?;
    let mut compiler = compiler(way.compiler, way.standard);
    if way.standard.starts_with("c++") {
        compiler.args(["-x", "c++"]);
    }
    let source = format!("bindings-c/tests/{name}.c");
    compiler.args(way.more).args(["-DPROBE", &source, "-x", "none"]);
    run(compiler.arg("-o").arg(&to).arg(library).args(LIBRARIES))?;
    let mut program = match way.runner.split_first() {
        Some((runner, arguments)) => {
            let mut program = command(runner, arguments);
            program.arg(&to);
            program
        }
        None => command(&to, &[]),
    };
    run(&mut program)
}
