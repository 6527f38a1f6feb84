//! The rules as codecs of `tokio_util`.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::Rule;
use super::join::reads_as;
use crate::error::Kind;

/// A [`Rule`] for [`Framed`](tokio_util::codec::Framed): messages come out without a copy, and
/// errors come out among them, as the stream goes on after them.
///
/// A stream that ends within a message ends with [`io::ErrorKind::UnexpectedEof`]. A message that
/// would not read as itself is not written, which is [`io::ErrorKind::InvalidInput`] with the
/// [`Kind`] inside.
///
/// ```
/// use bytes::BytesMut;
/// use tipwire::stream::{Codec, Lines};
/// use tokio_util::codec::{Decoder, Encoder};
///
/// let mut codec = Codec::new(Lines::new().max(16))?;
/// let mut bytes = BytesMut::from("PING|far too long for this\nACK|PONG\n");
/// assert_eq!(codec.decode(&mut bytes)?, Some(Err(tipwire::Kind::TooLong)));
/// assert_eq!(codec.decode(&mut bytes)?.unwrap()?, "ACK|PONG");
/// codec.encode("ACK|OK|2", &mut bytes)?;
/// assert_eq!(bytes, "ACK|OK|2\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Codec<R> {
    rule: R,
}

impl<R: Rule> Codec<R> {
    /// A codec for a new stream. Settings that can never work are [`Kind::InvalidSettings`].
    pub fn new(rule: R) -> Result<Codec<R>, Kind> {
        rule.check()?;
        Ok(Codec { rule })
    }

    /// The rule, for what it has found out.
    pub const fn rule(&self) -> &R {
        &self.rule
    }
}

impl<R: Rule> Decoder for Codec<R> {
    type Item = Result<Bytes, Kind>;
    type Error = io::Error;

    fn decode(&mut self, source: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        loop {
            let cut = match source.get(self.rule.seen()..) {
                None | Some([]) => None,
                Some(fresh) => self.rule.scan(fresh),
            };
            let Some(cut) = cut else { return Ok(None) };
            match cut.event {
                None => source.advance(cut.length),
                Some(Err(kind)) => {
                    source.advance(cut.length);
                    return Ok(Some(Err(kind)));
                }
                Some(Ok(part)) => {
                    return Ok(Some(Ok(source.split_to(cut.length).freeze().slice(part))));
                }
            }
        }
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        let event = self.decode(source)?;
        let pending = self.rule.pending();
        if event.is_some() || pending == 0 {
            return Ok(event);
        }
        self.rule.reset();
        source.clear();
        let what = format!("the stream ended within a message, after {pending} bytes of it");
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, what))
    }
}

impl<R: Rule + Clone, M: AsRef<[u8]>> Encoder<M> for Codec<R> {
    type Error = io::Error;

    fn encode(&mut self, message: M, target: &mut BytesMut) -> io::Result<()> {
        let (message, start) = (message.as_ref(), target.len());
        self.rule.unit(message, &mut |part| target.extend_from_slice(part));
        let unit = target.get(start..).unwrap_or_default();
        reads_as(&self.rule, unit, message).map_err(|kind| {
            target.truncate(start);
            io::Error::new(io::ErrorKind::InvalidInput, kind)
        })
    }
}
