//! Blocks of 16 bytes, as ciphers and authenticators take them.

// Numbers are split into their halves.
#![allow(clippy::cast_possible_truncation)]
// Without AES there is less to do with blocks.
#![cfg_attr(
    not(any(
        feature = "aes-128-ccm",
        feature = "aes-128-gcm",
        feature = "aes-256-ccm",
        feature = "aes-256-gcm",
    )),
    allow(unused)
)]

use subtle::ConstantTimeEq;

pub(super) type Block = [u8; 16];

/// Whether code is to be small rather than fast.
const IS_SMALL: bool = cfg!(any(tipwire_small, target_family = "wasm"));

#[cfg_attr(not(tipwire_small), inline(always))]
pub(super) fn xor(a: Block, b: Block) -> Block {
    (u128::from_ne_bytes(a) ^ u128::from_ne_bytes(b)).to_ne_bytes()
}

/// Up to 16 bytes, then zeros.
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
#[cfg_attr(target_family = "wasm", inline(never))]
pub(super) fn padded(bytes: &[u8]) -> Block {
    if IS_SMALL {
        let mut block = [0; 16];
        block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        return block;
    }
    // Two parts that overlap: that is over before a call of `memcpy` would have begun.
    if let (Some(start), Some(end)) = (bytes.first_chunk::<8>(), bytes.last_chunk()) {
        let end = u128::from(u64::from_le_bytes(*end)) << (8 * (bytes.len() - 8)).min(64);
        return (u128::from(u64::from_le_bytes(*start)) | end).to_le_bytes();
    }
    let few = if let (Some(start), Some(end)) = (bytes.first_chunk::<4>(), bytes.last_chunk()) {
        let end = u64::from(u32::from_le_bytes(*end)) << (8 * (bytes.len() - 4));
        u64::from(u32::from_le_bytes(*start)) | end
    } else {
        bytes.iter().rev().fold(0, |few, &byte| few << 8 | u64::from(byte))
    };
    u128::from(few).to_le_bytes()
}

/// Writes as many bytes of a block as there is room for.
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
#[cfg_attr(target_family = "wasm", inline(never))]
pub(super) fn store(block: Block, target: &mut [u8]) {
    if IS_SMALL {
        target.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        return;
    }
    let number = u128::from_le_bytes(block);
    let length = target.len();
    if let Some(end) = target.last_chunk_mut::<8>() {
        *end = ((number >> (8 * (length - 8)).min(64)) as u64).to_le_bytes();
        if let Some(start) = target.first_chunk_mut() {
            *start = (number as u64).to_le_bytes();
        }
    } else if let Some(end) = target.last_chunk_mut::<4>() {
        *end = ((number as u64 >> (8 * (length - 4))) as u32).to_le_bytes();
        if let Some(start) = target.first_chunk_mut() {
            *start = (number as u32).to_le_bytes();
        }
    } else {
        let mut few = number as u32;
        for to in target {
            *to = few as u8;
            few >>= 8;
        }
    }
}

/// The first bytes of a block, then zeros.
pub(super) fn shortened(block: Block, length: usize) -> Block {
    if IS_SMALL {
        return padded(block.get(..length).unwrap_or_default());
    }
    let gone = 8 * (16 - length.min(16)) as u32;
    (u128::from_le_bytes(block) & u128::MAX.checked_shr(gone).unwrap_or(0)).to_le_bytes()
}

/// Whether bytes are the same, compared in constant time.
pub(super) fn is_same(ours: &[u8], theirs: &[u8]) -> bool {
    if ours.len() != theirs.len() {
        return false;
    }
    if IS_SMALL {
        let pairs = ours.iter().zip(theirs);
        return pairs.fold(0, |difference, (a, b)| difference | (a ^ b)).ct_eq(&0).into();
    }
    let ends = |bytes: &[u8]| Some((*bytes.first_chunk::<8>()?, *bytes.last_chunk::<8>()?));
    if ours.len() <= 16
        && let (Some((a, b)), Some((c, d))) = (ends(ours), ends(theirs))
    {
        // Two parts that may overlap are all there is.
        let [a, b, c, d] = [a, b, c, d].map(u64::from_ne_bytes);
        return ((a ^ c) | (b ^ d)).ct_eq(&0).into();
    }
    let ((ours, our_rest), (theirs, their_rest)) = (ours.as_chunks(), theirs.as_chunks());
    let rests = u128::from_ne_bytes(xor(padded(our_rest), padded(their_rest)));
    let difference = ours.iter().zip(theirs).fold(rests, |difference, (ours, theirs)| {
        difference | u128::from_ne_bytes(xor(*ours, *theirs))
    });
    (difference as u64 | (difference >> 64) as u64).ct_eq(&0).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_block_are_read_written_and_cut() {
        let whole: Block = core::array::from_fn(|at| at as u8 + 1);
        for length in 0..=16 {
            let mut expected = [0; 16];
            expected[..length].copy_from_slice(&whole[..length]);
            assert_eq!(padded(&whole[..length]), expected);
            assert_eq!(shortened(whole, length), expected);
            let mut written = [0; 16];
            store(whole, &mut written[..length]);
            assert_eq!(written, expected);
        }
    }
}
