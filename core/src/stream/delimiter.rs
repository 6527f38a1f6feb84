//! Messages that end with one of several byte strings.

use memchr::{memchr2, memchr3};

use super::{Cut, Rule, Scan};
use crate::error::Kind;
use crate::scan::memchr;

/// Messages between delimiters: the shortest message wins, then the earlier delimiter.
///
/// While a delimiter that would give a shorter message, or an earlier one at the same place, may
/// still be completing, the splitter waits.
#[derive(Clone, Debug)]
pub struct Delimiter {
    delimiters: Table,
    max: usize,
    strip: bool,
    seen: usize,
    /// The beginnings of delimiters that the bytes seen end with, as places in the table.
    open: Aligned,
    /// The best delimiter so far.
    found: Option<Found>,
    /// The message was too long; the rest of it goes away.
    dropping: bool,
}

/// The bytes of all delimiters, one after the other.
#[derive(Clone, Debug)]
struct Table {
    bytes: [u8; Delimiter::ROOM],
    /// The places where a delimiter begins, and where one ends.
    first: Aligned,
    last: Aligned,
    longest: usize,
    /// None is empty, and there is room for all.
    is_valid: bool,
}

/// A set of places in the table. One step for each byte that comes moves all of them.
type Places = u128;

/// The same as it is kept: in a splitter that is to stand in the memory of a C program, which aligns
/// nothing to 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Aligned([u64; 2]);

impl Aligned {
    const NONE: Aligned = Aligned([0, 0]);

    const fn is_empty(self) -> bool {
        matches!(self, Aligned::NONE)
    }
}

impl From<Places> for Aligned {
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn from(places: Places) -> Aligned {
        #[allow(clippy::cast_possible_truncation, reason = "the lower half")]
        Aligned([places as u64, (places >> 64) as u64])
    }
}

impl From<Aligned> for Places {
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn from(Aligned([low, high]): Aligned) -> Places {
        Places::from(low) | Places::from(high) << 64
    }
}

/// A whole delimiter. The lesser is the better one: what comes first in the stream, then in the
/// table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    start: usize,
    /// The place in the table of its first byte, and how long it is.
    first: u32,
    length: usize,
}

impl Delimiter {
    /// The most bytes that all delimiters have together.
    pub const ROOM: usize = Places::BITS as usize;

    /// Messages of at most 128 bytes between these delimiters, which are not part of them.
    ///
    /// There is room for [128 bytes](Self::ROOM) of delimiters; more, or an empty one, are settings
    /// that a splitter refuses.
    pub fn new(delimiters: &[&[u8]]) -> Delimiter {
        Delimiter {
            delimiters: Table::new(delimiters),
            max: 128,
            strip: true,
            seen: 0,
            open: Aligned::NONE,
            found: None,
            dropping: false,
        }
    }

    /// Messages of at most so many bytes, delimiters not counted.
    #[must_use]
    pub const fn max(mut self, bytes: usize) -> Delimiter {
        self.max = bytes;
        self
    }

    /// Whether the delimiter is taken off the message: it is, unless told otherwise.
    #[must_use]
    pub const fn strip(mut self, strip: bool) -> Delimiter {
        self.strip = strip;
        self
    }

    /// Goes on by one byte.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn step(&mut self, byte: u8) {
        let table = &self.delimiters;
        let (first, last) = (Places::from(table.first), Places::from(table.last));
        // What begins after a whole delimiter can no longer win.
        let begins = if self.found.is_none() { first } else { 0 };
        let moved = table.with_byte(Places::from(self.open) << 1 & !first | begins, byte);
        self.seen += 1;
        let mut open = moved & !last;
        for place in members(moved & last) {
            let first = table.first_of(place);
            let length = (place - first) as usize + 1;
            let found = Found { start: self.seen - length, first, length };
            self.found = Some(self.found.map_or(found, |best| best.min(found)));
        }
        if let Some(best) = self.found {
            for place in members(open) {
                let first = table.first_of(place);
                let start = self.start_of(place);
                if (start, first) > (best.start, best.first) {
                    open &= !(1 << place);
                }
            }
        }
        self.open = open.into();
    }

    /// Where the delimiter begins in the unit, of which the last byte seen is at `place`.
    fn start_of(&self, place: u32) -> usize {
        self.seen - (place - self.delimiters.first_of(place)) as usize - 1
    }

    /// A delimiter was found, and none that were better can come.
    fn end(&mut self, best: Found) -> Cut {
        let length = best.start + best.length;
        let cut = if self.dropping {
            Cut::skip(length)
        } else if best.start > self.max {
            Cut::error(length, Kind::TooLong)
        } else {
            Cut::message(length, 0..if self.strip { best.start } else { length })
        };
        self.reset();
        cut
    }

    /// Leaves only what may be the beginning of a delimiter; how many bytes that are not.
    fn forget(&mut self) -> usize {
        let starts = members(self.open.into()).map(|place| self.start_of(place));
        let start = starts.min().unwrap_or(self.seen);
        self.seen -= start;
        if let Some(found) = &mut self.found {
            found.start -= start;
        }
        start
    }
}

impl Default for Delimiter {
    /// Between NULs.
    fn default() -> Delimiter {
        Delimiter::new(&[b"\0"])
    }
}

impl Rule for Delimiter {
    fn capacity(&self) -> usize {
        // The longest may begin after the longest message, and another one end just before that.
        self.max.saturating_add(2 * self.delimiters.longest + 1)
    }

    fn pending(&self) -> usize {
        if self.dropping { 0 } else { self.seen }
    }

    fn reset(&mut self) {
        (self.seen, self.open, self.found, self.dropping) = (0, Aligned::NONE, None, false);
    }
}

impl Scan for Delimiter {
    fn check(&self) -> Result<(), Kind> {
        if self.delimiters.is_valid { Ok(()) } else { Err(Kind::InvalidSettings) }
    }

    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        let most = self.max.saturating_add(self.delimiters.longest);
        let mut rest = bytes;
        loop {
            if self.open.is_empty() {
                let skipped = self.delimiters.find_first(rest);
                self.seen += skipped;
                rest = rest.get(skipped..).unwrap_or_default();
            }
            if self.found.is_none() && self.seen > most && !self.dropping {
                self.dropping = true;
                return Some(Cut::error(self.forget(), Kind::TooLong));
            }
            let Some((&byte, after)) = rest.split_first() else { break };
            self.step(byte);
            rest = after;
            if let Some(found) = self.found
                && self.open.is_empty()
            {
                return Some(self.end(found));
            }
        }
        if self.dropping {
            let dropped = self.forget();
            return (dropped > 0).then(|| Cut::skip(dropped));
        }
        None
    }

    fn seen(&self) -> usize {
        self.seen
    }

    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        put(message);
        if self.strip {
            put(self.delimiters.first_delimiter());
        }
    }
}

impl Table {
    fn new(delimiters: &[&[u8]]) -> Table {
        let (mut bytes, mut longest) = ([0; Delimiter::ROOM], 0);
        let (mut first, mut last): (Places, Places) = (0, 0);
        let (mut used, mut is_valid) = (0, !delimiters.is_empty());
        for delimiter in delimiters {
            let end = used + delimiter.len();
            match bytes.get_mut(used..end) {
                Some(room) if !delimiter.is_empty() => room.copy_from_slice(delimiter),
                _ => {
                    is_valid = false;
                    break;
                }
            }
            first |= 1 << used;
            last |= 1 << (end - 1);
            longest = delimiter.len().max(longest);
            used = end;
        }
        Table { bytes, first: first.into(), last: last.into(), longest, is_valid }
    }

    /// The bytes of the first delimiter.
    fn first_delimiter(&self) -> &[u8] {
        let last = Places::from(self.last).trailing_zeros() as usize;
        self.bytes.get(..=last).unwrap_or_default()
    }

    /// Those of the places that have this byte.
    #[inline]
    fn with_byte(&self, places: Places, byte: u8) -> Places {
        members(places)
            .filter(|place| self.bytes.get(*place as usize) == Some(&byte))
            .fold(0, |places, place| places | 1 << place)
    }

    /// The place where the delimiter begins that has this place.
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn first_of(&self, place: u32) -> u32 {
        let up_to = Places::from(self.first) & (Places::MAX >> (Places::BITS - 1 - place));
        Places::BITS - 1 - up_to.leading_zeros()
    }

    /// Which bytes delimiters begin with.
    fn firsts(&self) -> [bool; 256] {
        let mut set = [false; 256];
        for byte in members(self.first.into()).filter_map(|place| self.bytes.get(place as usize)) {
            if let Some(is_first) = set.get_mut(usize::from(*byte)) {
                *is_first = true;
            }
        }
        set
    }

    /// How many bytes there are before one that a delimiter begins with.
    #[inline]
    fn find_first(&self, bytes: &[u8]) -> usize {
        let mut firsts =
            members(self.first.into()).filter_map(|place| self.bytes.get(place as usize));
        let at = match (firsts.next(), firsts.next(), firsts.next(), firsts.next()) {
            (Some(a), None, ..) => memchr(*a, bytes),
            // Where code has to be loaded, there is one for all of them.
            _ if cfg!(target_family = "wasm") => {
                let set = self.firsts();
                bytes.iter().position(|byte| set.get(usize::from(*byte)) == Some(&true))
            }
            (Some(a), Some(b), None, _) => memchr2(*a, *b, bytes),
            (Some(a), Some(b), Some(c), None) => memchr3(*a, *b, *c, bytes),
            _ => bytes.iter().position(|byte| self.with_byte(self.first.into(), *byte) != 0),
        };
        at.unwrap_or(bytes.len())
    }
}

/// The places in a set, from the first to the last.
#[inline]
fn members(mut places: Places) -> impl Iterator<Item = u32> {
    core::iter::from_fn(move || {
        let place = places.trailing_zeros();
        places &= places.wrapping_sub(1);
        (place < Places::BITS).then_some(place)
    })
}
