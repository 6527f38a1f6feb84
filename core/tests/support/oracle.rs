//! A naive reader: a machine that takes one byte after the other and knows nothing but whether a
//! valid frame can still go on. Written from the grammar alone, with no thought of speed.

use std::collections::BTreeSet;

/// The code and the offset of the first error.
pub type Verdict = Result<(), (&'static str, usize)>;

pub fn uplink(bytes: &[u8]) -> Verdict {
    judge(bytes, &["PUSH", "PULL", "PING"])
}

pub fn answer(bytes: &[u8]) -> Verdict {
    judge(bytes, &["ACK"])
}

pub fn inner(method: &'static str, bytes: &[u8]) -> Verdict {
    let start = match method {
        "ACK" => STATUSES.map(|word| Place::Status { word, length: 0 }).to_vec(),
        _ => vec![Place::Serial { method, length: 0 }],
    };
    judge_from(bytes, start)
}

fn judge(bytes: &[u8], methods: &[&'static str]) -> Verdict {
    let mut line = bytes;
    if let [rest @ .., b'\n'] = line {
        line = rest;
        if let [rest @ .., b'\r'] = line {
            line = rest;
        }
    }
    judge_from(line, methods.iter().map(|&method| Place::Method { method, length: 0 }).collect())
}

fn judge_from(line: &[u8], start: Vec<Place>) -> Verdict {
    if line.len() > 16_384 {
        return Err(("payload_too_large", 16_384));
    }
    let valid = match std::str::from_utf8(line) {
        Ok(_) => line.len(),
        Err(error) => error.valid_up_to(),
    };
    if let Some(nul) = line[..valid].iter().position(|&byte| byte == 0) {
        return Err(("invalid_payload", nul));
    }
    if valid < line.len() {
        return Err(("invalid_payload", valid));
    }
    // A count that does not fit is an error at the digit that makes it so, though the text might
    // have gone on to be no count.
    let overflow = count_overflow(line, &start);
    let mut places: BTreeSet<Place> = start.into_iter().collect();
    for (at, &byte) in line.iter().enumerate() {
        let next: BTreeSet<Place> =
            places.iter().flat_map(|place| place.after(&line[..at], byte, line)).collect();
        if next.is_empty() {
            return Err((code(&places), at));
        }
        places = next;
    }
    if !places.iter().any(|place| place.may_end()) {
        return Err((code(&places), line.len()));
    }
    match overflow {
        Some(at) => Err(("invalid_payload", at)),
        None => Ok(()),
    }
}

/// The digit at which the detail of an `OK`, if it is all digits, exceeds 64 bits.
fn count_overflow(line: &[u8], start: &[Place]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    let mut fields = text.split('|').peekable();
    if start.iter().any(|place| matches!(place, Place::Method { .. })) {
        if fields.next()? != "ACK" {
            return None;
        }
        fields.next_if(|field| field.starts_with('!'));
    }
    if fields.next()? != "OK" {
        return None;
    }
    let detail = fields.next()?;
    if fields.next().is_some() || detail.is_empty() || !detail.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fits = |end: usize| detail[..end].parse::<u64>().is_ok();
    (1..=detail.len()).find(|&end| !fits(end)).map(|end| text.len() - detail.len() + end - 1)
}

fn code(places: &BTreeSet<Place>) -> &'static str {
    let codes: BTreeSet<_> = places.iter().map(Place::code).collect();
    // Where a counter may stand or not, it is the field after it that is missing.
    codes.into_iter().next_back().expect("there is a place")
}

/// Where the next byte would stand. Numbers are how much of a thing has been read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Place {
    Method {
        method: &'static str,
        length: usize,
    },
    /// After the first `|`: a counter or what follows.
    AfterMethod {
        method: &'static str,
    },
    Seq {
        method: &'static str,
        value: u64,
        digits: usize,
    },
    Auth {
        method: &'static str,
        length: usize,
        token: bool,
    },
    Serial {
        method: &'static str,
        length: usize,
    },
    Body,
    RawKind,
    Hex {
        length: usize,
    },
    Base64 {
        length: usize,
    },
    /// Before `[`: the modifiers that may still come, in revision D's order or B's.
    Modifiers {
        order: Order,
        next: usize,
    },
    NameList {
        count: usize,
        length: usize,
    },
    Name {
        count: usize,
        length: usize,
    },
    Operator {
        count: usize,
        first: u8,
    },
    Number {
        count: usize,
        part: Part,
        then: Then,
    },
    Boolean {
        count: usize,
        truth: bool,
        length: usize,
    },
    Text {
        count: usize,
        length: usize,
        escape: bool,
    },
    /// After a value: the suffixes that may still come.
    Suffixes {
        count: usize,
        next: usize,
        place: bool,
    },
    Unit {
        count: usize,
        length: usize,
    },
    /// A time that is at so much of its digits; for the block or a variable.
    Time {
        owner: Owner,
        value: u128,
        digits: usize,
    },
    Group {
        owner: Owner,
        length: usize,
    },
    Key {
        owner: Owner,
        pairs: usize,
        length: usize,
    },
    PairText {
        owner: Owner,
        pairs: usize,
        length: usize,
        escape: bool,
    },
    /// After `}`.
    AfterMetadata {
        owner: Owner,
    },
    End,
    Status {
        word: &'static str,
        length: usize,
    },
    Detail {
        ok: bool,
        length: usize,
        escape: bool,
    },
}

/// In which order modifiers stand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Order {
    /// place, time, group, metadata
    D,
    /// group, time, metadata
    B,
}

/// What a number is a part of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Then {
    Value,
    /// The so-manieth coordinate of a value, a suffix or a modifier.
    Place {
        index: usize,
        role: Role,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Role {
    Value,
    Suffix,
    Modifier,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Part {
    Start,
    Sign,
    Zero,
    Integer,
    Point,
    Fraction,
}

/// Whose suffix it is: the block's, in an order and after so many modifiers, or a variable's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Owner {
    Block(Order),
    Variable { count: usize, place: bool },
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

fn is_plain(byte: u8) -> bool {
    byte >= 0x80 || (byte >= 0x20 && byte != 0x7f && !b"#;@[\\]^{|}".contains(&byte))
}

fn is_escape(byte: u8) -> bool {
    b"|[];,{}#@^\\n".contains(&byte)
}

impl Place {
    fn after(&self, before: &[u8], byte: u8, line: &[u8]) -> Vec<Place> {
        let at = before.len();
        match *self {
            Place::Method { method, length } => match method.as_bytes().get(length) {
                Some(&expected) if expected == byte => {
                    vec![Place::Method { method, length: length + 1 }]
                }
                None if byte == b'|' => vec![Place::AfterMethod { method }],
                _ => vec![],
            },
            Place::AfterMethod { method } => match byte {
                b'!' => vec![Place::Seq { method, value: 0, digits: 0 }],
                _ => first_field(method, byte),
            },
            Place::Seq { method, value, digits } => match byte {
                b'0'..=b'9' => {
                    let next = value * 10 + u64::from(byte - b'0');
                    let padded = digits > 0 && value == 0;
                    if padded || next > u64::from(u32::MAX) {
                        vec![]
                    } else {
                        vec![Place::Seq { method, value: next, digits: digits + 1 }]
                    }
                }
                b'|' if digits > 0 => match method {
                    "ACK" => STATUSES.map(|word| Place::Status { word, length: 0 }).to_vec(),
                    _ => vec![Place::Auth { method, length: 0, token: false }],
                },
                _ => vec![],
            },
            Place::Auth { method, length, token } => {
                let full = if token { length == 34 } else { length == 16 };
                match byte {
                    b'|' if full => vec![Place::Serial { method, length: 0 }],
                    _ if full => vec![],
                    b't' if length == 1 && line[at - 1] == b'a' && !token => {
                        vec![Place::Auth { method, length: 2, token: true }]
                    }
                    _ if byte.is_ascii_hexdigit() => {
                        vec![Place::Auth { method, length: length + 1, token }]
                    }
                    _ => vec![],
                }
            }
            Place::Serial { method, length } => match byte {
                b'|' if length > 0 && method == "PUSH" => vec![Place::Body],
                b'|' if length > 0 && method == "PULL" => {
                    vec![Place::NameList { count: 0, length: 0 }]
                }
                _ if (byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
                    && length < 100 =>
                {
                    vec![Place::Serial { method, length: length + 1 }]
                }
                _ => vec![],
            },
            Place::Body => match byte {
                b'>' => vec![Place::RawKind],
                _ => [Order::D, Order::B]
                    .into_iter()
                    .flat_map(|order| Place::Modifiers { order, next: 0 }.after(before, byte, line))
                    .collect(),
            },
            Place::RawKind => match byte {
                b'x' => vec![Place::Hex { length: 0 }],
                b'b' => vec![Place::Base64 { length: 0 }],
                _ => vec![],
            },
            Place::Hex { length } if byte.is_ascii_hexdigit() => {
                vec![Place::Hex { length: length + 1 }]
            }
            Place::Base64 { length } if byte.is_ascii_alphanumeric() || b"+/=".contains(&byte) => {
                vec![Place::Base64 { length: length + 1 }]
            }
            Place::Hex { .. } | Place::Base64 { .. } => vec![],
            Place::Modifiers { order, next } => modifiers(order, next, byte),
            Place::NameList { count, length } => match byte {
                b'[' if count == 0 => vec![Place::NameList { count: 1, length: 0 }],
                _ if count == 0 => vec![],
                b';' if length > 0 && count < 100 => {
                    vec![Place::NameList { count: count + 1, length: 0 }]
                }
                b']' if length > 0 => vec![Place::End],
                _ if is_name(byte) && length < 100 => {
                    vec![Place::NameList { count, length: length + 1 }]
                }
                _ => vec![],
            },
            Place::Name { count, length } => match byte {
                b'=' if length > 0 => vec![Place::Text { count, length: 0, escape: false }],
                b':' | b'?' | b'@' if length > 0 => vec![Place::Operator { count, first: byte }],
                _ if is_name(byte) && length < 100 => {
                    vec![Place::Name { count, length: length + 1 }]
                }
                _ => vec![],
            },
            Place::Operator { count, first } => match (byte, first) {
                (b'=', b':') => vec![Place::Number { count, part: Part::Start, then: Then::Value }],
                (b'=', b'?') => vec![
                    Place::Boolean { count, truth: true, length: 0 },
                    Place::Boolean { count, truth: false, length: 0 },
                ],
                (b'=', _) if count == 0 => vec![coordinate(count, 0, Role::Modifier)],
                (b'=', _) => vec![coordinate(count, 0, Role::Value)],
                _ => vec![],
            },
            Place::Number { count, part, then } => number(count, part, then, byte),
            Place::Boolean { count, truth, length } => {
                let word: &[u8] = if truth { b"true" } else { b"false" };
                match word.get(length) {
                    Some(&expected) if expected == byte => {
                        vec![Place::Boolean { count, truth, length: length + 1 }]
                    }
                    None => suffixes(count, 0, false, byte),
                    _ => vec![],
                }
            }
            Place::Text { count, length, escape } => match byte {
                _ if escape && is_escape(byte) => {
                    vec![Place::Text { count, length: length + 1, escape: false }]
                }
                _ if escape => vec![],
                b'\\' => vec![Place::Text { count, length, escape: true }],
                _ if is_plain(byte) => vec![Place::Text { count, length: length + 1, escape }],
                _ if length > 0 => suffixes(count, 0, false, byte),
                _ => vec![],
            },
            Place::Suffixes { count, next, place } => suffixes(count, next, place, byte),
            Place::Unit { count, length } => {
                // A character must fit as a whole.
                let size = match byte {
                    0..0x80 => 1,
                    0x80..0xc0 => 0,
                    0xc0..0xe0 => 2,
                    0xe0..0xf0 => 3,
                    _ => 4,
                };
                match byte {
                    _ if is_plain(byte) && length + size <= 25 => {
                        vec![Place::Unit { count, length: length + size }]
                    }
                    _ if length > 0 && !is_plain(byte) => suffixes(count, 1, false, byte),
                    _ => vec![],
                }
            }
            Place::Time { owner, value, digits } => match byte {
                b'0'..=b'9' => {
                    let value = value * 10 + u128::from(byte - b'0');
                    if value > u128::from(u64::MAX) {
                        vec![]
                    } else {
                        vec![Place::Time { owner, value, digits: digits + 1 }]
                    }
                }
                b'=' if digits == 0 => match owner {
                    Owner::Variable { count, place: false } => {
                        // Only where no location came before; marked by the value.
                        if value == 0 { vec![coordinate(count, 0, Role::Suffix)] } else { vec![] }
                    }
                    _ => vec![],
                },
                _ if digits > 0 => match owner {
                    Owner::Block(Order::D) => modifiers(Order::D, 2, byte),
                    Owner::Block(Order::B) => modifiers(Order::B, 2, byte),
                    Owner::Variable { count, place } => suffixes(count, 3, place, byte),
                },
                _ => vec![],
            },
            Place::Group { owner, length } => match byte {
                _ if is_name(byte) && length < 100 => {
                    vec![Place::Group { owner, length: length + 1 }]
                }
                _ if length > 0 && !is_name(byte) => match owner {
                    Owner::Block(Order::D) => modifiers(Order::D, 3, byte),
                    Owner::Block(Order::B) => modifiers(Order::B, 1, byte),
                    Owner::Variable { count, place } => suffixes(count, 4, place, byte),
                },
                _ => vec![],
            },
            Place::Key { owner, pairs, length } => match byte {
                b'=' if length > 0 => {
                    vec![Place::PairText { owner, pairs, length: 0, escape: false }]
                }
                _ if is_name(byte) && length < 100 => {
                    vec![Place::Key { owner, pairs, length: length + 1 }]
                }
                _ => vec![],
            },
            Place::PairText { owner, pairs, length, escape } => match byte {
                _ if escape && is_escape(byte) => {
                    vec![Place::PairText { owner, pairs, length: length + 1, escape: false }]
                }
                _ if escape => vec![],
                b'\\' => vec![Place::PairText { owner, pairs, length, escape: true }],
                b',' if length > 0 && pairs < 32 => {
                    vec![Place::Key { owner, pairs: pairs + 1, length: 0 }]
                }
                b'}' if length > 0 => vec![Place::AfterMetadata { owner }],
                b',' => vec![],
                _ if is_plain(byte) => {
                    vec![Place::PairText { owner, pairs, length: length + 1, escape }]
                }
                _ => vec![],
            },
            Place::AfterMetadata { owner } => match owner {
                Owner::Block(order) => modifiers(order, 4, byte),
                Owner::Variable { count, place } => suffixes(count, 5, place, byte),
            },
            Place::End => vec![],
            Place::Status { word, length } => match word.as_bytes().get(length) {
                Some(&expected) if expected == byte => {
                    vec![Place::Status { word, length: length + 1 }]
                }
                None if byte == b'|' => {
                    vec![Place::Detail { ok: word == "OK", length: 0, escape: false }]
                }
                _ => vec![],
            },
            Place::Detail { ok: true, length: 0, .. } if byte == b'[' => {
                vec![Place::Name { count: 1, length: 0 }]
            }
            Place::Detail { ok, length, escape } => match byte {
                0..0x20 | 0x7f => vec![],
                b'|' if !escape => vec![],
                b'\\' if !escape => vec![Place::Detail { ok, length: length + 1, escape: true }],
                _ => vec![Place::Detail { ok, length: length + 1, escape: false }],
            },
        }
    }

    fn may_end(&self) -> bool {
        match *self {
            Place::Serial { method, length } => method == "PING" && length > 0,
            Place::Hex { length } => length > 0 && length % 2 == 0,
            Place::Base64 { length } => length > 0,
            Place::End => true,
            Place::Detail { length, .. } => length > 0,
            Place::Status { word, length } => length == word.len(),
            _ => false,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Place::Method { .. } => "invalid_method",
            Place::Seq { .. } => "invalid_seq",
            Place::Auth { .. } => "invalid_token",
            Place::AfterMethod { method } if *method != "ACK" => "invalid_token",
            _ => "invalid_payload",
        }
    }
}

const STATUSES: [&str; 4] = ["OK", "PONG", "CMD", "ERR"];

fn first_field(method: &'static str, byte: u8) -> Vec<Place> {
    match method {
        "ACK" => {
            let begins = |word: &&str| word.as_bytes()[0] == byte;
            let words = STATUSES.into_iter().filter(begins);
            words.map(|word| Place::Status { word, length: 1 }).collect()
        }
        _ if byte.is_ascii_hexdigit() => vec![Place::Auth { method, length: 1, token: false }],
        _ => vec![],
    }
}

/// Modifiers: in order D 0 place, 1 time, 2 group, 3 metadata; in order B 0 group, 1 time,
/// 2 metadata, and 4 is the block in both.
fn modifiers(order: Order, next: usize, byte: u8) -> Vec<Place> {
    let owner = Owner::Block(order);
    let time = Place::Time { owner, value: 0, digits: 0 };
    match (byte, order) {
        (b'[', _) => vec![Place::Name { count: 1, length: 0 }],
        (b'{', Order::D) if next <= 3 => vec![Place::Key { owner, pairs: 1, length: 0 }],
        (b'{', Order::B) if next <= 2 => vec![Place::Key { owner, pairs: 1, length: 0 }],
        (b'^', Order::D) if next <= 2 => vec![Place::Group { owner, length: 0 }],
        (b'^', Order::B) if next == 0 => vec![Place::Group { owner, length: 0 }],
        (b'@', Order::D) if next == 0 => {
            vec![time, Place::Operator { count: 0, first: b'@' }]
        }
        (b'@', Order::D) if next == 1 => vec![time],
        (b'@', Order::B) if next <= 1 => vec![time],
        _ => vec![],
    }
}

/// Suffixes: 0 unit, 1 place, 2 time, 3 group, 4 metadata.
fn suffixes(count: usize, next: usize, place: bool, byte: u8) -> Vec<Place> {
    let owner = Owner::Variable { count, place };
    match byte {
        b';' if count < 100 => vec![Place::Name { count: count + 1, length: 0 }],
        b']' => vec![Place::End],
        b'#' if next == 0 && !place => vec![Place::Unit { count, length: 0 }],
        b'@' if next <= 1 && !place => vec![Place::Time { owner, value: 0, digits: 0 }],
        b'@' if next <= 2 => {
            let owner = Owner::Variable { count, place: true };
            vec![Place::Time { owner, value: 0, digits: 0 }]
        }
        b'^' if next <= 3 => vec![Place::Group { owner, length: 0 }],
        b'{' if next <= 4 => vec![Place::Key { owner, pairs: 1, length: 0 }],
        _ => vec![],
    }
}

fn coordinate(count: usize, index: usize, role: Role) -> Place {
    Place::Number { count, part: Part::Start, then: Then::Place { index, role } }
}

fn number(count: usize, part: Part, then: Then, byte: u8) -> Vec<Place> {
    let go = |part| vec![Place::Number { count, part, then }];
    match (part, byte) {
        (Part::Start, b'-') => go(Part::Sign),
        (Part::Start | Part::Sign, b'0') => go(Part::Zero),
        (Part::Start | Part::Sign, b'1'..=b'9') => go(Part::Integer),
        (Part::Integer, b'0'..=b'9') => go(Part::Integer),
        (Part::Zero | Part::Integer, b'.') => go(Part::Point),
        (Part::Point | Part::Fraction, b'0'..=b'9') => go(Part::Fraction),
        (Part::Zero | Part::Integer | Part::Fraction, _) => match then {
            Then::Value => suffixes(count, 0, false, byte),
            Then::Place { index, role } => match (byte, role) {
                (b',', _) if index < 2 => vec![coordinate(count, index + 1, role)],
                _ if index == 0 => vec![],
                (_, Role::Value) => suffixes(count, 0, true, byte),
                (_, Role::Suffix) => suffixes(count, 2, false, byte),
                (_, Role::Modifier) => modifiers(Order::D, 1, byte),
            },
        },
        _ => vec![],
    }
}
