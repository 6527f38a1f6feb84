//! Errors
//!
//! Every function that can fail returns an int32_t: zero or more is success (a length, a count, or
//! just 0), less than zero is one of the numbers below, which never change.

use codec::{BuildError, Error, Field, Kind};

use crate::avr::text_argument;
use crate::memory::{Outcome, buffer, bytes, place, read};
use crate::panic::{guard, value};
use crate::writer::Out;

/// A pointer is NULL or not aligned, a length is one that no memory has, or a number is none of
/// those that the header gives.
pub const TIPWIRE_E_ARGUMENT: i32 = -256;

/// The storage was never set up: the function that does it was not called, or it failed.
pub const TIPWIRE_E_UNINITIALIZED: i32 = -257;

/// A bug in this library, which did no harm. Firmware never returns this: see tipwire_panicked().
pub const TIPWIRE_E_PANIC: i32 = -258;

/// What is wrong, and where.
///
/// status  one of the numbers above.
/// at      reading: the first byte at which no valid input can go on. -1 where no byte is to blame.
/// point   writing: the data point, counted from 0. -1 where it is none.
/// field   writing: the field, for tipwire_field_name(). -1 where it is none.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_error {
    pub status: i32,
    pub at: i32,
    pub point: i32,
    pub field: i32,
}

/// The short name of a status, such as "leading_zero". Absent for numbers that are no status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_status_name(status: i32) -> text_argument {
    value(text_argument::ABSENT, || {
        Ok(own(status).map_or_else(|| of_kind(status, Kind::name), |own| own.0.into()))
    })
}

/// A status as a sentence, such as "a number has no leading zeros".
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_status_sentence(status: i32) -> text_argument {
    value(text_argument::ABSENT, || {
        Ok(own(status).map_or_else(|| of_kind(status, Kind::sentence), |own| own.1.into()))
    })
}

/// The code that a server answers with, such as "invalid_payload"; where the protocol has none, the
/// same as tipwire_status_name().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_status_code(status: i32) -> text_argument {
    value(text_argument::ABSENT, || {
        Ok(own(status).map_or_else(|| of_kind(status, Kind::code_name), |own| own.0.into()))
    })
}

/// The name of a field, as JSON has it.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_field_name(field: i32) -> text_argument {
    let named = usize::try_from(field).ok().and_then(|at| Field::ALL.get(at));
    named.map_or(text_argument::ABSENT, |field| field.name().into())
}

/// Writes a sentence that also says what was found at the byte in question: an error of reading, and
/// what was read. Nothing of a secret is shown. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_explain(
    error: *const tipwire_error,
    input: *const core::ffi::c_void,
    length: usize,
    out: *mut core::ffi::c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let error = read(error)?;
        let input = bytes(input, length)?;
        let mut out = Out::new(buffer(out, capacity)?);
        let kind = kind(error.status).ok_or(TIPWIRE_E_ARGUMENT)?;
        match u32::try_from(error.at) {
            Ok(at) => out.print(format_args!("{}", Error { kind, at }.explain(input))),
            Err(_) => out.print(format_args!("{kind}")),
        }
    })
}

/// What C calls a kind.
pub fn status(kind: Kind) -> i32 {
    -i32::from(kind.number())
}

/// The kind that C calls so.
pub fn kind(status: i32) -> Option<Kind> {
    u8::try_from(status.checked_neg()?).ok().and_then(Kind::from_number)
}

fn of_kind(status: i32, text: fn(Kind) -> &'static str) -> text_argument {
    kind(status).map_or(text_argument::ABSENT, |kind| text(kind).into())
}

/// The name and the sentence of what only C can do wrong.
fn own(status: i32) -> Option<(&'static str, &'static str)> {
    Some(match status {
        TIPWIRE_E_ARGUMENT => ("argument", "a pointer, a length or a number cannot be right"),
        TIPWIRE_E_UNINITIALIZED => ("uninitialized", "the storage was never set up"),
        TIPWIRE_E_PANIC => ("panic", "a bug in tipwire"),
        _ => return None,
    })
}

impl tipwire_error {
    pub const fn of(status: i32) -> tipwire_error {
        tipwire_error { status, at: -1, point: -1, field: -1 }
    }
}

impl From<Error> for tipwire_error {
    fn from(error: Error) -> tipwire_error {
        let at = i32::try_from(error.at).unwrap_or(i32::MAX);
        tipwire_error { at, ..tipwire_error::of(status(error.kind)) }
    }
}

impl From<BuildError> for tipwire_error {
    fn from(error: BuildError) -> tipwire_error {
        let point = error.point.and_then(|point| i32::try_from(point).ok()).unwrap_or(-1);
        let field = error.field.map_or(-1, |field| field as i32);
        tipwire_error { point, field, ..tipwire_error::of(status(error.kind)) }
    }
}

/// Tells a caller who wants to know more, and gives the status.
#[inline(always)]
pub fn tell(error: impl Into<tipwire_error>, wanted: *mut tipwire_error) -> i32 {
    let tipwire_error { status, at, point, field } = error.into();
    if cfg!(tipwire_small) && point < 0 && field < 0 {
        return tell_read(status, at, wanted);
    }
    if let Ok(place) = place(wanted) {
        place.set(tipwire_error { status, at, point, field });
    }
    status
}

/// An error of reading, which is in registers.
#[inline(never)]
fn tell_read(status: i32, at: i32, wanted: *mut tipwire_error) -> i32 {
    if let Ok(place) = place(wanted) {
        place.set(tipwire_error { at, ..tipwire_error::of(status) });
    }
    status
}

/// The same for outcomes that are the status alone.
pub fn told<T>(outcome: Outcome<T>, wanted: *mut tipwire_error) -> Outcome<T> {
    outcome.map_err(|status| tell(tipwire_error::of(status), wanted))
}
