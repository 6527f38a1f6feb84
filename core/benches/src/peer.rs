//! The published codec, through its public API.

use tagotip_codec::build::{build_ack, build_uplink};
use tagotip_codec::parse::{parse_ack, parse_push_body, parse_uplink};
use tagotip_codec::types::{
    AckDetail, AckFrame, LocationSuffix, MetaRange, PushBody, StructuredBody, UplinkFrame, Value,
};

use crate::read::Sum;

pub fn touch(frame: &str, is_answer: bool) -> Sum {
    if is_answer {
        let ack = parse_ack(frame).expect("a frame of the corpus");
        let mut sum = Sum::bytes("OK".len());
        // It leaves the list as text: its own parser of bodies reads it.
        if let Some(AckDetail::Variables(list)) = &ack.detail {
            sum += touch_push(&parse_push_body(list).expect("a list"));
        }
        return sum;
    }
    let frame = parse_uplink(frame).expect("a frame of the corpus");
    let mut sum = Sum::bytes(frame.auth.len() + frame.serial.len());
    if let Some(body) = &frame.push_body {
        sum += touch_push(body);
    }
    if let Some(pull) = &frame.pull_body {
        sum.bytes += pull.variables.iter().map(|name| name.len()).sum::<usize>();
    }
    sum
}

fn touch_push(body: &PushBody<'_>) -> Sum {
    let body = match body {
        PushBody::Structured(body) => body,
        PushBody::Passthrough(raw) => return Sum::bytes(raw.data.len()),
    };
    let mut sum = Sum::bytes(body.group.map_or(0, str::len));
    for variable in body.variables.iter() {
        sum.bytes += variable.name.len();
        sum += match variable.value {
            Value::Number(number) => Sum::number(parse(number)),
            Value::String(text) => Sum::bytes(unescaped_length(text)),
            Value::Boolean(truth) => Sum::bytes(usize::from(truth)),
            Value::Location { lat, lng, alt } => {
                Sum::number(touch_location(&LocationSuffix { lat, lng, alt }))
            }
        };
        sum.bytes += variable.unit.map_or(0, str::len) + variable.group.map_or(0, str::len);
        sum.numbers += variable.location.as_ref().map_or(0.0, touch_location);
        sum.numbers +=
            variable.timestamp.map_or(0.0, |time| time.parse::<u64>().expect("a time") as f64);
        sum.bytes += variable.meta.as_ref().map_or(0, |range| touch_metadata(body, range));
    }
    sum
}

fn touch_location(location: &LocationSuffix<'_>) -> f64 {
    parse(location.lat) + parse(location.lng) + location.alt.map_or(0.0, parse)
}

fn touch_metadata(body: &StructuredBody<'_>, range: &MetaRange) -> usize {
    let pairs = body.meta_pool.iter().skip(range.start.into()).take(range.len.into());
    pairs.map(|pair| pair.key.len() + unescaped_length(pair.value)).sum()
}

fn parse(number: &str) -> f64 {
    number.parse().expect("a number")
}

/// It leaves escapes to its user: each is one backslash too many.
fn unescaped_length(text: &str) -> usize {
    let mut bytes = text.bytes();
    let mut length = 0;
    while let Some(byte) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        }
        length += 1;
    }
    length
}

/// A frame ready to be written.
pub enum Built<'a> {
    Uplink(Box<UplinkFrame<'a>>),
    Answer(AckFrame<'a>),
}

impl<'a> Built<'a> {
    pub fn of(frame: &'a str, is_answer: bool) -> Built<'a> {
        if is_answer {
            Built::Answer(parse_ack(frame).expect("a frame of the corpus"))
        } else {
            Built::Uplink(Box::new(parse_uplink(frame).expect("a frame of the corpus")))
        }
    }

    pub fn write(&self, buffer: &mut [u8]) -> usize {
        match self {
            Built::Uplink(frame) => build_uplink(frame, buffer).expect("room"),
            Built::Answer(ack) => build_ack(ack, buffer).expect("room"),
        }
    }
}
