//! Opening: one key, or several that may fit.

use core::borrow::Borrow;
use core::fmt;

use crate::credentials::{Hash, device_hash};
use crate::cursor::SERIAL;
use crate::envelope::block::is_same;
use crate::envelope::cipher::Suite;
#[cfg(feature = "engine")]
use crate::envelope::engine::Work;
use crate::envelope::{Cipher, Header, Inner, InnerMethod, Layout, refuse};
use crate::error::{Error, Kind};
use crate::limits::MAX_NAME;
use crate::scan;
use crate::utf8::valid_up_to;

/// Opens envelopes that were sealed with one key, which it holds expanded, and wipes when dropped.
///
/// ```
/// use tipwire::{Cipher, Inner, Layout, Opener, Sealer, Token};
///
/// # let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
/// # let key = [7; 16];
/// # let mut buffer = [0; 64];
/// # let mut sealer = Sealer::new(Layout::Current, Cipher::Aes128Ccm, &key, &token, "sensor-01", 0)?;
/// # let length = sealer.push(&mut buffer, |push| _ = push.number("t", 32)).unwrap().len();
/// # let received = &mut buffer[..length];
/// let opener = Opener::new(Cipher::Aes128Ccm, &key, Some("sensor-01"))?;
/// let opened = opener.open(Layout::Current, received)?;
/// match opened.parse()? {
///     Inner::Frame(frame) => assert_eq!((frame.serial, frame.variables().len()), ("sensor-01", 1)),
///     Inner::Ack(ack) => println!("{:?}", ack.status),
/// }
/// assert_eq!((opened.text(), opened.header.counter), ("sensor-01|[t:=32]", 0));
/// # Ok::<(), tipwire::Error>(())
/// ```
#[derive(Clone)]
pub struct Opener {
    suite: Suite,
    /// The only device, unless it is [`Device::ANY`].
    device: Device,
}

impl Opener {
    /// Sets a key up: of one device, whose serial everything inside must have, or of whatever device
    /// the header names.
    #[inline(always)]
    pub fn new(cipher: Cipher, key: &[u8], serial: Option<&str>) -> Result<Opener, Error> {
        cipher.check_key(key)?;
        // Before there is a key, which would lie below on the stack.
        let device = serial.map_or(Ok(Device::ANY), Device::new)?;
        let suite = Suite::new(cipher, key)?;
        Ok(Opener { suite, device })
    }

    /// The same, but what `work` takes is done by it: whatever it makes is to be what this crate would
    /// make of the key.
    ///
    /// ```
    /// use tipwire::{Cipher, Layout, Opener, Task};
    ///
    /// /// A board's hardware, which knows one cipher.
    /// fn hardware(task: Task<'_>) -> Option<bool> {
    ///     if task.cipher != Cipher::Aes128Ccm || task.text.len() < 64 {
    ///         return None;
    ///     }
    ///     // …
    ///     # None
    /// }
    /// let opener = Opener::new(Cipher::Aes128Ccm, &[7; 16], None)?.with_engine(&[7; 16], hardware)?;
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    #[cfg(feature = "engine")]
    pub fn with_engine(mut self, key: &[u8], work: Work) -> Result<Opener, Error> {
        self.suite.set_engine(key, work)?;
        Ok(self)
    }

    /// The only cipher that it opens.
    pub fn cipher(&self) -> Cipher {
        self.suite.cipher()
    }

    /// Opens an envelope in place. What fails stays as it was received.
    ///
    /// The text inside is that of an authentic device, but may be no frame: [`Opened::parse`] tells.
    pub fn open<'e>(&self, layout: Layout, envelope: &'e mut [u8]) -> Result<Opened<'e>, Error> {
        let header = Header::parse(layout, envelope)?;
        self.try_open(&header, envelope)?;
        Ok(Opened { header, candidate: 0, text: text_of(&header, envelope) })
    }

    /// Decrypts in place. On failure the envelope stays as it was, for another key; nothing of the
    /// text is to be seen.
    fn try_open(&self, header: &Header, envelope: &mut [u8]) -> Result<(), Error> {
        let failed = Err(refuse(Kind::AuthFailed));
        let is_other = |device: &Device| !header.is_of_device(device.hash);
        if header.cipher != self.cipher() || self.device().is_some_and(is_other) {
            return failed;
        }
        self.suite.open(header, envelope)?;
        if self.is_authentic(header, text_of(header, envelope)) {
            return Ok(());
        }
        self.suite.seal(header, envelope)?;
        failed
    }

    /// Whether a decrypted text is UTF-8, and of the device that the header names.
    fn is_authentic(&self, header: &Header, text: &[u8]) -> bool {
        // Looking for anything else than ASCII is quicker.
        if valid_up_to(text) != text.len() {
            return false;
        }
        match self.device() {
            _ if header.method == InnerMethod::Ack => true,
            Some(device) => device.is_of(text),
            None => {
                let serial = text.split(|&byte| byte == b'|').next().unwrap_or_default();
                header.is_of_device(Hash::of(serial))
            }
        }
    }

    pub(super) fn suite(&self) -> &Suite {
        &self.suite
    }

    pub(super) fn device(&self) -> Option<&Device> {
        (self.device.length > 0).then_some(&self.device)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({}, …)", self.cipher())
    }
}

/// Opens an envelope in place with one of several keys, in any of `layouts`.
///
/// `candidates` gives the keys that may fit a header, by its authorization and device hashes: they
/// are tried in turn, such as an old and a new key, or those of devices whose hashes are the same.
///
/// ```
/// use tipwire::{Cipher, Header, Layout, Opener, Sealer, Token};
///
/// # let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
/// # let mut buffer = [0; 64];
/// # let mut sealer = Sealer::new(Layout::Short, Cipher::Aes128Ccm, &[2; 16], &token, "sensor-01", 0)?;
/// # let length = sealer.push(&mut buffer, |push| _ = push.number("t", 32)).unwrap().len();
/// # let received = &mut buffer[..length];
/// let keys = [[1; 16], [2; 16]];
/// let opened = tipwire::open_with(received, Layout::ALL, |header: &Header| {
///     println!("looking for {} {:02x?}", header.auth, header.device());
///     let cipher = header.cipher;
///     keys.iter().filter_map(move |key| Opener::new(cipher, key, None).ok())
/// })?;
/// assert_eq!((opened.header.layout, opened.candidate), (Layout::Short, 1));
/// # Ok::<(), tipwire::Error>(())
/// ```
pub fn open_with<'e, C>(
    envelope: &'e mut [u8],
    layouts: &[Layout],
    mut candidates: impl FnMut(&Header) -> C,
) -> Result<Opened<'e>, Error>
where
    C: IntoIterator<Item: Borrow<Opener>>,
{
    let mut failure = None;
    for &layout in layouts {
        let header = match Header::parse(layout, envelope) {
            Ok(header) => header,
            Err(error) => {
                failure.get_or_insert(error);
                continue;
            }
        };
        failure = Some(refuse(Kind::AuthFailed));
        for (candidate, opener) in candidates(&header).into_iter().enumerate() {
            if opener.borrow().try_open(&header, envelope).is_ok() {
                return Ok(Opened { header, candidate, text: text_of(&header, envelope) });
            }
        }
    }
    Err(failure.unwrap_or(refuse(Kind::AuthFailed)))
}

/// The part of an envelope between header and tag.
fn text_of<'e>(header: &Header, envelope: &'e mut [u8]) -> &'e mut [u8] {
    let end = envelope.len().saturating_sub(header.cipher.tag_len());
    envelope.get_mut(header.layout.header_len()..end).unwrap_or_default()
}

/// What an envelope was found to hold. It is authentic, but its text may be no frame.
#[derive(Clone)]
#[non_exhaustive]
pub struct Opened<'e> {
    /// The header.
    pub header: Header,
    /// Which of the candidates opened it, counted from 0.
    pub candidate: usize,
    /// Found to be UTF-8.
    text: &'e [u8],
}

impl<'e> Opened<'e> {
    /// Reads the text as what the header says it is. Offsets of errors count from its first byte.
    pub fn parse(&self) -> Result<Inner<'e>, Error> {
        Inner::parse(self.header.method, self.text)
    }

    /// The text inside.
    pub fn text(&self) -> &'e str {
        core::str::from_utf8(self.text).unwrap_or_default()
    }

    /// The text inside, as whoever reads it takes it: at no cost.
    pub fn as_bytes(&self) -> &'e [u8] {
        self.text
    }
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut opened = f.debug_struct("Opened");
        opened.field("header", &self.header).field("candidate", &self.candidate);
        opened.finish_non_exhaustive()
    }
}

/// A serial and its hash.
#[derive(Clone)]
pub(super) struct Device {
    serial: [u8; MAX_NAME],
    length: u8,
    pub(super) hash: Hash,
}

impl Device {
    /// Any device at all. No `Option`: what is not written would hold whatever stood there before,
    /// such as a key.
    const ANY: Device = Device { serial: [0; MAX_NAME], length: 0, hash: Hash::from_bytes([0; 8]) };

    fn new(serial: &str) -> Result<Device, Error> {
        if serial.is_empty() || !scan::is_all(serial.as_bytes(), SERIAL) {
            return Err(refuse(Kind::Serial));
        }
        let too_long = || Error::new(Kind::SerialLength, MAX_NAME);
        let mut bytes = [0; MAX_NAME];
        let target = bytes.get_mut(..serial.len()).ok_or_else(too_long)?;
        target.copy_from_slice(serial.as_bytes());
        let length = u8::try_from(serial.len()).map_err(|_| too_long())?;
        Ok(Device { serial: bytes, length, hash: device_hash(serial) })
    }

    /// Whether this is the text of an uplink with the serial, which is compared in constant time.
    pub(super) fn is_of(&self, text: &[u8]) -> bool {
        let ours = self.serial();
        let Some((theirs, rest)) = text.split_at_checked(ours.len()) else { return false };
        is_same(ours, theirs) && matches!(rest, [] | [b'|', ..])
    }

    pub(super) fn serial(&self) -> &[u8] {
        self.serial.get(..usize::from(self.length)).unwrap_or_default()
    }
}
