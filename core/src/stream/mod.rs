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
//! [`Kind::TooLong`] and [`Kind::Corrupt`] are events among the messages. Each is reported once;
//! then the splitter drops bytes up to the next boundary and goes on. Settings that can never work
//! are refused with [`Kind::InvalidSettings`] when the splitter is made.

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
    use super::{Any, Lines, Splitter, TagoTip};

    #[test]
    fn a_splitter_is_small_and_aligned_as_any_memory_is() {
        assert!(size_of::<Splitter<Lines, &mut [u8]>>() <= 64);
        assert!(size_of::<Splitter<TagoTip, &mut [u8]>>() <= 192);
        assert!(size_of::<Splitter<Any, &mut [u8]>>() <= 320);
        assert!(align_of::<Splitter<Any, &mut [u8]>>() <= 8);
    }
}
