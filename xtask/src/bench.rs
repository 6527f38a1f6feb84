//! Benchmarks: `cargo xtask bench [rust|c|python|js|gateway] [--json] [FILTER]`.

use crate::shell::{Outcome, cargo, run as run_to_end};

pub fn run(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((language, rest)) if language == "rust" => rust(rest),
        Some((part, rest)) if part == "gateway" => crate::gateway::bench(rest),
        Some((language, rest)) if language == "c" => crate::c::bench(rest),
        Some((language, rest)) if language == "python" => crate::python::bench(rest),
        Some((language, rest)) if language == "js" => crate::js::bench(rest),
        _ => rust(arguments),
    }
}

fn rust(arguments: &[String]) -> Outcome {
    let mut bench = cargo(&["run", "--quiet", "--release", "-p", "tipwire-bench", "--"]);
    run_to_end(bench.args(arguments))
}
