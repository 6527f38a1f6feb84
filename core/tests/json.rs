//! Data points out of frames and back, and what is refused on the way.

mod support;

use support::{Random, generate, rounds};
use tipwire::{Field, Frame, Kind, PointList, Push};

const AUTH: &str = "4deedd7bab8817ec";

fn body(json: &str) -> Result<String, (Kind, Option<u32>, Option<Field>)> {
    let frame = Push::to(String::new(), AUTH, "s").points_json(json).finish();
    let frame = frame.map_err(|error| (error.kind, error.point, error.field))?;
    Frame::parse(frame.as_bytes()).expect("what is written can be read");
    Ok(frame.trim_start_matches("PUSH|4deedd7bab8817ec|s|").to_owned())
}

fn point(members: &str) -> Result<String, (Kind, Option<u32>, Option<Field>)> {
    body(&format!("[{{\"variable\":\"t\",{members}}}]"))
}

#[test]
fn every_member_finds_its_place() {
    let json = r#" [ {"metadata":{"a":"x,y","n":1.50,"t":true}, "time":"1694567890000",
        "location":{"alt":3e0,"lng":-104.99,"lat":39.740}, "group":"g_1", "unit":"\u00b0C",
        "value":32.50, "variable":"t\u0065mp", "extra":[{"deep":[null,{}]}], "serie":"x"} ] "#;
    let expected = "[temp:=32.50#°C@=39.740,-104.99,3@1694567890000^g_1{a=x\\,y,n=1.50,t=true}]";
    assert_eq!(body(json).unwrap(), expected);
    assert_eq!(body(r#"{"variable":"one","value":true}"#).unwrap(), "[one?=true]");
}

#[test]
fn strings_may_hold_anything_that_a_text_may() {
    assert_eq!(point(r#""value":"a|b\n\"c\" \ud83d\ude00 \\""#).unwrap(), r#"[t=a\|b\n"c" 😀 \\]"#);
    for value in
        [r#""""#, r#""\r""#, r#""\u0000""#, r#""\ud800""#, r#""\udc00x""#, r#""\ud800\u0041""#]
    {
        assert_eq!(
            point(&format!("\"value\":{value}")),
            Err((Kind::Text, Some(0), Some(Field::Value)))
        );
    }
}

#[test]
fn numbers_keep_their_digits_and_lose_their_exponents() {
    for (json, text) in [
        ("32.50", "32.50"),
        ("-0.0", "-0.0"),
        ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        ("1e5", "100000"),
        ("1.5E-3", "0.0015"),
        ("-2.50e+1", "-25.0"),
        ("1.0e1", "10"),
        ("0e400", "0"),
        ("0.00e1", "0.0"),
        ("100e-2", "1.00"),
        ("1e63", &("1".to_owned() + &"0".repeat(63))),
        ("1e-63", &("0.".to_owned() + &"0".repeat(62) + "1")),
    ] {
        assert_eq!(point(&format!("\"value\":{json}")).unwrap(), format!("[t:={text}]"), "{json}");
    }
    for json in ["1e64", "1e-64", "1e999999999999", "1e-999999999999", "-1e2147483648"] {
        assert_eq!(
            point(&format!("\"value\":{json}")),
            Err((Kind::Digits, Some(0), Some(Field::Value))),
            "{json}"
        );
    }
}

#[test]
fn a_string_that_repeats_its_location_is_a_location() {
    let both = r#""value":"39.74,-104.99,305","location":{"lat":39.74,"lng":-104.99,"alt":305}"#;
    assert_eq!(point(both).unwrap(), "[t@=39.74,-104.99,305]");
    let with_more = format!("{both},\"time\":5,\"group\":\"g\"");
    assert_eq!(point(&with_more).unwrap(), "[t@=39.74,-104.99,305@5^g]");
    let other = r#""value":"39.74,-104.99","location":{"lat":39.74,"lng":-104.99,"alt":305}"#;
    assert_eq!(point(other).unwrap(), "[t=39.74,-104.99@=39.74,-104.99,305]");
    let exponent = r#""value":"100,2","location":{"lat":1e2,"lng":2}"#;
    assert_eq!(point(exponent).unwrap(), "[t@=100,2]");
    let longer = r#""value":"1,2 ","location":{"lat":1,"lng":2}"#;
    assert_eq!(point(longer).unwrap(), "[t=1,2 @=1,2]");
    let unit = format!("{both},\"unit\":\"m\"");
    assert_eq!(point(&unit), Err((Kind::Misplaced, Some(0), Some(Field::Unit))));
}

#[test]
fn times_are_numbers_digits_or_rfc_3339() {
    for (json, time) in [
        ("0", "0"),
        ("-0", "0"),
        ("1694567890000", "1694567890000"),
        ("1.69456789e12", "1694567890000"),
        ("5.000", "5"),
        ("18446744073709551615", "18446744073709551615"),
        ("\"007\"", "7"),
        ("\"2023-09-13T01:18:10.5Z\"", "1694567890500"),
        ("\"2023-09-13T03:18:10+02:00\"", "1694567890000"),
    ] {
        assert_eq!(
            point(&format!("\"value\":1,\"time\":{json}")).unwrap(),
            format!("[t:=1@{time}]")
        );
    }
    for (json, kind) in [
        ("-1", Kind::Time),
        ("1.5", Kind::Time),
        ("1e-1", Kind::Time),
        ("18446744073709551616", Kind::Time),
        ("1e99", Kind::Time),
        ("\"18446744073709551616\"", Kind::TimeRange),
        ("\"\"", Kind::Time),
        ("\"yesterday\"", Kind::Time),
        ("\"1969-12-31T23:59:59Z\"", Kind::Time),
        ("null", Kind::Type),
        ("true", Kind::Type),
        ("[1]", Kind::Type),
    ] {
        let outcome = point(&format!("\"value\":1,\"time\":{json}"));
        assert_eq!(outcome, Err((kind, Some(0), Some(Field::Time))), "{json}");
    }
}

#[test]
fn errors_name_the_point_and_the_field() {
    let good = r#"{"variable":"a","value":1}"#;
    for (bad, kind, field) in [
        ("1", Kind::Type, None),
        ("{}", Kind::Missing, Some(Field::Variable)),
        (r#"{"variable":"t"}"#, Kind::Missing, Some(Field::Value)),
        (r#"{"variable":null,"value":1}"#, Kind::Type, Some(Field::Variable)),
        (r#"{"variable":"T","value":1}"#, Kind::Name, Some(Field::Variable)),
        (r#"{"variable":"","value":1}"#, Kind::Name, Some(Field::Variable)),
        (r#"{"variable":"t","value":null}"#, Kind::Type, Some(Field::Value)),
        (r#"{"variable":"t","value":{}}"#, Kind::Type, Some(Field::Value)),
        (r#"{"variable":"t","value":[]}"#, Kind::Type, Some(Field::Value)),
        (r#"{"variable":"t","value":1,"unit":null}"#, Kind::Type, Some(Field::Unit)),
        (r#"{"variable":"t","value":1,"unit":""}"#, Kind::Unit, Some(Field::Unit)),
        (r#"{"variable":"t","value":1,"unit":"a#"}"#, Kind::Unit, Some(Field::Unit)),
        (
            r#"{"variable":"t","value":1,"location":{"lat":1}}"#,
            Kind::Missing,
            Some(Field::Location),
        ),
        (
            r#"{"variable":"t","value":1,"location":{"lat":1,"lng":"2"}}"#,
            Kind::Type,
            Some(Field::Location),
        ),
        (r#"{"variable":"t","value":1,"location":"1,2"}"#, Kind::Type, Some(Field::Location)),
        (
            r#"{"variable":"t","value":1,"location":{"lat":1e99,"lng":2}}"#,
            Kind::Digits,
            Some(Field::Location),
        ),
        (r#"{"variable":"t","value":1,"group":5}"#, Kind::Type, Some(Field::Group)),
        (r#"{"variable":"t","value":1,"group":"G"}"#, Kind::Group, Some(Field::Group)),
        (r#"{"variable":"t","value":1,"metadata":[]}"#, Kind::Type, Some(Field::Metadata)),
        (r#"{"variable":"t","value":1,"metadata":{"a":null}}"#, Kind::Type, Some(Field::Metadata)),
        (
            r#"{"variable":"t","value":1,"metadata":{"a":""}}"#,
            Kind::Metadata,
            Some(Field::Metadata),
        ),
        (r#"{"variable":"t","value":1,"metadata":{"A":"x"}}"#, Kind::Key, Some(Field::Metadata)),
    ] {
        let outcome = body(&format!("[{good},{bad}]"));
        assert_eq!(outcome, Err((kind, Some(1), field)), "{bad}");
    }
    assert_eq!(point(r#""value":1,"metadata":{}"#).unwrap(), "[t:=1]");
    assert_eq!(point(r#""value":1,"value":2"#).unwrap(), "[t:=2]", "the last one counts");
    assert_eq!(body("[]"), Err((Kind::Empty, None, None)));
    let many = format!("[{}]", vec![good; 101].join(","));
    assert_eq!(body(&many), Err((Kind::TooManyVariables, Some(100), None)));
}

#[test]
fn what_is_no_json_is_refused_whole() {
    for json in [
        "",
        " ",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "{]",
        "[}",
        "[{\"a\"}]",
        "[{\"a\":}]",
        "[{\"a\":1,}]",
        "[{a:1}]",
        "[01]",
        "[1.]",
        "[.1]",
        "[1e]",
        "[+1]",
        "[nul]",
        "[truex]",
        "[\"a]",
        "[\"\\x\"]",
        "[\"\\u12g4\"]",
        "[\"\u{1}\"]",
        "[] []",
        "[1 2]",
        "[{\"a\" 1}]",
        "\u{feff}[]",
        "[NaN]",
        "[\"a\\\"]",
    ] {
        assert_eq!(body(json), Err((Kind::Json, None, None)), "{json}");
    }
    let deep = |depth: usize| {
        format!(
            "[{{\"variable\":\"t\",\"value\":1,\"x\":{}{}}}]",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(body(&deep(126)).is_ok());
    assert_eq!(body(&deep(127)), Err((Kind::Json, None, None)), "too deep");
    assert_eq!(body(&"[".repeat(1_000_000)), Err((Kind::Json, None, None)));
    for json in ["1", "\"x\"", "null", "true"] {
        assert_eq!(body(json), Err((Kind::Type, None, None)), "{json}");
    }
}

#[test]
fn data_points_of_a_frame_make_the_same_data_points() {
    let mut random = Random::new(13);
    let mut done = 0;
    while done < rounds(20_000) {
        let line = generate::uplink(&mut random);
        let Ok(frame) = Frame::parse(line.as_bytes()) else { continue };
        let mut json = String::new();
        frame.points().write_json(&mut json).expect("strings take everything");
        if frame.points().len() == 0 {
            continue;
        }
        // Defaults that every variable gets may be too much for one frame.
        let Ok(again) =
            Push::to(String::new(), frame.auth, frame.serial).points_json(&json).finish()
        else {
            continue;
        };
        let mut json_again = String::new();
        let again = Frame::parse(again.as_bytes()).expect("what is written can be read");
        again.points().write_json(&mut json_again).expect("strings take everything");
        // Metadata of nothing but the device's own keys is `{}` in JSON, and no metadata again.
        assert_eq!(json.replace(",\"metadata\":{}", ""), json_again, "{line}");
        done += 1;
    }
}

#[test]
fn a_long_list_is_split_where_a_frame_is_full() {
    let item = |n: usize| format!("{{\"variable\":\"v\",\"value\":\"{}\"}}", "x".repeat(n));
    let json = list_of(&[item(9000), item(9000), item(7000), item(5), item(16_352)].join(","));
    let mut points = PointList::new(&json).unwrap();
    let mut counts = vec![];
    while !points.is_empty() {
        let mut push = Push::to(String::new(), AUTH, "s");
        points.fill(&mut push);
        let frame = push.finish_line().unwrap();
        assert!(frame.len() <= 16_385);
        counts.push(Frame::parse(frame.as_bytes()).unwrap().variables().len());
    }
    assert_eq!(counts, [1, 3, 1]);
    let list = [item(5), item(16_360), item(5)].join(",");
    let json = list_of(&list);
    let mut points = PointList::new(&json).unwrap();
    let mut push = Push::to(String::new(), AUTH, "s");
    points.fill(&mut push);
    assert_eq!(push.finish().unwrap(), "PUSH|4deedd7bab8817ec|s|[v=xxxxx]");
    let mut push = Push::to(String::new(), AUTH, "s");
    points.fill(&mut push);
    assert_eq!(push.finish().unwrap_err().kind, Kind::TooLarge);
    let mut small = [0; 37];
    let json = list_of(&[item(1), item(1), item(1)].join(","));
    let mut points = PointList::new(&json).unwrap();
    let mut push = Push::to(&mut small, AUTH, "s");
    points.fill(&mut push);
    assert_eq!(push.finish_line().unwrap(), b"PUSH|4deedd7bab8817ec|s|[v=x;v=x]\n");
    assert!(!points.is_empty());
}

fn list_of(items: &str) -> String {
    format!("[{items}]")
}
