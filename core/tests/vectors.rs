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

#[test]
fn every_envelope_vector_is_answered_as_written() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../vectors/envelope.json"))
        .expect("vectors are JSON");
    let ask = |request: String| -> Value {
        serde_json::from_str(&driver::answer(request.as_bytes())).expect("answers are JSON")
    };
    assert!(!cases.is_empty());
    for case in cases {
        let field = |key: &str| match &case[key] {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let opened =
            ask(format!("open\t{}\t{}\t{}", field("layout"), field("key"), field("envelope")));
        if !case["error"].is_null() {
            assert_eq!(opened["error"]["code"], case["error"], "{}", case["name"]);
            continue;
        }
        for key in ["cipher", "method", "counter", "inner"] {
            assert_eq!(opened[key], case[key], "{}", case["name"]);
        }
        let names = ["layout", "cipher", "method", "token", "serial", "key", "counter"];
        let inner = to_hex(field("inner").as_bytes());
        let sealed = ask(format!("seal\t{}\t{inner}", names.map(field).join("\t")));
        assert_eq!(sealed["envelope"], case["envelope"], "{}", case["name"]);
    }
}

#[test]
fn what_cannot_be_sealed_or_opened_is_refused_with_its_code() {
    let code = |request: &str| {
        let answer: Value = serde_json::from_str(&driver::answer(request.as_bytes())).unwrap();
        answer["error"]["code"].as_str().unwrap_or("none").to_owned()
    };
    let token = "ate2bd319014b24e0a8aca9f00aea4c0d0";
    let (short, long) = ("00".repeat(16), "00".repeat(32));
    let push = to_hex(b"s|[t:=1]");
    let seal = |cipher: &str, method: &str, token: &str, key: &str, inner: &str| {
        code(&format!("seal\tcurrent\t{cipher}\t{method}\t{token}\ts\t{key}\t1\t{inner}"))
    };
    assert_eq!(seal("aes-128-ccm", "PUSH", token, &short, &push), "none");
    assert_eq!(seal("aes-128-ccm", "PUSH", "nonsense", &long, &push), "invalid_key");
    assert_eq!(seal("aes-128-ccm", "PUSH", "nonsense", &short, ""), "invalid_token");
    assert_eq!(seal("aes-256-ccm", "PULL", token, &long, ""), "forbidden_flags");
    let large = "78".repeat(16_385);
    assert_eq!(seal("aes-128-ccm", "PUSH", token, &short, &large), "envelope_too_large");
    assert_eq!(seal("aes-128-ccm", "PUSH", token, &short, ""), "invalid_payload");
    let other = to_hex(b"z|[t:=1]");
    assert_eq!(seal("aes-128-ccm", "PUSH", token, &short, &other), "invalid_payload");
    assert_eq!(seal("rot13", "PUSH", token, &short, &push), "bad_request");
    let open = |key: &str, envelope: &str| code(&format!("open\tcurrent\t{key}\t{envelope}"));
    assert_eq!(open(&short, ""), "too_short");
    assert_eq!(open("", "41"), "plaintext");
    assert_eq!(open("", "ff"), "unsupported_version");
    assert_eq!(open("", "a7"), "unsupported_cipher");
    assert_eq!(open("", "04"), "invalid_method");
    assert_eq!(open(&long, &"00".repeat(28)), "too_short");
    assert_eq!(open("", &"00".repeat(29 + 16_385)), "envelope_too_large");
    assert_eq!(open(&long, &"00".repeat(29)), "invalid_key");
    assert_eq!(open(&short, &"00".repeat(29)), "auth_failed");
}

#[test]
fn every_platform_vector_is_answered_as_written() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../vectors/platform.json"))
        .expect("vectors are JSON");
    assert!(!cases.is_empty());
    for case in cases {
        let field = |key: &str| case[key].as_str().expect("a case has strings");
        let answer = driver::answer(format!("{}\t{}", field("request"), field("hex")).as_bytes());
        let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
        assert_eq!(answer, case["answer"], "{}", field("name"));
    }
}
