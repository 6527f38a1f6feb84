//! What is generated, committed, and compared by the tests: `cargo xtask gen [--check]`.

use std::fs;

use crate::c;
use crate::driver::DRIVERS;
use crate::keywords;
use crate::shell::{Outcome, cargo, output, root};

/// A file, and what it should hold, given what it holds now.
pub struct Generated {
    pub path: &'static str,
    pub make: fn(&str) -> Result<String, String>,
}

const GENERATED: &[Generated] = &[
    Generated { path: "README.md", make: readme },
    Generated { path: "docs/errors.md", make: |_| errors() },
    Generated { path: "bindings-wasm/ts/layout.ts", make: |_| crate::js::printed("layout") },
    Generated { path: "bindings-wasm/ts/names.ts", make: |_| crate::js::printed("names") },
];

pub fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => GENERATED.iter().chain(keywords::GENERATED).chain(c::GENERATED).try_for_each(write),
        [check] if check == "--check" => check_all().and_then(|()| check_these(c::GENERATED)),
        _ => Err("gen takes --check or nothing".into()),
    }
}

/// Everything generated is as it would be generated now, but for what the tests of the C library
/// compare, since that takes a tool that takes minutes to build.
pub fn check_all() -> Outcome {
    check_these(GENERATED).and_then(|()| check_these(keywords::GENERATED))
}

pub fn check_these(list: &[Generated]) -> Outcome {
    list.iter().try_for_each(|generated| {
        let (now, wanted) = both(generated)?;
        if now == wanted {
            Ok(())
        } else {
            Err(format!("{} is out of date: cargo xtask gen", generated.path))
        }
    })
}

fn write(generated: &Generated) -> Outcome {
    let (now, wanted) = both(generated)?;
    if now != wanted {
        eprintln!("writing {}", generated.path);
        fs::write(root().join(generated.path), wanted).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn both(generated: &Generated) -> Result<(String, String), String> {
    let now = fs::read_to_string(root().join(generated.path)).unwrap_or_default();
    let wanted = (generated.make)(&now).map_err(|error| format!("{}: {error}", generated.path))?;
    Ok((now, wanted))
}

/// `text` with what stands between the two marks of `name` replaced.
pub fn replace_section(text: &str, name: &str, section: &str) -> Result<String, String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let parts = text.split_once(&start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some(format!("{before}{start}{section}{end}{after}"))
    });
    parts.ok_or(format!("there is no section {name}"))
}

/// What the drivers answer, and what that is to a user.
const FEATURES: &[(&str, &[&str])] = &[
    ("read and build text frames, uplinks and answers", &["uplink", "ack"]),
    ("data points to frames and back, JSON", &["points"]),
    ("credentials: hashes, derived keys", &["derive"]),
    ("TagoTiP/S envelopes, five ciphers, two layouts", &["seal", "open", "inner"]),
    ("cut streams into messages, seven ways", &["split"]),
    ("ThingsPanel packets", &["packet"]),
    ("ThingsBoard converters", &["thingsboard"]),
];

fn readme(now: &str) -> Result<String, String> {
    let row = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let languages = DRIVERS.iter().map(|driver| driver.language);
    let mut table = row(["what the vectors check"].into_iter().chain(languages).collect());
    table += &row(vec!["---"; DRIVERS.len() + 1]);
    for (feature, requests) in FEATURES {
        let cells = DRIVERS.iter().map(|driver| {
            if requests.iter().all(|request| driver.answers.contains(request)) {
                "yes"
            } else {
                "-"
            }
        });
        table += &row([*feature].into_iter().chain(cells).collect());
    }
    replace_section(now, "languages", &table)
}

/// The one table of kinds, for readers.
fn errors() -> Result<String, String> {
    let mut kinds = cargo(&["run", "--quiet", "-p", "tipwire", "--example", "kinds"]);
    output(&mut kinds).ok_or("the example kinds does not run".into())
}
