//! Text frames onto the tape.

#[cfg(feature = "full")]
use tipwire::Points;
use tipwire::{
    Ack, Block, Body, Detail, Each, Encoding, Error, Frame, InnerMethod, Location, Merged,
    Metadata, Number, Point, Sketch, Status, Text, Value, Variable, valid_text,
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

/// Reads a message onto the tape, on which there is nothing of what cannot be read. There is one way
/// to read, and so only once the code for it: data points come in the place of the variables.
pub fn read_onto(tape: &mut Tape<'_>, what: u32, message: &[u8]) -> Result<(), Error> {
    tape.are_points = what & POINTS != 0;
    let start = tape.begin_list();
    let frame = |tape: &mut Tape<'_>, frame: &Frame<'_>| {
        tape.end_list(start);
        if !tape.are_points {
            write_frame_head(tape, frame);
        }
    };
    let ack = |tape: &mut Tape<'_>, ack: &Ack<'_>| {
        tape.end_list(start);
        if !tape.are_points {
            write_ack_head(tape, ack);
        }
    };
    let read = match what & !POINTS {
        UPLINK => Frame::show(message, valid_text, tape, frame),
        ANSWER => Ack::show(message, valid_text, tape, ack),
        what => match method(what).uplink() {
            Some(method) => Frame::show_inner(method, message, valid_text, tape, frame),
            None => Ack::show_inner(message, valid_text, tape, ack),
        },
    };
    if read.is_err() {
        tape.go_back(start);
    }
    read
}

/// The method whose inner frame is read.
pub fn method(what: u32) -> InnerMethod {
    let method = InnerMethod::ALL.get(what.wrapping_sub(INNER) as usize);
    method.copied().unwrap_or(InnerMethod::Ack)
}

/// The variables of a text are taken down while it is checked.
impl<'a> Each<'a> for Tape<'_> {
    #[inline(always)]
    fn variable(&mut self, variable: Variable<'a>, block: &Block<'a>) {
        self.count += 1;
        let flags = self.later();
        let Variable { name, value, unit, location, time, group, metadata, .. } = variable;
        self.frequent_name(name);
        let mut has = write_value(self, value);
        if let Some(unit) = unit {
            has |= HAS_UNIT;
            self.name(unit);
        }
        if self.are_points {
            has |= write_point_rest(self, &Point::of(variable, block));
        } else {
            has |= write_rest(self, location, time, group);
            has |= write_metadata(self, metadata);
        }
        self.set(flags, has);
    }
}

/// A frame that was read.
#[cfg(feature = "full")]
pub fn write_frame(tape: &mut Tape<'_>, frame: &Frame<'_>) {
    write_points(tape, frame.variables().into());
    write_frame_head(tape, frame);
}

/// An answer that was read.
#[cfg(feature = "full")]
pub fn write_ack(tape: &mut Tape<'_>, ack: &Ack<'_>) {
    write_points(tape, ack.variables().into());
    write_ack_head(tape, ack);
}

fn write_frame_head(tape: &mut Tape<'_>, frame: &Frame<'_>) {
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
        tape.name(frame.auth);
    }
    tape.name(frame.serial);
    match &frame.body {
        Body::Push(block) => has |= write_defaults(tape, block),
        Body::Raw(raw) => {
            if raw.encoding() == Encoding::Base64 {
                has |= BASE64;
            }
            tape.rare_span(raw.data());
        }
        Body::Pull(names) => {
            tape.word(word(names.len()));
            names.clone().for_each(|name| tape.name(name));
        }
        Body::Ping => {}
    }
    tape.set(flags, has);
}

fn write_ack_head(tape: &mut Tape<'_>, ack: &Ack<'_>) {
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
        Detail::None | Detail::Variables(_) => {}
        Detail::Count(count) => has |= write_integer(tape, *count),
        Detail::Command(text) | Detail::Error(text) | Detail::Text(text) => tape.rare_span(text),
    }
    tape.set(flags, has);
}

#[inline(always)]
fn write_defaults(tape: &mut Tape<'_>, block: &Block<'_>) -> u32 {
    write_rest(tape, block.location, block.time, block.group) | write_metadata(tape, block.metadata)
}

/// How many data points there are, and each as a variable.
#[cfg(feature = "full")]
fn write_points(tape: &mut Tape<'_>, points: Points<'_>) {
    tape.word(word(points.len()));
    for point in points {
        let flags = tape.later();
        tape.name(point.variable);
        let mut has = write_value(tape, point.value);
        if let Some(unit) = point.unit {
            has |= HAS_UNIT;
            tape.name(unit);
        }
        has |= write_point_rest(tape, &point);
        tape.set(flags, has);
    }
}

/// What a data point has that its block may say as well.
#[inline(never)]
fn write_point_rest(tape: &mut Tape<'_>, point: &Point<'_>) -> u32 {
    // Where the value is a place, that is the place: it is not written twice.
    let location = point.location.filter(|_| point.value.as_location().is_none());
    let mut has = write_rest(tape, location, point.time, point.group);
    if !point.metadata.is_empty() {
        has |= HAS_METADATA;
        write_pairs(tape, point.metadata.iter());
    }
    has
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
        tape.name(group);
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
fn write_metadata(tape: &mut Tape<'_>, metadata: Metadata<'_>) -> u32 {
    if metadata.is_empty() {
        return 0;
    }
    let before = tape.mark();
    if !write_pairs(tape, metadata.iter()) {
        tape.go_back(before);
        write_pairs(tape, Merged::from(metadata).iter());
    }
    HAS_METADATA
}

/// Whether no key is repeated for certain.
#[inline(never)]
fn write_pairs<'a>(tape: &mut Tape<'_>, pairs: impl Iterator<Item = (&'a str, Text<'a>)>) -> bool {
    let place = tape.later();
    let (mut count, mut keys, mut are_new) = (0, Sketch::default(), true);
    for (key, text) in pairs {
        are_new &= keys.is_new(key);
        tape.frequent_name(key);
        tape.text(text);
        count += 1;
    }
    tape.set(place, count);
    are_new
}
