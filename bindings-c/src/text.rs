//! Text
//!
//! Everything that is read is a slice of the caller's own bytes, and is only good as long as these
//! stay where and as they are.

use core::ffi::{c_char, c_double, c_void};
use core::ptr;

use codec::platform::JsonText;
use codec::{Location, Number, Text};

use crate::avr::{narrow, text_argument};
use crate::error::{TIPWIRE_E_ARGUMENT, status};
use crate::memory::{Outcome, buffer, bytes, place, set_if_wanted, string, text};
use crate::panic::{guard, run, value};
use codec::Kind;

/// UTF-8 text of so many bytes, without a NUL at its end. data is NULL where there is none at all.
/// printf("%.*s", (int)text.length, text.data) shows it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_text {
    pub data: *const c_char,
    pub length: usize,
}

/// A number as unscaled / 10^scale.
#[repr(C)]
pub struct tipwire_decimal {
    pub unscaled: i64,
    pub scale: u32,
}

/// Whether two texts are the same: one that was read, and one that a NUL ends. An absent text equals
/// none.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_equals(text: text_argument, other: *const c_char) -> bool {
    value(false, || Ok(text.bytes()? == string(other)?.as_bytes()))
}

/// Copies a text as it stands and puts a NUL after it. Returns its length, or TIPWIRE_E_BUFFER.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_copy(text: text_argument, out: *mut c_char, capacity: usize) -> i32 {
    guard(|| {
        let (text, out) = (text.get()?, buffer(out.cast(), capacity)?);
        let room = out.get_mut(..=text.len()).ok_or(status(Kind::Buffer))?;
        let (last, copy) = room.split_last_mut().ok_or(status(Kind::Buffer))?;
        copy.copy_from_slice(text.as_bytes());
        *last = 0;
        length(text.len())
    })
}

/// Copies the text of a string value or of metadata, escapes resolved, and puts a NUL after it. It is
/// never longer than the text as it stands. Returns its length, or TIPWIRE_E_BUFFER.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_unescape(text: text_argument, out: *mut c_char, capacity: usize) -> i32 {
    guard(|| {
        let (text, out) = (text.bytes()?, buffer(out.cast(), capacity)?);
        let written = Text::unescape_bytes(text, out).map_err(status)?;
        *out.get_mut(written).ok_or(status(Kind::Buffer))? = 0;
        length(written)
    })
}

/// Copies a string of JSON, as it stands between its quotes, escapes resolved, and puts a NUL after it.
/// Half of a surrogate pair is TIPWIRE_E_TEXT. Returns its length, or TIPWIRE_E_BUFFER.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_unescape_json(
    text: text_argument,
    out: *mut c_char,
    capacity: usize,
) -> i32 {
    guard(|| {
        let (text, out) = (JsonText::of(text.get()?), buffer(out.cast(), capacity)?);
        let written = text.read_into(out).map_err(status)?.len();
        *out.get_mut(written).ok_or(status(Kind::Buffer))? = 0;
        length(written)
    })
}

/// The nearest double of a number; an infinity for what is beyond the greatest.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_to_double(text: text_argument, out: *mut c_double) -> i32 {
    run(|| {
        let number = text.number()?;
        place(out)?.set(narrow(number.to_f64()));
        Ok(())
    })
}

/// A number as an integer, if it is written without a point and fits; else TIPWIRE_E_NUMBER.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_to_integer(text: text_argument, out: *mut i64) -> i32 {
    run(|| {
        let integer = text.number()?.to_i64().ok_or(status(Kind::Number))?;
        place(out)?.set(integer);
        Ok(())
    })
}

/// The exact value of a number, if its digits fit in 64 bits; else TIPWIRE_E_NUMBER.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_to_decimal(text: text_argument, out: *mut tipwire_decimal) -> i32 {
    run(|| {
        let decimal = text.number()?.to_decimal().ok_or(status(Kind::Number))?;
        place(out)?.set(tipwire_decimal { unscaled: decimal.unscaled, scale: decimal.scale });
        Ok(())
    })
}

/// The coordinates of a location as exact text, for tipwire_to_double(). alt, which may be NULL, is
/// absent where the location has none.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_coordinates(
    location: text_argument,
    lat: *mut tipwire_text,
    lng: *mut tipwire_text,
    alt: *mut tipwire_text,
) -> i32 {
    run(|| {
        let location = Location::new(location.get()?).ok_or(status(Kind::Location))?;
        let (lat, lng) = (place(lat)?, place(lng)?);
        let coordinates = location.coordinates();
        lat.set(coordinates.0.as_str().into());
        lng.set(coordinates.1.as_str().into());
        set_if_wanted(alt, || coordinates.2.map(|alt| alt.as_str()).into());
        Ok(())
    })
}

impl tipwire_text {
    pub const ABSENT: tipwire_text = tipwire_text { data: ptr::null(), length: 0 };

    /// The text, as the caller has it.
    pub fn get(self) -> Outcome<&'static str> {
        text(self.data.cast::<c_void>(), self.length)
    }

    /// The same, whatever bytes these are.
    pub fn bytes(self) -> Outcome<&'static [u8]> {
        bytes(self.data.cast::<c_void>(), self.length)
    }

    pub fn number(self) -> Outcome<Number<'static>> {
        Number::new(self.get()?).ok_or(status(Kind::Number))
    }
}

impl From<&str> for tipwire_text {
    fn from(text: &str) -> tipwire_text {
        tipwire_text { data: text.as_ptr().cast(), length: text.len() }
    }
}

impl From<&[u8]> for tipwire_text {
    fn from(bytes: &[u8]) -> tipwire_text {
        tipwire_text { data: bytes.as_ptr().cast(), length: bytes.len() }
    }
}

impl From<Option<&str>> for tipwire_text {
    fn from(text: Option<&str>) -> tipwire_text {
        text.map_or(tipwire_text::ABSENT, tipwire_text::from)
    }
}

/// A length as C gets it.
pub fn length(length: usize) -> Outcome<i32> {
    i32::try_from(length).map_err(|_| TIPWIRE_E_ARGUMENT)
}
