//! ThingsPanel's packets: a header of eight bytes and a payload.
//!
//! ```
//! use tipwire::platform::thingspanel::{HEARTBEAT, Packet};
//!
//! let packet = Packet::attributes(br#"{"light": 98, "humidity": 30.0}"#);
//! let mut buffer = [0; 64];
//! let bytes = packet.write(&mut buffer).unwrap();
//! assert_eq!(bytes[..8], *b"TP\x00\x01\x00\x00\x00\x1f");
//! assert_eq!(Packet::parse(bytes)?, packet);
//! assert_eq!(Packet::parse(b"TP\x01\x00\x00\x00\x00\x00")?.kind, HEARTBEAT);
//! # Ok::<(), tipwire::platform::thingspanel::PacketError>(())
//! ```

use core::fmt;

use crate::limits::{MAX_PACKET_PAYLOAD, PACKET_HEADER};

/// The type of packets with a payload.
pub const DATA: u8 = 0;
/// The type of packets that keep a connection alive.
pub const HEARTBEAT: u8 = 1;
/// The command whose payload is an access token.
pub const AUTH: u8 = 0;
/// The command whose payload is a JSON object of attributes.
pub const ATTRIBUTES: u8 = 1;
/// The command whose payload is a JSON object with `method` and `params`.
pub const EVENTS: u8 = 2;

/// One packet. Unknown types and commands are kept as they are: who forwards it decides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// [`DATA`], [`HEARTBEAT`] or another number.
    pub kind: u8,
    /// [`AUTH`], [`ATTRIBUTES`], [`EVENTS`] or another number.
    pub command: u8,
    /// What follows the header.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// The packet that begins a connection.
    pub const fn auth(token: &'a [u8]) -> Packet<'a> {
        Packet { kind: DATA, command: AUTH, payload: token }
    }

    /// A packet of attributes, as JSON.
    pub const fn attributes(json: &'a [u8]) -> Packet<'a> {
        Packet { kind: DATA, command: ATTRIBUTES, payload: json }
    }

    /// A packet of events, as JSON.
    pub const fn events(json: &'a [u8]) -> Packet<'a> {
        Packet { kind: DATA, command: EVENTS, payload: json }
    }

    /// A packet that only keeps the connection alive.
    pub const fn heartbeat() -> Packet<'a> {
        Packet { kind: HEARTBEAT, command: AUTH, payload: &[] }
    }

    /// Reads one whole packet.
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>, PacketError> {
        if !bytes.iter().zip(b"TP").all(|(found, expected)| found == expected) {
            return Err(PacketError::Corrupt);
        }
        let Some((&[_, _, kind, command, a, b, c, d], rest)) =
            bytes.split_first_chunk::<PACKET_HEADER>()
        else {
            return Err(PacketError::TooShort);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d]));
        let length = length.map_err(|_| PacketError::TooLong)?;
        if length > MAX_PACKET_PAYLOAD {
            return Err(PacketError::TooLong);
        }
        match rest.split_at_checked(length) {
            None => Err(PacketError::TooShort),
            Some((payload, [])) => Ok(Packet { kind, command, payload }),
            Some(_) => Err(PacketError::TrailingBytes),
        }
    }

    /// Writes the packet, its length computed; `None` where the buffer or the maximum is too small.
    pub fn write<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let length = self.payload.len();
        if length > MAX_PACKET_PAYLOAD {
            return None;
        }
        let out = buffer.get_mut(..PACKET_HEADER + length)?;
        let (header, payload) = out.split_first_chunk_mut::<PACKET_HEADER>()?;
        let [a, b, c, d] = u32::try_from(length).ok()?.to_be_bytes();
        *header = [b'T', b'P', self.kind, self.command, a, b, c, d];
        payload.copy_from_slice(self.payload);
        Some(out)
    }
}

/// The payload may be a secret.
impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("kind", &self.kind)
            .field("command", &self.command)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Fewer bytes than the header, or than it announces.
    TooShort,
    /// It does not begin with `TP`.
    Corrupt,
    /// It announces more than [`MAX_PACKET_PAYLOAD`] bytes.
    TooLong,
    /// Bytes follow the payload.
    TrailingBytes,
}

impl PacketError {
    /// Its name in every language.
    pub const fn code(self) -> &'static str {
        match self {
            PacketError::TooShort => "too_short",
            PacketError::Corrupt => "corrupt",
            PacketError::TooLong => "too_long",
            PacketError::TrailingBytes => "trailing_bytes",
        }
    }
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PacketError::TooShort => "the packet ends before its payload does",
            PacketError::Corrupt => "a packet begins with TP",
            PacketError::TooLong => "the payload is above the maximum",
            PacketError::TrailingBytes => "expected the end of the packet",
        })
    }
}

impl core::error::Error for PacketError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_packets_are_read_and_written() {
        let token = b"b79f6640-8c11-b7ca-608a-f943bb1e2183";
        let cases: [(Packet<'_>, &[u8]); 3] = [
            (
                Packet::auth(token),
                b"TP\x00\x00\x00\x00\x00\x24b79f6640-8c11-b7ca-608a-f943bb1e2183",
            ),
            (
                Packet::attributes(b"{\"light\": 98, \"humidity\": 30.0}"),
                b"TP\x00\x01\x00\x00\x00\x1f{\"light\": 98, \"humidity\": 30.0}",
            ),
            (Packet::heartbeat(), b"TP\x01\x00\x00\x00\x00\x00"),
        ];
        for (packet, bytes) in cases {
            let mut buffer = [0; 64];
            assert_eq!(packet.write(&mut buffer).as_deref(), Some(bytes));
            assert_eq!(Packet::parse(bytes), Ok(packet));
            for end in 0..bytes.len() {
                assert_eq!(Packet::parse(&bytes[..end]), Err(PacketError::TooShort));
                assert_eq!(packet.write(&mut buffer[..end]), None);
            }
        }
    }

    #[test]
    fn what_is_no_packet_says_why() {
        let parse = |bytes| Packet::parse(bytes).unwrap_err();
        assert_eq!(parse(b"TX"), PacketError::Corrupt);
        assert_eq!(parse(b"TP\x00\x00\x00\x00\x00\x00x"), PacketError::TrailingBytes);
        assert_eq!(parse(b"TP\x00\x00\x00\x00\x3f\xf8"), PacketError::TooShort);
        assert_eq!(parse(b"TP\x00\x00\x00\x00\x3f\xf9"), PacketError::TooLong);
        assert_eq!(parse(b"TP\x00\x00\xff\xff\xff\xff"), PacketError::TooLong);
    }
}
