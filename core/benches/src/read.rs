//! Reading: parse, and touch every field, numbers as `f64`. `read/…` does it in one pass, `iterate/…` goes
//! through the variables of a frame that was parsed.

use std::hint::black_box;

use tipwire::{Ack, Body, Frame, Location, Text, Value, Variable, Variables};

use crate::corpus::corpus;
use crate::harness::Bench;
use crate::{peer, points};

pub fn run(bench: &mut Bench) {
    for case in corpus() {
        let (frame, is_answer) = (case.frame.as_str(), case.name == "ack10");
        let read: Touch = if is_answer { touch_answer } else { touch };
        let iterate: Touch = if is_answer { touch_answer_later } else { touch_later };
        let ours = || read(black_box(frame.as_bytes()));
        let later = || iterate(black_box(frame.as_bytes()));
        let peer = || peer::touch(black_box(frame), is_answer);
        let name = format!("read/{}", case.name);
        assert_eq!((ours(), later()), (peer(), peer()), "{name}");
        bench.compare(&name, "tagotip-codec", ours, peer);
        if let Some(json) = points::json_of(frame, is_answer) {
            bench.compare(&format!("iterate/{}", case.name), "tagotip-codec", later, peer);
            let json = json.as_str();
            let value = || points::touch_value(black_box(json));
            let borrowed = || points::touch_borrowed(black_box(json));
            assert_eq!(value().bytes, borrowed().bytes, "{name}");
            bench.compare(&name, "serde_json", ours, value);
            bench.compare(&name, "serde_json, borrowing", ours, borrowed);
        }
    }
}

type Touch = fn(&[u8]) -> Sum;

/// What was found, in a form that depends on every field.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Sum {
    pub numbers: f64,
    pub bytes: usize,
}

impl std::ops::Add for Sum {
    type Output = Sum;

    fn add(mut self, other: Sum) -> Sum {
        self += other;
        self
    }
}

impl std::ops::AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        self.numbers += other.numbers;
        self.bytes += other.bytes;
    }
}

impl Sum {
    pub fn number(number: f64) -> Sum {
        Sum { numbers: number, bytes: 0 }
    }

    pub fn bytes(bytes: usize) -> Sum {
        Sum { numbers: 0.0, bytes }
    }
}

/// Reads a frame and all that is in it, each variable as soon as it is checked. There is one of it, so that
/// what reads is inlined here.
#[inline(never)]
pub fn touch(frame: &[u8]) -> Sum {
    let mut sum = Sum::default();
    let frame = Frame::parse_each(frame, |variable| sum += touch_variable(&variable));
    sum + touch_head(&frame.expect("a frame of the corpus"))
}

/// The same of an answer.
fn touch_answer(answer: &[u8]) -> Sum {
    let mut sum = Sum::default();
    let ack = Ack::parse_each(answer, |variable| sum += touch_variable(&variable));
    sum + Sum::bytes(ack.expect("a frame of the corpus").status.name().len())
}

/// The same in two steps: what is checked as a whole is gone through after that.
fn touch_later(frame: &[u8]) -> Sum {
    let frame = Frame::parse(frame).expect("a frame of the corpus");
    touch_variables(frame.variables()) + touch_head(&frame)
}

fn touch_answer_later(answer: &[u8]) -> Sum {
    let ack = Ack::parse(answer).expect("a frame of the corpus");
    touch_variables(ack.variables()) + Sum::bytes(ack.status.name().len())
}

/// What is not variables.
#[inline(always)]
fn touch_head(frame: &Frame<'_>) -> Sum {
    let body = match &frame.body {
        Body::Push(block) => block.group.map_or(0, str::len),
        Body::Raw(raw) => raw.data().len(),
        Body::Pull(names) => names.clone().map(str::len).sum::<usize>(),
        Body::Ping => 0,
    };
    Sum::bytes(frame.auth.len() + frame.serial.len() + body)
}

#[inline(always)]
fn touch_variables(variables: Variables<'_>) -> Sum {
    variables.fold(Sum::default(), |sum, variable| sum + touch_variable(&variable))
}

/// By loops and branches alone: a program has this once, and all of it inlined, but here two ways to read
/// would share the functions that adapters of the standard library call.
#[inline(always)]
fn touch_variable(variable: &Variable<'_>) -> Sum {
    let mut sum = Sum::default();
    match variable.value {
        Value::Number(number) => sum.numbers = number.to_f64(),
        Value::String(text) => sum.bytes = touch_text(text),
        Value::Boolean(truth) => sum.bytes = usize::from(truth),
        Value::Location(location) => sum.numbers = touch_location(location),
    }
    sum.bytes += variable.name.len();
    sum.bytes += variable.unit.map_or(0, str::len) + variable.group.map_or(0, str::len);
    if let Some(location) = variable.location {
        sum.numbers += touch_location(location);
    }
    if let Some(time) = variable.time {
        sum.numbers += time as f64;
    }
    for (key, text) in variable.metadata {
        sum.bytes += key.len() + touch_text(text);
    }
    sum
}

#[inline(always)]
fn touch_location(location: Location<'_>) -> f64 {
    let (lat, lng, alt) = location.coordinates();
    let mut sum = lat.to_f64() + lng.to_f64();
    if let Some(alt) = alt {
        sum += alt.to_f64();
    }
    sum
}

#[inline(always)]
fn touch_text(text: Text<'_>) -> usize {
    let mut bytes = 0;
    for piece in text.pieces() {
        bytes += piece.len();
    }
    bytes
}
