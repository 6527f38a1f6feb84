//! What other platforms expect, from parts that may be anything.

use tipwire::platform::tagoio::{HttpRequest, HttpResponse, MqttMessage, Topic};
use tipwire::platform::thingspanel::Packet;
use tipwire::{Ack, Frame, Method};

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

/// A packet that is read is written as the same bytes.
pub fn thingspanel(data: &[u8]) {
    if let Ok(packet) = Packet::parse(data) {
        let mut buffer = vec![0; data.len()];
        assert_eq!(packet.write(&mut buffer[..]), Ok(data));
    }
}
