//! The project's tasks: `cargo xtask help`.

mod agreement;
mod arduino;
mod assembly;
mod avr;
mod avr6;
mod bench;
mod builder;
mod c;
mod c_examples;
mod conversations;
mod dist;
mod driver;
mod examples;
mod firmware;
mod fuzz;
mod gateway;
mod generated;
mod js;
mod keywords;
mod precompiled;
mod python;
mod pythons;
mod shell;
mod size;
mod sketch_sizes;
mod sketches;
mod test;
mod thumb;
mod vectors;
mod xtensa;

use std::process::ExitCode;

use shell::Outcome;

const HELP: &str = "\
Usage: cargo xtask <task> [options]

  test [part]        everything that exists: format, lints, tests, vectors in every language;
                     or the parts named: lint, core, c, sketches, vectors, python, js,
                     gateway; and, only where they are named, --firmware, --inspector, --scale,
                     --packages, --arduino, and --conversations, which is a part of that
  bench [rust|c|python|js|gateway]
                     side by side with what else there is; --json for one object a line,
                     a word to measure only what has it in its name
  build js           the npm package, in target/js/package
  dist arduino       the Arduino library, in target/dist/arduino: a folder and a zip; and the same
                     with archives of objects, in target/dist/arduino-precompiled
  assembly [names]   that library's assembly made and run on emulated boards, of these processors
  dist c             the C library for others, in target/dist: for this machine and as firmware,
                     with what CMake and pkg-config want
  driver <language>  the black box of docs/spec/driver.md on standard input and output:
                     rust, c, python, js
  vectors <language> the conformance vectors through its driver
  agree [count]      requests that nobody wrote, sent to the drivers of all languages, which must
                     answer alike; --seed N for others
  gen [--check]      what is generated and committed; --check only compares
  fuzz [target]      the fuzzers, --seconds N each (60)
  size               what the C library takes of flash and stack, by processor
  size arduino       what its sketches take of boards
  size envelope      code and stack of sealing and opening on a Cortex-M0+
  demo [settings]    a local endpoint for devices with a live page: examples/gateway
  kill               that endpoint killed under load, 20 times: nothing acknowledged is lost

What a task needs and this machine lacks is installed where that is possible without a password,
else named with the command that installs it.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    // The endpoint has options of its own, and tells them.
    let wants_help = task != "demo" && rest.iter().any(|word| word == "--help" || word == "-h");
    let outcome = match if wants_help { "help" } else { task } {
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "build" => build(rest),
        "dist" => dist::run(rest),
        "assembly" => arduino::assemble(rest),
        "driver" => driver::run(rest),
        "vectors" => vectors::run_for(rest),
        "agree" => agreement::run(rest),
        "gen" => generated::run(rest),
        "size" if !rest.is_empty() => size::run(rest),
        "size" => firmware::print(),
        "fuzz" => fuzz::run(rest),
        "demo" => gateway::demo(rest),
        "kill" => gateway::kill(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(format!("there is no task {task:?}\n\n{HELP}")),
    };
    report(outcome)
}

fn build(arguments: &[String]) -> Outcome {
    match arguments {
        [what] if what == "js" => js::build(),
        _ => Err("build makes js".into()),
    }
}

fn report(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
