//! What the writers take, what they refuse, and whom they blame for it.

use tipwire::{
    BuildError, Code, Encoding, Field, Fixed, Frame, Kind, Ping, Pull, Push, Reply, Revision,
    Status,
};

const AUTH: &str = "4deedd7bab8817ec";

fn push() -> Push<tipwire::Owned> {
    Push::to(String::new(), AUTH, "s")
}

fn body(outcome: Result<String, BuildError>) -> String {
    let frame = outcome.expect("a frame");
    Frame::parse(frame.as_bytes()).expect("what is written can be read");
    frame.trim_start_matches("PUSH|4deedd7bab8817ec|s|").to_owned()
}

#[track_caller]
fn fails(
    outcome: Result<String, BuildError>,
    kind: Kind,
    point: Option<u32>,
    field: Option<Field>,
) {
    assert_eq!(outcome.expect_err("an error"), BuildError { kind, point, field });
}

#[test]
fn suffixes_find_their_places_in_any_order() {
    let mut all = push();
    all.number("t", 1).metadata("a", "1").group("g").time(5).location((1, 2)).unit("C");
    all.metadata("b", "2").boolean("u", true).time(6).unit("#".trim_matches('#'));
    assert_eq!(all.finish().unwrap_err().kind, Kind::Unit, "an empty unit");

    let mut all = push();
    all.number("t", 1).metadata("a", "1").group("g").time(5).location((1, 2, 3)).unit("C");
    all.metadata("b", "2");
    all.string("u", "x").time(6).unit("m@s".split('@').next().unwrap());
    assert_eq!(body(all.finish()), "[t:=1#C@=1,2,3@5^g{a=1,b=2};u=x#m@6]");
}

#[test]
fn defaults_find_their_places_in_every_revision() {
    for (revision, expected) in [
        (Revision::A, "^g@5{a=1}[t:=1]"),
        (Revision::B, "^g@5{a=1}[t:=1]"),
        (Revision::C, "@5^g{a=1}[t:=1]"),
        (Revision::D, "@5^g{a=1}[t:=1]"),
    ] {
        let mut forward = push();
        forward.revision(revision).time(5).group("g").metadata("a", "1").number("t", 1);
        assert_eq!(body(forward.finish()), expected);
        let mut backward = push();
        backward.revision(revision).metadata("a", "1").group("g").time(5).number("t", 1);
        assert_eq!(body(backward.finish()), expected);
    }
    let mut with_place = push();
    with_place.metadata("a", "1").time(5).location((1.5, "-2.50")).group("g").number("t", 1);
    assert_eq!(body(with_place.finish()), "@=1.5,-2.50@5^g{a=1}[t:=1]");
}

#[test]
fn older_revisions_have_no_locations_but_as_values() {
    for revision in [Revision::A, Revision::B, Revision::C] {
        let outcome = push().revision(revision).location((1, 2)).number("t", 1).finish();
        fails(outcome, Kind::Revision, None, Some(Field::Location));
        let outcome = push().revision(revision).number("t", 1).location((1, 2)).finish();
        fails(outcome, Kind::Revision, Some(0), Some(Field::Location));
        assert_eq!(body(push().revision(revision).position("p", (1, 2)).finish()), "[p@=1,2]");
    }
    let line = b"PUSH|4deedd7bab8817ec|s|[t:=1@=1,2]";
    let frame = Frame::parse(line).unwrap();
    let outcome = push().revision(Revision::B).variables(frame.variables()).finish();
    fails(outcome, Kind::Revision, Some(0), Some(Field::Location));
    let outcome = push().number("t", 1).revision(Revision::B).finish();
    fails(outcome, Kind::Misplaced, Some(0), Some(Field::Value));
}

#[test]
fn a_counter_may_be_given_at_any_time_but_once() {
    let expected = "PUSH|!7|4deedd7bab8817ec|s|@5[t:=1#C@6]";
    let mut early = push();
    assert_eq!(early.seq(7).time(5).number("t", 1).unit("C").time(6).finish().unwrap(), expected);
    let mut late = push();
    assert_eq!(late.time(5).number("t", 1).time(6).seq(7).unit("C").finish().unwrap(), expected);
    fails(push().seq(7).seq(8).number("t", 1).finish(), Kind::Repeated, None, Some(Field::Seq));
    let inner = Push::inner(String::new(), "s").seq(1).number("t", 1).finish();
    fails(inner, Kind::Misplaced, None, Some(Field::Seq));
}

#[test]
fn numbers_are_written_in_plain_digits() {
    let number = |value: f64| body(push().number("t", value).finish());
    assert_eq!(number(32.5), "[t:=32.5]");
    assert_eq!(number(-0.0), "[t:=-0]");
    assert_eq!(number(1e21), "[t:=1000000000000000000000]");
    assert_eq!(number(1e-7), "[t:=0.0000001]");
    assert_eq!(number(0.1 + 0.2), "[t:=0.30000000000000004]");
    assert_eq!(number(1e63).len(), "[t:=]".len() + 64);
    assert_eq!(number(1e-63).len(), "[t:=]".len() + 65, "64 digits and a point");
    for value in [1e64, 1e-64, f64::MAX, f64::MIN_POSITIVE] {
        fails(push().number("t", value).finish(), Kind::Digits, Some(0), Some(Field::Value));
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        fails(push().number("t", value).finish(), Kind::NotFinite, Some(0), Some(Field::Value));
        fails(
            push().number("t", Fixed(value, 1)).finish(),
            Kind::NotFinite,
            Some(0),
            Some(Field::Value),
        );
    }
    assert_eq!(body(push().number("t", 32.1_f32).finish()), "[t:=32.1]");
    assert_eq!(body(push().number("t", i64::MIN).finish()), "[t:=-9223372036854775808]");
    assert_eq!(body(push().number("t", u64::MAX).finish()), "[t:=18446744073709551615]");
    assert_eq!(body(push().number("t", 0_u8).finish()), "[t:=0]");
    assert_eq!(body(push().number("t", "-0.500").finish()), "[t:=-0.500]");
    for text in ["", "-", "01", "1.", ".5", "1e5", "+1", "NaN", " 1", "1 ", "1]"] {
        fails(push().number("t", text).finish(), Kind::Number, Some(0), Some(Field::Value));
    }
}

#[test]
fn fixed_numbers_are_rounded_as_their_exact_value_is() {
    let fixed = |value, decimals| body(push().number("t", Fixed(value, decimals)).finish());
    assert_eq!(fixed(32.456, 1), "[t:=32.5]");
    assert_eq!(fixed(0.5, 0), "[t:=0]");
    assert_eq!(fixed(1.5, 0), "[t:=2]");
    assert_eq!(fixed(2.5, 0), "[t:=2]");
    assert_eq!(fixed(0.15, 1), "[t:=0.1]", "0.15 is a little less");
    assert_eq!(fixed(-0.04, 1), "[t:=-0.0]");
    assert_eq!(fixed(9.999, 2), "[t:=10.00]");
    assert_eq!(fixed(1e20, 3), "[t:=100000000000000000000.000]");
    assert_eq!(fixed(0.1, 30), "[t:=0.10000000000000001]", "at most 17");
    fails(push().number("t", Fixed(1e60, 5)).finish(), Kind::Digits, Some(0), Some(Field::Value));
}

#[test]
fn texts_are_escaped_and_what_has_no_escape_is_refused() {
    let text = "a|b[c]d;e,f{g}h#i@j^k\\l\nm=n grüße 😀";
    let mut frame = push();
    frame.string("s", text).metadata("k", text);
    let frame = frame.finish().unwrap();
    let parsed = Frame::parse(frame.as_bytes()).unwrap();
    let variable = parsed.variables().next().unwrap();
    assert_eq!(variable.value.as_text().unwrap().to_cow(), text);
    assert_eq!(variable.metadata.get("k").unwrap().to_cow(), text);
    for text in ["", "a\rb", "\t", "\0", "x\u{7f}"] {
        fails(push().string("s", text).finish(), Kind::Text, Some(0), Some(Field::Value));
        let outcome = push().number("t", 1).metadata("k", text).finish();
        fails(outcome, Kind::Metadata, Some(0), Some(Field::Metadata));
    }
}

#[test]
fn errors_name_the_data_point_and_the_field() {
    let long = "x".repeat(101);
    fails(push().number("", 1).finish(), Kind::Name, Some(0), Some(Field::Variable));
    fails(push().number("T", 1).finish(), Kind::Name, Some(0), Some(Field::Variable));
    fails(push().number(&long, 1).finish(), Kind::NameLength, Some(0), Some(Field::Variable));
    let mut later = push();
    later.number("a", 1).number("b", 2);
    fails(later.unit("").finish(), Kind::Unit, Some(1), Some(Field::Unit));
    let unit = push().number("a", 1).unit("ääääääääääää°").finish();
    fails(unit, Kind::UnitLength, Some(0), Some(Field::Unit));
    fails(push().number("a", 1).unit("a\\n").finish(), Kind::Unit, Some(0), Some(Field::Unit));
    fails(push().number("a", 1).group("G").finish(), Kind::Group, Some(0), Some(Field::Group));
    fails(
        push().number("a", 1).group(&long).finish(),
        Kind::GroupLength,
        Some(0),
        Some(Field::Group),
    );
    fails(push().group("").number("a", 1).finish(), Kind::Group, None, Some(Field::Group));
    let outcome = push().number("a", 1).metadata("K", "v").finish();
    fails(outcome, Kind::Key, Some(0), Some(Field::Metadata));
    let outcome = push().number("a", 1).metadata(&long, "v").finish();
    fails(outcome, Kind::KeyLength, Some(0), Some(Field::Metadata));
    fails(
        push().number("a", 1).time(1).time(2).finish(),
        Kind::Repeated,
        Some(0),
        Some(Field::Time),
    );
    fails(
        push().position("p", (1, 2)).unit("m").finish(),
        Kind::Misplaced,
        Some(0),
        Some(Field::Unit),
    );
    let outcome = push().position("p", (1, 2)).location((3, 4)).finish();
    fails(outcome, Kind::Misplaced, Some(0), Some(Field::Location));
    fails(push().unit("C").number("a", 1).finish(), Kind::Misplaced, None, Some(Field::Unit));
    fails(push().position("p", (1, "x")).finish(), Kind::Number, Some(0), Some(Field::Value));
    fails(push().finish(), Kind::Empty, None, None);
    let wrong_auth = Push::to(String::new(), "nonsense", "s").number("a", 1).finish();
    fails(wrong_auth, Kind::Auth, None, Some(Field::Auth));
    let wrong_serial = Push::to(String::new(), AUTH, "a.b").number("a", 1).finish();
    fails(wrong_serial, Kind::Serial, None, Some(Field::Serial));
    let long_serial = Ping::to(String::new(), AUTH, &long).finish();
    fails(long_serial, Kind::SerialLength, None, Some(Field::Serial));
}

#[test]
fn the_first_error_sticks() {
    let mut frame = push();
    frame.number("T", 1).unit("").number("ok", "no number");
    fails(frame.finish(), Kind::Name, Some(0), Some(Field::Variable));
    fails(frame.finish(), Kind::Name, Some(0), Some(Field::Variable));
    let mut frame = push();
    assert_eq!(body(frame.number("t", 1).finish()), "[t:=1]");
    fails(frame.finish(), Kind::Misplaced, None, None);
}

#[test]
fn limits_hold() {
    let mut many = push();
    (0..100).for_each(|n| _ = many.number("v", n));
    assert_eq!(body(many.finish()).matches(":=").count(), 100);
    let mut more = push();
    (0..101).for_each(|n| _ = more.number("v", n));
    fails(more.finish(), Kind::TooManyVariables, Some(100), None);
    let mut pairs = push();
    pairs.number("v", 1);
    (0..33).for_each(|n| _ = pairs.metadata(&format!("k{n}"), "v"));
    fails(pairs.finish(), Kind::TooManyPairs, Some(0), Some(Field::Metadata));
    let mut names = Pull::to(String::new(), AUTH, "s");
    (0..101).for_each(|_| _ = names.name("v"));
    fails(names.finish(), Kind::TooManyVariables, None, Some(Field::Names));
    fails(Pull::to(String::new(), AUTH, "s").finish(), Kind::Empty, None, Some(Field::Names));
    let head = "PUSH|4deedd7bab8817ec|s|[s=]".len();
    let longest = "x".repeat(16_384 - head);
    assert_eq!(push().string("s", &longest).finish().unwrap().len(), 16_384);
    assert_eq!(push().string("s", &longest).finish_line().unwrap().len(), 16_385);
    let outcome = push().string("s", &(longest + "x")).finish();
    fails(outcome, Kind::TooLarge, None, None);
}

#[test]
fn a_buffer_that_is_too_small_is_an_error_and_nothing_else() {
    let whole =
        push().number("temperature", 32.5).unit("C").metadata("a", "b").finish_line().unwrap();
    for size in 0..whole.len() {
        let mut buffer = vec![0; size];
        let mut push = Push::to(buffer.as_mut_slice(), AUTH, "s");
        let error = push.number("temperature", 32.5).unit("C").metadata("a", "b").finish_line();
        assert_eq!(error.unwrap_err(), BuildError { kind: Kind::Buffer, point: None, field: None });
    }
    let mut exact = vec![0; whole.len()];
    let mut push = Push::to(exact.as_mut_slice(), AUTH, "s");
    let line = push.number("temperature", 32.5).metadata("a", "b").unit("C").finish_line();
    assert_eq!(line.unwrap(), whole.as_bytes());
}

#[test]
fn a_vector_is_appended_to_and_left_alone_on_errors() {
    let mut vec = b"before ".to_vec();
    assert_eq!(Ping::to(&mut vec, AUTH, "s").finish().unwrap(), b"PING|4deedd7bab8817ec|s");
    assert_eq!(vec, b"before PING|4deedd7bab8817ec|s");
    Ping::to(&mut vec, AUTH, "a b").finish().unwrap_err();
    drop(Push::to(&mut vec, AUTH, "s"));
    assert_eq!(vec, b"before PING|4deedd7bab8817ec|s");
}

#[test]
fn passthrough_takes_bytes_or_text() {
    let raw = |encoding, data: &[u8]| body(push().raw(encoding, data).finish());
    assert_eq!(raw(Encoding::Hex, &[0xde, 0xad, 0x01]), ">xDEAD01");
    assert_eq!(raw(Encoding::Base64, b"any carnal pleas"), ">bYW55IGNhcm5hbCBwbGVhcw==");
    assert_eq!(raw(Encoding::Base64, b"abc"), ">bYWJj");
    let text = |encoding, data: &str| push().raw_text(encoding, data).finish();
    assert_eq!(body(text(Encoding::Hex, "aBcD")), ">xaBcD");
    assert_eq!(body(text(Encoding::Base64, "=a=")), ">b=a=");
    for data in ["", "abc", "zz"] {
        fails(text(Encoding::Hex, data), Kind::Hex, None, Some(Field::Raw));
    }
    fails(text(Encoding::Base64, "a-b"), Kind::Base64, None, Some(Field::Raw));
    fails(push().raw(Encoding::Hex, &[]).finish(), Kind::Hex, None, Some(Field::Raw));
    let outcome = push().raw(Encoding::Hex, &[1]).number("t", 1).finish();
    fails(outcome, Kind::Misplaced, Some(0), None);
    let outcome = push().time(5).raw(Encoding::Hex, &[1]).finish();
    fails(outcome, Kind::Misplaced, None, Some(Field::Raw));
}

#[test]
fn base64_is_decoded_strictly() {
    for (data, bytes) in [
        ("3q2+7w==", Some(&[0xde, 0xad, 0xbe, 0xef][..])),
        ("3q2+7w", Some(&[0xde, 0xad, 0xbe, 0xef])),
        ("YWJj", Some(b"abc")),
        ("YWI=", Some(b"ab")),
        ("YWI", Some(b"ab")),
        ("3q2+7w=", None),
        ("3q2+7x==", None),
        ("YWJ=", None),
        ("=YWI", None),
        ("YW=I", None),
        ("Y", None),
        ("YWJjY", None),
        ("====", None),
        ("=", None),
    ] {
        let frame = format!("PUSH|4deedd7bab8817ec|s|>b{data}");
        let raw = Frame::parse(frame.as_bytes()).unwrap().raw().unwrap();
        assert_eq!(raw.decode().ok().as_deref(), bytes, "{data}");
    }
    let frame = Frame::parse(b"PUSH|4deedd7bab8817ec|s|>xDEad").unwrap();
    assert_eq!(frame.raw().unwrap().decode().unwrap(), [0xde, 0xad]);
    assert_eq!(frame.raw().unwrap().decode_into(&mut [0; 1]), Err(Kind::Buffer));
}

#[test]
fn replies_of_every_kind_are_written() {
    let reply = || Reply::to(String::new());
    assert_eq!(reply().ok().finish().unwrap(), "ACK|OK");
    assert_eq!(reply().seq(1).status(Status::Cmd).finish().unwrap(), "ACK|!1|CMD");
    assert_eq!(reply().text(Status::Ok, "007").finish().unwrap(), "ACK|OK|007");
    assert_eq!(reply().command("a\\|b").finish().unwrap(), "ACK|CMD|a\\|b");
    assert_eq!(
        Reply::inner(String::new()).error(Code::RateLimited).finish().unwrap(),
        "ERR|rate_limited"
    );
    let list = reply().seq(2).variables().number("t", 1).time(5).finish().unwrap();
    assert_eq!(list, "ACK|!2|OK|[t:=1@5]");
    fails(reply().command("a|b").finish(), Kind::Detail, None, Some(Field::Detail));
    fails(reply().command("").finish(), Kind::Detail, None, Some(Field::Detail));
    fails(reply().text(Status::Ok, "[a:=1").finish(), Kind::Suffix, None, Some(Field::Detail));
    let overflow = reply().text(Status::Ok, "18446744073709551616").finish();
    fails(overflow, Kind::Count, None, Some(Field::Detail));
    fails(reply().finish(), Kind::Missing, None, Some(Field::Status));
    fails(reply().ok().pong().finish(), Kind::Repeated, None, Some(Field::Status));
    fails(
        reply().variables().time(5).number("t", 1).finish(),
        Kind::Misplaced,
        None,
        Some(Field::Time),
    );
    fails(reply().variables().finish(), Kind::Empty, None, None);
}
