//! What the bytes are
//!
//! For inspectors, editors and whoever debugs a device: every byte of a message gets a name. Spans come
//! in order, and those of one depth leave nothing out of what they are parts of, which comes after them.
//! What cannot be read is named up to the byte at which it is wrong.
//!
//!     tipwire_span spans[64];
//!     tipwire_error error;
//!     int32_t count = tipwire_spans(line, length, spans, 64, &error);
//!     for (int32_t n = 0; n < count && n < 64; n++) {
//!         tipwire_text part = tipwire_part_name(spans[n].part);
//!         printf("%d to %d: %.*s\n", (int)spans[n].start, (int)spans[n].end, (int)part.length, part.data);
//!     }

use core::ffi::c_void;

use codec::Error;
use codec::spans::{self, Part, Span};

use crate::avr::text_argument;
use crate::envelope::layout_of;
use crate::error::{tell, tipwire_error};
use crate::frame::method_of;
use crate::memory::{Outcome, bytes, places, set_if_wanted};
use crate::panic::{guard, value};
use crate::text::length as of_length;

/// A part of a message: the bytes from start on, before end.
///
/// part   TIPWIRE_PART_…
/// depth  how many others it is a part of.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_span {
    pub start: u32,
    pub end: u32,
    pub part: u8,
    pub depth: u8,
}

/// Names the bytes of a text frame: of an uplink, or of an answer. Returns how many spans there are; where
/// these are more than there is room for, the first ones are set. error, which may be NULL, is set to what
/// is wrong with the frame: to status 0 where nothing is.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_spans(
    line: *const c_void,
    length: usize,
    spans: *mut tipwire_span,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let line = bytes(line, length)?;
        list(spans, capacity, error, |each| spans::explain(line, each))
    })
}

/// The same of the text that is inside an envelope.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_spans_inner(
    method: u8,
    text: *const c_void,
    length: usize,
    spans: *mut tipwire_span,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let (method, text) = (method_of(method)?, bytes(text, length)?);
        list(spans, capacity, error, |each| spans::explain_inner(method, text, each))
    })
}

/// The same of an envelope, without a key. There are no spans where its header cannot be read.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_spans_envelope(
    layout: u8,
    envelope: *const c_void,
    length: usize,
    spans: *mut tipwire_span,
    capacity: usize,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let (layout, envelope) = (layout_of(layout)?, bytes(envelope, length)?);
        list(spans, capacity, error, |each| spans::explain_envelope(layout, envelope, each))
    })
}

/// The name of a part, such as "variable".
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_part_name(part: u8) -> text_argument {
    value(text_argument::ABSENT, || {
        let part = Part::ALL.get(usize::from(part));
        Ok(part.map_or(text_argument::ABSENT, |part| part.name().into()))
    })
}

/// Sets what there is room for, and counts all.
fn list(
    spans: *mut tipwire_span,
    capacity: usize,
    wanted: *mut tipwire_error,
    explain: impl FnOnce(&mut dyn FnMut(Span<'static>)) -> Result<(), Error>,
) -> Outcome<i32> {
    let mut room = places(spans, capacity)?;
    let mut count = 0;
    let read = explain(&mut |span| {
        room.set_next(tipwire_span::from(&span));
        count += 1;
    });
    match read {
        Ok(()) => set_if_wanted(wanted, || tipwire_error::of(0)),
        Err(error) => _ = tell(error, wanted),
    }
    of_length(count)
}

impl From<&Span<'_>> for tipwire_span {
    fn from(span: &Span<'_>) -> tipwire_span {
        let at = |at| u32::try_from(at).unwrap_or(u32::MAX);
        let (start, end) = (at(span.start), at(span.end));
        tipwire_span { start, end, part: span.part as u8, depth: span.depth }
    }
}
