//! What a rule is to a splitter.

use core::ops::Range;

use crate::error::Kind;

/// Where a stream is cut: what all splitters of this module are.
///
/// The settings of a rule are checked when a [`Splitter`](super::Splitter) is made of it.
pub trait Rule: Scan {
    /// The most bytes that ever have to be kept at once: the length of the buffer that is needed.
    fn capacity(&self) -> usize;

    /// Bytes of what is unfinished. White space and bytes that are being dropped do not count.
    fn pending(&self) -> usize;

    /// Forgets the stream, but not the settings.
    fn reset(&mut self);
}

/// The part of [`Rule`] that is for splitters only: it cannot be named outside of this module.
///
/// A rule looks at each byte as it comes and counts how many it has `seen` of the current unit: a
/// message with its header and delimiter, or a run of bytes to be dropped.
pub trait Scan {
    /// Whether these settings can work.
    fn check(&self) -> Result<(), Kind>;

    /// Looks at the bytes after those it has seen, all that there are or up to the end of the unit.
    fn scan(&mut self, bytes: &[u8]) -> Option<Cut>;

    /// How many bytes of the current unit it has seen.
    fn seen(&self) -> usize;

    /// The unit that carries this message, in parts. Whether it reads as that is seen afterwards.
    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        put(message);
    }
}

/// The end of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The bytes of the unit. The next one begins after them, even if more have been seen.
    pub length: usize,
    /// The message as a part of the unit, an error, or nothing to be said.
    pub event: Option<Result<Range<usize>, Kind>>,
}

impl Cut {
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub const fn message(length: usize, message: Range<usize>) -> Cut {
        Cut { length, event: Some(Ok(message)) }
    }

    pub const fn error(length: usize, kind: Kind) -> Cut {
        Cut { length, event: Some(Err(kind)) }
    }

    pub const fn skip(length: usize) -> Cut {
        Cut { length, event: None }
    }
}

/// A maximum, or the most that can be told where addresses are smaller.
pub(super) const fn size(bytes: u32) -> usize {
    if usize::BITS < u32::BITS { usize::MAX } else { bytes as usize }
}
