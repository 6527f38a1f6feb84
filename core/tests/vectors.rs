//! Every conformance vector, through the driver's own code. Numbers must be equal as text, so that
//! their digits count too.

use serde_json::Value;

#[path = "../examples/driver.rs"]
#[allow(dead_code)]
mod driver;

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks for the frame of every case and compares the answer.
fn check(vectors: &str, request: &str) {
    let cases: Vec<Value> = serde_json::from_str(vectors).expect("vectors are JSON");
    assert!(!cases.is_empty());
    for mut case in cases {
        let frame = match (&case["frame"], &case["hex"]) {
            (Value::String(frame), _) => to_hex(frame.as_bytes()),
            (_, Value::String(hex)) => hex.clone(),
            _ => panic!("a case has a frame or its hex"),
        };
        let answer = driver::answer(format!("{request}\t{frame}").as_bytes());
        let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
        let case = case.as_object_mut().expect("a case is an object");
        let name = case.remove("name");
        case.retain(|key, _| key != "frame" && key != "hex");
        let expected = Value::Object(std::mem::take(case));
        assert_eq!(answer, expected, "{name:?}");
    }
}

#[test]
fn every_uplink_vector_is_answered_as_written() {
    check(include_str!("../../vectors/uplink.json"), "uplink");
}

#[test]
fn every_ack_vector_is_answered_as_written() {
    check(include_str!("../../vectors/ack.json"), "ack");
}
