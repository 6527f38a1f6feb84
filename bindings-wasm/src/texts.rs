//! Several texts that go over as one.

use crate::build::bytes_of;

/// Texts one after the other; JavaScript knows how many UTF-16 units each of them has.
pub struct Texts<'t>(pub &'t str);

impl<'t> Texts<'t> {
    /// The next one.
    #[inline(never)]
    pub fn next(&mut self, units: u32) -> &'t str {
        let length = bytes_of(self.0, units as usize);
        let (text, rest) = self.0.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        text
    }
}
