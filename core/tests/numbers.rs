//! Conversions between text and floating point, beside those of the standard library.

mod support;

use support::{Random, generate, rounds};
use tipwire::{Fixed, Frame, Number, Push, Short, ToNumber};

fn parse(text: &str) -> f64 {
    Number::new(text).expect("a number").to_f64()
}

fn written(value: impl ToNumber) -> Option<String> {
    let frame =
        Push::to(String::new(), "4deedd7bab8817ec", "s").number("t", value).finish().ok()?;
    Some(frame.trim_start_matches("PUSH|4deedd7bab8817ec|s|[t:=").trim_end_matches(']').into())
}

#[track_caller]
fn agrees(text: &str) {
    let expected: f64 = text.parse().expect("a number");
    let at_once = Number::new(text).expect("a number").to_f64_at_once();
    assert!(at_once.is_none_or(|value| value.to_bits() == expected.to_bits()), "{text}");
    assert!(at_once.is_some() || text.len() > 16, "{text}");
    assert_eq!(parse(text).to_bits(), expected.to_bits(), "{text}");
}

#[test]
fn texts_become_the_nearest_double() {
    for text in [
        "0",
        "-0",
        "0.0",
        "1",
        "-1",
        "0.1",
        "0.3",
        "123456789012345678901234567890.5",
        "9007199254740993",
        "9007199254740992.99999999999999999999",
        "9007199254740993.0000001",
        "179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508455133942304583236903222948165808559332123347747",
    ] {
        agrees(text);
    }
    let largest = format!("{}", f64::MAX);
    agrees(&largest);
    assert_eq!(parse(&format!("{largest}0")), f64::INFINITY);
    assert_eq!(parse(&format!("-{largest}0")), f64::NEG_INFINITY);
    assert_eq!(parse(&("1".to_owned() + &"0".repeat(400))), f64::INFINITY);
    assert_eq!(parse(&("0.".to_owned() + &"0".repeat(400) + "1")), 0.0);
    for value in [f64::MIN_POSITIVE, 5e-324, f64::MAX] {
        agrees(&format!("{value}"));
    }
}

#[test]
fn random_texts_become_the_nearest_double() {
    let mut random = Random::new(7);
    for _ in 0..rounds(200_000) {
        agrees(&generate::number(&mut random));
    }
}

#[test]
fn texts_around_midpoints_are_rounded_exactly() {
    let mut random = Random::new(8);
    for _ in 0..rounds(20_000) {
        // The exact midpoint of two doubles, and its neighbours at the last digit.
        let exponent = random.below(140) as i32 - 70;
        let mantissa = (random.next() >> 11) | 1 << 52;
        let value = mantissa as f64 * 2f64.powi(exponent - 52);
        let above = f64::from_bits(value.to_bits() + 1);
        let midpoint = exact_middle(value, above);
        agrees(&midpoint);
        agrees(&format!("{midpoint}0000000000000000000000000000001"));
        let mut below = midpoint.into_bytes();
        while below.last() == Some(&b'0') {
            below.pop();
        }
        if let Some(last @ b'1'..=b'9') = below.last_mut() {
            *last -= 1;
            below.extend(b"9999999999999999999999999999999");
            agrees(std::str::from_utf8(&below).expect("digits"));
        }
    }
}

/// The decimal text halfway between two neighbours, all digits.
fn exact_middle(low: f64, high: f64) -> String {
    // Enough digits for every double of the range that is tested.
    let (low, high) = (format!("{low:.130}"), format!("{high:.130}"));
    let add = |a: &str, b: &str| {
        let digits = |text: &str| {
            text.bytes().rev().filter(|b| *b != b'.').map(|b| b - b'0').collect::<Vec<_>>()
        };
        let (a, b) = (digits(a), digits(b));
        let mut sum = vec![];
        let mut carry = 0;
        for n in 0..a.len().max(b.len()) + 1 {
            let digit = a.get(n).unwrap_or(&0) + b.get(n).unwrap_or(&0) + carry;
            sum.push(digit % 10);
            carry = digit / 10;
        }
        sum
    };
    let mut half = vec![];
    let mut rest = 0;
    for digit in add(&low, &high).into_iter().rev() {
        let value = rest * 10 + digit;
        half.push(b'0' + value / 2);
        rest = value % 2;
    }
    half.push(b'0' + rest * 5);
    half.insert(half.len() - 131, b'.');
    let text = String::from_utf8(half).expect("digits");
    let text = text.trim_start_matches('0');
    if text.starts_with('.') { format!("0{text}") } else { text.to_owned() }
}

#[test]
fn doubles_are_written_as_the_shortest_text_that_reads_back() {
    let mut random = Random::new(9);
    let mut written_at_all = 0;
    for n in 0..rounds(300_000) {
        let value = match n % 4 {
            0 => f64::from_bits(random.next()),
            1 => (random.next() % 1_000_000) as f64 / 1000.0,
            2 => f64::from_bits((0x3ff0_0000_0000_0000 + (random.next() << 1 >> 9)) & !(1 << 63)),
            _ => 2f64.powi(random.below(420) as i32 - 210),
        };
        let Some(text) = written(value) else { continue };
        written_at_all += 1;
        same_but_for_ties(&text, &format!("{value}"));
        assert_eq!(parse(&text).to_bits(), value.to_bits());
    }
    assert!(written_at_all > rounds(300_000) / 2);
}

#[test]
fn short_doubles_are_written_as_all_are_and_others_are_refused() {
    let mut random = Random::new(12);
    for n in 0..rounds(300_000) {
        let places = random.below(10) as i32;
        let value = match n % 4 {
            0 => (random.next() % 1_000_000_000_000_000) as f64 / 10f64.powi(places),
            1 => (random.next() >> random.below(64)) as f64 / 2f64.powi(places),
            2 => f64::from_bits(random.next()),
            _ => -((random.next() % 100_000) as f64 / 10f64.powi(places)),
        };
        let text = written(value).filter(|text| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let count = whole.len() + fraction.len() - usize::from(text.starts_with('-'));
            if fraction.is_empty() {
                value.abs() <= 9_007_199_254_740_992.0
            } else {
                count - usize::from(whole.ends_with("0") && count == 1 + fraction.len()) <= 15
                    && fraction.len() <= 7
            }
        });
        if text.is_some() {
            assert_eq!(written(Short(value)), text, "{value:?}");
        } else if let Some(short) = written(Short(value)) {
            assert_eq!(Some(short), written(value), "{value:?}");
        }
    }
    for value in [0.0, -0.0, 9_007_199_254_740_992.0, -1.5] {
        assert_eq!(written(Short(value)), written(value));
    }
    for value in [f64::NAN, f64::INFINITY, 9_007_199_254_740_994.0, 1e-8, 0.1 + 0.2, 5e-324] {
        assert_eq!(written(Short(value)), None);
    }
}

#[test]
fn floats_are_written_as_the_shortest_text_that_reads_back() {
    let mut random = Random::new(10);
    for _ in 0..rounds(200_000) {
        let value = f32::from_bits(random.next() as u32);
        let Some(text) = written(value) else { continue };
        same_but_for_ties(&text, &format!("{value}"));
        assert_eq!(text.parse::<f32>().unwrap().to_bits(), value.to_bits());
    }
}

/// Where two texts are as short and as near, the even one is written; the standard library takes
/// the greater one.
#[track_caller]
fn same_but_for_ties(ours: &str, theirs: &str) {
    if ours != theirs {
        let (ours, last) = ours.split_at(ours.len() - 1);
        assert!(theirs.starts_with(ours) && "02468".contains(last), "{ours}{last} {theirs}");
        assert_eq!(theirs.len(), ours.len() + 1);
    }
}

#[test]
fn fixed_decimals_are_those_of_the_standard_library() {
    let mut random = Random::new(11);
    for n in 0..rounds(200_000) {
        let decimals = random.below(18) as u8;
        let value = match n % 4 {
            // All that have 64 digits with these decimals, and more.
            3 => random.next() as f64 * 2f64.powi(random.below(170) as i32),
            0 => random.next() as f64 / 2f64.powi(random.below(80) as i32),
            1 => (random.next() % 100_000) as f64 / 1024.0,
            _ => (random.next() % 2000) as f64 / 2f64.powi(random.below(12) as i32) - 300.0,
        };
        let expected = format!("{value:.*}", decimals.into());
        let digits = expected.bytes().filter(u8::is_ascii_digit).count();
        let expected = (digits <= 64).then_some(expected);
        assert_eq!(written(Fixed(value, decimals)), expected, "{value} {decimals}");
    }
}

#[test]
fn integers_are_written_in_full() {
    let mut random = Random::new(12);
    for _ in 0..rounds(100_000) {
        let value = random.next() >> random.below(64);
        assert_eq!(written(value).unwrap(), value.to_string());
        assert_eq!(written(value.cast_signed()).unwrap(), value.cast_signed().to_string());
        let line = format!("PUSH|4deedd7bab8817ec|s|[t:=1@{value}]");
        let frame = Frame::parse(line.as_bytes()).unwrap();
        assert_eq!(frame.variables().next().unwrap().time, Some(value));
    }
}

#[test]
fn views_of_a_number_are_exact_or_none() {
    let number = |text| Number::new(text).expect("a number");
    assert_eq!(number("42").to_i64(), Some(42));
    assert_eq!(number("-0").to_i64(), Some(0));
    assert_eq!(number("42.0").to_i64(), None);
    assert_eq!(number("-9223372036854775808").to_i64(), Some(i64::MIN));
    assert_eq!(number("9223372036854775808").to_i64(), None);
    let decimal = number("-32.500").to_decimal().unwrap();
    assert_eq!((decimal.unscaled, decimal.scale), (-32_500, 3));
    assert_eq!(number("12345678901234567890.1").to_decimal(), None);
    for text in ["", "-", "+1", "01", "1.", ".1", "1e1", "1 ", " 1", "0x1", "--1", "1.2.3"] {
        assert_eq!(Number::new(text), None, "{text}");
    }
}
