//! The authenticator of ChaCha20-Poly1305: a polynomial modulo 2¹³⁰ - 5, of which each block is a
//! coefficient, at a secret point; and a mask. Nothing branches on secrets.
//!
//! Processors differ in what they multiply at once, so there are two: of limbs whose products fit 64
//! bits, and of limbs whose products fit 128.

// Numbers are split into their halves.
#![allow(clippy::cast_possible_truncation)]

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::envelope::block::Block;

/// In two limbs of 64 bits and one of few.
#[cfg(any(test, target_pointer_width = "64"))]
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Wide {
    point: [u64; 2],
    /// The lower 128 bits, and the others.
    sum: (u128, u64),
    mask: u128,
}

#[cfg(any(test, target_pointer_width = "64"))]
impl Wide {
    pub(super) fn new(key: &[u8; 32]) -> Wide {
        let (point, mask) = parts(key);
        Wide { point: [point as u64, (point >> 64) as u64], sum: (0, 0), mask }
    }

    pub(super) fn update(&mut self, blocks: &[Block]) {
        let [p0, p1] = self.point;
        // What is over 2¹³⁰ counts five times. Points are made so that this one divides by four.
        let q1 = p1 + (p1 >> 2);
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        let (mut low, mut high) = self.sum;
        for block in blocks {
            let (sum, carry) = low.overflowing_add(u128::from_le_bytes(*block));
            let (s0, s1, s2) = (sum as u64, (sum >> 64) as u64, high + 1 + u64::from(carry));
            let d0 = product(s0, p0) + product(s1, q1);
            let d1 = product(s0, p1) + product(s1, p0) + u128::from(s2 * q1) + (d0 >> 64);
            let d2 = s2 * p0 + (d1 >> 64) as u64;
            let over = u128::from((d2 & !3) + (d2 >> 2));
            let (sum, carry) = (u128::from(d0 as u64) | d1 << 64).overflowing_add(over);
            (low, high) = (sum, (d2 & 3) + u64::from(carry));
        }
        self.sum = (low, high);
    }

    pub(super) fn finish(&self) -> Block {
        let (low, high) = self.sum;
        // The sum less the modulus: whether there is a carry over 2¹³⁰ tells which one it is.
        let (less, carry) = low.overflowing_add(5);
        let is_less = (high + u64::from(carry)) >> 2;
        let keep = u128::from(is_less).wrapping_sub(1);
        let sum = (low & keep) | (less & !keep);
        sum.wrapping_add(self.mask).to_le_bytes()
    }
}

/// In limbs of 26 bits, whose products fit 64 bits five times.
#[cfg(any(test, not(target_pointer_width = "64")))]
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Narrow {
    point: [u64; 5],
    sum: [u64; 5],
    mask: u128,
}

#[cfg(any(test, not(target_pointer_width = "64")))]
const LIMB: u64 = (1 << 26) - 1;

#[cfg(any(test, not(target_pointer_width = "64")))]
impl Narrow {
    pub(super) fn new(key: &[u8; 32]) -> Narrow {
        let (point, mask) = parts(key);
        Narrow { point: limbs(point), sum: [0; 5], mask }
    }

    pub(super) fn update(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.update_one(*block);
        }
    }

    /// Adds a block, and multiplies by the point.
    fn update_one(&mut self, block: Block) {
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

    pub(super) fn finish(&self) -> [u8; 16] {
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

#[cfg(any(test, not(target_pointer_width = "64")))]
fn limbs(number: u128) -> [u64; 5] {
    let limb = |at: u32| {
        let low = (number >> (26 * at)) & u128::from(LIMB);
        u64::try_from(low).unwrap_or_default()
    };
    [limb(0), limb(1), limb(2), limb(3), limb(4)]
}

/// Brings limbs back to 26 bits, but for a little in the second one.
#[cfg(any(test, not(target_pointer_width = "64")))]
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

/// The point and the mask in a one-time key.
fn parts(key: &[u8; 32]) -> (u128, u128) {
    let (point, mask) = key.split_at(16);
    let number = |bytes: &[u8]| u128::from_le_bytes(bytes.try_into().unwrap_or_default());
    (number(point) & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff, number(mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(key: &[u8; 32], blocks: &[Block]) -> Block {
        let (mut wide, mut narrow) = (Wide::new(key), Narrow::new(key));
        wide.update(blocks);
        narrow.update(blocks);
        let tag = wide.finish();
        assert_eq!(narrow.finish(), tag);
        let mut one_by_one = Wide::new(key);
        for block in blocks {
            one_by_one.update(&[*block]);
        }
        assert_eq!(one_by_one.finish(), tag);
        tag
    }

    #[test]
    fn sums_around_the_modulus_are_reduced() {
        // With the point 1 the sum is that of the blocks, each with a one above.
        let mut key = [0; 32];
        key[0] = 1;
        // Three ones above and 2¹²⁸ - 5 are the modulus.
        let start = u128::MAX - 9;
        for n in 0..10 {
            let expected = if n < 5 { start + n } else { n - 5 };
            let tag = tags(&key, &[start, 0, n].map(u128::to_le_bytes));
            assert_eq!(u128::from_le_bytes(tag), expected, "{n}");
        }
    }

    #[test]
    fn narrow_and_wide_limbs_give_the_same_also_when_all_are_full() {
        let mut seed = 7_u64;
        let mut byte = |full: bool| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if full { 0xff } else { (seed >> 56) as u8 }
        };
        for round in 0..200 {
            let key: [u8; 32] = core::array::from_fn(|_| byte(round & 1 == 1));
            let blocks: Vec<Block> =
                (0..round / 4).map(|_| core::array::from_fn(|_| byte(round & 2 == 2))).collect();
            tags(&key, &blocks);
        }
    }
}
