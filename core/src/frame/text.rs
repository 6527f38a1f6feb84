//! Text with escapes: the values of `=` variables and of metadata.
//!
//! A backslash protects one of `| [ ] ; , { } # @ ^ \`; `\n` stands for a line feed.

use core::fmt;

use crate::cursor::{Class, Cursor, PLAIN, PLAIN_PAIR, Scan, Set, is};
use crate::error::{Error, Kind};
use crate::frame::line::{Line, Sink};
use crate::frame::seen::Seen;
use crate::scan;

/// Text as it stands in a frame.
///
/// ```
/// let frame = tipwire::Frame::parse(br"PUSH|4deedd7bab8817ec|s|[a=plain;b=one\ntwo]").unwrap();
/// let [a, b] = core::array::from_fn(|n| frame.variables().nth(n).unwrap().value.as_text().unwrap());
/// assert_eq!(a.borrowed(), Some("plain"));
/// assert_eq!(b.borrowed(), None, "an escape cannot be borrowed");
/// assert_eq!(b.to_string(), "one\ntwo");
///
/// let mut buffer = [0; 16];
/// assert_eq!(b.unescape_into(&mut buffer), Some("one\ntwo"));
/// ```
#[derive(Clone, Copy)]
pub struct Text<'a> {
    raw: &'a str,
    escapes: Escapes,
}

/// Whether a text holds escapes: a whole word, so that values are copied by words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Escapes {
    None,
    Some,
}

impl<'a> Text<'a> {
    /// `text = 1*(plain / escape)`
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn check(scan: &mut Scan<'_>) -> Result<Seen, Error> {
        check(scan, PLAIN, Kind::Text)
    }

    /// The text of a metadata pair: without a bare comma.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn check_pair(scan: &mut Scan<'_>) -> Result<Seen, Error> {
        check(scan, PLAIN_PAIR, Kind::Metadata)
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn walk(c: &mut Cursor<'a>) -> Text<'a> {
        Text::walk_over(c, Set::Of(PLAIN))
    }

    /// The text of a metadata pair: up to a comma or the end.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn walk_pair(c: &mut Cursor<'a>) -> Text<'a> {
        Text::walk_over(c, Set::Neither(b',', b'\\'))
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    fn walk_over(c: &mut Cursor<'a>, plain: Set) -> Text<'a> {
        let mut scan = c.scan();
        let mut escapes = Escapes::None;
        scan.skip(plain);
        while scan.eat(b'\\') {
            escapes = Escapes::Some;
            scan.bump();
            scan.skip(plain);
        }
        Text { raw: c.take(scan), escapes }
    }

    /// A text that was checked, and what was seen there.
    #[inline(always)]
    pub(super) fn checked(raw: &'a str, seen: Seen) -> Text<'a> {
        Text { raw, escapes: seen.escapes_of(raw) }
    }

    /// The text that `raw` is in the grammar of frames, escapes and all.
    pub fn new(raw: &'a str) -> Option<Text<'a>> {
        let mut scan = Scan::new(raw);
        Text::check(&mut scan).ok()?;
        scan.is_at_end().then(|| Text::walk(&mut Cursor::new(raw)))
    }

    /// The bytes of the frame, escapes and all.
    pub const fn raw(&self) -> &'a str {
        self.raw
    }

    /// The text itself, where it stands in the frame without an escape.
    pub const fn borrowed(&self) -> Option<&'a str> {
        match self.escapes {
            Escapes::None => Some(self.raw),
            Escapes::Some => None,
        }
    }

    /// The characters of the text, escapes resolved.
    pub fn chars(&self) -> impl Iterator<Item = char> + use<'a> {
        let mut raw = self.raw.chars();
        core::iter::from_fn(move || match raw.next() {
            Some('\\') => match raw.next() {
                Some('n') => Some('\n'),
                other => other,
            },
            plain => plain,
        })
    }

    /// Writes the text into `buffer`; `None` if it does not fit. It is never longer than
    /// [`raw`](Text::raw).
    pub fn unescape_into<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b str> {
        let mut length = 0;
        if cfg!(target_family = "wasm") {
            // To copy a piece is a call there, and most are short.
            let mut raw = self.raw.bytes();
            while let Some(byte) = raw.next() {
                *buffer.get_mut(length)? = match byte {
                    b'\\' => raw.next().and_then(unescape)?,
                    plain => plain,
                };
                length += 1;
            }
            return core::str::from_utf8(buffer.get(..length)?).ok();
        }
        for piece in self.pieces() {
            let end = length + piece.len();
            buffer.get_mut(length..end)?.copy_from_slice(piece.as_bytes());
            length = end;
        }
        core::str::from_utf8(buffer.get(..length)?).ok()
    }

    /// Checks a text as it stands in a frame and writes what it says, at once: for who has bytes and
    /// wants bytes, of which what is not ASCII is not looked at. How many there are.
    ///
    /// ```
    /// use tipwire::{Kind, Text};
    ///
    /// let mut buffer = [0; 16];
    /// assert_eq!(Text::unescape_bytes(br"one\ntwo", &mut buffer), Ok(7));
    /// assert_eq!(&buffer[..7], b"one\ntwo");
    /// assert_eq!(Text::unescape_bytes(b"a|b", &mut buffer), Err(Kind::Text));
    /// ```
    pub fn unescape_bytes(raw: &[u8], buffer: &mut [u8]) -> Result<usize, Kind> {
        if raw.is_empty() {
            return Err(Kind::Text);
        }
        let (mut rest, mut length) = (raw, 0);
        loop {
            let run = scan::count(rest, Set::Of(PLAIN));
            let (plain, after) = rest.split_at_checked(run).ok_or(Kind::Text)?;
            let target = buffer.get_mut(length..).and_then(|room| room.get_mut(..run));
            scan::copy(plain, target.ok_or(Kind::Buffer)?);
            length += run;
            let char = match after {
                [] => return Ok(length),
                [b'\\', char, ..] => unescape(*char).ok_or(Kind::Text)?,
                _ => return Err(Kind::Text),
            };
            *buffer.get_mut(length).ok_or(Kind::Buffer)? = char;
            length += 1;
            rest = after.get(2..).unwrap_or_default();
        }
    }

    /// The text in pieces that need no copy: runs without an escape, and what escapes stand for.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces { rest: self.raw, escapes: self.escapes }
    }

    /// The text, borrowed where it holds no escape.
    #[cfg(feature = "alloc")]
    pub fn to_cow(&self) -> alloc::borrow::Cow<'a, str> {
        match self.borrowed() {
            Some(text) => text.into(),
            None => self.pieces().collect(),
        }
    }
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn check(scan: &mut Scan<'_>, plain: Class, empty: Kind) -> Result<Seen, Error> {
    let start = scan.at();
    let mut seen = Seen::NOTHING;
    scan.skip(Set::Of(plain));
    while scan.eat(b'\\') {
        if unescape(scan.peek()).is_none() {
            return Err(scan.error(Kind::Escape));
        }
        seen.note_escape();
        scan.bump();
        scan.skip(Set::Of(plain));
    }
    if scan.at() == start { Err(scan.error(empty)) } else { Ok(seen) }
}

/// The pieces of a [`Text`].
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    rest: &'a str,
    escapes: Escapes,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn next(&mut self) -> Option<&'a str> {
        if self.escapes == Escapes::Some {
            return self.next_of_escaped();
        }
        let piece = core::mem::take(&mut self.rest);
        (!piece.is_empty()).then_some(piece)
    }
}

impl<'a> Pieces<'a> {
    fn next_of_escaped(&mut self) -> Option<&'a str> {
        let mut c = Cursor::new(self.rest);
        if c.eat("\\n") {
            self.rest = c.rest();
            return Some("\n");
        }
        // What stands for itself begins the run that follows it.
        c.eat("\\");
        let mut scan = c.scan();
        scan.bump();
        scan.skip(Set::OutOfRange(b'\\', b'\\'));
        let piece = c.take(scan);
        self.rest = c.rest();
        (!piece.is_empty()).then_some(piece)
    }
}

/// What the character after a backslash stands for.
#[cfg_attr(tipwire_small, inline(never))]
const fn unescape(byte: u8) -> Option<u8> {
    match byte {
        b'n' => Some(b'\n'),
        b'|' | b'[' | b']' | b';' | b',' | b'{' | b'}' | b'#' | b'@' | b'^' | b'\\' => Some(byte),
        _ => None,
    }
}

/// Writes `text`, or a part of one, escaping what `plain` leaves out. Other control characters have
/// no escape. A text must not be empty; parts of one never are.
#[cfg_attr(not(tipwire_small), inline(always))]
fn write<S: Sink>(out: &mut Line<S>, text: &str, plain: Class, empty: Kind) {
    if cfg!(tipwire_small) {
        return write_bytes(out, text, plain, empty);
    }
    let mut c = Cursor::new(text);
    out.put(c.take_all(Set::Of(plain)).as_bytes());
    if !c.rest().is_empty() {
        write_escapes(out, c.rest(), plain, empty);
    } else if text.is_empty() {
        out.fail(empty);
    }
}

/// The same byte after byte, which is less code.
fn write_bytes<S: Sink>(out: &mut Line<S>, text: &str, plain: Class, empty: Kind) {
    if text.is_empty() {
        out.fail(empty);
    }
    for byte in text.bytes() {
        let pair = match byte {
            _ if is(byte, plain) => &[byte][..],
            b'\n' => b"\\n",
            _ if unescape(byte) == Some(byte) => &[b'\\', byte],
            _ => return out.fail(empty),
        };
        out.put(pair);
    }
}

/// A part after the other is put together elsewhere: to append a piece may be a call, and most pieces are
/// short.
fn write_escapes<S: Sink>(out: &mut Line<S>, text: &str, plain: Class, empty: Kind) {
    let mut buffer = [0; 2 * PART];
    for part in text.as_bytes().chunks(PART) {
        match escape(part, plain, &mut buffer) {
            Some(escaped) => out.put(escaped),
            None => return out.fail(empty),
        }
    }
}

/// How many bytes are escaped at once.
const PART: usize = 64;

/// A part of a text with escapes, unless something has none.
#[inline(never)]
fn escape<'b>(part: &[u8], plain: Class, buffer: &'b mut [u8; 2 * PART]) -> Option<&'b [u8]> {
    let mut places = buffer.iter_mut();
    for &byte in part {
        let mut char = byte;
        if !is(byte, plain) {
            if byte == b'\n' {
                char = b'n';
            } else if unescape(byte) != Some(byte) {
                return None;
            }
            *places.next()? = b'\\';
        }
        *places.next()? = char;
    }
    let left = places.len();
    buffer.get(..2 * PART - left)
}

/// Writes the text of a value, or a part of it.
pub(crate) fn write_value<S: Sink>(out: &mut Line<S>, text: &str) {
    write(out, text, PLAIN, Kind::Text);
}

/// Writes the text of a metadata pair, or a part of it.
pub(crate) fn write_pair<S: Sink>(out: &mut Line<S>, text: &str) {
    write(out, text, PLAIN_PAIR, Kind::Metadata);
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.raw)
    }
}

/// Two texts are equal if they say the same, however they escape it.
impl PartialEq for Text<'_> {
    fn eq(&self, other: &Text<'_>) -> bool {
        self.raw == other.raw || self.chars().eq(other.chars())
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl Eq for Text<'_> {}
