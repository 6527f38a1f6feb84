//! The keys of devices that speak TagoTiP/S.
//!
//! Every key numbers its answers, and no number may come twice, whatever happens: numbers are
//! reserved in the database before they are used.

use std::collections::HashMap;
use std::sync::Arc;

use tipwire::{Cipher, Header, Layout, Sealer, device_hash};

use crate::devices::Device;
use crate::store::Batch;

/// How many numbers are reserved at a time, and at how few left there are to be more.
const RESERVED: u64 = 4096;
const FEW: u64 = 64;

#[derive(Default)]
pub struct Keys {
    all: Vec<Key>,
    /// Which keys a device has, by its device hash.
    of: HashMap<[u8; 8], Vec<usize>>,
}

struct Key {
    device: Arc<Device>,
    sealer: Sealer,
}

/// Numbers that may be used once this is stored.
#[derive(Clone, Copy)]
pub struct Reservation {
    key: usize,
    end: u64,
}

impl Keys {
    /// Takes in the keys of a device, for every cipher that they fit; `next` is the first number that
    /// no answer can have had.
    pub fn insert(&mut self, device: &Arc<Device>, layout: Layout, next: u64) {
        let Some(secrets) = &device.secrets else { return };
        let Some(auth) = secrets.token.as_ref().map(|token| layout.auth(token)).or(device.auth)
        else {
            return;
        };
        let derived = secrets.token.as_ref().map(|token| token.derive_key(&device.serial));
        let mut fitting: Vec<(Cipher, &[u8])> = Vec::new();
        for cipher in Cipher::ALL {
            if let Some(key) = secrets.key.as_ref().filter(|key| key.len() == cipher.key_len()) {
                fitting.push((*cipher, key));
            }
            // One that was chosen is the only one.
            if let Some(derived) = derived.as_ref().filter(|_| secrets.key.is_none()) {
                fitting.push((*cipher, &derived.bytes()[..cipher.key_len()]));
            }
        }
        for (cipher, key) in fitting {
            let made = Sealer::with_hash(layout, cipher, key, auth, &device.serial, next);
            let Ok(mut sealer) = made else { continue };
            // Nothing is reserved so far.
            sealer.reserve(0);
            let names = self.of.entry(*device_hash(&device.serial).bytes()).or_default();
            names.push(self.all.len());
            self.all.push(Key { device: Arc::clone(device), sealer });
        }
    }

    /// The keys that an envelope may have been sealed with.
    pub fn fitting(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        let names: Box<dyn Iterator<Item = &Vec<usize>>> = match header.device().try_into() {
            Ok(hash) => Box::new(self.of.get::<[u8; 8]>(&hash).into_iter()),
            Err(_) => {
                let same = |(hash, _): &(&[u8; 8], _)| hash.starts_with(header.device());
                Box::new(self.of.iter().filter(same).map(|(_, names)| names))
            }
        };
        let keys = names.flatten().map(|&name| (name, &self.all[name].sealer));
        let fits = |sealer: &Sealer| {
            sealer.layout() == header.layout && sealer.opener().cipher() == header.cipher
        };
        keys.filter(|(_, sealer)| fits(sealer)).nth(nth)
    }

    pub fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        self.all.get_mut(name).map(|key| &mut key.sealer)
    }

    /// Reserves numbers for the keys of this device that have few; for all devices where none is
    /// named. They may be used after [`reserved`](Keys::reserved).
    pub fn reserve(&self, only: Option<&Device>, batch: &mut Batch) -> Vec<Reservation> {
        let names = match only {
            Some(device) => {
                self.of.get(device_hash(&device.serial).bytes()).cloned().unwrap_or_default()
            }
            None => (0..self.all.len()).collect(),
        };
        let mut reservations = Vec::new();
        for key in names {
            let Key { device, sealer } = &self.all[key];
            let counter = sealer.counter();
            if counter.left() <= FEW {
                let end = counter.next() + RESERVED;
                batch.device(device);
                batch.reserved(end.cast_signed());
                reservations.push(Reservation { key, end });
            }
        }
        reservations
    }

    /// That these are stored.
    pub fn reserved(&mut self, reservations: &[Reservation]) {
        for Reservation { key, end } in reservations {
            let sealer = &mut self.all[*key].sealer;
            // Another connection may have reserved more, and used some.
            let (next, left) = (sealer.counter().next(), sealer.counter().left());
            if next + left < *end {
                sealer.reserve(u32::try_from(*end - next).unwrap_or(u32::MAX));
            }
        }
    }
}
