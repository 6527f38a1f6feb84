//! Bytes that wait to be sent.

use super::wire::Transport;
use crate::error::{BuildError, Kind};
use crate::stream::Buffer;

/// What has been written and may go away from the front, in the caller's buffer.
pub(super) struct Output<B> {
    buffer: B,
    /// Most bytes of it that are used.
    max: usize,
    /// The first bytes are kept for something else.
    head: usize,
    start: usize,
    end: usize,
}

impl<B: Buffer> Output<B> {
    pub(super) fn new(buffer: B, max: usize) -> Output<B> {
        Output { max: max.min(buffer.limit()), buffer, head: 0, start: 0, end: 0 }
    }

    /// Makes what has been written so far the head, which stays.
    pub(super) fn keep_as_head(&mut self) {
        (self.head, self.start) = (self.end, self.end);
    }

    /// What there is after the head.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.bytes().get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Bytes that there will be room for after what there is.
    pub(super) fn room(&self) -> usize {
        self.max.saturating_sub(self.head + self.len())
    }

    /// The first `count` bytes go away.
    pub(super) fn take(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (self.head, self.head);
        }
    }

    /// The `count` bytes after the first `at` go away.
    pub(super) fn remove(&mut self, at: usize, count: usize) {
        let from = self.start.saturating_add(at).min(self.end);
        let to = from.saturating_add(count).min(self.end);
        self.buffer.bytes_mut().copy_within(to..self.end, from);
        self.end -= to - from;
    }

    /// Appends what `write` writes to the front of the bytes it gets after the head, and tells the
    /// length of.
    ///
    /// Where these are too few, it is called again with more of them, as long as there are.
    pub(super) fn append(
        &mut self,
        mut write: impl FnMut(&[u8], &mut [u8]) -> Result<usize, BuildError>,
    ) -> Result<(), BuildError> {
        loop {
            let (head, free) = self.head_and_free();
            match write(head, free) {
                Ok(length) => {
                    self.end += length.min(free.len());
                    return Ok(());
                }
                Err(BuildError { kind: Kind::Buffer, .. }) if self.make_room() => {}
                Err(BuildError { kind: Kind::Buffer, .. }) if self.len() > 0 => {
                    return Err(BuildError::of(Kind::Full));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Appends bytes as they are.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), BuildError> {
        self.append(|_, free| copy(free, 0, bytes))
    }

    fn head_and_free(&mut self) -> (&[u8], &mut [u8]) {
        let max = self.max.min(self.buffer.bytes().len());
        let used = self.buffer.bytes_mut().get_mut(..max).unwrap_or_default();
        let (before, free) = used.split_at_mut_checked(self.end).unwrap_or_default();
        (before.get(..self.head).unwrap_or_default(), free)
    }

    /// Makes more room, unless there cannot be more.
    fn make_room(&mut self) -> bool {
        let shift = self.start - self.head;
        if shift > 0 {
            self.buffer.bytes_mut().copy_within(self.start..self.end, self.head);
            (self.start, self.end) = (self.head, self.end - shift);
            return true;
        }
        // Twice as long as before, so that growing takes linear time.
        let length = self.buffer.bytes().len();
        if length < self.max {
            self.buffer.grow(length.saturating_mul(2).max(SMALLEST).min(self.max));
        }
        self.buffer.bytes().len() > length
    }
}

/// What a buffer that can grow has at first.
const SMALLEST: usize = 256;

/// Copies `bytes` to `target` from `at` on; where they end.
pub(super) fn copy(target: &mut [u8], at: usize, bytes: &[u8]) -> Result<usize, BuildError> {
    let end = at + bytes.len();
    let part = target.get_mut(at..end).ok_or(BuildError::of(Kind::Buffer))?;
    part.copy_from_slice(bytes);
    Ok(end)
}

/// Writes `!seq|` to `target` from `at` on; where it ends.
pub(super) fn write_seq(target: &mut [u8], at: usize, seq: u32) -> Result<usize, BuildError> {
    let mut digits = [0; 10];
    let mut left = seq;
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        first -= 1;
        if left == 0 {
            break;
        }
    }
    let at = copy(target, at, b"!")?;
    let at = copy(target, at, digits.get(first..).unwrap_or_default())?;
    copy(target, at, b"|")
}

/// Writes by `write` to the front of `target`, after the length of what was written if it goes on a
/// stream; how long both are.
pub(super) fn with_length(
    target: &mut [u8],
    transport: Transport,
    write: impl FnOnce(&mut [u8]) -> Result<usize, BuildError>,
) -> Result<usize, BuildError> {
    if transport == Transport::Datagrams {
        return write(target);
    }
    let buffer = BuildError::of(Kind::Buffer);
    let (prefix, rest) = target.split_at_mut_checked(2).ok_or(buffer)?;
    let length = write(rest)?;
    let bytes = u16::try_from(length).map_err(|_| BuildError::of(Kind::TooLarge))?.to_be_bytes();
    prefix.copy_from_slice(&bytes);
    Ok(length + prefix.len())
}
