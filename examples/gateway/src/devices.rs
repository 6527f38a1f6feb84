//! Who is known: devices, the keys of their envelopes, and where they are heard now.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipwire::session::{self, KnownDevices};
use tipwire::{Cipher, Code, Hash, Layout, Sealer, Token, device_hash};
use tokio::sync::Notify;

use crate::clock;
use crate::config::{Config, DeviceRow};
use crate::db::Db;

/// A device.
pub struct Device {
    pub id: i64,
    pub serial: String,
    /// What its authorization must be; `None` where another protocol vouches for it.
    pub auth: Option<Hash>,
    /// Whether it has nothing to show, so that whoever names it is believed.
    is_open: bool,
    /// How far the numbers of its frames may be out of order; `None` where they are not looked at.
    pub window: Option<u8>,
    /// When it was last heard, in milliseconds since 1970.
    pub heard: AtomicU64,
    /// How many commands wait for it in the database.
    pub commands: AtomicU32,
    /// Wakes the connection that it was last heard on.
    ear: Mutex<Option<Arc<Notify>>>,
}

/// Names of platforms' devices may be longer than serials.
const LONGEST_NAME: usize = 255;

impl Device {
    fn new(id: i64, serial: &str, auth: Option<Hash>, row: Option<&DeviceRow>) -> Device {
        Device {
            id,
            serial: serial.to_owned(),
            auth,
            is_open: auth.is_none() && row.is_none_or(|row| row.access.is_none()),
            window: row.and_then(|row| row.counter),
            heard: AtomicU64::new(0),
            commands: AtomicU32::new(0),
            ear: Mutex::default(),
        }
    }

    pub fn heard_now(&self) {
        self.heard.store(clock::unix(), Ordering::Relaxed);
    }

    /// The device was heard on this connection: commands go there now.
    pub fn heard_on(&self, wake: &Arc<Notify>) {
        self.heard_now();
        let mut ear = lock(&self.ear);
        if ear.as_ref().is_none_or(|known| !Arc::ptr_eq(known, wake)) {
            *ear = Some(Arc::clone(wake));
            if self.commands.load(Ordering::Relaxed) > 0 {
                wake.notify_one();
            }
        }
    }

    /// That connection is no more.
    pub fn gone_from(&self, wake: &Arc<Notify>) {
        lock(&self.ear).take_if(|known| Arc::ptr_eq(known, wake));
    }

    pub fn is_connected(&self) -> bool {
        lock(&self.ear).is_some()
    }

    /// Another command waits for it.
    pub fn call(&self) {
        self.commands.fetch_add(1, Ordering::Relaxed);
        if let Some(wake) = &*lock(&self.ear) {
            wake.notify_one();
        }
    }
}

/// All devices.
pub struct Devices {
    known: Mutex<Known>,
    keys: Mutex<KnownDevices>,
    first_sight: bool,
    max: usize,
}

#[derive(Default)]
struct Known {
    last_id: i64,
    by_serial: HashMap<String, Arc<Device>>,
    /// Devices by their access tokens to ThingsPanel, by the hashes of these.
    by_access: HashMap<[u8; 8], String>,
}

impl Devices {
    /// Those of the settings, and those that the database has besides.
    pub fn new(config: &Config, db: &Db) -> Result<Devices, String> {
        let failed = |error: rusqlite::Error| error.to_string();
        let first_number = db.mark(ANSWERS).map_err(failed)?.unsigned_abs();
        let (mut known, mut keys, mut rows) =
            (Known::default(), KnownDevices::new(), HashMap::new());
        for row in &config.device {
            let auth = provision(row, first_number, &mut keys)
                .map_err(|problem| format!("device {:?}: {problem}", row.serial))?;
            if let Some(access) = &row.access {
                known.by_access.insert(*device_hash(access).bytes(), row.serial.clone());
            }
            db.provision(&row.serial, auth).map_err(failed)?;
            rows.insert(row.serial.as_str(), row);
        }
        for (id, serial, auth, commands) in db.devices().map_err(failed)? {
            let auth: Option<Hash> = auth.as_deref().and_then(Hash::from_hex);
            let device = Device::new(id, &serial, auth, rows.get(serial.as_str()).copied());
            device.commands.store(commands, Ordering::Relaxed);
            known.insert(device);
        }
        let (known, keys) = (Mutex::new(known), Mutex::new(keys));
        Ok(Devices { known, keys, first_sight: config.first_sight, max: config.max_devices })
    }

    /// The device that asks: its authorization must be that of its serial. An envelope vouches for
    /// itself.
    pub fn asking(&self, asking: session::Device<'_>) -> Result<Arc<Device>, Code> {
        if asking.is_sealed {
            return self.find(asking.serial).ok_or(Code::DeviceNotFound);
        }
        let hash = Hash::from_auth(asking.auth).ok_or(Code::InvalidToken)?;
        let device = self.find_or_take(asking.serial, Some(hash))?;
        if device.auth == Some(hash) { Ok(device) } else { Err(Code::InvalidToken) }
    }

    /// The device with this access token, which vouches for it.
    pub fn with_access(&self, access: &str) -> Result<Arc<Device>, Code> {
        let hash = device_hash(access);
        let serial = lock(&self.known).by_access.get(hash.bytes()).cloned();
        self.find_or_take(&serial.unwrap_or_else(|| format!("thingspanel-{hash}")), None)
    }

    /// The device of this name, which nobody vouches for: one that has an authorization to show is
    /// not meant.
    pub fn named(&self, name: &str) -> Result<Arc<Device>, Code> {
        if name.len() > LONGEST_NAME {
            return Err(Code::InvalidPayload);
        }
        let device = self.find_or_take(name, None)?;
        if device.is_open { Ok(device) } else { Err(Code::InvalidToken) }
    }

    pub fn find(&self, serial: &str) -> Option<Arc<Device>> {
        lock(&self.known).by_serial.get(serial).cloned()
    }

    pub fn all(&self) -> Vec<Arc<Device>> {
        lock(&self.known).by_serial.values().cloned().collect()
    }

    pub fn keys(&self) -> MutexGuard<'_, KnownDevices> {
        lock(&self.keys)
    }

    fn find_or_take(&self, serial: &str, auth: Option<Hash>) -> Result<Arc<Device>, Code> {
        let mut known = lock(&self.known);
        match known.by_serial.get(serial) {
            Some(device) => Ok(Arc::clone(device)),
            None if self.first_sight && known.by_serial.len() < self.max => {
                let id = known.last_id + 1;
                Ok(known.insert(Device::new(id, serial, auth, None)))
            }
            None => Err(Code::DeviceNotFound),
        }
    }
}

impl Known {
    fn insert(&mut self, device: Device) -> Arc<Device> {
        let device = Arc::new(device);
        self.last_id = self.last_id.max(device.id);
        self.by_serial.insert(device.serial.clone(), Arc::clone(&device));
        device
    }
}

/// Every key numbers its answers, and no number may come twice, whatever happens: they may be used up
/// to this mark in the database, which is moved on so far where few are left.
pub const ANSWERS: &str = "answers";
pub const RESERVED: i64 = 1 << 16;
pub const FEW: u64 = 1 << 15;

/// The authorization of a device of the settings, whose keys are added: one for every cipher that
/// fits, that which was chosen or that which the token gives. They number nothing so far.
fn provision(
    row: &DeviceRow,
    first_number: u64,
    keys: &mut KnownDevices,
) -> Result<Option<Hash>, &'static str> {
    let layout = row.layout.as_deref().map_or(Some(Layout::default()), Layout::from_name);
    let layout = layout.ok_or("there is no such layout")?;
    let token = row.token.as_deref().map(Token::new).transpose();
    let token = token.map_err(|error| error.kind.sentence())?;
    let auth = row.auth.as_deref().map(|text| Hash::from_hex(text).ok_or("auth has 16 hex digits"));
    let auth = auth.transpose()?;
    let key = row.key.as_deref().map(|text| read_key(text).ok_or("a key has 32 or 64 hex digits"));
    let key = key.transpose()?;

    let derived = token.as_ref().map(|token| token.derive_key(&row.serial));
    let in_envelopes = token.as_ref().map(|token| layout.auth(token)).or(auth);
    for cipher in Cipher::ALL {
        let derived = derived.as_ref().map(|derived| derived.for_cipher(*cipher));
        let (Some(key), Some(auth)) = (key.as_deref().or(derived), in_envelopes) else { continue };
        let sealer = Sealer::with_hash(layout, *cipher, key, auth, &row.serial, first_number);
        // A key of another length is one for other ciphers.
        let Ok(mut sealer) = sealer else { continue };
        sealer.reserve(0);
        keys.add_key(sealer);
    }
    Ok(token.map(|token| token.hash()).or(auth))
}

fn read_key(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().filter(|key| matches!(key.len(), 16 | 32))
}

/// What a mutex holds, whatever happened to who held it before.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
