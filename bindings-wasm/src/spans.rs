//! Which bytes of a message are what.

use tipwire::spans::{self, Span};
use tipwire::{Error, Header};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::lanes::{Tape, with};
use crate::layout::{DEPTH_SHIFT, ENVELOPE, HAS_PARTS, HAS_TEXT, MESSAGE, TEXT};
use crate::read::method;
use crate::secure::layout_of;

/// Names every byte of the message that is the input, `units` long in JavaScript. On the tape are the
/// length of the side text, whether it is an envelope, what is wrong with it and where, how many spans
/// there are, and each span with its flags, where it begins if it has parts, where it ends, and its
/// text if that has escapes.
#[wasm_bindgen]
pub fn explain(what: u32, length: u32, units: u32) {
    with(|lanes| {
        lanes.clear_side();
        let (input, mut tape) = lanes.tape(length, units);
        let side = tape.later();
        let is_sealed =
            what == MESSAGE && input.first().is_some_and(|first| Header::is_first(*first));
        let what = if is_sealed { ENVELOPE } else { what };
        tape.word((what >= ENVELOPE).into());
        let (kind, at, count) = (tape.later(), tape.later(), tape.later());
        let mut spans = Spans { tape, at: 0, count: 0 };
        let read = read(what, input, &mut spans);
        let Spans { mut tape, count: found, .. } = spans;
        if let Err(error) = read {
            tape.set(kind, error.kind.number().into());
            tape.set(at, error.at);
        }
        let side_len = tape.side_len();
        tape.set(side, side_len);
        tape.set(count, found);
    });
}

fn read(what: u32, input: &[u8], spans: &mut Spans<'_>) -> Result<(), Error> {
    let each = &mut |span: Span<'_>| spans.add(span);
    match what {
        MESSAGE | TEXT => spans::explain(input, each),
        ENVELOPE.. => spans::explain_envelope(layout_of(what - ENVELOPE), input, each),
        _ => spans::explain_inner(method(what), input, each),
    }
}

struct Spans<'t> {
    tape: Tape<'t>,
    /// Where the last one ended.
    at: usize,
    count: u32,
}

impl Spans<'_> {
    fn add(&mut self, span: Span<'_>) {
        let Spans { tape, at, count } = self;
        let mut flags = span.part as u32 | u32::from(span.depth) << DEPTH_SHIFT;
        // Parts come before their whole, which so begins where something has ended.
        let has_parts = span.start < *at;
        let text = span.text.filter(|text| text.borrowed().is_none());
        if has_parts {
            flags |= HAS_PARTS;
        }
        if text.is_some() {
            flags |= HAS_TEXT;
        }
        tape.word(flags);
        if has_parts {
            tape.place(span.start);
        }
        tape.place(span.end);
        if let Some(text) = text {
            tape.text(text);
        }
        *at = span.end;
        *count += 1;
    }
}
