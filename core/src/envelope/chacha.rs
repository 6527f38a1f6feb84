//! ChaCha20-Poly1305 for what telemetry is: short. The `chacha20` crate makes the key stream; the
//! one-time authenticator is here, as that of the `poly1305` crate prepares for long messages at
//! first, which takes ten times as long as a short one. Long ones go to the `chacha20poly1305` crate,
//! which is also the oracle in tests.

use aead::KeyInit;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use chacha20poly1305::ChaCha20Poly1305;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::envelope::cipher::{Aead, Message};
use crate::envelope::refuse;
use crate::error::{Error, Kind};

/// From this length on the crate is faster, where it has vectors to work with.
const LONG: usize =
    if cfg!(any(target_arch = "x86", target_arch = "x86_64")) { 2048 } else { usize::MAX };

/// Most bytes of key stream that are made at once. The first block of them is the authenticator's.
const STREAM: usize = 4 * BLOCK;
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
        if message.text.len() >= LONG {
            return Aead::encrypt(&self.for_long(), message);
        }
        let Message { nonce, header, text, tag } = message;
        let mut stream = Stream::new(&self.key, nonce, text.len())?;
        stream.apply(text);
        tag.copy_from_slice(&stream.tag(header, text));
        Ok(())
    }

    fn decrypt(&self, message: Message<'_>) -> Result<(), Error> {
        if message.text.len() >= LONG {
            return Aead::decrypt(&self.for_long(), message);
        }
        let Message { nonce, header, text, tag } = message;
        let mut stream = Stream::new(&self.key, nonce, text.len())?;
        if !bool::from(stream.tag(header, text).ct_eq(tag)) {
            return Err(refuse(Kind::AuthFailed));
        }
        stream.apply(text);
        Ok(())
    }
}

impl ChaCha {
    fn for_long(&self) -> ChaCha20Poly1305 {
        KeyInit::new(&self.key.into())
    }
}

/// The key stream of a message: its start, and what makes the rest.
struct Stream {
    start: [u8; STREAM],
    rest: ChaCha20,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.start.zeroize();
    }
}

impl Stream {
    fn new(key: &[u8; 32], nonce: &[u8], length: usize) -> Result<Stream, Error> {
        let nonce = nonce.try_into().map_err(|_| refuse(Kind::AuthFailed))?;
        let mut rest = ChaCha20::new(key.into(), nonce);
        let mut start = [0; STREAM];
        // Vectors make four blocks as fast as one.
        let is_wide = cfg!(target_pointer_width = "64");
        let used = if is_wide { STREAM } else { BLOCK + length.next_multiple_of(BLOCK) };
        rest.apply_keystream(start.get_mut(..used.min(STREAM)).unwrap_or_default());
        Ok(Stream { start, rest })
    }

    /// Encrypts or decrypts.
    fn apply(&mut self, text: &mut [u8]) {
        let start = self.start.get(BLOCK..).unwrap_or_default();
        text.iter_mut().zip(start).for_each(|(byte, with)| *byte ^= with);
        if let Some(more) = text.get_mut(start.len()..) {
            self.rest.apply_keystream(more);
        }
    }

    /// The tag of a text that is encrypted.
    fn tag(&self, header: &[u8], text: &[u8]) -> [u8; 16] {
        let mut poly = Poly1305::new(self.start.first_chunk().unwrap_or(&[0; 32]));
        poly.update_padded(header);
        poly.update_padded(text);
        let lengths = header.len() as u128 | (text.len() as u128) << 64;
        poly.update(lengths.to_le_bytes());
        poly.finish()
    }
}

/// The authenticator: a polynomial modulo 2¹³⁰ - 5, in limbs of 26 bits, whose products fit 64 bits
/// five times. Nothing branches on them.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Poly1305 {
    point: [u64; 5],
    sum: [u64; 5],
    mask: u128,
}

const LIMB: u64 = (1 << 26) - 1;

impl Poly1305 {
    fn new(key: &[u8; 32]) -> Poly1305 {
        let (point, mask) = key.split_at(16);
        let number = |bytes: &[u8]| u128::from_le_bytes(bytes.try_into().unwrap_or_default());
        let point = number(point) & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;
        Poly1305 { point: limbs(point), sum: [0; 5], mask: number(mask) }
    }

    /// Takes bytes, and zeros up to a whole block.
    fn update_padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            self.update(*block);
        }
        if !rest.is_empty() {
            let mut block = [0; 16];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.update(block);
        }
    }

    /// Adds a block, and multiplies by the point.
    fn update(&mut self, block: [u8; 16]) {
        let [p0, p1, p2, p3, p4] = self.point;
        let [s0, s1, s2, s3, s4] = self.sum;
        let [b0, b1, b2, b3, b4] = limbs(u128::from_le_bytes(block));
        let [s0, s1, s2, s3, s4] = [s0 + b0, s1 + b1, s2 + b2, s3 + b3, s4 + b4 + (1 << 24)];
        // What is over 2¹³⁰ counts five times.
        let [q1, q2, q3, q4] = [5 * p1, 5 * p2, 5 * p3, 5 * p4];
        self.sum = carry([
            s0 * p0 + s1 * q4 + s2 * q3 + s3 * q2 + s4 * q1,
            s0 * p1 + s1 * p0 + s2 * q4 + s3 * q3 + s4 * q2,
            s0 * p2 + s1 * p1 + s2 * p0 + s3 * q4 + s4 * q3,
            s0 * p3 + s1 * p2 + s2 * p1 + s3 * p0 + s4 * q4,
            s0 * p4 + s1 * p3 + s2 * p2 + s3 * p1 + s4 * p0,
        ]);
    }

    fn finish(&self) -> [u8; 16] {
        // The carry out of the lowest limb may go on once more, and again.
        let sum = carry(carry(self.sum));
        // The sum less the modulus: whether there is a carry over 2¹³⁰ tells which one it is.
        let [r0, r1, r2, r3, r4] = sum;
        let mut less = [r0 + 5, r1, r2, r3, r4];
        let mut over = 0;
        for limb in &mut less {
            *limb += over;
            over = *limb >> 26;
            *limb &= LIMB;
        }
        let keep = over.wrapping_sub(1);
        let mut all = 0_u128;
        for (at, (limb, less)) in sum.into_iter().zip(less).enumerate() {
            all = all.wrapping_add(u128::from((limb & keep) | (less & !keep)) << (26 * at));
        }
        all.wrapping_add(self.mask).to_le_bytes()
    }
}

fn limbs(number: u128) -> [u64; 5] {
    let limb = |at: u32| {
        let low = (number >> (26 * at)) & u128::from(LIMB);
        u64::try_from(low).unwrap_or_default()
    };
    [limb(0), limb(1), limb(2), limb(3), limb(4)]
}

/// Brings limbs back to 26 bits, but for a little in the second one.
fn carry(limbs: [u64; 5]) -> [u64; 5] {
    let [mut l0, mut l1, mut l2, mut l3, mut l4] = limbs;
    l1 += l0 >> 26;
    l2 += l1 >> 26;
    l3 += l2 >> 26;
    l4 += l3 >> 26;
    l0 = (l0 & LIMB) + 5 * (l4 >> 26);
    l1 = (l1 & LIMB) + (l0 >> 26);
    [l0 & LIMB, l1, l2 & LIMB, l3 & LIMB, l4 & LIMB]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_of_text_and_header_gives_what_the_crate_gives() {
        let mut seed = 7_u64;
        let mut bytes = |count: usize| -> Vec<u8> {
            let next = |_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            };
            (0..count).map(next).collect()
        };
        for length in (0..if cfg!(miri) { 40 } else { 700 }).chain([2047, 2048, 16_384]) {
            let (key, nonce) = (bytes(32), bytes(12));
            let (header, text) = (bytes(length % 53), bytes(length));
            let ours = <ChaCha as Aead>::new(&key).unwrap();
            let oracle = <ChaCha20Poly1305 as Aead>::new(&key).unwrap();
            let run = |text: &mut Vec<u8>, tag: &mut [u8; 16], which: usize| {
                let message = Message { nonce: &nonce, header: &header, text, tag };
                match which {
                    0 => oracle.encrypt(message),
                    1 => ours.encrypt(message),
                    _ => ours.decrypt(message),
                }
            };
            let (mut theirs, mut expected) = (text.clone(), [0; 16]);
            run(&mut theirs, &mut expected, 0).unwrap();
            let (mut made, mut tag) = (text.clone(), [0; 16]);
            run(&mut made, &mut tag, 1).unwrap();
            assert!((&made, tag) == (&theirs, expected), "{length} bytes");

            let bit = length % 128;
            tag[bit / 8] ^= 1 << (bit % 8);
            run(&mut made, &mut tag, 2).unwrap_err();
            assert!(made == theirs, "what fails to open stays as it was");
            tag[bit / 8] ^= 1 << (bit % 8);
            run(&mut made, &mut tag, 2).unwrap();
            assert!(made == text, "{length} bytes");
        }
    }

    #[test]
    fn sums_around_the_modulus_are_reduced() {
        // With the point 1 the sum is that of the blocks, each with a one above.
        let tag = |blocks: &[u128]| {
            let mut key = [0; 32];
            key[0] = 1;
            let mut poly = Poly1305::new(&key);
            for block in blocks {
                poly.update(block.to_le_bytes());
            }
            u128::from_le_bytes(poly.finish())
        };
        // Three ones above and 2¹²⁸ - 5 are the modulus.
        let start = u128::MAX - 9;
        for n in 0..10 {
            let expected = if n < 5 { start + n } else { n - 5 };
            assert_eq!(tag(&[start, 0, n]), expected, "{n}");
        }
    }
}
