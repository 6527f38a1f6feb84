//! What a check has seen on its way, so that who takes the same text apart need not look for it again:
//! whether a text has escapes, and where pairs of metadata end. It is noted where registers are wide
//! enough to hold it, and looked for elsewhere.

#[cfg(not(any(target_pointer_width = "64", target_family = "wasm")))]
pub(super) use forgotten::{Ends, Seen};
#[cfg(any(target_pointer_width = "64", target_family = "wasm"))]
pub(super) use noted::{Ends, Seen};

/// The lengths of a key and of the text that belongs to it, and what was seen in that.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) key: usize,
    pub(super) text: usize,
    pub(super) seen: Seen,
}

#[cfg(any(target_pointer_width = "64", target_family = "wasm"))]
mod noted {
    use super::Pair;
    use crate::frame::text::Escapes;
    use crate::limits::MAX_NAME;

    /// Whether there was an escape.
    #[derive(Clone, Copy)]
    pub(in crate::frame) struct Seen(Escapes);

    impl Seen {
        pub(in crate::frame) const NOTHING: Seen = Seen(Escapes::None);

        #[inline(always)]
        pub(in crate::frame) fn note_escape(&mut self) {
            self.0 = Escapes::Some;
        }

        /// Those of the text in which this was seen.
        #[inline(always)]
        pub(in crate::frame) const fn escapes_of(self, _: &str) -> Escapes {
            self.0
        }
    }

    /// The first four pairs, sixteen bits for each, from the lowest on: the length of the key, whether
    /// the text has escapes, its length. All are zero for a text that is longer.
    #[derive(Clone, Copy, Default)]
    pub(in crate::frame) struct Ends(u64);

    const KEY: u64 = 0x7f;
    const _: () = assert!(MAX_NAME as u64 <= KEY);
    const ESCAPES: u64 = 0x80;
    const TEXT: u32 = 8;

    impl Ends {
        pub(in crate::frame) const NONE: Ends = Ends(0);

        /// Notes the pair that comes after so many others.
        #[inline(always)]
        pub(in crate::frame) fn note(&mut self, before: usize, pair: Pair) {
            if before < 4 && pair.text < 256 {
                let escapes = if pair.seen.0 == Escapes::Some { ESCAPES } else { 0 };
                let pair = pair.key as u64 | escapes | (pair.text as u64) << TEXT;
                self.0 |= pair << (16 * before);
            }
        }

        /// The first of those that are left, if it was noted.
        #[inline(always)]
        pub(in crate::frame) fn next(&mut self) -> Option<Pair> {
            let ends = self.0;
            self.0 >>= 16;
            let seen = Seen(if ends & ESCAPES == 0 { Escapes::None } else { Escapes::Some });
            let text = (ends >> TEXT & 0xff) as usize;
            Some(Pair { key: (ends & KEY) as usize, text, seen }).filter(|pair| pair.key > 0)
        }
    }
}

#[cfg(not(any(target_pointer_width = "64", target_family = "wasm")))]
#[expect(clippy::unused_self, reason = "they are called like those that note")]
mod forgotten {
    use super::Pair;
    use crate::cursor::Set;
    use crate::frame::text::Escapes;
    use crate::scan;

    #[derive(Clone, Copy)]
    pub(in crate::frame) struct Seen;

    impl Seen {
        pub(in crate::frame) const NOTHING: Seen = Seen;

        pub(in crate::frame) const fn note_escape(&mut self) {}

        #[inline(always)]
        pub(in crate::frame) fn escapes_of(self, text: &str) -> Escapes {
            let plain = scan::count(text.as_bytes(), Set::Neither(b'\\', b'\\'));
            if plain == text.len() { Escapes::None } else { Escapes::Some }
        }
    }

    #[derive(Clone, Copy, Default)]
    pub(in crate::frame) struct Ends;

    impl Ends {
        pub(in crate::frame) const NONE: Ends = Ends;

        pub(in crate::frame) const fn note(&mut self, _: usize, _: Pair) {}

        pub(in crate::frame) const fn next(&mut self) -> Option<Pair> {
            None
        }
    }
}
