//! What other platforms expect, from parts that may be anything.

use tipwire::platform::tagoio::{HttpRequest, HttpResponse, MqttMessage, Topic};
use tipwire::platform::thingsboard::Converter;
use tipwire::platform::thingspanel::{
    self, Event, Gateway, Packet, RawMessage, SubDevices, Values, write_values,
};
use tipwire::platform::{Protocol, Server, ServerEvent};
use tipwire::stream::Any;
use tipwire::{Ack, Frame, Method, Push};

/// Whatever stands in the parts of a request or a message: what comes of it is a frame or an
/// answer, and says the same when it is made a request or a message again.
pub fn tagoio(data: &[u8]) {
    let mut parts = data.splitn(4, |&byte| byte == b'\n');
    let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let (method, target, authorization) = (text(), text(), text());
    let body = parts.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut buffer = vec![0; 40_000];

    let request = HttpRequest { method, path, query, authorization, body };
    if let Ok(frame) = request.to_frame(String::new()) {
        Frame::parse(frame.as_bytes()).expect("a frame");
        let again = HttpRequest::from_frame(frame.as_bytes(), &mut buffer).expect("a request");
        assert_eq!(again.to_frame(String::new()), Ok(frame));
    }
    for status in [200, 404, 999] {
        let response = HttpResponse { status, command: None, body };
        let with_command = HttpResponse { status, command: Some(authorization), body };
        for response in [response, with_command] {
            for method in [Method::Push, Method::Ping] {
                if let Ok(ack) = response.to_ack(method, Some(7), String::new()) {
                    Ack::parse(ack.as_bytes()).expect("an answer");
                    let again = HttpResponse::from_ack(ack.as_bytes()).expect("a response");
                    assert_eq!(again.to_ack(method, Some(7), String::new()), Ok(ack));
                }
            }
        }
    }

    let _ =
        Topic::parse(path).map(|topic| assert_eq!(topic.write(String::new()).as_deref(), Ok(path)));
    let message = MqttMessage { topic: path, payload: body };
    let auth = "4deedd7bab8817ec";
    if let Ok(frame) = message.to_frame(auth, String::new()) {
        Frame::parse(frame.as_bytes()).expect("a frame");
        let again = MqttMessage::from_frame(frame.as_bytes(), &mut buffer).expect("a message");
        assert_eq!(again.to_frame(auth, String::new()), Ok(frame));
    }
    if let Ok(ack) = message.to_ack(String::new()) {
        let serial = Topic::parse(path).expect("a topic").serial;
        let again = MqttMessage::from_ack(ack.as_bytes(), serial, &mut buffer).expect("a message");
        assert_eq!(again.to_ack(String::new()), Ok(ack));
    }
}

/// A packet that is read is written as the same bytes; JSON that becomes a frame comes back from it
/// as values that become the same frame, unless a name is repeated.
pub fn thingspanel(data: &[u8]) {
    if let Ok(packet) = Packet::parse(data) {
        let mut buffer = vec![0; data.len()];
        assert_eq!(packet.write(&mut buffer[..]), Ok(data));
    }
    if let Ok(values) = Values::parse(data)
        && let Ok(frame) = frame_of(&values)
    {
        let read = Frame::parse(frame.as_bytes()).expect("a frame");
        let mut json = String::new();
        write_values(&mut json, read.points()).expect("strings take everything");
        let again = frame_of(&Values::parse(json.as_bytes()).expect("an object"));
        let again = again.expect("what was written can be read");
        let mut names: Vec<&str> = read.variables().map(|variable| variable.name).collect();
        names.sort_unstable();
        if names.windows(2).all(|pair| pair[0] != pair[1]) {
            assert_eq!(again, frame);
        }
    }
    let _ = Event::parse(data).map(|event| event.params.map(|params| frame_of(&params)));
    let all = [SubDevices::parse(data), Gateway::parse(data).map(|gateway| gateway.devices)];
    for (address, values) in all.into_iter().flatten().flatten().flatten() {
        let mut buffer = vec![0; data.len() + 4];
        assert!(address.read(&mut buffer).is_none_or(|text| text.len() <= data.len()));
        let _ = frame_of(&values);
    }
    if let Ok(message) = RawMessage::parse(data) {
        let _ = message.decode_into(&mut vec![0; data.len()]);
    }
    let mut json = String::new();
    thingspanel::write_raw(&mut json, "token", data).expect("strings take everything");
    let message = RawMessage::parse(json.as_bytes()).expect("what was written can be read");
    assert_eq!(message.decode_into(&mut vec![0; data.len()]), Ok(data));
}

fn frame_of(values: &Values<'_>) -> Result<String, tipwire::BuildError> {
    let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
    values.fill(&mut push);
    push.finish()
}

const FIELDS: &str = r#"{"fields":[
    {"name":"name","offset":2,"length":2,"as":"ascii","to":"deviceName"},
    {"name":"t","offset":4,"as":"f32"}
]}"#;

/// A server takes whatever devices send, says the same however the bytes come, and nothing once the
/// connection is over. The first byte says which devices.
pub fn server(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let rule = |name| Any::from_json(name, "").expect("a rule");
    let convert = |name, settings| Converter::new(name, settings).expect("a converter");
    let protocol = match choice % 5 {
        0 => Protocol::Packets,
        1 => Protocol::Raw,
        2 => Protocol::Messages(rule("lines"), convert("text", "")),
        3 => Protocol::Messages(rule("json"), convert("json", "")),
        _ => Protocol::Messages(rule("length_field"), convert("binary", FIELDS)),
    };
    let whole = hear(&protocol, [bytes].into_iter());
    // Messages without a frame are what comes at one time.
    if !matches!(protocol, Protocol::Raw) {
        assert_eq!(whole, hear(&protocol, bytes.chunks(1)));
        assert_eq!(whole, hear(&protocol, bytes.chunks(7)));
    }
}

/// What happens on a connection that gets these pieces, and what it sends.
fn hear<'d>(protocol: &Protocol, pieces: impl Iterator<Item = &'d [u8]>) -> (Vec<String>, Vec<u8>) {
    let mut server = Server::new(protocol, 1000, 0).expect("a rule that works");
    let mut heard = Vec::new();
    for mut input in pieces {
        let was_over = server.is_closed();
        while let Some(event) = server.next_event(&mut input, 1) {
            assert!(!was_over, "it says nothing any more");
            match event {
                ServerEvent::Token(token) if token.len() % 2 == 0 => {
                    heard.push(token.to_owned());
                    server.accept();
                }
                ServerEvent::Token(_) => server.refuse(),
                ServerEvent::Told { bytes, told } => {
                    let mut text = format!("{bytes:x?}");
                    for (device, points) in told {
                        text.extend(device.map(|name| name.to_string()));
                        for point in points {
                            text.push_str(&point.variable().to_string());
                            point.write_json(&mut text).expect("strings take everything");
                        }
                    }
                    heard.push(text);
                }
                ServerEvent::Rejected { error, .. } => heard.push(error.to_string()),
            }
        }
        assert!(input.is_empty(), "nothing waits for an answer");
    }
    (heard, server.output().to_vec())
}
