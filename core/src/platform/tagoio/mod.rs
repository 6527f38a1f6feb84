//! TagoIO's other transports: the same frames as HTTP requests and as MQTT messages.
//!
//! Whoever has a frame as bytes, built or received, gets the request or the message that says the
//! same, and back: a device that can only do HTTP, a bridge from a plain socket to a broker, a
//! server that takes all of them and knows only frames.
//!
//! ```
//! use tipwire::platform::tagoio::{HttpRequest, HttpResponse};
//! use tipwire::{Method, Push};
//!
//! let mut buffer = [0; 128];
//! let line = Push::to(&mut buffer, "4deedd7bab8817ec", "sensor-01").number("t", 32).finish()?;
//!
//! let mut parts = [0; 64];
//! let request = HttpRequest::from_frame(line, &mut parts)?;
//! assert_eq!((request.method, request.path), ("POST", "/v1/tip/sensor-01"));
//! assert_eq!(request.authorization, "TagoTiP 4deedd7bab8817ec");
//! assert_eq!(request.body, b"[t:=32]");
//! assert_eq!(request.to_frame(String::new())?.as_bytes(), line);
//!
//! let response = HttpResponse::from_ack(b"ACK|OK|1")?;
//! assert_eq!((response.status, response.body), (200, &b"1"[..]));
//! assert_eq!(response.to_ack(Method::Push, None, String::new())?, "ACK|OK|1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Over MQTT a device logs in by the two halves of its hash, publishes to topics that name it, and
//! subscribes to the topic of its answers.
//!
//! ```
//! use tipwire::platform::tagoio::{MqttMessage, login};
//!
//! assert_eq!(login("4deedd7bab8817ec")?, ("4deedd7b", "ab8817ec"));
//! let mut buffer = [0; 64];
//! let message = MqttMessage::from_frame(b"PULL|!7|4deedd7bab8817ec|s|[t;h]", &mut buffer)?;
//! assert_eq!((message.topic, message.payload), ("$tip/s/pull", &b"!7|t,h"[..]));
//! # Ok::<(), tipwire::Error>(())
//! ```

mod http;
mod mqtt;

pub use http::{HttpRequest, HttpResponse};
pub use mqtt::{Channel, MqttMessage, Topic, join_login, login};

use crate::cursor::{NAME, SERIAL};
use crate::error::{BuildError, Error, Field, Kind};
use crate::frame::{Ack, Frame, IntoSink, Line, Method, Sink, line, write_auth};
use crate::limits::{MAX_FRAME, MAX_NAME};

/// A frame, and its body as it stands.
fn take_apart(bytes: &[u8]) -> Result<(Frame<'_>, &[u8]), Error> {
    let frame = Frame::parse(bytes)?;
    let head = 3 + usize::from(frame.seq.is_some());
    let body = line(bytes).splitn(head + 1, |&byte| byte == b'|').nth(head);
    Ok((frame, body.unwrap_or_default()))
}

/// An answer, and what follows its `ACK|` as it stands.
fn take_ack_apart(bytes: &[u8]) -> Result<(Ack<'_>, &[u8]), Error> {
    let ack = Ack::parse(bytes)?;
    Ok((ack, line(bytes).strip_prefix(b"ACK|").unwrap_or_default()))
}

/// Writes a frame of parts that may be anything, and reads it: it only comes out if it is one.
fn put_together<S: Sink>(
    sink: impl IntoSink<Sink = S>,
    method: Method,
    seq: &[u8],
    auth: &str,
    serial: &str,
    body: &mut dyn FnMut(&mut Line<S>),
) -> Result<S::Done, BuildError> {
    let mut out = Line::new(sink);
    out.put(method.name().as_bytes());
    out.put(b"|");
    out.put(seq);
    write_auth(&mut out, auth);
    out.put(b"|");
    out.field(Field::Serial);
    out.put_word(serial, SERIAL, MAX_NAME, Kind::Serial, Kind::SerialLength);
    body(&mut out);
    if out.error().is_none()
        && let Err(error) = Frame::parse(out.written())
    {
        out.fail_whole(error.kind);
    }
    out.finish()
}

/// Writes the rest of a frame without its line ending, if it has one; what it is shows when the
/// frame is read.
fn put_rest<S: Sink>(out: &mut Line<S>, rest: &[u8]) {
    if rest.len() > MAX_FRAME {
        return out.fail_whole(Kind::TooLarge);
    }
    let rest = line(rest);
    if rest.ends_with(b"\n") {
        return out.fail_whole(Kind::Trailing);
    }
    out.put(rest);
}

/// Writes the next name of a PULL.
fn put_name<S: Sink>(out: &mut Line<S>, count: &mut usize, name: &str) {
    out.field(Field::Names);
    out.put(if *count == 0 { b"|[" } else { b";" });
    out.put_word(name, NAME, MAX_NAME, Kind::Name, Kind::NameLength);
    *count += 1;
}

/// Ends the names of a PULL.
fn end_names<S: Sink>(out: &mut Line<S>, count: usize) {
    if count == 0 {
        out.field(Field::Names);
        out.fail(Kind::Empty);
    }
    out.put(b"]");
}

/// Texts written one after the other into one buffer.
struct Texts<'b> {
    rest: &'b mut [u8],
}

impl<'b> Texts<'b> {
    /// What `write` writes.
    fn add(
        &mut self,
        write: impl FnOnce(&mut Line<crate::frame::Slice<'_>>),
    ) -> Result<&'b [u8], Error> {
        let mut out = Line::new(&mut *self.rest);
        write(&mut out);
        let length = out.len();
        out.finish().map_err(|error| Error::new(error.kind, 0))?;
        let (text, rest) = core::mem::take(&mut self.rest).split_at_mut(length);
        self.rest = rest;
        Ok(text)
    }
}

/// Texts of this module are made of what was checked, which is ASCII or has been read as text.
fn as_text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
