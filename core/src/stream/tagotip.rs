//! TagoTiP on TCP: text or envelopes, told apart by the first byte.

use super::{Cut, LengthPrefixed, Lines, Rule, Scan};
use crate::error::Kind;
use crate::limits::{MAX_ENVELOPE_ON_STREAM, MAX_FRAME};

/// Lines, or length-prefixed messages: the first byte of the stream decides.
///
/// A length of what can be an envelope begins with a byte from 0x00 to 0x40. Anything else is text.
#[derive(Clone, Debug)]
pub struct TagoTip {
    mode: Option<Mode>,
    lines: Lines,
    envelopes: LengthPrefixed,
}

/// What a connection carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Text frames, one per line.
    Text,
    /// TagoTiP/S envelopes and plain answers, each after two bytes of length.
    Envelopes,
}

impl TagoTip {
    /// Lines of at most 16,384 bytes, or messages of at most 16,421.
    pub const fn new() -> TagoTip {
        TagoTip { mode: None, lines: Lines::new(), envelopes: LengthPrefixed::new() }
    }

    /// Only messages for which a buffer of so many bytes is enough.
    ///
    /// ```
    /// use tipwire::stream::{Splitter, TagoTip};
    ///
    /// let splitter = Splitter::new(TagoTip::within(512), [0; 512])?;
    /// # Ok::<(), tipwire::Kind>(())
    /// ```
    #[must_use]
    pub const fn within(bytes: usize) -> TagoTip {
        // Both have two bytes besides the message: CR and LF, or the length.
        let most = bytes.saturating_sub(2);
        let text = if most < MAX_FRAME { most } else { MAX_FRAME };
        let envelope = if most < MAX_ENVELOPE_ON_STREAM { most } else { MAX_ENVELOPE_ON_STREAM };
        TagoTip {
            mode: None,
            lines: Lines::new().max(text),
            envelopes: LengthPrefixed::new().max(envelope),
        }
    }

    /// What the stream carries; `None` before its first byte.
    pub const fn mode(&self) -> Option<Mode> {
        self.mode
    }
}

impl Mode {
    /// What a stream carries that begins with this byte.
    pub const fn of(first: u8) -> Mode {
        if first <= 0x40 { Mode::Envelopes } else { Mode::Text }
    }
}

impl Default for TagoTip {
    fn default() -> TagoTip {
        TagoTip::new()
    }
}

impl Rule for TagoTip {
    fn capacity(&self) -> usize {
        self.lines.capacity().max(self.envelopes.capacity())
    }

    fn pending(&self) -> usize {
        // Only one of them has ever seen anything.
        self.lines.pending() + self.envelopes.pending()
    }

    fn reset(&mut self) {
        self.mode = None;
        self.lines.reset();
        self.envelopes.reset();
    }
}

impl Scan for TagoTip {
    fn check(&self) -> Result<(), Kind> {
        Ok(())
    }

    #[inline]
    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        let mode = match (self.mode, bytes.first()) {
            (Some(mode), _) => mode,
            (None, first) => *self.mode.insert(Mode::of(*first?)),
        };
        match mode {
            Mode::Text => self.lines.scan(bytes),
            Mode::Envelopes => self.envelopes.scan(bytes),
        }
    }

    #[inline]
    fn seen(&self) -> usize {
        self.lines.seen() + self.envelopes.seen()
    }

    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        let by_message = || message.first().map_or(Mode::Text, |first| Mode::of(*first));
        match self.mode.unwrap_or_else(by_message) {
            Mode::Text => self.lines.unit(message, put),
            Mode::Envelopes => self.envelopes.unit(message, put),
        }
    }
}
