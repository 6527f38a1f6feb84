//! TagoTiP text frames: [`Frame`] and [`Ack`] read them, [`Push`], [`Pull`], [`Ping`] and
//! [`Reply`] write them. The grammar is in `docs/spec/tagotip.md`; each rule stands in the comment
//! of the function that reads it, and what writes it is in the same file.

mod ack;
mod body;
mod float;
mod line;
mod location;
pub(crate) mod metadata;
mod number;
mod seen;
pub(crate) mod text;
mod uplink;
mod variable;
mod writer;

pub use ack::{Ack, Detail, Reply, Status};
pub use body::{Block, Body, Encoding, Names, Raw};
pub(crate) use line::Line;
#[cfg(feature = "alloc")]
pub use line::{Append, Owned};
pub use line::{IntoSink, Sink, Slice};
pub use location::{Location, ToLocation};
#[doc(hidden)]
pub use metadata::Sketch;
pub use metadata::{Metadata, Pairs};
pub use number::{AnyNumber, Decimal, Fixed, Number, Short, ToNumber};
pub(crate) use number::{Digits, write_shifted};
pub use text::{Pieces, Text};
pub use uplink::{Frame, Ping, Pull};
pub(crate) use uplink::{check_auth, write_auth};
#[doc(hidden)]
pub use variable::Each;
pub use variable::{Value, Variable, Variables};
pub use writer::Push;

/// What cannot be implemented outside.
pub(crate) mod sealed {
    pub(crate) use super::location::sealed::ToLocation;
    pub(crate) use super::number::sealed::ToNumber;
}

use crate::cursor::Scan;
use crate::error::{Error, Kind};
use crate::limits::MAX_FRAME;
use crate::utf8::valid_text;

/// What a device asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// Store data.
    Push,
    /// Send the last values of variables.
    Pull,
    /// Is anybody there?
    Ping,
}

impl Method {
    /// The method as it stands on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Push => "PUSH",
            Method::Pull => "PULL",
            Method::Ping => "PING",
        }
    }
}

/// A revision of the protocol, by the letters of `docs/spec/tagotip.md`, section 9.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Revision {
    /// The first one: the token itself as authorization, `^group @time {metadata}`.
    A,
    /// `^group @time {metadata}`
    B,
    /// `@time ^group {metadata}`
    C,
    /// `@=location @time ^group {metadata}`, and locations on all variables.
    #[default]
    D,
}

impl Revision {
    /// Whether blocks and other variables can have a location. Without a revision anything can.
    const fn has_places(revision: Option<Revision>) -> bool {
        matches!(revision, None | Some(Revision::D))
    }
}

/// The line in `bytes`: one LF at the end is dropped, and one CR before it.
pub(crate) fn line(bytes: &[u8]) -> &[u8] {
    match bytes.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => bytes,
    }
}

/// Reads one text by `read`, which must use up all of it.
///
/// The size is checked before, as is UTF-8; NUL comes before every other error, but since no rule
/// takes it, it is only looked for after one.
#[inline(always)]
fn read_whole<'a>(
    text: Result<&'a str, Error>,
    read: impl FnOnce(&mut Scan<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let text = text?;
    read(&mut Scan::new(text)).map_err(|error| unless_nul(text.as_bytes(), error))
}

/// What `fill` has filled in.
#[inline(always)]
fn made<T>(mut empty: T, fill: impl FnOnce(&mut T) -> Result<(), Error>) -> Result<T, Error> {
    fill(&mut empty).map(|()| empty)
}

#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
fn text_of(bytes: &[u8]) -> Result<&str, Error> {
    text_by(bytes, valid_text)
}

/// The same for who knows another way to a text, or how many bytes at the front are one.
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn text_by(bytes: &[u8], utf8: impl FnOnce(&[u8]) -> Result<&str, usize>) -> Result<&str, Error> {
    if bytes.len() > MAX_FRAME {
        return Err(Error::new(Kind::TooLarge, MAX_FRAME));
    }
    utf8(bytes).map_err(|valid| {
        unless_nul(bytes.get(..valid).unwrap_or_default(), Error::new(Kind::Utf8, valid))
    })
}

/// The error, unless there is a NUL.
#[cold]
#[inline(never)]
fn unless_nul(bytes: &[u8], error: Error) -> Error {
    bytes.iter().position(|&byte| byte == 0).map_or(error, |at| Error::new(Kind::Nul, at))
}
