//! With the feature `serde`, what is read serializes to the JSON forms.
#![cfg(feature = "serde")]

mod support;

use serde_json::Value;
use support::{Random, generate, rounds};
use tipwire::{Ack, Frame};

/// The core's JSON with numbers as `serde` formats have them.
fn as_doubles(json: &str) -> Value {
    fn convert(value: Value) -> Value {
        match value {
            Value::Number(number) => {
                let text = number.to_string();
                match (text.parse::<i64>(), text.parse::<u64>()) {
                    (Ok(0), _) if text.starts_with('-') => Value::from(-0.0),
                    (Ok(number), _) => Value::from(number),
                    (_, Ok(number)) => Value::from(number),
                    _ => Value::from(text.parse::<f64>().expect("a number")),
                }
            }
            Value::Array(items) => items.into_iter().map(convert).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(key, value)| (key, convert(value))).collect()
            }
            other => other,
        }
    }
    convert(serde_json::from_str(json).expect("JSON"))
}

#[test]
fn frames_and_answers_serialize_as_they_are_written() {
    let mut random = Random::new(14);
    for _ in 0..rounds(5_000) {
        let line = generate::uplink(&mut random);
        if let Ok(frame) = Frame::parse(line.as_bytes()) {
            let (mut json, mut points) = (String::new(), String::new());
            frame.write_json(&mut json).unwrap();
            frame.points().write_json(&mut points).unwrap();
            assert_eq!(serde_json::to_value(&frame).unwrap(), as_doubles(&json), "{line}");
            assert_eq!(
                serde_json::to_value(frame.points()).unwrap(),
                as_doubles(&points),
                "{line}"
            );
        }
        let line = generate::answer(&mut random);
        if let Ok(ack) = Ack::parse(line.as_bytes()) {
            let mut json = String::new();
            ack.write_json(&mut json).unwrap();
            assert_eq!(serde_json::to_value(&ack).unwrap(), as_doubles(&json), "{line}");
        }
    }
}
