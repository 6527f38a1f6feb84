//! Errors on their way to JavaScript: numbers first, words when they are asked for.

use tipwire::{BuildError, Error, Field, Kind};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::lanes::{Lanes, tell, with, word};

/// Leaves an error of reading in the first words; 0 as the result says so.
pub fn unreadable(words: &mut [u32], error: Error) -> u32 {
    leave(words, [error.kind.number().into(), error.at, 0, 0])
}

/// Leaves an error of building in the first words: point and field count from 1, 0 is none.
pub fn unbuilt(words: &mut [u32], error: BuildError) -> u32 {
    let point = error.point.map_or(0, |point| point.saturating_add(1));
    let field = error.field.and_then(|field| Field::ALL.iter().position(|other| *other == field));
    let field = field.map_or(0, |field| word(field + 1));
    leave(words, [error.kind.number().into(), 0, point, field])
}

fn leave(words: &mut [u32], parts: [u32; 4]) -> u32 {
    tell(words, parts);
    0
}

/// An error of building that is of no point and of no field.
#[cfg(feature = "full")]
pub const fn plain(kind: Kind) -> BuildError {
    BuildError { kind, point: None, field: None }
}

/// The name (0), the code (1) or the sentence (2) of a kind, or the sentence with what was found in
/// the input at `at` (3), or the name of the field of this number (4), as side text; its length.
#[wasm_bindgen]
pub fn describe(what: u32, kind: u32, at: u32, length: u32) -> u32 {
    let field = (kind as usize).checked_sub(1).and_then(|number| Field::ALL.get(number));
    let kind = u8::try_from(kind).ok().and_then(Kind::from_number);
    say(|lanes| {
        if what == 4 {
            return lanes.side.push_str(field.map_or("", |field| field.name()));
        }
        let Some(kind) = kind else { return };
        let input = lanes.input.get(..length as usize).unwrap_or_default();
        match what {
            0 => lanes.side.push_str(kind.name()),
            1 => lanes.side.push_str(kind.code_name()),
            2 => lanes.side.push_str(kind.sentence()),
            _ => Error { kind, at }.explain_to(input, &mut |part| lanes.side.push_str(part)),
        }
    })
}

/// The number of the kind of this name, which stands in the input; 0 if there is none.
#[wasm_bindgen]
pub fn kind(length: u32) -> u32 {
    with(|lanes| {
        let name = lanes.input.get(..length as usize).unwrap_or_default();
        let kind = core::str::from_utf8(name).ok().and_then(Kind::from_name);
        kind.map_or(0, |kind| kind.number().into())
    })
}

/// Leaves a side text; its length.
pub fn say(write: impl FnOnce(&mut Lanes<'_>)) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        write(lanes);
        word(lanes.side.len())
    })
}
