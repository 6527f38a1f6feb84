//! Who is known: devices, what is waiting for them, and which connection they were last heard on.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tipwire::session::{Device as Asking, Sequence};
use tipwire::{Code, Hash, Token, device_hash};
use tokio::sync::Notify;

use crate::clock;
use crate::config::{Config, DeviceRow};
use crate::keys::Keys;
use crate::store::Found;

/// A device.
pub struct Device {
    pub id: i64,
    pub serial: String,
    /// What its authorization must be; `None` where another protocol vouches for it.
    pub auth: Option<Hash>,
    /// Whether it has nothing to show, so that whoever names it is believed.
    is_open: bool,
    /// Of a provisioned device: what its envelopes are opened with.
    pub secrets: Option<Secrets>,
    /// Whether the database knows it.
    pub is_stored: AtomicBool,
    /// When it was last heard, in milliseconds since 1970.
    pub heard: AtomicU64,
    /// How far its numbers may be out of order; `None` where they are not looked at.
    pub window: Option<u8>,
    /// The numbers of its frames, and of its envelopes.
    frames: Mutex<Numbers>,
    envelopes: Mutex<Numbers>,
    waiting: Mutex<Waiting>,
}

/// The numbers that were used, and those of them that the database knows.
struct Numbers {
    used: Sequence,
    kept: Sequence,
}

impl Numbers {
    fn new(sequence: Sequence) -> Mutex<Numbers> {
        Mutex::new(Numbers { used: sequence, kept: sequence })
    }
}

/// What a device shares with the gateway.
pub struct Secrets {
    pub token: Option<Token>,
    pub key: Option<Vec<u8>>,
}

/// Commands that wait for a device, and the connection that it would hear them on.
#[derive(Default)]
struct Waiting {
    commands: VecDeque<(i64, String)>,
    wake: Option<Arc<Notify>>,
}

/// Names of platforms' devices may be longer than serials.
const LONGEST_NAME: usize = 255;

/// Why there is no such device.
pub type Refusal = Code;

impl Device {
    fn new(id: i64, serial: &str, auth: Option<Hash>, row: Option<&DeviceRow>) -> Device {
        let window = row.and_then(|row| row.counter.window());
        let sequence = Sequence::with_window(window.unwrap_or(0));
        let secrets = row.map(|row| Secrets {
            token: row.token.as_deref().and_then(|text| Token::new(text).ok()),
            key: row.key.as_deref().and_then(read_hex),
        });
        Device {
            id,
            serial: serial.to_owned(),
            auth,
            is_open: auth.is_none() && row.is_none_or(|row| row.access.is_none()),
            secrets,
            is_stored: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            window,
            frames: Numbers::new(sequence),
            envelopes: Numbers::new(sequence),
            waiting: Mutex::default(),
        }
    }

    pub fn auth_text(&self) -> Option<String> {
        self.auth.map(|hash| hash.to_string())
    }

    /// The counter as it is now, where it is looked at: that of envelopes always is.
    pub fn sequence(&self, is_sealed: bool) -> Option<Sequence> {
        (is_sealed || self.window.is_some()).then(|| lock(self.numbers(is_sealed)).used)
    }

    /// Uses a number, unless another connection just did.
    pub fn use_number(&self, is_sealed: bool, number: u32) -> bool {
        lock(self.numbers(is_sealed)).used.accept(number)
    }

    /// The counter with `number` among those that the database knows.
    pub fn keep_number(&self, is_sealed: bool, number: u32) -> Vec<u8> {
        let mut numbers = lock(self.numbers(is_sealed));
        // Another connection may have made a greater one known before.
        _ = numbers.kept.accept(number);
        numbers.kept.to_bytes().to_vec()
    }

    /// Goes back to the numbers that the database knows.
    pub fn reset_numbers(&self, is_sealed: bool, stored: Option<Sequence>) {
        let stored = stored.unwrap_or(Sequence::with_window(self.window.unwrap_or(0)));
        *lock(self.numbers(is_sealed)) = Numbers { used: stored, kept: stored };
    }

    fn numbers(&self, is_sealed: bool) -> &Mutex<Numbers> {
        if is_sealed { &self.envelopes } else { &self.frames }
    }

    pub fn heard_now(&self) {
        self.heard.store(clock::unix(), Ordering::Relaxed);
    }

    /// The device was heard on this connection: commands go there now.
    pub fn heard_on(&self, wake: &Arc<Notify>) {
        self.heard_now();
        let mut waiting = lock(&self.waiting);
        let is_new = waiting.wake.as_ref().is_none_or(|known| !Arc::ptr_eq(known, wake));
        if is_new {
            if !waiting.commands.is_empty() {
                wake.notify_one();
            }
            waiting.wake = Some(Arc::clone(wake));
        }
    }

    /// That connection is no more.
    pub fn gone_from(&self, wake: &Arc<Notify>) {
        let mut waiting = lock(&self.waiting);
        if waiting.wake.as_ref().is_some_and(|known| Arc::ptr_eq(known, wake)) {
            waiting.wake = None;
        }
    }

    pub fn is_connected(&self) -> bool {
        lock(&self.waiting).wake.is_some()
    }

    /// Queues a command, unless there are as many as may be.
    pub fn command(&self, id: i64, text: String, max: usize) -> bool {
        let mut waiting = lock(&self.waiting);
        if waiting.commands.len() >= max {
            return false;
        }
        waiting.commands.push_back((id, text));
        if let Some(wake) = &waiting.wake {
            wake.notify_one();
        }
        true
    }

    /// The oldest command, taken off the queue.
    pub fn next_command(&self) -> Option<(i64, String)> {
        lock(&self.waiting).commands.pop_front()
    }

    /// A command that could not be sent after all.
    pub fn put_back(&self, command: (i64, String)) {
        lock(&self.waiting).commands.push_front(command);
    }

    pub fn commands(&self) -> usize {
        lock(&self.waiting).commands.len()
    }
}

/// All devices.
pub struct Devices {
    known: RwLock<Known>,
    keys: Mutex<Keys>,
    first_sight: bool,
    max: usize,
    next_command: AtomicI64,
}

#[derive(Default)]
struct Known {
    all: Vec<Arc<Device>>,
    by_serial: HashMap<String, Arc<Device>>,
    /// Devices by their access tokens to ThingsPanel, by the hashes of these.
    by_access: HashMap<[u8; 8], String>,
    next_id: i64,
}

impl Devices {
    /// Those that the database has, and those of the settings.
    pub fn new(config: &Config, found: Found) -> Result<Devices, String> {
        let mut known = Known { next_id: 1, ..Known::default() };
        let mut keys = Keys::default();
        let rows: HashMap<&str, &DeviceRow> =
            config.device.iter().map(|row| (row.serial.as_str(), row)).collect();
        for kept in found.devices {
            let row = rows.get(kept.serial.as_str()).copied();
            let auth = match row {
                Some(row) => row_auth(row)?,
                None => kept.auth.as_deref().and_then(Hash::from_hex),
            };
            let device = Device::new(kept.id, &kept.serial, auth, row);
            device.is_stored.store(true, Ordering::Relaxed);
            for (is_sealed, sequence) in [(false, kept.frames), (true, kept.envelopes)] {
                if sequence.is_some() {
                    device.reset_numbers(is_sealed, sequence);
                }
            }
            let device = known.insert(device);
            if let Some(row) = row {
                keys.insert(&device, row.layout.into(), kept.reserved.cast_unsigned());
            }
        }
        for row in &config.device {
            if !known.by_serial.contains_key(&row.serial) {
                let device = Device::new(known.next_id, &row.serial, row_auth(row)?, Some(row));
                keys.insert(&known.insert(device), row.layout.into(), 0);
            }
            if let Some(access) = &row.access {
                known.by_access.insert(*device_hash(access).bytes(), row.serial.clone());
            }
        }
        for (id, device, text) in &found.commands {
            let of = known.all.iter().find(|known| known.id == *device);
            of.map(|device| device.command(*id, text.clone(), usize::MAX));
        }
        let last_command = found.commands.last().map_or(0, |(id, ..)| *id);
        Ok(Devices {
            known: RwLock::new(known),
            keys: Mutex::new(keys),
            first_sight: config.first_sight,
            max: config.max_devices,
            next_command: AtomicI64::new(last_command + 1),
        })
    }

    /// The device that a frame is of: its authorization must be that of its serial.
    pub fn authorize(&self, auth: &str, serial: &str) -> Result<Arc<Device>, Refusal> {
        let hash = match Token::new(auth) {
            Ok(token) => token.hash(),
            Err(_) => Hash::from_hex(auth).ok_or(Code::InvalidToken)?,
        };
        let device = self.find_or_take(serial, Some(hash))?;
        if device.auth == Some(hash) { Ok(device) } else { Err(Code::InvalidToken) }
    }

    /// The device that asks: an envelope vouches for itself.
    pub fn asking(&self, asking: Asking<'_>) -> Result<Arc<Device>, Refusal> {
        match asking.is_sealed {
            true => self.find(asking.serial).ok_or(Code::DeviceNotFound),
            false => self.authorize(asking.auth, asking.serial),
        }
    }

    /// The device with this access token, which vouches for it.
    pub fn with_access(&self, access: &str) -> Result<Arc<Device>, Refusal> {
        let hash = device_hash(access);
        let serial = self.read().by_access.get(hash.bytes()).cloned();
        self.find_or_take(&serial.unwrap_or_else(|| format!("thingspanel-{hash}")), None)
    }

    /// The device of this name, which nobody vouches for: one that has an authorization to show is
    /// not meant.
    pub fn named(&self, name: &str) -> Result<Arc<Device>, Refusal> {
        if name.len() > LONGEST_NAME {
            return Err(Code::InvalidPayload);
        }
        let device = self.find_or_take(name, None)?;
        if device.is_open { Ok(device) } else { Err(Code::InvalidToken) }
    }

    pub fn find(&self, serial: &str) -> Option<Arc<Device>> {
        self.read().by_serial.get(serial).cloned()
    }

    pub fn keys(&self) -> MutexGuard<'_, Keys> {
        lock(&self.keys)
    }

    /// The newest ones, at most `count`.
    pub fn newest(&self, count: usize) -> Vec<Arc<Device>> {
        self.read().all.iter().rev().take(count).cloned().collect()
    }

    pub fn with_id(&self, id: i64) -> Option<Arc<Device>> {
        let known = self.read();
        // Ids are given in order, so that this one is at its place or before it.
        let place = known.all.partition_point(|device| device.id < id);
        known.all.get(place).filter(|device| device.id == id).cloned()
    }

    pub fn command_id(&self) -> i64 {
        self.next_command.fetch_add(1, Ordering::Relaxed)
    }

    fn find_or_take(&self, serial: &str, auth: Option<Hash>) -> Result<Arc<Device>, Refusal> {
        if let Some(device) = self.find(serial) {
            return Ok(device);
        }
        if !self.first_sight {
            return Err(Code::DeviceNotFound);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(device) = known.by_serial.get(serial) {
            return Ok(Arc::clone(device));
        }
        if known.all.len() >= self.max {
            return Err(Code::DeviceNotFound);
        }
        let device = Device::new(known.next_id, serial, auth, None);
        Ok(known.insert(device))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn insert(&mut self, device: Device) -> Arc<Device> {
        let device = Arc::new(device);
        self.next_id = self.next_id.max(device.id + 1);
        self.by_serial.insert(device.serial.clone(), Arc::clone(&device));
        self.all.push(Arc::clone(&device));
        device
    }
}

/// The authorization of a provisioned device.
fn row_auth(row: &DeviceRow) -> Result<Option<Hash>, String> {
    let wrong = |what: &str| format!("device {:?}: {what}", row.serial);
    if let Some(key) = &row.key {
        let key = read_hex(key).filter(|key| matches!(key.len(), 16 | 32));
        key.ok_or_else(|| wrong("a key has 32 or 64 hex digits"))?;
    }
    match (&row.token, &row.auth) {
        (Some(token), _) => {
            let token = Token::new(token).map_err(|error| wrong(error.kind.sentence()))?;
            Ok(Some(token.hash()))
        }
        (None, Some(auth)) => {
            Hash::from_hex(auth).map(Some).ok_or_else(|| wrong("auth has 16 hex digits"))
        }
        (None, None) => Ok(None),
    }
}

fn read_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
            _ => None,
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
