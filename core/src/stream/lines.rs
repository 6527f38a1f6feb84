//! Messages that end with a line feed.

use super::{Cut, Rule, Scan};
use crate::error::Kind;
use crate::limits::MAX_FRAME;
use crate::scan::memchr;

/// Lines: an LF ends a message, and one CR before it belongs to the end.
#[derive(Clone, Debug)]
pub struct Lines {
    max: usize,
    seen: usize,
    /// The last byte seen is a CR.
    after_cr: bool,
    /// The line was too long; the rest of it goes away.
    dropping: bool,
}

impl Lines {
    /// Lines of at most 16,384 bytes.
    pub const fn new() -> Lines {
        Lines { max: MAX_FRAME, seen: 0, after_cr: false, dropping: false }
    }

    /// Lines of at most so many bytes, their ends not counted.
    #[must_use]
    pub const fn max(mut self, bytes: usize) -> Lines {
        self.max = bytes;
        self
    }

    fn drop_through_lf(&mut self, bytes: &[u8]) -> Cut {
        match memchr(b'\n', bytes) {
            Some(at) => {
                self.dropping = false;
                Cut::skip(at + 1)
            }
            None => Cut::skip(bytes.len()),
        }
    }

    /// There is no LF among `bytes`, the last of which is the first that is too much.
    #[cold]
    fn too_long(&mut self, bytes: usize) -> Cut {
        let length = self.seen + bytes;
        self.reset();
        self.dropping = true;
        Cut::error(length, Kind::TooLong)
    }
}

impl Default for Lines {
    fn default() -> Lines {
        Lines::new()
    }
}

impl Rule for Lines {
    fn capacity(&self) -> usize {
        self.max.saturating_add(2)
    }

    fn pending(&self) -> usize {
        self.seen
    }

    fn reset(&mut self) {
        *self = Lines::new().max(self.max);
    }
}

impl Scan for Lines {
    fn check(&self) -> Result<(), Kind> {
        Ok(())
    }

    #[inline]
    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        if self.dropping {
            return Some(self.drop_through_lf(bytes));
        }
        // The LF may come after the longest line and a CR.
        let room = self.capacity() - self.seen;
        let near = bytes.get(..room).unwrap_or(bytes);
        if let Some(at) = memchr(b'\n', near) {
            let end = self.seen + at;
            let is_cr = match at.checked_sub(1) {
                Some(before) => near.get(before) == Some(&b'\r'),
                None => self.after_cr,
            };
            let message = end - usize::from(is_cr);
            if message > self.max {
                // The last byte before the LF is the first that was too much. It ends the same line.
                let cut = self.too_long(at + 1);
                self.dropping = false;
                return Some(cut);
            }
            (self.seen, self.after_cr) = (0, false);
            return Some(Cut::message(end + 1, 0..message));
        }
        let seen = self.seen + near.len();
        let after_cr = near.last().map_or(self.after_cr, |last| *last == b'\r');
        if seen > self.max.saturating_add(usize::from(after_cr)) {
            return Some(self.too_long(near.len()));
        }
        (self.seen, self.after_cr) = (seen, after_cr);
        None
    }

    #[inline]
    fn seen(&self) -> usize {
        self.seen
    }

    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        put(message);
        put(b"\n");
    }
}
