//! What platforms other than the wire's own expect around their messages.
//!
//! A server that platforms' devices connect to needs no more of it than a `Server`, which takes bytes
//! and gives data points; one that stores these and hands them on, no more than `messages`.

#[cfg(feature = "alloc")]
mod messages;
#[cfg(feature = "alloc")]
mod reading;
#[cfg(feature = "alloc")]
mod server;
pub mod tagoio;
pub mod thingsboard;
pub mod thingspanel;

#[cfg(feature = "alloc")]
pub use messages::{Message, Shape, Stored, messages};
#[cfg(feature = "alloc")]
pub use reading::{Reading, Readings, Told};
#[cfg(feature = "alloc")]
pub use server::{Protocol, Server, ServerEvent};

use core::fmt::{self, Write};

use crate::error::Kind;
use crate::json::read::JsonString;

/// What is before the first place where something ends it, of as many bytes as `ends` says, and what is
/// after that. What `str` has for this brings a search along that is larger than a converter.
fn split_off(text: &str, ends: impl Fn(&[u8]) -> Option<usize>) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    match (0..bytes.len()).find_map(|at| Some((at, ends(bytes.get(at..)?)?))) {
        Some((at, length)) => (text.get(..at).unwrap_or_default(), text.get(at + length..)),
        None => (text, None),
    }
}

/// The parts of a text between bytes of ASCII.
#[derive(Clone)]
struct Parts<'a> {
    rest: Option<&'a str>,
    between: u8,
}

impl<'a> Parts<'a> {
    const fn of(text: &'a str, between: u8) -> Parts<'a> {
        Parts { rest: Some(text), between }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    #[cfg_attr(target_family = "wasm", inline(never))]
    fn next(&mut self) -> Option<&'a str> {
        let ends = |rest: &[u8]| (rest.first() == Some(&self.between)).then_some(1);
        let (part, rest) = split_off(self.rest?, ends);
        self.rest = rest;
        Some(part)
    }
}

/// A string of a JSON text. `Display` gives what its escapes stand for.
#[derive(Clone, Copy)]
pub struct JsonText<'a>(JsonString<'a>);

impl<'a> JsonText<'a> {
    /// The string that stands so between its quotes, as [`raw`](JsonText::raw) gave it.
    pub fn of(raw: &'a str) -> JsonText<'a> {
        JsonText(JsonString::of(raw))
    }

    /// The string, where it holds no escape.
    pub const fn borrowed(&self) -> Option<&'a str> {
        self.0.borrowed()
    }

    /// The string as it stands, escapes and all.
    pub const fn raw(&self) -> &'a str {
        self.0.raw()
    }

    /// The text, its escapes undone in the buffer where it has some; `None` if it does not fit or
    /// is no text (half of a surrogate pair).
    pub fn read<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b str>
    where
        'a: 'b,
    {
        self.0.text(buffer)
    }

    /// Writes the text, its escapes undone; for half of a surrogate pair what stands for nothing.
    pub fn write(&self, out: &mut impl Write) -> fmt::Result {
        let chars = self.0.chars().map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER));
        chars.into_iter().try_for_each(|char| out.write_char(char))
    }

    /// The text in the buffer, its escapes undone. Half of a surrogate pair is [`Kind::Text`].
    pub fn read_into<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, Kind> {
        self.0.unescape(buffer)
    }
}

impl PartialEq for JsonText<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.chars().eq(other.0.chars())
    }
}

impl Eq for JsonText<'_> {}

impl PartialEq<str> for JsonText<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0.is(other)
    }
}

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// Texts may be secrets.
impl fmt::Debug for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonText(…)")
    }
}
