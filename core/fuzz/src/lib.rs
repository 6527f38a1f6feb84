//! What must hold for every input. The fuzzers look for inputs for which it does not; the tests
//! replay what they kept.

pub mod envelope;
pub mod platform;
pub mod session;
mod split;

pub use split::*;
use tipwire::{Ack, Detail, Error, Frame, Method, PointList, Push, Reply, Status, Text, Variables};

/// Reading any bytes gives a frame or an error within them, and everything in a frame can be
/// touched.
pub fn read(data: &[u8]) {
    within(data, Frame::parse(data).map(|frame| touch(&frame)));
    within(data, Ack::parse(data).map(|ack| touch_variables(ack.variables())));
    within(data, Ack::parse_inner(data).map(|ack| touch_variables(ack.variables())));
    for method in [Method::Push, Method::Pull, Method::Ping] {
        within(data, Frame::parse_inner(method, data).map(|frame| touch(&frame)));
    }
    in_one_pass(data);
}

/// Variables are the same while their frame is checked and after that.
pub fn in_one_pass(data: &[u8]) {
    let mut given = Vec::new();
    let (whole, once) = (Frame::parse(data), Frame::parse_each(data, |one| given.push(one)));
    assert_eq!(format!("{once:?}"), format!("{whole:?}"));
    if let Ok(frame) = whole {
        assert!(frame.variables().eq(given));
    }
    let mut given = Vec::new();
    let (whole, once) = (Ack::parse(data), Ack::parse_each(data, |one| given.push(one)));
    assert_eq!(format!("{once:?}"), format!("{whole:?}"));
    if let Ok(ack) = whole {
        assert!(ack.variables().eq(given));
    }
}

fn within(data: &[u8], outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        assert!(error.at as usize <= data.len());
        assert!(!error.explain(data).to_string().is_empty());
    }
}

fn touch(frame: &Frame<'_>) {
    touch_variables(frame.variables());
    assert_eq!(frame.points().count(), frame.variables().len());
    assert_eq!(frame.names().count(), frame.names().len());
    if let Some(Ok(bytes)) = frame.raw().map(|raw| raw.decode()) {
        assert!(bytes.len() < frame.raw().map_or(0, |raw| raw.data().len()));
    }
}

fn touch_variables(variables: Variables<'_>) {
    assert_eq!(variables.clone().count(), variables.len());
    for variable in variables {
        assert!(!variable.name.is_empty());
        if let Some(number) = variable.value.as_number() {
            assert_eq!(
                number.to_f64().to_bits(),
                number.as_str().parse::<f64>().map_or(0, f64::to_bits)
            );
        }
        if let Some(text) = variable.value.as_text() {
            touch_text(text);
        }
        for (key, text) in variable.metadata {
            assert!(!key.is_empty());
            touch_text(text);
        }
    }
}

fn touch_text(text: Text<'_>) {
    let mut buffer = vec![0; text.raw().len()];
    let unescaped = text.unescape_into(&mut buffer).expect("escapes only get shorter");
    assert_eq!(unescaped, text.to_cow());
    assert!(text.chars().eq(unescaped.chars()));
}

/// What is read can be written again, and reads as the same.
pub fn rewrite(data: &[u8]) {
    if let Ok(frame) = Frame::parse(data) {
        let mut push = Push::to(String::new(), frame.auth, frame.serial);
        frame.variables().for_each(|variable| _ = push.variable(&variable));
        if frame.variables().len() > 0 {
            let written = push.finish().expect("what was read can be written");
            let again = Frame::parse(written.as_bytes()).expect("what is written can be read");
            assert!(
                frame
                    .variables()
                    .map(|v| (v.name, v.value, v.unit, v.time))
                    .eq(again.variables().map(|v| (v.name, v.value, v.unit, v.time)))
            );
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        // Any text can be a value, but for control characters.
        let written = Push::to(String::new(), "4deedd7bab8817ec", "s").string("s", text).finish();
        if let Ok(frame) = written {
            let again = Frame::parse(frame.as_bytes()).expect("what is written can be read");
            let value = again.variables().next().and_then(|v| v.value.as_text()).expect("a text");
            assert_eq!(value, text);
        }
        if let Ok(reply) = Reply::to(String::new()).text(Status::Cmd, text).finish() {
            let again = Ack::parse(reply.as_bytes()).expect("what is written can be read");
            assert!(matches!(again.detail, Detail::Command(command) if command == text));
        }
    }
}

/// Data points from any JSON make frames that read back, or an error; a list is used up.
pub fn points(data: &[u8]) {
    let Ok(json) = std::str::from_utf8(data) else { return };
    let Ok(mut list) = PointList::new(json) else { return };
    for _ in 0..1000 {
        if list.is_empty() {
            break;
        }
        let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
        list.fill(&mut push);
        let Ok(frame) = push.finish() else { return };
        let frame = Frame::parse(frame.as_bytes()).expect("what is written can be read");
        let mut json = String::new();
        frame.points().write_json(&mut json).expect("strings take everything");
        let again = Push::to(String::new(), "4deedd7bab8817ec", "s").points_json(&json).finish();
        let again = again.expect("data points of a frame make a frame");
        let again = Frame::parse(again.as_bytes()).expect("what is written can be read");
        let mut json_again = String::new();
        again.points().write_json(&mut json_again).expect("strings take everything");
        // Metadata of nothing but the device's own keys is `{}` in JSON, and no metadata again.
        assert_eq!(json.replace(",\"metadata\":{}", ""), json_again);
    }
}
