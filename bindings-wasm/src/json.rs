//! JSON of frames and of their data points, both ways.

use tipwire::{Ack, Error, Frame, Inner};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::build::{Record, write_points};
use crate::failure::{unbuilt, unreadable};
use crate::lanes::{Lanes, with, word};
use crate::layout::{ANSWER, UPLINK};
use crate::read::method;

/// The JSON form (0) of what is read, or its data points (1), as side text.
#[wasm_bindgen]
pub fn json(what: u32, form: u32, length: u32) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        let input = lanes.input.get(..length as usize).unwrap_or_default();
        let out = &mut *lanes.side;
        // Writing to a string does not fail.
        let read = read(what, input).map(|read| {
            _ = match (read, form) {
                (Inner::Frame(frame), 0) => frame.write_json(out),
                (Inner::Ack(ack), 0) => ack.write_json(out),
                (Inner::Frame(frame), _) => frame.points().write_json(out),
                (Inner::Ack(ack), _) => ack.points().write_json(out),
            };
        });
        match read {
            Ok(()) => word(lanes.side.len()),
            Err(error) => unreadable(lanes.words, error),
        }
    })
}

/// Builds a PUSH from data points as JSON, behind the head on the tape.
#[wasm_bindgen]
pub fn build_points(points: &str) -> u32 {
    with(|lanes| {
        let Lanes { input, output, words, reals, noted, .. } = lanes;
        match write_points(Record::new(input, words, reals, noted), None, points, output) {
            Ok(frame) => word(frame.len()),
            Err(error) => unbuilt(words, error),
        }
    })
}

/// Reads a message of a kind that the layout has a number for.
fn read(what: u32, input: &[u8]) -> Result<Inner<'_>, Error> {
    match what {
        UPLINK => Frame::parse(input).map(Inner::Frame),
        ANSWER => Ack::parse(input).map(Inner::Ack),
        _ => Inner::parse(method(what), input),
    }
}
