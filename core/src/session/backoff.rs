//! How long to wait before the next attempt.

/// Waiting times that double with every failure, up to a maximum, each with jitter: devices that
/// lost their server at the same moment do not come back at the same moment.
///
/// The numbers come from a seed: give every device its own, such as a hash of its serial.
///
/// ```
/// use tipwire::session::Backoff;
///
/// let mut backoff = Backoff::new(1_000, 60_000, 42);
/// assert!((500..=1_000).contains(&backoff.next_delay()));
/// assert!((1_000..=2_000).contains(&backoff.next_delay()));
/// (0..20).for_each(|_| assert!(backoff.next_delay() <= 60_000));
/// backoff.reset();
/// assert!(backoff.next_delay() <= 1_000);
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    first: u32,
    max: u32,
    failures: u8,
    random: u32,
}

impl Backoff {
    /// From `first` milliseconds up to `max`.
    pub const fn new(first: u32, max: u32, seed: u64) -> Backoff {
        // Every seed must give another state, and the state must not be 0.
        let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Backoff { first, max, failures: 0, random: (mixed >> 32) as u32 | 1 }
    }

    /// The next waiting time in milliseconds: between half of its step and all of it.
    pub fn next_delay(&mut self) -> u32 {
        let step = self.first.saturating_mul(1 << self.failures.min(31)).min(self.max);
        self.failures = self.failures.saturating_add(1);
        // Xorshift: small, and good enough to keep devices apart.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let half = step / 2;
        half + self.random % (step - half).saturating_add(1).max(1)
    }

    /// It works again: the next waiting time is a short one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_settings_do_no_harm() {
        for (first, max) in [(0, 0), (1, 1), (u32::MAX, u32::MAX), (5, 0), (0, 9)] {
            let mut backoff = Backoff::new(first, max, 7);
            for _ in 0..300 {
                assert!(backoff.next_delay() <= max);
            }
        }
    }

    #[test]
    fn seeds_keep_devices_apart() {
        let delays = |seed| {
            let mut backoff = Backoff::new(60_000, 60_000, seed);
            [backoff.next_delay(), backoff.next_delay()]
        };
        let all: alloc::collections::BTreeSet<_> = (0..100).map(delays).collect();
        assert!(all.len() > 95, "{}", all.len());
        assert_eq!(delays(3), delays(3));
    }
}
