//! Text frames onto the tape.

use tipwire::{
    Ack, Block, Body, Detail, Encoding, Error, Frame, Inner, InnerMethod, Location, Merged, Number,
    Points, Status, Value,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::unreadable;
use crate::lanes::{Tape, with, word};
use crate::layout::{
    ACK, ACK_COMMAND, ACK_COUNT, ACK_ERROR, ACK_TEXT, ACK_VARIABLES, ANSWER, BASE64, BOOLEAN, CMD,
    ERR, HAS_ALT, HAS_GROUP, HAS_LOCATION, HAS_LONG, HAS_METADATA, HAS_SEQ, HAS_TIME, HAS_UNIT,
    INNER, LOCATION, NUMBER, OK, PING, POINTS, PONG, PULL, PUSH, RAW, STRING, TRUE, TYPE_SHIFT,
    UPLINK,
};

/// Reads the first `length` bytes of the input, `units` long in JavaScript: an uplink, an answer, or
/// an inner frame, or with `POINTS` the data points of one. What was read is on the tape after the
/// length of the side text; 0 is an error.
#[wasm_bindgen]
pub fn parse(what: u32, length: u32, units: u32) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        let (input, mut tape) = lanes.tape(length, units);
        let side = tape.later();
        let read = read_onto(&mut tape, what, input);
        let side_len = tape.side_len();
        tape.set(side, side_len);
        match read {
            Ok(()) => 1,
            Err(error) => unreadable(lanes.words, error),
        }
    })
}

/// Reads a message onto the tape, on which there is nothing of what cannot be read.
pub fn read_onto(tape: &mut Tape<'_>, what: u32, message: &[u8]) -> Result<(), Error> {
    match (read(what & !POINTS, message)?, what & POINTS != 0) {
        (Inner::Frame(frame), false) => write_frame(tape, &frame),
        (Inner::Ack(ack), false) => write_ack(tape, &ack),
        (Inner::Frame(frame), true) => write_points(tape, frame.points()),
        (Inner::Ack(ack), true) => write_points(tape, ack.points()),
    }
    Ok(())
}

/// Reads a message of a kind that the layout has a number for.
#[inline(always)]
pub fn read(what: u32, input: &[u8]) -> Result<Inner<'_>, Error> {
    match what {
        UPLINK => Frame::parse(input).map(Inner::Frame),
        ANSWER => Ack::parse(input).map(Inner::Ack),
        _ => {
            let method = InnerMethod::ALL.get((what - INNER) as usize);
            Inner::parse(method.copied().unwrap_or(InnerMethod::Ack), input)
        }
    }
}

#[inline(always)]
pub fn write_frame(tape: &mut Tape<'_>, frame: &Frame<'_>) {
    let kind = match &frame.body {
        Body::Push(_) => PUSH,
        Body::Raw(_) => RAW,
        Body::Pull(_) => PULL,
        Body::Ping => PING,
    };
    tape.word(kind);
    let flags = tape.later();
    let mut has = 0;
    if let Some(seq) = frame.seq {
        has |= HAS_SEQ;
        tape.word(seq);
    }
    // An inner frame has none, and so nothing that stands in the input.
    if frame.auth.is_empty() {
        tape.word(0);
        tape.word(0);
    } else {
        tape.rare_span(frame.auth);
    }
    tape.rare_span(frame.serial);
    match &frame.body {
        Body::Push(block) => {
            has |= write_defaults(tape, block);
            write_points(tape, block.variables.clone().into());
        }
        Body::Raw(raw) => {
            if raw.encoding() == Encoding::Base64 {
                has |= BASE64;
            }
            tape.rare_span(raw.data());
        }
        Body::Pull(names) => {
            tape.word(word(names.len()));
            names.clone().for_each(|name| tape.rare_span(name));
        }
        Body::Ping => {}
    }
    tape.set(flags, has);
}

pub fn write_ack(tape: &mut Tape<'_>, ack: &Ack<'_>) {
    tape.word(match &ack.detail {
        Detail::None => ACK,
        Detail::Count(_) => ACK_COUNT,
        Detail::Variables(_) => ACK_VARIABLES,
        Detail::Command(_) => ACK_COMMAND,
        Detail::Error(_) => ACK_ERROR,
        Detail::Text(_) => ACK_TEXT,
    });
    let flags = tape.later();
    let mut has = 0;
    if let Some(seq) = ack.seq {
        has |= HAS_SEQ;
        tape.word(seq);
    }
    tape.word(match ack.status {
        Status::Ok => OK,
        Status::Pong => PONG,
        Status::Cmd => CMD,
        Status::Err => ERR,
    });
    match &ack.detail {
        Detail::None => {}
        Detail::Count(count) => has |= write_integer(tape, *count),
        Detail::Variables(block) => write_points(tape, block.variables.clone().into()),
        Detail::Command(text) | Detail::Error(text) | Detail::Text(text) => tape.rare_span(text),
    }
    tape.set(flags, has);
}

#[inline(always)]
fn write_defaults(tape: &mut Tape<'_>, block: &Block<'_>) -> u32 {
    write_rest(tape, block.location, block.time, block.group)
        | write_metadata(tape, block.metadata.into())
}

/// How many data points there are, and each as a variable.
#[inline(never)]
fn write_points(tape: &mut Tape<'_>, points: Points<'_>) {
    tape.word(word(points.len()));
    for point in points {
        let flags = tape.later();
        tape.span(point.variable);
        let mut has = write_value(tape, point.value);
        if let Some(unit) = point.unit {
            has |= HAS_UNIT;
            tape.span(unit);
        }
        // Where the value is a place, that is the place: it is not written twice.
        let location = point.location.filter(|_| point.value.as_location().is_none());
        has |= write_rest(tape, location, point.time, point.group);
        has |= write_metadata(tape, point.metadata);
        tape.set(flags, has);
    }
}

#[inline(always)]
fn write_value(tape: &mut Tape<'_>, value: Value<'_>) -> u32 {
    match value {
        Value::Number(number) => {
            tape.span(number.as_str());
            write_number(tape, number);
            NUMBER << TYPE_SHIFT
        }
        Value::String(text) => {
            tape.text(text);
            STRING << TYPE_SHIFT
        }
        Value::Boolean(truth) => BOOLEAN << TYPE_SHIFT | if truth { TRUE } else { 0 },
        Value::Location(location) => LOCATION << TYPE_SHIFT | write_location(tape, location),
    }
}

#[inline(never)]
fn write_location(tape: &mut Tape<'_>, location: Location<'_>) -> u32 {
    tape.rare_span(location.as_str());
    let (lat, lng, alt) = location.coordinates();
    for number in [Some(lat), Some(lng), alt].into_iter().flatten() {
        write_number(tape, number);
    }
    if alt.is_some() { HAS_ALT } else { 0 }
}

/// JavaScript has the text, and reads the rare number that is not read here.
#[inline(always)]
fn write_number(tape: &mut Tape<'_>, number: Number<'_>) {
    tape.real(number.to_f64_at_once().unwrap_or(f64::NAN));
}

#[inline(always)]
fn write_rest(
    tape: &mut Tape<'_>,
    location: Option<Location<'_>>,
    time: Option<u64>,
    group: Option<&str>,
) -> u32 {
    let mut has = 0;
    if let Some(location) = location {
        has |= HAS_LOCATION | write_location(tape, location);
    }
    if let Some(time) = time {
        has |= HAS_TIME | write_integer(tape, time);
    }
    if let Some(group) = group {
        has |= HAS_GROUP;
        tape.rare_span(group);
    }
    has
}

/// An integer that JavaScript may not have exactly.
#[inline(always)]
fn write_integer(tape: &mut Tape<'_>, number: u64) -> u32 {
    // Where that is not exact, all its bits stand beside it.
    tape.real(number as f64);
    if number <= 1 << 53 {
        return 0;
    }
    tape.word((number >> 32) as u32);
    tape.word(number as u32);
    HAS_LONG
}

#[inline(always)]
fn write_metadata(tape: &mut Tape<'_>, metadata: Merged<'_>) -> u32 {
    if metadata.is_empty() {
        return 0;
    }
    let place = tape.later();
    let mut count = 0;
    for (key, text) in metadata {
        tape.span(key);
        tape.text(text);
        count += 1;
    }
    tape.set(place, count);
    HAS_METADATA
}
