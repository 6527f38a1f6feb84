//! Writing, from what was read and from plain values.
//!
//! `write/`: a frame that was read is written again. This is all that the published codec can do,
//! which copies what it is given. Here the types carry the checks: what was read needs no second
//! one and is copied too.
//!
//! `build/`: from names, numbers and texts as a program has them, each checked and escaped.

use std::hint::black_box;

use tipwire::{Ack, Body, Detail, Frame, Ping, Pull, Push, Reply, Slice, Value, Variable};

use crate::corpus::corpus;
use crate::harness::Bench;
use crate::{peer, points};

pub fn run(bench: &mut Bench) {
    for case in corpus() {
        let read = Read::of(&case.frame, case.name == "ack10");
        let plain = Plain::of(&read);
        let ours = |buffer: &mut [u8]| black_box(&read).write(buffer);
        compare(bench, &format!("write/{}", case.name), &case.frame, ours);
        let ours = |buffer: &mut [u8]| black_box(&plain).write(buffer);
        compare(bench, &format!("build/{}", case.name), &case.frame, ours);
    }
}

fn compare(bench: &mut Bench, name: &str, frame: &str, ours: impl Fn(&mut [u8]) -> usize) {
    let is_answer = frame.starts_with("ACK");
    let theirs = peer::Built::of(frame, is_answer);
    // How quick a long copy is depends on where it goes.
    let (mut their_page, mut page) = (Page([0; 20_480]), Page([0; 20_480]));
    let (their_buffer, buffer) = (&mut their_page.0[..], &mut page.0[..]);
    assert_eq!(ours(buffer), frame.len(), "{name}");
    assert_eq!(&buffer[..frame.len()], frame.as_bytes(), "{name}");
    assert_eq!(theirs.write(their_buffer), frame.len(), "{name}");
    bench.compare(
        name,
        "tagotip-codec",
        || ours(buffer),
        || black_box(&theirs).write(their_buffer),
    );
    if let Some(json) = points::json_of(frame, is_answer) {
        let values = points::parse(&json);
        let mut out = Vec::with_capacity(1 << 16);
        bench.compare(
            name,
            "serde_json",
            || ours(buffer),
            || {
                out.clear();
                points::write(black_box(&values), &mut out);
            },
        );
    }
}

#[repr(align(4096))]
struct Page([u8; 20_480]);

/// A frame that was read.
enum Read<'a> {
    Uplink(Frame<'a>),
    Answer(Ack<'a>),
}

impl<'a> Read<'a> {
    fn of(frame: &'a str, is_answer: bool) -> Read<'a> {
        if is_answer {
            Read::Answer(Ack::parse(frame.as_bytes()).expect("a frame of the corpus"))
        } else {
            Read::Uplink(Frame::parse(frame.as_bytes()).expect("a frame of the corpus"))
        }
    }

    fn write(&self, buffer: &mut [u8]) -> usize {
        let written = match self {
            Read::Answer(ack) => Reply::to(buffer).variables().variables(ack.variables()).finish(),
            Read::Uplink(frame) => {
                let (auth, serial) = (frame.auth, frame.serial);
                match &frame.body {
                    Body::Push(block) => {
                        Push::to(buffer, auth, serial).variables(block.variables.clone()).finish()
                    }
                    Body::Raw(raw) => Push::to(buffer, auth, serial).raw_read(*raw).finish(),
                    Body::Pull(names) => {
                        Pull::to(buffer, auth, serial).names(names.clone()).finish()
                    }
                    Body::Ping => Ping::to(buffer, auth, serial).finish(),
                }
            }
        };
        written.expect("what was read can be written").len()
    }
}

/// The same as plain values in memory.
struct Plain<'a> {
    auth: &'a str,
    serial: &'a str,
    method: Method<'a>,
}

enum Method<'a> {
    Push(Vec<Item<'a>>),
    Raw(tipwire::Raw<'a>),
    Pull(Vec<&'a str>),
    Ping,
    Answer(Vec<Item<'a>>),
}

struct Item<'a> {
    variable: Variable<'a>,
    text: String,
    metadata: Vec<(&'a str, String)>,
}

impl<'a> Item<'a> {
    fn of(variable: Variable<'a>) -> Item<'a> {
        let text = match variable.value {
            Value::String(text) => text.to_string(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let metadata = variable.metadata.iter().map(|(key, text)| (key, text.to_string()));
        Item { variable, text, metadata: metadata.collect() }
    }

    fn write(&self, push: &mut Push<Slice<'_>>) {
        let variable = &self.variable;
        match variable.value {
            Value::Number(_) => push.number(variable.name, self.text.as_str()),
            Value::String(_) => push.string(variable.name, &self.text),
            Value::Boolean(truth) => push.boolean(variable.name, truth),
            Value::Location(location) => push.position(variable.name, location),
        };
        if let Some(unit) = variable.unit {
            push.unit(unit);
        }
        if let Some(location) = variable.location {
            push.location(location);
        }
        if let Some(time) = variable.time {
            push.time(time);
        }
        if let Some(group) = variable.group {
            push.group(group);
        }
        for (key, text) in &self.metadata {
            push.metadata(key, text);
        }
    }
}

impl<'a> Plain<'a> {
    fn of(read: &Read<'a>) -> Plain<'a> {
        let frame = match read {
            Read::Answer(ack) => {
                assert!(matches!(ack.detail, Detail::Variables(_)));
                let items = ack.variables().map(Item::of).collect();
                return Plain { auth: "", serial: "", method: Method::Answer(items) };
            }
            Read::Uplink(frame) => frame,
        };
        let method = match &frame.body {
            Body::Push(_) => Method::Push(frame.variables().map(Item::of).collect()),
            Body::Raw(raw) => Method::Raw(*raw),
            Body::Pull(names) => Method::Pull(names.clone().collect()),
            Body::Ping => Method::Ping,
        };
        Plain { auth: frame.auth, serial: frame.serial, method }
    }

    fn write(&self, buffer: &mut [u8]) -> usize {
        let (auth, serial) = (self.auth, self.serial);
        let written = match &self.method {
            Method::Push(items) => {
                let mut push = Push::to(buffer, auth, serial);
                items.iter().for_each(|item| item.write(&mut push));
                push.finish()
            }
            Method::Answer(items) => {
                let mut push = Reply::to(buffer).variables();
                items.iter().for_each(|item| item.write(&mut push));
                push.finish()
            }
            Method::Raw(raw) => {
                Push::to(buffer, auth, serial).raw_text(raw.encoding(), raw.data()).finish()
            }
            Method::Pull(names) => {
                let mut pull = Pull::to(buffer, auth, serial);
                names.iter().for_each(|name| _ = pull.name(name));
                pull.finish()
            }
            Method::Ping => Ping::to(buffer, auth, serial).finish(),
        };
        written.expect("what was read can be written").len()
    }
}
