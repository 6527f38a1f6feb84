//! TagoIO over HTTP and MQTT
//!
//! The same frames as HTTP requests and as MQTT messages, in the parts that libraries take and give:
//! for a device that can only do HTTP, a bridge from a plain socket to a broker, or a server that takes
//! all of them and knows only frames.

use core::ffi::{c_char, c_void};

use codec::platform::tagoio::{
    self, Channel, HttpRequest, HttpResponse, MqttMessage, Topic, join_login,
};
use codec::{InnerMethod, Kind};

use crate::credentials::tipwire_hash;
use crate::error::{TIPWIRE_E_ARGUMENT, kind, status, tell, tipwire_error, told};
use crate::frame::{TIPWIRE_ACK, TIPWIRE_PULL, TIPWIRE_PUSH, method_of};
use crate::memory::{Outcome, buffer, bytes, place, read, string};
use crate::panic::{guard, run};
use crate::stream::input_of;
use crate::text::{length as of_length, tipwire_text};

/// A request. What is absent is empty.
///
/// method         "POST", "GET" or "HEAD".
/// path           without query: /v1/tip/{serial}, or /v1/tips for an envelope.
/// query          without its ?: "variables=a,b", or nothing.
/// authorization  the value of the header Authorization; nothing with an envelope, which has its own.
/// body           text, or an envelope (application/octet-stream).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_http_request {
    pub method: tipwire_text,
    pub path: tipwire_text,
    pub query: tipwire_text,
    pub authorization: tipwire_text,
    pub body: tipwire_text,
}

/// A response.
///
/// status   200, 204, 401 and so on.
/// command  the value of the header X-TagoTiP-CMD; absent if there is none.
/// body     what follows the status of the answer, a bare error code, or an envelope.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_http_response {
    pub status: u16,
    pub command: tipwire_text,
    pub body: tipwire_text,
}

/// What is published where over MQTT. The payload may be any bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_mqtt_message {
    pub topic: tipwire_text,
    pub payload: tipwire_text,
}

/// A topic of MQTT: $tip/{serial}/push, pull or ack; those of envelopes begin with $tips.
///
/// is_sealed  whether envelopes go there.
/// channel    TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_ACK.
/// serial     the device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_tagoio_topic {
    pub is_sealed: u8,
    pub channel: u8,
    pub serial: tipwire_text,
}

/// Sets request to what says the same as a frame, without its counter; in the place of a token goes the
/// token's hash. Path, query and header are written into the buffer, which 256 bytes and the length of
/// the frame are always enough for; the body is a slice of the frame. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_frame_to_http(
    frame: *const c_void,
    length: usize,
    out: *mut c_void,
    capacity: usize,
    request: *mut tipwire_http_request,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let frame = told(bytes(frame, length), error)?;
        let out = told(buffer(out, capacity), error)?;
        let place = told(place(request), error)?;
        let made = HttpRequest::from_frame(frame, out).map_err(|wrong| tell(wrong, error))?;
        place.set(made.into());
        Ok(())
    })
}

/// Writes the frame that says what a request says, which may be anything. error may be NULL. Returns its
/// length, or what is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_http_to_frame(
    request: *const tipwire_http_request,
    out: *mut c_void,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let request = told(request_of(request), error)?;
        let out = told(buffer(out, capacity), error)?;
        of_length(request.to_frame(out).map_err(|wrong| tell(wrong, error))?.len())
    })
}

/// Sets request to the one that carries an envelope.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_envelope_to_http(
    envelope: *const c_void,
    length: usize,
    request: *mut tipwire_http_request,
) -> i32 {
    run(|| {
        let envelope = bytes(envelope, length)?;
        place(request)?.set(HttpRequest::from_envelope(envelope).into());
        Ok(())
    })
}

/// Sets envelope to the one that a request carries. Returns 1, or 0 where it carries none.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_http_envelope(
    request: *const tipwire_http_request,
    envelope: *mut tipwire_text,
) -> i32 {
    guard(|| {
        let request = request_of(request)?;
        let place = place(envelope)?;
        Ok(request.envelope().map(|envelope| place.set(envelope.into())).is_some().into())
    })
}

/// Sets response to what says the same as an answer, without its counter. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_ack_to_http(
    ack: *const c_void,
    length: usize,
    response: *mut tipwire_http_response,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let ack = told(bytes(ack, length), error)?;
        let place = told(place(response), error)?;
        let made = HttpResponse::from_ack(ack).map_err(|wrong| tell(wrong, error))?;
        place.set(made.into());
        Ok(())
    })
}

/// Sets response to the one of a server that could not take a request for this reason, a status such
/// as tipwire_http_to_frame() returns.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_status_to_http(status: i32, response: *mut tipwire_http_response) -> i32 {
    run(|| {
        let kind = kind(status).ok_or(TIPWIRE_E_ARGUMENT)?;
        place(response)?.set(HttpResponse::from_error(kind).into());
        Ok(())
    })
}

/// Sets response to the one that carries an envelope.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_envelope_to_http_response(
    envelope: *const c_void,
    length: usize,
    response: *mut tipwire_http_response,
) -> i32 {
    run(|| {
        let envelope = bytes(envelope, length)?;
        place(response)?.set(HttpResponse::from_envelope(envelope).into());
        Ok(())
    })
}

/// Writes the answer that says what the response to a request of this method says (TIPWIRE_PUSH,
/// TIPWIRE_PULL or TIPWIRE_PING), which may be anything. seq is the counter that the request had, or
/// NULL. error may be NULL. Returns its length, or what is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_http_to_ack(
    response: *const tipwire_http_response,
    method: u8,
    seq: *const u32,
    out: *mut c_void,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let response = told(response_of(response), error)?;
        let method = method_of(method).and_then(|method| method.uplink().ok_or(TIPWIRE_E_ARGUMENT));
        let method = told(method, error)?;
        let seq = if seq.is_null() { None } else { Some(*told(read(seq), error)?) };
        let out = told(buffer(out, capacity), error)?;
        of_length(response.to_ack(method, seq, out).map_err(|wrong| tell(wrong, error))?.len())
    })
}

/// Sets message to what says the same as a frame. Topic and payload are slices of the frame or of the
/// buffer, which 256 bytes and the length of the frame are always enough for. There is none for a PING,
/// which MQTT has its own of: that is TIPWIRE_E_MISPLACED. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_frame_to_mqtt(
    frame: *const c_void,
    length: usize,
    out: *mut c_void,
    capacity: usize,
    message: *mut tipwire_mqtt_message,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let frame = told(bytes(frame, length), error)?;
        let out = told(buffer(out, capacity), error)?;
        let place = told(place(message), error)?;
        let made = MqttMessage::from_frame(frame, out).map_err(|wrong| tell(wrong, error))?;
        place.set(made.into());
        Ok(())
    })
}

/// Sets message to what says an answer to a device. The buffer takes the topic. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_ack_to_mqtt(
    ack: *const c_void,
    length: usize,
    serial: *const c_char,
    out: *mut c_void,
    capacity: usize,
    message: *mut tipwire_mqtt_message,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let ack = told(bytes(ack, length), error)?;
        let serial = told(string(serial), error)?;
        let out = told(buffer(out, capacity), error)?;
        let place = told(place(message), error)?;
        let made = MqttMessage::from_ack(ack, serial, out).map_err(|wrong| tell(wrong, error))?;
        place.set(made.into());
        Ok(())
    })
}

/// Sets message to the one that carries an envelope from or to a device, by its method. The buffer takes
/// the topic.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_envelope_to_mqtt(
    envelope: *const c_void,
    length: usize,
    serial: *const c_char,
    method: u8,
    out: *mut c_void,
    capacity: usize,
    message: *mut tipwire_mqtt_message,
) -> i32 {
    run(|| {
        let (envelope, serial) = (bytes(envelope, length)?, string(serial)?);
        let (channel, out) = (channel_of(method)?, buffer(out, capacity)?);
        let place = place(message)?;
        let made = MqttMessage::from_envelope(envelope, serial, channel, out);
        place.set(made.map_err(|error| status(error.kind))?.into());
        Ok(())
    })
}

/// Sets envelope to the one that a message carries. Returns 1, or 0 where it carries none.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_mqtt_envelope(
    message: *const tipwire_mqtt_message,
    envelope: *mut tipwire_text,
) -> i32 {
    guard(|| {
        let message = message_of(message)?;
        let place = place(envelope)?;
        Ok(message.envelope().map(|envelope| place.set(envelope.into())).is_some().into())
    })
}

/// Writes the frame that a device means by a message, which may be anything; auth is the hash that it
/// logged in with. error may be NULL. Returns its length, or what is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_mqtt_to_frame(
    message: *const tipwire_mqtt_message,
    auth: *const c_char,
    out: *mut c_void,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let message = told(message_of(message), error)?;
        let auth = told(string(auth), error)?;
        let out = told(buffer(out, capacity), error)?;
        of_length(message.to_frame(auth, out).map_err(|wrong| tell(wrong, error))?.len())
    })
}

/// Writes the answer that a server means by a message. Otherwise as tipwire_mqtt_to_frame().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_mqtt_to_ack(
    message: *const tipwire_mqtt_message,
    out: *mut c_void,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let message = told(message_of(message), error)?;
        let out = told(buffer(out, capacity), error)?;
        of_length(message.to_ack(out).map_err(|wrong| tell(wrong, error))?.len())
    })
}

/// Writes a topic, without a NUL. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_write_tagoio_topic(
    topic: *const tipwire_tagoio_topic,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let topic = read(topic)?;
        let (serial, channel) = (topic.serial.get()?, channel_of(topic.channel)?);
        let topic = Topic { sealed: topic.is_sealed != 0, serial, channel };
        let written = topic.write(buffer(out, capacity)?);
        of_length(written.map_err(|error| status(error.kind))?.len())
    })
}

/// Reads a topic, which ends with a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_tagoio_topic(
    text: *const c_char,
    topic: *mut tipwire_tagoio_topic,
) -> i32 {
    run(|| {
        let read = Topic::parse(string(text)?).map_err(|error| status(error.kind))?;
        let channel = match read.channel {
            Channel::Push => TIPWIRE_PUSH,
            Channel::Pull => TIPWIRE_PULL,
            Channel::Ack => TIPWIRE_ACK,
        };
        let (is_sealed, serial) = (read.sealed.into(), read.serial.into());
        place(topic)?.set(tipwire_tagoio_topic { is_sealed, channel, serial });
        Ok(())
    })
}

/// Sets user and password to what a device logs in with over MQTT: the halves of its hash, which ends
/// with a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_mqtt_login(
    hash: *const c_char,
    user: *mut tipwire_text,
    password: *mut tipwire_text,
) -> i32 {
    run(|| {
        let halves = tagoio::login(string(hash)?).map_err(|error| status(error.kind))?;
        let (user, password) = (place(user)?, place(password)?);
        user.set(halves.0.into());
        password.set(halves.1.into());
        Ok(())
    })
}

/// Sets hash to the one that a user and a password are the halves of; they end with a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_mqtt_hash(
    user: *const c_char,
    password: *const c_char,
    hash: *mut tipwire_hash,
) -> i32 {
    run(|| {
        let joined = join_login(string(user)?, string(password)?);
        let joined = joined.map_err(|error| status(error.kind))?;
        place(hash)?.set(joined.into());
        Ok(())
    })
}

/// Text that may be absent, which is none.
fn optional(text: tipwire_text) -> Outcome<&'static str> {
    core::str::from_utf8(input_of(text)?).map_err(|_| status(Kind::Utf8))
}

fn request_of(request: *const tipwire_http_request) -> Outcome<HttpRequest<'static>> {
    let request = read(request)?;
    Ok(HttpRequest {
        method: optional(request.method)?,
        path: optional(request.path)?,
        query: optional(request.query)?,
        authorization: optional(request.authorization)?,
        body: input_of(request.body)?,
    })
}

fn response_of(response: *const tipwire_http_response) -> Outcome<HttpResponse<'static>> {
    let response = read(response)?;
    let has_command = !response.command.data.is_null();
    let command = if has_command { Some(response.command.get()?) } else { None };
    Ok(HttpResponse { status: response.status, command, body: input_of(response.body)? })
}

fn message_of(message: *const tipwire_mqtt_message) -> Outcome<MqttMessage<'static>> {
    let message = read(message)?;
    Ok(MqttMessage { topic: message.topic.get()?, payload: input_of(message.payload)? })
}

fn channel_of(method: u8) -> Outcome<Channel> {
    match method_of(method)? {
        InnerMethod::Push => Ok(Channel::Push),
        InnerMethod::Pull => Ok(Channel::Pull),
        InnerMethod::Ack => Ok(Channel::Ack),
        InnerMethod::Ping => Err(TIPWIRE_E_ARGUMENT),
    }
}

impl From<HttpRequest<'static>> for tipwire_http_request {
    fn from(request: HttpRequest<'static>) -> tipwire_http_request {
        tipwire_http_request {
            method: request.method.into(),
            path: request.path.into(),
            query: request.query.into(),
            authorization: request.authorization.into(),
            body: request.body.into(),
        }
    }
}

impl From<HttpResponse<'static>> for tipwire_http_response {
    fn from(response: HttpResponse<'static>) -> tipwire_http_response {
        let HttpResponse { status, command, body } = response;
        tipwire_http_response { status, command: command.into(), body: body.into() }
    }
}

impl From<MqttMessage<'static>> for tipwire_mqtt_message {
    fn from(message: MqttMessage<'static>) -> tipwire_mqtt_message {
        tipwire_mqtt_message { topic: message.topic.into(), payload: message.payload.into() }
    }
}
