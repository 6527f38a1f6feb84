//! Side by side with what else there is: `cargo xtask bench rust [--json] [FILTER]`. With `--corpus`
//! it prints what it measures on, for the benchmarks of other languages.

#[cfg(c_side)]
mod c;
mod corpus;
mod envelope;
mod harness;
mod peer;
mod points;
mod read;
mod split;
mod write;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--corpus"] {
        return corpus::print();
    }
    let json = arguments.iter().any(|argument| argument == "--json");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let mut bench = harness::Bench::new(json, filter.cloned().unwrap_or_default());
    #[cfg(c_side)]
    c::run(&mut bench);
    read::run(&mut bench);
    write::run(&mut bench);
    split::run(&mut bench);
    envelope::run(&mut bench);
}
