//! What the readers say of single frames: kinds, offsets, revisions, views.

use tipwire::{
    Ack, Body, BuildError, Code, Error, Field, Frame, Kind, Metadata, Method, Push, Revision, Text,
    Token, Value, device_hash,
};

#[track_caller]
fn fails(line: &str, kind: Kind, at: u32) {
    assert_eq!(Frame::parse(line.as_bytes()).unwrap_err(), Error { kind, at }, "{line}");
}

const HEAD: &str = "PUSH|4deedd7bab8817ec|s|";

#[track_caller]
fn body_fails(body: &str, kind: Kind, at: u32) {
    fails(&format!("{HEAD}{body}"), kind, HEAD.len() as u32 + at);
}

/// One case for every kind of error a reader gives; those of the writers are in `writing.rs`.
#[test]
fn every_kind_of_error_is_given_where_it_should_be() {
    fails("", Kind::Method, 0);
    fails("PUT|", Kind::Method, 2);
    fails("PING", Kind::Method, 4);
    fails("PING|!|", Kind::Seq, 6);
    fails("PING|!01|", Kind::SeqRange, 7);
    fails("PING|!4294967296|", Kind::SeqRange, 15);
    fails("PING|!1x", Kind::SeqEnd, 7);
    fails("PING|xyz|", Kind::Auth, 5);
    fails("PING|4deedd7bab8817ec0|s", Kind::AuthEnd, 21);
    fails("PING|4deedd7bab8817ec|", Kind::Serial, 22);
    fails("PING|4deedd7bab8817ec|a.b", Kind::Trailing, 23);
    fails("PUSH|4deedd7bab8817ec|a.b", Kind::SerialEnd, 23);
    fails(&format!("PING|4deedd7bab8817ec|{}", "s".repeat(101)), Kind::SerialLength, 122);
    fails("PULL|4deedd7bab8817ec|s|x", Kind::List, 24);
    fails("PULL|4deedd7bab8817ec|s|[a:", Kind::ListEnd, 26);
    body_fails("x", Kind::Body, 0);
    body_fails("@5x", Kind::Modifier, 2);
    body_fails(">z", Kind::Raw, 1);
    body_fails(">xABC", Kind::Hex, 5);
    body_fails(">bA-", Kind::Base64, 3);
    body_fails("[T:=1]", Kind::Name, 1);
    body_fails(&format!("[{}:=1]", "n".repeat(101)), Kind::NameLength, 101);
    body_fails("[t~1]", Kind::Operator, 2);
    body_fails("[t:=x]", Kind::Number, 4);
    body_fails("[t:=01]", Kind::LeadingZero, 5);
    body_fails("[t?=trux]", Kind::Boolean, 7);
    body_fails("[t=]", Kind::Text, 3);
    body_fails("[t=\\x]", Kind::Escape, 4);
    body_fails("[t@=1;", Kind::Location, 5);
    body_fails("[t:=1#C#F]", Kind::Suffix, 7);
    body_fails("[t:=1#]", Kind::Unit, 6);
    body_fails(&format!("[t:=1#{}]", "°".repeat(13)), Kind::UnitLength, 30);
    body_fails("[t:=1@x]", Kind::Time, 6);
    body_fails("[t:=1@18446744073709551616]", Kind::TimeRange, 25);
    body_fails("[t:=1^]", Kind::Group, 6);
    body_fails(&format!("[t:=1^{}]", "g".repeat(101)), Kind::GroupLength, 106);
    body_fails("[t:=1{}]", Kind::Key, 6);
    body_fails(&format!("[t:=1{{{}=x}}]", "k".repeat(101)), Kind::KeyLength, 106);
    body_fails("[t:=1{a}]", Kind::Pair, 7);
    body_fails("[t:=1{a=;}]", Kind::Metadata, 8);
    body_fails(&format!("[t:=1{{a=1{}}}]", ",a=1".repeat(32)), Kind::TooManyPairs, 133);
    body_fails(&format!("[a:=1{}]", ";a:=1".repeat(100)), Kind::TooManyVariables, 500);
    body_fails("[t:=1]x", Kind::Trailing, 6);
    body_fails("[t=\0]", Kind::Nul, 3);
    fails(&"x".repeat(16_385), Kind::TooLarge, 16_384);
    let answers = |line: &str| Ack::parse(line.as_bytes()).unwrap_err();
    assert_eq!(answers("AKC|OK"), Error { kind: Kind::Answer, at: 1 });
    assert_eq!(answers("ACK|OKAY"), Error { kind: Kind::Status, at: 6 });
    assert_eq!(answers("ACK|CMD|a|b"), Error { kind: Kind::Detail, at: 9 });
    assert_eq!(answers("ACK|OK|18446744073709551616"), Error { kind: Kind::Count, at: 26 });
    let invalid = Frame::parse(b"PING|4deedd7bab8817ec|\xff").unwrap_err();
    assert_eq!(invalid, Error { kind: Kind::Utf8, at: 22 });
}

#[test]
fn nul_and_size_come_before_everything_else() {
    fails("nonsense\0", Kind::Nul, 8);
    assert_eq!(Frame::parse(b"x\xffy\0").unwrap_err(), Error { kind: Kind::Utf8, at: 1 });
    assert_eq!(Frame::parse(b"x\0y\xff").unwrap_err(), Error { kind: Kind::Nul, at: 1 });
    let mut long = vec![0; 16_385];
    assert_eq!(Frame::parse(&long).unwrap_err().kind, Kind::TooLarge);
    long.truncate(16_384);
    assert_eq!(Frame::parse(&long).unwrap_err().kind, Kind::Nul);
}

#[test]
fn line_endings_are_dropped_once() {
    for ending in ["", "\n", "\r\n"] {
        assert!(Frame::parse(format!("PING|4deedd7bab8817ec|s{ending}").as_bytes()).is_ok());
    }
    for (ending, at) in [("\r", 23), ("\n\n", 23), ("\r\r\n", 23), ("\n\r\n", 23), ("\n\r", 23)] {
        fails(&format!("PING|4deedd7bab8817ec|s{ending}"), Kind::Trailing, at);
    }
    let longest = format!("{HEAD}[s={}]", "x".repeat(16_384 - HEAD.len() - 4));
    assert!(Frame::parse((longest.clone() + "\r\n").as_bytes()).is_ok());
    let inner = Frame::parse_inner(Method::Ping, b"s\n").unwrap_err();
    assert_eq!(inner, Error { kind: Kind::Trailing, at: 1 });
}

#[test]
fn one_revision_only_is_read_on_request() {
    use Revision::{A, B, C, D};
    let token = "ate2bd319014b24e0a8aca9f00aea4c0d0";
    let hash = "4deedd7bab8817ec";
    for (auth, body, accepted, first_bad) in [
        (hash, "[t:=1]", &[B, C, D][..], 5),
        (token, "[t:=1]", &[A], 6),
        (hash, "@5^g{a=1}[t:=1]", &[C, D], 26),
        (hash, "^g@5{a=1}[t:=1]", &[B], 26),
        (hash, "@=1,2@5[t:=1]", &[D], 25),
        (hash, "[t:=1@=1,2]", &[D], 30),
        (hash, "[p@=1,2@5]", &[B, C, D], 5),
    ] {
        let line = format!("PUSH|{auth}|s|{body}");
        assert!(Frame::parse(line.as_bytes()).is_ok(), "{line}");
        for revision in [A, B, C, D] {
            let outcome = Frame::parse_as(revision, line.as_bytes());
            assert_eq!(outcome.is_ok(), accepted.contains(&revision), "{revision:?} {line}");
        }
        let refusing = [B, C, A].into_iter().find(|revision| !accepted.contains(revision));
        if let Some(revision) = refusing.filter(|_| first_bad != 5) {
            let at = Frame::parse_as(revision, line.as_bytes()).unwrap_err().at;
            assert_eq!(at, first_bad, "{revision:?} {line}");
        }
    }
    let error = Frame::parse_as(A, b"PUSH|4deedd7bab8817ec|s|[t:=1]").unwrap_err();
    assert_eq!(error, Error { kind: Kind::Auth, at: 5 });
    let error = Frame::parse_as(D, format!("PUSH|{token}|s|[t:=1]").as_bytes()).unwrap_err();
    assert_eq!(error, Error { kind: Kind::Auth, at: 6 });
    assert!(Ack::parse_as(D, b"ACK|OK|[t:=1@=1,2]").is_ok());
    assert_eq!(Ack::parse_as(B, b"ACK|OK|[t:=1@=1,2]").unwrap_err().at, 13);
}

#[test]
fn the_table_of_kinds_has_no_two_alike() {
    assert!(Kind::ALL.is_sorted_by(|a, b| a.number() < b.number()));
    // Once for each: to find them takes long where code is interpreted.
    let texts: Vec<_> = Kind::ALL.iter().map(|kind| (kind.name(), kind.sentence())).collect();
    for (n, (kind, (name, sentence))) in Kind::ALL.iter().zip(&texts).enumerate() {
        assert_eq!(Kind::from_name(name), Some(*kind));
        assert_eq!(Kind::from_number(kind.number()), Some(*kind));
        for (other_name, other_sentence) in &texts[n + 1..] {
            assert_ne!(name, other_name);
            assert_ne!(sentence, other_sentence);
        }
        assert!(
            sentence.chars().next().is_some_and(|c| c.is_lowercase())
                || sentence.starts_with("NaN")
        );
        assert!(!sentence.ends_with('.'), "{sentence}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
    }
    for code in Code::ALL {
        assert_eq!(Code::from_name(code.name()), Some(*code));
    }
    assert_eq!(Code::from_name("on_fire"), None);
    assert_eq!(Field::Variable.to_string(), "variable");
}

#[test]
fn sentences_name_what_was_found() {
    let explain = |line: &[u8]| Frame::parse(line).unwrap_err().explain(line).to_string();
    assert_eq!(explain(b"PING|!|x"), "expected a digit after !, found | at byte 6");
    assert_eq!(
        explain(b"PUSH|4deedd7bab8817ec|s|[t:=1\n"),
        "expected ; ] or the next suffix in its order, found the end at byte 29"
    );
    assert_eq!(
        explain("PUSH|4deedd7bab8817ec|s|[ä:=1]".as_bytes()),
        "expected a name of lower-case letters, digits and _, found ä at byte 25"
    );
    assert_eq!(
        explain(b"PUSH|4deedd7bab8817ec|s|[t=\xff]"),
        "expected UTF-8, found byte 0xff at byte 27"
    );
    assert_eq!(explain(b"PUSH|4deedd7bab8817ec|s|[t=\r]"), "expected text, found \\r at byte 27");
    assert_eq!(
        explain(b"PUSH|4deedd7bab8817ec|s| [t:=1]"),
        "expected a block in [ ], a modifier (@ ^ {), >x or >b, found a space at byte 24"
    );
    // What stands in AUTH may be a part of a token.
    assert_eq!(
        explain(b"PING|ate2bd31x|s"),
        "expected 16 hex digits, or at and 32 hex digits at byte 13"
    );
    let error = BuildError { kind: Kind::Unit, point: Some(3), field: Some(Field::Unit) };
    assert_eq!(error.to_string(), "data point 3: unit: expected a unit");
}

#[test]
fn secrets_are_not_shown() {
    let secret = "e2bd319014b24e0a8aca9f00aea4c0d0";
    let token = Token::new(&format!("at{secret}")).unwrap();
    assert!(!format!("{token:?} {:?}", token.derive_key("s")).contains("e2bd"));
    let line = format!("PUSH|at{secret}|s|[t:=1]");
    let frame = Frame::parse(line.as_bytes()).unwrap();
    assert!(!format!("{frame:?}").contains(secret));
    let error = Frame::parse(&line.as_bytes()[..20]).unwrap_err();
    assert!(
        !format!("{error:?} {error} {}", error.explain(&line.as_bytes()[..20])).contains("e2bd")
    );
    let error = Token::new(&secret[..30]).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("e2bd"));
    let push = Push::to(String::new(), &format!("at{secret}x"), "s").number("t", 1).finish();
    assert!(!format!("{push:?}").contains(secret));
}

#[test]
fn tokens_are_checked_to_the_byte() {
    let good = "ate2bd319014b24e0a8aca9f00aea4c0d0";
    assert!(Token::new(good).is_ok());
    for (text, at) in [
        ("", 0),
        ("xt", 0),
        ("ax", 1),
        ("at", 2),
        (&good[..33], 33),
        ("ate2bd319014b24e0a8aca9f00aea4c0dg", 33),
        ("ate2bd319014b24e0a8aca9f00aea4c0d00", 34),
        ("ATe2bd319014b24e0a8aca9f00aea4c0d0", 0),
    ] {
        assert_eq!(Token::new(text).unwrap_err(), Error { kind: Kind::Token, at }, "{text}");
    }
    let key = Token::new(good).unwrap().derive_key("sensor-01");
    let hex: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "e505f03cc9e93fdbcc382844cca3e17fdf0bb31318585395ceaaa39a5d141964");
    assert_eq!(device_hash("sensor-01").to_string(), "ab7788d22eb7372f");
}

#[test]
fn iterators_know_their_length_and_end_for_good() {
    let frame = Frame::parse(b"PUSH|4deedd7bab8817ec|s|[a:=1;b=x;c?=true;d@=1,2]").unwrap();
    let mut variables = frame.variables();
    assert_eq!(variables.len(), 4);
    assert_eq!(variables.next().unwrap().name, "a");
    assert_eq!(variables.raw(), "b=x;c?=true;d@=1,2");
    assert_eq!((variables.len(), frame.points().len(), frame.names().len()), (3, 4, 0));
    assert_eq!(variables.by_ref().last().unwrap().name, "d");
    assert!(variables.next().is_none() && variables.next().is_none());
    let types: Vec<_> = frame.variables().map(|v| v.value.type_name()).collect();
    assert_eq!(types, ["number", "string", "boolean", "location"]);
    assert!(matches!(frame.variables().nth(2).unwrap().value, Value::Boolean(true)));
}

#[test]
fn values_are_small() {
    use std::mem::size_of;
    assert!(size_of::<Frame<'_>>() <= 256, "{}", size_of::<Frame<'_>>());
    assert!(size_of::<Ack<'_>>() <= 256, "{}", size_of::<Ack<'_>>());
    assert!(size_of::<tipwire::Variable<'_>>() <= 256);
    assert!(size_of::<tipwire::Point<'_>>() <= 256);
    assert_eq!(size_of::<Error>(), 8);
    assert!(size_of::<Push<tipwire::Slice<'_>>>() <= 128);
}

#[test]
fn texts_say_as_bytes_what_they_say_as_texts() {
    let alike = |raw: &[u8]| {
        let text = std::str::from_utf8(raw).unwrap();
        let mut buffer = [0; 64];
        let made = Text::unescape_bytes(raw, &mut buffer).map(|length| &buffer[..length]);
        let expected = Text::new(text).map(|text| text.to_string());
        assert_eq!(made.ok(), expected.as_deref().map(str::as_bytes), "{text:?}");
        if let Some(expected) = &expected {
            let mut short = vec![0; expected.len() - 1];
            assert_eq!(Text::unescape_bytes(raw, &mut short), Err(Kind::Buffer));
        }
    };
    let alphabet = b"a,\\n|;\x7f";
    // Fewer where code is interpreted.
    let most = if cfg!(miri) { 2 } else { 5 };
    for number in 0..alphabet.len().pow(most) {
        let digit = |place| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
        let raw: Vec<u8> = (0..most).map(digit).collect();
        (0..=raw.len()).for_each(|length| alike(&raw[..length]));
    }
    for length in (0..40).step_by(if cfg!(miri) { 13 } else { 1 }) {
        for special in ["\\|", "\\n", "é", "}", "\n", ","] {
            alike(format!("{}{special}{}", "x".repeat(length), "y".repeat(39 - length)).as_bytes());
        }
    }
}

/// Where the first pairs end is noted while they are checked; what is gone through later is looked at anew.
#[test]
fn pairs_are_the_same_whether_their_ends_were_noted_or_not() {
    let lengths = [(1, 1), (6, 5), (100, 255), (99, 256), (7, 1000), (100, 4), (2, 254)];
    // Fewer where code is interpreted.
    let (most, counts) = if cfg!(miri) { (6, 5..6) } else { (32, 1..8) };
    let pairs = lengths.iter().cycle().take(most).enumerate().map(|(n, &(key, text))| {
        let text = "ü".repeat(text / 2) + if text % 2 == 1 { "x" } else { "" };
        let text = if n % 3 == 0 { text.replacen('ü', r"\,", 1) } else { text };
        format!("{}={text}", "k".repeat(key))
    });
    let pairs: Vec<String> = pairs.collect();
    let all = |metadata: Metadata<'_>| -> Vec<_> {
        let pair = |(key, text): (_, Text<'_>)| {
            assert_eq!(text.borrowed().is_none(), text.raw().contains('\\'));
            format!("{key}={}", text.raw())
        };
        metadata.iter().map(pair).collect()
    };
    for count in counts {
        for pairs in pairs.windows(count) {
            let block = pairs.join(",");
            let line = format!("{HEAD}{{{block}}}[a:=1{{{block}}}]");
            let mut noted = Vec::new();
            let each = |variable: tipwire::Variable<'_>| noted = all(variable.metadata);
            let frame = Frame::parse_each(line.as_bytes(), each).unwrap();
            let Body::Push(block) = &frame.body else { panic!("{line}") };
            assert_eq!(noted, pairs);
            assert_eq!(all(block.metadata), pairs);
            assert_eq!(all(frame.variables().next().unwrap().metadata), pairs);
        }
    }
}
