//! Sequence counters as the receiving side sees them: one [`Sequence`] per device.

/// Bits of one word of the ring.
const BITS: u32 = u32::BITS;
/// Words of the ring.
const WORDS: u32 = 4;

/// How far back the ring reaches.
const REACH: u32 = BITS * (WORDS - 1);

/// What a server remembers of the counter of one device: 24 bytes, to be kept where its data is.
///
/// Any first number is accepted, then only greater ones. With a window, numbers that are smaller by
/// at most so many are accepted too, each once: datagrams overtake each other.
///
/// ```
/// use tipwire::session::Sequence;
///
/// let mut sequence = Sequence::with_window(32);
/// assert!(sequence.accept(7));
/// assert!(sequence.accept(9));
/// assert!(sequence.accept(8), "late, but not seen before");
/// assert!(!sequence.accept(8));
///
/// let mut strict = Sequence::strict();
/// assert!(strict.accept(7) && strict.accept(9) && !strict.accept(8));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sequence {
    /// The greatest number accepted; meaningful once `is_started`.
    last: u32,
    is_started: bool,
    window: u8,
    /// A bit for each number up to `last` that is not accepted any more: number `n` has bit `n % 32`
    /// of word `n / 32 % 4`. A word is filled anew when `last` enters it, so that three whole words
    /// behind it are always right. Without a window, what was left out is never accepted either.
    seen: [u32; WORDS as usize],
}

impl Sequence {
    /// The widest window.
    pub const MAX_WINDOW: u8 = 96;
    /// How many bytes [`to_bytes`](Sequence::to_bytes) gives.
    pub const SIZE: usize = 6 + 4 * WORDS as usize;

    /// Only greater numbers are accepted.
    pub const fn strict() -> Sequence {
        Sequence::with_window(0)
    }

    /// Numbers smaller by at most `window` are accepted too, each once. At most
    /// [`MAX_WINDOW`](Sequence::MAX_WINDOW), which greater values mean.
    pub const fn with_window(window: u8) -> Sequence {
        let window = if window < Sequence::MAX_WINDOW { window } else { Sequence::MAX_WINDOW };
        Sequence { last: 0, is_started: false, window, seen: [0; WORDS as usize] }
    }

    /// The greatest number accepted so far.
    pub const fn last(&self) -> Option<u32> {
        if self.is_started { Some(self.last) } else { None }
    }

    /// Whether `number` would be accepted.
    pub fn is_fresh(&self, number: u32) -> bool {
        if !self.is_started || number > self.last {
            return true;
        }
        let reach = if self.window == 0 { Sequence::MAX_WINDOW } else { self.window };
        self.last - number <= reach.into() && self.word(number) & bit(number) == 0
    }

    /// Accepts `number` if it may be, and remembers it.
    #[must_use = "a number that is not accepted is an invalid_seq"]
    pub fn accept(&mut self, number: u32) -> bool {
        if !self.is_fresh(number) {
            return false;
        }
        if !self.is_started || number > self.last {
            let entered = match self.last() {
                None => WORDS,
                Some(last) => (number / BITS - last / BITS).min(WORDS),
            };
            let fill = if self.window == 0 { u32::MAX } else { 0 };
            for back in 0..entered {
                *self.word_mut((number / BITS).wrapping_sub(back)) = fill;
            }
            self.last = number;
            self.is_started = true;
        }
        *self.word_mut(number / BITS) |= bit(number);
        true
    }

    /// Takes a number back that was accepted: what it stood for failed, and may be sent again. Without
    /// effect if more than [`MAX_WINDOW`](Sequence::MAX_WINDOW) greater ones, or more than the window,
    /// were accepted since.
    ///
    /// ```
    /// use tipwire::session::Sequence;
    ///
    /// let mut sequence = Sequence::strict();
    /// assert!(sequence.accept(7) && sequence.accept(8));
    /// sequence.retract(7); // the database was full
    /// assert!(sequence.accept(7) && !sequence.accept(7));
    /// ```
    pub fn retract(&mut self, number: u32) {
        let is_near = |last: u32| last.checked_sub(number).is_some_and(|ago| ago <= REACH);
        if self.last().is_some_and(is_near) {
            *self.word_mut(number / BITS) &= !bit(number);
        }
    }

    /// All of it, for storage that outlives the process.
    pub fn to_bytes(&self) -> [u8; Sequence::SIZE] {
        let mut bytes = [0; Sequence::SIZE];
        let words = [self.last].into_iter().chain(self.seen).flat_map(u32::to_be_bytes);
        let all = [u8::from(self.is_started), self.window].into_iter().chain(words);
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// What [`to_bytes`](Sequence::to_bytes) gave; `None` for bytes that it never gives.
    pub fn from_bytes(bytes: &[u8; Sequence::SIZE]) -> Option<Sequence> {
        let [is_started @ (0 | 1), window @ 0..=Sequence::MAX_WINDOW, words @ ..] = *bytes else {
            return None;
        };
        let mut words = words.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word));
        let last = words.next()?;
        let mut seen = [0; WORDS as usize];
        seen.iter_mut().zip(words).for_each(|(to, from)| *to = from);
        Some(Sequence { last, is_started: is_started == 1, window, seen })
    }

    fn word(&self, number: u32) -> u32 {
        self.seen.get(slot(number / BITS)).copied().unwrap_or(0)
    }

    fn word_mut(&mut self, block: u32) -> &mut u32 {
        let [first, rest @ ..] = &mut self.seen;
        match slot(block) {
            0 => first,
            other => rest.get_mut(other - 1).unwrap_or(first),
        }
    }
}

const fn slot(block: u32) -> usize {
    (block % WORDS) as usize
}

const fn bit(number: u32) -> u32 {
    1 << (number % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule itself, with all numbers remembered.
    struct Naive {
        window: u32,
        accepted: alloc::collections::BTreeSet<u32>,
        retracted: alloc::collections::BTreeSet<u32>,
    }

    impl Naive {
        fn reach(&self) -> u32 {
            if self.window == 0 { 96 } else { self.window }
        }

        fn retract(&mut self, number: u32) {
            let last = self.accepted.last().copied();
            if last.is_some_and(|last| last - number <= 96) {
                self.retracted.insert(number);
            }
        }

        fn accept(&mut self, number: u32) -> bool {
            let last = self.accepted.last().copied();
            let is_new = last.is_none_or(|last| number > last);
            let ago = last.map_or(0, |last| last.saturating_sub(number));
            let is_late = ago <= self.window && !self.accepted.contains(&number);
            let is_back = ago <= self.reach() && self.retracted.contains(&number);
            if is_new || is_late || is_back {
                self.retracted.remove(&number);
                self.accepted.insert(number);
            }
            is_new || is_late || is_back
        }
    }

    #[test]
    fn the_ring_accepts_what_the_rule_does() {
        let mut state = 1u32;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for round in 0..if cfg!(miri) { 3 } else { 400 } {
            let window = [0, 1, 31, 32, 33, 64, 95, 96][round % 8];
            let (accepted, retracted) = ([].into(), [].into());
            let mut naive = Naive { window: window.into(), accepted, retracted };
            let mut ring = Sequence::with_window(window);
            let mut around = if round % 3 == 0 { u32::MAX - 500 } else { random(1000) };
            for _ in 0..300 {
                let number = around.saturating_add(random(140)).saturating_sub(100);
                assert_eq!(ring.is_fresh(number), ring.clone().accept(number));
                let is_accepted = ring.accept(number);
                assert_eq!(is_accepted, naive.accept(number), "{number}, {ring:?}");
                if is_accepted && random(4) == 0 {
                    ring.retract(number);
                    naive.retract(number);
                }
                assert_eq!(ring.last(), naive.accepted.last().copied());
                around = around.saturating_add([0, 1, 2, 40, 200][random(5) as usize]);
                ring = Sequence::from_bytes(&ring.to_bytes()).unwrap();
            }
        }
    }

    #[test]
    fn it_is_small_and_bytes_that_it_never_gives_are_refused() {
        assert!(size_of::<Sequence>() <= 24);
        let bytes = Sequence::with_window(200).to_bytes();
        assert_eq!(bytes[1], Sequence::MAX_WINDOW);
        for (at, wrong) in [(0, 2), (1, 97)] {
            let mut bytes = bytes;
            bytes[at] = wrong;
            assert_eq!(Sequence::from_bytes(&bytes), None);
        }
    }
}
