//! The counter of what is sealed under one key.

use crate::error::Kind;

/// One past the last number.
const END: u64 = 1 << 32;

/// Gives numbers that are never given again under one key: strictly increasing, up to `0xffffffff`,
/// and then none.
///
/// Whoever seals keeps the next number where it survives a crash. To write it less often, reserve
/// several: store what [`reserve`](Counter::reserve) returns, and resume from that.
///
/// ```
/// use tipwire::Counter;
///
/// let mut flash = 0; // what was stored, 0 on a new device
/// let mut counter = Counter::resume(flash);
/// flash = counter.reserve(100); // to be written before the first of them is used
/// assert_eq!((counter.take()?, counter.take()?), (0, 1));
/// // A crash: 2 to 99 are lost, and none is used twice.
/// let mut counter = Counter::resume(flash);
/// assert_eq!(counter.take()?, 100);
/// # Ok::<(), tipwire::Kind>(())
/// ```
#[derive(Debug)]
pub struct Counter {
    next: u64,
    /// What has been reserved ends before this; everything, if nothing ever was.
    end: u64,
}

impl Counter {
    /// Goes on with the number `next`; 2³² (or more) says that none is left.
    pub const fn resume(next: u64) -> Counter {
        Counter { next: if next < END { next } else { END }, end: END }
    }

    /// The number that is given next; 2³² if none is left. To be stored where no numbers are
    /// reserved.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// How many numbers are left of those reserved, or of all where none are.
    pub const fn left(&self) -> u64 {
        self.end - self.next
    }

    /// Reserves the next `count` numbers, and gives the number to store before any of them is used.
    ///
    /// From the first call on, only reserved numbers are given.
    pub const fn reserve(&mut self, count: u32) -> u64 {
        let end = self.next + count as u64;
        self.end = if end < END { end } else { END };
        self.end
    }

    /// The next number: fails with [`Kind::CounterExhausted`] or [`Kind::CounterUnreserved`].
    pub fn take(&mut self) -> Result<u32, Kind> {
        let number = u32::try_from(self.next).map_err(|_| Kind::CounterExhausted)?;
        if self.next >= self.end {
            return Err(Kind::CounterUnreserved);
        }
        self.next += 1;
        Ok(number)
    }
}
