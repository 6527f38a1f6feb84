//! Frames made of the grammar and mutants of them: the reader and a naive one agree on every
//! verdict, code and offset, and what is read and written again reads the same.

mod support;

use support::{Random, generate, oracle, rounds};
use tipwire::{Ack, Body, Detail, Error, Frame, Method, Ping, Pull, Push, Reply};

type Verdict = Result<(), (&'static str, usize)>;

fn verdict<T>(outcome: Result<T, Error>) -> Verdict {
    outcome.map(|_| ()).map_err(|error| (error.code(), error.at as usize))
}

fn show(frame: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(frame))
}

/// What is given while a frame is checked is what it is found to hold.
fn in_one_pass(frame: &[u8]) {
    let mut given = Vec::new();
    let read = Frame::parse_each(frame, |variable| given.push(variable));
    assert_eq!(read.as_ref().err(), Frame::parse(frame).as_ref().err());
    if let Ok(read) = read {
        assert!(read.variables().eq(given), "{}", show(frame));
    }
    let mut given = Vec::new();
    let read = Ack::parse_each(frame, |variable| given.push(variable));
    assert_eq!(read.as_ref().err(), Ack::parse(frame).as_ref().err());
    if let Ok(read) = read {
        assert!(read.variables().eq(given), "{}", show(frame));
    }
}

#[test]
fn generated_uplinks_are_judged_as_by_the_naive_reader() {
    let mut random = Random::new(1);
    let mut valid = 0;
    for _ in 0..rounds(60_000) {
        let frame = generate::uplink(&mut random).into_bytes();
        let outcome = verdict(Frame::parse(&frame));
        assert_eq!(outcome, oracle::uplink(&frame), "{}", show(&frame));
        in_one_pass(&frame);
        valid += usize::from(outcome.is_ok());
    }
    assert!(valid > rounds(60_000) / 2, "most generated frames are valid: {valid}");
}

#[test]
fn mutated_uplinks_are_judged_as_by_the_naive_reader() {
    let mut random = Random::new(2);
    for _ in 0..rounds(150_000) {
        let frame = generate::uplink(&mut random).into_bytes();
        let frame = generate::mutate(&mut random, &frame);
        assert_eq!(verdict(Frame::parse(&frame)), oracle::uplink(&frame), "{}", show(&frame));
        in_one_pass(&frame);
    }
}

#[test]
fn answers_and_their_mutants_are_judged_as_by_the_naive_reader() {
    let mut random = Random::new(3);
    for n in 0..rounds(80_000) {
        let mut frame = generate::answer(&mut random).into_bytes();
        if n % 2 == 1 {
            frame = generate::mutate(&mut random, &frame);
        }
        assert_eq!(verdict(Ack::parse(&frame)), oracle::answer(&frame), "{}", show(&frame));
        in_one_pass(&frame);
    }
}

#[test]
fn inner_frames_and_their_mutants_are_judged_as_by_the_naive_reader() {
    let mut random = Random::new(4);
    for n in 0..rounds(60_000) {
        let uplink = generate::uplink(&mut random);
        let answer = generate::answer(&mut random);
        let mut fields = uplink.splitn(if uplink.contains("|!") { 4 } else { 3 }, '|');
        let method = fields.next().expect("a method").to_owned();
        let mut inner = fields.last().unwrap_or("").as_bytes().to_vec();
        let mut detail = answer.trim_start_matches("ACK|").as_bytes().to_vec();
        if n % 2 == 1 {
            inner = generate::mutate(&mut random, &inner);
            detail = generate::mutate(&mut random, &detail);
        }
        let (name, method) = match method.as_str() {
            "PUSH" => ("PUSH", Method::Push),
            "PULL" => ("PULL", Method::Pull),
            _ => ("PING", Method::Ping),
        };
        let outcome = verdict(Frame::parse_inner(method, &inner));
        assert_eq!(outcome, oracle::inner(name, &inner), "{name} {}", show(&inner));
        let outcome = verdict(Ack::parse_inner(&detail));
        assert_eq!(outcome, oracle::inner("ACK", &detail), "ACK {}", show(&detail));
    }
}

#[test]
fn what_is_read_and_written_again_reads_the_same() {
    let mut random = Random::new(5);
    let mut done = 0;
    while done < rounds(40_000) {
        let line = generate::uplink(&mut random);
        let Ok(frame) = Frame::parse(line.as_bytes()) else { continue };
        let written = rewrite(&frame);
        let again = Frame::parse(written.as_bytes()).expect("what is written can be read");
        assert_eq!(json(&frame), json(&again), "{line} {written}");
        assert_eq!(rewrite(&again), written, "writing again changes nothing");
        done += 1;
    }
}

#[test]
fn answers_read_and_written_again_read_the_same() {
    let mut random = Random::new(6);
    let mut done = 0;
    while done < rounds(40_000) {
        let line = generate::answer(&mut random);
        let Ok(ack) = Ack::parse(line.as_bytes()) else { continue };
        let mut reply = Reply::to(String::new());
        if let Some(seq) = ack.seq {
            reply.seq(seq);
        }
        let written = match &ack.detail {
            Detail::None => reply.status(ack.status).finish(),
            Detail::Count(count) => reply.count(*count).finish(),
            Detail::Command(text) | Detail::Error(text) | Detail::Text(text) => {
                reply.text(ack.status, text).finish()
            }
            Detail::Variables(block) => {
                reply.variables().variables(block.variables.clone()).finish()
            }
        };
        let written = written.expect("what was read can be written");
        let again = Ack::parse(written.as_bytes()).expect("what is written can be read");
        let [before, after] = [&ack, &again].map(|ack| {
            let mut json = String::new();
            ack.write_json(&mut json).expect("strings take everything");
            json
        });
        assert_eq!(before, after);
        done += 1;
    }
}

fn json(frame: &Frame<'_>) -> String {
    let mut json = String::new();
    frame.write_json(&mut json).expect("strings take everything");
    frame.points().write_json(&mut json).expect("strings take everything");
    json
}

fn rewrite(frame: &Frame<'_>) -> String {
    let written = match &frame.body {
        Body::Push(block) => {
            let mut push = Push::to(String::new(), frame.auth, frame.serial);
            // In no particular order: each finds its place.
            for (key, text) in block.metadata.unique() {
                push.metadata(key, &text.to_cow());
            }
            if let Some(group) = block.group {
                push.group(group);
            }
            if let Some(time) = block.time {
                push.time(time);
            }
            if let Some(location) = block.location {
                push.location(location);
            }
            if let Some(seq) = frame.seq {
                push.seq(seq);
            }
            for variable in block.variables.clone() {
                push.variable(&variable);
            }
            push.finish()
        }
        Body::Raw(raw) => {
            let mut push = Push::to(String::new(), frame.auth, frame.serial);
            if let Some(seq) = frame.seq {
                push.seq(seq);
            }
            push.raw_read(*raw).finish()
        }
        Body::Pull(names) => {
            let mut pull = Pull::to(String::new(), frame.auth, frame.serial);
            names.clone().for_each(|name| _ = pull.name(name));
            if let Some(seq) = frame.seq {
                pull.seq(seq);
            }
            pull.finish()
        }
        Body::Ping => {
            let mut ping = Ping::to(String::new(), frame.auth, frame.serial);
            if let Some(seq) = frame.seq {
                ping.seq(seq);
            }
            ping.finish()
        }
    };
    written.expect("what was read can be written")
}
