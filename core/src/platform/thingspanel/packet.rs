//! Packets: a header of eight bytes and a payload.

use core::fmt;

use crate::error::{BuildError, Error, Kind};
use crate::frame::{IntoSink, Line, Sink};
use crate::limits::{MAX_PACKET_PAYLOAD, PACKET_HEADER};

/// Where the length stands in the header.
pub(crate) const LENGTH_AT: usize = 4;
/// How many bytes it has, the highest first.
pub(crate) const LENGTH_BYTES: usize = 4;

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
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>, Error> {
        if let Some(at) = bytes.iter().zip(b"TP").position(|(found, expected)| found != expected) {
            return Err(Error::new(Kind::Corrupt, at));
        }
        let too_short = Error::new(Kind::TooShort, bytes.len());
        let Some((&[_, _, kind, command, a, b, c, d], rest)) =
            bytes.split_first_chunk::<PACKET_HEADER>()
        else {
            return Err(too_short);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > MAX_PACKET_PAYLOAD {
            return Err(Error::new(Kind::TooLong, LENGTH_AT));
        }
        match rest.split_at_checked(length) {
            None => Err(too_short),
            Some((payload, [])) => Ok(Packet { kind, command, payload }),
            Some(_) => Err(Error::new(Kind::TrailingBytes, PACKET_HEADER + length)),
        }
    }

    /// Writes the packet, its length computed.
    pub fn write<S: Sink>(&self, sink: impl IntoSink<Sink = S>) -> Result<S::Done, BuildError> {
        let mut out = Line::new(sink);
        match u32::try_from(self.payload.len()) {
            Ok(length) if self.payload.len() <= MAX_PACKET_PAYLOAD => {
                out.put(&[b'T', b'P', self.kind, self.command]);
                out.put(&length.to_be_bytes());
                out.put(self.payload);
            }
            _ => out.fail(Kind::TooLong),
        }
        out.finish()
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
            assert_eq!(packet.write(&mut buffer), Ok(bytes));
            assert_eq!(Packet::parse(bytes), Ok(packet));
            for end in 0..bytes.len() {
                let error = Error::new(Kind::TooShort, end);
                assert_eq!(Packet::parse(&bytes[..end]), Err(error));
                let error = packet.write(&mut buffer[..end]).unwrap_err();
                assert_eq!(error.kind, Kind::Buffer);
            }
        }
    }

    #[test]
    fn what_is_no_packet_says_why_and_where() {
        let parse = |bytes| {
            let error = Packet::parse(bytes).unwrap_err();
            (error.kind, error.at)
        };
        assert_eq!(parse(b"TX"), (Kind::Corrupt, 1));
        assert_eq!(parse(b"PT\x00\x00\x00\x00\x00\x00"), (Kind::Corrupt, 0));
        assert_eq!(parse(b"TP\x00\x00\x00\x00\x00\x00x"), (Kind::TrailingBytes, 8));
        assert_eq!(parse(b"TP\x00\x00\x00\x00\x3f\xf8"), (Kind::TooShort, 8));
        assert_eq!(parse(b"TP\x00\x00\x00\x00\x3f\xf9"), (Kind::TooLong, 4));
        assert_eq!(parse(b"TP\x00\x00\xff\xff\xff\xff"), (Kind::TooLong, 4));
    }

    #[test]
    fn the_longest_packet_is_written_and_no_longer_one() {
        let (mut buffer, payload) = ([0; 16_384], [7; MAX_PACKET_PAYLOAD + 1]);
        let longest = Packet::events(&payload[1..]);
        let bytes = longest.write(&mut buffer).unwrap();
        assert_eq!(bytes.len(), 16_384);
        assert_eq!(Packet::parse(bytes), Ok(longest));
        let error = Packet::events(&payload).write(&mut buffer).unwrap_err();
        assert_eq!(error.kind, Kind::TooLong);
    }

    #[test]
    fn unknown_types_and_commands_are_kept() {
        let packet = Packet { kind: 9, command: 255, payload: b"x" };
        let mut buffer = [0; 16];
        assert_eq!(Packet::parse(packet.write(&mut buffer).unwrap()), Ok(packet));
    }
}
