//! Cutting a byte stream into messages.
//!
//! TCP and serial lines have no message boundaries. A [`Splitter`] takes bytes as they come and
//! gives messages and errors, in order, and **the same ones however the bytes were chunked**. What
//! a message looks like is said by a [`Rule`]:
//!
//! | rule | boundary |
//! |---|---|
//! | [`Lines`] | LF, or CR LF |
//! | [`Delimiter`] | one of several byte strings |
//! | [`LengthField`] | a length somewhere in a header, as Netty's decoder has it |
//! | [`LengthPrefixed`] | two bytes of length before every message, as TagoTiP/S on TCP |
//! | [`Json`] | the end of an object or array |
//! | [`Packets`] | ThingsPanel's header |
//! | [`TagoTip`] | the first byte of the stream decides: lines, or length-prefixed |
//! | [`Any`] | one of these, chosen at run time |
//!
//! A rule is a few counters and no buffer. What has to be kept until the rest of a message comes
//! goes into the buffer of the splitter: an array, a slice, or, with the feature `alloc`, a vector
//! that grows up to the rule's maximum ([`Splitter::owned`]).
//!
//! ```
//! use tipwire::stream::{Lines, Splitter};
//! use tipwire::{Frame, Kind};
//!
//! let mut splitter = Splitter::new(Lines::new().max(40), [0; 42])?;
//! let mut seen = Vec::new();
//! for chunk in [&b"PING|4deedd7bab8817ec|sen"[..], b"sor-01\r\nPING|4deedd7bab8817ec|s\nPI"] {
//!     let mut input = chunk;
//!     while let Some(event) = splitter.next(&mut input) {
//!         match event {
//!             Ok(line) => seen.push(Frame::parse(line)?.serial.to_owned()),
//!             Err(kind) => println!("{kind}"),
//!         }
//!     }
//! }
//! assert_eq!(seen, ["sensor-01", "s"]);
//! assert_eq!(splitter.pending(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A message that lies wholly within the chunk is a slice of the chunk: nothing of it is copied.
//! Only what is unfinished at the end of a chunk goes into the buffer. Or nothing is copied at all:
//! whoever reads from a socket or a serial line can read [straight into the
//! buffer](Splitter::spare).
//!
//! # Errors
//!
//! [`TooLong`](crate::Kind::TooLong) and [`Corrupt`](crate::Kind::Corrupt) are events among the
//! messages. Each is reported once; then the splitter drops bytes up to the next boundary and goes
//! on. Settings that can never work are refused with
//! [`InvalidSettings`](crate::Kind::InvalidSettings) when the splitter is made.

mod any;
#[cfg(feature = "tokio")]
mod codec;
mod delimiter;
mod join;
mod json;
mod length;
mod lines;
mod packets;
mod rule;
mod splitter;
mod tagotip;

pub use any::{Any, Settings};
#[cfg(feature = "tokio")]
pub use codec::Codec;
pub use delimiter::Delimiter;
pub use join::join;
pub use json::Json;
pub use length::{LengthField, LengthPrefixed, Order};
pub use lines::Lines;
pub use packets::Packets;
pub use rule::Rule;
pub use splitter::{Buffer, Splitter};
pub use tagotip::{Mode, TagoTip};

use rule::size;
pub(crate) use rule::{Cut, Scan};

#[cfg(test)]
mod tests {
    use super::{
        Any, Cut, Delimiter, Json, LengthField, LengthPrefixed, Lines, Packets, Rule, Scan,
        Splitter, TagoTip,
    };
    use crate::error::Kind;

    #[test]
    fn a_splitter_is_small_and_aligned_as_any_memory_is() {
        assert!(size_of::<Splitter<Lines, &mut [u8]>>() <= 64);
        assert!(size_of::<Splitter<TagoTip, &mut [u8]>>() <= 192);
        assert!(size_of::<Splitter<Any, &mut [u8]>>() <= 320);
        assert!(align_of::<Splitter<Any, &mut [u8]>>() <= 8);
    }

    /// A rule that counts the bytes that it is shown.
    struct Counting<R> {
        rule: R,
        shown: usize,
    }

    impl<R: Rule> Rule for Counting<R> {
        fn capacity(&self) -> usize {
            self.rule.capacity()
        }

        fn pending(&self) -> usize {
            self.rule.pending()
        }

        fn reset(&mut self) {
            self.rule.reset();
        }
    }

    impl<R: Rule> Scan for Counting<R> {
        fn check(&self) -> Result<(), Kind> {
            self.rule.check()
        }

        fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
            self.shown += bytes.len();
            self.rule.scan(bytes)
        }

        fn seen(&self) -> usize {
            self.rule.seen()
        }
    }

    /// How many bytes the rule is shown if they come one by one.
    fn shown(rule: impl Rule, input: &[u8]) -> usize {
        let counting = Counting { rule, shown: 0 };
        let mut splitter = Splitter::new(counting, [0; 4096]).unwrap();
        for byte in input {
            let mut input = core::slice::from_ref(byte);
            while splitter.next(&mut input).is_some() {}
        }
        splitter.rule().shown
    }

    #[test]
    fn a_byte_is_looked_at_once_however_the_input_trickles_in() {
        const MAX: usize = LENGTH / 4;
        const LENGTH: usize = if cfg!(miri) { 200 } else { 5000 };
        let cases: [&[u8]; 6] =
            [b"x", b"a\r\n", b"\0\0\x09", b"[\"\\\"\"] ", b"TP\0\0\0\0\0\x02", b"\xff\xffT"];
        for part in cases {
            let mut input = [0; LENGTH];
            input.iter_mut().zip(part.iter().cycle()).for_each(|(to, from)| *to = *from);
            assert_eq!(shown(Lines::new().max(MAX), &input), input.len());
            assert_eq!(shown(Delimiter::default().max(MAX), &input), input.len());
            assert_eq!(shown(Delimiter::new(&[b"\r\n", b"\n"]).max(MAX), &input), input.len());
            assert_eq!(shown(LengthField::new().max(MAX), &input), input.len());
            assert_eq!(shown(LengthPrefixed::new().max(MAX), &input), input.len());
            assert_eq!(shown(Json::new().max(MAX), &input), input.len());
            assert_eq!(shown(TagoTip::within(MAX), &input), input.len());
            // The byte that shows that a `T` begins no packet may begin one itself.
            let again = shown(Packets::new().max(MAX), &input);
            assert!((input.len()..=2 * input.len()).contains(&again));
        }
        // What was waited for and did not come is looked at again: at most a delimiter each time.
        let input = [b'a'; LENGTH];
        let again = shown(Delimiter::new(&[b"aaaab", b"a"]).max(MAX), &input);
        assert!((input.len()..=5 * input.len()).contains(&again), "{again}");
    }
}
