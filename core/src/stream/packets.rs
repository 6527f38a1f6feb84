//! ThingsPanel's packets.

use super::{Cut, LengthField, Rule, Scan};
use crate::error::Kind;
use crate::limits::{MAX_PACKET_PAYLOAD, PACKET_HEADER};
use crate::platform::thingspanel::{LENGTH_AT, LENGTH_BYTES};
use crate::scan::memchr;

/// Packets as ThingsPanel has them: `TP`, type, command, four bytes of length, payload. A message
/// is the whole packet.
#[derive(Clone, Debug)]
pub struct Packets {
    /// Cuts what begins with `TP`.
    packet: LengthField,
    /// What goes away is no packet.
    hunting: bool,
}

impl Packets {
    /// Packets with at most 16,376 bytes of payload.
    pub const fn new() -> Packets {
        let packet = LengthField::new().offset(LENGTH_AT).length(LENGTH_BYTES);
        Packets { packet, hunting: false }.max(MAX_PACKET_PAYLOAD)
    }

    /// Packets with at most so many bytes of payload.
    #[must_use]
    pub const fn max(mut self, bytes: usize) -> Packets {
        self.packet = self.packet.max(bytes.saturating_add(PACKET_HEADER));
        self
    }

    /// So many bytes are no packet.
    fn discard(&mut self, bytes: usize) -> Cut {
        self.packet.reset();
        if self.hunting {
            return Cut::skip(bytes);
        }
        self.hunting = true;
        Cut::error(bytes, Kind::Corrupt)
    }
}

impl Default for Packets {
    fn default() -> Packets {
        Packets::new()
    }
}

impl Rule for Packets {
    fn capacity(&self) -> usize {
        self.packet.capacity()
    }

    fn pending(&self) -> usize {
        self.packet.pending()
    }

    fn reset(&mut self) {
        self.packet.reset();
        self.hunting = false;
    }
}

impl Scan for Packets {
    fn check(&self) -> Result<(), Kind> {
        self.packet.check()
    }

    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        let mut rest = bytes;
        if !self.packet.is_skipping() {
            while self.packet.seen() < 2 {
                let (magic, after) = rest.split_at_checked(1)?;
                match (self.packet.seen(), magic) {
                    (0, b"T") => {}
                    (1, b"P") => self.hunting = false,
                    (0, _) => {
                        return Some(self.discard(memchr(b'T', rest).unwrap_or(rest.len())));
                    }
                    // What follows the `T` may begin a packet itself.
                    _ => return Some(self.discard(1)),
                }
                self.packet.scan(magic);
                rest = after;
            }
        }
        if rest.is_empty() { None } else { self.packet.scan(rest) }
    }

    fn seen(&self) -> usize {
        self.packet.seen()
    }
}
