//! A rule and the buffer for what is unfinished.

use core::ops::Range;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::Rule;
use crate::error::Kind;

/// Where a splitter keeps the beginning of a message until the rest has come.
///
/// Arrays and slices are used as they are. A vector grows as needed, up to the maximum of the rule;
/// its bytes do not matter.
pub trait Buffer {
    /// How long it can get.
    fn limit(&self) -> usize;

    /// What there is of it now.
    fn bytes(&self) -> &[u8];

    /// The same, to be written to.
    fn bytes_mut(&mut self) -> &mut [u8];

    /// Makes it at least so long, which is within the limit.
    fn grow(&mut self, length: usize);
}

impl<const N: usize> Buffer for [u8; N] {
    fn limit(&self) -> usize {
        N
    }

    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn grow(&mut self, _: usize) {}
}

impl Buffer for &mut [u8] {
    fn limit(&self) -> usize {
        self.len()
    }

    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn grow(&mut self, _: usize) {}
}

#[cfg(feature = "alloc")]
impl Buffer for Vec<u8> {
    fn limit(&self) -> usize {
        usize::MAX
    }

    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn grow(&mut self, length: usize) {
        self.reserve_exact(length.saturating_sub(self.len()));
        self.resize(length, 0);
    }
}

/// Cuts a stream into messages by a [`Rule`], keeping what is unfinished in a [`Buffer`].
///
/// See the [module](super) for how it is used.
#[derive(Clone, Debug)]
pub struct Splitter<R, B> {
    rule: R,
    buffer: B,
    /// The bytes that are kept: the current unit's first.
    start: usize,
    end: usize,
}

#[cfg(feature = "alloc")]
impl<R: Rule> Splitter<R, Vec<u8>> {
    /// A splitter with a buffer of its own, which has at most [`Rule::capacity`] bytes.
    pub fn owned(rule: R) -> Result<Self, Kind> {
        Splitter::new(rule, Vec::new())
    }
}

impl<R: Rule, B: Buffer> Splitter<R, B> {
    /// A splitter for a new stream.
    ///
    /// Settings that can never work are [`Kind::InvalidSettings`]. A buffer that cannot hold the
    /// longest message is [`Kind::Buffer`]: it needs [`Rule::capacity`] bytes.
    pub fn new(rule: R, buffer: B) -> Result<Self, Kind> {
        rule.check()?;
        if buffer.limit() < rule.capacity() {
            return Err(Kind::Buffer);
        }
        Ok(Splitter { rule, buffer, start: 0, end: 0 })
    }

    /// The next message or error; `None` when all of `input` has been taken.
    ///
    /// Goes past what it takes of `input`, so that nothing is lost or given twice wherever the
    /// caller stops. The message is a part of the chunk where it can be, else of the buffer.
    #[inline]
    pub fn next<'m, 'i: 'm>(&'m mut self, input: &mut &'i [u8]) -> Option<Result<&'m [u8], Kind>> {
        // Most messages lie within the input.
        if self.start == self.end
            && self.rule.seen() == 0
            && !input.is_empty()
            && let Some(cut) = self.rule.scan(input)
        {
            let (unit, after) = input.split_at_checked(cut.length).unwrap_or((input, &[]));
            *input = after;
            match cut.event {
                Some(Ok(part)) => return Some(Ok(unit.get(part).unwrap_or_default())),
                Some(Err(kind)) => return Some(Err(kind)),
                None => {}
            }
        }
        Some(self.find(input, false)?.map(|found| match found {
            Place::Input(message) => message,
            Place::Buffer(range) => self.buffer.bytes().get(range).unwrap_or_default(),
        }))
    }

    /// The same, with every message in the buffer, where it can be worked on.
    pub(crate) fn next_mut(&mut self, input: &mut &[u8]) -> Option<Result<&mut [u8], Kind>> {
        Some(self.find(input, true)?.map(|found| match found {
            Place::Input(_) => &mut [],
            Place::Buffer(range) => self.buffer.bytes_mut().get_mut(range).unwrap_or_default(),
        }))
    }

    /// Where the next message is; with `copy` always in the buffer.
    #[inline(never)]
    fn find<'i>(&mut self, input: &mut &'i [u8], copy: bool) -> Option<Result<Place<'i>, Kind>> {
        loop {
            // The current unit is what is kept and then the input. Of both, what the rule has seen
            // is not looked at again.
            let kept = self.end - self.start;
            let seen = self.rule.seen();
            let is_kept = seen < kept;
            let fresh = if is_kept {
                self.buffer.bytes().get(self.start + seen..self.end)
            } else {
                input.get(seen - kept..)
            };
            let fresh = fresh.unwrap_or_default();
            let cut = if fresh.is_empty() { None } else { self.rule.scan(fresh) };
            let Some(cut) = cut else {
                if is_kept {
                    continue;
                }
                self.keep(input);
                *input = &[];
                return None;
            };
            let Some(outside) = cut.length.checked_sub(kept) else {
                let start = self.start;
                self.start += cut.length;
                match cut.event {
                    None => continue,
                    Some(Err(kind)) => return Some(Err(kind)),
                    Some(Ok(part)) => {
                        return Some(Ok(Place::Buffer(start + part.start..start + part.end)));
                    }
                }
            };
            let (unit, after) = input.split_at_checked(outside).unwrap_or((input, &[]));
            *input = after;
            let part = match cut.event {
                Some(Ok(part)) => part,
                other => {
                    (self.start, self.end) = (0, 0);
                    match other {
                        Some(Err(kind)) => return Some(Err(kind)),
                        _ => continue,
                    }
                }
            };
            if kept == 0 && !copy {
                return Some(Ok(Place::Input(unit.get(part).unwrap_or_default())));
            }
            // Only what belongs to the message has to join its beginning.
            self.keep(unit.get(..part.end.saturating_sub(kept)).unwrap_or_default());
            let start = self.start;
            (self.start, self.end) = (0, 0);
            return Some(Ok(Place::Buffer(start + part.start..start + part.end)));
        }
    }

    /// The free part of the buffer, never empty once [`next`](Self::next) has returned `None`: for
    /// reading from a socket without a copy.
    ///
    /// ```
    /// use std::io::Read;
    /// use tipwire::stream::{Lines, Splitter};
    ///
    /// let mut socket = &b"one\ntwo\nthree\n"[..];
    /// let mut splitter = Splitter::new(Lines::new().max(6), [0; 8])?;
    /// let mut lines = 0;
    /// loop {
    ///     let count = socket.read(splitter.spare())?;
    ///     if count == 0 {
    ///         break;
    ///     }
    ///     splitter.filled(count);
    ///     while let Some(line) = splitter.next(&mut &[][..]) {
    ///         println!("{}", String::from_utf8_lossy(line?));
    ///         lines += 1;
    ///     }
    /// }
    /// assert_eq!(lines, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spare(&mut self) -> &mut [u8] {
        self.make_room(1);
        self.buffer.bytes_mut().get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes were written to the front of [`spare`](Self::spare), at most all of it.
    pub fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.buffer.bytes().len());
    }

    /// How many bytes of an unfinished message there are: what is lost if the stream ends here.
    ///
    /// Prefix, header and a CR count; white space between values and bytes that are being dropped
    /// do not.
    pub fn pending(&self) -> usize {
        let unseen = (self.end - self.start).saturating_sub(self.rule.seen());
        self.rule.pending() + unseen
    }

    /// The rule, for what it has found out.
    pub const fn rule(&self) -> &R {
        &self.rule
    }

    /// Forgets the stream for a new one with the same settings.
    pub fn reset(&mut self) {
        self.rule.reset();
        (self.start, self.end) = (0, 0);
    }

    /// Puts the beginning of a message aside.
    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.make_room(bytes.len());
        let room = self.buffer.bytes_mut().get_mut(self.end..);
        if let Some(room) = room.and_then(|room| room.get_mut(..bytes.len())) {
            room.copy_from_slice(bytes);
            self.end += bytes.len();
        }
    }

    /// Has so many bytes free after what is kept.
    fn make_room(&mut self, count: usize) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let length = self.buffer.bytes().len();
        if length.saturating_sub(self.end) >= count {
            return;
        }
        // What is moved is the beginning of a message, and is moved only once: it must be cut off
        // before there is again something in front of what is kept.
        if self.start > 0 {
            let bytes = self.buffer.bytes_mut();
            let end = self.end.min(bytes.len());
            bytes.copy_within(self.start.min(end)..end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let needed = self.end.saturating_add(count);
        if needed > length {
            // Twice as long as before, so that growing takes linear time.
            let most = self.rule.capacity().min(self.buffer.limit());
            let twice = length.saturating_mul(2).max(SMALLEST);
            self.buffer.grow(needed.max(twice).min(most));
        }
    }
}

/// Where a message is.
enum Place<'i> {
    Input(&'i [u8]),
    Buffer(Range<usize>),
}

/// What a buffer that can grow has at first.
const SMALLEST: usize = 256;
