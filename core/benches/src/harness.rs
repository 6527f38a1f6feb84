//! Two pieces of work in turn, many rounds, medians.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long one round of one side takes, and how many there are. A round is shorter than a busy
/// machine leaves a program alone, so that most rounds are not interrupted.
const ROUND: Duration = Duration::from_micros(400);
const ROUNDS: usize = 301;

pub struct Bench {
    json: bool,
    filter: String,
}

impl Bench {
    pub fn new(json: bool, filter: String) -> Bench {
        if !json {
            say(&format!(
                "{:<28} {:>10}   {:<21} {:>10} {:>8}",
                "", "ours, ns", "against", "theirs, ns", "ratio"
            ));
        }
        Bench { json, filter }
    }

    /// Measures both sides in turn, so that a machine that slows down slows both. Nanoseconds of
    /// ours, unless it is not asked for.
    pub fn compare<A, B>(
        &mut self,
        name: &str,
        against: &str,
        mut ours: impl FnMut() -> A,
        mut theirs: impl FnMut() -> B,
    ) -> Option<f64> {
        if !name.contains(&self.filter) {
            return None;
        }
        let (many, few) = (calibrate(&mut ours), calibrate(&mut theirs));
        let mut samples: Vec<(f64, f64)> =
            (0..ROUNDS).map(|_| (time(&mut ours, many), time(&mut theirs, few))).collect();
        let median = |samples: &mut Vec<(f64, f64)>, of: fn(&(f64, f64)) -> f64| {
            samples.sort_by(|a, b| of(a).total_cmp(&of(b)));
            of(&samples[ROUNDS / 2])
        };
        let ours = median(&mut samples, |sample| sample.0);
        let theirs = median(&mut samples, |sample| sample.1);
        let ratio = median(&mut samples, |sample| sample.1 / sample.0);
        say(&if self.json {
            format!(
                "{{\"name\":\"{name}\",\"ours_ns\":{ours:.1},\"against\":\"{against}\",\
                 \"their_ns\":{theirs:.1},\"ratio\":{ratio:.2}}}"
            )
        } else {
            format!("{name:<28} {ours:>10.1}   {against:<21} {theirs:>10.1} {ratio:>7.1}x")
        });
        Some(ours)
    }

    /// Says more about what was measured last.
    pub fn note(&self, what: &str) {
        if !self.json {
            say(&format!("{:<14} {what}", ""));
        }
    }
}

/// Prints a line; who has read enough need not read on.
fn say(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// How many calls fill a round.
fn calibrate<T>(work: &mut impl FnMut() -> T) -> u32 {
    let mut calls = 1;
    loop {
        let start = Instant::now();
        (0..calls).for_each(|_| _ = black_box(work()));
        let spent = start.elapsed();
        if spent > ROUND / 4 {
            let scale = ROUND.as_secs_f64() / spent.as_secs_f64();
            return ((f64::from(calls) * scale) as u32).max(1);
        }
        calls *= 2;
    }
}

/// Nanoseconds per call.
fn time<T>(work: &mut impl FnMut() -> T, calls: u32) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| _ = black_box(work()));
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}
