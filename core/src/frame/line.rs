//! What every writer stands on: somewhere for the bytes to go, and the first error.

use core::hint::cold_path;

use crate::cursor::Class;
use crate::error::{BuildError, Field, Kind};
use crate::frame::number::write_unsigned;
use crate::limits::MAX_FRAME;
use crate::scan;

/// Where a writer puts its bytes: made from `&mut [u8]`, and with `alloc` from `&mut Vec<u8>` (to
/// append) and from a `String` (to be given back filled).
pub trait Sink: sealed::Sink {
    /// What finishing gives: the bytes written, or the `String`.
    type Done;

    #[doc(hidden)]
    fn done(self) -> Result<Self::Done, Kind>;
}

/// What a [`Sink`] can be made from.
pub trait IntoSink {
    /// The sink it makes.
    type Sink: Sink;

    #[doc(hidden)]
    fn into_sink(self) -> Self::Sink;
}

pub(crate) mod sealed {
    pub trait Sink: Sized {
        /// What has been written.
        fn written(&mut self) -> &mut [u8];
        fn len(&self) -> usize;
        /// Adds bytes, unless they do not fit.
        fn append(&mut self, bytes: &[u8]) -> bool;
        /// Forgets what was written after the first `length` bytes.
        fn truncate(&mut self, length: usize);
        /// The sink itself, leaving one that takes nothing.
        #[must_use]
        fn take(&mut self) -> Self;
    }
}

/// A sink over the caller's buffer, from its front.
#[derive(Debug)]
pub struct Slice<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> Sink for Slice<'b> {
    type Done = &'b [u8];

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn done(self) -> Result<&'b [u8], Kind> {
        self.buffer.get(..self.length).ok_or(Kind::Buffer)
    }
}

impl sealed::Sink for Slice<'_> {
    fn written(&mut self) -> &mut [u8] {
        self.buffer.get_mut(..self.length).unwrap_or_default()
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn len(&self) -> usize {
        self.length
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    fn append(&mut self, bytes: &[u8]) -> bool {
        let end = self.length + bytes.len();
        let Some(target) = self.buffer.get_mut(self.length..end) else {
            return false;
        };
        scan::copy(bytes, target);
        self.length = end;
        true
    }

    fn truncate(&mut self, length: usize) {
        self.length = length;
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn take(&mut self) -> Self {
        let length = core::mem::take(&mut self.length);
        Slice { buffer: core::mem::take(&mut self.buffer), length }
    }
}

impl<'b> IntoSink for &'b mut [u8] {
    type Sink = Slice<'b>;

    fn into_sink(self) -> Slice<'b> {
        Slice { buffer: self, length: 0 }
    }
}

impl<'b, const N: usize> IntoSink for &'b mut [u8; N] {
    type Sink = Slice<'b>;

    fn into_sink(self) -> Slice<'b> {
        Slice { buffer: self, length: 0 }
    }
}

/// A sink that takes only what it expects, and is finished only when it got all of it.
#[derive(Debug)]
pub(crate) struct Comparing<I> {
    expected: Option<I>,
    length: usize,
}

impl<I: Iterator<Item = Result<char, ()>>> Sink for Comparing<I> {
    type Done = ();

    fn done(mut self) -> Result<(), Kind> {
        match self.expected.as_mut().and_then(Iterator::next) {
            None => Ok(()),
            Some(_) => Err(Kind::Buffer),
        }
    }
}

impl<I: Iterator<Item = Result<char, ()>>> sealed::Sink for Comparing<I> {
    fn written(&mut self) -> &mut [u8] {
        &mut []
    }

    fn len(&self) -> usize {
        self.length
    }

    fn append(&mut self, bytes: &[u8]) -> bool {
        self.length += bytes.len();
        let Some(expected) = &mut self.expected else { return false };
        bytes.iter().all(|&byte| expected.next() == Some(Ok(char::from(byte))))
    }

    fn truncate(&mut self, _: usize) {}

    fn take(&mut self) -> Self {
        Comparing { expected: self.expected.take(), length: self.length }
    }
}

impl<I: Iterator<Item = Result<char, ()>>> Line<Comparing<I>> {
    /// A line that fails unless what is written is this ASCII text.
    pub(crate) fn comparing(expected: I) -> Line<Comparing<I>> {
        Line::over(Comparing { expected: Some(expected), length: 0 })
    }
}

#[cfg(feature = "alloc")]
mod owned {
    use super::{IntoSink, Kind, Sink, sealed};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// A sink that appends to a vector. What was written is taken back unless it is finished.
    #[derive(Debug)]
    pub struct Append<'v> {
        vec: Option<&'v mut Vec<u8>>,
        start: usize,
    }

    impl<'v> Sink for Append<'v> {
        type Done = &'v [u8];

        fn done(mut self) -> Result<&'v [u8], Kind> {
            let vec = self.vec.take().ok_or(Kind::Buffer)?;
            vec.get(self.start..).ok_or(Kind::Buffer)
        }
    }

    impl Drop for Append<'_> {
        fn drop(&mut self) {
            if let Some(vec) = self.vec.take() {
                vec.truncate(self.start);
            }
        }
    }

    impl sealed::Sink for Append<'_> {
        fn written(&mut self) -> &mut [u8] {
            let start = self.start;
            self.vec.as_mut().and_then(|vec| vec.get_mut(start..)).unwrap_or_default()
        }

        #[inline]
        fn len(&self) -> usize {
            self.vec.as_ref().map_or(0, |vec| vec.len() - self.start)
        }

        #[inline]
        fn append(&mut self, bytes: &[u8]) -> bool {
            self.vec.as_mut().map(|vec| vec.extend_from_slice(bytes)).is_some()
        }

        fn truncate(&mut self, length: usize) {
            if let Some(vec) = &mut self.vec {
                vec.truncate(self.start + length);
            }
        }

        fn take(&mut self) -> Self {
            Append { vec: self.vec.take(), start: self.start }
        }
    }

    impl<'v> IntoSink for &'v mut Vec<u8> {
        type Sink = Append<'v>;

        fn into_sink(self) -> Append<'v> {
            Append { start: self.len(), vec: Some(self) }
        }
    }

    /// A sink that fills a string.
    #[derive(Debug)]
    pub struct Owned(Vec<u8>);

    impl Sink for Owned {
        type Done = String;

        fn done(self) -> Result<String, Kind> {
            String::from_utf8(self.0).map_err(|_| Kind::Utf8)
        }
    }

    impl sealed::Sink for Owned {
        fn written(&mut self) -> &mut [u8] {
            &mut self.0
        }

        #[inline]
        fn len(&self) -> usize {
            self.0.len()
        }

        #[inline]
        fn append(&mut self, bytes: &[u8]) -> bool {
            self.0.extend_from_slice(bytes);
            true
        }

        fn truncate(&mut self, length: usize) {
            self.0.truncate(length);
        }

        fn take(&mut self) -> Self {
            Owned(core::mem::take(&mut self.0))
        }
    }

    impl IntoSink for String {
        type Sink = Owned;

        fn into_sink(self) -> Owned {
            let mut bytes = self.into_bytes();
            bytes.clear();
            Owned(bytes)
        }
    }
}

#[cfg(feature = "alloc")]
pub use owned::{Append, Owned};

/// A frame being written. The first error sticks, and nothing is written after it.
#[derive(Debug)]
pub struct Line<S> {
    sink: S,
    error: Option<BuildError>,
    /// What is being written, for errors.
    point: Option<u32>,
    field: Option<Field>,
    seq: Seq,
}

/// The sequence counter of a frame, which may be given after its head is written.
#[derive(Clone, Copy, Debug)]
enum Seq {
    /// This frame has none.
    Never,
    /// It would stand here.
    At(usize),
    Given,
}

#[inline(never)]
fn reverse(mut bytes: &mut [u8]) {
    while let [first, rest @ .., last] = bytes {
        core::mem::swap(first, last);
        bytes = rest;
    }
}

impl<S: Sink> Line<S> {
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn new(sink: impl IntoSink<Sink = S>) -> Line<S> {
        Line::over(sink.into_sink())
    }

    fn over(sink: S) -> Line<S> {
        Line { sink, error: None, point: None, field: None, seq: Seq::Never }
    }

    /// From here on errors are those of this field.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn field(&mut self, field: Field) {
        self.field = Some(field);
    }

    /// From here on errors are those of this data point, and of no field yet.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn point(&mut self, point: u32) {
        self.point = Some(point);
        self.field = None;
    }

    /// Where a line is written without a call it stays in registers: a call that may change it would
    /// keep it in memory.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(any(tipwire_small, target_family = "wasm"), cold, inline(never))]
    pub(crate) fn fail(&mut self, kind: Kind) {
        cold_path();
        let (point, field) = (self.point, self.field);
        self.error.get_or_insert(BuildError { kind, point, field });
    }

    /// Fails as a whole, not at a data point or field.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(any(tipwire_small, target_family = "wasm"), cold, inline(never))]
    pub(crate) fn fail_whole(&mut self, kind: Kind) {
        cold_path();
        self.error.get_or_insert(BuildError::of(kind));
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn check(&mut self, outcome: Result<(), Kind>) {
        if let Err(kind) = outcome {
            self.fail(kind);
        }
    }

    /// The bytes written.
    pub(crate) fn written(&mut self) -> &mut [u8] {
        self.sink.written()
    }

    /// How many bytes are written.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn len(&self) -> usize {
        self.sink.len()
    }

    /// Writes bytes. After an error this does no harm: nothing of it is handed out.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        if !self.sink.append(bytes) {
            self.fail_whole(Kind::Buffer);
        }
    }

    /// The same with bytes that are known before: to copy those takes no more than to know where to.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn put_mark<const N: usize>(&mut self, mark: &[u8; N]) {
        if cfg!(tipwire_small) {
            return self.put(mark);
        }
        if !self.sink.append(mark) {
            self.fail_whole(Kind::Buffer);
        }
    }

    /// Writes 1 to `max` bytes of `class`.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn put_word(
        &mut self,
        word: &str,
        class: Class,
        max: usize,
        empty: Kind,
        long: Kind,
    ) {
        if word.is_empty() || !scan::is_all(word.as_bytes(), class) {
            self.fail(empty);
        } else if word.len() > max {
            self.fail(long);
        } else {
            self.put(word.as_bytes());
        }
    }

    /// Moves what was written last, from `start` on, to `to`.
    pub(crate) fn move_back(&mut self, start: usize, to: usize) {
        if let Some(tail) = self.sink.written().get_mut(to..) {
            let stays = start - to;
            let (stay, moved) = tail.split_at_mut_checked(stays).unwrap_or_default();
            if cfg!(target_family = "wasm")
                && let Some(copy) = [0; 16].get_mut(..moved.len())
            {
                // A sequence counter.
                copy.copy_from_slice(moved);
                let length = stay.len();
                tail.copy_within(..length, copy.len());
                if let Some(front) = tail.get_mut(..copy.len()) {
                    front.copy_from_slice(copy);
                }
            } else if cfg!(any(tipwire_small, target_family = "wasm")) {
                // Three times backwards is forwards, and less code than what does it in one go.
                reverse(stay);
                reverse(moved);
                reverse(tail);
            } else {
                let moved = tail.len().saturating_sub(stays);
                tail.rotate_right(moved);
            }
        }
    }

    /// What went wrong so far.
    pub(crate) fn error(&self) -> Option<BuildError> {
        self.error
    }

    /// Forgets what was written after the first `length` bytes, and what went wrong there.
    pub(crate) fn go_back(&mut self, length: usize) {
        self.sink.truncate(length);
        self.error = None;
    }

    /// A sequence counter belongs here, if one is given later.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn allow_seq(&mut self) {
        self.seq = Seq::At(self.len());
    }

    /// Writes `!seq|` where it belongs.
    pub(crate) fn insert_seq(&mut self, seq: u32) {
        self.field(Field::Seq);
        match self.seq {
            Seq::At(at) => {
                self.seq = Seq::Given;
                let end = self.len();
                self.put_mark(b"!");
                write_unsigned(self, seq.into());
                self.put_mark(b"|");
                self.move_back(end, at);
            }
            Seq::Given => self.fail(Kind::Repeated),
            Seq::Never => self.fail(Kind::Misplaced),
        }
    }

    /// The bytes written, unless something went wrong. Nothing can be written afterwards.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn finish(&mut self) -> Result<S::Done, BuildError> {
        self.end(false)
    }

    /// The same, perhaps with a line feed at the end.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn end(&mut self, with_feed: bool) -> Result<S::Done, BuildError> {
        if self.len() > MAX_FRAME {
            self.fail_whole(Kind::TooLarge);
        }
        if with_feed {
            self.put_mark(b"\n");
        }
        let sink = self.sink.take();
        if let Some(error) = self.error {
            return Err(error);
        }
        self.error = Some(BuildError::of(Kind::Misplaced));
        sink.done().map_err(BuildError::of)
    }

    /// The line itself, leaving one that can only fail.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn take(&mut self) -> Line<S> {
        let taken = Line { sink: self.sink.take(), ..*self };
        // No call: where nothing is written any more, nothing of this is left.
        self.error.get_or_insert(BuildError::of(Kind::Misplaced));
        taken
    }
}
