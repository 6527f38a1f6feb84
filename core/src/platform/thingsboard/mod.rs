//! ThingsBoard's TCP integration and its MQTT shapes: `docs/spec/thingsboard.md`.
//!
//! A handler cuts a stream into messages (see [`stream`](crate::stream)), and a converter makes
//! each of them an uplink object: of which device, with what telemetry and attributes. Three of
//! them are here, with settings; whoever writes one of their own can have its objects checked by
//! [`Uplinks::parse`].
//!
//! ```
//! use tipwire::platform::thingsboard::{TextConverter, Uplinks};
//!
//! let mut json = String::new();
//! TextConverter::default().convert(b"SN-002,default,temperature,25.7\r\n", &mut json)?;
//! assert_eq!(json, concat!(
//!     r#"{"deviceName":"SN-002","deviceType":"default","#,
//!     r#""telemetry":{"temperature":25.7},"attributes":{}}"#,
//! ));
//!
//! let uplink = Uplinks::parse(&json).unwrap().next().unwrap();
//! let entry = uplink.telemetry().next().unwrap();
//! assert_eq!((entry.key.to_string().as_str(), entry.value), ("temperature", "25.7"));
//! # Ok::<(), tipwire::platform::thingsboard::ConvertError<'_>>(())
//! ```
//!
//! What TagoTiP devices send becomes telemetry by [`write_telemetry`], for a device of its own
//! ([`DEVICE_TOPIC`]) or behind a gateway ([`GATEWAY_TOPIC`]). A command of ThingsBoard's, an RPC or
//! a change of a shared attribute, goes to a TagoTiP device as the text of
//! [`Reply::command`](crate::Reply::command).

mod binary;
mod downlink;
mod json;
mod settings;
mod telemetry;
mod text;
mod uplink;

pub use super::JsonText;
pub use binary::{BinaryConverter, BinaryField, Read, Scale, Target};
pub use downlink::{ContentType, Downlink};
pub use json::JsonConverter;
#[cfg(feature = "alloc")]
pub use settings::Converter;
pub use settings::{Configured, LentConverter};
pub use telemetry::{
    DEVICE_TOPIC, GATEWAY_TOPIC, Moment, write_gateway_moments, write_gateway_telemetry,
    write_telemetry, write_uplink,
};
pub use text::TextConverter;
pub use uplink::{Entries, Entry, Uplink, Uplinks};

use core::fmt;

use crate::error::{Code, Kind, display, put_digits};
use crate::json::read::{Json, document};
use crate::json::write::{Object, write_string};
#[cfg(feature = "alloc")]
pub(super) use json::last;

/// Why a message does not fit its converter: what is wrong with which field, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConvertError<'a> {
    /// What is wrong.
    pub kind: Kind,
    /// The field: a key of the uplink object, of the telemetry, or of the converter's settings;
    /// `message` where it is the message as a whole.
    pub field: &'a str,
    /// The byte of the message; its length where something is missing.
    pub at: u32,
}

impl<'a> ConvertError<'a> {
    fn new(kind: Kind, field: &'a str, at: usize) -> ConvertError<'a> {
        ConvertError { kind, field, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }

    /// One of the message as a whole.
    #[cfg(feature = "alloc")]
    pub(super) fn of_message(kind: Kind) -> ConvertError<'a> {
        ConvertError::new(kind, MESSAGE, 0)
    }

    /// The error as a sentence in parts, as its `Display` gives it.
    pub fn explain_to(&self, put: &mut dyn FnMut(&str)) {
        [self.field, ": ", self.kind.sentence(), " at byte "].into_iter().for_each(&mut *put);
        put_digits(put, self.at, 10);
    }

    /// The code of a message that does not fit.
    pub const fn code(&self) -> &'static str {
        Code::InvalidPayload.name()
    }
}

impl fmt::Display for ConvertError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, |put| self.explain_to(put))
    }
}

impl core::error::Error for ConvertError<'_> {}

/// What is written to had no room.
impl From<fmt::Error> for ConvertError<'_> {
    fn from(_: fmt::Error) -> Self {
        ConvertError::new(Kind::Buffer, MESSAGE, 0)
    }
}

/// What converters do, once it is known that they can: they begin to write, and what they wrote is of
/// no use where the message does not fit. Those with settings of `'s` name them in their errors.
trait Convert<'s>: Copy {
    fn write<'a, W: fmt::Write>(
        self,
        message: &'a [u8],
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a;

    /// Writes all of it or nothing: converting is tried before.
    fn convert_whole<'a, W: fmt::Write>(
        self,
        message: &'a [u8],
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        self.write(message, &mut Nowhere)?;
        self.write(message, out)
    }
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl fmt::Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

const MESSAGE: &str = "message";
const DEVICE_NAME: &str = "deviceName";
const DEVICE_TYPE: &str = "deviceType";
const DEFAULT_TYPE: &str = "default";
const TELEMETRY: &str = "telemetry";
const ATTRIBUTES: &str = "attributes";

/// The message as text.
fn text_of(message: &[u8]) -> Result<&str, ConvertError<'_>> {
    let place =
        |error: core::str::Utf8Error| ConvertError::new(Kind::Utf8, MESSAGE, error.valid_up_to());
    core::str::from_utf8(message).map_err(place)
}

/// The text without white space, and without what else there is, around it. Of nothing but that the end
/// is left.
#[cfg_attr(target_family = "wasm", inline(never))]
fn trimmed(text: &str, other: char) -> &str {
    let is_around = |char: char| char == other || char.is_whitespace();
    text.trim_start_matches(is_around).trim_end_matches(is_around)
}

/// Where in `text` its part `part` stands.
pub(super) fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize).min(text.len())
}

/// Begins an uplink object: whose it is.
fn begin_uplink<'n, 'w, W: fmt::Write>(
    out: &'w mut W,
    name: impl IntoIterator<Item = &'n str>,
    kind: Option<impl IntoIterator<Item = &'n str>>,
) -> Result<Object<'w, W>, fmt::Error> {
    let mut object = Object::begin(out)?;
    write_string(object.key(DEVICE_NAME)?, name)?;
    match kind {
        Some(kind) => write_string(object.key(DEVICE_TYPE)?, kind)?,
        None => object.string(DEVICE_TYPE, DEFAULT_TYPE)?,
    }
    Ok(object)
}

/// Writes text as the value that it looks like: a number, a truth value, or else a string.
fn write_guessed<'t, W: fmt::Write>(
    out: &mut W,
    text: &str,
    pieces: impl IntoIterator<Item = &'t str>,
) -> fmt::Result {
    match document(text) {
        Ok(value @ (Json::Number(_) | Json::Boolean(..))) => value.write(out),
        _ => write_string(out, pieces),
    }
}
