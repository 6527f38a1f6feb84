//! Metadata: pairs of a key and a text.

use core::fmt;

use crate::cursor::{Cursor, NAME, Scan, Set};
use crate::error::{Error, Kind};
use crate::frame::seen::{Ends, Pair};
use crate::frame::text::Text;
use crate::limits::{MAX_NAME, MAX_PAIRS};

/// The metadata of a block or a variable; empty where there is none.
///
/// A key may be repeated: [`iter`](Metadata::iter) gives every pair, and the last one counts for
/// [`get`](Metadata::get) and [`unique`](Metadata::unique).
///
/// ```
/// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|[t:=1{a=1,b=2,a=3}]").unwrap();
/// let metadata = frame.variables().next().unwrap().metadata;
/// assert_eq!(metadata.iter().count(), 3);
/// assert_eq!(metadata.get("a").unwrap().raw(), "3");
/// assert!(metadata.unique().map(|(key, _)| key).eq(["b", "a"]));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Metadata<'a> {
    pairs: &'a str,
    ends: Ends,
}

impl<'a> Metadata<'a> {
    pub(super) const EMPTY: Metadata<'static> = Metadata { pairs: "", ends: Ends::NONE };

    /// `"{" pair *31("," pair) "}"`
    pub(super) fn check(scan: &mut Scan<'_>) -> Result<Ends, Error> {
        let mut ends = Ends::NONE;
        let mut count = 0;
        loop {
            // The brace, or a comma.
            scan.bump();
            ends.note(count, check_pair(scan)?);
            count += 1;
            if scan.peek() != b',' {
                break;
            }
            if count == MAX_PAIRS {
                return Err(scan.error(Kind::TooManyPairs));
            }
        }
        scan.expect(b'}', Kind::Metadata).map(|()| ends)
    }

    /// What was checked, without the braces.
    pub(super) const fn checked(pairs: &'a str, ends: Ends) -> Metadata<'a> {
        Metadata { pairs, ends }
    }

    #[inline(never)]
    pub(super) fn walk(c: &mut Cursor<'a>) -> Metadata<'a> {
        c.eat("{");
        let mut scan = c.scan();
        scan.skip_long(Set::Neither(b'}', b'\\'));
        while scan.eat(b'\\') {
            // A brace after a backslash is text.
            scan.bump();
            scan.skip_long(Set::Neither(b'}', b'\\'));
        }
        let metadata = Metadata { pairs: c.take(scan), ends: Ends::NONE };
        c.eat("}");
        metadata
    }

    /// Whether there are no pairs.
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs as they stand in the frame, without the braces.
    pub const fn raw(&self) -> &'a str {
        self.pairs
    }

    /// Every pair in the order of the frame.
    pub fn iter(&self) -> Pairs<'a> {
        Pairs { cursor: Cursor::new(self.pairs), ends: self.ends }
    }

    /// The pairs that count: of a repeated key the last.
    pub fn unique(&self) -> impl Iterator<Item = (&'a str, Text<'a>)> + use<'a> {
        let mut repeated = Keys::of(*self).repeated();
        self.iter().filter(move |_| !take_bit(&mut repeated))
    }

    /// The text of a key; of a repeated key the last.
    pub fn get(&self, key: &str) -> Option<Text<'a>> {
        self.iter().filter(|pair| pair.0 == key).last().map(|pair| pair.1)
    }
}

impl<'a> IntoIterator for Metadata<'a> {
    type Item = (&'a str, Text<'a>);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

impl fmt::Debug for Metadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Two blocks are equal if they hold the same pairs in the same order.
impl PartialEq for Metadata<'_> {
    fn eq(&self, other: &Metadata<'_>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Metadata<'_> {}

/// The pairs of a [`Metadata`] block.
#[derive(Clone)]
pub struct Pairs<'a> {
    cursor: Cursor<'a>,
    ends: Ends,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Text<'a>);

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn next(&mut self) -> Option<(&'a str, Text<'a>)> {
        let mut c = self.cursor;
        if c.rest().is_empty() {
            return None;
        }
        let pair = if let Some(Pair { key, text, seen }) = self.ends.next() {
            let key = c.take_next(key);
            c.take_next(1);
            let text = Text::checked(c.take_next(text), seen);
            c.take_next(1);
            (key, text)
        } else {
            let key = c.take_all(Set::OutOfRange(b'=', b'='));
            c.eat("=");
            let text = Text::walk_pair(&mut c);
            c.eat(",");
            (key, text)
        };
        self.cursor = c;
        Some(pair)
    }
}

/// `pair = name "=" 1*(plain-but-comma / escape)`
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
fn check_pair(scan: &mut Scan<'_>) -> Result<Pair, Error> {
    let start = scan.at();
    scan.word(NAME, MAX_NAME, Kind::Key, Kind::KeyLength)?;
    let key = scan.at() - start;
    scan.expect(b'=', Kind::Pair)?;
    let start = scan.at();
    let seen = Text::check_pair(scan)?;
    Ok(Pair { key, text: scan.at() - start, seen })
}

/// The keys of one block, to be compared with each other without reading the block anew.
pub(crate) struct Keys<'a> {
    keys: [&'a str; MAX_PAIRS],
    count: usize,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(metadata: Metadata<'a>) -> Keys<'a> {
        let mut keys = Keys { keys: [""; MAX_PAIRS], count: 0 };
        for (slot, (key, _)) in keys.keys.iter_mut().zip(metadata.iter()) {
            *slot = key;
            keys.count += 1;
        }
        keys
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.keys.iter().copied().take(self.count)
    }

    /// One bit for each key that comes again later.
    pub(crate) fn repeated(&self) -> u32 {
        let mut bits = 0;
        for (n, key) in self.iter().enumerate() {
            bits |= u32::from(self.iter().skip(n + 1).any(|later| later == key)) << n;
        }
        bits
    }
}

/// Which keys there were so far, roughly: for who takes pairs as they come, and starts anew by
/// [`Metadata::unique`] in the rare case that one may be repeated.
#[doc(hidden)]
#[derive(Clone, Copy, Default)]
pub struct Sketch(u64);

impl Sketch {
    /// Whether there was no such key yet for certain.
    #[inline]
    pub fn is_new(&mut self, key: &str) -> bool {
        let [first, last] =
            [key.bytes().next(), key.bytes().next_back()].map(|byte| byte.unwrap_or(0));
        let number = usize::from(first) * 7 + usize::from(last) * 3 + key.len();
        let bit = 1 << (number % 64);
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }
}

/// Shifts the lowest bit out.
pub(crate) fn take_bit(bits: &mut u32) -> bool {
    let bit = *bits & 1 == 1;
    *bits >>= 1;
    bit
}
