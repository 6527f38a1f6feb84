//! ChaCha20-Poly1305 for what telemetry is: short. The `chacha20` crate makes the key stream; the
//! one-time authenticator is here, as that of the `poly1305` crate prepares for long messages at
//! first, which takes ten times as long as a short one. The `chacha20poly1305` crate is the oracle in
//! tests.

use chacha20::cipher::{Block as StreamBlock, KeyIvInit, StreamCipherCore};
use chacha20::variants::Ietf;
use chacha20::{ChaChaCore, R20};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::envelope::block::{Block, is_same, padded, store};
use crate::envelope::cipher::{Aead, Message, Nonce};
#[cfg(not(target_pointer_width = "64"))]
use crate::envelope::poly1305::Narrow as Poly1305;
#[cfg(target_pointer_width = "64")]
use crate::envelope::poly1305::Wide as Poly1305;
use crate::envelope::refuse;
use crate::error::{Error, Kind};

type Core = ChaChaCore<R20, Ietf>;

/// Blocks of key stream that are made at once. The first of them is the authenticator's.
const START: usize = 4;
const BLOCK: usize = 64;

#[derive(Clone, ZeroizeOnDrop)]
pub(super) struct ChaCha {
    key: [u8; 32],
}

impl Aead for ChaCha {
    fn new(key: &[u8]) -> Option<ChaCha> {
        key.try_into().ok().map(|key| ChaCha { key })
    }

    fn encrypt(&self, message: Message<'_>) -> Result<(), Error> {
        let Message { nonce, header, text, tag } = message;
        let mut stream = Stream::new(&self.key, nonce, text.len())?;
        stream.apply(text);
        store(stream.tag(header, text), tag);
        Ok(())
    }

    fn decrypt(&self, message: Message<'_>) -> Result<(), Error> {
        let Message { nonce, header, text, tag } = message;
        let mut stream = Stream::new(&self.key, nonce, text.len())?;
        if !is_same(&stream.tag(header, text), tag) {
            return Err(refuse(Kind::AuthFailed));
        }
        stream.apply(text);
        Ok(())
    }
}

/// The key stream of a message: its start, and what makes the rest.
struct Stream {
    start: [StreamBlock<Core>; START],
    rest: Core,
}

impl Drop for Stream {
    fn drop(&mut self) {
        StreamBlock::<Core>::slice_as_flattened_mut(&mut self.start).zeroize();
    }
}

impl Stream {
    fn new(key: &[u8; 32], nonce: Nonce, length: usize) -> Result<Stream, Error> {
        let nonce = nonce.bytes().ok_or(refuse(Kind::AuthFailed))?;
        if length as u64 >> 38 != 0 {
            return Err(refuse(Kind::EnvelopeTooLarge));
        }
        let mut rest = Core::new(key.into(), (&nonce).into());
        let mut start = [StreamBlock::<Core>::default(); START];
        // Vectors make four blocks as fast as one.
        let is_wide = cfg!(target_pointer_width = "64");
        let used = if is_wide { START } else { 1 + length.div_ceil(BLOCK) };
        write(&mut rest, start.get_mut(..used.min(START)).unwrap_or_default());
        Ok(Stream { start, rest })
    }

    /// Encrypts or decrypts.
    fn apply(&mut self, text: &mut [u8]) {
        let start = StreamBlock::<Core>::slice_as_flattened(&self.start);
        let start = start.get(BLOCK..).unwrap_or_default();
        mix(text, start);
        let Some(more) = text.get_mut(start.len()..) else { return };
        if cfg!(target_family = "wasm") {
            // By the code that has made the start, over what of it is spent.
            let [_, spent @ ..] = &mut self.start;
            for part in more.chunks_mut(spent.len() * BLOCK) {
                write(&mut self.rest, spent);
                mix(part, StreamBlock::<Core>::slice_as_flattened(spent));
            }
        } else {
            let (blocks, last) = StreamBlock::<Core>::slice_as_chunks_mut(more);
            self.rest.apply_keystream_blocks(blocks);
            if !last.is_empty() {
                let [_, spent, ..] = &mut self.start;
                self.rest.write_keystream_block(spent);
                mix(last, spent);
            }
        }
    }

    /// The tag of a text that is encrypted.
    fn tag(&self, header: &[u8], text: &[u8]) -> Block {
        let [keys, ..] = &self.start;
        let mut poly = Poly1305::new(keys.first_chunk().unwrap_or(&[0; 32]));
        for part in [header, text] {
            let (blocks, rest) = part.as_chunks();
            poly.update(blocks);
            if !rest.is_empty() {
                poly.update(&[padded(rest)]);
            }
        }
        let lengths = header.len() as u128 | (text.len() as u128) << 64;
        poly.update(&[lengths.to_le_bytes()]);
        poly.finish()
    }
}

#[cfg_attr(not(target_family = "wasm"), inline(always))]
#[cfg_attr(target_family = "wasm", inline(never))]
fn write(stream: &mut Core, blocks: &mut [StreamBlock<Core>]) {
    stream.write_keystream_blocks(blocks);
}

fn mix(text: &mut [u8], stream: &[u8]) {
    text.iter_mut().zip(stream).for_each(|(byte, with)| *byte ^= with);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::cipher::oracle::compare;
    use chacha20poly1305::ChaCha20Poly1305;

    #[test]
    fn every_length_of_text_and_header_gives_what_the_crate_gives() {
        let lengths = (0..if cfg!(miri) { 40 } else { 700 }).chain([2047, 2048, 16_384]);
        compare::<ChaCha, ChaCha20Poly1305>([32, 12, 16], lengths);
    }
}
