//! AES-CCM in one pass, over the blocks of the `aes` crate. The `ccm` crate is its oracle in tests.
//!
//! Each step encrypts two blocks that do not depend on each other: one of the CBC-MAC, which is a
//! chain, and one of the key stream. A processor with AES instructions works on both at once, and
//! software that slices bits does two for the price of one.

use aes::cipher::consts::U16;
use aes::cipher::typenum::Unsigned;
use aes::cipher::{BlockCipherEncBackend, BlockCipherEncrypt, BlockSizeUser, KeyInit, ParBlocks};

use zeroize::Zeroize;

use crate::envelope::block::{Block, is_same, padded, shortened, store, xor};
use crate::envelope::cipher::{Aead, Direction, Message, Nonce};
use crate::envelope::pass::{Called, Pass};
use crate::envelope::refuse;
use crate::error::{Error, Kind};

/// CCM with an expanded key, for nonces and tags of any length that it knows.
#[derive(Clone)]
pub(super) struct Ccm<A>(A);

impl<A: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Aead for Ccm<A> {
    fn new(key: &[u8]) -> Option<Ccm<A>> {
        A::new_from_slice(key).ok().map(Ccm)
    }

    fn encrypt(&self, message: Message<'_>) -> Result<(), Error> {
        let Message { nonce, header, text, tag } = message;
        let mut made = [0; 16];
        self.pass(Direction::Encrypt, nonce, header, text, tag.len(), &mut made)?;
        store(made, tag);
        Ok(())
    }

    fn decrypt(&self, message: Message<'_>) -> Result<(), Error> {
        let Message { nonce, header, text, tag } = message;
        let mut made = [0; 16];
        self.pass(Direction::Decrypt, nonce, header, text, tag.len(), &mut made)?;
        if made.get(..tag.len()).is_some_and(|made| is_same(made, tag)) {
            return Ok(());
        }
        // Only now the tag is known to be wrong: back to what was received.
        self.pass(Direction::Encrypt, nonce, header, text, tag.len(), &mut made)?;
        Err(refuse(Kind::AuthFailed))
    }
}

impl<A: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Ccm<A> {
    /// Transforms a text in place, and gives its tag, of which the first `tag_len` bytes count.
    fn pass(
        &self,
        direction: Direction,
        nonce: Nonce,
        header: &[u8],
        text: &mut [u8],
        tag_len: usize,
        mac: &mut Block,
    ) -> Result<(), Error> {
        // How many bytes counters, and the length of the text, have beside the nonce.
        let width = 15_usize.saturating_sub(nonce.length);
        let has_tag = (4..=16).contains(&tag_len) && tag_len.is_multiple_of(2);
        let is_known = (2..=8).contains(&width) && has_tag;
        // Two bytes are always enough: envelopes are shorter.
        let is_short = header.len() < 0xff00 && u16::try_from(text.len()).is_ok();
        if !is_known || !is_short {
            return Err(refuse(Kind::EnvelopeTooLarge));
        }
        let start = (width as u128 - 1) << 120;
        let counter = start | nonce.block >> 8;
        let flags = (usize::from(!header.is_empty()) << 6) | ((tag_len - 2) / 2) << 3;
        let first = counter | ((flags as u128) << 120) | text.len() as u128;
        let chain = Chain { direction, first, counter, header, text, mac };
        self.0.encrypt_with_backend(Called(chain));
        Ok(())
    }
}

/// A pass over one message.
struct Chain<'m> {
    direction: Direction,
    /// The block that the chain begins with.
    first: u128,
    /// The counter block of the tag. Those of the text follow.
    counter: u128,
    header: &'m [u8],
    text: &'m mut [u8],
    /// Where the tag goes.
    mac: &'m mut Block,
}

impl Pass for Chain<'_> {
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn over<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Chain { direction, first, counter, header, text, mac } = self;
        // A link of the chain is encrypted when the next one joins: together with what hides that.
        let mut chain = first.to_be_bytes();
        if !header.is_empty() {
            let (start, rest) = header.split_at(header.len().min(14));
            // The length stands before it.
            let block = u128::from_be_bytes(padded(start)) >> 16 | (header.len() as u128) << 112;
            chain = xor(encrypt(backend, chain, [0; 16]).0, block.to_be_bytes());
            for chunk in rest.chunks(16) {
                chain = xor(encrypt(backend, chain, [0; 16]).0, padded(chunk));
            }
        }

        let mut steps = Steps { backend, direction, counter };
        let (blocks, rest) = text.as_chunks_mut::<16>();
        for block in blocks {
            (chain, *block) = steps.step(chain, *block, 16);
        }
        if !rest.is_empty() {
            let last;
            (chain, last) = steps.step(chain, padded(rest), rest.len());
            store(last, rest);
        }

        let (chain, mask) = encrypt(backend, chain, counter.to_be_bytes());
        *mac = xor(chain, mask);
    }
}

/// What a pass does to each block of the text.
struct Steps<'b, B> {
    backend: &'b B,
    direction: Direction,
    counter: u128,
}

impl<B: BlockCipherEncBackend<BlockSize = U16>> Steps<'_, B> {
    /// Of a block, after whose `length` bytes there are zeros, and of the chain gives the next.
    #[cfg_attr(not(tipwire_small), inline(always))]
    fn step(&mut self, chain: Block, block: Block, length: usize) -> (Block, Block) {
        self.counter += 1;
        let (chain, stream) = encrypt(self.backend, chain, self.counter.to_be_bytes());
        let changed = shortened(xor(block, stream), length);
        match self.direction {
            Direction::Encrypt => (xor(chain, block), changed),
            Direction::Decrypt => (xor(chain, changed), changed),
        }
    }
}

/// Encrypts two blocks.
#[cfg_attr(not(tipwire_small), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn encrypt<B>(backend: &B, mut a: Block, mut b: Block) -> (Block, Block)
where
    B: BlockCipherEncBackend<BlockSize = U16>,
{
    // Few blocks at a time are bits sliced by software; many are registers to be filled, which is no
    // use for two.
    if (2..=4).contains(&B::ParBlocksSize::USIZE) {
        let mut lanes = ParBlocks::<B>::default();
        if let [first, second, ..] = lanes.as_mut_slice() {
            (first.0, second.0) = (a, b);
        }
        backend.encrypt_par_blocks_inplace(&mut lanes);
        if let [first, second, ..] = lanes.as_slice() {
            (a, b) = (first.0, second.0);
        }
        aes::Block::slice_as_flattened_mut(&mut lanes).zeroize();
    } else {
        backend.encrypt_block_inplace((&mut a).into());
        backend.encrypt_block_inplace((&mut b).into());
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::cipher::oracle::compare;
    use aead::consts::{U4, U7, U8, U12, U13, U16};
    use aes::{Aes128Enc, Aes256Enc};

    #[test]
    fn every_length_of_text_and_header_gives_what_the_ccm_crate_gives() {
        let lengths = || (0..if cfg!(miri) { 40 } else { 300 }).chain([4096, 16_384]);
        compare::<Ccm<Aes128Enc>, ccm::Ccm<Aes128Enc, U8, U13>>([16, 13, 8], lengths());
        compare::<Ccm<Aes256Enc>, ccm::Ccm<Aes256Enc, U8, U13>>([32, 13, 8], lengths());
        compare::<Ccm<Aes128Enc>, ccm::Ccm<Aes128Enc, U16, U12>>([16, 12, 16], lengths());
        compare::<Ccm<Aes256Enc>, ccm::Ccm<Aes256Enc, U4, U7>>([32, 7, 4], lengths());
    }

    #[test]
    fn what_has_no_place_in_the_first_block_is_refused() {
        let ccm = <Ccm<Aes128Enc> as Aead>::new(&[1; 16]).unwrap();
        let refused = |nonce: usize, header: usize, text: usize, tag: usize| {
            let (mut text, mut tag) = (vec![0; text], vec![0; tag]);
            let (nonce, header) = (Nonce::new(&vec![0; nonce]), &vec![0; header][..]);
            ccm.encrypt(Message { nonce, header, text: &mut text, tag: &mut tag }).is_err()
        };
        assert!(!refused(13, 0xfeff, 0xffff, 8));
        assert!(refused(13, 0, 0x1_0000, 8));
        assert!(refused(13, 0xff00, 0, 8));
        assert!(refused(14, 0, 0, 8) && refused(6, 0, 0, 8) && refused(16, 0, 0, 8));
        assert!(refused(13, 0, 0, 2) && refused(13, 0, 0, 9) && refused(13, 0, 0, 18));
    }
}
