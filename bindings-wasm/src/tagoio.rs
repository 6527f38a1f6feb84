//! Frames as TagoIO's HTTP requests and MQTT messages. The parts of those are side text, whose lengths
//! the words say, one after the other; frames are output.

use alloc::string::String;
use alloc::vec;
use tipwire::platform::tagoio::{
    Channel, HttpRequest, HttpResponse, MqttMessage, Topic, join_login, login,
};
use tipwire::{BuildError, Error, Kind, Method};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::{plain, unbuilt, unreadable};
use crate::lanes::{Lanes, tell, with, word};

/// What is written beside a frame: topics, paths, headers.
const MORE: usize = 256;

/// The request of a frame: method, path, query, authorization and body. 0 is an error.
#[wasm_bindgen]
pub fn http_request(frame: &[u8]) -> u32 {
    let mut buffer = vec![0; frame.len() + MORE];
    leave(HttpRequest::from_frame(frame, &mut buffer), |request| {
        let HttpRequest { method, path, query, authorization, body } = *request;
        [method, path, query, authorization, text(body)]
    })
}

/// The request of an envelope, which is its body.
#[wasm_bindgen]
pub fn http_request_of_envelope() -> u32 {
    leave(Ok(HttpRequest::from_envelope(b"")), |request| {
        [request.method, request.path, request.query, request.authorization]
    })
}

/// Whether the body of a request with this path is an envelope.
#[wasm_bindgen]
pub fn http_has_envelope(method: &str, path: &str) -> bool {
    HttpRequest { method, path, query: "", authorization: "", body: b"" }.envelope().is_some()
}

/// The frame of a request; its length, or 0 for an error.
#[wasm_bindgen]
pub fn http_frame(method: &str, path: &str, query: &str, authorization: &str, body: &[u8]) -> u32 {
    let request = HttpRequest { method, path, query, authorization, body };
    output(|buffer| request.to_frame(buffer).map(<[u8]>::len))
}

/// The response of an answer: its status as a number, whether it has a command, the command and the
/// body. 0 is an error.
#[wasm_bindgen]
pub fn http_response(ack: &[u8]) -> u32 {
    with(|lanes| match HttpResponse::from_ack(ack) {
        Ok(response) => put_response(lanes, &response),
        Err(error) => unreadable(lanes.words, error),
    })
}

/// The same of an envelope (0), which is its body, or of an error of this kind.
#[wasm_bindgen]
pub fn http_response_of(kind: u32) -> u32 {
    with(|lanes| {
        let kind = u8::try_from(kind).ok().and_then(Kind::from_number);
        let of_envelope = || HttpResponse::from_envelope(b"");
        put_response(lanes, &kind.map_or_else(of_envelope, HttpResponse::from_error))
    })
}

/// The answer that a response is to a request of this method; its length, or 0 for an error.
#[wasm_bindgen]
pub fn http_ack(
    status: u16,
    command: Option<String>,
    body: &[u8],
    method: &str,
    seq: Option<u32>,
) -> u32 {
    let response = HttpResponse { status, command: command.as_deref(), body };
    output(|buffer| {
        let methods = [Method::Push, Method::Pull, Method::Ping];
        let method = methods.into_iter().find(|known| known.name() == method);
        let method = method.ok_or(plain(Kind::Method))?;
        response.to_ack(method, seq, buffer).map(<[u8]>::len)
    })
}

/// The message of a frame: topic and payload. 0 is an error.
#[wasm_bindgen]
pub fn mqtt_message(frame: &[u8]) -> u32 {
    let mut buffer = vec![0; frame.len() + MORE];
    leave(MqttMessage::from_frame(frame, &mut buffer), |message| {
        [message.topic, text(message.payload)]
    })
}

/// The same of an answer to this device.
#[wasm_bindgen]
pub fn mqtt_answer(ack: &[u8], serial: &str) -> u32 {
    let mut buffer = [0; MORE];
    leave(MqttMessage::from_ack(ack, serial, &mut buffer), |message| {
        [message.topic, text(message.payload)]
    })
}

/// The frame of a message from a device that logged in with a hash; its length, or 0 for an error.
#[wasm_bindgen]
pub fn mqtt_frame(topic: &str, payload: &[u8], auth: &str) -> u32 {
    let message = MqttMessage { topic, payload };
    output(|buffer| message.to_frame(auth, buffer).map(<[u8]>::len))
}

/// The answer of a message; its length, or 0 for an error.
#[wasm_bindgen]
pub fn mqtt_ack(topic: &str, payload: &[u8]) -> u32 {
    output(|buffer| MqttMessage { topic, payload }.to_ack(buffer).map(<[u8]>::len))
}

/// Whether a topic is one of envelopes.
#[wasm_bindgen]
pub fn mqtt_has_envelope(topic: &str) -> bool {
    MqttMessage { topic, payload: b"" }.envelope().is_some()
}

/// A topic as output; its length, or 0 for an error.
#[wasm_bindgen]
pub fn mqtt_topic(serial: &str, channel: &str, sealed: bool) -> u32 {
    output(|buffer| {
        let channel = Channel::from_name(channel).ok_or(plain(Kind::Topic))?;
        Topic { sealed, serial, channel }.write(buffer).map(<[u8]>::len)
    })
}

/// User and password of a hash, or (1) the hash of user and password. 0 is an error.
#[wasm_bindgen]
pub fn mqtt_login(join: u32, first: &str, second: &str) -> u32 {
    if join == 0 {
        leave(login(first), |(user, password)| [*user, *password])
    } else {
        leave(join_login(first, second), |hash| [hash.as_str()])
    }
}

fn put_response(lanes: &mut Lanes<'_>, response: &HttpResponse<'_>) -> u32 {
    put(lanes, &[response.command.unwrap_or_default(), text(response.body)]);
    let parts = [response.status.into(), response.command.is_some().into()];
    tell(lanes.words.get_mut(2..).unwrap_or_default(), parts);
    1
}

fn leave<T, const N: usize>(made: Result<T, Error>, parts: impl FnOnce(&T) -> [&str; N]) -> u32 {
    with(|lanes| match &made {
        Ok(made) => {
            put(lanes, &parts(made));
            1
        }
        Err(error) => unreadable(lanes.words, *error),
    })
}

fn put(lanes: &mut Lanes<'_>, parts: &[&str]) {
    lanes.clear_side();
    for (part, place) in parts.iter().zip(lanes.words.iter_mut()) {
        lanes.side.push_str(part);
        *place = word(part.len());
    }
}

fn output(write: impl FnOnce(&mut [u8]) -> Result<usize, BuildError>) -> u32 {
    with(|lanes| match write(lanes.output) {
        Ok(length) => word(length),
        Err(error) => unbuilt(lanes.words, error),
    })
}

/// Bodies that are made of frames are text.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
