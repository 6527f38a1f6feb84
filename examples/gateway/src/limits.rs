//! How many connections and requests one address may have, and all together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock;
use crate::config::Limits;
use crate::devices::lock;

/// Who is connected, by address.
pub struct Doors {
    limits: Limits,
    free: Arc<Semaphore>,
    addresses: Mutex<HashMap<IpAddr, Arc<Address>>>,
}

/// What all connections of one address share: the second that requests are counted in, and how many
/// there were.
type Address = Mutex<(u64, u32)>;

/// A connection that was let in; it leaves when dropped.
pub struct Visit {
    address: Arc<Address>,
    requests_per_second: u32,
    _place: OwnedSemaphorePermit,
}

/// So many addresses are remembered although nobody is connected there any more, with their requests.
const REMEMBERED: usize = 16_384;

impl Doors {
    pub fn new(mut limits: Limits) -> Arc<Doors> {
        limits.connections = limits.connections.min(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(limits.connections));
        Arc::new(Doors { limits, free, addresses: Mutex::default() })
    }

    /// Lets a connection in, unless there are too many.
    pub fn enter(&self, ip: IpAddr) -> Option<Visit> {
        let place = Arc::clone(&self.free).try_acquire_owned().ok()?;
        let mut addresses = lock(&self.addresses);
        if addresses.len() > REMEMBERED + self.connections() {
            addresses.retain(|_, address| Arc::strong_count(address) > 1);
        }
        let address = addresses.entry(ip.to_canonical()).or_default();
        // One of them is the one here.
        let is_full = Arc::strong_count(address) > self.limits.connections_per_address;
        (!is_full).then(|| Visit {
            address: Arc::clone(address),
            requests_per_second: self.limits.requests_per_second,
            _place: place,
        })
    }

    pub fn connections(&self) -> usize {
        self.limits.connections - self.free.available_permits()
    }
}

impl Visit {
    /// Whether there may be another request now.
    pub fn may_request(&self) -> bool {
        if self.requests_per_second == 0 {
            return true;
        }
        let now = clock::now() / 1000;
        let mut asked = lock(&self.address);
        let count = if asked.0 == now { asked.1.saturating_add(1) } else { 1 };
        *asked = (now, count);
        count <= self.requests_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_so_many_connections_and_they_come_back() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let doors = Doors::new(limits);
        let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let first = doors.enter(one).unwrap();
        let _second = doors.enter(one).unwrap();
        assert!(doors.enter(one).is_none());
        let _third = doors.enter(other).unwrap();
        assert!(doors.enter(other).is_none(), "three in all");
        drop(first);
        assert!(doors.enter(one).is_some());
        assert_eq!(doors.connections(), 2);
    }

    #[test]
    fn addresses_are_forgotten_before_there_are_too_many() {
        let doors = Doors::new(Limits { requests_per_second: 1, ..Limits::default() });
        let stays = doors.enter(IpAddr::from([10, 0, 0, 1])).unwrap();
        assert!(stays.may_request());
        for number in 0..3 * REMEMBERED as u32 {
            doors.enter(IpAddr::from(number.to_be_bytes())).unwrap();
        }
        assert!(lock(&doors.addresses).len() <= REMEMBERED + 2);
        let again = doors.enter(IpAddr::from([10, 0, 0, 1])).unwrap();
        assert!(!again.may_request(), "they share the count");
    }
}
