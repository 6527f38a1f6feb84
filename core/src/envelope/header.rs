//! What stands before the ciphertext: who sealed what, how, and under which counter.

use core::fmt;

use subtle::ConstantTimeEq;

use crate::credentials::{Hash, Token, device_hash};
use crate::envelope::{Cipher, InnerMethod, PLAINTEXT, refuse};
use crate::error::{Error, Kind};
use crate::limits::MAX_FRAME;

/// Most bytes of a header.
pub(super) const MAX_HEADER: usize = 21;

/// The bits of the version, which is 0, among the flags.
const VERSION: u8 = 0b0001_1000;

/// How headers are laid out. It is not told on the wire: both sides know it, or a receiver tries
/// both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Layout {
    /// 21 bytes, since the second revision.
    #[default]
    Current = 0,
    /// 17 bytes, of the first revision: 4 bytes of the device hash, and an authorization hash of the
    /// whole token.
    Short = 1,
}

impl Layout {
    /// Every layout.
    pub const ALL: &'static [Layout] = &[Layout::Current, Layout::Short];

    /// The name: `current` or `short`.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::Current => "current",
            Layout::Short => "short",
        }
    }

    /// The layout of this name.
    pub fn from_name(name: &str) -> Option<Layout> {
        Layout::ALL.iter().copied().find(|layout| layout.name() == name)
    }

    /// The bytes of a header.
    pub const fn header_len(self) -> usize {
        match self {
            Layout::Current => MAX_HEADER,
            Layout::Short => MAX_HEADER - 4,
        }
    }

    /// The authorization hash that headers of this layout have.
    pub fn auth(self, token: &Token) -> Hash {
        match self {
            Layout::Current => token.hash(),
            Layout::Short => token.first_revision_hash(),
        }
    }
}

/// The header of an envelope. Until the envelope is opened nothing vouches for it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// How it is laid out.
    pub layout: Layout,
    /// What the envelope is sealed with.
    pub cipher: Cipher,
    /// What it carries.
    pub method: InnerMethod,
    /// A number that no other envelope of this method has under the same key.
    pub counter: u32,
    /// The authorization hash: whose account it is.
    pub auth: Hash,
    /// The short layout has the first half; the second is zeros.
    device: [u8; 8],
}

impl Header {
    /// Reads the header of a whole envelope, and checks whether that can be one.
    ///
    /// ```
    /// use tipwire::{Cipher, Header, InnerMethod, Kind, Layout};
    ///
    /// let mut envelope = [0; 40];
    /// envelope[4] = 42;
    /// let header = Header::parse(Layout::Current, &envelope)?;
    /// assert_eq!((header.cipher, header.method), (Cipher::Aes128Ccm, InnerMethod::Push));
    /// assert_eq!(header.counter, 42);
    /// let fallback = Header::parse(Layout::Current, b"ACK|ERR|auth_failed");
    /// assert_eq!(fallback.unwrap_err().kind, Kind::Plaintext);
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    pub fn parse(layout: Layout, envelope: &[u8]) -> Result<Header, Error> {
        let flags = *envelope.first().ok_or(refuse(Kind::TooShort))?;
        if flags == PLAINTEXT {
            return Err(refuse(Kind::Plaintext));
        }
        if flags & VERSION != 0 {
            return Err(refuse(Kind::Version));
        }
        let cipher = Cipher::from_id(flags >> 5).ok_or(refuse(Kind::Cipher))?;
        let method = InnerMethod::ALL.get(usize::from(flags & 7)).copied();
        let method = method.ok_or(refuse(Kind::EnvelopeMethod))?;
        let overhead = layout.header_len() + cipher.tag_len();
        if envelope.len() < overhead {
            return Err(refuse(Kind::TooShort));
        }
        if envelope.len() > overhead + MAX_FRAME {
            return Err(refuse(Kind::EnvelopeTooLarge));
        }
        let too_short = || refuse(Kind::TooShort);
        let (_, rest) = envelope.split_first().ok_or_else(too_short)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
        let (auth, rest) = rest.split_first_chunk::<8>().ok_or_else(too_short)?;
        // A header of the short layout ends before the last four of these.
        let device = *rest.first_chunk::<8>().ok_or_else(too_short)?;
        Ok(Header {
            layout,
            cipher,
            method,
            counter: u32::from_be_bytes(*counter),
            auth: Hash::from_bytes(*auth),
            device: shortened(layout, device),
        })
    }

    pub(super) fn new(
        layout: Layout,
        cipher: Cipher,
        method: InnerMethod,
        counter: u32,
        auth: Hash,
        device: Hash,
    ) -> Header {
        let device = shortened(layout, *device.bytes());
        Header { layout, cipher, method, counter, auth, device }
    }

    /// Whether a message is an envelope by its first byte, with which no text begins: no method, and
    /// no plain answer.
    ///
    /// ```
    /// assert!(tipwire::Header::is_first(0x80));
    /// assert!(!b"PA".iter().any(|first| tipwire::Header::is_first(*first)));
    /// ```
    pub fn is_first(flags: u8) -> bool {
        let is_known = Cipher::from_id(flags >> 5).is_some() && flags & 7 < 4;
        is_known && flags & VERSION == 0 && flags != PLAINTEXT
    }

    /// The device hash: 8 bytes, of the short layout 4.
    pub fn device(&self) -> &[u8] {
        self.device.get(..self.layout.header_len() - 13).unwrap_or_default()
    }

    /// Whether the envelope is of a device with this serial, by its hash. Compared in constant time.
    pub fn is_of(&self, serial: &str) -> bool {
        self.is_of_device(device_hash(serial))
    }

    pub(super) fn is_of_device(&self, hash: Hash) -> bool {
        let ours = u64::from_be_bytes(shortened(self.layout, *hash.bytes()));
        ours.ct_eq(&u64::from_be_bytes(self.device)).into()
    }

    pub(super) const fn flags(&self) -> u8 {
        self.cipher.id() << 5 | self.method as u8
    }

    /// The first 4 bytes of the device hash, which nonces have.
    pub(super) fn short_device(&self) -> [u8; 4] {
        self.device.first_chunk().copied().unwrap_or_default()
    }

    /// The bytes, filled up with zeros.
    pub(super) fn bytes(&self) -> [u8; MAX_HEADER] {
        let mut bytes = [0; MAX_HEADER];
        let [flags, rest @ ..] = &mut bytes;
        *flags = self.flags();
        let (counter, rest) = rest.split_at_mut(4);
        counter.copy_from_slice(&self.counter.to_be_bytes());
        let (auth, device) = rest.split_at_mut(8);
        auth.copy_from_slice(self.auth.bytes());
        device.copy_from_slice(&self.device);
        bytes
    }
}

/// As much of a device hash as the layout has, filled up with zeros.
const fn shortened(layout: Layout, hash: [u8; 8]) -> [u8; 8] {
    let [a, b, c, d, ..] = hash;
    match layout {
        Layout::Current => hash,
        Layout::Short => [a, b, c, d, 0, 0, 0, 0],
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { layout, cipher, method, counter, auth, .. } = self;
        let mut header = f.debug_struct("Header");
        header.field("layout", layout).field("cipher", cipher).field("method", method);
        header.field("counter", counter).field("auth", auth);
        header.field("device", &format_args!("{}", HexOf(self.device()))).finish()
    }
}

struct HexOf<'a>(&'a [u8]);

impl fmt::Display for HexOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
