//! The conformance vectors, sent to the drivers as processes.

use std::io::Write;
use std::ops::Range;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::driver::{DRIVERS, Driver};
use crate::shell::{Outcome, root};

/// A request and what must come back.
struct Case {
    name: String,
    request: String,
    expected: Value,
}

/// Asks all drivers.
pub fn run() -> Outcome {
    DRIVERS.iter().try_for_each(check)
}

/// Asks the drivers of the languages that are named.
pub fn run_for(languages: &[String]) -> Outcome {
    let named = |driver: &&Driver| languages.iter().any(|name| name == driver.language);
    let drivers: Vec<&Driver> = DRIVERS.iter().filter(named).collect();
    if drivers.len() < languages.len().max(1) {
        return Err("vectors takes the names of languages that have a driver".into());
    }
    drivers.into_iter().try_for_each(check)
}

/// Asks one driver.
pub fn check(driver: &Driver) -> Outcome {
    let mut cases = cases()?;
    cases.retain(|case| {
        let word = case.request.split('\t').next().unwrap_or_default();
        driver.answers.contains(&word) || case.name.starts_with("refused")
    });
    (driver.build)()?;
    ask(driver, &cases)?;
    println!("{}: {} passed, 0 failed", driver.language, cases.len());
    Ok(())
}

/// Every request that there is.
pub fn requests() -> Result<Vec<String>, String> {
    Ok(cases()?.into_iter().map(|case| case.request).collect())
}

fn cases() -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for (file, make) in FILES {
        for case in load(file)? {
            let name = format!("{file}: {}", case["name"].as_str().unwrap_or_default());
            let requests = make(&case).into_iter();
            cases.extend(requests.map(|(request, expected)| Case {
                name: name.clone(),
                request,
                expected,
            }));
        }
    }
    cases.extend(refusals());
    cases.extend(splitter_settings());
    Ok(cases)
}

/// Turns a case of a file into requests and what they must be answered.
type Make = fn(&Value) -> Vec<(String, Value)>;

const FILES: &[(&str, Make)] = &[
    ("uplink", |case| vec![frame("uplink", case)]),
    ("ack", |case| vec![frame("ack", case)]),
    ("envelope", envelope),
    ("stream", stream),
    ("platform", platform),
    ("thingsboard", thingsboard),
];

fn load(file: &str) -> Result<Vec<Value>, String> {
    let path = root().join("vectors").join(file).with_extension("json");
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn frame(request: &str, case: &Value) -> (String, Value) {
    let frame = match (&case["frame"], &case["hex"]) {
        (Value::String(frame), _) => hex(frame.as_bytes()),
        (_, hex) => text(hex),
    };
    let mut expected = case.clone();
    if let Some(members) = expected.as_object_mut() {
        members.retain(|key, _| !matches!(key.as_str(), "name" | "frame" | "hex"));
    }
    (format!("{request}\t{frame}"), expected)
}

/// Sealed to the byte, and opened again; or refused.
fn envelope(case: &Value) -> Vec<(String, Value)> {
    let field = |key: &str| text(&case[key]);
    let open = format!("open\t{}\t{}\t{}", field("layout"), field("key"), field("envelope"));
    if !case["error"].is_null() {
        return vec![(open, json!({"error": {"code": case["error"]}}))];
    }
    let names = ["layout", "cipher", "method", "token", "serial", "key", "counter"];
    let fields: Vec<String> = names.iter().map(|key| field(key)).collect();
    let inner = field("inner");
    let seal = format!("seal\t{}\t{}", fields.join("\t"), hex(inner.as_bytes()));
    let device_at = 2 * (1 + 4 + 8);
    let device_end = device_at + if case["layout"] == "short" { 8 } else { 16 };
    let header =
        |range: Range<usize>| text(&case["envelope"]).get(range).unwrap_or_default().to_owned();
    let opened = json!({
        "cipher": case["cipher"], "method": case["method"], "counter": case["counter"],
        "auth": header(10..device_at), "device": header(device_at..device_end), "inner": inner,
    });
    let mut requests = vec![(seal, json!({"envelope": case["envelope"]})), (open, opened)];
    if case["derived"] == true {
        let length = field("key").len() / 2;
        let derive = format!("derive\t{}\t{}\t{length}", field("token"), field("serial"));
        let current = case["layout"] != "short";
        let mut expected = json!({"key": case["key"]});
        expected[if current { "auth" } else { "auth_a" }] = json!(header(10..device_at));
        if current {
            expected["device"] = json!(header(device_at..device_end));
        }
        requests.push((derive, expected));
    }
    requests
}

fn thingsboard(case: &Value) -> Vec<(String, Value)> {
    let settings = match &case["settings"] {
        Value::Object(members) if members.is_empty() => String::new(),
        settings => hex(settings.to_string().as_bytes()),
    };
    let (converter, message) = (text(&case["converter"]), text(&case["message"]));
    let expected = match &case["error"] {
        Value::Null => case["uplink"].clone(),
        error => json!({ "error": error }),
    };
    vec![(format!("thingsboard\t{converter}\t{settings}\t{message}"), expected)]
}

/// The input whole, byte by byte, and in parts of a few bytes.
fn stream(case: &Value) -> Vec<(String, Value)> {
    let settings: Vec<String> = case["settings"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| match value {
            Value::Array(items) => {
                format!("{key}={}", items.iter().map(text).collect::<Vec<_>>().join(","))
            }
            value => format!("{key}={}", text(value)),
        })
        .collect();
    let settings = settings.join(";");
    let input = text(&case["input"]);
    let expected = json!({"events": case["events"], "pending": case["pending"]});
    let parts = [input.len().max(1), 2, 6, 14];
    let request = |part: usize| {
        let chunks: Vec<&str> = (0..input.len())
            .step_by(part)
            .filter_map(|at| input.get(at..(at + part).min(input.len())))
            .collect();
        format!("split\t{}\t{settings}\t{}", text(&case["splitter"]), chunks.join(","))
    };
    parts.into_iter().map(|part| (request(part), expected.clone())).collect()
}

/// A request by its name, what it takes, and the answer.
fn platform(case: &Value) -> Vec<(String, Value)> {
    let request = format!("{}\t{}", text(&case["request"]), text(&case["hex"]));
    vec![(request, case["answer"].clone())]
}

/// What every driver refuses alike.
fn refusals() -> impl Iterator<Item = Case> {
    let requests =
        ["", "nonsense", "uplink", "uplink\t0", "uplink\tAB", "uplink\t00\t00", "inner\tGET\t00"];
    requests.into_iter().map(|request| Case {
        name: format!("refused: {request:?}"),
        request: request.to_owned(),
        expected: json!({"error": {"code": "bad_request"}}),
    })
}

/// Settings of splitters: those that can never work, those that a splitter does not have, and what
/// is none.
fn splitter_settings() -> impl Iterator<Item = Case> {
    let refused = |code: &str| json!({"error": {"code": code}});
    let cases = [
        ("length_field\tlength=5\t", refused("invalid_settings")),
        ("length_field\toffset=127\t", refused("invalid_settings")),
        ("length_field\tstrip=3\t", refused("invalid_settings")),
        ("length_field\tstrip=6;adjustment=3\t", refused("invalid_settings")),
        ("length_field\tstrip=5;adjustment=3\t", json!({"events": [], "pending": 0})),
        ("delimiter\tdelimiters=\t", refused("invalid_settings")),
        ("delimiter\tdelimiters=0a,\t", refused("invalid_settings")),
        ("delimiter\tstrip=2\t", refused("invalid_settings")),
        ("lines\toffset=1\t", refused("invalid_settings")),
        ("tagotip\tmax=16\t", refused("invalid_settings")),
        ("lines\tnonsense=1\t", refused("bad_request")),
        ("lines\tmax=x\t", refused("bad_request")),
        ("lines\tmax=-1\t", refused("bad_request")),
        ("lines\tmax\t", refused("bad_request")),
        ("delimiter\tdelimiters=0\t", refused("bad_request")),
        ("length_field\torder=middle\t", refused("bad_request")),
        ("nonsense\t\t", refused("bad_request")),
        ("lines\t\t,0a,,0", refused("bad_request")),
        (
            "lines\tmax=0\t0a,,0a780a",
            json!({
                "events": [{"message": ""}, {"message": ""}, {"error": "too_long"}], "pending": 0,
            }),
        ),
    ];
    cases.into_iter().map(|(request, expected)| Case {
        name: format!("settings: {request:?}"),
        request: format!("split\t{request}"),
        expected,
    })
}

fn ask(driver: &Driver, cases: &[Case]) -> Outcome {
    let requests: Vec<&str> = cases.iter().map(|case| case.request.as_str()).collect();
    let answers = answers(driver, &requests)?;
    cases.iter().zip(answers).try_for_each(|(case, answer)| compare(driver, case, &answer))
}

/// What a driver answers, line by line.
pub fn answers(driver: &Driver, requests: &[impl AsRef<str>]) -> Result<Vec<String>, String> {
    let mut process = (driver.start)();
    let process = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = process.map_err(|error| format!("{}: {error}", driver.language))?;
    let mut input = process.stdin.take().ok_or("a driver has an input")?;
    let lines: String = requests.iter().map(|request| format!("{}\n", request.as_ref())).collect();
    // The driver may answer before it has read everything.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = process.wait_with_output().map_err(|error| error.to_string())?;
    let _ = writer.join();
    if !output.status.success() {
        return Err(format!("the driver of {} ended with {}", driver.language, output.status));
    }
    let answers: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    if let Some(request) = requests.get(answers.len()) {
        return Err(format!("{}: no answer to {:?}", driver.language, request.as_ref()));
    }
    match answers.get(requests.len()) {
        Some(answer) => Err(format!("{} says more than it was asked: {answer}", driver.language)),
        None => Ok(answers),
    }
}

fn compare(driver: &Driver, case: &Case, answer: &str) -> Outcome {
    let problem = || {
        let Case { name, request, expected } = case;
        format!(
            "{}: {name}\n  asked    {request}\n  expected {expected}\n  found    {answer}",
            driver.language
        )
    };
    let mut found: Value = serde_json::from_str(answer).map_err(|_| problem())?;
    if case.request.starts_with("derive\t") {
        // A vector tells only those of the answer's members that it needs.
        if let (Some(found), Some(expected)) = (found.as_object_mut(), case.expected.as_object()) {
            found.retain(|key, _| expected.contains_key(key));
        }
    }
    if found == case.expected { Ok(()) } else { Err(problem()) }
}

/// A string as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
