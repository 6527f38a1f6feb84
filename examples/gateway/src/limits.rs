//! How many connections and requests one address may have, and all together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock;
use crate::config;

/// Who is connected, by address.
pub struct Doors {
    limits: config::Limits,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    all: usize,
    /// The second that addresses without connections were last forgotten in.
    cleared: u64,
    addresses: HashMap<IpAddr, Arc<Address>>,
}

/// What all connections of one address share.
#[derive(Default)]
struct Address {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: usize,
    /// The second that the requests are counted in, and how many there were.
    second: u64,
    requests: u32,
}

/// A connection that was let in; it leaves when dropped.
pub struct Visit {
    doors: Arc<Doors>,
    ip: IpAddr,
    address: Arc<Address>,
    requests_per_second: u32,
}

impl Doors {
    pub fn new(limits: config::Limits) -> Arc<Doors> {
        Arc::new(Doors { limits, inside: Mutex::default() })
    }

    /// The same for datagrams, of which each is a visit: only requests are counted.
    pub fn for_datagrams(limits: config::Limits) -> Arc<Doors> {
        let (connections, connections_per_address) = (usize::MAX, usize::MAX);
        Doors::new(config::Limits { connections, connections_per_address, ..limits })
    }

    /// Lets a connection in, unless there are too many.
    pub fn enter(self: &Arc<Doors>, ip: IpAddr) -> Option<Visit> {
        let ip = ip.to_canonical();
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.addresses.len() >= MANY && !inside.addresses.contains_key(&ip) {
            inside.forget(clock::now() / 1000);
            if inside.addresses.len() >= 2 * MANY {
                return None;
            }
        }
        let address = Arc::clone(inside.addresses.entry(ip).or_default());
        let mut state = address.state.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= self.limits.connections
            || state.connections >= self.limits.connections_per_address
        {
            if state.connections == 0 {
                inside.addresses.remove(&ip);
            }
            return None;
        }
        inside.all += 1;
        state.connections += 1;
        drop(state);
        let requests_per_second = self.limits.requests_per_second;
        Some(Visit { doors: Arc::clone(self), ip, address, requests_per_second })
    }

    pub fn connections(&self) -> usize {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

/// From so many addresses on, those that have no connection are forgotten now and then; twice as many
/// there are never.
const MANY: usize = 16_384;

impl Inside {
    /// Forgets addresses of which nothing is to be known any more, once a second at most.
    fn forget(&mut self, second: u64) {
        if std::mem::replace(&mut self.cleared, second) == second {
            return;
        }
        self.addresses.retain(|_, address| {
            let state = address.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.connections > 0 || state.second == second
        });
    }
}

impl Visit {
    /// Whether there may be another request now.
    pub fn may_request(&self) -> bool {
        if self.requests_per_second == 0 {
            return true;
        }
        let second = clock::now() / 1000;
        let mut state = self.address.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.second != second {
            (state.second, state.requests) = (second, 0);
        }
        state.requests = state.requests.saturating_add(1);
        state.requests <= self.requests_per_second
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut inside = self.doors.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all -= 1;
        let mut state = self.address.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.connections -= 1;
        // Where requests are counted, they are not forgotten by going away.
        if state.connections == 0 && self.requests_per_second == 0 {
            inside.addresses.remove(&self.ip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_so_many_connections_and_they_come_back() {
        let limits =
            config::Limits { connections: 3, connections_per_address: 2, ..Default::default() };
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
