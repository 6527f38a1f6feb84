//! What tests share: random numbers, frames made of the grammar, mutants, and a naive reader.
#![allow(dead_code)]

pub mod generate;
pub mod oracle;

/// A small generator of random numbers: seeded, so that a failure can be had again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// `1..=most` characters out of `from`, few as a rule.
    pub fn word(&mut self, from: &str, most: usize) -> String {
        let chars: Vec<char> = from.chars().collect();
        let length =
            if self.chance(12) { 1 + self.below(most) } else { 1 + self.below(most.min(9)) };
        (0..length).map(|_| chars[self.below(chars.len())]).collect()
    }
}

/// How many random cases a test runs: fewer where code is interpreted.
pub fn rounds(many: usize) -> usize {
    if cfg!(miri) { 20 } else { many }
}
