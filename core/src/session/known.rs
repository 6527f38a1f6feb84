//! What servers that have an allocator keep: devices they know, and bytes they have not read yet.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::event::Device;
use super::keys::Devices;
use super::sequence::Sequence;
use crate::envelope::{Header, Sealer};

/// The devices that a server knows keys and counters of, held in memory.
///
/// ```
/// use tipwire::session::{KnownDevices, Sequence, Server, ServerEvent, ServerSettings};
///
/// let mut devices = KnownDevices::new();
/// devices.enforce("4deedd7bab8817ec", "sensor-01", Sequence::strict());
///
/// let mut server = Server::new(&ServerSettings::default(), Vec::new(), Vec::new(), 0).unwrap();
/// let mut input = &b"PUSH|4DEEDD7BAB8817EC|sensor-01|[t:=21]\n"[..];
/// let event = server.next_event(&mut input, 0, &mut devices);
/// assert!(matches!(event, Some(ServerEvent::Rejected { .. })), "it has no counter");
/// ```
#[derive(Debug)]
pub struct KnownDevices {
    /// By authorization.
    sequences: Vec<(String, Sequence)>,
    /// Which of them there are for a serial.
    of_serials: Places,
    keys: Vec<Sealer>,
    /// Which keys there are for an authorization hash.
    of_hashes: Places,
    /// The fewest numbers that a key had left when it was used, since they were reserved.
    left: u64,
}

/// Which ones of a list there are for some bytes: one type of map, whose code is not small.
type Places = BTreeMap<Vec<u8>, Vec<usize>>;

fn add(places: &mut Places, bytes: &[u8], place: usize) {
    places.entry(bytes.into()).or_default().push(place);
}

impl Default for KnownDevices {
    fn default() -> KnownDevices {
        KnownDevices::new()
    }
}

impl KnownDevices {
    /// It knows none.
    pub const fn new() -> KnownDevices {
        KnownDevices {
            sequences: Vec::new(),
            of_serials: Places::new(),
            keys: Vec::new(),
            of_hashes: Places::new(),
            left: u64::MAX,
        }
    }

    /// From now on the counter of this device is enforced, as it stands in `sequence`.
    pub fn enforce(&mut self, auth: &str, serial: &str, sequence: Sequence) {
        if let Some(known) = self.counted_mut(auth, serial) {
            *known = sequence;
            return;
        }
        add(&mut self.of_serials, serial.as_bytes(), self.sequences.len());
        self.sequences.push((auth.into(), sequence));
    }

    /// The counter of a device, if it is enforced.
    pub fn counted(&self, auth: &str, serial: &str) -> Option<&Sequence> {
        self.sequences.get(self.place(auth, serial)?).map(|(_, sequence)| sequence)
    }

    /// The same, to be changed.
    pub fn counted_mut(&mut self, auth: &str, serial: &str) -> Option<&mut Sequence> {
        let place = self.place(auth, serial)?;
        self.sequences.get_mut(place).map(|(_, sequence)| sequence)
    }

    /// Which counter is that of a device.
    fn place(&self, auth: &str, serial: &str) -> Option<usize> {
        let of_serial = self.of_serials.get(serial.as_bytes())?;
        let is_of = |place: usize| {
            self.sequences.get(place).is_some_and(|(known, _)| known.eq_ignore_ascii_case(auth))
        };
        of_serial.iter().copied().find(|place| is_of(*place))
    }

    /// How many counters are enforced.
    pub fn counted_len(&self) -> usize {
        self.sequences.len()
    }

    /// Adds a key; its name. A device can have several.
    pub fn add_key(&mut self, key: Sealer) -> usize {
        let name = self.keys.len();
        add(&mut self.of_hashes, key.auth().bytes(), name);
        self.keys.push(key);
        name
    }

    /// All keys, by name.
    pub fn keys(&self) -> &[Sealer] {
        &self.keys
    }

    /// All keys, to be changed.
    pub fn keys_mut(&mut self) -> &mut [Sealer] {
        &mut self.keys
    }

    /// Lets every key use the numbers before `mark`, which is stored: after a crash they all go on
    /// with it, so that none comes twice. Keys that have not been reserved for, and ones that used
    /// all of it, seal nothing.
    ///
    /// ```
    /// use tipwire::session::{Devices, KnownDevices};
    /// use tipwire::{Cipher, Layout, Sealer, Token};
    ///
    /// let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
    /// let mut devices = KnownDevices::new();
    /// let key = devices.add_key(Sealer::new(
    ///     Layout::Current, Cipher::Aes128Ccm, &[7; 16], &token, "sensor-01", 100,
    /// )?);
    /// devices.reserve(102);
    /// let mut seal = || devices.sealer(key).unwrap().ping(&mut [0; 64]).is_ok();
    /// assert_eq!([seal(), seal(), seal()], [true, true, false]);
    /// assert_eq!(devices.left(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reserve(&mut self, mark: u64) {
        for key in &mut self.keys {
            let more = mark.saturating_sub(key.counter().next());
            key.reserve(u32::try_from(more).unwrap_or(u32::MAX));
        }
        self.left = u64::MAX;
    }

    /// How many reserved numbers that key has left that has the fewest, of those that were used since
    /// the last time: when they are few, it is time to store and [reserve](KnownDevices::reserve)
    /// more.
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl Devices for KnownDevices {
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        self.counted_mut(device.auth, device.serial)
    }

    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        let names = self.of_hashes.get(&header.auth.bytes()[..])?;
        let keys = names.iter().filter_map(|&name| Some((name, self.keys.get(name)?)));
        let mut fitting =
            keys.filter(|(_, key)| key.layout() == header.layout && header.is_of(key.serial()));
        fitting.nth(nth)
    }

    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        let sealer = self.keys.get_mut(name)?;
        self.left = self.left.min(sealer.counter().left());
        Some(sealer)
    }
}

/// Bytes that have been received and that no session has taken yet.
///
/// ```
/// use tipwire::session::Inbox;
///
/// let mut inbox = Inbox::new();
/// inbox.add(b"PING|4deedd7bab8817ec|sens");
/// let rest = inbox.rest(); // to `next_event`, which moves its front on
/// let untaken = rest.len() - 5;
/// inbox.leave(untaken);
/// assert_eq!(inbox.rest(), b"4deedd7bab8817ec|sens");
/// ```
#[derive(Default, Debug)]
pub struct Inbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Inbox {
    /// More than this is given back once it is taken.
    const KEPT: usize = 1 << 16;

    /// It is empty.
    pub const fn new() -> Inbox {
        Inbox { bytes: Vec::new(), start: 0 }
    }

    /// Takes in what has been received.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// What waits.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// All but the last `count` bytes have been taken. Memory that only a flood needed is given back.
    pub fn leave(&mut self, count: usize) {
        self.start = self.bytes.len().saturating_sub(count);
        if self.start == self.bytes.len() {
            self.clear();
        }
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.start = 0;
        self.bytes.clear();
        self.bytes.shrink_to(Inbox::KEPT);
    }
}
