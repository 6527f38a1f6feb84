//! Messages that are JSON objects and arrays.

use super::{Cut, Rule, Scan, size};
use crate::error::Kind;
use crate::scan::memchr2;

/// Objects and arrays, one after the other, with white space or nothing between them.
///
/// Brackets are counted and strings are respected; nothing else is checked. That is for whoever
/// reads the JSON.
#[derive(Clone, Debug)]
pub struct Json {
    max: usize,
    seen: usize,
    /// Open brackets; none are between values.
    depth: u64,
    in_string: bool,
    /// The last byte seen is a backslash that escapes the next one.
    escaped: bool,
    /// The value was too long; the rest of it goes away. Or what goes away is no value.
    dropping: bool,
}

impl Json {
    /// Values of at most a mebibyte.
    pub const fn new() -> Json {
        Json {
            max: size(1 << 20),
            seen: 0,
            depth: 0,
            in_string: false,
            escaped: false,
            dropping: false,
        }
    }

    /// Values of at most so many bytes.
    #[must_use]
    pub const fn max(mut self, bytes: usize) -> Json {
        self.max = bytes;
        self
    }

    /// Before a value: white space and what is none of it. `None` where a value begins.
    fn between(&mut self, bytes: &[u8]) -> Option<Cut> {
        let space = bytes.iter().take_while(|byte| is_space(**byte)).count();
        match bytes.get(space) {
            Some(b'{' | b'[') if space == 0 => {
                self.dropping = false;
                None
            }
            None | Some(b'{' | b'[') => Some(Cut::skip(space)),
            Some(_) => {
                let length = memchr2(b'{', b'[', bytes).unwrap_or(bytes.len());
                if self.dropping {
                    return Some(Cut::skip(length));
                }
                self.dropping = true;
                Some(Cut::error(length, Kind::Corrupt))
            }
        }
    }

    /// Goes through a value; its length among `bytes` if it ends there.
    fn value(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if !self.in_string {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth -= 1,
                    _ => {}
                }
                if self.depth == 0 {
                    return Some(bytes.len() - rest.len());
                }
            } else if self.escaped {
                self.escaped = false;
            } else {
                match byte {
                    b'"' => self.in_string = false,
                    b'\\' => self.escaped = true,
                    _ => {
                        let plain = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                        rest = rest.get(plain..).unwrap_or_default();
                    }
                }
            }
        }
        None
    }
}

impl Default for Json {
    fn default() -> Json {
        Json::new()
    }
}

impl Rule for Json {
    fn capacity(&self) -> usize {
        self.max.saturating_add(1)
    }

    fn pending(&self) -> usize {
        self.seen
    }

    fn reset(&mut self) {
        *self = Json::new().max(self.max);
    }
}

impl Scan for Json {
    fn check(&self) -> Result<(), Kind> {
        Ok(())
    }

    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        if self.depth == 0
            && let Some(cut) = self.between(bytes)
        {
            return Some(cut);
        }
        if self.dropping {
            let end = self.value(bytes);
            self.dropping = end.is_none();
            return Some(Cut::skip(end.unwrap_or(bytes.len())));
        }
        // One byte more than the longest value decides.
        let near = bytes.get(..self.capacity() - self.seen).unwrap_or(bytes);
        let end = self.value(near);
        let length = self.seen + end.unwrap_or(near.len());
        if length > self.max {
            self.seen = 0;
            self.dropping = end.is_none();
            return Some(Cut::error(length, Kind::TooLong));
        }
        self.seen = if end.is_some() { 0 } else { length };
        end.map(|_| Cut::message(length, 0..length))
    }

    fn seen(&self) -> usize {
        self.seen
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0x09..=0x0d | 0x1c..=0x1f | b' ')
}
