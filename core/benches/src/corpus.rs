//! The frames that everything is measured on, in every language.

use std::fmt::Write;

/// A name and a frame without its line ending.
pub struct Case {
    pub name: &'static str,
    pub frame: String,
}

const HEAD: &str = "4deedd7bab8817ec|sensor-01";

pub fn corpus() -> Vec<Case> {
    let list = |count: usize, item: &dyn Fn(usize) -> String| {
        (0..count).map(item).collect::<Vec<_>>().join(";")
    };
    let log = list(100, &|n| {
        format!("temperature:={}.{}@{}", 20 + n % 10, n % 10, 1_694_567_890_000 + n as u64 * 10_000)
    });
    let metadata = list(10, &|n| {
        format!("sensor_{n}:={}.5#C{{source=dht22,quality=high,firmware=2.{n}}}", 20 + n)
    });
    let escapes = list(8, &|n| {
        format!(
            "message_{n}=line one\\nline two, a \\[list\\] of \\{{{n}\\}}\\; 50\\# \\| a\\@b\\^c \\\\ grüße"
        )
    });
    let names = list(10, &|n| format!("variable_{n}"));
    let answer = list(10, &|n| format!("variable_{n}:={n}.25#C@{}", 1_694_567_890_000 + n as u64));
    let mut hex = String::new();
    for n in 0..8192 / 2 {
        write!(hex, "{:02X}", n * 37 % 256).expect("strings take everything");
    }
    let full =
        "temperature:=25.5#C@=39.74,-104.99@1694567890000^batch_01{source=dht22,quality=high}";
    vec![
        Case { name: "small", frame: format!("PUSH|{HEAD}|[temperature:=32.5#C;humidity:=65#%]") },
        Case { name: "full", frame: format!("PUSH|{HEAD}|[{full}]") },
        Case { name: "log100", frame: format!("PUSH|{HEAD}|[{log}]") },
        Case { name: "meta10", frame: format!("PUSH|{HEAD}|[{metadata}]") },
        Case { name: "escapes", frame: format!("PUSH|{HEAD}|[{escapes}]") },
        Case { name: "pull", frame: format!("PULL|{HEAD}|[{names}]") },
        Case { name: "ping", frame: format!("PING|{HEAD}") },
        Case { name: "ack10", frame: format!("ACK|OK|[{answer}]") },
        Case { name: "hex8k", frame: format!("PUSH|{HEAD}|>x{hex}") },
    ]
}

/// As one JSON object, by name.
pub fn print() {
    let frames: serde_json::Map<String, serde_json::Value> =
        corpus().into_iter().map(|case| (case.name.to_owned(), case.frame.into())).collect();
    println!("{}", serde_json::Value::Object(frames));
}
