//! Every byte of a message has one name, and what it is named is what was read there.

use serde_json::Value as Json;
use tipwire::spans::{self, Part, Span};
use tipwire::{Ack, Frame, InnerMethod, Layout, Value};

/// The spans, which cover `length` bytes at every depth where there are any.
#[track_caller]
fn check(length: usize, spans: &[Span<'_>]) {
    // What is not yet a part of something, as (start, end, depth).
    let mut open: Vec<(usize, usize, u8)> = Vec::new();
    for span in spans {
        assert!(span.start < span.end, "{span:?}");
        let parts = open.partition_point(|other| other.2 <= span.depth);
        let mut at = span.start;
        for (start, end, depth) in open.drain(parts..) {
            assert_eq!((start, depth), (at, span.depth + 1), "{span:?}");
            at = end;
        }
        // A part that has others ends where the last of them does.
        assert!(at == span.start || at == span.end, "{span:?}");
        assert_eq!(open.last().map_or(0, |last| last.1).max(span.start), span.start);
        open.push((span.start, span.end, span.depth));
    }
    let mut at = 0;
    for (start, end, depth) in open {
        assert_eq!((start, depth), (at, 0));
        at = end;
    }
    assert_eq!(at, length);
}

fn of(bytes: &[u8]) -> Vec<Span<'_>> {
    let mut all = Vec::new();
    spans::explain(bytes, &mut |span| all.push(span)).unwrap();
    check(bytes.len(), &all);
    all
}

fn texts<'a>(bytes: &'a [u8], all: &[Span<'_>], part: Part) -> Vec<&'a str> {
    let of_part = all.iter().filter(|span| span.part == part);
    of_part.map(|span| std::str::from_utf8(&bytes[span.start..span.end]).unwrap()).collect()
}

fn lines(vectors: &str) -> Vec<Vec<u8>> {
    let cases: Vec<Json> = serde_json::from_str(vectors).unwrap();
    let bytes = |case: &Json| match (&case["frame"], &case["hex"]) {
        (Json::String(frame), _) => frame.clone().into_bytes(),
        (_, hex) => unhex(hex.as_str().unwrap()),
    };
    cases.iter().map(bytes).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

#[test]
fn every_byte_of_every_uplink_vector_is_named_for_what_it_is() {
    let lines = lines(include_str!("../../vectors/uplink.json"));
    let mut read = 0;
    for line in lines.iter().filter(|line| !line.ends_with(b"\n")) {
        for ending in ["", "\n", "\r\n"] {
            let mut line = line.clone();
            line.extend_from_slice(ending.as_bytes());
            let Ok(frame) = Frame::parse(&line) else { continue };
            let all = of(&line);
            let texts = |part| texts(&line, &all, part);
            read += 1;
            assert_eq!(texts(Part::Method), [frame.method().name()]);
            assert_eq!(texts(Part::Auth), [frame.auth]);
            assert_eq!(texts(Part::Serial), [frame.serial]);
            let seq: Vec<u32> = texts(Part::Seq).iter().map(|seq| seq.parse().unwrap()).collect();
            assert_eq!(seq, Vec::from_iter(frame.seq));
            let variables = || frame.variables();
            let names: Vec<&str> = match &frame.body {
                tipwire::Body::Pull(names) => names.clone().collect(),
                _ => variables().map(|variable| variable.name).collect(),
            };
            assert_eq!(texts(Part::Name), names);
            assert_eq!(texts(Part::Variable).len(), variables().len());
            assert_eq!(texts(Part::Data), Vec::from_iter(frame.raw().map(|raw| raw.data())));
            let number = |value: &Value<'_>| value.as_number().is_some();
            let numbers = variables().filter(|variable| number(&variable.value)).count();
            assert_eq!(texts(Part::Number).len(), numbers);
            let units = variables().filter_map(|variable| variable.unit);
            assert_eq!(texts(Part::Unit), Vec::from_iter(units));
            let block = match &frame.body {
                tipwire::Body::Push(block) => block.clone(),
                _ => tipwire::Block::EMPTY,
            };
            let times = block.time.into_iter().chain(variables().filter_map(|one| one.time));
            let found = texts(Part::Time).into_iter().map(|time| time.parse::<u64>().unwrap());
            assert!(found.eq(times));
            let groups = block.group.into_iter().chain(variables().filter_map(|one| one.group));
            assert_eq!(texts(Part::Group), Vec::from_iter(groups));
            let pairs = block.metadata.iter().chain(variables().flat_map(|one| one.metadata));
            assert_eq!(texts(Part::Key), Vec::from_iter(pairs.map(|pair| pair.0)));
            let places = variables()
                .filter_map(|one| one.location.or(one.value.as_location()))
                .map(|place| place.as_str());
            let places = block.location.map(|place| place.as_str()).into_iter().chain(places);
            assert_eq!(texts(Part::Location), Vec::from_iter(places));
            assert_eq!(texts(Part::LineEnding).concat(), ending);
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn what_is_wrong_is_named_up_to_there_as_it_would_be_in_a_frame_that_is_right() {
    let mut cut = 0;
    for line in lines(include_str!("../../vectors/uplink.json")) {
        if Frame::parse(&line).is_err() {
            continue;
        }
        let whole = of(&line);
        let places = (0..line.len()).step_by(1 + line.len() / 300);
        for at in places.filter(|at| line[*at].is_ascii()) {
            let mut wrong = line.clone();
            wrong[at] = 0;
            let mut all = Vec::new();
            let error = spans::explain(&wrong, &mut |span| all.push(span)).unwrap_err();
            assert_eq!(error.at as usize, at);
            let end = all.iter().map(|span| span.end).max().unwrap_or_default();
            check(end, &all);
            assert!(end <= at, "{end}");
            let named = |spans: &[Span<'_>]| -> Vec<(Part, usize, usize, u8)> {
                let before = spans.iter().filter(|span| span.start < end);
                before.map(|span| (span.part, span.start, span.end.min(end), span.depth)).collect()
            };
            assert_eq!(named(&all), named(&whole), "{:?}", String::from_utf8_lossy(&wrong));
            cut += usize::from(end == at);
        }
    }
    assert!(cut > 1000, "{cut}");
}

#[test]
fn whatever_is_wrong_is_named_at_most_up_to_there() {
    for vectors in
        [include_str!("../../vectors/uplink.json"), include_str!("../../vectors/ack.json")]
    {
        for line in lines(vectors) {
            let mut all = Vec::new();
            let Err(error) = spans::explain(&line, &mut |span| all.push(span)) else { continue };
            let end = all.iter().map(|span| span.end).max().unwrap_or_default();
            check(end, &all);
            assert!(end <= error.at as usize);
        }
    }
}

#[test]
fn every_byte_of_every_answer_is_named() {
    let lines = lines(include_str!("../../vectors/ack.json"));
    let mut read = 0;
    for line in &lines {
        let Ok(ack) = Ack::parse(line) else { continue };
        read += 1;
        let all = of(line);
        assert_eq!(texts(line, &all, Part::Status), [ack.status.name()]);
        let counts = texts(line, &all, Part::Count);
        if let tipwire::Detail::Count(count) = ack.detail {
            assert_eq!(counts[0].parse(), Ok(count));
        }
        let errors = texts(line, &all, Part::Error);
        assert_eq!(errors.len(), usize::from(matches!(ack.detail, tipwire::Detail::Error(_))));
    }
    assert!(read > 10, "{read}");
}

#[test]
fn every_byte_of_an_envelope_and_of_its_text_is_named() {
    let cases: Vec<Json> =
        serde_json::from_str(include_str!("../../vectors/envelope.json")).unwrap();
    for case in cases.iter().filter(|case| case["error"].is_null()) {
        let text = |key: &str| case[key].as_str().unwrap();
        let envelope = unhex(text("envelope"));
        let layout = Layout::from_name(text("layout")).unwrap();
        let mut all = Vec::new();
        spans::explain_envelope(layout, &envelope, &mut |span| all.push(span)).unwrap();
        check(envelope.len(), &all);
        let inner = text("inner").as_bytes();
        let sealed = all.iter().find(|span| span.part == Part::Ciphertext);
        assert_eq!(sealed.map_or(0, |span| span.end - span.start), inner.len());
        let method = InnerMethod::from_name(text("method")).unwrap();
        let mut all = Vec::new();
        if spans::explain_inner(method, inner, &mut |span| all.push(span)).is_ok() {
            check(inner.len(), &all);
        }
    }
}
