//! Where in a text one is: what is left of it, which stays in registers where there are many; where
//! there are few, an offset, which takes less code.

#[cfg(not(tipwire_small))]
pub(crate) use by_rest::Place;

#[cfg(tipwire_small)]
pub(crate) use by_offset::Place;

#[cfg(not(tipwire_small))]
mod by_rest {
    #[derive(Clone, Copy)]
    pub(crate) struct Place<'a> {
        text: &'a str,
        rest: &'a [u8],
    }

    impl<'a> Place<'a> {
        #[inline(always)]
        pub(crate) const fn new(text: &'a str) -> Place<'a> {
            Place { text, rest: text.as_bytes() }
        }

        #[inline(always)]
        pub(crate) const fn text(&self) -> &'a str {
            self.text
        }

        /// The bytes from here on.
        #[inline(always)]
        pub(crate) const fn rest(&self) -> &'a [u8] {
            self.rest
        }

        /// Goes to where a part of the rest begins that ends with it.
        #[inline(always)]
        pub(crate) const fn go_to(&mut self, rest: &'a [u8]) {
            self.rest = rest;
        }

        /// The offset of the current byte.
        #[inline(always)]
        pub(crate) const fn at(&self) -> usize {
            self.text.len() - self.rest.len()
        }

        /// Goes on to the next byte, if this one is not the end.
        #[inline(always)]
        pub(crate) fn step(&mut self) {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }

        #[inline(always)]
        pub(crate) fn first(&self) -> Option<u8> {
            self.rest.first().copied()
        }
    }
}

#[cfg(tipwire_small)]
mod by_offset {
    #[derive(Clone, Copy)]
    pub(crate) struct Place<'a> {
        text: &'a str,
        at: usize,
    }

    impl<'a> Place<'a> {
        pub(crate) const fn new(text: &'a str) -> Place<'a> {
            Place { text, at: 0 }
        }

        pub(crate) const fn text(&self) -> &'a str {
            self.text
        }

        pub(crate) fn rest(&self) -> &'a [u8] {
            self.text.as_bytes().get(self.at..).unwrap_or_default()
        }

        pub(crate) const fn go_to(&mut self, rest: &'a [u8]) {
            self.at = self.text.len() - rest.len();
        }

        pub(crate) const fn at(&self) -> usize {
            self.at
        }

        /// At the end this goes on, which changes nothing of what is there.
        pub(crate) const fn step(&mut self) {
            self.at += 1;
        }

        pub(crate) fn first(&self) -> Option<u8> {
            self.text.as_bytes().get(self.at).copied()
        }
    }
}
