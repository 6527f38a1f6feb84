//! AES-GCM for what telemetry is: short. The `aes` and `polyval` crates do the work; the `aes-gcm`
//! crate is the oracle in tests.
//!
//! What is encrypted does not depend on each other, so the block that hides the tag goes along with
//! those of the text, and the authenticator gets a short message in one piece: it takes four blocks
//! in little more time than one.

use aes::cipher::consts::U16;
use aes::cipher::typenum::Unsigned;
use aes::cipher::{BlockCipherEncBackend, BlockCipherEncrypt, BlockSizeUser, KeyInit, ParBlocks};
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;
use zeroize::Zeroize;

use crate::envelope::block::{Block, is_same, padded, shortened, store, xor};
use crate::envelope::cipher::{Aead, Message, Nonce};
use crate::envelope::pass::{Called, Pass};
use crate::envelope::refuse;
use crate::error::{Error, Kind};

/// Most bytes that have counters of 32 bits of their own.
const MAX_TEXT: u64 = (1 << 36) - 32;

/// So many blocks are hashed in one piece: of what is telemetry all.
const FEW: usize = if cfg!(tipwire_small) { 4 } else { 12 };

/// So many blocks are hashed at once.
const BATCH: usize = 4;

/// GCM with an expanded key, for nonces of 12 bytes and tags of 16.
#[derive(Clone)]
pub(super) struct Gcm<A> {
    cipher: A,
    hash: Polyval,
}

impl<A: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Aead for Gcm<A> {
    fn new(key: &[u8]) -> Option<Gcm<A>> {
        let cipher = A::new_from_slice(key).ok()?;
        let mut point = polyval::Key::default();
        if cfg!(target_family = "wasm") {
            // By the code that there is for four blocks: what encrypts one is more of it.
            let mask = core::slice::from_mut(&mut point.0);
            let text = &mut [];
            cipher.encrypt_with_backend(Called(Counters { counter: 0, mask, text }));
        } else {
            cipher.encrypt_block(&mut point);
        }
        point.0 = doubled(point.0);
        let hash = Polyval::new(&point);
        point.zeroize();
        Some(Gcm { cipher, hash })
    }

    fn encrypt(&self, message: Message<'_>) -> Result<(), Error> {
        let Message { nonce, header, text, tag } = message;
        let mut mask = [[0; 16]];
        self.apply(nonce, &mut mask, text)?;
        let [mask] = mask;
        store(xor(mask, self.hash(header, text)), tag);
        Ok(())
    }

    fn decrypt(&self, message: Message<'_>) -> Result<(), Error> {
        let Message { nonce, header, text, tag } = message;
        let mut mask = [[0; 16]];
        let hash = if let Some(few) = laid_out(header, text) {
            // That the text is decrypted first leaves time for the blocks to be written.
            self.apply(nonce, &mut mask, text)?;
            self.hash_few(&few)
        } else {
            let hash = self.hash_many(header, text);
            self.apply(nonce, &mut mask, text)?;
            hash
        };
        let [mask] = mask;
        if is_same(&xor(mask, hash), tag) {
            return Ok(());
        }
        // Back to what was received.
        self.apply(nonce, &mut [], text)?;
        Err(refuse(Kind::AuthFailed))
    }
}

impl<A: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Gcm<A> {
    /// Encrypts or decrypts a text, and what hides the tag where that is asked for.
    fn apply(&self, nonce: Nonce, mask: &mut [Block], text: &mut [u8]) -> Result<(), Error> {
        if nonce.length != 12 {
            return Err(refuse(Kind::AuthFailed));
        }
        if text.len() as u64 > MAX_TEXT {
            return Err(refuse(Kind::EnvelopeTooLarge));
        }
        let counter = nonce.block | 1;
        self.cipher.encrypt_with_backend(Called(Counters { counter, mask, text }));
        Ok(())
    }

    /// What a header and an encrypted text hash to.
    fn hash(&self, header: &[u8], text: &[u8]) -> Block {
        match laid_out(header, text) {
            Some(few) => self.hash_few(&few),
            None => self.hash_many(header, text),
        }
    }

    /// The same where it is too much to be laid out.
    fn hash_many(&self, header: &[u8], text: &[u8]) -> Block {
        let mut hash = self.hash.clone();
        if cfg!(target_family = "wasm") {
            // Software hashes one block after the other, and a page loads no more code than it takes.
            for block in header.chunks(16).chain(text.chunks(16)) {
                hash.update(&[reversed(padded(block)).into()]);
            }
            hash.update(&[reversed(lengths(header, text)).into()]);
            return reversed(hash.finalize().0);
        }
        // While some are hashed the next ones are written.
        let (mut ready, mut next) = (&mut Blocks::default(), &mut Blocks::default());
        let mut count = 0;
        for part in header.chunks(16 * FEW).chain(text.chunks(16 * FEW)) {
            put(part, next);
            hash.update(ready.get(..count).unwrap_or_default());
            count = part.len().div_ceil(16);
            core::mem::swap(&mut ready, &mut next);
        }
        hash.update(ready.get(..count).unwrap_or_default());
        hash.update(&[reversed(lengths(header, text)).into()]);
        reversed(hash.finalize().0)
    }

    fn hash_few(&self, (blocks, from): &(Blocks, usize)) -> Block {
        let mut hash = self.hash.clone();
        hash.update(blocks.get(*from..).unwrap_or_default());
        reversed(hash.finalize().0)
    }
}

type Blocks = [polyval::Block; FEW];

/// All that is to be hashed of a short message: the last blocks, from one on that makes batches of
/// them. Zeros before a message change nothing.
fn laid_out(header: &[u8], text: &[u8]) -> Option<(Blocks, usize)> {
    if cfg!(target_family = "wasm") {
        return None;
    }
    let count = header.len().div_ceil(16) + text.len().div_ceil(16) + 1;
    let first = FEW.checked_sub(count)?;
    let mut blocks = Blocks::default();
    let mut places = blocks.get_mut(first..)?;
    places = put(header, places);
    places = put(text, places);
    places.first_mut()?.0 = reversed(lengths(header, text));
    Some((blocks, first / BATCH * BATCH))
}

/// Writes the blocks of a part, the last one with zeros after it, and gives the places after them.
#[inline(always)]
fn put<'p>(part: &[u8], places: &'p mut [polyval::Block]) -> &'p mut [polyval::Block] {
    let (blocks, rest) = part.as_chunks::<16>();
    let (taken, places) = places.split_at_mut_checked(blocks.len()).unwrap_or_default();
    for (place, block) in taken.iter_mut().zip(blocks) {
        place.0 = reversed(*block);
    }
    let (last, places) =
        places.split_at_mut_checked(usize::from(!rest.is_empty())).unwrap_or_default();
    for place in last {
        place.0 = reversed(padded(rest));
    }
    places
}

/// How many bits there are.
fn lengths(header: &[u8], text: &[u8]) -> Block {
    (((8 * header.len() as u128) << 64) | (8 * text.len() as u128)).to_be_bytes()
}

/// GHASH is POLYVAL with the bytes of everything reversed...
fn reversed(block: Block) -> Block {
    u128::from_be_bytes(block).to_le_bytes()
}

/// ...and its key doubled.
fn doubled(point: Block) -> Block {
    let point = u128::from_be_bytes(point);
    let over = point >> 127;
    (point << 1 ^ over ^ over << 127 ^ over << 126 ^ over << 121).to_le_bytes()
}

/// A pass over one message.
struct Counters<'m> {
    /// The counter block of the tag. Those of the text follow.
    counter: u128,
    /// A block of zeros, or none; afterwards what hides the tag.
    mask: &'m mut [Block],
    text: &'m mut [u8],
}

impl Pass for Counters<'_> {
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn over<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Counters { counter, mask, text } = self;
        let width = B::ParBlocksSize::USIZE;
        let (blocks, rest) = text.as_chunks_mut::<16>();
        let mut next = counter + 1;

        let mut batches = blocks.chunks_exact_mut(width);
        let mut lanes = ParBlocks::<B>::default();
        for batch in &mut batches {
            for lane in &mut lanes {
                lane.0 = next.to_be_bytes();
                next += 1;
            }
            backend.encrypt_par_blocks_inplace(&mut lanes);
            for (block, lane) in batch.iter_mut().zip(&lanes) {
                *block = xor(*block, lane.0);
            }
        }

        let blocks = batches.into_remainder();
        let has_batch = next > counter + 1;
        let mut last = padded(rest);
        let has_last = usize::from(!rest.is_empty());
        let last_one = core::slice::from_mut(&mut last).get_mut(..has_last).unwrap_or_default();
        // Few lanes are bits sliced by software. Many are registers to be filled, which is no use for
        // few blocks.
        if width > 4 {
            let apply = |target: &mut Block, counter: u128| {
                let mut lane = counter.to_be_bytes();
                backend.encrypt_block_inplace((&mut lane).into());
                *target = xor(*target, lane);
            };
            for mask in mask {
                apply(mask, counter);
            }
            blocks.iter_mut().chain(last_one).for_each(|block| {
                apply(block, next);
                next += 1;
            });
        } else {
            let mut left = mask.len() + blocks.len() + has_last;
            let mut counters = core::iter::repeat_n(counter, mask.len()).chain(next..);
            let mut targets = mask.iter_mut().chain(blocks).chain(last_one);
            while left > 0 {
                for (lane, counter) in lanes.iter_mut().zip(&mut counters) {
                    lane.0 = counter.to_be_bytes();
                }
                backend.encrypt_par_blocks_inplace(&mut lanes);
                for (lane, target) in lanes.iter().zip(&mut targets) {
                    *target = xor(*target, lane.0);
                }
                left = left.saturating_sub(width);
            }
        }
        store(shortened(last, rest.len()), rest);
        // Key stream: with the envelope it gives the text.
        if has_batch || width <= 4 {
            aes::Block::slice_as_flattened_mut(&mut lanes).zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::cipher::oracle::compare;
    use aead::consts::U12;
    use aes::{Aes128Enc, Aes256Enc};
    use aes_gcm::AesGcm;

    #[test]
    fn every_length_of_text_and_header_gives_what_the_crate_gives() {
        // Around what is laid out, and around whole batches of any processor.
        let lengths = || (0..if cfg!(miri) { 40 } else { 1200 }).chain([4096, 16_384]);
        compare::<Gcm<Aes128Enc>, AesGcm<Aes128Enc, U12>>([16, 12, 16], lengths());
        compare::<Gcm<Aes256Enc>, AesGcm<Aes256Enc, U12>>([32, 12, 16], lengths());
    }
}
