//! What must hold when a stream is split: the events are those of a naive splitter that sees all
//! input at once, however the input is cut and wherever what is unfinished is kept.

use tipwire::Kind;
use tipwire::stream::{
    Any, Buffer, Delimiter, Json, LengthField, LengthPrefixed, Lines, Order, Packets, Rule,
    Settings, Splitter, TagoTip,
};

/// The events of a stream, and how many bytes of it are pending.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub events: Vec<Result<Vec<u8>, Kind>>,
    pub pending: usize,
}

pub fn split_lines(data: &[u8]) {
    let (settings, input) = Choices::of(data);
    let max = settings.number(20);
    check(Lines::new().max(max), input, settings.cuts(), naive::lines(input, max));
    let by_name = Settings { max: Some(max), ..Settings::default() };
    check_any("lines", &by_name, input, naive::lines(input, max));
}

pub fn split_delimiter(data: &[u8]) {
    const CHOICES: &[&[&[u8]]] = &[
        &[b"\0"],
        &[b"\r\n", b"\n"],
        &[b";;", b"|"],
        &[b"--"],
        &[b"aab", b"a"],
        &[b"aaab", b"ab", b"b"],
        &[b"b", b"ab", b"aab", b"aaab"],
        &[b"abab", b"ba"],
        &[b"ab", b"ab", b"a"],
        &[b"abcabcabd"],
        &[b"\0", b"\r\n", b"\n", b";", b"ab"],
    ];
    let (settings, input) = Choices::of(data);
    let max = settings.number(12);
    let strip = settings.number(2) == 1;
    let chosen = CHOICES[settings.number(CHOICES.len())];
    // Or what the data brings.
    let own: Vec<&[u8]> =
        input.chunks(1 + settings.number(3)).take(1 + settings.number(3)).collect();
    let delimiters = if own.is_empty() || settings.number(3) > 0 { chosen } else { &own };
    let rule = Delimiter::new(delimiters).max(max).strip(strip);
    let expected = || naive::delimiter(input, max, strip, delimiters);
    check(rule, input, settings.cuts(), expected());
    let by_name = Settings {
        max: Some(max),
        strip: Some(usize::from(strip)),
        delimiters: Some(delimiters),
        ..Settings::default()
    };
    check_any("delimiter", &by_name, input, expected());
}

pub fn split_length_field(data: &[u8]) {
    let (settings, input) = Choices::of(data);
    let fields = naive::LengthField {
        is_little: settings.number(2) == 1,
        max: settings.number(40),
        offset: settings.number(4),
        length: [1, 2, 3, 4, 8, 5][settings.number(6)],
        adjustment: match settings.number(9) {
            7 => i64::MIN,
            8 => i64::MAX,
            few => few as i64 - 3,
        },
        strip: settings.number(8),
    };
    let rule = LengthField::new()
        .order(if fields.is_little { Order::Little } else { Order::Big })
        .max(fields.max)
        .offset(fields.offset)
        .length(fields.length)
        .adjustment(fields.adjustment)
        .strip(fields.strip);
    let by_name = Settings {
        max: Some(fields.max),
        strip: Some(fields.strip),
        order: Some(if fields.is_little { Order::Little } else { Order::Big }),
        offset: Some(fields.offset),
        length: Some(fields.length),
        adjustment: Some(fields.adjustment),
        delimiters: None,
    };
    if !fields.can_work() {
        assert_eq!(Splitter::owned(rule).err(), Some(Kind::InvalidSettings));
        assert_eq!(Any::new("length_field", &by_name).err(), Some(Kind::InvalidSettings));
        return;
    }
    check(rule, input, settings.cuts(), fields.split(input));
    check_any("length_field", &by_name, input, fields.split(input));
}

pub fn split_length_prefixed(data: &[u8]) {
    let (settings, input) = Choices::of(data);
    let max = settings.number(30);
    let expected = || naive::length_prefixed(input, max);
    check(LengthPrefixed::new().max(max), input, settings.cuts(), expected());
    let by_name = Settings { max: Some(max), ..Settings::default() };
    check_any("length_prefixed", &by_name, input, expected());
}

pub fn split_json(data: &[u8]) {
    let (settings, input) = Choices::of(data);
    let max = settings.number(30);
    check(Json::new().max(max), input, settings.cuts(), naive::json(input, max));
    let by_name = Settings { max: Some(max), ..Settings::default() };
    check_any("json", &by_name, input, naive::json(input, max));
}

pub fn split_packets(data: &[u8]) {
    let (settings, input) = Choices::of(data);
    let max = settings.number(20);
    check(Packets::new().max(max), input, settings.cuts(), naive::packets(input, max));
    let by_name = Settings { max: Some(max), ..Settings::default() };
    check_any("packets", &by_name, input, naive::packets(input, max));
}

pub fn split_tagotip(data: &[u8]) {
    let (settings, input) = Choices::of(data);
    let room = 2 + settings.number(40);
    let expected = |text, envelope| match input.first() {
        Some(0..=0x40) => naive::length_prefixed(input, envelope),
        _ => naive::lines(input, text),
    };
    check(TagoTip::within(room), input, settings.cuts(), expected(room - 2, room - 2));
    check(TagoTip::new(), input, settings.cuts(), expected(16_384, 16_421));
    check_any("tagotip", &Settings::default(), input, expected(16_384, 16_421));
}

/// The splitter chosen by name does the same.
fn check_any(name: &str, settings: &Settings<'_>, input: &[u8], expected: Outcome) {
    let any = Any::new(name, settings).expect("settings that can work");
    let found = feed(Splitter::owned(any).expect("a vector gets long enough"), [input]);
    assert_eq!(found, expected, "{name}");
}

/// Cuts the input in many ways, and keeps what is unfinished in many places.
fn check<R: Rule + Clone>(rule: R, input: &[u8], cuts: usize, expected: Outcome) {
    let owned = || Splitter::owned(rule.clone()).expect("settings that can work");
    assert_eq!(feed(owned(), [input]), expected, "whole");
    assert_eq!(feed(owned(), input.chunks(1)), expected, "byte by byte");
    let parts = [cuts % 7 + 2, cuts % 61 + 9];
    for part in parts {
        assert_eq!(feed(owned(), input.chunks(part)), expected, "{part} bytes at a time");
    }
    // At every position where there are few; at some where there are many.
    for at in
        (0..input.len()).step_by(input.len() / 32 + 1).map(|at| at + cuts % (input.len() / 32 + 1))
    {
        let (first, second) = input.split_at(at.min(input.len()));
        assert_eq!(feed(owned(), [first, &[], second]), expected, "cut at {at}");
    }
    // In a buffer as small as it can be, and read straight into that.
    let mut buffer = vec![0xee; rule.capacity()];
    let small = Splitter::new(rule.clone(), buffer.as_mut_slice()).expect("long enough");
    assert_eq!(feed(small, input.chunks(parts[0])), expected, "in a small buffer");
    for part in [1, parts[0], usize::MAX] {
        let small = Splitter::new(rule.clone(), buffer.as_mut_slice()).expect("long enough");
        assert_eq!(read_into(small, input, part), expected, "read into the buffer by {part}");
        assert_eq!(read_into(owned(), input, part), expected, "read into a vector by {part}");
    }
    if let Some(less) = rule.capacity().checked_sub(1) {
        let too_small = Splitter::new(rule, &mut buffer[..less]);
        assert_eq!(too_small.err(), Some(Kind::Buffer));
    }
}

fn feed<'i, R: Rule, B: Buffer>(
    mut splitter: Splitter<R, B>,
    chunks: impl IntoIterator<Item = &'i [u8]>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for mut input in chunks {
        while let Some(event) = splitter.next(&mut input) {
            outcome.events.push(event.map(<[u8]>::to_vec));
        }
        assert!(input.is_empty());
    }
    outcome.pending = splitter.pending();
    outcome
}

/// Reads at most so many bytes at a time into the buffer of the splitter.
fn read_into<R: Rule, B: Buffer>(
    mut splitter: Splitter<R, B>,
    mut input: &[u8],
    most: usize,
) -> Outcome {
    let mut outcome = Outcome::default();
    while !input.is_empty() {
        let spare = splitter.spare();
        let count = spare.len().min(input.len()).min(most);
        assert!(count > 0, "there is always room");
        spare[..count].copy_from_slice(&input[..count]);
        input = &input[count..];
        splitter.filled(count);
        while let Some(event) = splitter.next(&mut &[][..]) {
            outcome.events.push(event.map(<[u8]>::to_vec));
        }
    }
    outcome.pending = splitter.pending();
    outcome
}

/// Settings from the first bytes of the data.
struct Choices(std::cell::Cell<u64>);

impl Choices {
    const BYTES: usize = 6;

    fn of(data: &[u8]) -> (Choices, &[u8]) {
        let (head, input) = data.split_at(data.len().min(Choices::BYTES));
        let number = head.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        (Choices(number.into()), input)
    }

    /// The next choice, less than `end`.
    fn number(&self, end: usize) -> usize {
        let number = self.0.get();
        self.0.set(number / end as u64);
        (number % end as u64) as usize
    }

    fn cuts(&self) -> usize {
        self.0.get() as usize % 1000
    }
}

/// Splitters that see all input at once, and go by the words of `docs/spec/streams.md`.
pub mod naive {
    use super::Outcome;
    use tipwire::Kind;

    impl Outcome {
        fn message(&mut self, message: &[u8]) {
            self.events.push(Ok(message.to_vec()));
        }

        fn error(&mut self, kind: Kind) {
            self.events.push(Err(kind));
        }
    }

    pub fn lines(input: &[u8], max: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
        let rest = lines.pop().unwrap_or_default();
        for line in lines {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > max {
                outcome.error(Kind::TooLong);
            } else {
                outcome.message(line);
            }
        }
        // The first byte that is too much may still be a CR before an LF.
        if rest.len() > max + 1 || rest.len() == max + 1 && rest[max] != b'\r' {
            outcome.error(Kind::TooLong);
        } else {
            outcome.pending = rest.len();
        }
        outcome
    }

    pub fn delimiter(input: &[u8], max: usize, strip: bool, delimiters: &[&[u8]]) -> Outcome {
        let mut outcome = Outcome::default();
        let longest = delimiters.iter().map(|delimiter| delimiter.len()).max().unwrap_or(0);
        let (mut rest, mut dropping) = (input, false);
        loop {
            // The first place, and there the first delimiter, that is one or may become one.
            let best = (0..rest.len()).find_map(|start| {
                let here = &rest[start..];
                let is_or_may_be = |d: &&&[u8]| here.starts_with(d) || d.starts_with(here);
                delimiters.iter().find(is_or_may_be).map(|delimiter| (start, *delimiter))
            });
            match best {
                Some((start, delimiter)) if rest[start..].starts_with(delimiter) => {
                    let end = start + delimiter.len();
                    if dropping {
                        dropping = false;
                    } else if start > max {
                        outcome.error(Kind::TooLong);
                    } else {
                        outcome.message(&rest[..if strip { start } else { end }]);
                    }
                    rest = &rest[end..];
                }
                _ => {
                    let many = rest.get(..max + longest + 1);
                    let has_none = |bytes: &[u8]| {
                        !delimiters.iter().any(|d| bytes.windows(d.len()).any(|part| part == *d))
                    };
                    if !dropping && many.is_some_and(has_none) {
                        outcome.error(Kind::TooLong);
                        dropping = true;
                    }
                    outcome.pending = if dropping { 0 } else { rest.len() };
                    return outcome;
                }
            }
        }
    }

    pub struct LengthField {
        pub is_little: bool,
        pub max: usize,
        pub offset: usize,
        pub length: usize,
        pub adjustment: i64,
        pub strip: usize,
    }

    impl LengthField {
        pub fn can_work(&self) -> bool {
            let end = self.offset + self.length;
            self.length != 5
                && end <= self.max
                && self.strip as i128 <= end as i128 + i128::from(self.adjustment).max(0)
        }

        pub fn split(&self, input: &[u8]) -> Outcome {
            let mut outcome = Outcome::default();
            let mut rest = input;
            let end = self.offset + self.length;
            while rest.len() >= end {
                let mut field = rest[self.offset..end].to_vec();
                if self.is_little {
                    field.reverse();
                }
                let field = field.iter().fold(0i128, |sum, byte| sum * 256 + i128::from(*byte));
                let frame = field + i128::from(self.adjustment) + end as i128;
                if frame < end as i128 || field > i128::from(i64::MAX) {
                    outcome.error(Kind::Corrupt);
                    rest = &rest[end..];
                } else if frame > self.max as i128 {
                    outcome.error(Kind::TooLong);
                    rest = &rest[frame.min(rest.len() as i128) as usize..];
                } else if (rest.len() as i128) < frame {
                    break;
                } else {
                    outcome.message(&rest[self.strip..frame as usize]);
                    rest = &rest[frame as usize..];
                }
            }
            outcome.pending = rest.len();
            outcome
        }
    }

    pub fn length_prefixed(input: &[u8], max: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let mut rest = input;
        while let [high, low, after @ ..] = rest {
            let length = usize::from(*high) * 256 + usize::from(*low);
            if length > max {
                outcome.error(Kind::TooLong);
            } else if after.len() < length {
                break;
            } else {
                outcome.message(&after[..length]);
            }
            rest = &after[length.min(after.len())..];
        }
        outcome.pending = rest.len();
        outcome
    }

    pub fn json(input: &[u8], max: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let mut rest = input;
        let is_begin = |byte: &u8| matches!(byte, b'{' | b'[');
        loop {
            let is_space = |byte: &u8| matches!(byte, 9..=13 | 28..=31 | 32);
            rest = &rest[rest.iter().take_while(|byte| is_space(byte)).count()..];
            if rest.first().is_some_and(|byte| !is_begin(byte)) {
                outcome.error(Kind::Corrupt);
                rest = &rest[rest.iter().take_while(|byte| !is_begin(byte)).count()..];
            }
            if rest.is_empty() {
                return outcome;
            }
            match json_value(rest) {
                Some(length) if length <= max => outcome.message(&rest[..length]),
                None if rest.len() <= max => {
                    outcome.pending = rest.len();
                    return outcome;
                }
                _ => outcome.error(Kind::TooLong),
            }
            rest = &rest[json_value(rest).unwrap_or(rest.len())..];
        }
    }

    /// The length of the value that `text` begins with.
    fn json_value(text: &[u8]) -> Option<usize> {
        let (mut depth, mut opened) = (0, None);
        for (at, byte) in text.iter().enumerate() {
            match (byte, opened) {
                (b'"', None) => opened = Some(at),
                (b'"', Some(quote)) => {
                    let inside = &text[quote + 1..at];
                    let slashes = inside.iter().rev().take_while(|byte| **byte == b'\\').count();
                    if slashes % 2 == 0 {
                        opened = None;
                    }
                }
                (b'{' | b'[', None) => depth += 1,
                (b'}' | b']', None) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at + 1);
            }
        }
        None
    }

    pub fn packets(input: &[u8], max: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let mut rest = input;
        loop {
            if rest.len() >= 2 && !rest.starts_with(b"TP") || rest.len() == 1 && rest != b"T" {
                outcome.error(Kind::Corrupt);
                let next = rest.windows(2).position(|pair| pair == b"TP");
                let last = rest.strip_suffix(b"T").map_or(rest.len(), <[u8]>::len);
                rest = &rest[next.unwrap_or(last)..];
            }
            let Some((header, after)) = rest.split_at_checked(8) else {
                outcome.pending = rest.len();
                return outcome;
            };
            let length = header[4..].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
            if length > max {
                outcome.error(Kind::TooLong);
            } else if after.len() < length {
                outcome.pending = rest.len();
                return outcome;
            } else {
                outcome.message(&rest[..8 + length]);
            }
            rest = &after[length.min(after.len())..];
        }
    }
}
