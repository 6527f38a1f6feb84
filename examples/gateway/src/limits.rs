//! How many connections and requests one address may have, and all together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::clock;
use crate::config::Limits;
use crate::devices::lock;

/// Who is connected, by address.
pub struct Doors {
    limits: Limits,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    all: usize,
    addresses: HashMap<IpAddr, Address>,
    /// The second in which addresses were last forgotten.
    cleared: u64,
}

/// What all connections of one address share.
#[derive(Default)]
struct Address {
    connections: usize,
    /// The second that the requests are counted in, and how many there were.
    second: u64,
    requests: u32,
}

/// A connection that was let in; it leaves when dropped.
pub struct Visit {
    doors: Arc<Doors>,
    ip: IpAddr,
}

/// Most addresses that are known at a time.
const MANY: usize = 32_768;

impl Doors {
    pub fn new(limits: Limits) -> Arc<Doors> {
        Arc::new(Doors { limits, inside: Mutex::default() })
    }

    /// Lets a connection in, unless there are too many.
    pub fn enter(self: &Arc<Doors>, ip: IpAddr) -> Option<Visit> {
        let (ip, now) = (ip.to_canonical(), second());
        let mut inside = lock(&self.inside);
        if inside.addresses.len() >= MANY && std::mem::replace(&mut inside.cleared, now) != now {
            inside.addresses.retain(|_, at| at.connections > 0 || at.second == now);
        }
        let known = inside.addresses.get(&ip).map(|address| address.connections);
        if inside.all >= self.limits.connections
            || known.unwrap_or(0) >= self.limits.connections_per_address
            || known.is_none() && inside.addresses.len() >= MANY
        {
            return None;
        }
        inside.all += 1;
        inside.addresses.entry(ip).or_default().connections += 1;
        Some(Visit { doors: Arc::clone(self), ip })
    }

    pub fn connections(&self) -> usize {
        lock(&self.inside).all
    }
}

impl Visit {
    /// Whether there may be another request now.
    pub fn may_request(&self) -> bool {
        let most = self.doors.limits.requests_per_second;
        if most == 0 {
            return true;
        }
        let (mut inside, now) = (lock(&self.doors.inside), second());
        let address = inside.addresses.entry(self.ip).or_default();
        if address.second != now {
            (address.second, address.requests) = (now, 0);
        }
        address.requests = address.requests.saturating_add(1);
        address.requests <= most
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut inside = lock(&self.doors.inside);
        inside.all -= 1;
        let Some(address) = inside.addresses.get_mut(&self.ip) else { return };
        address.connections -= 1;
        // Where requests are counted, they are not forgotten by going away.
        if address.connections == 0 && self.doors.limits.requests_per_second == 0 {
            inside.addresses.remove(&self.ip);
        }
    }
}

fn second() -> u64 {
    clock::now() / 1000
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
}
