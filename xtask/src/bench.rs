//! Benchmarks: `cargo xtask bench [rust] [--json] [FILTER]`.

use crate::shell::{Outcome, cargo, run as run_to_end};

pub fn run(arguments: &[String]) -> Outcome {
    let rest = match arguments.split_first() {
        Some((language, rest)) if language == "rust" => rest,
        _ => arguments,
    };
    let mut bench = cargo(&["run", "--quiet", "--release", "-p", "tipwire-bench", "--"]);
    run_to_end(bench.args(rest))
}
