//! Messages whose length stands in front of them.

use super::{Cut, Rule, Scan};
use crate::error::Kind;
use crate::limits::MAX_ENVELOPE_ON_STREAM;

/// Which byte of a length comes first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Order {
    /// The most significant byte comes first.
    #[default]
    Big,
    /// The least significant byte comes first.
    Little,
}

impl Order {
    /// The order that is called so: `big` or `little`.
    pub fn from_name(name: &str) -> Option<Order> {
        match name {
            "big" => Some(Order::Big),
            "little" => Some(Order::Little),
            _ => None,
        }
    }
}

/// Frames with a length in their header, with the settings of Netty's decoder.
///
/// ```
/// use tipwire::stream::{LengthField, Splitter};
///
/// // Four bytes of something, one byte of length, then three that the length does not count.
/// let rule = LengthField::new().offset(4).length(1).adjustment(3).strip(5);
/// let mut splitter = Splitter::new(rule, [0; 128])?;
/// let mut input = &b"0000\x11SN-002default25.7\0\0\0"[..];
/// assert_eq!(splitter.next(&mut input), Some(Ok(&b"SN-002default25.7\0\0\0"[..])));
/// # Ok::<(), tipwire::Kind>(())
/// ```
#[derive(Clone, Debug)]
pub struct LengthField {
    order: Order,
    max: usize,
    offset: usize,
    length: usize,
    adjustment: i64,
    strip: usize,
    seen: usize,
    /// The field as far as it was seen.
    field: u64,
    /// How long the frame is, once that is known.
    frame: Option<usize>,
    /// Bytes of a frame that goes away.
    skip: u64,
}

impl LengthField {
    /// Frames of at most 128 bytes that begin with two bytes of length, the highest first.
    pub const fn new() -> LengthField {
        LengthField {
            order: Order::Big,
            max: 128,
            offset: 0,
            length: 2,
            adjustment: 0,
            strip: 0,
            seen: 0,
            field: 0,
            frame: None,
            skip: 0,
        }
    }

    /// Which byte of the length comes first.
    #[must_use]
    pub const fn order(mut self, order: Order) -> LengthField {
        self.order = order;
        self
    }

    /// Frames of at most so many bytes: all of them, before anything is stripped.
    #[must_use]
    pub const fn max(mut self, bytes: usize) -> LengthField {
        self.max = bytes;
        self
    }

    /// How many bytes there are before the length.
    #[must_use]
    pub const fn offset(mut self, bytes: usize) -> LengthField {
        self.offset = bytes;
        self
    }

    /// How many bytes the length has: 1, 2, 3, 4 or 8.
    #[must_use]
    pub const fn length(mut self, bytes: usize) -> LengthField {
        self.length = bytes;
        self
    }

    /// What has to be added to the length to get the number of bytes after it.
    #[must_use]
    pub const fn adjustment(mut self, bytes: i64) -> LengthField {
        self.adjustment = bytes;
        self
    }

    /// How many bytes are taken off the front of a frame.
    #[must_use]
    pub const fn strip(mut self, bytes: usize) -> LengthField {
        self.strip = bytes;
        self
    }

    /// The number of bytes before what the length counts.
    const fn header(&self) -> usize {
        self.offset.saturating_add(self.length)
    }

    /// Goes on by one byte of the header.
    fn add(&mut self, byte: u8) {
        if let Some(place) = self.seen.checked_sub(self.offset) {
            self.field = match self.order {
                Order::Big => self.field << 8 | u64::from(byte),
                Order::Little => self.field | u64::from(byte) << (8 * place),
            };
        }
        self.seen += 1;
    }

    /// How long the frame is that has this header; or why it goes away.
    fn measure(&mut self) -> Result<usize, Cut> {
        let header = self.header();
        // Wide enough for whatever the field and the settings are.
        let length = i128::from(self.field);
        let after = length + i128::from(self.adjustment);
        if length > i128::from(i64::MAX) || after < 0 {
            self.reset();
            return Err(Cut::error(header, Kind::Corrupt));
        }
        match usize::try_from(after).ok().and_then(|after| after.checked_add(header)) {
            Some(frame) if frame <= self.max => Ok(frame),
            _ => {
                self.reset();
                self.skip = u64::try_from(after).unwrap_or(u64::MAX);
                Err(Cut::error(header, Kind::TooLong))
            }
        }
    }

    /// Whether a frame goes away of which not all has come.
    pub(super) const fn is_skipping(&self) -> bool {
        self.skip > 0
    }

    fn skip(&mut self, bytes: &[u8]) -> Cut {
        match usize::try_from(self.skip) {
            Ok(skip) if skip <= bytes.len() => {
                self.skip = 0;
                Cut::skip(skip)
            }
            _ => {
                self.skip -= bytes.len() as u64;
                Cut::skip(bytes.len())
            }
        }
    }
}

impl Default for LengthField {
    fn default() -> LengthField {
        LengthField::new()
    }
}

impl Rule for LengthField {
    fn capacity(&self) -> usize {
        self.max
    }

    fn pending(&self) -> usize {
        self.seen
    }

    fn reset(&mut self) {
        (self.seen, self.field, self.frame, self.skip) = (0, 0, None, 0);
    }
}

impl Scan for LengthField {
    fn check(&self) -> Result<(), Kind> {
        let has_header = self.offset.checked_add(self.length).is_some_and(|end| end <= self.max);
        let most = self.header() as u128 + u128::try_from(self.adjustment).unwrap_or(0);
        if matches!(self.length, 1..=4 | 8) && has_header && self.strip as u128 <= most {
            Ok(())
        } else {
            Err(Kind::InvalidSettings)
        }
    }

    #[inline]
    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        if self.is_skipping() {
            return Some(self.skip(bytes));
        }
        let mut rest = bytes;
        let frame = if let Some(frame) = self.frame {
            frame
        } else {
            while self.seen < self.header() {
                let (&byte, after) = rest.split_first()?;
                self.add(byte);
                rest = after;
            }
            match self.measure() {
                Ok(frame) => *self.frame.insert(frame),
                Err(cut) => return Some(cut),
            }
        };
        if rest.len() < frame - self.seen {
            self.seen += rest.len();
            return None;
        }
        let strip = self.strip;
        self.reset();
        Some(Cut::message(frame, strip..frame))
    }

    #[inline]
    fn seen(&self) -> usize {
        self.seen
    }

    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        // What is stripped is written again: the length where it stands, and zeros.
        let counted = self.strip as i128 + message.len() as i128;
        let field = counted - self.header() as i128 - i128::from(self.adjustment);
        let has_room = field >> (8 * self.length) == 0;
        if self.strip > self.max || self.strip > self.offset && !has_room {
            // No frame is so long, or the field cannot tell it.
            return;
        }
        for at in 0..self.strip {
            let byte = match at.checked_sub(self.offset) {
                Some(place) if place < self.length => {
                    let from_low = match self.order {
                        Order::Big => self.length - 1 - place,
                        Order::Little => place,
                    };
                    #[allow(clippy::cast_possible_truncation, reason = "one byte of many")]
                    #[allow(clippy::cast_sign_loss, reason = "it is not negative")]
                    let byte = (field >> (8 * from_low)) as u8;
                    byte
                }
                _ => 0,
            };
            put(&[byte]);
        }
        put(message);
    }
}

/// Messages that two bytes of length stand before, as TagoTiP/S has them on TCP.
#[derive(Clone, Debug)]
pub struct LengthPrefixed(LengthField);

impl LengthPrefixed {
    /// Messages of at most 16,421 bytes: the longest envelope.
    pub const fn new() -> LengthPrefixed {
        LengthPrefixed(LengthField::new().strip(PREFIX)).max(MAX_ENVELOPE_ON_STREAM)
    }

    /// Messages of at most so many bytes, their length not counted.
    #[must_use]
    pub const fn max(self, bytes: usize) -> LengthPrefixed {
        LengthPrefixed(self.0.max(bytes.saturating_add(PREFIX)))
    }
}

impl Default for LengthPrefixed {
    fn default() -> LengthPrefixed {
        LengthPrefixed::new()
    }
}

impl Rule for LengthPrefixed {
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn pending(&self) -> usize {
        self.0.pending()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

impl Scan for LengthPrefixed {
    fn check(&self) -> Result<(), Kind> {
        self.0.check()
    }

    #[inline]
    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        self.0.scan(bytes)
    }

    #[inline]
    fn seen(&self) -> usize {
        self.0.seen()
    }

    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        self.0.unit(message, put);
    }
}

const PREFIX: usize = 2;
