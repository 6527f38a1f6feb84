//! Several texts that go over as one.

use crate::lanes::{units_of_eight, units_of_one};

/// Texts one after the other; JavaScript knows how many UTF-16 units each of them has.
pub struct Texts<'t>(pub &'t str);

impl<'t> Texts<'t> {
    /// The next one.
    #[cfg(feature = "full")]
    #[inline(never)]
    pub fn next(&mut self, units: u32) -> &'t str {
        self.take(self.bytes(units as usize))
    }

    /// The next one, of so many bytes.
    #[inline(always)]
    pub fn take(&mut self, bytes: usize) -> &'t str {
        let (text, rest) = self.0.split_at_checked(bytes).unwrap_or_default();
        self.0 = rest;
        text
    }

    /// How many bytes there are in the next so many UTF-16 units.
    #[inline(never)]
    pub fn bytes(&self, mut units: usize) -> usize {
        let mut rest = self.0.as_bytes();
        // The bytes of a character that are left are no units any more.
        while let Some((eight, after)) = rest.split_first_chunk().filter(|_| units >= 8) {
            units = units.saturating_sub(units_of_eight(*eight) as usize);
            rest = after;
        }
        while let Some((byte, after)) = rest.split_first() {
            let more = units_of_one(*byte) as usize;
            if units == 0 && more > 0 {
                break;
            }
            units = units.saturating_sub(more);
            rest = after;
        }
        self.0.len() - rest.len()
    }
}
