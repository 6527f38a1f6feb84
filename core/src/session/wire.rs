//! How messages are told apart, on streams and as datagrams.

use crate::error::Kind;
use crate::limits::{MAX_ENVELOPE_ON_STREAM, MAX_FRAME};
use crate::stream::{Buffer, Cut, Mode, Rule, Scan, Splitter, TagoTip};

/// What carries the messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Transport {
    /// A stream of bytes that keeps their order, such as TCP, TLS or a serial line.
    #[default]
    Stream,
    /// Datagrams, such as UDP: one message each. They get lost, overtake each other and come twice.
    Datagrams,
}

/// The rule by which messages are told apart.
#[derive(Clone, Debug)]
pub(super) enum Wire {
    Stream(TagoTip),
    /// Whole inputs, at most so long.
    Datagrams(usize),
}

impl Wire {
    /// A splitter for messages of at most `max` bytes, or fewer where the buffer is small.
    pub(super) fn splitter<B: Buffer>(
        transport: Transport,
        buffer: B,
        max: usize,
    ) -> Result<Splitter<Wire, B>, Kind> {
        // An envelope is as long as its frame, and a little more.
        let max = if max >= MAX_FRAME { MAX_ENVELOPE_ON_STREAM } else { max };
        let most = max.saturating_add(2).min(buffer.limit());
        let wire = match transport {
            Transport::Stream => Wire::Stream(TagoTip::within(most)),
            Transport::Datagrams => Wire::Datagrams(most),
        };
        Splitter::new(wire, buffer)
    }

    /// What a message that begins with this byte is, where that is not decided yet.
    pub(super) fn mode(&self, first: Option<u8>) -> Mode {
        match (self, first) {
            (Wire::Stream(rule), first) => match (rule.mode(), first) {
                (Some(mode), _) => mode,
                (None, first) => first.map_or(Mode::Text, Mode::of),
            },
            // The flags of an envelope of version 0, but for those that would be an `A`.
            (_, Some(flags)) if matches!(flags & 0b1_1000, 0) && flags != b'A' => Mode::Envelopes,
            _ => Mode::Text,
        }
    }

    /// What the stream was found to carry.
    pub(super) fn decided(&self) -> Option<Mode> {
        match self {
            Wire::Stream(rule) => rule.mode(),
            Wire::Datagrams(_) => None,
        }
    }
}

impl Rule for Wire {
    fn capacity(&self) -> usize {
        match self {
            Wire::Stream(rule) => rule.capacity(),
            Wire::Datagrams(max) => *max,
        }
    }

    fn pending(&self) -> usize {
        match self {
            Wire::Stream(rule) => rule.pending(),
            Wire::Datagrams(_) => 0,
        }
    }

    fn reset(&mut self) {
        if let Wire::Stream(rule) = self {
            rule.reset();
        }
    }
}

impl Scan for Wire {
    fn check(&self) -> Result<(), Kind> {
        Ok(())
    }

    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        match self {
            Wire::Stream(rule) => rule.scan(bytes),
            Wire::Datagrams(max) if bytes.len() > *max => {
                Some(Cut::error(bytes.len(), Kind::TooLong))
            }
            Wire::Datagrams(_) => Some(Cut::message(bytes.len(), 0..bytes.len())),
        }
    }

    fn seen(&self) -> usize {
        match self {
            Wire::Stream(rule) => rule.seen(),
            Wire::Datagrams(_) => 0,
        }
    }
}

/// A text frame in parts, around the place of its counter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    /// The method or `ACK`, and the `|` after it.
    pub(super) head: &'a [u8],
    /// The counter, where there is one that can be read.
    pub(super) seq: Option<u32>,
    /// What follows the counter and its `|`, without the line ending.
    pub(super) rest: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes a frame apart: one that was read, or something like it.
    pub(super) fn of(line: &'a [u8]) -> Parts<'a> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (head, after) = cut(line);
        let Some(after_mark) = after.strip_prefix(b"!") else {
            return Parts { head, seq: None, rest: after };
        };
        let (digits, rest) = cut(after_mark);
        let text = core::str::from_utf8(digits).unwrap_or_default();
        Parts { head, seq: text.strip_suffix('|').and_then(|text| text.parse().ok()), rest }
    }
}

/// What stands up to the first `|`, that included, and after it.
fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'|').map_or(bytes.len(), |at| at + 1);
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}
