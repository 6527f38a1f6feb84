//! The only code that indexes the bytes of a frame.
//!
//! A [`Cursor`] stands at one byte of a text. NUL is in no rule of the grammar, so it doubles as
//! "the end": looking past the last byte gives NUL, and no caller needs a second case for it.

use crate::error::{Error, Kind};
use crate::limits::MAX_NAME;
use crate::place::Place;
use crate::scan;

/// Sets of bytes, as bits of [`classify`].
pub(crate) type Class = u8;

/// `0`-`9`
pub(crate) const DIGIT: Class = 1;
/// `0`-`9`, `a`-`f`, `A`-`F`
pub(crate) const HEX: Class = 1 << 1;
/// Names: `a`-`z`, `0`-`9`, `_`
pub(crate) const NAME: Class = 1 << 2;
/// Serials: letters, digits, `-`, `_`
pub(crate) const SERIAL: Class = 1 << 3;
/// Letters, digits, `+`, `/`, `=`
pub(crate) const BASE64: Class = 1 << 4;
/// `plain`: what values and units may hold without an escape, non-ASCII bytes included
pub(crate) const PLAIN: Class = 1 << 5;
/// `plain` but the comma
pub(crate) const PLAIN_PAIR: Class = 1 << 6;
/// The detail of an ACK: no controls, no `|`, no backslash
pub(crate) const DETAIL: Class = 1 << 7;

/// The sets that a byte is in.
const fn classify(byte: u8) -> Class {
    let mut class = match byte {
        b'0'..=b'9' => DIGIT | HEX | NAME | SERIAL | BASE64,
        b'a'..=b'f' => HEX | NAME | SERIAL | BASE64,
        b'g'..=b'z' => NAME | SERIAL | BASE64,
        b'A'..=b'F' => HEX | SERIAL | BASE64,
        b'G'..=b'Z' => SERIAL | BASE64,
        b'_' => NAME | SERIAL,
        b'-' => SERIAL,
        b'+' | b'/' | b'=' => BASE64,
        _ => 0,
    };
    if !matches!(
        byte,
        0..0x20 | 0x7f | b'#' | b';' | b'@' | b'[' | b'\\' | b']' | b'^' | b'{' | b'|' | b'}'
    ) {
        class |= PLAIN;
        if byte != b',' {
            class |= PLAIN_PAIR;
        }
    }
    if !matches!(byte, 0..0x20 | 0x7f | b'|' | b'\\') {
        class |= DETAIL;
    }
    class
}

/// How many bytes the table of classes has: beyond ASCII all are alike.
#[cfg(not(target_arch = "avr"))]
const CLASSIFIED: usize = if cfg!(tipwire_small) { 128 } else { 256 };

// A table is faster; where constants are copied to RAM, its bytes are dear.
#[cfg(not(target_arch = "avr"))]
#[expect(clippy::indexing_slicing, reason = "a constant: an error would be one of compiling")]
#[expect(clippy::cast_possible_truncation, reason = "there are no more than bytes")]
const CLASSES: [Class; CLASSIFIED] = {
    let mut classes = [0; CLASSIFIED];
    let mut byte = 0;
    while byte < CLASSIFIED {
        classes[byte] = classify(byte as u8);
        byte += 1;
    }
    classes
};

/// The sets of all bytes beyond ASCII.
#[cfg(not(target_arch = "avr"))]
const BEYOND: Class = PLAIN | PLAIN_PAIR | DETAIL;

/// Whether `byte` is in one of the sets of `class`.
#[cfg_attr(not(tipwire_small), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
pub(crate) fn is(byte: u8, class: Class) -> bool {
    #[cfg(not(target_arch = "avr"))]
    return CLASSES.get(usize::from(byte)).copied().unwrap_or(BEYOND) & class != 0;
    #[cfg(target_arch = "avr")]
    return classify(byte) & class != 0;
}

/// A set of bytes to be skipped. Always a constant, so that only the code for it remains.
#[derive(Clone, Copy)]
pub(crate) enum Set {
    /// The bytes of a class.
    Of(Class),
    /// From the first to the last, both ASCII.
    Range(u8, u8),
    /// All but those from the first to the last, both ASCII.
    OutOfRange(u8, u8),
    /// All but these two, both ASCII.
    Neither(u8, u8),
}

impl Set {
    #[inline(always)]
    pub(crate) fn contains(self, byte: u8) -> bool {
        match self {
            Set::Of(class) => is(byte, class),
            Set::Range(first, last) => (first..=last).contains(&byte),
            Set::OutOfRange(first, last) => !(first..=last).contains(&byte),
            Set::Neither(a, b) => byte != a && byte != b,
        }
    }
}

/// Checks a text from its front on: looks at bytes, and stops at the first that cannot stand there.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'a>(Place<'a>);

impl<'a> Scan<'a> {
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) const fn new(text: &'a str) -> Scan<'a> {
        Scan(Place::new(text))
    }

    /// The offset of the current byte.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) const fn at(&self) -> usize {
        self.0.at()
    }

    /// The text from `start` to the current byte.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn since(&self, start: usize) -> &'a str {
        if cfg!(tipwire_small) {
            return self.between(start, self.at());
        }
        // Two steps, each of which is inlined.
        self.0.text().get(..self.at()).and_then(|text| text.get(start..)).unwrap_or("")
    }

    /// The text between two offsets.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a str {
        self.0.text().get(start..end).unwrap_or("")
    }

    /// The current byte; NUL at the end.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(crate) fn peek(&self) -> u8 {
        self.0.first().unwrap_or(0)
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.first().is_none()
    }

    /// Nothing may follow.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn expect_end(&self) -> Result<(), Error> {
        if self.is_at_end() { Ok(()) } else { Err(self.error(Kind::Trailing)) }
    }

    /// Goes past the current byte.
    #[inline(always)]
    pub(crate) fn bump(&mut self) {
        self.0.step();
    }

    /// Goes past `byte` if it is the current one.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.0.first() == Some(byte);
        if is_next {
            self.0.step();
        }
        is_next
    }

    /// Goes past `word` if it stands here.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn eat_word<const N: usize>(&mut self, word: &[u8; N]) -> bool {
        let rest = self.0.rest();
        let after = if cfg!(target_family = "wasm") {
            // Where functions are kept small the other way is a call, and one of `memcmp` in it.
            rest.split_first_chunk().filter(|(first, _)| *first == word).map(|(_, rest)| rest)
        } else {
            rest.strip_prefix(word)
        };
        if let Some(after) = after {
            self.0.go_to(after);
        }
        after.is_some()
    }

    /// Goes past `byte`, which must be the current one.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(crate) fn expect(&mut self, byte: u8, kind: Kind) -> Result<(), Error> {
        if self.eat(byte) { Ok(()) } else { Err(self.error(kind)) }
    }

    /// Goes past `word`, or to the first byte that differs from it.
    pub(crate) fn expect_word(&mut self, word: &str, kind: Kind) -> Result<(), Error> {
        word.bytes().try_for_each(|byte| self.expect(byte, kind))
    }

    /// Goes past every byte that is in `set`.
    #[inline(always)]
    pub(crate) fn skip(&mut self, set: Set) {
        if cfg!(tipwire_small) {
            // Who only checks needs none of the other sets.
            return match set {
                Set::Of(class) => self.skip_class(class),
                _ => self.skip_set(set),
            };
        }
        if cfg!(target_family = "wasm") {
            // The same, and what is rare is there only once: a page has to load it. Where a set is simple
            // eight bytes at once cost less than the rounds of a loop do there.
            if !matches!(set, Set::Of(_))
                && let Some(chunk) = self.0.rest().first_chunk()
            {
                let length = scan::front(*chunk, set);
                self.0.go_to(self.0.rest().get(length..).unwrap_or_default());
                if length < 8 {
                    return;
                }
            }
            let near = self.0.rest().get(..16).unwrap_or(self.0.rest());
            let end = near.iter().position(|&byte| !set.contains(byte));
            self.0.go_to(self.0.rest().get(end.unwrap_or(near.len())..).unwrap_or_default());
            if end.is_none() {
                self.0.go_to(scan::after_run(self.0.rest(), set));
            }
            return;
        }
        // Most runs are short, and a processor guesses where a loop of a few rounds ends: it goes
        // on from there before it knows. In long runs it pays to look at eight bytes at once.
        if let Some((first, after)) = self.0.rest().split_first_chunk::<16>() {
            if let Some(length) = first.iter().position(|&byte| !set.contains(byte)) {
                self.0.go_to(self.0.rest().get(length..).unwrap_or_default());
                return;
            }
            self.0.go_to(scan::after_eights(after, set));
        }
        self.skip_ones(set);
    }

    #[inline(never)]
    fn skip_class(&mut self, class: Class) {
        self.skip_ones(Set::Of(class));
    }

    #[inline(never)]
    fn skip_set(&mut self, set: Set) {
        self.skip_ones(set);
    }

    /// The same where most runs are of eight bytes or more.
    #[inline(always)]
    pub(crate) fn skip_long(&mut self, set: Set) {
        if cfg!(tipwire_small) {
            return self.skip(set);
        }
        if cfg!(target_family = "wasm") {
            self.0.go_to(scan::after_run(self.0.rest(), set));
            return;
        }
        self.0.go_to(scan::after_eights(self.0.rest(), set));
        if let Some(first) = self.0.rest().first_chunk::<8>()
            && let Some(length) = first.iter().position(|&byte| !set.contains(byte))
        {
            self.0.go_to(self.0.rest().get(length..).unwrap_or_default());
            return;
        }
        self.skip_ones(set);
    }

    #[inline(always)]
    fn skip_ones(&mut self, set: Set) {
        // A copy, which can stay in registers.
        let mut place = self.0;
        while let Some(byte) = place.first()
            && set.contains(byte)
        {
            place.step();
        }
        self.0 = place;
    }

    /// Goes past exactly `count` bytes of `class`, a multiple of eight, or to the first other one.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn expect_run(
        &mut self,
        class: Class,
        count: usize,
        kind: Kind,
    ) -> Result<(), Error> {
        if scan::IS_FAST {
            let (run, after) = self.0.rest().split_at_checked(count).unwrap_or((&[], &[]));
            let (chunks, _) = run.as_chunks();
            if !chunks.is_empty()
                && chunks.iter().all(|chunk| scan::are_all(*chunk, Set::Of(class)))
            {
                self.0.go_to(after);
                return Ok(());
            }
        }
        for _ in 0..count {
            if !is(self.peek(), class) {
                return Err(self.error(kind));
            }
            self.bump();
        }
        Ok(())
    }

    /// A run of 1 to `max` bytes of `class`: a name, a serial, a group, a key.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn word(
        &mut self,
        class: Class,
        max: usize,
        empty: Kind,
        long: Kind,
    ) -> Result<(), Error> {
        let start = self.at();
        self.skip(Set::Of(class));
        match self.at() - start {
            0 => Err(self.error(empty)),
            length if length > max => Err(Error::new(long, start + max)),
            _ => Ok(()),
        }
    }

    /// The name of a variable.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn name(&mut self) -> Result<(), Error> {
        self.word(NAME, MAX_NAME, Kind::Name, Kind::NameLength)
    }

    /// Digits of an unsigned number of at most 64 bits, leading zeros allowed.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn number(&mut self, none: Kind, range: Kind) -> Result<u64, Error> {
        if cfg!(tipwire_small) {
            return self.long_number(none, range);
        }
        let start = *self;
        let mut value = 0u64;
        // Times of this century have thirteen digits.
        if scan::IS_FAST
            && let Some((digits, after)) = self.0.rest().split_first_chunk()
            && let Some(first) = scan::thirteen_digits(digits)
        {
            value = first;
            self.0.go_to(after);
        }
        while let Some((digit @ b'0'..=b'9', after)) = self.0.rest().split_first() {
            value = times_ten(value).wrapping_add(u64::from(digit - b'0'));
            self.0.go_to(after);
        }
        match self.at() - start.at() {
            0 => Err(self.error(none)),
            // Nineteen digits always fit.
            1..20 => Ok(value),
            _ => {
                // A copy of its own, so that the other one can stay in registers.
                let mut start = start;
                start.long_number(none, range)
            }
        }
    }

    /// The same for any number of digits, one after the other: an error is at the digit that is too
    /// much for 64 bits.
    #[cold]
    fn long_number(&mut self, none: Kind, range: Kind) -> Result<u64, Error> {
        let start = self.at();
        let mut value = 0u64;
        while let digit @ 0..=9 = self.peek().wrapping_sub(b'0') {
            let next = times_ten(value).wrapping_add(digit.into());
            // Ten times what has these high bits is less than 2^64 + 2^35: it wraps to less than it was.
            if value >> 32 > u64::from(u32::MAX / 10) || next < value {
                return Err(self.error(range));
            }
            value = next;
            self.bump();
        }
        if self.at() == start { Err(self.error(none)) } else { Ok(value) }
    }

    /// Checks by `check`, which is rare enough to be a function of its own: it gets a copy, so that
    /// here the scan can stay in registers.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn rarely<T>(
        &mut self,
        check: impl FnOnce(&mut Scan<'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if cfg!(tipwire_small) {
            return check(self);
        }
        let mut copy = *self;
        let result = check(&mut copy);
        *self = copy;
        result
    }

    /// The error at the first byte of a character that has a byte at this offset.
    #[inline(always)]
    pub(crate) fn error_in(&self, kind: Kind, at: usize) -> Error {
        error_in(self.0.text(), kind, at)
    }

    #[inline(always)]
    pub(crate) fn error(&self, kind: Kind) -> Error {
        Error::new(kind, self.at())
    }
}

/// Out of the way of what is not wrong.
#[cold]
#[inline(never)]
fn error_in(text: &str, kind: Kind, at: usize) -> Error {
    Error::new(kind, text.floor_char_boundary(at))
}

/// Ten times a number, by what all processors can do with 64 bits.
#[cfg_attr(not(tipwire_small), inline(always))]
fn times_ten(value: u64) -> u64 {
    if cfg!(tipwire_small) {
        // Compilers would make a multiplication of it again, and that a function to be linked.
        core::hint::black_box(value << 3).wrapping_add(value << 1)
    } else {
        value.wrapping_mul(10)
    }
}

/// Takes a text apart that has been checked: ends are looked for, and nothing can be wrong.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) const fn new(text: &'a str) -> Cursor<'a> {
        Cursor { rest: text }
    }

    /// The text from here on.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// The current byte; NUL at the end.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn peek(&self) -> u8 {
        self.scan().peek()
    }

    /// Goes past `word` if it stands here.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(crate) fn eat(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Goes on by `walk`, which is a function of its own and gets a copy, so that here the cursor can
    /// stay in registers.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn rarely<T>(&mut self, walk: impl FnOnce(&mut Cursor<'a>) -> T) -> T {
        if cfg!(tipwire_small) {
            return walk(self);
        }
        let mut copy = *self;
        let result = walk(&mut copy);
        *self = copy;
        result
    }

    /// Looks ahead from here.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) const fn scan(&self) -> Scan<'a> {
        Scan::new(self.rest)
    }

    /// Goes to where `scan` is; the text up to there.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(crate) fn take(&mut self, scan: Scan<'a>) -> &'a str {
        self.take_next(scan.at())
    }

    /// Goes past so many bytes; the text of them.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn take_next(&mut self, count: usize) -> &'a str {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                taken
            }
            // Never so but at the end: every token ends before an ASCII character or there.
            None => "",
        }
    }

    /// Takes all bytes of `set`.
    #[inline(always)]
    pub(crate) fn take_all(&mut self, set: Set) -> &'a str {
        let mut scan = self.scan();
        scan.skip(set);
        self.take(scan)
    }

    /// An unsigned number.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn number(&mut self) -> u64 {
        let mut scan = self.scan();
        let number = scan.number(Kind::Time, Kind::TimeRange);
        self.take(scan);
        number.unwrap_or(0)
    }
}
